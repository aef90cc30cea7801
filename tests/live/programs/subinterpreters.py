"""A second interpreter in the process, with a heap of its own beside the recorded one."""

import sys

import oracle

try:
    import _xxsubinterpreters as interpreters
except ImportError:
    try:
        import _interpreters as interpreters
    except ImportError:
        print("skip: this version has no low-level module for subinterpreters")
        sys.exit()

CODE = """
class Elsewhere:
    def __init__(self, number):
        self.number = [number]

root = [Elsewhere(i) for i in range(1000)]
"""

other = interpreters.create()
interpreters.run_string(other, CODE)
here = [[i] for i in range(1000)]

oracle.record(sys.argv[1])
