"""10^5 objects beside big data without pointers: an anonymous mapping, as numpy makes it, and a huge bytearray."""

import mmap
import sys

import mix
import oracle

size = int(float(sys.argv[2]) * 2**30)
root = mix.build(100_000)
data = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, size, 4096):
    data[at] = 0x80  # resident, and no pointer
raw = bytearray(size // 4)

oracle.record(sys.argv[1])
