"""Objects held in many ways. Says their addresses, then checks paths that it is given, a JSON document on a line."""

import collections
import functools
import gc
import json
import sys
import threading


class Target:
    pass


class Plain:
    pass


class Slotted:
    __slots__ = ("held",)


def with_default(first, given=Target(), *, named=Target()):
    return first, given, named


def closure():
    kept = Target()

    def inner():
        return kept
    return inner


def generate():
    waiting = Target()
    yield
    yield waiting


MODULE_GLOBAL = Target()
MAPPING = {"key": Target(), 3: [Target(), (Target(),)], ("a", 1): Target()}
SET = {Target()}
DEQUE = collections.deque([Target(), Target()])
ORDERED = collections.OrderedDict(one=Target())
DEFAULT = collections.defaultdict(list, many=[Target()])
PLAIN = Plain()
PLAIN.attribute = Target()
PLAIN.child = Plain()
PLAIN.child.items = [Target()]
DICTED = Plain()
DICTED.__dict__["by dict"] = Target()
SLOTTED = Slotted()
SLOTTED.held = Target()
FUNCTION = closure()
GENERATOR = generate()
next(GENERATOR)
PARTIAL = functools.partial(print, Target(), word=Target())
METHOD = Target().__init__
Plain.of_class = Target()
LOCAL = threading.local()
LOCAL.data = Target()
WEAK = __import__("weakref").WeakValueDictionary(one=MODULE_GLOBAL)


def evaluate(path):
    """id() of what a path leads to, if it is an expression of this module's names; else None."""
    if not path.startswith("__main__."):
        return None
    try:
        return id(eval(path[len("__main__."):], globals()))
    except (SyntaxError, NameError, AttributeError):
        return None


def refers(owner, target):
    """Whether one object refers to another, as far as Python can tell."""
    return any(each is target for each in gc.get_referents(owner)) or any(
        value is target for value in getattr(owner, "__dict__", {}).values()) or owner.__class__ is type


def check(document, known):
    evaluated = wrong = 0
    for address, paths in document:
        for path in paths:
            found = evaluate(path["path"])
            if found is not None:
                evaluated += 1
                wrong += found != address
            steps = [known.get(int(step["address"], 16)) for step in path["steps"]]
            for owner, target in zip(steps, steps[1:]):
                if owner is not None and target is not None:
                    evaluated += 1
                    wrong += not refers(owner, target)
    return {"checked": evaluated, "wrong": wrong}


def main():
    print(json.dumps([hex(id(each)) for each in gc.get_objects() if type(each) is Target]), flush=True)
    line = sys.stdin.readline()
    known = {id(each): each for each in gc.get_objects()}
    print(json.dumps(check(json.loads(line), known)), flush=True)


if __name__ == "__main__":
    main()
