#!/usr/bin/env python3
"""Makes seeds for fuzz_snapshot: a heap of six objects, written from docs/snapshot-format.md.

usage: make_snapshots.py FOLDER"""

import pathlib
import sys


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def signed(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def text(value):
    return varint(len(value)) + value.encode()


def numbers(values, planes=1, zigzag=False):
    if zigzag:
        values = [value << 1 if value >= 0 else (-value << 1) - 1 for value in values]
    return bytes([planes | zigzag << 4, 0]) + b"".join(
        bytes(value >> 8 * plane & 255 for value in values) for plane in range(planes))


def fact(key, value):
    return text(key) + (b"\0" + text(value) if isinstance(value, str) else b"\1" + varint(value))


def varints(*values):
    return b"".join(map(varint, values))


ADDRESSES = [0x10000 + 64 * i for i in range(6)]


def a_type(address, name, family, flags, base, bits, objects):
    return varint(address) + text(name) + text(family) + varints(flags, 16, 0, base, bits, objects, 64, 64, 0)


def root(kind, owner, holder, target, label, argument, name):
    return bytes([kind]) + varints(owner, holder, target, 3) + bytes([label]) + argument + text(name)


def chunks(interpreters):
    """0: type, 1: str type, 2: dict, 3: str "name", 4: function, 5: a tuple, its closure."""
    yield "FACT", 0, fact("command", "python app.py") + fact("pid", 7) + fact("python", "3.11.2")
    yield "SUMS", 0, fact("objects", 6) + fact("part_objects", 16384) + fact("size", 384) + fact("footprint", 384) + fact("tracked", 6)
    row = varints(7, 0, 0, 0, 0) + 3 * (signed(1) + signed(700) + varints(1, 2, 3))
    yield "INTP", 0, b"".join(signed(number) + row for number in range(interpreters))
    yield "DAMG", 0, text("reason") + text("where") + varints(1, 0x10)
    yield "UNCL", 0, varints(0x20000, 32)
    yield "MAPS", 0, varints(0x10000, 0x1000, 3, 1) + text("[heap]")
    yield "TYPE", 0, (a_type(ADDRESSES[0], "type", "type", 1 << 31, 0, 8, 2) + a_type(ADDRESSES[1], "str", "str", 1 << 28, 1, 0, 1)
                      + a_type(0x9000, "dict", "dict", 1 << 29, 1, 4, 1) + a_type(0x9100, "function", "function", 0, 1, 4, 1)
                      + a_type(0x9200, "tuple", "tuple", 1 << 26, 1, 4, 1))
    yield "STAK", 0, b"\0" + text("main") + varint(1) + signed(7) + signed(0) + b"\1" + text("f") + text("app.py") + signed(3) + b"\2" + text("x") + varint(ADDRESSES[2])
    yield "ROOT", 0, (root(0, 0, ADDRESSES[3], ADDRESSES[2], 0, text(".__dict__"), "app")
                      + root(1, 0, 1, ADDRESSES[4], 8, varint(0), "local f in g() app.py:3")
                      + root(13, 0, 1, ADDRESSES[5], 11, varint(8), 'the C stack of thread "main" (7)'))
    yield "GUES", 0, varints(ADDRESSES[5], 0)
    columns = numbers(ADDRESSES, 3) + numbers([0, 0, 2, 1, 3, 4]) + numbers([1, 1, 0x201, 1, 0x201, 0x281], 2)
    columns += b"".join(numbers([3, 0, 1, 2, 1, 1], 1, True) for _ in range(3))
    yield "OBJS", 0, varint(6) + columns + (numbers([0, 1, 0, 1, 0, 0], 1, True) if interpreters > 1 else b"")
    # 2: key 3 -> 4; 4: .__dict__ 2, .__closure__ 5; 5: [0] 3; and one to the outside.
    kinds = bytes([0x43, 0x33, 0x03, 0x03, 0x23, 0xb8])
    yield "REFS", 0, varint(6) + numbers([0, 0, 2, 0, 2, 2], 1, True) + kinds + numbers([4, 4, 5, 8, 5, 1]) + numbers([0, 0, 1, 2, 0, 16]) + varint(
        2) + text(".__dict__") + text(".__closure__") + varint(0xdead)
    yield "VALS", 0, varint(6) + numbers([4, 3, 9, 6, 1, 8]) + b"typestr{1 entry}'name'f(1 item)"
    yield "NAME", 0, varint(3) + text("name")
    yield "FUNC", 0, varints(4, 1, 1) + text("enclosed") + text("given")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for interpreters in 1, 2:
        data = b"".join(tag.encode() + bytes([number]) + len(payload).to_bytes(3, "little") + payload
                        for tag, number, payload in chunks(interpreters))
        (folder / f"interpreters-{interpreters}").write_bytes(data)


if __name__ == "__main__":
    main()
