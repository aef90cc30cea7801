"""How long the terminal UI takes to answer keys: it runs in a pseudo-terminal, and each key is timed until its first output.

Alone: bench/keys.py HEAPGLASS SOURCE"""

import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import termios
import time

ROWS, COLUMNS = 24, 80
QUIET = 0.03  # seconds without output: the screen is done
DOWN, END, HOME, PAGE_DOWN = b"\x1bOB", b"\x1bOF", b"\x1bOH", b"\x1b[6~"


class Screen:
    """heapglass in a pseudo-terminal."""

    def __init__(self, binary, source, *options):
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.execv(binary, [str(binary), str(source), *options])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def read(self, patience):
        """What comes within some seconds, "" if nothing does."""
        if not select.select([self.terminal], [], [], patience)[0]:
            return b""
        try:
            return os.read(self.terminal, 1 << 16)
        except OSError:
            return b""

    def settle(self, quiet=QUIET, longest=60):
        """Reads until nothing has come for a while."""
        seen, until = b"", time.monotonic() + longest
        while time.monotonic() < until and (part := self.read(quiet)):
            seen += part
        return seen

    def wait(self, text, longest=120):
        seen, until = b"", time.monotonic() + longest
        while text not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", seen):
            if time.monotonic() > until:
                raise SystemExit(f"bench: the screen never showed {text!r}")
            seen += self.read(0.2)

    def idle(self, longest=300):
        """Waits until no job runs: for a whole second nothing but the age changes."""
        until = time.monotonic() + longest
        while time.monotonic() < until:
            if b"Esc" not in self.settle(0.9, 2):
                return

    def press(self, key):
        """Milliseconds until the first output after a key, and until the last one."""
        self.settle(0.005, 0.2)
        started = time.monotonic()
        os.write(self.terminal, key)
        first = self.read(5)
        answered = time.monotonic()
        last = answered
        while first and (self.read(QUIET)):
            last = time.monotonic()
            if last - answered > 1:
                break
        return (answered - started) * 1000, (last - started) * 1000

    def end(self):
        os.write(self.terminal, b"q")
        self.settle(0.2, 5)
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def press_all(screen, keys):
    first, last = zip(*(screen.press(key) for key in keys))
    return {"median": statistics.median(first), "worst": max(first), "settled": max(last)}


def measure_keys(binary, source, type_name):
    """Milliseconds by what was done: the answer to a key (median, worst), and the time until all rows were there (worst)."""
    screen = Screen(binary, source)
    result = {}
    screen.wait(b"FOOTPRINT")
    result["while products are made"] = press_all(screen, [DOWN] * 40)
    screen.idle()
    result["types"] = press_all(screen, [DOWN] * 20 + [END, HOME])
    os.write(screen.terminal, b":" + type_name.encode() + b"\r")
    screen.wait(b"REFS")
    screen.idle()
    result["instances"] = press_all(screen, [DOWN] * 30 + [PAGE_DOWN] * 10 + [END, HOME] * 3)
    os.write(screen.terminal, b">")
    result["while instances are sorted"] = press_all(screen, [DOWN, PAGE_DOWN] * 15)
    screen.idle()
    result["sorted instances"] = press_all(screen, [DOWN] * 10 + [PAGE_DOWN] * 10 + [END, HOME] * 3)
    os.write(screen.terminal, b"/no such text in any of them\r")
    result["while all are searched"] = press_all(screen, [DOWN] * 20)
    screen.end()
    return result


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    for what, times in measure_keys(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "str").items():
        print(f"{what:30} median {times['median']:6.1f} ms   worst {times['worst']:6.1f} ms   settled {times['settled']:6.1f} ms")


if __name__ == "__main__":
    main()
