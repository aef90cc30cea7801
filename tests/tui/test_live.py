"""Live sessions: the leak is found by keys alone; a target that ends leaves its data to be looked at."""

import os
import re
import signal

from heapglass import HERE, harmed, over_process, process
from terminal import Trouble

LEAKS = HERE.parent / "live" / "leaks"
PROGRAMS = HERE.parent / "live" / "programs"


def expected(path):
    """What Growth must name, by the program's docstring (tests/live/test_diff.py)."""
    return re.search(r"^grows \S+: (.+)$", path.read_text(), re.MULTILINE)[1]


def check_leak(options, name):
    """Baseline, growth, a new capture, Growth: four key presses; its first line names the container that leaks."""
    path = LEAKS / f"{name}.py"
    with process(options, path) as target, over_process(options, target) as terminal:
        terminal.keys("b")
        target.grow()
        terminal.keys("r")
        terminal.keys("3")
        try:
            terminal.wait_for(lambda screen: names(first_container(screen), expected(path)), f"{expected(path)} in the first line")
        except Trouble as trouble:
            yield str(trouble)


def names(line, path):
    """Whether a line begins with a path, or with one that was cut in the middle."""
    head, cut, tail = line.split(" ")[0].partition("…")
    return head == path if not cut else path.startswith(head) and path.endswith(tail) and len(head + tail) >= 10


def first_container(screen):
    """The first row below the titles."""
    lines = screen.split("\n")
    titles = [number for number, line in enumerate(lines) if line.lstrip().startswith("HOLDS MORE")]
    return lines[titles[0] + 1].strip() if titles and titles[0] + 1 < len(lines) else ""


def check_end(options):
    """The target's end is said; what was captured stays."""
    with process(options, LEAKS / "global_cache.py") as target, over_process(options, target) as terminal:
        terminal.wait_for("shop.cache.Order")
        target.kill()
        target.wait()
        terminal.wait_for(re.compile(r"ended|exited|gone"))
        terminal.keys("r")
        terminal.wait_for(re.compile(r"ended|exited|gone|no such process"))
        terminal.keys("End")
        terminal.keys("Home")
        terminal.wait_for("shop.cache.Order")
        terminal.keys("9")
        terminal.wait_for("<module>")
        terminal.keys("q")
        if status := terminal.exit_status():
            yield f"exit status {status}"


def objects(screen):
    """How many the status line says."""
    found = re.search(r"([\d,]+) objects", screen)
    return int(found[1].replace(",", "")) if found else 0


def check_interval(options):
    """With an interval growth is seen without a key."""
    with process(options, LEAKS / "global_cache.py") as target, over_process(options, target) as terminal:
        before = objects(terminal.screen())
        terminal.keys("R", "0.2", "Enter")
        terminal.wait_for("every 0.2 s")
        for _ in range(3):
            target.grow()
            terminal.wait_for(lambda screen: objects(screen) >= before + 4000, "more objects")
            before = objects(terminal.screen())
        terminal.keys("R", "0", "Enter")
        terminal.wait_for(lambda screen: "every 0.2 s" not in screen)
        yield from harmed(target)


def check_stopped(options):
    """A process that was stopped is looked at, and left stopped."""
    with process(options, LEAKS / "global_cache.py") as target:
        os.kill(target.pid, signal.SIGSTOP)
        with over_process(options, target) as terminal:
            terminal.keys("r", "q")
            terminal.exit_status()
        with open(f"/proc/{target.pid}/stat") as file:
            state = file.read().rpartition(")")[2].split()[0]
        if state != "T":
            yield f"the target's state is {state}"
        os.kill(target.pid, signal.SIGCONT)
        target.grow()


def cases(_):
    for name in ("global_cache", "callbacks", "signal_registry"):
        yield f"live leak {name}", check_leak, (name,)
    yield "live target ends", check_end, ()
    yield "live interval", check_interval, ()
    yield "live target stopped", check_stopped, ()
