#!/usr/bin/env python3
"""Seeds for fuzz_decoder: for each type of each decoder an object whose words point to more objects.

usage: make_seeds.py FOLDER
"""

import pathlib
import random
import struct
import sys

LAYOUTS = 2
TYPES = 1200  # more than there are: the target takes the remainder
OBJECT_OFFSET = 64
WORDS = 256

IN_MEMORY, TYPE = 0xA1 << 56, 0xA2 << 56


def word(random_source):
    """A word that a structure might hold: a pointer to one of the objects, a count, a flag, nothing."""
    kind = random_source.randrange(8)
    if kind < 4:
        return IN_MEMORY | (OBJECT_OFFSET + 128 * random_source.randrange(WORDS // 16))
    if kind < 6:
        return random_source.randrange(6)
    return 0 if kind == 6 else random_source.choice([1 << 32, 0xFFFFFFFF, 2**64 - 1, 8 | 1 << 40])


def seed(number):
    random_source = random.Random(number)
    words = [word(random_source) for _ in range(WORDS)]
    for start in range(OBJECT_OFFSET // 8, WORDS, 16):
        words[start] = random_source.randrange(1, 4)  # ob_refcnt
        words[start + 1] = TYPE | random_source.randrange(TYPES)
    return struct.pack(f"<BH{WORDS}Q", number % LAYOUTS, number % TYPES, *words)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(TYPES + 1):
        (folder / f"{number:04}").write_bytes(seed(number))


if __name__ == "__main__":
    main()
