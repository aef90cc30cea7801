"""What keys do: save, export in each format, show the shell command, go to, search, filter, sort, the mouse."""

import csv
import json
import os
import re
import subprocess

from heapglass import over_snapshots
from terminal import Trouble
from test_golden import NAMES, ORDER, SCREENS, go, walk

SELECTED = "48;5;24"  # its background, of 256 colours


def ask(terminal, key, text):
    """Types a text at the prompt that a key opens, in place of what is there."""
    terminal.keys(key, "C-u", text, "Enter")


def selected(terminal):
    """The line of the selected row, without its colours."""
    for line in terminal.coloured().split("\n"):
        if SELECTED in line:
            return re.sub(r"\\e\[[\d;]*m", "", line).strip()
    return ""


def wait_for_selected(terminal, text):
    terminal.until(lambda: text in selected(terminal), f"{text!r} selected")


def rows(screen):
    """What stands between the titles and the message line."""
    return [line for line in screen.split("\n")[4:22] if line]


def run(options, terminal, line):
    """A shell command of the user's, where heapglass is on the PATH."""
    folder = terminal.where / "bin"
    folder.mkdir(exist_ok=True)
    if not (folder / "heapglass").exists():
        os.symlink(options.heapglass, folder / "heapglass")
    return subprocess.run(line, shell=True, cwd=terminal.where, capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"))


def wait_for_file(terminal, name):
    terminal.until(lambda: (terminal.where / name).exists() and name in terminal.screen(), f"{name} to be written, and said")
    return terminal.where / name


# ---- files -----------------------------------------------------------------------------------------------------------


def check_save(options):
    with over_snapshots(options) as terminal:
        ask(terminal, "s", "kept.hgs")
        wait_for_file(terminal, "kept.hgs")
        for command in ("top SOURCE -n 0", "garbage SOURCE", "threads SOURCE"):
            said = [run(options, terminal, "heapglass " + command.replace("SOURCE", name)) for name in ("after.hgs", "kept.hgs")]
            if said[0].returncode or said[0].stdout != said[1].stdout:
                yield f"{command}: {said[1].stdout[:500]} {said[1].stderr}"
        ask(terminal, "s", "no/such/folder/kept.hgs")
        terminal.wait_for("no/such/folder")


def check_export(options, name):
    """A view as text, CSV and JSON: the same rows."""
    with over_snapshots(options) as terminal:
        walk(terminal, SCREENS[name])
        for ending in ("txt", "csv", "json"):
            ask(terminal, "e", f"out.{ending}")
            wait_for_file(terminal, f"out.{ending}")
        text = (terminal.where / "out.txt").read_text()
        with open(terminal.where / "out.csv", newline="") as file:
            table = list(csv.reader(file))
        document = json.loads((terminal.where / "out.json").read_text())
        lists = [value for value in document.values() if isinstance(value, list)]
        if not lists or len(table) - 1 != len(lists[0]) or not lists[0]:
            yield f"{len(table) - 1} rows of CSV, in JSON {document.keys()} with {[len(each) for each in lists]}"
        if len({len(row) for row in table}) != 1:
            yield f"rows of CSV differ in length: {table[:2]}"
        if len(text.split("\n")) < len(table):
            yield f"{len(table)} rows of CSV, but as text\n{text[:1000]}"
        if any(ord(character) < 32 and character != "\n" for character in text):
            yield "control characters in the text"


def check_dot(options):
    with over_snapshots(options) as terminal:
        walk(terminal, SCREENS["object"])
        ask(terminal, "e", "out.dot")
        text = wait_for_file(terminal, "out.dot").read_text()
        if not text.startswith("digraph") or text.count("{") != text.count("}") or "->" not in text:
            yield text[:500]
        ask(terminal, "e", "out.unknown")
        terminal.wait_for(re.compile(r"csv.*json", re.IGNORECASE))


def check_command(options, name):
    """The command that is shown runs, and prints what the screen has."""
    with over_snapshots(options) as terminal:
        walk(terminal, SCREENS[name])
        terminal.keys("y")
        screen = terminal.wait_for(re.compile(r"heapglass [a-z]+ "))
        line = re.search(r"heapglass [a-z]+ .*", screen)[0]
        done = run(options, terminal, line)
        if done.returncode or not done.stdout:
            yield f"{line}: {done.returncode} {done.stderr}{done.stdout[:200]}"


# ---- places ----------------------------------------------------------------------------------------------------------


def check_go(options):
    with over_snapshots(options) as terminal:
        walk(terminal, [go(ORDER, ORDER), go(NAMES, NAMES), ("BSpace", ORDER), go("shop.cache.Order", "Instances")])
        ask(terminal, ":", "0x10")
        terminal.wait_for("no object is at that address")
        ask(terminal, ":", "no.such.type")
        terminal.wait_for("no type is called")
        terminal.keys("BSpace", "BSpace", "BSpace", "BSpace")
        terminal.wait_for("dict")
        yield from ()


def check_follow(options):
    """Enter leads from a type to its instances, to one of them, to what it refers to; Backspace all the way back."""
    with over_snapshots(options) as terminal:
        first = terminal.settled()
        ask(terminal, "/", "ModuleSpec")
        wait_for_selected(terminal, "ModuleSpec")
        terminal.keys("Enter")
        terminal.wait_for("› _frozen_importlib.ModuleSpec")
        terminal.wait_for("0x7ffff")
        terminal.keys("Enter")
        terminal.wait_for(".loader")
        terminal.keys("BSpace", "BSpace")
        wait_for_selected(terminal, "ModuleSpec")
        terminal.keys("Home")
        try:
            terminal.wait_for(first)
        except Trouble:
            yield f"it was\n{first}and is\n{terminal.screen()}"


def check_search(options):
    with over_snapshots(options) as terminal:
        terminal.wait_for("dict")
        ask(terminal, "/", "_io.")
        found = []
        for key in ("", "n", "n", "n", "N"):
            if key:
                terminal.keys(key)
            terminal.until(lambda: "_io." in selected(terminal) and selected(terminal) not in found[-1:], "the next one")
            found.append(selected(terminal))
        if found[-1] != found[-3]:
            yield f"N does not lead back: {found}"
        ask(terminal, "/", "no such text")
        terminal.wait_for("no such text")


def check_filter(options):
    with over_snapshots(options) as terminal:
        terminal.wait_for("dict")
        for key in ("F4", "f"):
            ask(terminal, key, "_io.")
            terminal.wait_for(lambda screen: rows(screen) and all("_io." in row for row in rows(screen)), "only rows with it")
            terminal.settled()  # Escape first cancels what is running
            terminal.keys("Escape")
            terminal.wait_for(lambda screen: len(rows(screen)) > 15 and any(row.startswith("dict") for row in rows(screen)), "all rows")
        ask(terminal, "f", "no such text")
        terminal.wait_for(lambda screen: not any("0" in row for row in rows(screen)), "no rows")
        yield from ()


# ---- order -----------------------------------------------------------------------------------------------------------


def column(screen, title):
    """The first words of a column of numbers, right below its title."""
    lines = screen.split("\n")
    titles = next((number for number, line in enumerate(lines) if re.search(rf"\b{title}\b", line)), None)
    if titles is None:
        return []
    end = re.search(rf"\b{title}\b", lines[titles]).end()
    found = (re.search(r"[\d,]+$", line[:end + 1].rstrip()) for line in lines[titles + 1:22])
    return [int(each[0].replace(",", "")) for each in found if each]


def check_sort(options):
    """By the number of objects: down, then up, by keys and by a click on the title."""
    with over_snapshots(options) as terminal:
        screen = terminal.wait_for("OBJECTS")
        row = next(number for number, line in enumerate(screen.split("\n")) if "OBJECTS" in line)
        at = screen.split("\n")[row].index("OBJECTS") + 1
        for down in (True, False, True):
            if down:
                terminal.mouse(0, at, row)
            else:
                terminal.keys("I")
            terminal.wait_for(lambda screen: len(numbers := column(screen, "OBJECTS")) > 10 and
                              numbers == sorted(numbers, reverse=down), f"sorted {'down' if down else 'up'}")
        before = terminal.screen()
        terminal.keys(">")
        terminal.wait_for(lambda screen: screen != before)
        yield from ()


def check_mouse(options):
    with over_snapshots(options) as terminal:
        terminal.wait_for("dict")
        if terminal.show("mouse_any_flag") != ["1"]:
            yield "it does not listen to the mouse"
        tab = next(line for line in terminal.lines() if "Threads" in line)
        terminal.mouse(0, tab.index("Threads") + 1, terminal.lines().index(tab))
        terminal.wait_for("MainThread")
        terminal.mouse(65, 10, 10)
        terminal.wait_for(lambda screen: "MainThread" in screen)
        terminal.keys("2")
        terminal.wait_for("dict")
        third = rows(terminal.settled())[2]
        terminal.mouse(0, 5, 6)
        terminal.until(lambda: selected(terminal)[:20] == third.strip()[:20], "the row that was clicked is selected")
        terminal.mouse(0, 5, 6)
        terminal.wait_for("0x")
    with over_snapshots(options, "--no-mouse") as terminal:
        if terminal.show("mouse_any_flag") != ["0"]:
            yield "it listens to the mouse in spite of --no-mouse"


def cases(_):
    yield "save", check_save, ()
    for name in ("types", "instances", "dominators", "garbage", "threads", "object", "growth"):
        yield f"export {name}", check_export, (name,)
    yield "export dot", check_dot, ()
    for name in ("types", "growth", "instances", "object", "paths", "dominators", "garbage", "audit", "threads"):
        yield f"command of {name}", check_command, (name,)
    yield "go to", check_go, ()
    yield "follow and back", check_follow, ()
    yield "search", check_search, ()
    yield "filter", check_filter, ()
    yield "sort", check_sort, ()
    yield "mouse", check_mouse, ()
