"""Leaks as people report them: for each one command names the holder in its first line."""

import json
import re
import subprocess

import oracle

LEAKS = oracle.HERE / "leaks"


def program_says(path):
    """(command, type, what its first line must name), from the program's docstring; the last one is what it may name, if other
    versions, or packages, have another way to it: 'or: ...'."""
    text = path.read_text()
    command, name, expected = re.search(r"^(paths|garbage) (\S+): (.+)$", text, re.MULTILINE).groups()
    return command, name, [expected, *re.findall(r"^ +or: (.+)$", text, re.MULTILINE)]


def first_path(heapglass, pid, name):
    """The path of the first line, as the screen has it, and what JSON says of it."""
    with heapglass.run("paths", pid, name) as screen:
        line = screen.readline().strip()
    with heapglass.run("paths", pid, name, "--json") as document:
        first = (json.load(document)["merged"] or [{}])[0]
    shown = line.partition(": ")[2].partition(" (retain")[0]
    return oracle.as_since_3_11(shown), first


def check_paths(heapglass, pid, name, expected):
    shown, first = first_path(heapglass, pid, name)
    wrong = []
    pattern = "|".join(re.escape(each).replace("NAME", r"\w+").replace("MODULE", r"[\w.]+") for each in expected)
    if not re.fullmatch(pattern, shown):
        wrong.append(f"the first line names {shown!r}, not {expected!r}")
    if not re.fullmatch(pattern, oracle.as_since_3_11(first.get("path", ""))):
        wrong.append(f"JSON names {first.get('path')!r}")
    if first.get("count", 0) < 1000 or first["count"] > first["of"] or first["retained"] < 48 * first["count"]:
        wrong.append(f"{first}")
    return wrong


def check_garbage(heapglass, pid, name, expected):
    with heapglass.run("garbage", pid, "--json") as document:
        found = json.load(document)["collectable"]
    with heapglass.run("paths", pid, name, "--json") as document:
        paths = json.load(document)
    wrong = []
    if not found["groups"] or found["groups"][0]["cycle"] not in expected:
        wrong.append(f"{found['groups'][:1]}")
    if paths["unreached"] != paths["objects"] or paths["merged"]:
        wrong.append(f"something seems to hold it: {paths['merged'][:1]}")
    return wrong


def check(heapglass, interpreter, path):
    command, name, expected = program_says(path)
    with subprocess.Popen([*interpreter.command, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as target:
        said = target.stdout.readline().strip()
        if said.startswith("skip"):
            raise oracle.Skipped(said)
        checks = {"paths": check_paths, "garbage": check_garbage}
        wrong = checks[command](heapglass, target.pid, name, expected)
        target.stdin.close()
    return not wrong, "\n".join(wrong)


def cases(interpreter):
    for path in sorted(LEAKS.glob("*.py")):
        yield f"leak {path.stem}", check, (path,)
