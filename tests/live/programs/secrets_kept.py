"""A program whose every value is a secret. Texts of secrets have SECRET's letters in them, numbers NUMBER's digits; what the
code names has neither. Says some addresses, then waits."""

import array
import base64
import collections
import contextvars
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import json
import logging
import os
import pathlib
import re
import sys
import threading
import time
import types
import uuid
import weakref

COUNT = iter(range(1, 1000))


def secret():
    """A text of its own, made while the program runs."""
    return "".join(["xy", "zzy", f"-{next(COUNT)}"])


def number():
    return int("".join(["908", "17263", f"{next(COUNT):04d}"]))


CONSTANT = "xyzzy constant of a module"
BYTES = b"xyzzy constant bytes"
TUPLE = ("xyzzy in a tuple", 908172639999, 9081726.3)
NUMBER = 908172638888888


class Order:
    """xyzzy docstring of a class"""

    kind = "xyzzy class attribute"

    def __init__(self, customer):
        self.customer = customer
        self.total = number()
        self.notes = [secret(), number()]

    def place_order(self, using="xyzzy default", *, card=908172637777777):
        """xyzzy docstring of a method"""
        return "xyzzy constant of a method", using, card


class Slotted:
    __slots__ = "account", "__weakref__"

    def __init__(self):
        self.account = secret()


class Level(enum.Enum):
    HIGH = "xyzzy enum"
    LOW = 908172636666666


class Flags(str, enum.Enum):
    SECOND = "xyzzy string enum"


@dataclasses.dataclass
class Record:
    owner: str = "xyzzy field default"
    amount: float = 9081726.35
    tags: list = dataclasses.field(default_factory=list)


class Text(str):
    pass


class Integer(int):
    pass


class Point(collections.namedtuple("PointBase", "across up")):
    pass


CACHE = {secret(): Order(secret()) for _ in range(50)}
BY_BYTES = {secret().encode(): [secret()] for _ in range(5)}
BY_NUMBER = {number(): [number()] for _ in range(5)}
BY_TUPLE = {(secret(), number()): Order(secret())}
BY_OTHER = {frozenset([secret()]): [1], Level.HIGH: [2], Text(secret()): [3], Integer(number()): [4], float(number()): [5],
            pathlib.PurePosixPath("/tmp/" + secret()): [6], decimal.Decimal(number()): [7], uuid.UUID(int=number()): [8]}
MEMBERS = {secret(), number(), secret().encode()}
ORDERED = collections.OrderedDict({secret(): [secret()]})
DEFAULTS = collections.defaultdict(list, {secret(): [secret()]})
DEQUE = collections.deque([secret(), Order(secret())])
COUNTER = collections.Counter([secret()])
INTERNED = {sys.intern(secret()): sys.intern(secret())}
MUTABLE = [bytearray(secret().encode()), memoryview(secret().encode()), array.array("q", [number()])]
NUMBERS = [number(), -number(), number() ** 5, float(number()), complex(number(), 1), fractions.Fraction(number(), 7),
           decimal.Decimal(number()) / 8, uuid.UUID(int=number() ** 3), True]
DATES = [datetime.datetime(1987, 6, 5, 4, 3, 2), datetime.date(1987, 6, 5), datetime.timedelta(90817263), datetime.time(4, 3, 2, 908172),
         datetime.timezone(datetime.timedelta(hours=1), secret())]
PATHS = [pathlib.PurePosixPath("/home", secret()), pathlib.Path(secret())]
PATTERNS = [re.compile(secret() + "(?P<" + secret().replace("-", "_") + ">.)"), re.match(secret(), "xyzzy-9081")]
STREAMS = [io.StringIO(secret()), io.BytesIO(secret().encode()), open(os.devnull), base64.b64encode(secret().encode())]
WIDE = ["".join(map(chr, [0x4e2d])) + secret(), "\U0001f600" + secret(), "é" + secret(), secret() * 1000]
RECORDS = [Record(secret(), float(number()), [secret()]), Record(), Point(secret(), number()), types.SimpleNamespace(**{secret(): secret()})]
SLOTTED = Slotted()
VIEW = types.MappingProxyType({secret(): secret()})
ERRORS = [ValueError(secret()), KeyError(secret(), number()), OSError(number() % 1000, secret(), "/" + secret())]
VARIABLE = contextvars.ContextVar(secret(), default=secret())
VARIABLE.set(secret())
WEAK = weakref.WeakValueDictionary({secret(): SLOTTED})
LOCAL = threading.local()
LOCAL.declared = secret()
setattr(LOCAL, secret(), secret())
DYNAMIC = Order(secret())
setattr(DYNAMIC, secret(), [secret()])
DYNAMIC.__dict__[secret()] = Order(secret())
setattr(Order, secret(), [secret()])
setattr(Order.place_order, secret(), [secret()])
setattr(sys.modules[__name__], secret(), Order(secret()))
Order.place_order.declared_note = [secret()]
os.environ[secret()] = secret()
logging.getLogger(secret()).setLevel(10)
logging.getLogger().addHandler(logging.NullHandler())
RECORD = logging.LogRecord(secret(), 10, "/" + secret(), 1, "message " + secret(), (secret(),), None)
made = Order(secret())


@functools.lru_cache
def remembered(argument, other=None):
    return [secret()]


remembered(secret(), other=number())
remembered((secret(), number()))
PARTIAL = functools.partial(remembered, secret(), **{"other": secret()})


def outer(enclosed, default=secret()):
    def inner(argument=secret(), *, keyword=secret()):
        return enclosed, argument, keyword, default

    return inner


CLOSURE = outer(Order(secret()))


def generator(waiting):
    local = Order(waiting)
    yield local


GENERATOR = generator(secret())
next(GENERATOR)
try:
    try:
        raise KeyError(secret())
    except KeyError:
        raise ValueError("message " + secret(), Order(secret()))
except ValueError as error:
    RAISED = error


def work(argument):
    variable = Order(secret())
    ready.release()
    time.sleep(1000)
    return argument, variable


ready = threading.Semaphore(0)
threading.Thread(target=work, args=(secret(),), name="xyzzy worker", daemon=True).start()
threading.Thread(target=work, args=(secret(),), name=secret(), daemon=True).start()
for _ in range(2):
    ready.acquire()
sys.path.append("/" + secret())
sys.argv.append(secret())
time.sleep(0.2)

SHOWN = [CACHE, next(iter(CACHE)), next(iter(CACHE.values())), DYNAMIC, DYNAMIC.__dict__, BY_TUPLE, BY_OTHER, Order, Order.place_order, CLOSURE,
         remembered, LOCAL, GENERATOR, RAISED, RECORD, MEMBERS, INTERNED, NUMBERS, PATTERNS, ERRORS, made, DEQUE[1], SLOTTED, made.notes]
print(json.dumps([hex(id(thing)) for thing in SHOWN]), flush=True)
sys.stdin.readline()
