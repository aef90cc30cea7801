"""Processes that are unusual but may be looked at: it works, or one line says why not."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from refusals import facts, judge, run_cases, sleeping
from target import runs_within

SYSTEM_PYTHON = "/usr/bin/python3.11"  # statically linked: its file is the interpreter
LOADER = "/lib64/ld-linux-x86-64.so.2"


@contextlib.contextmanager
def started(command):
    process = subprocess.Popen([*command, "-c", "print(flush=True)\nimport time\ntime.sleep(600)"],
                               stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(0.05)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def looked_at(heapglass, pid):
    before = facts(pid)
    run = heapglass.run(pid)
    problems = []
    if run.returncode or run.stderr:
        problems.append(f"exit status {run.returncode}: {run.stderr.strip()}")
    if facts(pid) != before:
        problems.append(f"the process was {before}, is {facts(pid)}")
    return problems


def binary_is_deleted(heapglass, options):
    if not os.path.exists(SYSTEM_PYTHON):
        return None
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(SYSTEM_PYTHON, folder)
        with started([copy]) as process:
            os.unlink(copy)
            return looked_at(heapglass, process.pid)


def binary_is_replaced(heapglass, options):
    if not os.path.exists(SYSTEM_PYTHON):
        return None
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(SYSTEM_PYTHON, folder)
        with started([copy]) as process:
            os.unlink(copy)
            shutil.copy("/bin/ls", copy)
            return looked_at(heapglass, process.pid)


def started_by_its_loader(heapglass, options):
    if not os.path.exists(SYSTEM_PYTHON) or not os.path.exists(LOADER):
        return None
    with started([LOADER, SYSTEM_PYTHON]) as process:
        return looked_at(heapglass, process.pid)


def hold_is_cut_short(heapglass, options):
    """The longest pause ends while the target is still needed: an error, not half an answer."""
    with sleeping(options.python, "x = [str(i) for i in range(200_000)]") as process:
        command = heapglass.command(process.pid) + ["--pause", "hold", "--max-pause", "2ms"]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        problems = judge(run, 6, ["--max-pause"])
        if run.stdout:
            problems.append(f"an answer all the same: {run.stdout[:80]!r}")
        if why := runs_within(process.pid, 0.5):
            problems.append(why)
        return problems


@contextlib.contextmanager
def busy_machine():
    """Processes in sessions of their own, which a nice value of ours does not count for."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
            for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def no_answer_for_too_long_a_pause(heapglass, options):
    """On a busy machine, too: what is answered was got within the longest pause."""
    problems = []
    with sleeping(options.python, "x = [str(i) for i in range(50_000)]") as process, busy_machine():
        for milliseconds in (3, 6, 12, 25, 50, 100):
            for pause in ("hold", "copy"):
                command = heapglass.command(process.pid) + [
                    "--pause", pause, "--max-pause", f"{milliseconds}ms", "--json"]
                run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                took = json.loads(run.stdout)["source"]["pause_ms"] if run.returncode == 0 else 0
                if run.returncode not in (0, 6) or took > milliseconds:
                    problems.append(f"{pause}, at most {milliseconds} ms: exit status {run.returncode}, {took} ms")
    return problems


def cancelled_while_decoding(heapglass, options):
    problems = []
    with sleeping(options.python, "x = [[str(i)] for i in range(1_000_000)]") as process:
        for delay in (0.02, 0.05, 0.1, 0.15, 0.2):
            run = heapglass.start(process.pid)
            time.sleep(delay)
            run.send_signal(signal.SIGINT)
            _, errors = run.communicate(timeout=60)
            if run.returncode not in (0, 128 + signal.SIGINT, -signal.SIGINT):
                problems.append(f"exit status {run.returncode}: {errors}")
            if why := runs_within(process.pid, 0.5):
                problems.append(why)
    return problems


CASES = (binary_is_deleted, binary_is_replaced, started_by_its_loader, hold_is_cut_short,
         no_answer_for_too_long_a_pause, cancelled_while_decoding)


def run(heapglass, options, results):
    if os.geteuid() != 0:
        results.skip("odd processes", "what they have mapped is for root to open")
        return
    run_cases("odd process", CASES, heapglass, options, results)
