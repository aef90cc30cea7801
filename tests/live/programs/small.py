"""A heap with little of its own."""

import sys

import oracle


class Node:
    def __init__(self, name):
        self.name = name
        self.peer = None


nodes = [Node(f"node {i}") for i in range(1000)]
for left, right in zip(nodes, nodes[1:]):
    left.peer = right

oracle.record(sys.argv[1])
