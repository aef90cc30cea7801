"""Random keys and random sizes: no crash, no report of a sanitizer, and the terminal is given back."""

import random
import signal
import time
from pathlib import Path

import test_live
from heapglass import HERE, SOURCE, harmed, process
from terminal import Terminal
from test_ways_out import Visit, settings

KEYS = ("Up Down Left Right PageUp PageDown Home End Enter Enter Enter BSpace BSpace Tab Space Escape F1 F4 C-l "
        "1 2 3 4 5 6 7 8 9 0 j k g G n N / f < > I p d i r b R e s y : ? Down Down Right j j").split()
TEXTS = ("dict", "0x7ffff7a0ed40", "shop.cache.Order", "10", "x", "玄", "*", "a.csv", "b.json", "c.dot", "", "0", "type:str")
PROMPTS = "/ f : R e s F4".split()


def press(terminal, dice):
    """One to a few keys, a click, a new size, or a text at a prompt; what it was."""
    choice = dice.random()
    if choice < 0.06:
        size = dice.choice(((80, 24), (dice.randrange(40, 200), dice.randrange(10, 60)), (dice.randrange(1, 40), dice.randrange(1, 10))))
        terminal.resize(*size)
        return [f"size {size}"]
    if choice < 0.12:
        click = dice.choice((0, 64, 65)), dice.randrange(80), dice.randrange(24)
        terminal.mouse(*click)
        return [f"mouse {click}"]
    if choice < 0.2:
        keys = [dice.choice(PROMPTS), dice.choice(TEXTS), dice.choice(("Enter", "Enter", "Enter", "Escape", "Tab", "Up"))]
    else:
        keys = [dice.choice(KEYS) for _ in range(dice.choice((1, 1, 1, 2, 5, 20)))]
    terminal.keys(*filter(None, keys))
    return keys


def reports(folder):
    return [path.read_text(errors="replace")[:6000] for path in sorted(Path(folder).glob("report.*"))]


def session(options, dice, end, source, terminal):
    """From a start until `end`, or until it quits by itself. Keys that come later go to cat, not to the shell."""
    words, pressed, ended = [options.heapglass, *source], [], terminal.where / "status"
    visit = Visit(terminal, words, first="stty -a >stty; ", then="; echo $? >status.new; mv status.new status; cat >/dev/null")
    while time.monotonic() < end and not ended.exists():
        pressed += press(terminal, dice)
    terminal.resize(80, 24)
    if not ended.exists():
        terminal.keys("Escape", "Escape", "C-c")
    terminal.until(ended.exists, f"its end after the keys ... {' '.join(pressed[-60:])}", 60)
    visit.stty, status = settings((terminal.where / "stty").read_text()), int(ended.read_text())
    wrong = [] if reports(terminal.where) else [*visit.not_given_back()]
    cancelled = status == 1 and "heapglass: cancelled" in terminal.screen()  # the first capture, by Escape
    if wrong or reports(terminal.where) or not (cancelled or status in (0, 128 + signal.SIGINT)):
        wrong.append(f"exit status {status} after the keys ... {' '.join(pressed[-60:])}\n{terminal.screen()}")
    return len(pressed), wrong + reports(terminal.where)


def check(options, live):
    seed = options.seed or random.randrange(1, 10 ** 6)
    kind = "live" if live else "over snapshots"
    print(f"random keys {kind}: --seed {seed}", flush=True)
    dice, end, wrong, sessions, pressed = random.Random(seed), time.monotonic() + options.seconds, [], 0, 0
    with process(options, test_live.LEAKS / "global_cache.py") as target:
        source = [target.pid] if live else [HERE / SOURCE[0], SOURCE[1], HERE / SOURCE[2]]
        while time.monotonic() < end and not wrong:
            size = dice.choice(((80, 24), (40, 10), (132, 43)))
            with Terminal([], shell=True, size=size, environment=sanitizers()) as terminal:
                keys, found = session(options, dice, end, source, terminal)
            wrong += found
            pressed, sessions = pressed + keys, sessions + 1
            if live:
                target.grow()
                wrong += harmed(target)
    print(f"random keys {kind}: {pressed} presses in {sessions} sessions", flush=True)
    return [f"seed {seed}: {each}" for each in wrong]


def sanitizers():
    """Reports go to files in the folder where it runs."""
    common = "log_path=report"
    return {"ASAN_OPTIONS": f"{common}:allocator_may_return_null=1:detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": f"{common}:print_stacktrace=1:halt_on_error=1", "TSAN_OPTIONS": f"{common}:halt_on_error=1"}


def cases(_):
    yield "random keys over snapshots", check, (False,)
    yield "random keys live", check, (True,)
