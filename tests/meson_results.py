#!/usr/bin/env python3
"""Sums up the last `meson test` of a build folder: 'N passed, N failed, N skipped'.

A Criterion program or one that closes with that line itself counts as many tests as it says, any
other as one.

usage: meson_results.py BUILD
"""

import json
import pathlib
import re
import sys

CRITERION = re.compile(r"Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def counts_of(test):
    """(passed, failed, skipped) of one entry of meson's log."""
    output = COLOUR.sub("", test.get("stdout", "") + test.get("stderr", ""))
    succeeded = test["result"] in ("OK", "EXPECTEDFAIL")
    if test["result"] == "SKIP":
        return 0, 0, 1
    if criterion := CRITERION.search(output):
        tested, passed, _, _ = map(int, criterion.groups())
        counts = [passed, tested - passed, 0]
    elif plain := PLAIN.findall(output):
        counts = list(map(int, plain[-1]))
    else:
        return (1, 0, 0) if succeeded else (0, 1, 0)
    if not succeeded and not counts[1]:
        counts[1] = 1  # it ended badly after its tests, or a sanitizer spoke
    return counts


def main():
    log = pathlib.Path(sys.argv[1]) / "meson-logs" / "testlog.json"
    tests = [json.loads(line) for line in log.read_text().splitlines()]
    passed, failed, skipped = map(sum, zip((0, 0, 0), *map(counts_of, tests)))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
