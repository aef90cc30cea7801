"""Cycles of objects with finalizers, and gc switched off "for speed": nothing frees them.

garbage Node: __main__.Node.peer → __main__.Node.peer → (itself)
"""

import gc
import sys


class Node:
    def __del__(self):
        pass


gc.collect()
gc.disable()
for number in range(2000):
    node, peer = Node(), Node()
    node.peer, peer.peer = peer, node
del node, peer

print("ready", flush=True)
sys.stdin.read()
