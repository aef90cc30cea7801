#!/usr/bin/env python3
"""Runs the live tests: every test on every interpreter here that heapglass has a layout for.

usage: tests/live/run.py [--heapglass BINARY] [--interpreter PATH]... [--fetch] [--symbols dwarf,hidden,derived]
                         [--only TEXT]... [--jobs N] [-v]

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
import test_audit
import test_compare
import test_dot
import test_garbage
import test_graph
import test_leaks
import test_oracle
import test_paths
import test_places
import test_retained
import test_threads

SKIP_STATUS = 77


class Case:
    """A test: `function(*arguments)` returns (passed, text), or counts of passed, failed and skipped instead of `passed`, or
    raises. Those that measure time, or need both processors, run alone."""

    def __init__(self, name, function, arguments=(), alone=False):
        self.name = name
        self.function = function
        self.arguments = arguments
        self.alone = alone


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

    def add(self, name, counts, text, seconds):
        self.counts = [mine + more for mine, more in zip(self.counts, counts)]
        _, failed, skipped = counts
        text = (text or "").strip()
        if counts == (0, 0, 1):
            print(f"skipped  {name}: {text}")
        else:
            print(f"{'FAILED  ' if failed else 'ok      '} {name} ({seconds:.1f} s)")
            if text and (self.verbose or failed or skipped):
                print("    " + text.replace("\n", "\n    "))
        sys.stdout.flush()

    def skip(self, name, why):
        self.add(name, (0, 0, 1), why, 0)

    def run(self, cases, jobs, deadline):
        together = [case for case in cases if not case.alone]
        with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
            running = {pool.submit(run_case, case, deadline): case for case in together}
            for future in concurrent.futures.as_completed(running):
                self.add(running[future].name, *future.result())
        for case in cases:
            if case.alone:
                self.add(case.name, *run_case(case, deadline))


def symbol_modes(text):
    """name -> what heapglass is kept from seeing: all debug files; of "derived" the tables of the very release too."""
    modes = {"dwarf": None, "hidden": "dwarf,cache", "derived": "dwarf,cache,symtab,table"}
    return {name: modes[name] for name in text.split(",")}


def heapglass_for(binary, hide):
    environment = dict(os.environ)
    environment.pop("HEAPGLASS_HIDE", None)
    if hide:
        environment["HEAPGLASS_HIDE"] = hide
    return test_oracle.Heapglass(binary, environment, guesses=hide is not None and "table" in hide.split(","))


def oracle_cases(heapglass, interpreter, mode, where):
    """Those of one interpreter in one symbol mode."""
    for program, arguments, hidden_too in test_oracle.CASES:
        if (mode == "dwarf" or hidden_too) and (oracle.PROGRAMS / program).exists():
            name = " ".join([where, "oracle", program, *map(str, arguments)])
            yield Case(name, test_oracle.check, (heapglass, interpreter, program, arguments))
    if mode == "dwarf":
        for program, environment, options in test_oracle.VARIANTS:
            settings = [f"{name}={value}" for name, value in environment.items()]
            yield Case(" ".join([where, "oracle", program, *settings, *options]), test_oracle.check,
                       (heapglass, interpreter, program, (), environment, options))
        yield Case(f"{where} count of 10^6 dicts", test_oracle.check_whole_count, (heapglass, interpreter))


def audit_cases(heapglass, interpreter, where):
    yield Case(f"{where} audit leaks", test_audit.check_leaks, (heapglass, interpreter))
    yield Case(f"{where} audit idle", test_audit.check_idle, (heapglass, interpreter))
    for program in test_audit.PROGRAMS:
        yield Case(f"{where} audit {program}", test_audit.check_program, (heapglass, interpreter, program))


# Each has cases(interpreter), which gives (name, function, arguments after heapglass and interpreter).
GRAPH_TESTS = (test_garbage, test_graph, test_leaks, test_threads, test_paths, test_retained, test_dot)


def graph_cases(heapglass, interpreter, where):
    for module in GRAPH_TESTS:
        for name, function, arguments in module.cases(interpreter):
            yield Case(f"{where} {name}", function, (heapglass, interpreter, *arguments))


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


# Each has cases(interpreters), which takes one or two of them: (name, function, arguments after heapglass).
PLACE_TESTS = (test_places,)


def place_cases(heapglass, found):
    for module in PLACE_TESTS:
        for name, function, arguments in module.cases(found):
            yield Case(name, function, (heapglass, *arguments))


def cases(binary, found, modes, results):
    yield Case("the comparer's own tests", test_compare.check, (found[0],))
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
                yield from oracle_cases(heapglass, interpreter, mode, where)
                if mode == "dwarf":
                    yield from audit_cases(heapglass, interpreter, where)
                    yield from graph_cases(heapglass, interpreter, where)
    if "dwarf" in modes:
        yield from place_cases(heapglass_for(binary, None), found)
    for path in sorted(HERE.glob("harmless*.py")):
        yield Case(path.name, script, ([path], binary, found[0]), alone=True)
    yield Case("bench/run --smoke", script, ([HERE.parents[1] / "bench" / "run", "--smoke"], binary, found[0]), alone=True)


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
    parser.add_argument("--symbols", default="dwarf,hidden,derived",
                        help="with debug files, without, from tables of other releases; all by default")
    parser.add_argument("--only", action="append", default=[], help="tests whose name has this text; all, if repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests at a time; by default as many as processors")
    parser.add_argument("--time-limit", type=float, default=900, help="seconds; what is not run by then has failed")
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
    wanted = [case for case in cases(binary, found, symbol_modes(options.symbols), results)
              if all(text in case.name for text in options.only)]
    results.run(wanted, options.jobs, deadline)
    passed, failed, skipped = results.counts
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
