"""The oracle's recordings: building the extension for an interpreter, running a program with it, reading the result."""

import array
import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "oracle_extension" / "oracle.c"
PROGRAMS = HERE / "programs"

GC, TRACKED, LISTED, FROZEN, IMMORTAL, NOTED, GARBAGE, SIZE_FAILED = (1 << bit for bit in range(8))
GENERATION_SHIFT = 8
TYPE_FOREIGN_SIZEOF = 1
HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE

NODE_WORDS = 8
TYPE_WORDS = 8


class Recording:
    """What one process said of itself: columns over its objects, and its types."""

    def __init__(self, path):
        with open(path, "rb") as file:
            if file.read(8) != b"HGORACLE":
                raise ValueError(f"{path} is no recording")
            head = array.array("Q")
            head.fromfile(file, 6)
            self.version_hex, self.allocated_blocks, node_count, edge_count, type_count, name_bytes = head
            nodes = array.array("q")
            nodes.fromfile(file, node_count * NODE_WORDS)
            self.edges = array.array("Q")
            self.edges.fromfile(file, edge_count)
            types = array.array("q")
            types.fromfile(file, type_count * TYPE_WORDS)
            names = file.read(name_bytes)
        (self.address, self.type, self.refcount, self.flags, self.size, self.first_edge, self.traversed,
         self.owned) = (nodes[column::NODE_WORDS] for column in range(NODE_WORDS))
        self.index = {address: index for index, address in enumerate(self.address)}
        self.types = {}
        for at in range(0, len(types), TYPE_WORDS):
            address, tp_flags, basicsize, itemsize, _, _, flags, name = types[at:at + TYPE_WORDS]
            name = names[name:names.index(b"\0", name)].decode("utf-8", "surrogateescape")
            self.types[address] = RecordedType(name, tp_flags, basicsize, itemsize, flags)
        self.malloc = read_malloc_stats(Path(f"{path}.malloc"))

    def __len__(self):
        return len(self.address)

    def type_of(self, index):
        return self.types[self.type[index]]

    def traversed_edges(self, index):
        first = self.first_edge[index]
        return self.edges[first:first + self.traversed[index]]

    def owned_edges(self, index):
        first = self.first_edge[index] + self.traversed[index]
        return self.edges[first:first + self.owned[index]]


class RecordedType:
    def __init__(self, name, tp_flags, basicsize, itemsize, flags):
        self.name = name
        self.is_heap_type = bool(tp_flags & HEAP_TYPE)
        self.basicsize = basicsize
        self.itemsize = itemsize
        self.foreign_sizeof = bool(flags & TYPE_FOREIGN_SIZEOF)


def read_malloc_stats(path):
    """sys._debugmallocstats(): {block size: blocks in use}; empty where pymalloc is not in use."""
    blocks = {}
    text = path.read_text(errors="replace") if path.exists() else ""
    for line in text.splitlines():
        row = re.fullmatch(r"\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*", line)
        if row:
            _, size, _, in_use, _ = map(int, row.groups())
            blocks[size] = blocks.get(size, 0) + in_use
    return blocks


def build_extension(include, source=SOURCE):
    """Compiles the oracle, or another one, against the headers in `include`; returns the folder to put on PYTHONPATH."""
    key = hashlib.sha256(source.read_bytes() + str(include).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"heapglass-oracle-{os.getuid()}" / key
    library = folder / f"{source.stem}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{library.name}.{os.getpid()}"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-g", "-Wall", "-Wextra", "-shared", "-fPIC",
                        f"-I{include}", "-o", partial, source], check=True)
        partial.rename(library)
    return folder


def as_since_3_11(path):
    """Before, the frame of a generator is an object, a step of its own; before 3.10 what wakes a task is no bound method."""
    return re.sub(r"\.(gi|cr|ag)_frame local ", " local ", path).replace("->ww_task", ".__self__")


class Skipped(Exception):
    """The program cannot run on this interpreter, and says why."""


class Target:
    """A program that has built its heap, recorded it, and waits. A context manager: at the end it is gone."""

    def __init__(self, interpreter, program, arguments=(), environment=None, record=True, timeout=120):
        self.interpreter = interpreter
        self.folder = tempfile.TemporaryDirectory(prefix="heapglass-oracle-")
        self.path = os.path.join(self.folder.name, "recording") if record else ""
        settings = dict(os.environ, PYTHONPATH=str(build_extension(interpreter.include)),
                        PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", **(environment or {}))
        settings.pop("PYTHONHOME", None)
        self.process = subprocess.Popen([*interpreter.command, PROGRAMS / program, self.path, *map(str, arguments)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=settings)
        self.pid = self.process.pid
        try:
            said = read_line(self.process.stdout, timeout)
            if said.startswith(b"skip:"):
                raise Skipped(said.decode().strip())
            if said != b"recorded\n":
                raise RuntimeError(f"{program} on {interpreter.name}: no recording ({said!r})")
        except BaseException:
            self.close()
            raise

    def recording(self):
        return Recording(self.path)

    def state(self):
        """R, S, T, t...: of the process as a whole."""
        with open(f"/proc/{self.pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()

    def end(self, timeout=60):
        """Lets it run on to its end; its exit status."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return self.process.wait(timeout)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_line(pipe, timeout):
    """One line from a process, or what it said until `timeout` seconds or its end."""
    import select
    import time
    deadline = time.monotonic() + timeout
    said = b""
    while not said.endswith(b"\n") and time.monotonic() < deadline:
        if not select.select([pipe], [], [], max(0, deadline - time.monotonic()))[0]:
            break
        byte = os.read(pipe.fileno(), 1)
        if not byte:
            break
        said += byte
    return said
