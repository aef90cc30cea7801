"""What heapglass says of a process with a table of another release, proven on it, against what it says with DWARF."""

import json
from collections import Counter

import oracle
import test_oracle

PROGRAMS = (("everything.py", ()), ("threads.py", (5,)))


def lines(heapglass, target):
    """The envelope, and address -> object."""
    with heapglass.run("objects", target.pid, "--json", "--refs", "-n", 0) as text:
        envelope = json.loads(next(text))
        return envelope["source"], {each["address"]: each for each in map(json.loads, filter(str.strip, text))}


def document(heapglass, target, command):
    with heapglass.run(command, target.pid, "--json") as text:
        said = json.load(text)
    del said["source"]
    return said


def held_by(objects, types):
    """The addresses of what objects of these types hold, directly or not."""
    held, left = set(), [each for each in objects.values() if each["type"] in types]
    while left:
        for address in (set(left.pop()["refs"]) & objects.keys()) - held:
            held.add(address)
            left.append(objects[address])
    return held


def differences(expected, found, guessed):
    """(type, what differs) -> how often. Of what is guessed by its own word, references and inexact sizes may differ, and
    with them how what they hold is found."""
    behind = held_by(expected, guessed) if guessed else ()
    counts, first = Counter(), {}
    for address in expected.keys() | found.keys():
        theirs, ours = expected.get(address), found.get(address)
        if not theirs or not ours:
            different = ["lacking" if theirs else "too many"]
        else:
            different = [key for key in theirs if theirs[key] != ours.get(key)]
        name = (theirs or ours)["type"]
        if name in guessed:
            free = {"refs", "guesses", "visits", "weakrefs", "footprint"}
            free |= {"size", "size_exact"} if ours and not ours["size_exact"] else set()
            different = [key for key in different if key not in free]
        if address in behind:
            different = [key for key in different if key not in ("reachable", "found", "guessed", "lacking")]
        for key in different:
            counts[name, key] += 1
            first.setdefault((name, key), address)
    return [f"{count} × {name}: {key}, first {first[name, key]}" for (name, key), count in counts.most_common()]


def unequal(where, expected, found):
    """Paths of what differs between two documents."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        return [each for key in expected for each in unequal(f"{where}.{key}", expected[key], found[key])]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [each for i, pair in enumerate(zip(expected, found)) for each in unequal(f"{where}[{i}]", *pair)]
    if expected == found or (where.endswith(".value") and found is None):  # of what is guessed
        return []
    return [f"{where}: {found!r:.200}, not {expected!r:.200}"]


def check(derived, interpreter, program, arguments):
    """Static variables that only symbols name are hidden from both."""
    dwarf = test_oracle.Heapglass(derived.binary, dict(derived.environment, HEAPGLASS_HIDE="symtab"))
    with oracle.Target(interpreter, program, arguments, record=False) as target:
        truth, expected = lines(dwarf, target)
        if not truth["layout"].startswith("dwarf"):
            raise oracle.Skipped("no debug symbols")
        source, found = lines(derived, target)
        wrong = differences(expected, found, set(source["guessed_types"]))
        for command in "threads", "garbage":
            wrong += unequal(command, document(dwarf, target, command), document(derived, target, command))
    guessed = ", ".join(source["guessed_types"]) or "nothing"
    summary = f"{source['layout']} against {truth['layout']}: {len(found)} objects, guessed: {guessed}"
    return not wrong, "\n".join([summary, *wrong[:40]])


def cases(_):
    """(name, function, further arguments) of each test."""
    for program, arguments in PROGRAMS:
        yield " ".join(["equals DWARF", program, *map(str, arguments)]), check, (program, arguments)
