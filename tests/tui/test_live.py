"""Live sessions: the leak is found by keys alone; a target that ends leaves its data to be looked at."""

import re

from heapglass import HERE, over_process, process
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


def cases(_):
    for name in ("global_cache", "callbacks", "signal_registry"):
        yield f"live leak {name}", check_leak, (name,)
    yield "live target ends", check_end, ()
