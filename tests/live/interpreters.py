"""Which interpreters there are to test on: the machine's, those of pyenv, those that scripts/fetch-interpreters unpacked."""

import glob
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Interpreter:
    def __init__(self, command, name, binary, include, version, abi_flags=""):
        self.command = command  # to run it
        self.name = name        # for people
        self.binary = binary    # the ELF file, for `heapglass layout`
        self.include = include  # folder with Python.h, or None
        self.version = version  # (3, 11, 2)
        self.abi_flags = abi_flags  # "d" of a debug build, "t" of a free-threaded one

    def __repr__(self):
        return self.name


PROBE = ("import sys, sysconfig; print(sys.executable); print(sysconfig.get_path('include'));"
         "print('.'.join(map(str, sys.version_info[:3]))); print(sys.implementation.name); print(sys.abiflags)")


def probe(command, label, prefix=""):
    """Asks an interpreter what it is; None if it can't be run or is no CPython 3."""
    try:
        said = subprocess.run([*command, "-c", PROBE], capture_output=True, text=True, timeout=30, check=True).stdout
        executable, include, version, implementation, abi_flags = said.split("\n")[:5]
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    version = tuple(map(int, version.split(".")))
    if implementation != "cpython" or version < (3, 8):
        return None
    if executable.startswith(prefix + "/"):
        prefix = ""  # it runs outside of its root, by its own loader
    include = prefix + include
    if not os.path.exists(os.path.join(include, "Python.h")):
        include = None
    return Interpreter(command, label.format(".".join(map(str, version))),
                       os.path.realpath(prefix + executable) if not prefix else prefix + executable, include, version, abi_flags)


def discover(others=False):
    """All of them, each real binary once; with `others` also those that only tables are made of."""
    found = []
    for path in sorted(glob.glob("/usr/bin/python3.[0-9]*")):
        if re.fullmatch(r"python3\.\d+d?", os.path.basename(path)):
            found.append(probe([path], "debug-{}" if path.endswith("d") else "system-{}"))
    for path in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python3"))):
        found.append(probe([path], "pyenv-{}"))
    for command, label, prefix in fetched(others):
        found.append(probe(command, label, prefix))
    known, result = set(), []
    for interpreter in filter(None, found):
        if interpreter.binary not in known:
            known.add(interpreter.binary)
            result.append(interpreter)
    lend_headers(result)
    return result


def fetched(others):
    """What `scripts/fetch-interpreters --list` prints: name, root folder and command, separated by tabs."""
    script = ROOT / "scripts" / "fetch-interpreters"
    if not script.exists():
        return
    said = subprocess.run([script, "--list"], capture_output=True, text=True).stdout
    for line in said.splitlines():
        name, root, command, *use = line.split("\t")
        if others or not use:
            yield command.split(), name, root


def lend_headers(interpreters):
    """An interpreter without headers takes those of another one of its minor version and kind."""
    by_kind = {(i.version[:2], i.abi_flags): i.include for i in interpreters if i.include}
    for interpreter in interpreters:
        interpreter.include = interpreter.include or by_kind.get((interpreter.version[:2], interpreter.abi_flags))


def named(text):
    """An interpreter by path or by its name in discover(), or None."""
    path = shutil.which(text) or text
    for interpreter in discover(others=True):
        if path in (interpreter.name, interpreter.command[0]) or os.path.realpath(path) == interpreter.binary:
            return interpreter
    return probe([path], f"{Path(path).name}-{{}}")


if __name__ == "__main__":
    for each in discover():
        print(each.name, *each.command, each.binary, each.include or "no headers", sep="  ")
    sys.exit()
