"""Objects of every C type of the standard library's modules, each in several states.

With a path as its argument it records its heap for the oracle; without, it prints its PID and waits on its standard input."""

import _thread
import array
import ast
import asyncio
import collections
import csv
import ctypes
import datetime
import decimal
import functools
import hashlib
import io
import itertools
import json
import mmap
import operator
import os
import pickle
import queue
import random
import re
import select
import socket
import struct
import sys
import tempfile
import threading
import unicodedata
import warnings
import zlib

warnings.simplefilter("ignore")
kept = {}


class Key:
    """Something of the GC, to be owned."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args):
        return args

    def __lt__(self, other):
        return self.name < other.name


def keep(function):
    try:
        kept[function.__name__] = function()
    except ImportError as error:
        print(f"{function.__name__}: {error}", file=sys.stderr)
    return function


# ---- collections ----------------------------------------------------------------------------------


@keep
def deques():
    class Deque(collections.deque):
        pass

    long = collections.deque(Key(i) for i in range(1000))
    shrunk = collections.deque(range(5000))
    for _ in range(4000):
        shrunk.popleft()
    turned = collections.deque(map(str, range(100, 300)))
    turned.rotate(70)
    left = collections.deque()
    for i in range(300):
        left.appendleft([i])
    iterator, backwards = iter(long), reversed(long)
    next(iterator), next(backwards)
    edges = [collections.deque(range(n)) for n in (1, 31, 32, 33, 63, 64, 65, 96, 97, 128)]
    full = collections.deque([Key(1), [2]], maxlen=2)
    full.append({3: 4})
    subclass = Deque([1, Key(2)])
    subclass.attribute = ["of a deque"]
    return [collections.deque(), long, shrunk, turned, left, iterator, backwards, edges, full, subclass]


@keep
def ordered_dicts():
    class Ordered(collections.OrderedDict):
        pass

    ordered = collections.OrderedDict((str(i) + "key", [i]) for i in range(100))
    for i in range(0, 100, 3):
        del ordered[str(i) + "key"]
    ordered.move_to_end("1key")
    ordered.move_to_end("50key", last=False)
    mixed = collections.OrderedDict([((1, Key("tuple")), 2), (3.5, Key("float")), ("s", None)])
    subclass = Ordered(a=1)
    subclass.attribute = {"of": "it"}
    plain = collections.OrderedDict()
    plain.attribute = 1
    emptied = collections.OrderedDict(a=1)
    emptied.clear()
    iterators = [iter(mixed), iter(mixed.items()), iter(mixed.values()), reversed(mixed), reversed(mixed.items())]
    for iterator in iterators:
        next(iterator)
    return [ordered, mixed, subclass, plain, emptied, collections.OrderedDict(), iterators, mixed.keys(), mixed.items(),
            mixed.values()]


@keep
def other_collections():
    default = collections.defaultdict(lambda: Key("default"))
    default["a"], default["b"]
    point = collections.namedtuple("Point", "x y")
    return [default, collections.defaultdict(None, {1: [2]}), collections.defaultdict(list), point, point(1, [2]),
            point.x, collections.Counter("hello"), collections.ChainMap({}, {"a": Key(1)})]


# ---- functools, operator, itertools ---------------------------------------------------------------


@keep
def functions():
    @functools.lru_cache(maxsize=10)
    def bounded(*args, **kwargs):
        return [args, kwargs]

    @functools.lru_cache(maxsize=None)
    def unbounded(x):
        return Key(x)

    @functools.lru_cache(maxsize=0, typed=True)
    def none(x):
        return x

    @functools.lru_cache(maxsize=100)
    def empty(x):
        return x

    for i in range(25):
        bounded(i, "x", key=i * 1000), unbounded(Key(i)), unbounded(i), none(i)
    bounded(20, "x", key=20000)
    partial = functools.partial(print, [1], sep=Key("sep"))
    nested = functools.partial(partial, 2)
    nested.attribute = ["of a partial"]
    wrap = functools.cmp_to_key(lambda a, b: 0)
    return [bounded, unbounded, none, empty, partial, nested, wrap, wrap(Key("wrapped")), functools.partial(int),
            functools.cached_property(Key), functools.singledispatch(print), functools.reduce]


@keep
def operators():
    called = operator.methodcaller("encode", "utf-8", errors="strict")
    "text".encode, called("text")
    called_plain = operator.methodcaller("split")
    called_plain("a b")
    return [operator.itemgetter(1), operator.itemgetter("a", Key("b")), operator.attrgetter("name"),
            operator.attrgetter("a.b", "c"), called, called_plain, operator.methodcaller("f", [1], x=Key("x")),
            operator.methodcaller("g")]


@keep
def iterators():
    words = ["apple", "avocado", "banana", "blueberry", "cherry"]

    def first(n, iterator):
        for _ in range(n):
            next(iterator)
        return iterator

    def fresh():
        return [
            itertools.count(), itertools.count(5, 2), itertools.count(1 << 70, 3), itertools.count(0.5),
            itertools.cycle([Key(1), [2]]), itertools.chain([Key(1)], [[2]], iter(words)),
            itertools.chain.from_iterable([[[1]], [[2]]]), itertools.repeat(Key(1)), itertools.repeat([1], 3),
            itertools.islice(iter(words), 1, None, 2), itertools.product(words, [Key(1), Key(2)], repeat=2),
            itertools.product(), itertools.permutations(words), itertools.permutations(words, 2),
            itertools.combinations(words, 3), itertools.combinations(words, 0),
            itertools.combinations_with_replacement(words, 2), itertools.accumulate([1, 2000, 3000]),
            itertools.accumulate([[1], [2]], operator.add, initial=[0]), itertools.compress(words, [1, 0, 1, 1]),
            itertools.dropwhile(lambda w: w < "b", words), itertools.takewhile(lambda w: w < "b", words),
            itertools.filterfalse(lambda w: w < "b", words), itertools.starmap(lambda *a: [a], [(1, 2), (3, 4)]),
            itertools.zip_longest(words, [[1]], fillvalue=Key("fill")),
        ]

    made = [fresh(), [iterator if index in (11, 15) else first(1, iterator) for index, iterator in enumerate(fresh())]]
    ended = itertools.cycle([[1], [2]])
    made.append(first(3, ended))
    groups = itertools.groupby(words, key=lambda w: w[0])
    key, group = next(groups)
    next(group)
    made += [groups, key, group, itertools.groupby(words)]
    source, other, third = itertools.tee((Key(i) for i in range(500)), 3)
    first(200, source), first(3, other), first(57, third)
    made += [source, other, third, itertools.tee([]), itertools.tee(iter(words), 1)]
    if hasattr(itertools, "pairwise"):
        made += [itertools.pairwise(words), first(1, itertools.pairwise([[1], [2], [3]]))]
    if hasattr(itertools, "batched"):
        made += [itertools.batched(words, 2), first(1, itertools.batched([[1], [2], [3]], 2))]
    return made


# ---- io -------------------------------------------------------------------------------------------


@keep
def memory_files():
    class Text(io.StringIO):
        pass

    data = io.BytesIO(b"x" * 1000)
    data.read(10)
    written = io.BytesIO()
    for _ in range(100):
        written.write(b"some bytes")
    shared = io.BytesIO(bytes(range(200)))
    contents = written.getvalue()
    exported = io.BytesIO(b"exported" * 10)
    view = exported.getbuffer()
    gathering = io.StringIO()
    for i in range(100):
        gathering.write(f"line {i}\n")
    moved = io.StringIO("initial" * 30)
    moved.seek(3)
    moved.write("\u1234 overwritten")
    translating = io.StringIO("a\r\nb\n", newline=None)
    subclass = Text("sub")
    subclass.attribute = [1]
    closed = io.BytesIO(b"abc")
    closed.close()
    return [data, written, shared, contents, exported, view, gathering, moved, translating, subclass, closed,
            io.BytesIO(), io.StringIO(), io.StringIO("x" * 600), io.StringIO(newline="\r\n")]


@keep
def files():
    class Raw(io.RawIOBase):
        def readable(self):
            return True

    path = os.path.join(tempfile.mkdtemp(), "file")
    with open(path, "w") as file:
        file.write("some text \u00e9\n" * 2000)
    text = open(path, encoding="utf-8")
    text.readline()
    told = open(path, encoding="utf-8")
    told.read(5), told.tell()
    read = open(path, "rb")
    read.read(10)
    writer = open(path + ".out", "wb")
    writer.write(b"pending")
    pending = open(path + ".text", "w", encoding="latin-1", newline="\r\n", errors="replace")
    pending.write("pending text")
    several = open(path + ".several", "w", encoding="utf-8")
    several.write("one"), several.write("two \u1234"), several.write("three")
    random_access = open(path, "r+b")
    random_access.read(5)
    raw = open(path, "rb", buffering=0)
    raw.attribute = ["of a file"]
    closed = open(path)
    closed.close()
    detached = open(path)
    detached.detach()
    first, second = os.pipe()
    pair = io.BufferedRWPair(open(first, "rb", buffering=0), open(second, "wb", buffering=0))
    decoder = io.IncrementalNewlineDecoder(None, True)
    decoder.decode("a\r")
    wrapped = io.TextIOWrapper(io.BytesIO(b"abc\r\ndef"), encoding="ascii", line_buffering=True)
    wrapped.readline()
    return [text, told, read, writer, pending, several, random_access, raw, closed, detached, pair, decoder, wrapped, Raw(),
            io.BufferedReader(Raw()), os.scandir(os.path.dirname(path)), list(os.scandir(os.path.dirname(path))),
            [entry for entry in os.scandir(b"/") if entry.stat(follow_symlinks=False)][:3], os.stat(path)]


# ---- text -----------------------------------------------------------------------------------------


@keep
def expressions():
    named = re.compile(r"(?P<word>\w+)\s+(?P<number>\d+)")
    match = named.match("word 42 and more")
    matched = re.match(b"(a)(b)?", b"ab")
    matched.regs, match.regs
    scanner = named.scanner("one 1 two 2")
    scanner.match()
    of_bytes = re.compile(b"b+").scanner(bytearray(b"abbbc"))
    of_bytes.search()
    template = re.compile("x(y)")
    template.sub(r"<\1-\g<0>>", "xy xy")
    deep = re.compile(r"(?:(a)|b)*?c").scanner("ab" * 300)
    deep.search()
    return [named, match, matched, scanner, of_bytes, template, deep, re.compile(""), re.compile("(x)" * 20),
            named.finditer("a 1 b 2"), re.compile("literal" * 100), re.match("x?", "")]


@keep
def json_and_csv():
    decoder = json.JSONDecoder(object_hook=Key, parse_float=decimal.Decimal)
    decoder.decode('{"a": [1.5, {"b": null}]}')
    encoder = json.JSONEncoder(default=Key)
    iterator = encoder.iterencode({"a": [1, {"b": 2}]})
    scanner = json.scanner.make_scanner(decoder)
    c_encoder = json.encoder.c_make_encoder({}, Key("default"), json.encoder.encode_basestring, None, ": ", ", ", True, False,
                                            True) if json.encoder.c_make_encoder else None
    reader = csv.reader(["a,b,c", '"quoted, long' + "x" * 5000 + '",2', "3"])
    next(reader), next(reader)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="!\n")
    writer.writerow(["a", "b;c", Key(1)] + ["long" * 1000])
    return [decoder, encoder, iterator, scanner, c_encoder, reader, csv.reader([]), writer, out, writer.dialect,
            csv.get_dialect("excel"), csv.DictReader(["a,b", "1,2"]), csv.writer(io.StringIO())]


@keep
def pickles():
    class Persistent(pickle.Pickler):
        def persistent_id(self, value):
            return None

    class PersistentLoad(pickle.Unpickler):
        def persistent_load(self, value):
            return value

    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=4)
    pickler.dump([["x", i] for i in range(100)])
    fresh = pickle.Pickler(io.BytesIO())
    persistent = Persistent(io.BytesIO())
    persistent.dump({"a": [1]})
    buffer.seek(0)
    unpickler = pickle.Unpickler(buffer)
    unpickler.load()
    lines = pickle.Unpickler(io.BytesIO(pickle.dumps({"a": [1.5, "text"]}, 0)), encoding="latin-1", errors="replace")
    lines.load()
    loader = PersistentLoad(io.BytesIO(pickle.dumps([[], {}])))
    loader.load()
    dispatch = pickle.Pickler(io.BytesIO())
    dispatch.dispatch_table = {Key: lambda key: (Key, (1,))}
    dispatch.fast = True
    dispatch.dump([Key(1)])
    return [pickler, fresh, persistent, unpickler, lines, loader, dispatch, pickler.memo, unpickler.memo,
            pickle.Unpickler(io.BytesIO()), pickle.PickleBuffer(b"abc")]


@keep
def xml():
    import pyexpat
    import xml.etree.ElementTree as ET

    text = "<root a='1'><child b='2'>text<leaf/>tail</child>" + "<many x='y'>z</many>" * 20 + "<e/></root>"
    root = ET.fromstring(text)
    bare = ET.Element("bare")
    with_attributes = ET.Element("with", {"a": "b"}, c="d")
    bare.append(with_attributes)
    emptied = ET.Element("emptied")
    emptied.extend([ET.Element("x") for _ in range(10)])
    emptied.clear()
    deep = root.iter()
    next(deep), next(deep), next(deep)
    texts = root.itertext()
    next(texts)
    builder = ET.TreeBuilder(insert_comments=True)
    builder.start("a", {"b": "c"})
    builder.data("some ")
    builder.data("text")
    builder.start("inner", {})
    parser = ET.XMLParser()
    parser.feed("<open><inner attribute='1'>part of a")
    events = ET.XMLPullParser(["start", "end", "start-ns", "comment"])
    events.feed("<a xmlns:n='urn:n'><n:b>text<!-- comment --></n:b>")
    expat = pyexpat.ParserCreate(intern={})
    expat.StartElementHandler = Key("start")
    expat.CharacterDataHandler = Key("data")
    expat.buffer_text = True
    expat.Parse("<a><b c='d'>text")
    joined = ET.fromstring("<a>one<!-- c -->two</a>")
    return [root, bare, with_attributes, emptied, deep, texts, root.iter("many"), builder, ET.TreeBuilder(Key), parser, events,
            expat, pyexpat.ParserCreate(), expat.ExternalEntityParserCreate("context"), joined, ET.ElementTree(root)]


@keep
def codecs():
    import codecs

    incremental = codecs.getincrementaldecoder("shift_jis")("custom-errors")
    codecs.register_error("custom-errors", codecs.ignore_errors)
    incremental.decode(b"\x83")
    encoder = codecs.getincrementalencoder("iso2022_jp")("replace")
    encoder.encode("\u3042")
    reader = codecs.getreader("euc_jp")(io.BytesIO(b"\xa4\xa2"), "custom-errors")
    writer = codecs.getwriter("gb18030")(io.BytesIO())
    pending = codecs.getincrementalencoder("euc_jis_2004")()
    pending.encode("\u304b")
    return [incremental, encoder, reader, writer, pending, codecs.lookup("big5"), unicodedata.ucd_3_2_0]


# ---- numbers, times -------------------------------------------------------------------------------


@keep
def decimals():
    class Money(decimal.Decimal):
        pass

    context = decimal.Context(prec=200, traps=[decimal.Inexact])
    big = decimal.Context(prec=5000).divide(decimal.Decimal(1), decimal.Decimal(7))
    money = Money("12.50")
    money.currency = ["EUR"]
    manager = decimal.localcontext(context)
    return [decimal.Decimal(0), decimal.Decimal("1.5"), decimal.Decimal("-123456789012345678901234567890.5"),
            decimal.Decimal(10) ** 100, decimal.Decimal("NaN"), decimal.Decimal("-Infinity"), decimal.Decimal("sNaN123"), big,
            decimal.Decimal("1E+1000000"), money, context, context.flags, context.traps, manager, decimal.getcontext(),
            decimal.Decimal("1" * 77), decimal.Decimal("1" * 76)]


@keep
def times():
    class Zone(datetime.tzinfo):
        def utcoffset(self, when):
            return datetime.timedelta(hours=1)

    class Stamp(datetime.datetime):
        pass

    zone, utc = Zone(), datetime.timezone.utc
    stamp = Stamp(2024, 5, 6, 7, 8, 9)
    stamp.note = ["of it"]
    return [datetime.date(2024, 2, 29), datetime.time(1, 2, 3), datetime.time(1, 2, 3, 4, tzinfo=zone),
            datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, tzinfo=utc), datetime.datetime(1, 1, 1, tzinfo=zone),
            Stamp(2024, 1, 1, tzinfo=utc), stamp, datetime.timedelta(-1, 5), datetime.timedelta(days=1, microseconds=1), zone, utc,
            datetime.timezone(datetime.timedelta(hours=5, minutes=30), "IST"), datetime.timezone(datetime.timedelta(hours=-3)),
            datetime.date(2024, 1, 1).isocalendar(), datetime.date.max]


@keep
def zones():
    import zoneinfo

    made = []
    for name in ("Europe/Berlin", "America/New_York", "UTC", "Asia/Tokyo"):
        try:
            made.append(zoneinfo.ZoneInfo(name))
            made.append(zoneinfo.ZoneInfo.no_cache(name))
        except zoneinfo.ZoneInfoNotFoundError:
            pass
    # A file of version 1 and 2 with one transition and a rule for later years.
    head = b"TZif2" + b"\0" * 15

    def block(size):
        counts = struct.pack(">6L", 0, 0, 0, 1, 2, 8)
        times_ = struct.pack(">q" if size == 8 else ">l", 100000)
        return counts + times_ + b"\1" + struct.pack(">lbb", 3600, 0, 0) + struct.pack(">lbb", 7200, 1, 4) + b"CET\0CES\0"

    data = head + block(4) + head + block(8) + b"\nCET-1CES,M3.5.0,M10.5.0/3\n"
    made.append(zoneinfo.ZoneInfo.from_file(io.BytesIO(data), key="Made/Up"))
    made.append(datetime.datetime(2024, 7, 1, tzinfo=made[-1]))
    made[-1].utcoffset(), made[-1].tzname()
    return made


@keep
def arrays():
    class Array(array.array):
        pass

    appended = array.array("d")
    for i in range(1000):
        appended.append(i)
    iterator = iter(appended)
    next(iterator)
    subclass = Array("i", [1, 2])
    subclass.attribute = [1]
    unpacking = struct.iter_unpack("<hh", bytearray(b"abcdefgh"))
    next(unpacking)
    return [array.array("b"), array.array("i", range(100)), array.array("q", [1]), appended, iterator, subclass,
            memoryview(array.array("h", [1, 2, 3])), struct.Struct("<ihhq"), struct.Struct(""), struct.Struct("3x10s4i"),
            struct.Struct("@P2d"), unpacking, random.Random(5), random.SystemRandom()]


@keep
def hashes():
    long = hashlib.sha256()
    long.update(b"x" * 5000)
    made = [long] + [hashlib.new(name) for name in sorted(hashlib.algorithms_guaranteed)]
    for module, names in (("_md5", "md5"), ("_sha1", "sha1"), ("_sha256", "sha256 sha224"), ("_sha512", "sha512 sha384"),
                          ("_sha2", "sha256 sha512"), ("_sha3", "sha3_256 shake_128"), ("_blake2", "blake2b blake2s")):
        try:
            loaded = __import__(module)
        except ImportError:
            continue
        for name in names.split():
            made.append(getattr(loaded, name)(b"x" * 3000))
    import hmac
    return made + [hmac.new(b"key", b"message", "sha256")]


@keep
def compressors():
    import bz2
    import lzma

    text = b"some text " * 1000
    decompress = zlib.decompressobj(zdict=b"dictionary")
    tail = zlib.decompressobj()
    tail.decompress(zlib.compress(text) + b"unused", 100)
    finished = zlib.decompressobj()
    finished.decompress(zlib.compress(text) + b"unused data")
    compress = zlib.compressobj()
    compress.compress(text)
    bz2_waiting = bz2.BZ2Decompressor()
    bz2_waiting.decompress(bz2.compress(text), 10)
    bz2_done = bz2.BZ2Decompressor()
    bz2_done.decompress(bz2.compress(text) + b"unused bz2")
    lzma_waiting = lzma.LZMADecompressor()
    lzma_waiting.decompress(lzma.compress(os.urandom(5000)), 10)
    lzma_done = lzma.LZMADecompressor()
    lzma_done.decompress(lzma.compress(text) + b"unused lzma")
    made = [decompress, tail, finished, compress, bz2_waiting, bz2_done, lzma_waiting, lzma_done, bz2.BZ2Compressor(),
            bz2.BZ2Decompressor(), lzma.LZMACompressor(), lzma.LZMADecompressor()]
    if hasattr(zlib, "_ZlibDecompressor"):
        waiting = zlib._ZlibDecompressor()
        waiting.decompress(zlib.compress(os.urandom(5000)), 10)
        made.append(waiting)
    return made


# ---- the system -----------------------------------------------------------------------------------


@keep
def sockets():
    left, right = socket.socketpair()
    poll = select.poll()
    poll.register(left)
    poll.register(right, select.POLLIN)
    poll.poll(0)
    epoll = select.epoll()
    epoll.register(left)
    closed = socket.socket()
    closed.close()
    memory = mmap.mmap(-1, 8192)
    memory[:5] = b"bytes"
    return [left, right, poll, select.poll(), epoll, closed, memory, left.makefile("rwb"), right.makefile("r")]


@keep
def tls():
    import ssl

    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1", "h2"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.sni_callback = Key("sni")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(b"x" * 100)
    client = context.wrap_bio(incoming, outgoing, server_hostname="example.org")
    try:
        client.do_handshake()
    except ssl.SSLError:
        pass
    left, right = socket.socketpair()
    wrapped = context.wrap_socket(left, server_hostname="example.org", do_handshake_on_connect=False)
    return [context, incoming, outgoing, client, wrapped, right, server]


@keep
def databases():
    import sqlite3

    class Connection(sqlite3.Connection):
        pass

    connection = sqlite3.connect(":memory:", factory=Connection)
    connection.attribute = [1]
    connection.row_factory = sqlite3.Row
    connection.create_function("twice", 1, lambda x: 2 * x)
    connection.create_collation("backwards", lambda a, b: 0)
    connection.set_trace_callback(Key("trace"))
    connection.set_progress_handler(Key("progress"), 1 << 30)
    connection.set_authorizer(lambda *args: 0)
    cursor = connection.execute("create table t (a, b)")
    connection.executemany("insert into t values (?, ?)", [(i, "text %d" % i) for i in range(10)])
    half = connection.execute("select *, twice(a) from t")
    row = half.fetchone()
    whole = connection.cursor()
    whole.execute("select a from t").fetchall()
    made = [connection, cursor, half, row, whole, sqlite3.connect(":memory:"), sqlite3.PrepareProtocol()]
    if hasattr(connection, "blobopen"):
        connection.execute("insert into t values (1, zeroblob(10))")
        made.append(connection.blobopen("t", "b", 11))
    return made


@keep
def c_types():
    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int), ("name", ctypes.c_char_p), ("inner", ctypes.c_double * 4)]

    class Either(ctypes.Union):
        _fields_ = [("i", ctypes.c_int), ("d", ctypes.c_double)]

    class Node(ctypes.Structure):
        pass

    Node._fields_ = [("next", ctypes.POINTER(Node)), ("value", ctypes.py_object)]

    class Big(ctypes.BigEndianStructure):
        _fields_ = [("bits", ctypes.c_int, 3), ("more", ctypes.c_int, 5)]

    point = Point(1, b"name")
    node = Node()
    node.value = Key("in C")
    node.next = ctypes.pointer(Node())
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(Point))(lambda a, b: 0)
    libc = ctypes.CDLL(None)
    function = libc.strlen
    function.argtypes = [ctypes.c_char_p]
    function.restype = ctypes.c_size_t
    function.errcheck = lambda result, f, args: result
    function(b"text")
    plain = libc.getpid
    buffer = ctypes.create_string_buffer(1000)
    texts = (ctypes.c_wchar_p * 3)("a", "b", "c")
    cast = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_int))
    return [Point, point, point.inner, Either, Either(i=1), Node, node, node.next, callback, function, plain, libc, buffer, texts,
            cast, cast.contents, ctypes.byref(point), Point.x, Point.name, Big, Big(), ctypes.c_int(5), ctypes.c_longdouble(1),
            ctypes.c_void_p(), ctypes.py_object([1]), ctypes.c_char_p(b"bytes"), ctypes.POINTER(Either),
            ctypes.c_int * 3, (ctypes.c_int * 3)(1, 2, 3), ((ctypes.c_short * 2) * 3)(), Point.from_buffer(bytearray(100)),
            ctypes.CFUNCTYPE(None), ctypes.c_wchar_p("text"), ctypes.pythonapi.Py_IncRef]


@keep
def syntax():
    tree = ast.parse("def f(a, *b: int, c=1, **d):\n    return [x for x in a if x > 1]\n\nclass C(Base): pass\n")
    import tokenize
    tokens = tokenize.generate_tokens(io.StringIO("a = 1\nb = [2]\n").readline)
    next(tokens), next(tokens)
    return [tree, ast.Name("x", ast.Load()), ast.Constant([1]), ast.Module(body=[]), tokens, ast.expr()]


@keep
def profiles():
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    sorted([Key(3), Key(1)])
    json.dumps({"a": [1, 2]})
    re.compile("profiled")
    profile.disable()
    timed = cProfile.Profile(Key("timer"), 0.001)
    return [profile, timed, cProfile.Profile()]


@keep
def semaphores():
    import multiprocessing

    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    lock.acquire()
    return [lock, context.RLock(), context.Semaphore(3), context.BoundedSemaphore(2)]


# ---- threads, tasks -------------------------------------------------------------------------------


@keep
def threads():
    class Local(threading.local):
        def __init__(self, argument):
            self.argument = argument

    local, subclass = threading.local(), Local(["argument"])
    local.value = [1]
    ready, go = threading.Event(), threading.Event()

    def run():
        local.value = ["of a thread"]
        subclass.value = ["of it too"]
        ready.set()
        go.wait()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    ended = threading.Thread(target=len, args=([],))
    ended.start()
    ended.join()
    locked, rlocked = threading.Lock(), threading.RLock()
    locked.acquire(), rlocked.acquire(), rlocked.acquire()
    simple, emptied, ring = queue.SimpleQueue(), queue.SimpleQueue(), queue.SimpleQueue()
    for i in range(30):
        simple.put([i])
        emptied.put(i)
        ring.put([i])
        if i % 3:
            ring.get()
    for i in range(30):
        emptied.get()
    filled = queue.Queue()
    filled.put(Key(1))
    return [local, subclass, thread, ended, locked, rlocked, threading.Lock(), threading.RLock(), simple, emptied, ring,
            queue.SimpleQueue(), filled, threading.Condition(), threading.Semaphore(), threading.Barrier(2), ready, go,
            _thread._local(), threading.local()]


async def waits(event, value):
    await event.wait()
    return value


@keep
def tasks():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_debug(True)

    async def fails():
        raise ValueError("failed")

    async def start():
        def cancel(future, message):  # with a message since 3.9
            return future.cancel(message) if sys.version_info >= (3, 9) else future.cancel()

        event = asyncio.Event()
        future = loop.create_future()
        future.add_done_callback(Key("first"))
        future.add_done_callback(Key("second"))
        future.add_done_callback(Key("third"))
        resolved, broken, cancelled = loop.create_future(), loop.create_future(), loop.create_future()
        resolved.set_result(["result"])
        broken.set_exception(ValueError("broken"))
        broken.exception()
        cancel(cancelled, "message")
        pending = [asyncio.ensure_future(waits(event, Key(i))) for i in range(3)]
        done = asyncio.ensure_future(waits(event, 1))
        failed = asyncio.ensure_future(fails())
        stopped = asyncio.ensure_future(waits(event, 2))
        gathered = asyncio.gather(*pending)
        shielded = asyncio.shield(pending[0])
        await asyncio.sleep(0)
        cancel(stopped, "stopped")
        failed.cancelled()
        await asyncio.sleep(0.01)
        failed.exception()
        not_started = asyncio.ensure_future(waits(event, 3))
        not_started.attribute = ["of a task"]
        iterator = future.__await__()
        next(iterator)
        return [event, future, resolved, broken, cancelled, pending, done, failed, stopped, gathered, shielded, not_started,
                iterator, resolved.__iter__()]

    made = loop.run_until_complete(start())
    return [loop, made]


sys.stderr.flush()
if len(sys.argv) > 1:
    import oracle

    oracle.record(sys.argv[1])
else:
    print(os.getpid(), flush=True)
    sys.stdin.readline()
os._exit(0)
