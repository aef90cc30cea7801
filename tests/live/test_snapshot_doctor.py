"""What `layout` and `doctor` say of a file: the layout is the process's, and damage anywhere in the file is noticed."""

import json
import random
import subprocess
import tempfile
from pathlib import Path

import oracle

PROGRAM = "small.py"
CHANGED = 40  # bytes that are changed, one at a time


def run(heapglass, *arguments):
    done = subprocess.run([heapglass.binary, *map(str, arguments)], env=heapglass.environment, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def check_layout(heapglass, pid, folder):
    heap, again = folder / "heap", folder / "again"
    run(heapglass, "layout", pid)  # so that the next ones have it from the cache alike
    for arguments in (("save", pid, heap), ("save", heap, again)):
        if run(heapglass, *arguments)[0]:
            yield f"{arguments} failed"
    wanted = {option: run(heapglass, "layout", pid, *option)[1].replace(f"pid {pid}", "FILE") for option in ((), ("--emit",))}
    for path in (heap, again):
        for option, text in wanted.items():
            status, out, err = run(heapglass, "layout", path, *option)
            if status or not text or out.replace(str(path), "FILE") != text:
                yield f"layout of {path.name} {option} is another: {err}"


def check_whole(heapglass, pid, path):
    status, out, _ = run(heapglass, "doctor", path, "--json")
    document = json.loads(out)
    top = json.loads(run(heapglass, "top", path, "--json")[1])
    kinds = {kind["tag"]: kind for kind in document["file"]["kinds"]}
    if status or not document["file"]["ok"] or document["source"]["pid"] != pid:
        yield f"a whole file is not: {status}, {document['file']}"
    if document["totals"]["objects"] != top["totals"]["objects"] or not document["totals"]["references"]:
        yield f"totals {document['totals']}"
    # the file's header and the closing chunk are of no kind
    if sum(kind["bytes"] for kind in kinds.values()) + 16 + 64 != path.stat().st_size or "LAYT" not in kinds:
        yield f"kinds {kinds}"
    for line in run(heapglass, "doctor", path)[1].splitlines():
        if len(line) > 80:
            yield f"wider than the screen: {line!r}"


def check_damaged(heapglass, path, folder):
    data, other = path.read_bytes(), folder / "damaged"
    choose = random.Random(4711)
    for _ in range(CHANGED):
        at = choose.randrange(16, len(data))
        other.write_bytes(data[:at] + bytes([data[at] ^ 1 << choose.randrange(8)]) + data[at + 1:])
        status, out, _ = run(heapglass, "doctor", other)
        if status != 5 or "NO: " not in out:
            yield f"byte {at} changed: {status}, {out}"
    for length in (0, 10, 16, 100, len(data) // 2, len(data) - 1):
        other.write_bytes(data[:length])
        status, out, err = run(heapglass, "doctor", other)
        expected = "cut off" if length else "the file is empty"
        if status != 5 or expected not in (err if length < 16 else out):
            yield f"cut off at {length}: {status}, {out}, {err}"
    other.write_text("no snapshot\n")
    status, out, err = run(heapglass, "doctor", other)
    if status != 5 or out or err.count("\n") != 1:
        yield f"no snapshot: {status}, {out}, {err}"


def check_refusals(heapglass, path):
    """Options that say how to capture mean nothing for a file; a series is no snapshot."""
    for arguments in (("top", path, "--pause", "none"), ("objects", path, "--max-pause", "1s"), ("doctor", path, "--python", "1"),
                      ("layout", path, "--python", "1"), ("diff", path, path, "--max-memory", "1G"), ("growth", path)):
        status, out, err = run(heapglass, *arguments)
        if status != 2 or out or err.count("\n") != 1:
            yield f"{arguments}: {status}, {out}, {err}"


def check(heapglass, interpreter):
    with tempfile.TemporaryDirectory() as name, oracle.Target(interpreter, PROGRAM, record=False) as target:
        folder, pid = Path(name), target.pid
        wrong = [*check_layout(heapglass, pid, folder), *check_whole(heapglass, pid, folder / "heap"),
                 *check_damaged(heapglass, folder / "heap", folder), *check_refusals(heapglass, folder / "heap")]
    return not wrong, "\n".join(wrong)


def cases(_interpreter):
    yield "snapshot doctor", check, ()
