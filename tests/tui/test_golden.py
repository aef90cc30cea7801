"""Golden screens: what heapglass shows of two snapshots must be, to the last cell, what golden/ has."""

import difflib

from heapglass import HERE, over_snapshots
from terminal import Trouble

GOLDEN = HERE / "golden"
PATIENCE = 10  # seconds, for the screen to become the golden one
SIZES = ((40, 10), (60, 15), (80, 24), (132, 43), (200, 60))
COLOURS = {
    "256": {"term": "xterm-256color"},
    "8": {"term": "xterm"},
    "vt100": {"term": "vt100"},
    "no-color": {"term": "xterm-256color", "environment": {"NO_COLOR": "1"}},
}

# Objects of after.hgs.
ORDERS, NAMES, ORDER = "0x7ffff7a8eb80", "0x7ffff7a8ed80", "0x7ffff7aa9010"


def go(where, wanted):
    return ((":", where, "Enter"), wanted)


# How to come to a screen from the first one: keys, each with what is there after it.
SCREENS = {
    "types": [],
    "types-filtered": [("f", "ilter"), (("shop", "Enter"), "shop.cache.Order")],
    "overview": [("1", "RSS")],
    "growth": [("3", "shop.cache.ORDERS")],
    "growth-types": [("3", "shop.cache.ORDERS"), ("Tab", "shop.cache.Order")],
    "growth-survivors": [("3", "shop.cache.ORDERS"), ("Tab", "shop.cache.Order"), ("Tab", None)],
    "instances": [go("shop.cache.Order", ORDER)],
    "object": [go(ORDER, "order")],
    "object-odd-texts": [go(NAMES, "Würzige"), (("Down",) * 20, None)],
    "object-expanded": [go(ORDER, "order"), ("Down", None), ("Right", None)],
    "paths": [go(ORDER, "order"), ("p", "ORDERS")],
    "paths-type": [(("/", "cache.Order", "Enter"), None), ("p", "ORDERS")],
    "dominators": [("7", "collections")],
    "dominators-expanded": [("7", "collections"), ("Right", None)],
    "garbage": [("8", "Session")],
    "audit": [("8", "Session"), ("Tab", None)],
    "threads": [("9", "MainThread")],
    "messages": [("0", None)],
    "help": [("?", None)],
    "command": [("y", "heapglass top")],
}


def walk(terminal, steps):
    for keys, wanted in steps:
        terminal.keys(*((keys,) if isinstance(keys, str) else keys))
        if wanted:
            terminal.wait_for(wanted)
        else:
            terminal.settled(0.2)


def compare(terminal, name, picture, update):
    """Waits until picture() is the golden one."""
    path = GOLDEN / f"{name}.txt"
    if update:
        terminal.settled(0.5)
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(picture())
        return
    if not path.exists():
        yield f"there is no {path.name}: run with --update, and read what was written"
        return
    wanted = path.read_text()
    try:
        terminal.until(lambda: picture() == wanted, name, PATIENCE)
    except Trouble:
        lines = difflib.unified_diff(wanted.split("\n"), picture().split("\n"), "golden", "now", lineterm="", n=1)
        yield "\n".join(lines) or "it came late"


def check(options, name, steps, coloured=False, **more):
    with over_snapshots(options, **more) as terminal:
        terminal.settled()  # how columns lie depends on what was there before
        walk(terminal, steps)
        yield from compare(terminal, name, terminal.coloured if coloured else terminal.screen, options.update)


def check_resized(options):
    """A size that comes while it runs is as good as one from the beginning. They grow: columns stay as wide as they were."""
    with over_snapshots(options, size=SIZES[0]) as terminal:
        for size in (*SIZES, (20, 5), (1, 1), SIZES[-1]):
            terminal.resize(*size)
            if size in SIZES:
                yield from compare(terminal, f"types-{size[0]}x{size[1]}", terminal.screen, False)


def cases(options):
    for name, steps in SCREENS.items():
        yield f"golden {name}", check, (name, steps)
    for size in SIZES:
        yield f"golden types {size[0]}x{size[1]}", lambda options, size=size: check(options, f"types-{size[0]}x{size[1]}", [], size=size), ()
    for name, more in COLOURS.items():
        yield f"golden colours {name}", lambda options, name=name, more=more: check(options, f"types-{name}", [], True, **more), ()
    yield "golden LANG=C", lambda options: check(options, "types-ascii", [], locale="C"), ()
    if not options.update:
        yield "resized while it runs", check_resized, ()
