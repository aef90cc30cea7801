"""heapglass's screen in a terminal, and what tests ask of it again and again."""

import contextlib
import os
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

from terminal import Terminal

HERE = Path(__file__).resolve().parent
SOURCE = ("after.hgs", "--baseline", "before.hgs")


@contextlib.contextmanager
def over_snapshots(options, *arguments, shell=False, **more):
    """heapglass over the two snapshots, in a folder of its own, once its first view is there."""
    with tempfile.TemporaryDirectory(prefix="heapglass-tui-") as folder:
        for name in ("before.hgs", "after.hgs"):
            os.symlink(HERE / name, os.path.join(folder, name))
        with Terminal([options.heapglass, *SOURCE, *arguments], where=folder, shell=shell, **more) as terminal:
            terminal.wait_for("server.py")
            yield terminal


@contextlib.contextmanager
def process(options, script, *arguments):
    """A Python process that says 'ready', and again for each line that it is given: `.grow()`."""
    settings = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0")
    target = subprocess.Popen([options.python, str(script), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=settings)

    def grow(line=""):
        target.stdin.write(f"{line}\n")
        target.stdin.flush()
        if target.stdout.readline() != "ready\n":
            raise RuntimeError(f"{script} ended")

    target.grow = grow
    try:
        if target.stdout.readline() != "ready\n":
            raise RuntimeError(f"{script} did not start")
        yield target
    finally:
        target.kill()
        target.wait()
        target.stdin.close()
        target.stdout.close()


@contextlib.contextmanager
def over_process(options, target, *arguments, shell=False, **more):
    with Terminal([options.heapglass, target.pid, *arguments], shell=shell, **more) as terminal:
        terminal.wait_for("TYPE ")
        yield terminal


def harm(target):
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{target.pid}/status").read_text().splitlines() if ":\t" in line)
    if status["State"][0] not in "RS":
        yield f"the target's state is {status['State']}"
    if status["TracerPid"].strip() != "0":
        yield f"the target is traced by {status['TracerPid']}"


def harmed(target, patience=2):
    """What is wrong with a target that was looked at: it must run, and nobody trace it. A tracer needs a moment to see that
    who asked for it is dead."""
    end = time.monotonic() + patience
    while (wrong := list(harm(target))) and time.monotonic() < end:
        time.sleep(0.02)
    return wrong


def command_line(words):
    return " ".join(shlex.quote(str(word)) for word in words)
