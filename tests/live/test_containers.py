"""Processes in other namespaces: PID, mount, user; chroots, roots that are read-only or nearly empty, a sidecar beside the
target. A container engine's work is done by unshare(1), nsenter(1) and containers/container.c, which calls pivot_root."""

import contextlib
import os
import shutil
import subprocess

import oracle
import places
import test_places
from places import CODE, READY, doctor, folder, look, need_root, refused, verdict, waiting

HERE = oracle.HERE / "containers"
NAMESPACES = ("--mount", "--pid", "--fork")
# In the container: its own PID first.
TARGET = CODE + "import os\nprint('ready', os.getpid(), flush=True)\nimport sys\nsys.stdin.read()\n"
STATIC_LIBRARIES = ("libdw.a", "libelf.a", "libz.a", "liblzma.a", "libbz2.a")


def container():
    """The statically linked program that makes a folder the root."""
    return places.compiled(HERE / "container.c", "-static")


def need_namespaces():
    need_root()
    places.need("unshare", "nsenter", "setpriv")
    done = subprocess.run(["unshare", *NAMESPACES, "--user", "--map-root-user", "true"], capture_output=True, text=True)
    if done.returncode:
        raise oracle.Skipped(f"no namespaces here: {done.stderr.strip()}")


@contextlib.contextmanager
def root(usr=True):
    """A folder to be a root, with the mount points that it needs; with `usr` the machine's /usr is to be mounted in it."""
    with folder() as path:
        for name in ("proc", "tmp", "dev", "etc", *(("usr",) if usr else ())):
            (path / name).mkdir()
        for name in ("bin", "lib", "lib64", "sbin") if usr else ():
            (path / name).symlink_to(f"usr/{name}")
        yield path


def inside(path, command, namespaces=NAMESPACES, options=(), before=""):
    """The command that runs another one in that root, in new namespaces, after some shell with $ROOT."""
    usr = 'mount --bind /usr "$ROOT/usr" && ' if (path / "usr").is_dir() else ""
    return ["env", f"ROOT={path}", "unshare", *namespaces, "sh", "-c", f'{usr}{before} exec "$@"', "sh", container(),
            *options, path, *command]


@contextlib.contextmanager
def target(interpreter, path, **how):
    """(PID here, PID inside) of an interpreter in that root."""
    command = inside(path, [interpreter.binary, "-c", TARGET], **how)
    with waiting(command) as process:
        yield places.innermost(process.pid), int(process.said[0])


def judge_names(heapglass, pid, inner, **how):
    """Both PIDs are said, in JSON and on the screen."""
    status, document, text = doctor(heapglass, pid, **how)
    wrong = [] if not status else [f"doctor: exit {status}: {text}"]
    source = document["source"]
    if (source["pid"], source["inner_pid"]) != (pid, inner):
        wrong.append(f"doctor says {source['pid']} and {source['inner_pid']}, not {pid} and {inner}")
    if pid != inner and f"pid {pid} ({inner} inside)" not in text:
        wrong.append(f"doctor does not say both: {text}")
    return wrong


def check_container(heapglass, interpreter, options, before):
    """All namespaces at once, a root of its own: seen from the host, by its PID there."""
    need_namespaces()
    with root() as path, target(interpreter, path, options=options, before=before) as (pid, inner):
        wrong = look(heapglass, pid) + look(heapglass, pid, prefix=places.TRACER_ONLY) + judge_names(heapglass, pid, inner)
    return verdict(wrong, f"{pid} ({inner} inside)")


def check_user_namespace(heapglass, interpreter):
    """From the host; and by root of the user namespace, who may open no file by /proc/PID/map_files."""
    need_namespaces()
    user = (*NAMESPACES, "--user", "--map-root-user")
    with root() as path, target(interpreter, path, namespaces=user) as (pid, inner):
        wrong = look(heapglass, pid) + judge_names(heapglass, pid, inner)
        _, document, _ = doctor(heapglass, pid)
        if document["place"]["other_namespaces"] != ["PID", "mount", "user"]:
            wrong.append(f"{document['place']}")
        there = ["nsenter", "--target", str(pid), "--user", "--preserve-credentials"]
        wrong += look(heapglass, pid, prefix=there)
    return verdict(wrong)


def check_chroot(heapglass, interpreter):
    """No namespace but that of mounts, which the root needs here."""
    need_namespaces()
    places.need("chroot")
    with root() as path:
        command = ["unshare", "--mount", "sh", "-c", 'mount --bind /usr "$0/usr" && exec chroot "$@"', path, path,
                   interpreter.binary, "-c", TARGET]
        with waiting(command) as process:
            wrong = look(heapglass, process.pid) + look(heapglass, process.pid, prefix=places.TRACER_ONLY)
    return verdict(wrong)


# ---- files of the same name -----------------------------------------------------------------------


def other_build(path, build_id):
    """Gives a file another build-id."""
    content = path.read_bytes()
    if content.count(bytes.fromhex(build_id)) != 1:
        raise oracle.Skipped("its build-id can't be changed")
    path.write_bytes(content.replace(bytes.fromhex(build_id), bytes(len(build_id) // 2)))


def check_same_name(heapglass, interpreter, of_library):
    """On the host there is another build, or another program, of the very name: never is it what is read."""
    need_namespaces()
    with folder() as outside, folder() as within:
        if of_library:
            program, original = test_places.linked_host(interpreter)
            command = [program]
        else:
            original = interpreter.binary
            command = [outside / os.path.basename(original), "-c", CODE + READY]
        file = outside / os.path.basename(original)
        shutil.copy(original, within)
        shutil.copy(original, file)
        settings = [f"PYTHONHOME={places.prefix_of(interpreter)}", f"LD_LIBRARY_PATH={outside}"]
        with waiting(["env", *settings, *command]) as process:
            _, truth, _ = doctor(heapglass, process.pid)
        other_build(file, truth["layout"]["build_id"])
        mounted = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', within, outside,
                   "env", *settings, *command]
        wrong = []
        with waiting(mounted) as process:
            for _ in ("another build", "another program"):
                for prefix in ((), places.TRACER_ONLY):
                    status, document, text = doctor(heapglass, process.pid, prefix=prefix)
                    if status or document["layout"]["build_id"] != truth["layout"]["build_id"]:
                        wrong.append(f"doctor: exit {status}: {document['layout']}, not {truth['layout']}")
                    wrong += look(heapglass, process.pid, prefix=prefix)
                shutil.copy("/bin/ls", file)
    return verdict(wrong, text)


# ---- heapglass in a container ---------------------------------------------------------------------


def beside(pid, path, command, options=(), before=""):
    """The command that runs another one in a root of its own and the PID namespace of a process: a sidecar."""
    return ["nsenter", "--target", pid, "--pid", *inside(path, command, ("--mount",), options, before)]


def check_sidecar(heapglass, interpreter, options, before):
    """A second container that shares the target's PID namespace, as root with CAP_SYS_PTRACE and no other right that a
    container has not."""
    need_namespaces()
    with root() as path, root() as side, target(interpreter, path) as (pid, inner):
        shutil.copy(heapglass.binary, side / "heapglass")
        run = {"binary": "/heapglass", "prefix": beside(pid, side, places.TRACER_ONLY, options, before)}
        wrong = look(heapglass, inner, **run) + judge_names(heapglass, inner, inner, **run)
        run["prefix"] = beside(pid, side, places.only_capabilities(), options, before)
        wrong += refused(heapglass, ["top", inner], 3, "SYS_PTRACE", **run)
    return verdict(wrong)


def check_within(heapglass, interpreter):
    """In the target's own container, as by `docker exec`."""
    need_namespaces()
    with root() as path:
        shutil.copy(heapglass.binary, path / "heapglass")
        with target(interpreter, path) as (pid, inner):
            run = {"binary": "/heapglass",
                   "prefix": ["nsenter", "--target", pid, "--pid", "--mount", "--root", *places.TRACER_ONLY]}
            wrong = look(heapglass, inner, **run) + judge_names(heapglass, inner, inner, **run)
    return verdict(wrong)


def check_other_proc(heapglass, interpreter):
    """In the target's PID namespace, with the /proc of another one."""
    need_namespaces()
    with root() as path, target(interpreter, path) as (pid, inner):
        wrong = refused(heapglass, ["top", inner], 3, "/proc", prefix=["nsenter", "--target", pid, "--pid"])
    return verdict(wrong)


# ---- linked statically ------------------------------------------------------------------------------


def static_binary(build):
    """heapglass, linked statically from the same sources, without optimising: for this test alone."""
    places.need("meson", "ninja")
    for library in STATIC_LIBRARIES:
        said = subprocess.run(["cc", f"-print-file-name={library}"], capture_output=True, text=True).stdout
        if not said.startswith("/"):
            raise oracle.Skipped(f"no {library}")
    commands = (["meson", "setup", build, oracle.HERE.parents[1], "-Dstatic=true", "-Dtests=false", "-Doptimization=0",
                 "-Ddebug=false"], ["ninja", "-C", build, "cli/heapglass"])
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout[-3000:]}")
    return build / "cli" / "heapglass"


def check_static(heapglass, interpreter):
    """Alone in a root that has nothing else, beside the target; and in a chroot."""
    need_namespaces()
    with folder() as build, root(usr=False) as empty, root() as path:
        shutil.copy(static_binary(build), empty / "heapglass")
        with target(interpreter, path) as (pid, inner):
            wrong = look(heapglass, inner, binary="/heapglass", prefix=beside(pid, empty, ()))
            status, document, text = doctor(heapglass, inner, binary="/heapglass", prefix=beside(pid, empty, ()))
        if status:
            wrong.append(f"doctor: exit {status}: {text}")
        here = ["unshare", "--mount", "sh", "-c", 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"', empty]
        with waiting([interpreter.binary, "-c", CODE + READY]) as process:
            wrong += look(heapglass, process.pid, binary="/heapglass", prefix=here)
    return verdict(wrong, text)


TINY_TMP = 'mount -t tmpfs -o size=4k tmpfs "$ROOT/tmp" &&'
ROOTS = (("in a container", (), ""), ("in a container whose root is read-only, /tmp tiny", ("--read-only",), TINY_TMP))


def cases(found):
    """(name, function, arguments after heapglass): on the machine's own interpreter."""
    interpreter = next((each for each in found if each.binary.startswith("/usr/")), None)
    if interpreter:
        for name, options, before in ROOTS:
            yield f"place: {name}, from the host", check_container, (interpreter, options, before)
            yield f"place: {name}, from a sidecar like it", check_sidecar, (interpreter, options, before)
        yield "place: in a user namespace", check_user_namespace, (interpreter,)
        yield "place: in a chroot", check_chroot, (interpreter,)
        yield "place: in its own container", check_within, (interpreter,)
        yield "place: /proc of another namespace", check_other_proc, (interpreter,)
        yield "place: linked statically, in an empty root", check_static, (interpreter,)
    for each in test_places.one_of_each(found):
        for of_library, what in ((False, "program"), (True, "libpython")):
            yield (f"{each.name} place: another {what} of the same name on the host", check_same_name,
                   (each, of_library))
