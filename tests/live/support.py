"""docs/support.md: what was run, on which interpreters and with which symbols, and how it ended."""

from collections import defaultdict

HEAD = """# What heapglass is tested on

Written by the live tests (`tests/live/run.py --support FILE`), which run on every interpreter that they find. Numbers are
tests passed of tests run. *Oracle*: the process records its own heap, object by object, and heapglass must say the same.
*Garbage*: against `gc.collect()`. *Audit*: what is leaked is found to the last reference, and other hidden references are
explained. *Graph*: references, paths, retained sizes, threads and leaks. *Layout*: what heapglass knew the structures from,
when it was given all symbols, no debug files, or not even the table of the very release; "refused" is an answer there, a
wrong number would not be. All of the tests run on one interpreter of each minor version; on other builds of it, and with
fewer symbols, those that judge the layout.

| Python | build | interpreter | symbols | layout | oracle | garbage | audit | graph | result |
|---|---|---|---|---|---|---|---|---|---|
"""
SYMBOLS = {"dwarf": "all", "hidden": "no debug files", "derived": "no debug files, table hidden"}
COLUMNS = ("oracle", "garbage", "audit", "graph")


def column(case_name):
    """Which column a test counts in, by the first word after its place."""
    kind = case_name.rpartition("] ")[2].partition(" ")[0]
    return kind if kind in COLUMNS else "graph"


class Table:
    def __init__(self):
        self.rows = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))  # name of a place -> column -> passed, failed, skipped
        self.places = {}

    def add(self, case, counts):
        if case.where:
            self.places[str(case.where)] = case.where
            cell = self.rows[str(case.where)][column(case.name)]
            cell[:] = [mine + more for mine, more in zip(cell, counts)]

    def line(self, place, cells):
        interpreter = place.interpreter
        build = "debug" if "d" in interpreter.abi_flags else "release"
        passed, failed, _ = map(sum, zip(*cells.values()))
        result = "refused" if not place.layout else "not run" if not passed + failed else "exact" if not failed else f"{failed} failed"
        shown = (f"{cells[name][0]}/{cells[name][0] + cells[name][1]}" if sum(cells[name][:2]) else "" for name in COLUMNS)
        return (f"| {'.'.join(map(str, interpreter.version))} | {build} | {interpreter.name} | {SYMBOLS[place.mode]} | "
                f"{place.layout or ''} | {' | '.join(shown)} | {result} |\n")

    def write(self, path):
        def order(name):
            place = self.places[name]
            return place.interpreter.version, place.interpreter.name, list(SYMBOLS).index(place.mode)

        path.write_text(HEAD + "".join(self.line(self.places[name], self.rows[name]) for name in sorted(self.rows, key=order)))
