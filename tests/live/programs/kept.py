"""A heap with something of all that a snapshot keeps, and with `tasks` of asyncio, too. Says the addresses of some objects, then waits."""

import collections
import functools
import gc
import io
import itertools
import json
import sys
import threading
import time
import types
import weakref

try:
    import _xxsubinterpreters as interpreters
except ImportError:
    try:
        import _interpreters as interpreters
    except ImportError:
        interpreters = None

SHOWN = []


def shown(thing):
    """Its address is told to who looks from outside."""
    SHOWN.append(thing)
    return thing


class Node:
    def __init__(self, number):
        self.peer = None
        self.name = f"node {number}"
        self.items = [number, str(number)]


class Slotted:
    __slots__ = "left", "right", "__weakref__"


class Mixed(dict):
    __slots__ = "right", "__dict__"


class Finalized:
    def __init__(self):
        self.own = self
        self.held = [object()]

    def __del__(self):
        pass


class Meta(type):
    def __call__(cls, *arguments):
        return super().__call__(*arguments)


class WithMeta(metaclass=Meta):
    shared = ["of the class"]


# ---- functions, closures, caches


def outer(given, *, named=("keyword", [2])):
    counter = [1, 2]

    def inner(limit=["default"], *, option={"k": 1}):
        return counter, limit, option, given

    return inner


@functools.lru_cache
def cached(argument):
    return [argument]


closures = [outer(shown([i])) for i in range(5)]
shown(closures[0])
cached("argument of a cached call")
cached(("tuple", 1))
shown(cached)
partial = shown(functools.partial(outer, [1], named=[2]))
local = shown(threading.local())
local.data = ["thread local"]

# ---- generators, coroutines, tasks


def generator(waiting):
    yield waiting
    yield [waiting]


created, suspended, finished = generator([1]), shown(generator([2])), generator([3])
next(suspended)
list(finished)
exhausted = iter([])
list(exhausted)
chained = itertools.chain([1, 2], generator([4]))
next(chained)


async def waits(event, kept):
    try:
        await event.wait()
    finally:
        del kept


async def main(asyncio):
    event = asyncio.Event()
    return event, [asyncio.ensure_future(waits(event, [i])) for i in range(3)], await asyncio.sleep(0)


unstarted = waits(None, [1])
if "tasks" in sys.argv:
    import asyncio
    loop = asyncio.new_event_loop()
    tasks = loop.run_until_complete(main(asyncio))

# ---- instances, weak references, garbage

CACHE = {i: Node(i) for i in range(300)}
for i in range(299):
    CACHE[i].peer = CACHE[i + 1]
shown(CACHE)
shown(CACHE[17])
shown(CACHE[17].name)
materialised = shown(Node(1000))
materialised.__dict__[f"made up {1}"] = ["late"]
slotted = shown(Slotted())
slotted.left = [slotted]
mixed = Mixed(key=["value"])
mixed.right = 1
called_back = shown(weakref.ref(slotted, lambda reference: None))
plain_weak = weakref.WeakValueDictionary({"node": CACHE[3]})
shown(WithMeta)

kept_in_garbage = Finalized()
gc.garbage.append(kept_in_garbage)
gc.freeze()
gc.disable()
for i in range(20):
    Finalized()
    pair = [i], {}
    pair[0].append(pair)
del pair

# ---- values

values = {
    "control \0 \x1b[31m \n\t\x7f": "\x1b]0;title\x07", "surrogate \ud800": "\udcff", "right to left \u202e": "\u2028",
    "wide 中文 😀": "é" * 100, 2**100: -3**500, 1.5: float("nan"), (1, ("nested", None)): frozenset([1, "x"]),
    b"bytes \xff\0": bytearray(b"\x00\x01" * 300), True: 1 + 2j, None: Ellipsis, "long" * 200: "x" * 100000,
    sys.intern("interned only here"): sys.intern("another " * 3 + "interned"),
}
shown(values)
shown(values["control \0 \x1b[31m \n\t\x7f"])
everything = [collections.OrderedDict(a=[1], b=2), collections.deque([1, [2]], 5), collections.defaultdict(list, a=[1]),
              collections.Counter("hello"), set("abc"), memoryview(bytes(10)), slice(1, [2]), range(10**30), io.BytesIO(b"x" * 1000),
              io.StringIO("text" * 50), types.SimpleNamespace(a=[1], b=2), types.MappingProxyType({"a": 1}), zip([1], [2]),
              property(outer), staticmethod(outer), classmethod(outer), Exception("argument", [1]), NotImplemented,
              iter({1: [2]}.items()), enumerate([1]), CACHE.keys(), Node.__init__, CACHE[1].__init__]
shown(everything)
shown(everything[0])
try:
    raise ValueError("with a traceback", [1])
except ValueError as error:
    raised = shown(error)

# ---- threads

ready = threading.Semaphore(0)


def deep(depth, below):
    if depth:
        return deep(depth - 1, [depth])
    ready.release()
    time.sleep(1000)


def loops():
    batch = shown([Node(i) for i in range(3)])
    unnamed = (each for each in batch)
    next(unnamed)
    ready.release()
    time.sleep(1000)
    return unnamed


threading.Thread(target=deep, args=(60, None), name="deep \x1b recursion", daemon=True).start()
threading.Thread(target=loops, daemon=True).start()
for _ in range(2):
    ready.acquire()
time.sleep(0.2)  # until they sleep

if interpreters:
    other = interpreters.create()
    interpreters.run_string(other, "class Elsewhere: pass\nroot = [Elsewhere() for _ in range(100)]\nname = 'over there'")

print(json.dumps([hex(id(thing)) for thing in SHOWN]), flush=True)
sys.stdin.readline()
