"""Garbage that gc would free if it ran, and objects that a faulty extension leaked: nothing refers to them."""

import gc
import sys

import oracle

gc.disable()


class Node:
    def __init__(self):
        self.peer = None
        self.payload = [1.5] * 3


class Finalized(Node):
    def __del__(self):
        pass


class Slotted:
    __slots__ = "a", "b"


def cycle(kind):
    left, right = kind(), kind()
    left.peer, right.peer = right, left
    oracle.garbage(left)
    oracle.garbage(right)


for _ in range(1000):
    cycle(Node)
for _ in range(10):
    cycle(Finalized)

for i in range(100):
    oracle.leak(i * 1.5 + 0.25)
    oracle.leak(b"leaked %d" % i)
    oracle.leak("leaked text %d" % i)
    oracle.leak("lé%d" % i)
    oracle.leak((i * 10**20, f"in a leaked tuple {i}"))
    oracle.leak({"number": i + 10**9})
    oracle.leak([i, "x"])
    oracle.leak({i, "x"})
    oracle.leak(2**100 + i)
    oracle.leak(complex(i, i))
    instance = Node()
    oracle.leak(instance)
    slotted = Slotted()
    slotted.a = i * 1.5
    oracle.leak(slotted)
del instance, slotted
for i in range(5):
    oracle.leak(bytes(1 << 20))
    oracle.leak(b"%d" % i * 700)
    oracle.leak("x" * (1 << 20))
    oracle.leak(tuple(range(2000 + i)))

# Mappings of malloc's and pymalloc's arenas side by side, which the kernel shows as one.
kept = []
for i in range(3):
    oracle.leak(bytes(3 << 20))
    kept.append([b"%479d" % j for j in range(4000)])

oracle.record(sys.argv[1])
