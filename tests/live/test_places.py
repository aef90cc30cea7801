"""Where an interpreter hides: in another program, in a library, twice in one process, behind a file that is gone; and what
it may look like there: threads by the thousand, frozen before a fork, without pymalloc."""

import json
import os
import re
import shutil
import subprocess

import oracle
import places
from places import CODE, MINE, READY, doctor, folder, look, need_root, refused, verdict, waiting

HOST = oracle.HERE / "embedded" / "host.c"
LOADER = "/lib64/ld-linux-x86-64.so.2"
THREADS = 2000
READ, PAUSE = 0, 34  # numbers of system calls on x86-64

# Keys of sysconfig that tell how to link with an interpreter.
LINKING = ("LIBDIR", "INSTSONAME", "LIBPL", "LIBRARY", "LIBS", "SYSLIBS", "MODLIBS", "VERSION")


def need_here(interpreter):
    if os.path.realpath(interpreter.command[0]) != interpreter.binary:
        raise oracle.Skipped("it runs in a root of its own")


def linking(interpreter):
    """sysconfig's LINKING of an interpreter."""
    code = f"import json, sysconfig; print(json.dumps([sysconfig.get_config_var(key) for key in {LINKING}]))"
    said = subprocess.run([*interpreter.command, "-c", code], capture_output=True, text=True, check=True).stdout
    return dict(zip(LINKING, json.loads(said)))


def libpython(interpreter):
    """The path of its shared library; skips where it has none."""
    config = linking(interpreter)
    path = os.path.join(config["LIBDIR"], config["INSTSONAME"] or "")
    need_here(interpreter)
    if ".so" not in path or not os.path.exists(path):
        raise oracle.Skipped("no libpython")
    return path


def linked_host(interpreter):
    """(program linked with libpython, path of the library)."""
    library = libpython(interpreter)
    return places.compiled(HOST, "-DLINKED", library), library


# ---- in another program -----------------------------------------------------------------------


def check_embedded(heapglass, interpreter):
    program, library = linked_host(interpreter)
    with waiting([program], {"LD_LIBRARY_PATH": os.path.dirname(library)}) as process:
        wrong = look(heapglass, process.pid)
        status, document, text = doctor(heapglass, process.pid)
        path = document["python"]["path"]
        if status or not os.path.samefile(path, library) or f"{path}, loaded by {program}" not in text:
            wrong.append(f"doctor: exit {status}, {document['python']}")
        listed = places.run(heapglass, "ps", "--json").stdout
        if f'"pid": {process.pid},' not in listed:
            wrong.append("ps does not list it")
    return verdict(wrong)


def check_linked_statically(heapglass, interpreter, archive, flags):
    """Python in a program's own file, which exports nothing, stripped."""
    need_here(interpreter)
    config = linking(interpreter)
    path = os.path.join(config["LIBPL"], archive.format(config["VERSION"]))
    if not os.path.exists(path):
        raise oracle.Skipped(f"no {os.path.basename(path)}")
    libraries = " ".join(config[key] or "" for key in ("LIBS", "MODLIBS", "SYSLIBS")).split()
    program = places.compiled(HOST, "-DLINKED", "-s", *flags, path, *libraries)
    with waiting([program]) as process:
        wrong = look(heapglass, process.pid)
        status, document, _ = doctor(heapglass, process.pid)
        if status or document["python"]["path"] != str(program):
            wrong.append(f"doctor: exit {status}, {document['python']}, {document['layout']}")
    return verdict(wrong, document["layout"]["provider"])


def check_two(heapglass, interpreter, other):
    """Two that run, told apart by number; one that is loaded only is in nobody's way."""
    libraries = [libpython(interpreter), libpython(other)]
    if len(set(libraries)) == 1:
        with folder() as place:
            shutil.copy(libraries[0], place)
            return check_two_of(heapglass, [libraries[0], place / os.path.basename(libraries[0])])
    return check_two_of(heapglass, libraries)


def check_two_of(heapglass, libraries):
    host = places.compiled(HOST)
    wrong = []
    with waiting([host, *libraries]) as process:
        wrong += refused(heapglass, ["top", process.pid], 4, "runs 2 Pythons at once", "--python")
        found = []
        for number in "12":
            status, document, _ = doctor(heapglass, process.pid, ["--python", number])
            count = 1000 * (1 + [*map(str, libraries)].index(document["python"]["path"]))
            wrong += look(heapglass, process.pid, {"__main__.Mine": count}, ["--python", number])
            found.append(count)
        if sorted(found) != [1000, 2000]:
            wrong.append(f"the two have {found} objects")
        wrong += refused(heapglass, ["top", process.pid, "--python", 3], 2, "only 2")
    with waiting([host, libraries[0], f"-{libraries[1]}"]) as process:
        wrong += look(heapglass, process.pid)
    with waiting([host, f"-{libraries[0]}"]) as process:
        wrong += refused(heapglass, ["top", process.pid], 4, "no interpreter in it")
    return verdict(wrong)


def check_loader(heapglass, interpreter):
    """Started by ld.so, /proc/PID/exe is that."""
    need_here(interpreter)
    if not os.path.exists(LOADER):
        raise oracle.Skipped(f"no {LOADER}")
    with waiting([LOADER, interpreter.binary, "-c", CODE + READY]) as process:
        wrong = look(heapglass, process.pid)
        _, document, _ = doctor(heapglass, process.pid)
        if not document["python"]["path"]:
            wrong.append(f"{document['python']}")
    return verdict(wrong, document["python"]["path"])


# ---- behind a file that is gone -----------------------------------------------------------------


def check_gone(heapglass, interpreter, library, replaced, prefix):
    """The program's or library's file is deleted, or replaced by that of another version (or program)."""
    need_root()
    need_here(interpreter)
    places.need("setpriv")
    with folder() as place:
        if library:
            program, original = linked_host(interpreter)
            file = place / os.path.basename(original)
            environment = {"LD_LIBRARY_PATH": str(place)}
            command = [program]
        else:
            original = interpreter.binary
            file = place / "python3"
            environment = None
            command = [file, "-c", CODE + READY]
        shutil.copy(original, file)
        home = {"PYTHONHOME": places.prefix_of(interpreter)}
        with waiting(["env", *(f"{key}={value}" for key, value in {**home, **(environment or {})}.items()),
                      *command]) as process:
            _, before, _ = doctor(heapglass, process.pid)
            file.unlink()
            if replaced:
                shutil.copy(replaced, file)
            wrong = look(heapglass, process.pid, prefix=prefix)
            status, after, text = doctor(heapglass, process.pid, prefix=prefix)
            if status or after["layout"]["build_id"] != before["layout"]["build_id"]:
                wrong.append(f"doctor: exit {status}, {after['layout']}, before {before['layout']}")
            in_memory = bool(library and prefix)
            if (after["python"]["read_through"] is None) != in_memory or ("out of its memory" in text) != in_memory:
                wrong.append(f"doctor says of the file: {text}")
    return verdict(wrong, text)


# ---- what it may look like ------------------------------------------------------------------------

SUBINTERPRETERS = CODE + """
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
other = interpreters.create()
interpreters.run_string(other, "class Other: pass\\nkept = [Other() for _ in range(2000)]")
"""


def check_subinterpreters(heapglass, interpreter):
    """Together in `top`; apart by the paths that hold them, and by the interpreter that each object is in."""
    with waiting([*interpreter.command, "-c", SUBINTERPRETERS + READY]) as process:
        wrong = look(heapglass, process.pid, {**MINE, "__main__.Other": 2000})
        for name, path, number in (("Mine", "__main__.kept[*]", 0), ("Other", "interpreter 1: __main__.kept[*]", 1)):
            said = places.run(heapglass, "paths", process.pid, f"__main__.{name}", "--json").stdout
            found = [each["path"] for each in json.loads(said)["merged"]]
            if found != [path]:
                wrong.append(f"{name} are held by {found}")
            said = places.run(heapglass, "objects", process.pid, "--type", f"__main__.{name}", "--json", "-n", 0).stdout
            count = said.count(f'"interpreter": {number},')
            if count != {"Mine": 1000, "Other": 2000}[name]:
                wrong.append(f"{count} {name} are in interpreter {number}")
            said = places.run(heapglass, "top", process.pid, "--interpreter", number, "--json", "-n", 0).stdout
            alone = {each["type"]: each["objects"] for each in json.loads(said)["types"]}
            if alone.get(f"__main__.{name}") != count or {"__main__.Mine", "__main__.Other"} <= alone.keys():
                wrong.append(f"top of interpreter {number} alone: {alone.get(f'__main__.{name}')} {name}")
    return verdict(wrong)


def check_code(heapglass, interpreter, code, expected, environment=None, options=()):
    with waiting([*interpreter.command, *options, "-c", code + READY], environment) as process:
        return verdict(look(heapglass, process.pid, expected))


MANY_THREADS = CODE + f"""
import threading
threading.stack_size(65536)
started = threading.Barrier({THREADS} + 1)
def wait(): started.wait(); threading.Event().wait()
for _ in range({THREADS}): threading.Thread(target=wait, daemon=True).start()
started.wait()
"""


def check_threads(heapglass, interpreter):
    with waiting([*interpreter.command, "-c", MANY_THREADS + READY + "import os; os._exit(0)"]) as process:
        places.wait_until_idle(process.pid)
        wrong = look(heapglass, process.pid)
        found = json.loads(places.run(heapglass, "threads", process.pid, "--json").stdout)
        if len(found["threads"]) != THREADS + 1 or found["source"]["threads"] != THREADS + 1:
            wrong.append(f"{len(found['threads'])} of Python, {found['source']['threads']} of the kernel")
    return verdict(wrong, f"stopped for {found['source']['pause_ms']} ms")


FROZEN = CODE + """
import gc, os, signal
data = [[str(i)] for i in range(200_000)]
gc.collect()
gc.freeze()
children = []
for _ in range(2):
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        os.write(writable, b"x")
        signal.pause()
    os.read(readable, 1)
    children.append(child)
"""
FROZEN_READY = """
import sys
print("ready", *children, flush=True)
sys.stdin.read()
for child in children: os.kill(child, 9)
"""


def shares(pid):
    """(shared, private) bytes that it has written or its parent before the fork."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        fields = {line.split(":")[0]: int(line.split()[1]) << 10 for line in file if line.endswith(" kB\n")}
    return fields["Shared_Dirty"], fields["Private_Dirty"]


def check_frozen(heapglass, interpreter, pause):
    """Children of a frozen heap share it with their parent after they were looked at as before."""
    with waiting([*interpreter.command, "-c", FROZEN + FROZEN_READY]) as process:
        children = [*map(int, process.said)]
        # What the parent writes to is its child's alone afterwards.
        if not all([places.wait_until_in(process.pid, READ), *(places.wait_until_in(pid, PAUSE) for pid in children)]):
            raise RuntimeError("they do not come to rest")
        before = [shares(pid) for pid in children]
        wrong = [each for pid in children for each in look(heapglass, pid, {"__main__.Mine": 1000}, pause)]
        after = [shares(pid) for pid in children]
    for (shared, private), (shared_after, private_after) in zip(before, after):
        if shared < 20 << 20:
            wrong.append(f"only {shared} bytes are shared to begin with")
        if private_after > private or shared_after < shared:
            wrong.append(f"shared, private: {shared}, {private}; afterwards {shared_after}, {private_after}")
    return verdict(wrong, f"{before} before, {after} after")


# ---- free-threaded ------------------------------------------------------------------------------


def check_free_threaded(heapglass, interpreter):
    with waiting([*interpreter.command, "-c", READY]) as process:
        wrong = refused(heapglass, ["top", process.pid], 4, "free-threaded")
        status, _, text = doctor(heapglass, process.pid)
        if status != 4 or "free-threaded" not in text:
            wrong.append(f"doctor: exit {status}: {text}")
    return verdict(wrong)


def one_of_each(found):
    """An interpreter whose file is the interpreter, and the newest with a libpython; either may be missing."""
    whole, with_library = [], []
    for interpreter in found:
        with open(interpreter.binary, "rb") as file:
            (whole if b"_PyRuntime" in file.read() else with_library).append(interpreter)
    return whole[:1] + sorted(with_library, key=lambda each: each.version)[-1:]


def cases(found):
    """(name, function, arguments after heapglass): on one or two of the interpreters."""
    if not one_of_each(found):
        return
    for interpreter in found:
        if re.search(r"python3\.\d+t", interpreter.binary):
            yield f"{interpreter.name} place: free-threaded", check_free_threaded, (interpreter,)
    for interpreter in one_of_each(found):
        where = f"{interpreter.name} place"
        yield f"{where}: embedded in another program", check_embedded, (interpreter,)
        for archive, flags in (("libpython{}.a", ("-no-pie",)), ("libpython{}-pic.a", ("-pie",))):
            yield (f"{where}: linked into a program {flags[0]}, stripped", check_linked_statically,
                   (interpreter, archive, flags))
        yield f"{where}: started by ld.so", check_loader, (interpreter,)
        for library, kind in ((False, "program"), (True, "libpython")):
            for replaced in (None, "/bin/ls"):
                for prefix, whose in (((), "root"), (places.TRACER_ONLY, "CAP_SYS_PTRACE alone")):
                    yield (f"{where}: {kind} {'replaced' if replaced else 'deleted'}, seen by {whose}", check_gone,
                           (interpreter, library, replaced, prefix))
    first, last = one_of_each(found)[0], one_of_each(found)[-1]
    yield "place: two Pythons in one process", check_two, (first, last)
    yield "place: the same Python twice in one process", check_two, (last, last)
    for interpreter in one_of_each(found):
        where = f"{interpreter.name} place"
        yield f"{where}: subinterpreters", check_subinterpreters, (interpreter,)
        for environment, options in (({"PYTHONMALLOC": "malloc"}, ()), ({"PYTHONMALLOC": "debug"}, ()), ({}, ("-X", "dev"))):
            yield (f"{where}: {' '.join([*map('='.join, environment.items()), *options])}", check_code,
                   (interpreter, CODE, MINE, environment, options))
        yield f"{where}: {THREADS} threads", check_threads, (interpreter,)
        for pause in ((), ("--pause", "hold")):
            yield f"{where}: frozen before a fork {' '.join(pause)}", check_frozen, (interpreter, pause)
