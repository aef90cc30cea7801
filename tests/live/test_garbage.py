"""heapglass garbage against gc.collect() in the same process, right after."""

import json
import subprocess

import oracle

CASES = (
    "nothing", "finalizer_without_cycle", "self_reference", "two_with_finalizers", "many_pairs", "closure",
    "traceback_in_variable", "generator_frame", "generator_with_finally", "weakref_callback_outside",
    "weakref_callback_inside", "lists_of_lists", "tree", "slots", "classes", "bound_method", "own_frame", "dict_and_tuple",
    "untracked_between", "resurrected", "tasks", "frozen", "held_by_frozen", "exceptions_in_a_list", "save_all", "subinterpreter",
)

# gc.collect() does not count what finalizers bring back, nor what they free by themselves, as closing a suspended generator
# frees what it held: how many more are found, by hand.
UNCOUNTED = {"resurrected": 1, "generator_frame": 2, "generator_with_finally": 2}
# Instances' dicts are objects of their own up to 3.10; before 3.9 nothing is freed at all if something comes back.
UNCOUNTED_BEFORE = {(3, 11): {"resurrected": 2}, (3, 9): {"resurrected": 4}}

# What must be said of some of them.
FINALIZERS = {"two_with_finalizers": "__del__ of __main__.Finalized", "generator_with_finally": "suspended generator",
              "weakref_callback_outside": "1 weakref callback"}
CYCLES = {"two_with_finalizers": "__main__.Finalized.s → __main__.Finalized.s → (itself)",
          "many_pairs": "__main__.Node.peer → __main__.Node.peer → (itself)",
          "slots": "__main__.Slotted.peer → __main__.Slotted.peer → (itself)"}


def garbage(heapglass, pid):
    with heapglass.run("garbage", pid, "--json", "-n", 0) as document:
        return json.load(document)


def check_groups(case, collectable):
    """What is wrong with the groups, as a list of texts."""
    groups = collectable["groups"]
    wrong = []
    for key in ("gc_objects", "objects", "footprint"):
        if sum(group[key] for group in groups) != collectable[key]:
            wrong.append(f"{key} of the groups is not {collectable[key]}")
    if case in FINALIZERS and not any(FINALIZERS[case] == group["finalizers"] for group in groups):
        wrong.append(f"finalizers {[group['finalizers'] for group in groups][:3]}")
    if case in CYCLES and not any(CYCLES[case] == group["cycle"] for group in groups):
        wrong.append(f"cycles {[group['cycle'] for group in groups][:3]}")
    if case == "many_pairs" and len(groups) != 1000:
        wrong.append(f"{len(groups)} groups")
    return wrong


def check(heapglass, interpreter, case):
    command = [*interpreter.command, str(oracle.PROGRAMS / "cycles.py"), case]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as target:
        target.stdout.readline()
        document = garbage(heapglass, target.pid)
        target.stdin.write("\n")
        target.stdin.flush()
        returned = int(target.stdout.readline())
        target.stdin.close()
    found = document["collectable"]["gc_objects"]
    wrong = check_groups(case, document["collectable"])
    uncounted = UNCOUNTED.get(case, 0)
    for before, counts in UNCOUNTED_BEFORE.items():
        uncounted = counts.get(case, uncounted) if interpreter.version < before else uncounted
    if found != returned + uncounted:
        wrong.append(f"{found} found, gc.collect() returned {returned}")
    if document["gc"]["enabled"]:
        wrong.append("gc is told to be enabled")
    if case in ("frozen", "held_by_frozen") and not document["gc"]["frozen"]:
        wrong.append("nothing is told to be frozen")
    of_its_own = [1 if interpreter.version >= (3, 9) else 0]  # before, one collector has all interpreters' objects
    if case == "subinterpreter" and [each["collectable"]["gc_objects"] for each in document["interpreters"]] != of_its_own:
        wrong.append(f"interpreters: {document['interpreters']}")
    if case == "save_all" and not document["gc"]["debug"] & 32:
        wrong.append("DEBUG_SAVEALL is not told")
    return not wrong, f"{found} objects; " + "; ".join(wrong)


def cases(interpreter):
    """(name, function, further arguments) of each test."""
    for case in CASES:
        yield f"garbage {case}", check, (case,)
