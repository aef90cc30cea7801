"""The chunks of a snapshot (docs/snapshot-format.md), without their sums; and such files made anew."""

import ctypes
import ctypes.util
import struct

import oracle

HEAD = struct.Struct("<4sIQQQQ")


def zstd():
    """libzstd, which heapglass uses, too."""
    try:
        library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    except OSError as why:
        raise oracle.Skipped(f"no libzstd: {why}")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t
    return library


def chunks(data):
    """(tag, number, payload) of each chunk."""
    library = zstd()
    at = 16
    while at < len(data):
        tag, flags, number, stored, raw, _ = HEAD.unpack_from(data, at)
        payload = data[at + HEAD.size:at + HEAD.size + stored]
        if flags & 1:
            unpacked = ctypes.create_string_buffer(max(raw, 1))
            if library.ZSTD_decompress(unpacked, raw, payload, stored) != raw:
                raise ValueError(f"chunk {tag} {number} is damaged")
            payload = unpacked.raw[:raw]
        yield tag.decode(), number, payload
        at += HEAD.size + stored
