"""A heap with every built-in type and much of the standard library in use, each in several states."""

import _thread
import abc
import argparse
import array
import ast
import asyncio
import base64
import bisect
import builtins
import bz2
import calendar
import codecs
import collections
import concurrent.futures
import configparser
import contextlib
import contextvars
import copy
import csv
import ctypes
import dataclasses
import datetime
import decimal
import difflib
import email.message
import enum
import fractions
import functools
import hashlib
import heapq
import hmac
import html.parser
import http.client
import inspect
import io
import ipaddress
import itertools
import json
import locale
import logging
import lzma
import mmap
import numbers
import operator
import os
import pathlib
import pickle
import pprint
import queue
import random
import re
import select
import selectors
import shelve
import signal
import socket
import sqlite3
import ssl
import statistics
import string
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import tokenize
import traceback
import types
import typing
import unicodedata
import unittest
import urllib.parse
import uuid
import warnings
import weakref
import xml.etree.ElementTree
import zipfile
import zlib

import oracle

kept = {}  # everything stays alive by this


def keep(maker):
    """Runs a maker of things and keeps what it returns under its name. What this version lacks is left out."""
    kept[maker.__name__] = maker()
    return maker


# ---- built-in types ------------------------------------------------------------------------------------


@keep
def numbers_of_all_kinds():
    integers = [0, 1, -1, 256, 257, 2**30 - 1, 2**30, -(2**30), 2**60, 2**60 - 1, 2**63, 2**64, -(2**200), 3**2000]
    return integers + [True, False, 0.0, 1.5, float("nan"), float("inf"), 1 + 2j, complex(0), 10**5000 % 7]


@keep
def strings():
    halves = "ab", "é", "ÿ", "Ā", "中文", "😀", "", "x" * 600, "é" * 600, "中" * 600, "😀" * 600, "\0", "\ud800"
    parts = [half * 3 for half in halves]
    for part in ["é" * 7, "中" * 7, "😀" * 7]:
        ctypes.pythonapi.PyUnicode_AsUTF8.restype = ctypes.c_char_p
        ctypes.pythonapi.PyUnicode_AsUTF8(ctypes.py_object(part))  # caches its UTF-8 form
        parts.append(part)
    parts.append(sys.intern("interned only here " + str(len(parts))))

    class Text(str):
        pass

    class SlottedText(str):
        __slots__ = ()

    text = Text("a subclass with attributes")
    text.mark = 1
    return parts, text, Text("中文"), SlottedText("é"), Text("plain")


@keep
def byte_strings():
    growing = bytearray()
    for i in range(1000):
        growing.append(i % 256)
    front = bytearray(b"0123456789" * 10)
    del front[:30]
    exported = bytearray(b"exported")

    class Bytes(bytes):
        pass

    class Array(bytearray):
        pass

    return (b"", b"a", b"ab", b"x" * 511, b"x" * 512, b"x" * 5000, bytearray(), bytearray(b"a"), growing, front,
            exported, memoryview(exported), Bytes(b"sub"), Array(b"sub"))


@keep
def tuples_and_lists():
    own = []
    own.append(own)
    shrunk = list(range(1000))
    del shrunk[10:]
    emptied = [1, 2, 3]
    emptied.clear()
    nested = ((((), 1), [2]), ([],))
    return [(), (1,), (1, "a", None), tuple(range(300)), nested, (own,), own, [], [None], shrunk, emptied,
            [0] * 10000, list(range(5)), sorted([3, 1, 2])]


class Rectangle:
    def __init__(self, width, height):
        self.width = width
        self.height = height


@keep
def dicts():
    with_holes = {i: str(i) for i in range(100)}
    for i in range(0, 100, 3):
        del with_holes[i]
    mixed = {"a": 1, 2: "b", (3,): [], None: {}, 4.5: set()}
    text_then_other = {"a": 1, "b": 2}
    text_then_other[7] = 3
    emptied = {"x": 1}
    emptied.clear()
    popped = {"a": 1, "b": [2], "c": 3}
    del popped["b"]

    class Dict(dict):
        pass

    class SlottedDict(dict):
        __slots__ = ("slot",)

        def __missing__(self, key):
            return key

    sub = Dict(a=1, b=[2])
    sub.attribute = "here"
    slotted = SlottedDict(x=[1])
    slotted.slot = {"deep": ()}
    own = {}
    own["self"] = own
    return (with_holes, mixed, text_then_other, emptied, popped, {}, {"a": 1}, {1: 2}, {"k": []}, sub, slotted, own,
            {str(i): i for i in range(70000)}, dict.fromkeys("abcdef"), {"a" * 100: "b"}, {True: False})


@keep
def sets():
    with_dummies = set(range(50))
    for i in range(0, 50, 2):
        with_dummies.remove(i)

    class Set(set):
        pass

    class Frozen(frozenset):
        __slots__ = "extra",

    sub, frozen = Set([1, 2]), Frozen("ab")
    sub.attribute = []
    frozen.extra = [3]
    return (set(), {1}, {"a", (1, 2)}, set(range(1000)), with_dummies, frozenset(), frozenset([1, "x"]),
            frozenset(range(100)), sub, frozen)


@keep
def instances():
    class Empty:
        pass

    class Slots:
        __slots__ = "a", "b", "__weakref__"

    class MoreSlots(Slots):
        __slots__ = "c",

    class SlotsAndDict(MoreSlots):
        pass

    class PrivateSlots:
        __slots__ = "__private", "__dict__"

        def __init__(self):
            self.__private = ["private"]

    plain = [Rectangle(1, [2]) for _ in range(5)]
    materialised = Rectangle(3, 4)
    materialised.__dict__["more"] = [5]
    replaced = Rectangle(5, 6)
    replaced.__dict__ = {"other": [7]}
    deleted = Rectangle(7, [8])
    del deleted.width
    late = Rectangle(1, 2)
    late.extra = {}
    many = Empty()
    for i in range(60):
        setattr(many, f"attribute_{i}", [i])
    without = Empty()
    without.__dict__
    touched = Empty()
    touched.x = [1]
    touched_dict = touched.__dict__
    touched.y = [2]
    slots, more, both = Slots(), MoreSlots(), SlotsAndDict()
    slots.a = [1]
    more.b, more.c = [1], [2]
    both.a, both.d = [1], [2]
    orphan = Empty()
    orphan.x = [3]
    orphan_dict = orphan.__dict__  # survives its instance
    del orphan
    return (plain, materialised, replaced, deleted, late, many, without, touched, touched_dict, slots, more, both,
            PrivateSlots(), orphan_dict, [Empty() for _ in range(3)], object(), Slots())


@keep
def subclasses_of_built_ins():
    class Integer(int):
        pass

    class SlottedInteger(int):
        __slots__ = ()

    class Real(float):
        pass

    class Tuple(tuple):
        pass

    class SlottedTuple(tuple):
        __slots__ = ()

    class List(list):
        pass

    class SlottedList(list):
        __slots__ = "slot", "other"

    class Error(ValueError):
        def __init__(self, code):
            super().__init__(code)
            self.code = code

    class Module(types.ModuleType):
        extra = None

    class Function(functools.partial):
        pass

    class Measured(list):
        def __sizeof__(self):
            return super().__sizeof__() + 1000

    integer = Integer(10**30)
    integer.note = ["note"]
    array_of = List([1, 2])
    array_of.note = array_of
    slotted = SlottedList("ab")
    slotted.slot = [1]
    pair = Tuple((1, [2]))
    pair.note = {}
    return (integer, Integer(5), Integer(0), SlottedInteger(-7), Real(1.5), pair, SlottedTuple("ab"), array_of,
            slotted, Error(5), Module("made"), Function(print, 1), Measured([1, 2]), Tuple(), List())


@keep
def metaclasses():
    class Meta(type):
        registry = []

        def __new__(meta, name, bases, namespace, **keywords):
            made = super().__new__(meta, name, bases, namespace)
            made.keywords = keywords
            meta.registry.append(weakref.ref(made))
            return made

    class SlottedMeta(type):
        def __call__(cls, *arguments):
            return super().__call__(*arguments)

    class Base(metaclass=Meta, option=1):
        def method(self):
            return super().__init__()

    class Derived(Base, option=2):
        x: int = 1
        __slots__ = ()

    class Other(metaclass=SlottedMeta):
        __slots__ = "a", "b"

    class Abstract(abc.ABC):
        @abc.abstractmethod
        def method(self):
            pass

        @property
        @abc.abstractmethod
        def value(self):
            """Documented."""

    class Concrete(Abstract):
        def method(self):
            return 1

        value = 3

    Abstract.register(int)
    isinstance(5, Abstract), isinstance("x", Abstract), issubclass(Concrete, Abstract)
    made = type("Made", (Base,), {"__doc__": "made at run time", "attribute": []}, option=[])
    renamed = type("Renamed", (), {"__module__": "some.where"})
    renamed.__qualname__ = "Outer.Renamed"
    foreign = type("Ünïcode", (dict,), {"__module__": "täst"})
    bare = type("Bare", (), {})
    odd = type("Odd", (), {"__module__": 5})
    return (Meta, Base, Derived, Derived(), Other, Other(), Abstract, Concrete(), made, made(), renamed(), foreign(),
            bare(), odd())


# ---- functions, methods, descriptors, code ----------------------------------------------------------------


def outer(a, b=[1], *rest, c={}, **keywords):
    """A function with all that one can have."""
    unset = 1

    def inner(x: int = 5) -> "str":
        return a, b, c, x, rest, keywords, unset

    inner.attribute = [a]
    del unset
    return inner


@keep
def functions():
    def recursive(n):
        return recursive(n - 1) if n else 0

    exec(compile("def from_text(a, *, b=2):\n    return [x for x in a if b]", "<made>", "exec"), namespace := {})
    lambdas = [lambda i=i: i for i in range(3)]
    called = [recursive(3), namespace["from_text"]([1])]
    return (outer, outer(1), outer([1], c=2, d=3), recursive, namespace, lambdas, called, recursive.__code__,
            outer.__code__.co_code, outer.__code__.co_varnames, outer.__code__.co_freevars,
            outer.__code__.replace(co_name="renamed"), types.CellType(), types.CellType([1]))


class Described:
    """Descriptors of every kind."""

    __slots__ = "slot", "__dict__", "__weakref__"

    @property
    def computed(self):
        return 1

    @computed.setter
    def computed(self, value):
        pass

    @classmethod
    def of_class(cls):
        return cls

    @staticmethod
    def static():
        return 1

    @functools.cached_property
    def cached(self):
        return [1]

    @functools.singledispatchmethod
    def dispatch(self, value):
        return value

    @dispatch.register
    def _(self, value: int):
        return [value]

    partial = functools.partialmethod(print, 1)


@keep
def methods_and_descriptors():
    described = Described()
    described.slot = [1]
    described.cached
    described.dispatch(5)
    bound = described.of_class
    return (described, bound, described.static, [].append, "x".join, {}.get, len, print, int.from_bytes, str.maketrans,
            list.append, int.__add__, (5).__add__, type.__dict__["__mro__"], Described.__dict__, Described.slot,
            types.FunctionType.__dict__["__code__"], super(Described, described), property(), vars(Described)["static"],
            vars(dict)["fromkeys"], operator.attrgetter("a.b", "c"), operator.itemgetter(1, [2]), operator.itemgetter(3),
            operator.methodcaller("m", 1, key=[2]), types.MethodType(print, described), object.__init__,
            type(described).__weakref__, types.DynamicClassAttribute(len), types.MappingProxyType({"a": [1]}))


# ---- iterators ----------------------------------------------------------------------------------------------


@keep
def iterators():
    def advanced(iterator, steps=2):
        for _ in range(steps):
            next(iterator)
        return iterator

    def exhausted(iterator):
        for _ in iterator:
            pass
        return iterator

    class Indexed:
        def __getitem__(self, index):
            return [index]

    source = [[1], [2], [3], [4], [5], [6]]
    table = {"a": [1], "b": [2], "c": [3]}
    made = [
        iter(source), advanced(iter(source)), exhausted(iter(source)), reversed(source), iter((1, 2, [3])), iter("añ中"),
        iter("abc"), iter(b"ab"), iter(bytearray(b"ab")), iter(range(10**6)), iter(range(10**30)), iter({1, 2}),
        iter(frozenset("ab")), iter(table), table.keys(), table.values(), table.items(), iter(table.keys()),
        advanced(iter(table.items())), iter(table.values()), reversed(table), reversed(table.items()), iter(Indexed()),
        iter(lambda: [1], None), enumerate(source), enumerate(source, 10**30), zip(source, "abcdef"),
        map(lambda *a: a, source, source), filter(None, source), range(5), range(10**30, 10**31, 7), slice(1, [2], None),
        slice(None), memoryview(b"abc"), iter(memoryview(b"abc")), reversed(range(5)), Ellipsis, NotImplemented,
    ]
    made += [
        itertools.count(), itertools.count(10**30, 3), itertools.count(1.5), itertools.repeat([1]), itertools.repeat([1], 5),
        advanced(itertools.cycle(source)), itertools.cycle([]), itertools.accumulate(source), itertools.chain(source, source),
        itertools.chain.from_iterable([source]), itertools.compress(source, [1, 0, 1]), itertools.dropwhile(None, source),
        itertools.takewhile(bool, source), itertools.filterfalse(None, source), advanced(itertools.groupby(source)),
        itertools.islice(source, 1, 5, 2), itertools.permutations(source, 2), itertools.combinations(source, 2),
        itertools.combinations_with_replacement(source, 2), itertools.product(source, "ab", repeat=2),
        itertools.starmap(print, [source]), itertools.zip_longest(source, "ab", fillvalue=[0]), itertools.tee(source, 3),
    ]
    for make in (itertools.permutations, itertools.combinations, itertools.combinations_with_replacement):
        made.append(advanced(make(source, 3)))
    made.append(advanced(itertools.product(source, "ab")))
    left, right = itertools.tee(itertools.count(10**20))
    advanced(left, 150)
    made += [left, right]
    group = itertools.groupby("aabbb")
    made += [group, next(group)]
    if hasattr(itertools, "pairwise"):
        made.append(advanced(itertools.pairwise(source)))
    if hasattr(itertools, "batched"):
        made.append(advanced(itertools.batched(source, 2)))
    accumulated = itertools.accumulate([1, 2, 3], operator.mul, initial=10**20)
    made.append(advanced(accumulated))
    return made


# ---- generators, coroutines, contexts -----------------------------------------------------------------------


def generator(argument):
    local = [argument]
    received = yield local
    try:
        received = yield (local, received)
    except ValueError as error:
        yield error
    finally:
        local = None


def delegating(inner):
    extra = {"a": inner}
    yield from inner
    return extra


async def awaitable(value):
    local = [value]
    await asyncio.sleep(0)
    return local


async def waiting(event, value):
    local = {"value": value}
    await event.wait()
    return local


async def agenerator(count):
    for i in range(count):
        local = [i]
        yield local


@types.coroutine
def old_style():
    yield ["suspended"]


@keep
def generators():
    fresh, started, finished, thrown = (generator([i]) for i in range(4))
    next(started), started.send({"sent": 1})
    for _ in finished:
        pass
    next(thrown), next(thrown), thrown.throw(ValueError("thrown in"))
    deep = delegating(delegating(generator([5])))
    next(deep)
    closed = generator(1)
    next(closed)
    closed.close()
    expression = (x * [1] for x in range(5))
    next(expression)

    async def chain():
        return await old_style()

    coroutine, fresh_coroutine = chain(), awaitable([1])
    coroutine.send(None)
    wrapper = awaitable(2).__await__()
    asynchronous = agenerator(3)
    step = asynchronous.__anext__()
    try:
        step.send(None)
    except StopIteration as stop:
        result = stop
    suspended = agenerator(5)
    frame_of = generator("frame")
    next(frame_of)
    frame = frame_of.gi_frame
    return (fresh, started, finished, thrown, deep, closed, expression, coroutine, fresh_coroutine, wrapper,
            asynchronous, step, result, suspended, suspended.__anext__(), suspended.asend([1]), suspended.aclose(),
            suspended.athrow(ValueError), frame_of, frame, frame.f_locals, coroutine.cr_frame)


@keep
def contexts():
    variable = contextvars.ContextVar("variable", default=[0])
    other = contextvars.ContextVar("other")
    context = contextvars.copy_context()
    tokens = context.run(lambda: [variable.set([1]), other.set({"a": 1}), variable.set([2])])
    many = [contextvars.ContextVar(f"variable {i}") for i in range(200)]
    big = contextvars.Context()
    big.run(lambda: [each.set([i]) for i, each in enumerate(many)])
    used = variable.set("here")
    return (variable, other, context, tokens, many, big, big.copy(), used, iter(big), big.items(), big.keys(),
            contextvars.Token.MISSING, contextvars.Context())


@keep
def exceptions():
    def failing(depth):
        local = ["local", depth]
        if depth:
            failing(depth - 1)
        raise KeyError(local)

    def caught(function, *arguments):
        try:
            function(*arguments)
        except BaseException as error:
            return error

    def chained():
        try:
            failing(2)
        except KeyError as error:
            raise RuntimeError("from") from error

    def in_context():
        try:
            failing(1)
        except KeyError:
            raise TypeError("during")

    with contextlib.suppress(ValueError):
        int("x")
    made = [caught(failing, 3), caught(chained), caught(in_context), caught(open, "/nonexistent"), caught(int, "x"),
            caught(compile, "a b", "<text>", "exec"), caught(bytes.decode, b"\xff", "utf-8"), caught("é".encode, "ascii"),
            caught(getattr, 5, "missing"), caught(eval, "undefined"), caught(__import__, "no_such_module"),
            caught(next, iter(())), SystemExit(5), KeyboardInterrupt(), StopIteration([1]), OSError(2, "text", "name"),
            UnicodeTranslateError("abc", 1, 2, "why"), MemoryError(), StopAsyncIteration(1), Exception(), GeneratorExit()]
    if sys.version_info >= (3, 11):
        noted_error = ValueError("noted")
        noted_error.add_note("a note")
        made += [noted_error, ExceptionGroup("group", [ValueError(1), ExceptionGroup("inner", [TypeError([2])])])]
    made.append(traceback.TracebackException.from_exception(made[0]))
    return made


# ---- collections, functools, weak references -------------------------------------------------------------------


@keep
def standard_collections():
    ordered = collections.OrderedDict((str(i), [i]) for i in range(100))
    del ordered["5"]
    ordered.move_to_end("3")

    class Ordered(collections.OrderedDict):
        pass

    sub = Ordered(a=[1])
    sub.attribute = 5
    bounded = collections.deque([[i] for i in range(5)], maxlen=3)
    long = collections.deque([i] for i in range(1000))
    for _ in range(300):
        long.popleft()
    long.rotate(17)

    class Deque(collections.deque):
        pass

    own = Deque()
    own.append(own)
    own.attribute = []
    rotated = collections.deque("abc")
    default = collections.defaultdict(list, a=[1])
    default["b"].append(2)
    nested = collections.defaultdict(lambda: collections.defaultdict(int))
    nested["x"]["y"] += 1
    Point = collections.namedtuple("Point", "x y", defaults=[0])

    class NamedPoint(typing.NamedTuple):
        x: int
        y: list = []

    return (ordered, sub, iter(ordered), ordered.items(), ordered.keys(), reversed(ordered), collections.OrderedDict(),
            iter(ordered.items()), ordered.values(), bounded, long, own, rotated, iter(long), reversed(long),
            collections.deque(), default, nested, collections.defaultdict(None), collections.Counter("abracadabra"),
            collections.ChainMap({"a": 1}, default), collections.UserDict(a=[1]), collections.UserList([1]),
            collections.UserString("x"), Point(1, [2]), Point, NamedPoint(3), os.stat("/"), time.localtime(),
            sys.version_info, sys.flags, os.terminal_size((1, 2)), types.SimpleNamespace(a=[1], b={}))


@functools.lru_cache(maxsize=5)
def bounded_cache(*arguments, **keywords):
    return [arguments, keywords]


@functools.lru_cache(maxsize=None)
def unbounded_cache(argument):
    return [argument]


@functools.lru_cache
def unused_cache(argument, typed=True):
    return argument


@functools.wraps(bounded_cache)
def wrapped(*arguments):
    return bounded_cache(*arguments)


@keep
def functools_things():
    for i in range(10):
        bounded_cache(i, [].__class__, key=i)
        bounded_cache(i)
        unbounded_cache(i)
        unbounded_cache((i, "tuple"))
    bounded_cache(9)
    partial = functools.partial(print, 1, [2], key=[3])
    again = functools.partial(partial, 4)
    again.attribute = [5]

    @functools.singledispatch
    def dispatch(value):
        return value

    dispatch.register(int, lambda value: [value])
    dispatch(5), dispatch("x")

    @functools.total_ordering
    class Comparable:
        def __lt__(self, other):
            return True

    keys = [functools.cmp_to_key(lambda a, b: 0)(i) for i in range(3)]
    return partial, again, dispatch, Comparable(), keys, wrapped, functools.cmp_to_key(len)


@keep
def weak_references():
    class Target:
        pass

    class Slotted:
        __slots__ = "__weakref__",

    class Reference(weakref.ref):
        __slots__ = "extra",

    class DictReference(weakref.ref):
        pass

    targets = [Target() for _ in range(10)]
    called = []
    sub = Reference(targets[0])
    sub.extra = [1]
    sub2 = DictReference(targets[1], called.append)
    sub2.attribute = []
    dead, slotted = Target(), Slotted()
    dead_reference, dead_proxy = weakref.ref(dead), weakref.proxy(dead)
    del dead
    values = weakref.WeakValueDictionary({i: target for i, target in enumerate(targets)})
    keys = weakref.WeakKeyDictionary({target: [i] for i, target in enumerate(targets)})
    return (targets, weakref.ref(targets[0]), weakref.ref(targets[0]), weakref.ref(targets[0], called.append),
            weakref.proxy(targets[0]), weakref.proxy(len), weakref.ref(len), weakref.ref(slotted), slotted, sub, sub2,
            dead_reference, dead_proxy, values, keys, weakref.WeakSet(targets), weakref.ref(set()),
            weakref.WeakMethod(Rectangle(1, 2).__init__), weakref.finalize(targets[2], print, "gone"), weakref.ref(Target),
            weakref.ref(outer), weakref.proxy(outer, called.append))


# ---- more of the standard library --------------------------------------------------------------------------------


@dataclasses.dataclass
class Record:
    name: str
    values: list = dataclasses.field(default_factory=list)
    count: int = 0


@dataclasses.dataclass(frozen=True, order=True, **({"slots": True} if sys.version_info >= (3, 10) else {}))
class FrozenRecord:
    x: int
    y: tuple = ()


class Color(enum.Enum):
    RED = 1
    GREEN = [2]
    CRIMSON = 1


class Number(enum.IntEnum):
    ONE = 1
    MANY = 10**20


class Permission(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Mode(enum.IntFlag):
    A = 1
    B = 2


T = typing.TypeVar("T")


class Generic(typing.Generic[T]):
    item: T


class Structure(ctypes.Structure):
    _fields_ = [("number", ctypes.c_int), ("text", ctypes.c_char_p), ("object", ctypes.py_object)]


class Bits(ctypes.Union):
    _fields_ = [("whole", ctypes.c_uint64), ("parts", ctypes.c_uint8 * 8)]


class Big(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char * 5000), ("inner", Structure)]


@keep
def data_classes_and_enums():
    return (Record("a", [1]), Record("b"), FrozenRecord(1, ([2],)), list(Color), list(Number), Permission.READ,
            Permission.READ | Permission.WRITE, Mode.A | Mode.B, Color, dataclasses.fields(Record),
            enum.Enum("Made", "A B C"))


@keep
def typing_things():
    made = [T, Generic[int], Generic[T](), typing.List[int], typing.Optional[str], typing.Union[int, str],
            typing.Callable[[int], str], typing.Literal["a", 1], typing.Any, typing.NewType("N", int),
            typing.get_type_hints(Record), iter(list[int]) if sys.version_info >= (3, 11) else None]
    if sys.version_info >= (3, 9):
        made += [list[int], dict[str, list[T]]]
    if sys.version_info >= (3, 10):
        made += [int | str, int | None, typing.ParamSpec("P"), typing.Annotated[int, [1]]]
    if sys.version_info >= (3, 11):
        made += [typing.TypeVarTuple("Ts"), tuple[int, ...], tuple[typing.Unpack[typing.TypeVarTuple("Us")]]]
    if sys.version_info >= (3, 12):
        exec("type Alias[X] = list[X]\ndef generic[Y: int, *Zs, **P](y: Y): return Y\nclass C[A]: pass", names := {})
        names["Alias"].__value__
        made.append(names)
    return made


@keep
def times_and_decimals():
    zone = datetime.timezone(datetime.timedelta(hours=2), "CEST")
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, 6)

    class Stamp(datetime.datetime):
        pass

    stamp = Stamp(2026, 1, 1, tzinfo=zone)
    stamp.note = []
    try:
        import zoneinfo  # since 3.9
        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
        times = [berlin, now.replace(tzinfo=berlin), now.replace(tzinfo=berlin).utcoffset()]
    except LookupError as error:  # no time zones here
        times = [error]
    except ImportError:
        times = []
    context = decimal.Context(prec=50)
    decimals = [decimal.Decimal(1), decimal.Decimal("1.5"), decimal.Decimal("NaN"), decimal.Decimal(3) ** 1000,
                context.divide(decimal.Decimal(1), 7), context, decimal.getcontext(), context.flags, context.traps,
                decimal.Decimal("1" * 500)]
    return (times, decimals, zone, now, now.replace(tzinfo=zone), now.time(), now.timetz(), now.date(), stamp,
            datetime.timedelta(days=3), datetime.timezone.utc, datetime.time(1, 2, tzinfo=zone), now.isocalendar(),
            fractions.Fraction(10**20, 7), random.Random(5), calendar.Calendar(), uuid.uuid4(), statistics.NormalDist(),
            ipaddress.ip_network("10.0.0.0/8"), numbers.Number)


@keep
def text_processing():
    pattern = re.compile(r"(?P<name>\w+)-(\d+)|x{2,5}[a-f]*")
    match = pattern.search("some name-55 here")
    scanner = pattern.scanner("text-1 text-2")
    scanner.match()
    wide = re.compile("中+|(é)").match("中中")
    parser = argparse.ArgumentParser()
    parser.add_argument("--flag", action="store_true")
    config = configparser.ConfigParser()
    config.read_string("[a]\nb = c\n")
    message = email.message.EmailMessage()
    message["Subject"] = "subject"
    message.set_content("text")
    root = xml.etree.ElementTree.fromstring("<a x='1'><b>text</b><c/>tail<d k='v' l='w'>more</d></a>")
    return (pattern, match, scanner, wide, pattern.finditer("ab-1 cd-2"), re.compile(b"x+"), json.loads('{"a": [1.5, null]}'),
            json.JSONDecoder(), json.JSONEncoder(), json.JSONEncoder().iterencode([1]), ast.parse("def f(a, *b):\n  return [a.x, b[0], 'text']"),
            ast.dump(ast.parse("1")), string.Template("$a"), string.Formatter(), parser, config, message, root,
            list(root.iter()), root.iter(), root.attrib, xml.etree.ElementTree.TreeBuilder(), xml.etree.ElementTree.XMLParser(),
            csv.reader(io.StringIO("a,b")), csv.writer(io.StringIO()), csv.DictReader(io.StringIO("a\n1")), csv.get_dialect("excel"),
            struct.Struct("<iq5s"), struct.iter_unpack("i", b"abcdefgh"), textwrap.TextWrapper(), difflib.SequenceMatcher(),
            urllib.parse.urlparse("http://host/path?query"), unicodedata.ucd_3_2_0, codecs.lookup("utf-8"),
            codecs.getincrementaldecoder("utf-8")(), codecs.getincrementaldecoder("shift_jis")(), codecs.getincrementalencoder("euc_jp")(),
            str.maketrans({"a": "b"}), html.parser.HTMLParser(), pprint.PrettyPrinter(), inspect.signature(outer),
            tokenize.TokenInfo(1, "a", (1, 2), (3, 4), "b"))


@keep
def files_and_buffers():
    binary = io.BytesIO(b"some bytes")
    shared = io.BytesIO(b"x" * 1000)
    view = shared.getbuffer()
    text = io.StringIO("some text\nlines")
    text.read(3)
    written = io.StringIO()
    written.write("accumulated ")
    written.write("text")
    opened = open(__file__)
    opened.readline()
    raw = open(__file__, "rb", buffering=0)
    buffered = open(__file__, "rb")
    buffered.read(10)
    temporary = tempfile.TemporaryFile()
    temporary.write(b"x" * 100)
    reader, writer = os.pipe()
    numbers_array = array.array("d", range(1000))
    doubles = array.array("i")
    doubles.append(5)

    class Array(array.array):
        pass

    sub_array = Array("b", [1, 2])
    sub_array.attribute = []
    mapped = mmap.mmap(-1, 8192)
    memory = memoryview(numbers_array)
    return (binary, shared, view, text, written, opened, raw, buffered, temporary, open(reader, "rb"), open(writer, "wb"),
            numbers_array, doubles, sub_array, array.array("u", "añ") if sys.version_info < (3, 13) else array.array("w", "añ"),
            iter(doubles), mapped, memory, memory[::2], memory.cast("B"), memory.cast("B").cast("B", (10, 800)), memoryview(mapped),
            memoryview(b"abc").toreadonly(), io.TextIOWrapper(io.BytesIO(b"wrapped"), "utf-16"), io.BufferedRandom(io.BytesIO()),
            io.BufferedRWPair(io.BytesIO(), io.BytesIO()), io.BufferedReader(io.BytesIO(b"abc")), io.IncrementalNewlineDecoder(None, True),
            os.scandir("/"), pathlib.Path("/a/b"), pathlib.PurePath("x"), zlib.compressobj(), zlib.decompressobj(), bz2.BZ2Compressor(),
            bz2.BZ2Decompressor(), lzma.LZMACompressor(), lzma.LZMADecompressor(), hashlib.sha256(b"x"), hashlib.blake2b(b"x"),
            hmac.new(b"k", b"m", "sha256"), hashlib.md5(), pickle.Pickler(io.BytesIO()), pickle.Unpickler(io.BytesIO()),
            pickle.PickleBuffer(b"x"), base64.b64encode(b"x"), zipfile.ZipInfo("x"), sys.stdout, sys.stderr.buffer)


@keep
def foreign_functions():
    structure = Structure(5, b"text", ["object"])
    bits = Bits(2**60)
    big = Big()
    numbers_array = (ctypes.c_int * 10)(*range(10))
    pointer = ctypes.pointer(structure)
    library = ctypes.CDLL(None)

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    def callback(value):
        return value

    library.strlen.argtypes = [ctypes.c_char_p]
    library.strlen(b"abc")
    return (structure, bits, bits.parts, big, big.inner, numbers_array, pointer, pointer.contents, library, library.strlen,
            callback, ctypes.c_long(5), ctypes.c_char_p(b"text"), ctypes.c_wchar_p("text"), ctypes.py_object([1]),
            ctypes.byref(structure), ctypes.create_string_buffer(1000), ctypes.cast(numbers_array, ctypes.c_void_p),
            (Structure * 3)(), Structure.number, ctypes.POINTER(ctypes.c_int)(), ctypes.cast(pointer, ctypes.POINTER(Bits)))


@keep
def system_things():
    left, right = socket.socketpair()
    poll = select.poll()
    poll.register(left)
    selector = selectors.DefaultSelector()
    selector.register(right, selectors.EVENT_READ, ["data"])
    database = sqlite3.connect(":memory:")
    database.execute("create table t (a integer, b text)")
    cursor = database.execute("insert into t values (1, 'text')")
    rows = database.execute("select * from t")
    database.row_factory = sqlite3.Row
    named = database.execute("select * from t").fetchone()
    database.create_function("f", 1, lambda value: value)
    logger = logging.getLogger("some.logger")
    logger.addHandler(logging.StreamHandler(io.StringIO()))
    logger.warning("logged %s", [1])
    shared = queue.Queue()
    shared.put([1])
    simple = queue.SimpleQueue()
    for i in range(20):
        simple.put([i])
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return (left, right, poll, selector, database, cursor, rows, named, logger, shared, simple, queue.PriorityQueue(),
            select.epoll(), process, ssl.create_default_context(), ssl.MemoryBIO(), signal.getsignal(signal.SIGINT),
            http.client.HTTPConnection("localhost"), threading.Condition(), threading.RLock(), threading.Event(),
            threading.Semaphore(), threading.Barrier(2), _thread.allocate_lock(), warnings.catch_warnings(),
            unittest.TestCase(), contextlib.ExitStack(), copy.copy, heapq.heappush, bisect.bisect, locale.localeconv(),
            concurrent.futures.Future(), builtins, select.select, shelve)


# ---- threads, thread-locals, asyncio -----------------------------------------------------------------------------


@keep
def threads():
    local = threading.local()
    local.attribute = ["main"]

    class Local(threading.local):
        def __init__(self):
            self.mine = ["mine"]

    sub_local = Local()
    sub_local.more = []
    ready, end = threading.Barrier(4), threading.Event()

    def work(number):
        local.attribute = [number]
        sub_local.attribute = {"number": number}
        on_frame = [number, "on a frame"]
        generated = (each for each in on_frame)
        next(generated)
        ready.wait()
        end.wait()
        return on_frame, generated

    started = [threading.Thread(target=work, args=([i],), daemon=True) for i in range(3)]
    for thread in started:
        thread.start()
    ready.wait()
    finished = threading.Thread(target=len, args=([],))
    finished.start()
    finished.join()
    pool = concurrent.futures.ThreadPoolExecutor(2)
    future = pool.submit(len, [1])
    future.result()
    time.sleep(0.2)  # until all sit still in their waits
    return started, finished, pool, future, local, sub_local, end, threading.Timer(1000, print)


@keep
def event_loops():
    loop = asyncio.new_event_loop()

    async def start():
        event, lock = asyncio.Event(), asyncio.Lock()
        tasks = [asyncio.ensure_future(waiting(event, [i])) for i in range(3)]
        done = asyncio.ensure_future(awaitable([1]))
        failed = asyncio.ensure_future(asyncio.wait_for(asyncio.sleep(100), 0.001))
        gathered = asyncio.gather(*tasks)
        cancelled = asyncio.ensure_future(asyncio.sleep(100))
        future = loop.create_future()
        future.add_done_callback(print)
        future.add_done_callback(len)
        resolved = loop.create_future()
        resolved.set_result([1])
        broken = loop.create_future()
        broken.set_exception(ValueError("broken"))
        await asyncio.sleep(0.05)
        cancelled.cancel(*["message"] if sys.version_info >= (3, 9) else [])
        await asyncio.sleep(0.01)
        iterator = aiter_of(tasks[0])
        generated = agenerator(3)
        await generated.__anext__()
        shield = asyncio.shield(tasks[1])
        later = loop.call_later(1000, print, [1])
        return (event, lock, tasks, done, failed, gathered, cancelled, future, resolved, broken, iterator, generated,
                shield, later, asyncio.Queue(), asyncio.Semaphore())

    def aiter_of(future):
        return future.__await__()

    made = loop.run_until_complete(start())
    made[4].exception()
    return loop, made, asyncio.get_event_loop_policy()


# ---- what only some versions have ---------------------------------------------------------------------------------


@keep
def by_version():
    made = []
    if sys.version_info >= (3, 10):
        exec("def matched(x):\n match x:\n  case [a, *b]: return a, b\n  case {'k': v}: return v", names := {})
        made += [names, names["matched"]([1, 2])]
    if sys.version_info >= (3, 11):
        import tomllib
        made += [tomllib.loads("a = 1"), operator.call]
    if sys.version_info >= (3, 12):
        comprehended = [[x for x in range(3)] for _ in range(3)]
        made += [comprehended, sys.monitoring]
    if sys.version_info >= (3, 13):
        made += [copy.replace, sys._getframe().f_locals]
    return made


def in_frames(depth):
    """Leaves some frames with locals on the main thread's stack, then records."""
    local = ["on the stack", depth]
    cell = {"in a cell": depth}

    def inner():
        return cell

    if depth:
        return in_frames(depth - 1), local, inner
    frame = sys._getframe()
    back = frame.f_back
    oracle.record(sys.argv[1])
    return frame, back, local, inner


warnings.simplefilter("ignore")
in_frames(3)
os._exit(0)
