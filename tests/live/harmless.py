#!/usr/bin/env python3
"""That heapglass does no harm: attaches under load, death at any moment, refusals.

usage: harmless.py [HEAPGLASS] [--attaches N] [--kills N] [--only attaches|kills|refusals|odd] [--jobs N] [...]

Attaches and kills have targets of their own, and run side by side. Ends with 'N passed, N failed, N skipped'; exit status 1 if any failed.
"""
import argparse
import concurrent.futures
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
    """Of one part: what to print, and counts."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lines = []

    def check(self, name, problems):
        if problems:
            self.failed += 1
            self.lines.append(f"FAILED  {name}")
            self.lines += [f"        {problem[:600]}" for problem in problems[:10]]
        else:
            self.passed += 1
            self.lines.append(f"passed  {name}")

    def skip(self, name, why):
        self.skipped += 1
        self.lines.append(f"SKIPPED {name}: {why}")


def attaches(heapglass, options, results, pause, count):
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


def kills(heapglass, options, results, number, victim):
    target = Target(options.python)
    target.start_load()
    longest = typical_seconds(heapglass, target) * 1.1
    problems = []
    for i in range(options.kills):
        problems += strike(heapglass, target, number, victim, longest, 0.4, ("", "hold")[i % 2])
    problems += target.finish()
    results.check(f"{options.kills} times {signal.Signals(number).name} to {victim}", problems)


def parts(options):
    """(kind, function, its arguments), the longest first: those that run side by side."""
    yield "attaches", attaches, ("", options.attaches)
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT):
        for victim in ("heapglass", "tracer"):
            yield "kills", kills, (number, victim)
    yield "attaches", attaches, ("hold", max(1, options.attaches // 10))


# These judge how long a pause takes, and run alone.
ALONE = (("refusals", refusals.run, ()), ("odd", odd_processes.run, ()))


def run_part(heapglass, options, function, arguments):
    """In a process of its own, so that its threads of load wait for nobody else's."""
    random.seed(f"{options.seed} {function.__name__} {arguments}")
    results = Results()
    function(heapglass, options, results, *arguments)
    return results


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
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="parts at a time")
    options = parser.parse_args()
    if not options.heapglass:
        parser.error("name the heapglass to test, or set HEAPGLASS")
    total = [0, 0, 0]

    def add(results):
        say("\n".join(results.lines))
        for i, count in enumerate((results.passed, results.failed, results.skipped)):
            total[i] += count

    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        os.chmod(folder, 0o755)  # other users run it, too, and may not look into our folders
        heapglass = Heapglass(shutil.copy(options.heapglass, folder), options.template,
                              options.pause_option)
        heapglass.max_pause_option = options.max_pause_option
        running = [pool.submit(run_part, heapglass, options, function, arguments)
                   for kind, function, arguments in parts(options) if options.only in (None, kind)]
        for future in concurrent.futures.as_completed(running):
            add(future.result())
        for kind, function, arguments in ALONE:
            if options.only in (None, kind):
                add(run_part(heapglass, options, function, arguments))
    say("{} passed, {} failed, {} skipped".format(*total))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
