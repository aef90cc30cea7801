#!/usr/bin/env python3
"""Runs the tests of the terminal UI: heapglass in a terminal of tmux, keys in, screens out.

usage: tests/tui/run.py [--heapglass BINARY] [--only TEXT]... [--update] [--jobs N] [--seconds N] [--seed N] [--python PATH] [-v]

--update writes the golden screens (golden/) anew, to be read before they are kept. Closes with the line
'N passed, N failed, N skipped'; exit status 1 if one failed."""

import argparse
import concurrent.futures
import os
import shutil
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent))

import test_actions
import test_golden
import test_live
import test_random
import test_ways_out
from terminal import Trouble

# Each has cases(options), which gives (name, function, arguments after options). A function says what is wrong.
TESTS = (test_golden, test_ways_out, test_actions, test_live, test_random)


def run_case(options, function, arguments):
    """What is wrong, seconds."""
    start = time.monotonic()
    try:
        wrong = list(function(options, *arguments) or [])
    except Trouble as trouble:
        wrong = [str(trouble)]
    except Exception:
        wrong = [traceback.format_exc()]
    return wrong, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heapglass", default=os.environ.get("HEAPGLASS"), help="the binary (or $HEAPGLASS)")
    parser.add_argument("--only", action="append", default=[], help="tests whose name has one of these texts")
    parser.add_argument("--update", action="store_true", help="write the golden screens anew")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time")
    parser.add_argument("--seconds", type=float, default=5, help="how long random keys are pressed; by default 5")
    parser.add_argument("--seed", type=int, default=0, help="of the random keys; by default another one each time")
    parser.add_argument("--python", default="/usr/bin/python3", help="what live tests look at")
    parser.add_argument("-v", "--verbose", action="store_true", help="what passed tests say, too")
    options = parser.parse_args()
    if not options.heapglass or not os.access(options.heapglass, os.X_OK):
        parser.error("no heapglass binary: give --heapglass or HEAPGLASS")
    options.heapglass = str(Path(options.heapglass).resolve())
    cases = [SimpleNamespace(name=name, function=function, arguments=arguments)
             for test in TESTS for name, function, arguments in test.cases(options)
             if not options.only or any(text in name for text in options.only)]
    if not shutil.which("tmux"):
        print(f"skipped  all: there is no tmux\n0 passed, 0 failed, {len(cases)} skipped")
        return 0
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(run_case, options, case.function, case.arguments): case for case in cases}
        for future in concurrent.futures.as_completed(running):
            wrong, seconds = future.result()
            failed += bool(wrong)
            print(f"{'FAILED  ' if wrong else 'ok      '} {running[future].name} ({seconds:.1f} s)")
            for each in wrong:
                print("    " + each.rstrip().replace("\n", "\n    "))
            sys.stdout.flush()
    print(f"{len(cases) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
