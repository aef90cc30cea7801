"""functools.lru_cache(maxsize=None) on a method keeps every instance that it was called on (bugs.python.org/issue44310).

paths Report: __main__.Report.total cached key[*]
grows dict: __main__.Report.total->cache
"""

import functools
import sys


class Report:
    def __init__(self, rows):
        self.rows = list(range(rows))

    @functools.lru_cache(maxsize=None)
    def total(self, factor):
        return sum(self.rows) * factor


def grow():
    for number in range(2000):
        Report(5).total(2)


grow()
print("ready", flush=True)
for _ in sys.stdin:
    grow()
    print("ready", flush=True)
