"""A program in a real terminal: tmux has one without a screen. Keys go in, what it shows comes out.

Nothing here sleeps for a fixed time: what is waited for is looked at again and again, until it is there or time is up."""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = float(os.environ.get("TUI_PATIENCE", 20))  # seconds
LOOK_AGAIN = 0.02
PROMPT = "ready>"
KEYS = {"Left", "Right", "Up", "Down", "Enter", "Escape", "Space", "Tab", "BTab", "BSpace", "Home", "End", "PageUp", "PageDown",
        "DC", "IC", *(f"F{number}" for number in range(1, 13))}


class Trouble(Exception):
    """What was waited for did not come; says what was there instead."""


def plain_environment(term, locale, folder, more):
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "XDG_CONFIG_HOME": str(folder), "SHELL": "/bin/sh",
            "TERM": term, "LANG": locale, "TZ": "UTC", **(more or {})}


class Terminal:
    """`command` in a terminal of `size`; in the folder `where`, which is a new one by default. With `shell` it runs in an
    interactive bash there, which has control of jobs, and stays when the command ends.

    A context manager: at the end all of it is gone."""

    def __init__(self, command, size=(80, 24), term="xterm-256color", locale="C.UTF-8", environment=None, where=None, shell=False):
        self.folder = tempfile.TemporaryDirectory(prefix="heapglass-tui-")
        self.where = Path(where or self.folder.name)
        self.socket = os.path.join(self.folder.name, "tmux")
        self.shell = shell
        words = [str(word) for word in command]
        settings = plain_environment(term, locale, self.folder.name, environment)
        start = ["env", "-i", *(f"{name}={value}" for name, value in settings.items())]
        start += [f"PS1={PROMPT} ", "bash", "--norc", "--noprofile", "+o", "history"] if shell else words
        # "window-size manual" would be what is meant, but ends the server of tmux 3.3.
        self.tmux("start-server", ";", "set", "-g", "remain-on-exit", "on", ";", "set", "-g", "remain-on-exit-format", "", ";",
                  "set", "-g", "status", "off", ";", "set", "-sg", "escape-time", "0", ";", "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(self.where), *start)
        if shell:
            self.prompt()
            if words:
                self.line(" ".join(words))

    def tmux(self, *words):
        settings = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.folder.name, "TERM": "xterm-256color"}
        done = subprocess.run(["tmux", "-u", "-S", self.socket, "-f", "/dev/null", *words], capture_output=True, env=settings)
        if done.returncode:
            raise Trouble(f"tmux {words[0]}: {done.stderr.decode().strip()}")
        return done.stdout.decode("utf-8", "replace")

    # ---- keys --------------------------------------------------------------------------------------------------------

    def keys(self, *keys):
        """Each is a key's name (Enter, F4, C-c), or text."""
        words = []
        for key in keys:
            named = key in KEYS or re.fullmatch(r"[CMS]-.+", key)
            words += [";", "send-keys", key] if named else [";", "send-keys", "-l", re.sub(";$", r"\\;", key)]
        self.tmux(*words[1:])

    def line(self, text):
        self.keys(text, "Enter")

    def mouse(self, button, column, row):
        """A press, and for buttons the release: 0 left, 64 wheel up, 65 wheel down; from 0 on. As xterm tells it (1006)."""
        events = [f"\x1b[<{button};{column + 1};{row + 1}M"]
        if button < 64:
            events.append(f"\x1b[<{button};{column + 1};{row + 1}m")
        for event in events:
            self.tmux("send-keys", "-H", *(f"{byte:x}" for byte in event.encode()))

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    # ---- what is there -----------------------------------------------------------------------------------------------

    def screen(self):
        """The lines, without blanks at their ends."""
        return self.tmux("capture-pane", "-p")

    def lines(self):
        return self.screen().split("\n")

    def coloured(self):
        """The same with attributes: each escape sequence as \\e[...m; blanks at the ends stay where they have a colour."""
        return self.tmux("capture-pane", "-p", "-e").replace("\x1b", "\\e").replace("\x0e", "\\so").replace("\x0f", "\\si")

    def show(self, *names):
        """Variables of tmux's formats, as texts."""
        return self.tmux("display-message", "-p", "\t".join(f"#{{{name}}}" for name in names)).rstrip("\n").split("\t")

    def pid(self):
        """Of the program: with a shell of its last child; None if there is none."""
        pid = int(self.show("pane_pid")[0])
        if not self.shell:
            return pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[-1]) if children else None

    def dead(self):
        return self.show("pane_dead")[0] == "1"

    def exit_status(self, patience=None):
        """When it has ended: its status, or the signal's number below zero."""

        def ended():
            dead, status, number, server = self.show("pane_dead", "pane_dead_status", "pane_dead_signal", "pid")
            if dead == "1" and not status and not number:
                os.kill(int(server), signal.SIGCHLD)  # tmux 3.3 sometimes misses it
            return (status, number) if status or number else None

        status, number = self.until(ended, "its end", patience)
        return -int(number) if number else int(status)

    def modes(self):
        """What a program changes of a terminal, and has to give back. The tty's settings are `stty`."""
        names = ("alternate_on", "cursor_flag", "insert_flag", "keypad_cursor_flag", "keypad_flag", "mouse_any_flag", "mouse_sgr_flag",
                 "origin_flag", "wrap_flag", "scroll_region_upper", "scroll_region_lower")
        return dict(zip(names, self.show(*names)))

    def stty(self):
        tty = self.show("pane_tty")[0]
        return subprocess.run(["stty", "-a", "-F", tty], capture_output=True, text=True, check=True).stdout

    # ---- waiting -----------------------------------------------------------------------------------------------------

    def until(self, predicate, what, patience=None):
        """Until predicate() is true; what it returned."""
        end = time.monotonic() + (patience or PATIENCE)
        while not (found := predicate()):
            if time.monotonic() > end:
                state = "" if not self.dead() else f" (it has ended: {self.show('pane_dead_status', 'pane_dead_signal')})"
                raise Trouble(f"not within {patience or PATIENCE:.0f} s: {what}{state}\n{self.screen()}")
            time.sleep(LOOK_AGAIN)
        return found

    def wait_for(self, wanted, what=None, patience=None):
        """Until the screen has a text, matches a pattern, or satisfies a function; the screen then."""
        if callable(wanted):
            matches = wanted
        elif isinstance(wanted, re.Pattern):
            matches = wanted.search
        else:
            matches = lambda screen: wanted in screen
        seen = []

        def look():
            seen[:] = [self.screen()]
            return matches(seen[0])

        self.until(look, what or repr(getattr(wanted, "pattern", wanted)), patience)
        return seen[0]

    def prompt(self, what="the shell's prompt"):
        """Until the shell asks for the next command; the screen then."""
        return self.wait_for(lambda screen: screen.rstrip().rpartition("\n")[2] == PROMPT, what)

    def settled(self, quiet=0.3, patience=None):
        """The screen, once it has stayed the same for `quiet` seconds."""
        last, since = None, 0

        def same():
            nonlocal last, since
            now, screen = time.monotonic(), self.tmux("capture-pane", "-p", "-e")
            if screen != last:
                last, since = screen, now
            return now - since >= quiet

        self.until(same, "a screen that stays the same", patience)
        return self.screen()

    # ---- the end -----------------------------------------------------------------------------------------------------

    def close(self):
        try:
            pids = [self.pid(), int(self.show("pane_pid")[0])]
        except (Trouble, OSError, ValueError):
            pids = []
        try:
            self.tmux("kill-server")
        except Trouble:
            pass
        for pid in filter(None, pids):  # a program that is stopped does not see its terminal go
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
