"""What has grown between two heaps: each container that grows is the first that is named, what only turns over is not."""

import contextlib
import json
import re
import subprocess
import tempfile
from pathlib import Path

import oracle

LEAKS = oracle.HERE / "leaks"
PROGRAMS = oracle.HERE / "programs"


class Grower:
    """A program that grows with each line of input, and heaps of it in files."""

    def __init__(self, heapglass, interpreter, path, folder):
        self.heapglass = heapglass
        self.folder = folder
        self.files = []
        self.process = subprocess.Popen([*interpreter.command, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        said = self.process.stdout.readline().strip()
        if said.startswith("skip"):
            raise oracle.Skipped(said)
        self.save()

    def save(self):
        self.files.append(Path(self.folder) / f"{len(self.files)}.heap")
        self.heapglass.run("save", self.process.pid, self.files[-1]).close()

    def grow(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the program ended: {line}")
        self.save()

    def diff(self, *arguments):
        with self.heapglass.run("diff", *arguments, "--json") as document:
            return json.load(document)

    def screen(self, *arguments):
        with self.heapglass.run("diff", *arguments) as screen:
            return screen.read().split("\n")


@contextlib.contextmanager
def growing(heapglass, interpreter, path):
    with tempfile.TemporaryDirectory() as folder:
        grower = Grower(heapglass, interpreter, path, folder)
        with grower.process:
            yield grower
            grower.process.stdin.close()


def too_wide(lines):
    return [f"wider than the screen: {line!r}" for line in lines if len(line) > 80]


# ---- leaks as people report them -------------------------------------------------------------------------------------


def program_says(path):
    """(type, paths that the container may have), from the program's docstring."""
    text = path.read_text()
    kind, expected = re.search(r"^grows (\S+): (.+)$", text, re.MULTILINE).groups()
    return kind, [expected, *re.findall(r"^ +or: (django.+log)$", text, re.MULTILINE)]


def check_garbage(document, lines):
    garbage = document["garbage"]
    before, after = garbage["before"], garbage["after"]
    said = f"collectable garbage, not held: {before:,} → {after:,} objects"
    if before < 4000 or after != 2 * before or not lines[4].startswith(said):
        yield f"{garbage}, {lines[4]!r}"
    if any(each["footprint_delta"] > 4096 for each in document["containers"]):
        yield f"{document['containers'][:2]}"


def check_first(document, lines, kind, expected):
    first = (document["containers"] or [{}])[0]
    pattern = "|".join(re.escape(each).replace("NAME", r"\w+").replace("MODULE", r"[\w.]+").replace(r"\.\.\.", ".*?")
                       for each in expected)
    if first.get("type") != kind or not re.fullmatch(pattern, oracle.as_since_3_11(first.get("path", ""))):
        yield f"the first is {first}"
    elif first["delta"] < 1000 or first["after"] != 2 * first["before"] or first["footprint_delta"] < 48 * first["delta"]:
        yield f"{first}"
    if not lines[4].startswith("HOLDS MORE") or kind not in lines[5] or f"{first.get('after', 0):,}" not in lines[5]:
        yield f"the first line is {lines[5]!r}"


def check_leak(heapglass, interpreter, path):
    kind, expected = program_says(path)
    with growing(heapglass, interpreter, path) as grower:
        grower.grow()
        document, lines = grower.diff(*grower.files), grower.screen(*grower.files)
    checks = check_garbage(document, lines) if kind == "garbage" else check_first(document, lines, kind, expected)
    wrong = [*checks, *too_wide(lines)]
    return not wrong, "\n".join(wrong)


# ---- known growth ----------------------------------------------------------------------------------------------------

# What is asked for: (path, type, entries more, containers) of what must come first; None: no entries are told.
GROWTH = {
    "store": ("__main__.app.sub.store", "dict", 1000, 1),
    "head": ("__main__.app.head", "__main__.Node", None, 1),
    "buffer": ("__main__.app.buffer", "bytearray", None, 1),
    "users": ("__main__.app.users[*].log", "list", 1500, 300),
    "more_users": ("__main__.app.users", "dict", 300, 1),
    "rebuilt": ("__main__.REBUILT", "dict", 1000, 1),
    "rebuilt_tuple": ("__main__.TUPLE", "tuple", 1000, 1),
    "replaced": ("__main__.REPLACED[3]", "list", 1000, 1),
    "new": ("__main__.app.sub.fresh", "dict", 1000, 1),
    "attributes": ("__main__.app.sub", "__main__.Part", None, 1),
    "variables": ("__main__.__dict__", "dict", 1000, 1),
}


def check_step(grower, step):
    grower.grow(step)
    first = (grower.diff(*grower.files[-2:])["containers"] or [{}])[0]
    found = tuple(first.get(key) for key in ("path", "type", "delta", "containers"))
    if found != GROWTH[step]:
        yield f"{step}: {first}"


def check_hidden(grower):
    grower.grow("hidden")
    hidden = grower.diff(*grower.files[-2:], "--hidden")["hidden"]
    types = {each["type"]: each["delta"] for each in hidden["types"] if each["unexplained_delta"] >= 499}
    marked = [each for each in hidden["objects"] if each["type"] == "__main__.Marked"]
    if types != {"str": 500, "__main__.Marked": 500}:
        yield f"hidden: {types}"
    if len(marked) != 1 or marked[0]["before"] != 500 or marked[0]["after"] != 1000:
        yield f"hidden: {marked}"


def check_only(grower):
    grower.grow("shrink")
    before, after = grower.files[-2:]
    gone, new = grower.diff(before, after, "--only", "gone")["gone"], grower.diff(before, after, "--only", "new")["new"]
    first = (gone["paths"] or [{}])[0]
    if (first.get("path"), first.get("type"), first.get("count")) != ("__main__.app.users[*]", "__main__.User", 600):
        yield f"gone: {first}"
    if new["objects"] > 50:
        yield f"new: {new}"


def check_growth(heapglass, interpreter):
    with growing(heapglass, interpreter, PROGRAMS / "growing.py") as grower:
        wrong = [each for step in GROWTH for each in check_step(grower, step)]
        wrong += [*check_hidden(grower), *check_only(grower), *too_wide(grower.screen(*grower.files[:2]))]
        wrong += too_wide(grower.screen(*grower.files[:2], "--hidden")) + too_wide(grower.screen(*grower.files[:3]))
    return not wrong, "\n".join(wrong)


# ---- what comes to stay ----------------------------------------------------------------------------------------------


def check_survivors(heapglass, interpreter):
    """Of 2,000 that come between each two heaps all those of the first two are found."""
    with growing(heapglass, interpreter, LEAKS / "global_cache.py") as grower:
        grower.grow()
        grower.grow()
        document = grower.diff(*grower.files)
    first = (document["survivors"]["paths"] or [{}])[0]
    wrong = []
    if (first.get("path"), first.get("type")) != ("shop.cache.ORDERS[*]", "shop.cache.Order"):
        wrong.append(f"{first}")
    elif not 1900 <= first["count"] <= 2000 or document["survivors"]["unproven"] > 50:
        wrong.append(f"{document['survivors']}")
    return not wrong, "\n".join(wrong)


def check_wild(heapglass, interpreter):
    """What turns over is neither growth nor has it come to stay."""
    with growing(heapglass, interpreter, PROGRAMS / "wild.py") as grower:
        grower.grow()
        grower.grow()
        document = grower.diff(*grower.files)
        grown = grower.diff(grower.files[0], grower.files[2])["containers"]
        lines = grower.screen(grower.files[0], grower.files[2])
    survivors = document["survivors"]
    wrong = []
    if survivors["objects"] > 20:
        wrong.append(f"{survivors}")
    if sum(each["footprint_delta"] for each in grown) > 32768 or lines[4] != "no container holds more than before":
        wrong.append(f"{grown[:3]}, {lines[4]!r}")
    return not wrong, "\n".join(wrong)


def check_unrelated(heapglass, interpreter):
    """Of two processes paths alone tell which containers are the same, those of one path together."""
    path = LEAKS / "signal_registry.py"
    with growing(heapglass, interpreter, path) as one, growing(heapglass, interpreter, path) as other:
        other.grow()
        document = one.diff(one.files[0], other.files[1])
    first = (document["containers"] or [{}])[0]
    expected = ("path", "__main__.SIGNALS[*].receivers", 2, 2000, 4000)
    found = (document["matched_by"], *(first.get(key) for key in ("path", "containers", "before", "after")))
    return found == expected, f"{found}"


def cases(interpreter):
    for path in sorted(LEAKS.glob("*.py")):
        yield f"diff leak {path.stem}", check_leak, (path,)
    yield "diff growing", check_growth, ()
    yield "diff survivors", check_survivors, ()
    yield "diff wild", check_wild, ()
    yield "diff unrelated", check_unrelated, ()
