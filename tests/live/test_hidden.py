"""--no-values: none of the secrets that a program has anywhere is in the file, nor on the screen; what the code names is."""

import os
import re
import struct
from pathlib import Path

import snapshot_file
from test_snapshot import all_commands, compare, few_commands, run, save, target

PROGRAM = "secrets_kept.py"
ARGUMENT = "--xyzzy-argument"
ENVIRONMENT = {"XYZZY_VARIABLE": "xyzzy value"}
TEXT = "xyzzy"
DIGITS = "90817263"
# One of these is in all that WRITTEN finds; they are looked for much faster.
SIGNS = (TEXT, DIGITS, "9081726.", "1987", ":03:02", TEXT.encode().hex(), "ehl6enk")
WRITTEN = re.compile(rf"{TEXT}|{DIGITS}|9081726\.|1987[-, ]+0?6|0?4:03:02|{TEXT.encode().hex()}|eHl6enk", re.IGNORECASE)
ADDRESS = re.compile("0x[0-9a-f]+")

# What the code names, with which screens it must still be on.
NAMED = (
    ("paths @ __main__.Order -n 0", "__main__.CACHE[*]"), ("paths @ __main__.Order -n 0", "__main__.DYNAMIC"), ("paths @ __main__.Order -n 0", "__main__.BY_TUPLE[*]"),
    ("paths @ __main__.Order -n 0", "__main__.CLOSURE closure enclosed"), ("paths @ __main__.Order -n 0", "local variable in work"),
    ("paths @ __main__.Order -n 0", "[#"), ("top @ --by holder -n 0", "__main__.CACHE"), ("threads @", "secrets_kept.py"), ("threads @", "variable"),
    ("threads @", "[#2]"),
)
NAMED_BY_OBJECTS = ".account", "[#"


def secrets_in(text):
    """Where there is what must not be, with some of what is around it."""
    lowered = text.lower()
    if not any(sign in lowered for sign in SIGNS):
        return []
    return [text[max(0, found.start() - 60):found.end() + 40] for found in WRITTEN.finditer(text)]


def secrets_in_bytes(payload):
    """The same of a chunk, in whatever encoding."""
    found = secrets_in(payload.decode("latin-1"))
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        if any(each.encode(encoding) in payload for each in (TEXT, DIGITS)):
            found.append(encoding)
    for number in (908172638888888, 908172637777777, 908172636666666, 908172639999):
        digits = struct.pack("<II", number & (1 << 30) - 1, number >> 30)
        if number.to_bytes(8, "little") in payload or digits in payload:
            found.append(str(number))
    return found


def check_file(path):
    wrong, tags = [], set()
    for tag, number, payload in snapshot_file.chunks(Path(path).read_bytes()):
        wrong += [f"chunk {tag} {number}: {each!r}" for each in secrets_in_bytes(payload)[:3]]
        tags.add(tag)
    missing = {"FACT", "SUMS", "TYPE", "STAK", "ROOT", "OBJS", "REFS", "VALS", "NAME"} - tags
    return wrong + ([f"no chunks {missing}"] if missing else [])


def check_screens(heapglass, source, options, commands):
    wrong = []
    for command, address in commands:
        done = run(heapglass, f"{command} {options}", source, address)
        wrong += [f"{command.replace('ADDRESS', address)} {options} shows {each!r}"
                  for each in secrets_in(ADDRESS.sub("0x", "\n".join(done.lines) + done.errors + done.head))[:2]]
    return wrong


def check_names(heapglass, source, options, addresses):
    """What the code names is still there."""
    wrong = []
    for command, text in NAMED:
        if not any(text in line for line in run(heapglass, f"{command} {options}", source).lines):
            wrong.append(f"{command} {options} does not show {text}")
    if not any("__main__.made.notes" in line for line in run(heapglass, f"paths @ ADDRESS {options}", source, addresses[-1]).lines):
        wrong.append(f"paths does not show .notes {options}")
    shown = "\n".join(line for address in addresses[:1] + addresses[-2:-1]
                      for line in run(heapglass, f"refs @ ADDRESS {options}", source, address).lines)
    return wrong + [f"no object shows {text} {options}" for text in NAMED_BY_OBJECTS if text not in shown]


def without_option(commands):
    return [(command.replace(" --no-values", ""), address) for command, address in commands]


def check(heapglass, interpreter, commands):
    with target(interpreter, PROGRAM, [ARGUMENT], ENVIRONMENT) as (pid, addresses, folder):
        hidden, whole, again = (os.path.join(folder, name) for name in ("hidden", "whole", "again"))
        save(heapglass, pid, hidden, "--no-values")
        save(heapglass, pid, whole)
        save(heapglass, whole, again, "--no-values")
        wrong = [f"{path}: {each}" for path in (hidden, again) for each in check_file(path)]
        if not check_file(whole):
            wrong.append("the search finds nothing in a file that has all secrets")
        chosen = without_option(commands(addresses))
        wrong += check_screens(heapglass, hidden, "", chosen) + check_names(heapglass, hidden, "", addresses)
        live = without_option(few_commands(addresses))
        wrong += check_screens(heapglass, pid, "--no-values", live) + check_names(heapglass, pid, "--no-values", addresses)
        alike = [(command + " --no-values", address) for command, address in live]
        for other in (hidden, whole) if commands is all_commands else ():
            wrong += compare(heapglass, pid, other, alike[::2])
    return not wrong, "\n".join(wrong[:40]) or f"{len(chosen)} commands"


def cases(interpreter):
    """(name, function, further arguments) of each test. What the code names lies elsewhere from 3.11 on."""
    if interpreter.version[:2] in ((3, 8), (3, 11), (3, 15)):
        yield "snapshot hides", check, (few_commands,)
    yield "snapshot hides in all commands", check, (all_commands,)
