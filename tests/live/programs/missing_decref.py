"""An extension that lacks a Py_DECREF in several places, and keeps a list where no Python object leads to."""

import sys

sys.path.insert(0, sys.argv[1])

import leaky


class Order:
    def __init__(self):
        self.state = "open"


held = ["held by its module, and once more by nobody"]


def main():
    leaky.leak_floats(1000)
    leaky.leak_bytes(1000, 1 << 20)
    leaky.leak_instances(Order, 1000)
    leaky.overcount(held)
    kept = [f"kept {i}" for i in range(17)]
    leaky.keep(kept)
    return id(kept)


print(hex(main()), hex(id(held)), flush=True)
sys.stdin.read()
