"""The benchmark heap: `mix N` makes about 1.09 N objects of many kinds; every one is held by `root`."""

import sys


class Order:
    def __init__(self, number):
        self.number = number
        self.price = number * 1.25
        self.customer = f"customer {number}"
        self.lines = [number, number + 1000]


class Point:
    __slots__ = "x", "y", "name"

    def __init__(self, x, y):
        self.x = x
        self.y = y
        self.name = f"point {x}"


class Node:
    def __init__(self, peer):
        self.peer = peer
        self.payload = None


def cycle(number):
    left = Node(None)
    right = Node(left)
    left.peer = right
    left.payload = (number, str(number))
    return left


def function(number):
    def inner():
        return number
    return inner


MAKERS = (
    Order,
    lambda number: Point(number * 1.5, number + 10**6),
    lambda number: {"id": number + 10**6, "name": f"name {number}", "tags": ["a", "b", str(number)]},
    lambda number: {number: number * 0.5, number + 1: str(number)},
    lambda number: [number * 2 + 1000, str(number), number * 0.25, b"%d bytes" % number],
    lambda number: (number + 5000, f"é{number}", (number * 1.5, None)),
    lambda number: {number, str(number), number + 10**7},
    cycle,
    lambda number: function(number + 1000),
)
PER_ROUND = 39.2  # objects of one round through MAKERS


def build(count):
    root = []
    for number in range(int(count * 1.09 / PER_ROUND)):
        for make in MAKERS:
            root.append(make(number))
    return root


if __name__ == "__main__":
    import oracle

    root = build(int(sys.argv[2]))
    oracle.record(sys.argv[1])
