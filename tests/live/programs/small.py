"""A heap with little of its own."""

import faulthandler
import gc
import sys

import oracle


class Node:
    def __init__(self, name):
        self.name = name
        self.peer = None


faulthandler.disable()  # -X dev turns it on: it visits what lies in static data

nodes = [Node(f"node {i}") for i in range(1000)]
for left, right in zip(nodes, nodes[1:]):
    left.peer = right

gc.disable()
left, right = Node("garbage"), Node("too")
left.peer, right.peer = right, left
oracle.garbage(left)
oracle.garbage(right)
del left, right

oracle.record(sys.argv[1])
