"""Observers in a registry by signal, strong references where weak ones were meant.

paths Observer: __main__.SIGNALS[*].receivers[*]
grows list: __main__.SIGNALS['saved'].receivers
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


def grow():
    for number in range(2000):
        SIGNALS["saved"].connect(Observer())


SIGNALS = {name: Signal() for name in ("saved", "deleted")}
grow()
print("ready", flush=True)
for _ in sys.stdin:
    grow()
    print("ready", flush=True)
