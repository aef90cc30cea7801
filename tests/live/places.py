"""Processes to look at in odd places, and what every one of them must say."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import oracle

CODE = "class Mine: pass\nkept = [Mine() for _ in range(1000)]\n"
READY = "import sys\nprint('ready', flush=True)\nsys.stdin.read()\n"
MINE = {"__main__.Mine": 1000}

# What Docker and Kubernetes leave to root in a container.
CONTAINER_CAPABILITIES = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
                          "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap")


def only_capabilities(*more):
    """The beginning of a command that runs the rest as root with no other capabilities than a container's and these."""
    capabilities = ",".join(["-all", *(f"+{name}" for name in (*CONTAINER_CAPABILITIES, *more))])
    return ["setpriv", f"--bounding-set={capabilities}", "--inh-caps=-all"]


TRACER_ONLY = only_capabilities("sys_ptrace")


def need_root():
    if os.geteuid():
        raise oracle.Skipped("needs root")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise oracle.Skipped(f"needs {program}")


@contextlib.contextmanager
def waiting(command, environment=None):
    """The process, once it said 'ready' (or two lines with it). It ends with its standard input."""
    settings = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(environment or {}))
    for name in ("PYTHONHOME", "PYTHONPATH"):
        settings.pop(name, None)
    process = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=settings)
    try:
        said = process.stdout.readline()
        if not said.startswith("ready"):
            raise RuntimeError(f"{' '.join(map(str, command))[:200]} said {said!r}")
        process.said = said.split()[1:]
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def wait_until_in(pid, call):
    """Until a process sleeps in a system call; False if it does not within some seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if Path(f"/proc/{pid}/syscall").read_text().split()[0] == str(call):
            return True
        time.sleep(0.01)
    return False


def wait_until_idle(pid):
    """Until a process, with all its threads, has used no processor for a while."""
    used = None
    for _ in range(100):
        before, used = used, cpu_time(pid)
        if before == used:
            return
        time.sleep(0.1)


def cpu_time(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]


def prefix_of(interpreter):
    """Where its library is, for PYTHONHOME."""
    return subprocess.run([*interpreter.command, "-c", "import sys; print(sys.base_prefix)"], capture_output=True,
                          text=True, check=True).stdout.strip()


def innermost(pid):
    """The last descendant of a process that starts others to become what is asked for."""
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            return pid
        pid = int(children[-1])


def run(heapglass, *arguments, prefix=(), binary=None):
    return subprocess.run([*map(str, prefix), str(binary or heapglass.binary), *map(str, arguments)],
                          capture_output=True, text=True, env=heapglass.environment, timeout=100)


def look(heapglass, pid, expected=None, options=(), **how):
    """What is wrong with what `top` says of a process: a list of texts."""
    done = run(heapglass, "top", pid, "--json", "-n", 0, *options, **how)
    if done.returncode:
        return [f"top {' '.join(options)}: exit {done.returncode}: {done.stderr.strip()}"]
    top = json.loads(done.stdout)
    counts = {each["type"]: each["objects"] for each in top["types"]}
    wrong = [f"{counts.get(name, 0)} {name}, not {count}" for name, count in (expected or MINE).items()
             if counts.get(name, 0) != count]
    return wrong + [f"damage: {each}" for each in top["damage"]]


def doctor(heapglass, pid, options=(), **how):
    """(exit status, document, text on the screen, in one line)."""
    done = run(heapglass, "doctor", pid, "--json", *options, **how)
    if not done.stdout:
        raise RuntimeError(f"doctor: exit {done.returncode}: {done.stderr.strip()}")
    text = run(heapglass, "doctor", pid, *options, **how).stdout
    return done.returncode, json.loads(done.stdout), " ".join(text.split())


def refused(heapglass, arguments, status, *texts, **how):
    """What is wrong with a refusal: another exit status, a text that it lacks, or more than one line."""
    done = run(heapglass, *arguments, **how)
    wrong = [f"it does not say {text!r}: {done.stderr.strip()}" for text in texts if text not in done.stderr]
    if done.returncode != status:
        wrong.append(f"exit {done.returncode}, not {status}: {done.stderr.strip()}")
    if len(done.stderr.strip().splitlines()) > 1:
        wrong.append(f"more than one line: {done.stderr}")
    return wrong


def compiled(source, *flags):
    """A program of the tests' own; compiled once for the same source and flags, which may name libraries."""
    key = hashlib.sha256(source.read_bytes() + repr(flags).encode()).hexdigest()[:16]
    program = Path(tempfile.gettempdir()) / f"heapglass-oracle-{os.getuid()}" / key / source.stem
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        partial = program.with_name(f"{source.stem}.{os.getpid()}")
        command = [os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-o", partial, source, *flags]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        if done.returncode:
            raise oracle.Skipped(f"{source.name} does not compile here: {done.stderr.strip()[:300]}")
        partial.rename(program)
    return program


def verdict(wrong, text=""):
    return not wrong, "\n".join(wrong) or text


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="heapglass-place-") as path:
        yield Path(path)
