#!/usr/bin/env python3
"""Runs the live tests: every test on every interpreter here that heapglass has a layout for.

usage: tests/live/run.py [--heapglass BINARY] [--interpreter PATH]... [--fetch] [--symbols dwarf,hidden]
                         [--only TEXT]... [-v]

Closes with the line 'N passed, N failed, N skipped'; exit status 1 if one failed."""

import argparse
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import interpreters
import oracle
import test_compare
import test_oracle

SKIP_STATUS = 77


class Results:
    def __init__(self, verbose, deadline):
        self.verbose = verbose
        self.deadline = deadline
        self.passed = self.failed = self.skipped = 0

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped  {name}: {why}", flush=True)

    def run(self, name, function, *arguments):
        """`function` returns (passed, text), or raises."""
        start = time.monotonic()
        if start > self.deadline:
            self.failed += 1
            print(f"FAILED   {name}: not run, out of time", flush=True)
            return
        try:
            passed, text = function(*arguments)
        except oracle.Skipped as why:
            self.skip(name, why)
            return
        except Exception:
            passed, text = False, traceback.format_exc()
        self.passed += passed
        self.failed += not passed
        print(f"{'ok      ' if passed else 'FAILED  '} {name} ({time.monotonic() - start:.1f} s)")
        if text and (self.verbose or not passed):
            print("    " + text.strip().replace("\n", "\n    "))
        sys.stdout.flush()


def symbol_modes(text):
    """name -> what heapglass is kept from seeing."""
    modes = {"dwarf": None, "hidden": "dwarf,cache"}
    return {name: modes[name] for name in text.split(",")}


def heapglass_for(binary, hide):
    environment = dict(os.environ)
    environment.pop("HEAPGLASS_HIDE", None)
    if hide:
        environment["HEAPGLASS_HIDE"] = hide
    return test_oracle.Heapglass(binary, environment)


def oracle_cases(heapglass, interpreter, mode):
    """(name, function, arguments) of one interpreter in one symbol mode."""
    for program, arguments, hidden_too in test_oracle.CASES:
        if (mode == "dwarf" or hidden_too) and (oracle.PROGRAMS / program).exists():
            name = " ".join(["oracle", program, *map(str, arguments)])
            yield name, test_oracle.check, (heapglass, interpreter, program, arguments)
    if mode == "dwarf":
        for program, environment, options in test_oracle.VARIANTS:
            settings = [f"{name}={value}" for name, value in environment.items()]
            yield (" ".join(["oracle", program, *settings, *options]), test_oracle.check,
                   (heapglass, interpreter, program, (), environment, options))
        yield "count of 10^6 dicts", test_oracle.check_whole_count, (heapglass, interpreter)


def script(command, binary, python):
    """A test of its own: exit status 0 passed, 77 skipped, with HEAPGLASS and PYTHON in its environment."""
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=dict(os.environ, HEAPGLASS=str(binary), PYTHON=python.command[-1]), timeout=300)
    if done.returncode == SKIP_STATUS:
        raise oracle.Skipped(done.stdout.strip().rpartition("\n")[2])
    return done.returncode == 0, done.stdout


def cases(binary, found, modes, results):
    yield "the comparer's own tests", lambda: (True, test_compare.check(found[0])), ()
    for interpreter in found:
        for mode, hide in modes.items():
            heapglass = heapglass_for(binary, hide)
            where = f"{interpreter.name} [{mode}]"
            supported, said = heapglass.supports(interpreter)
            if not supported:
                results.skip(where, said)
            elif not interpreter.include:
                results.skip(where, "no headers to build the oracle with")
            else:
                for name, function, arguments in oracle_cases(heapglass, interpreter, mode):
                    yield f"{where} {name}", function, arguments
    for path in sorted(HERE.glob("harmless*.py")):
        if os.access(path, os.X_OK):
            yield path.name, script, ([path], binary, found[0])
    yield "bench/run --smoke", script, ([HERE.parents[1] / "bench" / "run", "--smoke"], binary, found[0])


def fetch_interpreters(results):
    done = subprocess.run([HERE.parents[1] / "scripts" / "fetch-interpreters"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        results.skip("interpreters of other suites", done.stderr.strip().rpartition("\n")[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heapglass", default=os.environ.get("HEAPGLASS"), help="the binary (or $HEAPGLASS)")
    parser.add_argument("--fetch", action="store_true", help="first run scripts/fetch-interpreters")
    parser.add_argument("--interpreter", action="append", help="a path; by default every one that is found")
    parser.add_argument("--symbols", default="dwarf,hidden", help="with debug files, without, or both (default)")
    parser.add_argument("--only", action="append", default=[], help="tests whose name has this text; all, if repeated")
    parser.add_argument("--time-limit", type=float, default=480, help="seconds; what is not run by then has failed")
    parser.add_argument("-v", "--verbose", action="store_true", help="the details of passed tests too")
    options = parser.parse_args()
    if not options.heapglass or not os.access(options.heapglass, os.X_OK):
        parser.error("no heapglass binary: give --heapglass or HEAPGLASS")
    binary = Path(options.heapglass).resolve()
    results = Results(options.verbose, time.monotonic() + options.time_limit)
    if options.fetch:
        fetch_interpreters(results)
    found = ([interpreters.named(path) for path in options.interpreter] if options.interpreter
             else interpreters.discover())
    if not found or None in found:
        parser.error("no such interpreter")
    for name, function, arguments in cases(binary, found, symbol_modes(options.symbols), results):
        if all(text in name for text in options.only):
            results.run(name, function, *arguments)
    print(f"{results.passed} passed, {results.failed} failed, {results.skipped} skipped")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
