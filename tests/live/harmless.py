#!/usr/bin/env python3
"""That heapglass does no harm: attaches under load, death at any moment, refusals.

usage: harmless.py [HEAPGLASS] [--attaches N] [--kills N] [--only attaches|kills|refusals] [...]

Ends with 'N passed, N failed, N skipped'; exit status 1 if any failed.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "harmless"))
import odd_processes  # noqa: E402
import refusals  # noqa: E402
from target import Heapglass, Target, children, runs_within, say, stands_still  # noqa: E402


class Results:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, problems):
        if problems:
            self.failed += 1
            say(f"FAILED  {name}")
            for problem in problems[:10]:
                say(f"        {problem[:600]}")
        else:
            self.passed += 1
            say(f"passed  {name}")

    def skip(self, name, why):
        self.skipped += 1
        say(f"SKIPPED {name}: {why}")


def attaches(heapglass, options, results):
    for pause, count in (("", options.attaches), ("hold", max(1, options.attaches // 10))):
        target = Target(options.python)
        target.start_load()
        problems = []
        for number in range(count):
            run = heapglass.run(target.pid, pause=pause)
            if run.returncode:
                problems.append(f"attach {number}: exit status {run.returncode}, {run.stderr}")
            if why := stands_still(target.pid):
                problems.append(f"after attach {number}: {why}")
        problems += target.finish()
        results.check(f"{count} attaches, pause {pause or 'copy'}: {target.requests} requests, "
                      f"{target.sent} signals", problems)


def typical_seconds(heapglass, target):
    begin = time.monotonic()
    heapglass.run(target.pid)
    return max(time.monotonic() - begin, 0.005)


def strike(heapglass, target, number, victim, longest, max_pause, pause):
    """One run, hit at a random moment. Returns what went wrong."""
    process = heapglass.start(target.pid, pause=pause, max_pause=max_pause)
    time.sleep(random.uniform(0, longest))
    hit = [process.pid]
    if victim == "tracer":
        hit = children(process.pid)
    for pid in hit:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    why = runs_within(target.pid, max_pause + 1)
    problems = [f"{signal.Signals(number).name} to {victim}, pause {pause or 'copy'}: {why}"] if why else []
    process.kill()
    for pid in hit[victim == "heapglass":]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    _, errors = process.communicate()
    if len(errors.splitlines()) > 1:
        problems.append(f"more than one line: {errors!r}")
    return problems


def kills(heapglass, options, results):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT):
        for victim in ("heapglass", "tracer"):
            target = Target(options.python)
            target.start_load()
            longest = typical_seconds(heapglass, target) * 1.1
            problems = []
            for i in range(options.kills):
                problems += strike(heapglass, target, number, victim, longest, 0.4,
                                   ("", "hold")[i % 2])
            problems += target.finish()
            results.check(f"{options.kills} times {signal.Signals(number).name} to {victim}",
                          problems)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("heapglass", nargs="?", default=os.environ.get("HEAPGLASS"))
    parser.add_argument("--attaches", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--only", choices=("attaches", "kills", "refusals", "odd"))
    parser.add_argument("--python", default=shutil.which("python3.11") or sys.executable,
                        help="the interpreter to attach to")
    parser.add_argument("--template", default="top {pid}", help="arguments of the command")
    parser.add_argument("--pause-option", default="--pause {pause}")
    parser.add_argument("--max-pause-option", default="--max-pause {ms}ms")
    parser.add_argument("--max-memory-option", default="--max-memory 1M")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.heapglass:
        parser.error("name the heapglass to test, or set HEAPGLASS")
    random.seed(options.seed)
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # other users run it, too, and may not look into our folders
        heapglass = Heapglass(shutil.copy(options.heapglass, folder), options.template,
                              options.pause_option)
        heapglass.max_pause_option = options.max_pause_option
        for name, part in (("attaches", attaches), ("kills", kills), ("refusals", refusals.run),
                           ("odd", odd_processes.run)):
            if options.only in (None, name):
                part(heapglass, options, results)
    say(f"{results.passed} passed, {results.failed} failed, {results.skipped} skipped")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
