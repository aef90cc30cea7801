"""Every way out gives the terminal back as it was, and leaves the target running; where there is no terminal, that is said."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import test_live
from heapglass import HERE, command_line, harmed, over_process, over_snapshots, process
from terminal import Terminal, Trouble

MARK = "what was here before"


def changed(before, now):
    """What of a terminal's modes is not as before."""
    return [f"{name}: {before.get(name)}, now {now.get(name)}" for name in {**before, **now} if before.get(name) != now.get(name)]


def settings(stty):
    """The words of `stty -a`, without the size."""
    words = re.split(r"; *|\s+", re.sub(r"rows \d+; columns \d+; ", "", stty.strip()))
    return dict.fromkeys(words, True)


class Visit:
    """heapglass, started by a shell in a terminal that was used before."""

    def __init__(self, terminal, command, ready="TYPE ", first="", then=""):
        self.terminal = terminal
        terminal.line(f"echo {MARK}")
        terminal.wait_for(f"\n{MARK}")
        terminal.prompt()
        self.stty = settings(terminal.stty())
        terminal.line(first + command_line(command) + then)
        terminal.wait_for(ready)
        self.drawn = terminal.modes()

    def wrong_after(self, what):
        """What is wrong with the terminal, once the shell asks for the next command."""
        screen = self.terminal.prompt(f"the prompt after {what}")
        wrong = [*self.not_given_back()]
        if f"\n{MARK}\n" not in screen:
            wrong.append(f"the main screen is not back:\n{screen}")
        return [f"after {what}: {each}" for each in wrong]

    def not_given_back(self):
        yield from changed(self.stty, settings(self.terminal.stty()))
        modes = self.terminal.modes()
        for name in ("alternate_on", "mouse_any_flag", "mouse_sgr_flag", "keypad_flag", "keypad_cursor_flag", "insert_flag", "origin_flag"):
            if modes[name] != "0":
                yield f"{name} is {modes[name]}"
        if modes["cursor_flag"] != "1":
            yield "the cursor is hidden"

    def status(self):
        self.terminal.line("echo status=$?.")
        return int(re.search(r"^status=(\d+)\.", self.terminal.wait_for(re.compile(r"^status=\d+\.", re.MULTILINE)), re.MULTILINE)[1])


def over_a_process(options, work):
    """work(visit, target) over a live one."""
    with process(options, test_live.LEAKS / "global_cache.py") as target, Terminal([], shell=True) as terminal:
        visit = Visit(terminal, [options.heapglass, target.pid])
        yield from work(visit, target)
        yield from harmed(target)
        target.grow()


def check_key(options, keys):
    def work(visit, _):
        visit.terminal.keys(*keys)
        yield from visit.wrong_after(" ".join(keys))
        if (status := visit.status()) != (128 + signal.SIGINT if keys == ("C-c",) else 0):
            yield f"exit status {status}"

    yield from over_a_process(options, work)


def check_signal(options, number):
    def work(visit, _):
        if visit.drawn["alternate_on"] != "1":
            yield "it does not use the alternate screen"
        os.kill(visit.terminal.pid(), number)
        yield from visit.wrong_after(number.name)
        status = visit.status()
        if status != 128 + number:
            yield f"exit status {status}"

    yield from over_a_process(options, work)


def check_while_capturing(options, number):
    """Again and again, in the middle of captures: the target runs on."""
    with process(options, test_live.LEAKS / "global_cache.py") as target:
        for _ in range(4):
            with over_process(options, target, "--every", "100ms") as terminal:
                terminal.wait_for("every 0.1 s")
                os.kill(terminal.pid(), number)
                status = terminal.exit_status()
            if status not in (128 + number, -number):
                yield f"exit status {status}"
            target.grow()  # waits until it runs
            yield from harmed(target)


def check_suspend(options):
    def work(visit, target):
        for _ in range(2):
            visit.terminal.wait_for("objects")
            visit.terminal.keys("C-z")
            visit.terminal.wait_for("Stopped")
            yield from visit.wrong_after("Ctrl-Z")
            yield from harmed(target)
            visit.terminal.line("fg")
            visit.terminal.wait_for("objects")
            try: # curses sets some of them when it next reads a key
                visit.terminal.until(lambda: visit.terminal.modes() == visit.drawn, "the modes of before", 5)
            except Trouble:
                yield f"back by fg: {changed(visit.drawn, visit.terminal.modes())}"
        visit.terminal.keys("q")
        visit.terminal.prompt()

    yield from over_a_process(options, work)


def check_resized_while_stopped(options):
    """What was resized meanwhile is drawn in the new size."""
    with over_snapshots(options, shell=True) as terminal:
        terminal.settled()
        terminal.keys("C-z")
        terminal.wait_for("Stopped")
        terminal.resize(100, 30)
        terminal.line("fg")
        terminal.wait_for(lambda screen: "objects" in screen and len(screen.rstrip("\n").split("\n")) == 30)
        terminal.keys("q")
        terminal.prompt()
        yield from ()


def start_below_shell(options, target, *prefix):
    """heapglass in a pseudo-terminal, without tmux, below a shell: (shell, heapglass, the other side)."""
    shell, side = pty.fork()
    if not shell:
        words = command_line([*prefix, options.heapglass, target.pid]) + "; :"
        os.execve("/bin/sh", ["sh", "-c", words], dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8"))
    drawn, until = b"", time.monotonic() + 20
    while b"FOOTPRINT" not in drawn and time.monotonic() < until:
        if select.select([side], [], [], 0.2)[0]:
            drawn += os.read(side, 1 << 16)
    return shell, youngest(shell), side


def youngest(pid):
    """The last of a line of only children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return youngest(int(children[0])) if children else pid


def ended(pid, patience=5):
    until = time.monotonic() + patience
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < until:
        time.sleep(0.02)
    return not os.path.exists(f"/proc/{pid}")


def check_terminal_gone(options, *prefix):
    """Its window is closed, and the shell has gone with it: it ends, also if no signal tells it, and the target runs on."""
    with process(options, test_live.LEAKS / "global_cache.py") as target:
        shell, pid, side = start_below_shell(options, target, *prefix)
        os.kill(shell, signal.SIGKILL) # the leader of the terminal's session: it hangs up
        os.waitpid(shell, 0)
        os.close(side)
        if not ended(pid):
            yield "it is still there 5 s after its terminal is gone"
            os.kill(pid, signal.SIGKILL)
        yield from harmed(target)


def one_line(text, status, *names):
    if status != 2:
        yield f"exit status {status}"
    if len(text.strip().split("\n")) != 1 or not all(name in text for name in names):
        yield f"it says {text!r}"


def check_terminals(options, term, *names):
    """Terminals that cannot: one line that says so."""
    with Terminal([], term=term, shell=True, size=(120, 10)) as terminal:
        terminal.line(command_line([options.heapglass, HERE / "after.hgs"]) + " 2>&1 | cat >/dev/null; clear")
        terminal.prompt()
        terminal.line(command_line([options.heapglass, HERE / "after.hgs"]) + " 2>said; echo status=$?.")
        screen = terminal.wait_for(re.compile(r"^.*status=\d+\.", re.MULTILINE))
        said = (terminal.where / "said").read_text()
        yield from one_line(said, int(re.search(r"status=(\d+)", screen)[1]), *names)


def check_no_terminal(options):
    for stdin in (subprocess.DEVNULL, None):
        done = subprocess.run([options.heapglass, HERE / "after.hgs"], stdin=stdin, capture_output=True, text=True, timeout=30,
                              env=dict(os.environ, TERM="xterm"))
        if done.stdout:
            yield f"it writes {done.stdout[:80]!r}"
        yield from one_line(done.stderr, done.returncode, "top")


def cases(_):
    for keys in (("q",), ("F10",), ("C-c",)):
        yield f"way out {keys[0]}", check_key, (keys,)
    for name in ("TERM", "HUP", "SEGV", "ABRT", "INT", "QUIT"):
        yield f"way out SIG{name}", check_signal, (getattr(signal, f"SIG{name}"),)
    for name in ("TERM", "SEGV", "KILL"):
        yield f"way out SIG{name} while it captures", check_while_capturing, (getattr(signal, f"SIG{name}"),)
    yield "suspended and back", check_suspend, ()
    yield "suspended, resized and back", check_resized_while_stopped, ()
    yield "terminal gone", check_terminal_gone, ()
    yield "terminal gone, without a signal", check_terminal_gone, ("setsid", "--wait")
    yield "TERM=dumb", check_terminals, ("dumb", "dumb", "top")
    yield "TERM unknown", check_terminals, ("no-such-terminal", "no-such-terminal", "top")
    yield "no terminal", check_no_terminal, ()
