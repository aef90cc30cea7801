"""Cycles of objects with finalizers, and gc switched off "for speed": nothing frees them.

garbage Node: __main__.Node.peer → __main__.Node.peer → (itself)
grows garbage: held by nothing
"""

import gc
import sys


class Node:
    def __del__(self):
        pass


def grow():
    for number in range(2000):
        node, peer = Node(), Node()
        node.peer, peer.peer = peer, node


gc.collect()
gc.disable()
grow()

print("ready", flush=True)
for _ in sys.stdin:
    grow()
    print("ready", flush=True)
