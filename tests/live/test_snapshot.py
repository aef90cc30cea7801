"""Snapshots: what is printed of a file is what is printed of the process that it was saved from."""

import contextlib
import json
import os
import re
import subprocess
import tempfile

import oracle

TYPES = ("__main__.Node", "__main__.Finalized", "dict", "list", "cell", "type", "functools._lru_cache_wrapper", "weakref*",
         "generator", "_*.Task")

# Of each command what differs in what it asks of a heap; @ stands for the source, ADDRESS for each address.
OF_HEAPS = (
    "top @", "top @ --json", "top @ --csv -n 0", "top @ --sort size", "top @ --sort objects", "top @ --sort retained -n 0",
    "top @ --sort unreachable", "top @ --sort type", "top @ --by holder", "top @ --by holder --json", "top @ --interpreter 0",
    "objects @ -n 0", "objects @ --json --refs", "objects @ --csv --refs", "objects @ --sort retained -n 200", "objects @ --sort refcount",
    "objects @ --unreachable --json", "objects @ --interpreter 0 -n 50", "objects @ --type *.Node", "dominators @ -n 0",
    "dominators @ --json", "dominators @ hidden", "garbage @ -n 0", "garbage @ --json", "audit @ -n 0", "audit @ --json",
    "audit @ --type dict", "threads @ -n 0", "threads @ --json", "object @ 0x10", "objects @ --type nothing", "top @ --interpreter 77",
    *(f"paths @ {each}" for each in TYPES), *(f"paths @ {each} --json -n 0" for each in TYPES),
    "paths @ __main__.Node --exclude .CACHE", "paths @ dict --exclude module --exclude guessed", "top @ --no-values",
    "objects @ --no-values --refs --json", "paths @ __main__.Node --no-values", "threads @ --no-values --json",
)
OF_ADDRESSES = (
    "object @ ADDRESS", "object @ ADDRESS --json", "refs @ ADDRESS", "refs @ ADDRESS --dot", "refs @ ADDRESS --depth 3 --json",
    "referrers @ ADDRESS", "referrers @ ADDRESS --depth 3", "referrers @ ADDRESS --dot --depth 2", "referrers @ ADDRESS --json",
    "paths @ ADDRESS", "paths @ ADDRESS --json", "paths @ ADDRESS --exclude module", "dominators @ ADDRESS",
    "object @ ADDRESS --no-values", "refs @ ADDRESS --no-values",
)
FEW = ("top @ --json -n 0", "objects @ -n 0", "objects @ --json --refs", "objects @ --sort retained -n 0", "garbage @ --json", "audit @ --json",
       "threads @ --json", "paths @ dict --json", "dominators @ --json", "top @ --by holder --json", "objects @ --no-values --refs --json")
FEW_ADDRESSES = ("object @ ADDRESS --json", "paths @ ADDRESS", "referrers @ ADDRESS --depth 3")


class Output:
    def __init__(self, command, status, text, errors):
        self.command, self.status, self.errors, self.head = command, status, errors, ""
        if "--json" in command:
            source = re.search(r'"source": \{.*?"taken_at": "[^"]*"\},? ?', text, flags=re.DOTALL)
            self.head = source.group() if source else ""
            text = text.replace(self.head, "", 1)
        self.lines = text.split("\n")
        if re.search(r"   CPython \d", self.lines[0]):
            self.head = self.lines.pop(0)


def run(heapglass, command, source, address=""):
    words = [str(source) if word == "@" else address if word == "ADDRESS" else word for word in command.split()]
    done = subprocess.run([heapglass.binary, *words], capture_output=True, text=True, env=heapglass.environment, timeout=120)
    return Output(command, done.returncode, done.stdout, done.stderr.replace(str(source), "SOURCE"))


def difference(first, second):
    """What is different between two outputs, or None."""
    if (first.status, first.errors) != (second.status, second.errors):
        return f"exit {first.status} {first.errors.strip()!r}, {second.status} {second.errors.strip()!r}"
    for number, (one, other) in enumerate(zip(first.lines, second.lines)):
        if one != other:
            return f"line {number}:\n   {one[:300]}\n   {other[:300]}"
    if len(first.lines) != len(second.lines):
        return f"{len(first.lines)} and {len(second.lines)} lines"
    return None


@contextlib.contextmanager
def target(interpreter, program="kept.py", arguments=(), environment=None):
    """A program that waits: its pid, what it said, and a folder for files."""
    command = [*interpreter.command, str(oracle.PROGRAMS / program), *arguments]
    settings = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(environment or {}))
    with tempfile.TemporaryDirectory(prefix="heapglass-snapshot-") as folder, \
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=settings) as process:
        try:
            said = process.stdout.readline()
            if not said.strip():
                raise RuntimeError(f"{program} on {interpreter.name} did not start")
            yield process.pid, json.loads(said), folder
        finally:
            process.kill()


def save(heapglass, source, path, *options):
    done = subprocess.run([heapglass.binary, "save", str(source), path, *options], capture_output=True, text=True,
                          env=heapglass.environment, timeout=120)
    if done.returncode or done.stdout or done.stderr:
        raise RuntimeError(f"save {source}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return path


def compare(heapglass, one, other, commands):
    """What differs. A command has its address behind it, or ""."""
    wrong = []
    for command, address in commands:
        found = difference(run(heapglass, command, one, address), run(heapglass, command, other, address))
        if found:
            wrong.append(f"{command.replace('ADDRESS', address)}: {found}")
    return wrong


def all_commands(addresses):
    """Each command; each of those that take an address for every sixth of them."""
    return [(command, "") for command in OF_HEAPS] + [
        (command, address) for place, address in enumerate(addresses) for command in OF_ADDRESSES[place % 6::6]]


def few_commands(addresses):
    return [(command, "") for command in FEW] + [(command, address) for address in addresses[-3:] for command in FEW_ADDRESSES]


def check_round_trip(heapglass, interpreter, commands, arguments=(), environment=None):
    with target(interpreter, "kept.py", arguments, environment) as (pid, addresses, folder):
        file = save(heapglass, pid, os.path.join(folder, "first"))
        chosen = commands(addresses)
        wrong = compare(heapglass, pid, file, chosen)
    return not wrong, "\n".join(wrong) or f"{len(chosen)} commands"


def check_saved_again(heapglass, interpreter):
    """A snapshot of a snapshot, and a second one of a process that did not change."""
    with target(interpreter) as (pid, addresses, folder):
        first, second, again = (os.path.join(folder, name) for name in ("first", "second", "again"))
        save(heapglass, pid, first)
        save(heapglass, pid, second)
        save(heapglass, first, again)
        wrong = [each for other in (second, again) for each in compare(heapglass, first, other, few_commands(addresses))]
    return not wrong, "\n".join(wrong) or f"{2 * len(few_commands(addresses))} commands"


def cases(interpreter):
    """(name, function, further arguments) of each test."""
    yield "snapshot round trip", check_round_trip, (few_commands,)
    yield "snapshot all commands", check_round_trip, (all_commands,)
    yield "snapshot PYTHONMALLOC=malloc", check_round_trip, (few_commands, ("tasks",), {"PYTHONMALLOC": "malloc"})
    yield "snapshot saved again", check_saved_again, ()
