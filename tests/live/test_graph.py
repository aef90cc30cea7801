"""What the graph's roots lead to is what the heap calls reachable, object by object; and every reference has its label."""

import subprocess
from pathlib import Path

import oracle
import test_oracle

SECONDS = 60


def check(heapglass, interpreter, program, arguments):
    checker = Path(heapglass.binary).parents[1] / "bench" / "graph_times"
    if not checker.exists():
        raise oracle.Skipped(f"no {checker.name} beside the binary")
    with oracle.Target(interpreter, program, arguments, record=False) as target:
        done = subprocess.run([checker, str(target.pid), "--check"], capture_output=True, text=True, timeout=SECONDS)
    return done.returncode == 0, done.stdout + done.stderr


def cases(_interpreter):
    for program, arguments in test_oracle.CASES:
        yield f"graph {program}", check, (program, arguments)
