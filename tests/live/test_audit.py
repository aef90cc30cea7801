"""heapglass audit: leaked references are found to the last one, and other processes have those that
docs/hidden-references.md explains."""

import collections
import contextlib
import json
import subprocess

import oracle

LEAKY = oracle.HERE / "leaky_extension" / "leaky.c"
IDLE = "import sys; print(flush=True); sys.stdin.read()"

# What docs/hidden-references.md says of an interpreter that waits for its input: objects by where a word in C may hold them.
# More than that is either something new, or an error of ours.
IDLE_KINDS = {
    (3, 8): {"unknown_body": 3, "c_global": 504, "c_stack": 7, "c_memory": 1, "unexplained": 3},
    (3, 9): {"unknown_body": 16, "c_global": 491, "c_stack": 5, "c_memory": 1, "unexplained": 1},
    (3, 10): {"unknown_body": 22, "c_global": 260, "c_stack": 5, "c_memory": 1},
    (3, 11): {"unknown_body": 20, "c_global": 56, "c_stack": 6, "frame_stack": 2, "c_memory": 1},
    (3, 12): {"unknown_body": 33, "c_global": 1, "c_stack": 6, "frame_stack": 2, "c_memory": 1},
    (3, 13): {"unknown_body": 35, "c_global": 1, "c_stack": 9, "frame_stack": 2, "c_memory": 1},
    (3, 14): {"unknown_body": 34, "c_global": 1, "c_stack": 10, "c_memory": 1},
    (3, 15): {"unknown_body": 36, "c_global": 1, "c_stack": 9, "c_memory": 2},
}

# Programs that use much of the standard library, and which types may have unexplained references there, how many each:
# docs/hidden-references.md explains these, too.
PROGRAMS = ("small.py", "everything.py", "stdlib_objects.py", "django_app.py", "threads.py", "subinterpreters.py", "waiting_tasks.py")
EXPLAINED = {"decimal.Context": 1, "type": 4, "builtin_function_or_method": 1, "str": 1}
EXPLAINED_BEFORE = {  # the version that needs it no more -> what older ones have besides
    (3, 11): {"function": 1, "str": 2},
    (3, 10): {"type": 2, "int": 1},
    (3, 9): {"module": 3, "str": 1},
}


def audit(heapglass, pid, *options):
    with heapglass.run("audit", pid, "--json", "-n", 0, *options) as document:
        return json.load(document)


@contextlib.contextmanager
def running(interpreter, *arguments):
    """A process that has said its first line, and that line."""
    process = subprocess.Popen([*interpreter.command, "-I", "-S", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def kinds_of(document):
    """By where they may be held: how many hidden references."""
    kinds = collections.Counter()
    for row in document["types"]:
        for kind in ("unexplained", "frame_stack", "unknown_body", "c_global", "c_memory", "c_stack"):
            kinds[kind] += row[kind]
    return kinds


def explained(version):
    """By type, how many objects may have unexplained references in this version."""
    counts = collections.Counter(EXPLAINED)
    for before, more in EXPLAINED_BEFORE.items():
        counts.update(more if version < before else {})
    return counts


def is_name_of_given_up_keys(version, row):
    """A class may give up the table of its instances' names, up to 3.10; only their dicts have it then."""
    return version < (3, 11) and row["type"] == "str" and row["hidden"] == 1 and row["value"].strip("'").isidentifier()


def check_leaks(heapglass, interpreter):
    """1,000 leaked objects of each of three types, and nothing else, are what nothing accounts for."""
    folder = oracle.build_extension(interpreter.include, LEAKY)
    wrong = []
    with running(interpreter, oracle.PROGRAMS / "missing_decref.py", folder) as (process, said):
        kept, held = said.split()
        document = audit(heapglass, process.pid)
        with heapglass.run("top", process.pid, "--json", "-n", 0) as top:
            unreachable = {row["type"]: row["unreachable"] for row in json.load(top)["types"]}
        with heapglass.run("paths", process.pid, kept, "--json") as paths:
            roots = [path["root"] for path in json.load(paths)["paths"]]
    # Static free lists that only symbols name look like C globals, and what was parked there like memory of C.
    unnamed = interpreter.version < (3, 10) and "HEAPGLASS_HIDE" in heapglass.environment
    most = 10 if unnamed else 3
    # A word that was left on a C stack may look like the one reference that a leaked object has: at most a few.
    # Of the list with one reference too many, too; without one it is unexplained.
    usual = explained(interpreter.version) + collections.Counter({"list": 1})
    leaked = {row["type"]: row for row in document["types"] if row["unexplained"] > usual[row["type"]]}
    if sorted(leaked) != ["__main__.Order", "bytes", "float"]:
        wrong.append(f"unexplained: {sorted(leaked)}")
    for name, row in leaked.items():
        objects = [each for each in document["objects"] if each["type"] == name]
        singles = sum(each["refcount"] == 1 and each["found"] == 0 and each["hidden"] == 1 for each in objects)
        hidden = row["hidden"] - (row["c_global"] if interpreter.version < (3, 10) else 0)  # b"a" and others: static variables
        mistaken = hidden - row["unexplained"]
        if mistaken > most or not 1000 <= hidden <= 1003 or singles < 1000 or row["unreachable"] < 1000 - most:
            wrong.append(f"{name}: {row}, {singles} of refcount 1")
        if unreachable.get(name, 0) < row["unreachable"]:
            wrong.append(f"{name}: top has {unreachable.get(name, 0)} unreachable, audit {row['unreachable']}")
    hidden = {each["address"]: each for each in document["objects"]}
    if hidden.get(held, {}).get("hidden") != 1:
        wrong.append(f"the list with one reference too many: {hidden.get(held)}")
    if not unnamed and "leaky.so" not in (hidden.get(kept, {}).get("holders") or ""):
        wrong.append(f"the list in a static variable: {hidden.get(kept)}")
    name = "leaky.so+0x" if "symtab" in heapglass.environment.get("HEAPGLASS_HIDE", "") else "kept_list"
    if [root["kind"] for root in roots] != ["C global"] or not (unnamed or name in roots[0]["name"]):
        wrong.append(f"its root: {roots}")
    if document["overcounted"]["objects"]:
        wrong.append(f"overcounted: {document['overcounted']['objects'][:3]}")
    return not wrong, "\n".join(wrong) or f"{document['totals']}"


def check_idle(heapglass, interpreter):
    """An idle interpreter has few hidden references, the same ones in every run."""
    runs, wrong = [], []
    for _ in range(2):
        with running(interpreter, "-c", IDLE) as (process, _):
            document = audit(heapglass, process.pid)
        runs.append([{key: value for key, value in row.items() if key != "type_address"} for row in document["types"]])
        wrong += [f"overcounted: {each}" for each in document["overcounted"]["objects"]]
    found = kinds_of(document)
    documented = IDLE_KINDS[interpreter.version[:2]]
    wrong += [f"{found[kind]} {kind}, documented are {documented.get(kind, 0)}" for kind in found
              if found[kind] > documented.get(kind, 0)]
    if runs[0] != runs[1]:
        wrong += [f"not in every run: {row}" for row in runs[0] + runs[1] if row not in runs[0] or row not in runs[1]]
    return not wrong, "\n".join(wrong) or str(dict(found))


def check_program(heapglass, interpreter, program):
    """No object has fewer references than were found; what is unexplained is documented."""
    with oracle.Target(interpreter, program, record=False) as target:
        document = audit(heapglass, target.pid)
    wrong = [f"overcounted: {each}" for each in document["overcounted"]["objects"]]
    unexplained = collections.Counter(row["type"] for row in document["objects"]
                                      if row["unexplained"] and not is_name_of_given_up_keys(interpreter.version, row))
    usual = explained(interpreter.version)
    wrong += [f"unexplained: {row}" for row in document["types"] if unexplained[row["type"]] > usual[row["type"]]]
    return not wrong, "\n".join(wrong) or str(dict(kinds_of(document)))


def cases(_interpreter):
    yield "audit leaks", check_leaks, ()
    yield "audit idle", check_idle, ()
    for program in PROGRAMS:
        yield f"audit {program}", check_program, (program,)
