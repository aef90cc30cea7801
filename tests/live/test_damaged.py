"""Snapshots that are cut off, damaged, interrupted or cannot be written: one clear line, and never a wrong number."""

import os
import random
import resource
import signal
import subprocess
import time
from pathlib import Path

from test_snapshot import run, save, target

DAMAGED = 5
COMMANDS = "top @ --json", "objects @ --json --refs -n 0", "threads @", "audit @", "paths @ dict"


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


def judge(done, whole):
    """What is wrong with what a command said of a damaged file, or None: it says what it says of the whole one, or that the
    file is damaged."""
    lines = done.stderr.strip().split("\n")
    if done.returncode == 0 and done.stdout == whole.stdout:
        return None
    if done.returncode == 0 and '"damage": []' not in done.stdout and "cut off" in done.stdout:
        return None
    if done.returncode == DAMAGED and len(lines) == 1 and lines[0].startswith("heapglass: "):
        return None
    return f"exit {done.returncode}, {done.stderr[:300]!r}"


def ask(heapglass, command, path):
    words = [path if word == "@" else word for word in command.split()]
    return subprocess.run([heapglass.binary, *words], capture_output=True, text=True, env=heapglass.environment, timeout=60,
                          preexec_fn=limit_memory)


def damages(data, random):
    """Files that are not what was written, with what was done to them."""
    for length in [0, 1, 15, 16, 17, 55, 56, len(data) - 1, len(data) - 64, *(random.randrange(len(data)) for _ in range(12))]:
        yield f"cut off after {length}", data[:length]
    for _ in range(25):
        at = random.choice((random.randrange(len(data)), random.randrange(min(len(data), 3000))))
        yield f"bit flipped at {at}", data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1:]
    at = random.randrange(len(data) - 5000)
    yield f"zeros at {at}", data[:at] + bytes(4096) + data[at + 4096:]
    yield "bytes after its end", data + b"more"
    yield "twice", data + data


def check_damaged(heapglass, interpreter):
    wrong, count = [], 0
    with target(interpreter, "kept.py") as (pid, _, folder):
        path = save(heapglass, pid, os.path.join(folder, "file"))
        data = open(path, "rb").read()
        whole = {command: ask(heapglass, command, path) for command in COMMANDS}
        chosen = random.Random(interpreter.name)
        for what, damaged in damages(data, chosen):
            with open(path, "wb") as file:
                file.write(damaged)
            for command in (COMMANDS[0], chosen.choice(COMMANDS[1:])):
                found = judge(ask(heapglass, command, path), whole[command])
                count += 1
                if found:
                    wrong.append(f"{what}: {command}: {found}")
    return not wrong, "\n".join(wrong) or f"{count} commands"


# ---- what ends a save in its midst


def check_interrupted(heapglass, interpreter):
    """No half file under the name, an older one untouched, the target runs on."""
    wrong = []
    with target(interpreter, "kept.py") as (pid, _, folder):
        path = os.path.join(folder, "file")
        for place, number in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGKILL) * 4):
            older = b"older" if place % 2 else None
            if older:
                Path(path).write_bytes(older)
            with subprocess.Popen([heapglass.binary, "save", str(pid), path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True, env=heapglass.environment) as saving:
                time.sleep(0.02 + 0.03 * place)
                saving.send_signal(number)
                status = saving.wait()
            found = Path(path).read_bytes() if os.path.exists(path) else None
            if found != older and run(heapglass, "objects @ --json", path).status:
                wrong.append(f"signal {number}, exit {status}: a half file of {len(found)} bytes" if found is not None else "the older file is gone")
            # A signal that comes when the file is whole and has its name already still makes the status.
            left = [name for name in os.listdir(folder) if name != "file"]
            if left and number != signal.SIGKILL:
                wrong.append(f"signal {number} leaves {left}")
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            if open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] not in "SR":
                wrong.append(f"signal {number} leaves the target stopped")
    return not wrong, "\n".join(wrong)


def check_outputs(heapglass, interpreter):
    """Pipes, full disks, --save beside a command."""
    wrong = []
    with target(interpreter, "kept.py") as (pid, _, folder):
        piped, kept = os.path.join(folder, "piped"), os.path.join(folder, "kept")
        with open(piped, "wb") as file:
            done = subprocess.run([heapglass.binary, "save", str(pid), "-"], stdout=file, stderr=subprocess.PIPE, env=heapglass.environment)
        if done.returncode or done.stderr or run(heapglass, "objects @ --refs --json", piped).lines != run(heapglass, "objects @ --refs --json", pid).lines:
            wrong.append(f"save - > file: {done.stderr}")
        with subprocess.Popen([heapglass.binary, "save", str(pid), "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False,
                              env=heapglass.environment) as saving:
            saving.stdout.read(1000)
            saving.stdout.close()
            said = saving.stderr.read().decode()
        if saving.returncode in (0, -signal.SIGPIPE) or said.count("\n") != 1:
            wrong.append(f"save - | head: exit {saving.returncode}, {said!r}")
        full = subprocess.run([heapglass.binary, "save", str(pid), "/dev/full"], capture_output=True, text=True, env=heapglass.environment)
        if full.returncode == 0 or full.stderr.count("\n") != 1 or "space" not in full.stderr:
            wrong.append(f"save to a full disk: exit {full.returncode}, {full.stderr!r}")
        for command in ("top @ -n 5", "paths @ __main__.Node"):
            if run(heapglass, f"{command} --save {kept}", pid).lines != run(heapglass, command, pid).lines:
                wrong.append(f"{command} --save prints something else")
            if run(heapglass, command, kept).lines != run(heapglass, command, pid).lines:
                wrong.append(f"{command} --save keeps something else")
            if os.stat(kept).st_mode & 0o777 != 0o600:
                wrong.append(f"the file's mode is {os.stat(kept).st_mode:o}")
    return not wrong, "\n".join(wrong)


def cases(_):
    """(name, function, further arguments) of each test."""
    yield "snapshot damaged", check_damaged, ()
    yield "snapshot interrupted", check_interrupted, ()
    yield "snapshot to pipes and full disks", check_outputs, ()
