"""Callbacks that are registered and never taken back: each bound method keeps its object.

paths Session: __main__.bus.listeners[*].__self__
grows list: __main__.bus.listeners
"""

import sys


class Bus:
    def __init__(self):
        self.listeners = []

    def subscribe(self, callback):
        self.listeners.append(callback)


class Session:
    def __init__(self, bus):
        self.data = []
        bus.subscribe(self.changed)

    def changed(self, event):
        self.data.append(event)


def grow():
    for number in range(2000):
        Session(bus)


bus = Bus()
grow()
print("ready", flush=True)
for _ in sys.stdin:
    grow()
    print("ready", flush=True)
