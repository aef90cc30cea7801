"""A heap put away by gc.freeze(), and some objects after it."""

import gc
import sys

import oracle


class Node:
    pass


before = [Node() for _ in range(1000)]
for i, node in enumerate(before):
    node.value = [i]
gc.collect()
gc.freeze()
after = [Node() for _ in range(1000)]
for i, node in enumerate(after):
    node.value = [i]

oracle.record(sys.argv[1])
