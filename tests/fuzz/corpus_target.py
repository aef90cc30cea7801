"""A small process with objects of many types, for make_corpus to take seeds from."""

import array
import asyncio
import collections
import contextvars
import ctypes
import datetime
import decimal
import functools
import io
import itertools
import json
import operator
import re
import sys
import threading
import types
import weakref


class Plain:
    def __init__(self):
        self.name, self.peer = "plain", self

    def method(self):
        return lambda: self


class Slotted:
    __slots__ = ("left", "right", "__weakref__")


class Meta(type):
    pass


class Derived(dict, metaclass=Meta):
    pass


def generator(count):
    local = [count]
    yield local
    yield count


async def coroutine():
    await asyncio.sleep(1000)


def failing():
    try:
        raise ValueError("kept")
    except ValueError as error:
        return error


plain, slotted = Plain(), Slotted()
slotted.left = slotted
started = generator(3)
next(started)
waiting = coroutine()
variable = contextvars.ContextVar("variable")
variable.set([1])
deque = collections.deque(range(200), maxlen=300)
ordered = collections.OrderedDict((str(i), i) for i in range(20))
cached = functools.lru_cache(maxsize=4)(lambda x: x)
cached(1), cached("two")

kept = [
    plain, plain.method, plain.method(), slotted, Derived(a=1), started, waiting, failing(), variable,
    deque, iter(deque), ordered, iter(ordered), collections.defaultdict(list, x=[1]), cached,
    functools.partial(print, 1, end=""), weakref.ref(plain), weakref.proxy(slotted),
    weakref.WeakValueDictionary(a=plain), {1, 2, "three"}, frozenset("abc"), {i: str(i) for i in range(40)},
    {"mixed": 1, 2: 3}, (1, (2, (3,))), [1.5, 2j, 10**40, -(10**20), True, None], "ascii", "latin é",
    "wide €", "astral 🐍", b"bytes", bytearray(b"array" * 50), memoryview(b"view"), range(5), slice(1, 2),
    array.array("d", [1, 2]), ctypes.c_int(5), (ctypes.c_char * 10)(), datetime.datetime.now(datetime.timezone.utc),
    decimal.Decimal("1.5"), io.BytesIO(b"x" * 100), io.StringIO("text"), re.compile("(a)(b)?"),
    re.match("(a)", "a"), itertools.chain([1], [2]), itertools.tee([1, 2]), itertools.count(), zip([1], [2]),
    map(str, [1]), enumerate([1]), reversed([1]), iter({1: 2}.items()), {1: 2}.keys(), operator.itemgetter(1, 2),
    json.JSONEncoder(), types.SimpleNamespace(a=1), types.MappingProxyType({}), property(len), staticmethod(len),
    threading.Lock(), threading.RLock(), sys.implementation, [].append, object(), Ellipsis, NotImplemented,
]
kept.append(kept)

threading.Thread(target=threading.Event().wait, name="waiting", daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
