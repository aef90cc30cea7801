#!/usr/bin/env python3
"""Runs the live tests on every interpreter here that heapglass has a layout for: on each what plan.py chooses, or,
with --whole and on those that are named, every test.

usage: tests/live/run.py [--heapglass BINARY] [--interpreter PATH]... [--fetch] [--symbols dwarf,hidden,derived]
                         [--only TEXT]... [--whole] [--support FILE] [--jobs N] [-v]

Closes with the line 'N passed, N failed, N skipped'; exit status 1 if one failed."""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import interpreters
import oracle
import support
import test_compare
from plan import SYMBOL_MODES, Case, plan

SKIP_STATUS = 77


def run_case(case, deadline):
    """((passed, failed, skipped), text, seconds), in whatever process."""
    start = time.monotonic()
    if start > deadline:
        return (0, 1, 0), "not run, out of time", 0
    try:
        outcome, text = case.function(*case.arguments)
    except oracle.Skipped as why:
        return (0, 0, 1), str(why), 0
    except Exception:
        outcome, text = False, traceback.format_exc()
    counts = outcome if isinstance(outcome, tuple) else (int(outcome), int(not outcome), 0)
    return counts, text, time.monotonic() - start


class Results:
    def __init__(self, verbose):
        self.verbose = verbose
        self.counts = [0, 0, 0]
        self.support = support.Table()

    def add(self, case, counts, text, seconds):
        self.counts = [mine + more for mine, more in zip(self.counts, counts)]
        self.support.add(case, counts)
        name = case.name
        _, failed, skipped = counts
        text = (text or "").strip()
        if counts == (0, 0, 1):
            print(f"skipped  {name}: {text}")
        else:
            print(f"{'FAILED  ' if failed else 'ok      '} {name} ({seconds:.1f} s)")
            if text and (self.verbose or failed or skipped):
                print("    " + text.replace("\n", "\n    "))
        sys.stdout.flush()

    def run(self, cases, jobs, deadline):
        together = [case for case in cases if not case.alone]
        with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
            running = {pool.submit(run_case, case, deadline): case for case in together}
            for future in concurrent.futures.as_completed(running):
                self.add(running[future], *future.result())
        for case in cases:
            if case.alone:
                self.add(case, *run_case(case, deadline))


def script(command, binary, python):
    """A test of its own: exit status 0 passed, 77 skipped, with HEAPGLASS and PYTHON in its environment. If its last line is
    'N passed, N failed, N skipped', it was as many tests."""
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=dict(os.environ, HEAPGLASS=str(binary), PYTHON=python.command[-1]), timeout=400)
    if done.returncode == SKIP_STATUS:
        raise oracle.Skipped(done.stdout.strip().rpartition("\n")[2])
    last = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped\n?\Z", done.stdout, re.MULTILINE)
    if last and (done.returncode == 0) == (last[2] == "0"):
        return tuple(map(int, last.groups())), done.stdout[:last.start()]
    return done.returncode == 0, done.stdout


def script_cases(binary, python):
    for path in sorted(HERE.glob("harmless*.py")):
        yield Case(path.name, script, ([path], binary, python), alone=True)
    yield Case("bench/run --smoke", script, ([HERE.parents[1] / "bench" / "run", "--smoke"], binary, python), alone=True)


def fetch_interpreters(results):
    done = subprocess.run([HERE.parents[1] / "scripts" / "fetch-interpreters"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        results.add(Case("interpreters of other suites", None), (0, 0, 1), done.stderr.strip().rpartition("\n")[2], 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heapglass", default=os.environ.get("HEAPGLASS"), help="the binary (or $HEAPGLASS)")
    parser.add_argument("--fetch", action="store_true", help="first run scripts/fetch-interpreters")
    parser.add_argument("--interpreter", action="append", help="a path; by default every one that is found")
    parser.add_argument("--symbols", default=",".join(SYMBOL_MODES),
                        help="with debug files, without, from tables of other releases; all by default")
    parser.add_argument("--only", action="append", default=[], help="tests whose name has this text; all, if repeated")
    parser.add_argument("--whole", action="store_true", help="all tests everywhere, not only those that differ there")
    parser.add_argument("--support", metavar="FILE", help="write a table of what was run and how it ended")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests at a time; by default as many as processors")
    parser.add_argument("--time-limit", type=float, default=1100, help="seconds; what is not run by then has failed")
    parser.add_argument("-v", "--verbose", action="store_true", help="the details of passed tests too")
    options = parser.parse_args()
    if not options.heapglass or not os.access(options.heapglass, os.X_OK):
        parser.error("no heapglass binary: give --heapglass or HEAPGLASS")
    binary = Path(options.heapglass).resolve()
    results = Results(options.verbose)
    deadline = time.monotonic() + options.time_limit
    if options.fetch:
        fetch_interpreters(results)
    found = ([interpreters.named(path) for path in options.interpreter] if options.interpreter
             else interpreters.discover())
    if not found or None in found:
        parser.error("no such interpreter")
    cases = [Case("the comparer's own tests", test_compare.check, (found[0],)),
             *plan(binary, found, options.symbols.split(","), options.whole or options.interpreter),
             *script_cases(binary, found[0])]
    results.run([case for case in cases if all(text in case.name for text in options.only)], options.jobs, deadline)
    if options.support:
        results.support.write(Path(options.support))
    passed, failed, skipped = results.counts
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
