"""Grows where each line of input says."""

import ctypes
import sys


class Holder:
    pass


class Part:
    pass


class Node:
    def __init__(self, before):
        self.before = before
        self.payload = object()


class User:
    def __init__(self):
        self.log = []


class Marked:
    pass


app = Holder()
app.sub = Part()
app.sub.store = {}
app.head = None
app.buffer = bytearray(10)
app.users = {f"user {number}": User() for number in range(300)}
REBUILT = {}
TUPLE = ()
REPLACED = [[] for _ in range(10)]
marked = Marked()


def texts(count):
    return [f"text {number}" for number in range(count)]


def store():
    for number in range(1000):
        app.sub.store[len(app.sub.store)] = [number, str(number)]


def head():
    for _ in range(1000):
        app.head = Node(app.head)


def buffer():
    app.buffer = app.buffer + bytes(100000)


def users():
    for user in app.users.values():
        user.log.extend(texts(5))


def more_users():
    for number in range(300):
        app.users[f"more {number}"] = user = User()
        user.log.extend(texts(5))


def rebuilt():
    global REBUILT
    REBUILT = dict(REBUILT, **{f"key {len(REBUILT) + number}": str(number) for number in range(1000)})


def rebuilt_tuple():
    global TUPLE
    TUPLE += tuple(texts(1000))


def replaced():
    REPLACED[3] = REPLACED[3] + texts(1000)


def new():
    app.sub.fresh = {number: str(number) for number in range(1000)}


def attributes():
    for number in range(1000):
        setattr(app.sub, f"attribute {number}", str(number))


def variables():
    globals().update((f"variable {number}", str(number)) for number in range(1000))


def shrink():
    app.users.clear()


def hidden():
    increment = ctypes.pythonapi.Py_IncRef
    increment.argtypes = [ctypes.py_object]
    for number in range(500):
        increment(f"leaked {number}")
        increment(marked)


hidden()
print("ready", flush=True)
for line in sys.stdin:
    globals()[line.strip()]()
    print("ready", flush=True)
