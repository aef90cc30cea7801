"""The process that the benchmark inspects: the heap `mix N`, a ticker in C, and, when asked to, the same work inside.

usage: target.py OBJECTS TICKER_LIBRARY TICKER_FILE [BIG_DATA_BYTES]

Reads commands from standard input, one a line, and answers each with a line of JSON."""

import collections
import ctypes
import gc
import json
import mmap
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "live", "programs"))

import mix


class PythonTicker(threading.Thread):
    """The largest gap of a Python thread, which waits for the GIL like any request of a service."""

    def __init__(self):
        super().__init__(daemon=True)
        self.largest = 0.0
        self.ending = False

    def run(self):
        last = time.perf_counter()
        while not self.ending:
            time.sleep(0.001)
            now = time.perf_counter()
            self.largest = max(self.largest, now - last)
            last = now


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def by_counter():
    counts = collections.Counter(type(each).__name__ for each in gc.get_objects())
    return sum(counts.values())


def by_objgraph():
    import objgraph
    return sum(count for _, count in objgraph.most_common_types(limit=None))


def by_closure():
    """Every object that gc's reach, once, with its size."""
    seen, sizes = set(), collections.Counter()
    seen.update((id(seen), id(sizes)))  # not what this itself makes
    todo = gc.get_objects()
    while todo:
        fresh = []
        for each in todo:
            if id(each) not in seen:
                seen.add(id(each))
                sizes[type(each)] += sys.getsizeof(each)
                fresh.append(each)
        todo = [each for start in range(0, len(fresh), 10000) for each in gc.get_referents(*fresh[start:start + 10000])]
    return len(seen)


def one_chain(root):
    import objgraph
    return len(objgraph.find_backref_chain(next(each for each in reversed(root) if isinstance(each, mix.Order)), objgraph.is_proper_module))


def by_asizeof(root):
    from pympler import asizeof
    asizeof.asizeof(root)
    return len(root)


def by_guppy(root):
    import guppy
    return guppy.hpy().heap().count


def grow(root):
    """A hundredth more, which stays."""
    root.append(mix.build(len(root) / len(mix.MAKERS) * mix.PER_ROUND / 100))
    return len(root)


WORK = {"counter": by_counter, "objgraph": by_objgraph, "closure": by_closure}
WORK_ON_ROOT = {"chain": one_chain, "asizeof": by_asizeof, "guppy": by_guppy, "grow": grow}


def inside(name, root):
    ticker = PythonTicker()
    ticker.start()
    time.sleep(0.05)
    ticker.largest = 0.0
    before, start = resident(), time.perf_counter()
    try:
        objects = WORK[name]() if name in WORK else WORK_ON_ROOT[name](root)
    except ImportError as missing:
        return {"missing": str(missing)}
    finally:
        seconds = time.perf_counter() - start
        time.sleep(0.01)
        ticker.ending = True
        ticker.join()
    return {"seconds": seconds, "gap": ticker.largest, "objects": objects, "left": resident() - before}


def main():
    root = mix.build(int(sys.argv[1]))
    gc.collect()
    big = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    if big:
        data = mmap.mmap(-1, big, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for at in range(0, big, 4096):
            data[at] = 0x80
    if ctypes.CDLL(sys.argv[2]).ticker_start(sys.argv[3].encode()):
        sys.exit("no ticker")
    print(json.dumps({"resident": resident()}), flush=True)
    for command in sys.stdin:
        print(json.dumps(inside(command.strip(), root)), flush=True)
    os._exit(0 if root else 1)


main()
