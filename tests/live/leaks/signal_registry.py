"""Observers in a registry by signal, strong references where weak ones were meant.

paths Observer: __main__.SIGNALS[*].receivers[*]
"""

import sys


class Signal:
    def __init__(self):
        self.receivers = []

    def connect(self, receiver):
        self.receivers.append(receiver)


class Observer:
    def __call__(self, **values):
        return values


SIGNALS = {name: Signal() for name in ("saved", "deleted")}
for number in range(2000):
    SIGNALS["saved"].connect(Observer())

print("ready", flush=True)
sys.stdin.read()
