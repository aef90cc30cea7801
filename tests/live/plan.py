"""Which tests run on which interpreter, and with which symbols."""

import os

import oracle
import test_audit
import test_containers
import test_damaged
import test_derived
import test_diff
import test_dot
import test_garbage
import test_graph
import test_growth
import test_hidden
import test_leaks
import test_oracle
import test_paths
import test_places
import test_retained
import test_snapshot
import test_snapshot_doctor
import test_threads

# What heapglass is kept from seeing: nothing; all debug files, so that it has its built-in tables; also the tables of the
# very release, so that those of another one must do.
SYMBOL_MODES = {"dwarf": None, "hidden": "dwarf,cache", "derived": "dwarf,cache,symtab,table"}

# Each has cases(interpreter), which gives (name, function, arguments after heapglass and interpreter).
TESTS = (test_oracle, test_audit, test_garbage, test_graph, test_leaks, test_threads, test_paths, test_retained, test_dot, test_growth,
         test_diff, test_snapshot, test_snapshot_doctor, test_hidden, test_damaged)

# Each has cases(interpreters), which takes one or two of them: (name, function, arguments after heapglass).
PLACE_TESTS = (test_containers, test_places)

# All TESTS run on one interpreter of each minor version, with all symbols. On other builds of it run those that judge the layout:
GARBAGE = {f"garbage {case}" for case in test_garbage.CASES}
LAYOUT = {"oracle small.py", "oracle everything.py", "oracle stdlib_objects.py", "oracle leaky.py", "oracle threads.py 20",
          "oracle subinterpreters.py", "audit leaks", "audit small.py", "audit everything.py",
          "snapshot round trip"} | GARBAGE
# The same with fewer symbols; where each structure must be met once: by a table of another release, which
# has all that a table of its own has to prove, for one interpreter of each minor version.
FEWER_SYMBOLS = {"oracle small.py", "oracle threads.py 20", "audit leaks", "garbage classes", "garbage generator_frame",
                 "garbage own_frame", "garbage slots", "garbage tasks", "garbage tree", "garbage frozen",
                 *(name for name, *_ in test_derived.cases(None))}
EACH_STRUCTURE = GARBAGE | {"oracle everything.py"}
# What has to do with how processes are stopped, with size, or with what is tested on all by less, runs once:
ONCE = ("growth ", "--pause", "10^6", "oracle big.py", "graph big.py", "oracle mix.py", "graph mix.py", "oracle atoms.py",
        "oracle everything.py PYTHONMALLOC", "PYTHONMALLOC=malloc_debug", "equals DWARF everything.py",
        "diff ", "snapshot all commands", "snapshot PYTHONMALLOC", "snapshot saved again",
        "snapshot hides in all", "snapshot damaged", "snapshot interrupted", "snapshot to pipes")


class Case:
    """A test: `function(*arguments)` returns (passed, text), or counts of passed, failed and skipped instead of `passed`, or
    raises. Those that measure time, or need both processors, run alone. `where`: what of heapglass's support it judges, a
    Place."""

    def __init__(self, name, function, arguments=(), alone=False, where=None):
        self.name = name
        self.function = function
        self.arguments = arguments
        self.alone = alone
        self.where = where


def heapglass_for(binary, mode):
    environment = dict(os.environ)
    environment.pop("HEAPGLASS_HIDE", None)
    if SYMBOL_MODES[mode]:
        environment["HEAPGLASS_HIDE"] = SYMBOL_MODES[mode]
    return test_oracle.Heapglass(binary, environment, guesses=mode == "derived")


class Place:
    """An interpreter, and what heapglass may see of its symbols. `layout`: where heapglass then has its layout from, None if
    it refuses; it says why."""

    def __init__(self, binary, interpreter, mode):
        self.interpreter = interpreter
        self.mode = mode
        self.heapglass = heapglass_for(binary, mode)
        self.layout, self.refusal = self.heapglass.layout(interpreter)

    def __str__(self):
        return f"{self.interpreter.name} [{self.mode}]"


def skip(why):
    raise oracle.Skipped(why)


def representatives(found):
    """A release build of each minor version: the machine's own, for which there are packages to import, else the newest."""
    chosen = {}
    for interpreter in sorted(found, key=lambda each: (each.name.startswith("system"), each.version)):
        if not interpreter.abi_flags:
            chosen[interpreter.version[:2]] = interpreter
    return set(chosen.values())


def is_wanted(name, place, first, whole, chosen):
    if whole:
        return True
    if any(text in name for text in ONCE):
        return place.interpreter is first and place.mode == ("derived" if name.startswith("equals") else "dwarf")
    if place.mode != "dwarf":
        fits = place.interpreter is first or (place.mode == "derived" and place.interpreter in chosen)
        return name in FEWER_SYMBOLS or (name in EACH_STRUCTURE and fits)
    return place.interpreter in chosen or name in LAYOUT


def plan(binary, found, modes, whole=False):
    """The cases; all tests everywhere, if `whole`."""
    chosen = representatives(found)
    for interpreter in found:
        for place in [Place(binary, interpreter, mode) for mode in modes]:
            if not place.layout:
                yield Case(str(place), skip, (place.refusal,), where=place)
                continue
            if not interpreter.include:
                yield Case(str(place), skip, ("no headers to build the oracle with",), where=place)
                continue
            for module in TESTS + ((test_derived,) if place.mode == "derived" else ()):
                for name, function, arguments in module.cases(interpreter):
                    if is_wanted(name, place, found[0], whole, chosen):
                        yield Case(f"{place} {name}", function, (place.heapglass, interpreter, *arguments), where=place)
    if "dwarf" in modes:
        for module in PLACE_TESTS:
            for name, function, arguments in module.cases(found):
                yield Case(name, function, (heapglass_for(binary, "dwarf"), *arguments))
