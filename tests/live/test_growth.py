"""What grows over time: a leak stands out at once, what only goes up and down does not, whatever ends the watching."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import oracle

LEAKING = """
import random, time
class Leaked:
    def __init__(self):
        self.number = [1, 2, 3]
class Temporary:
    pass
kept = []
print("ready", flush=True)
while True:
    kept.extend(Leaked() for _ in range(200))
    temporary = [Temporary() for _ in range(random.randrange(2000))]  # few, or RSS is a high-water mark of these
    time.sleep(0.01)
"""

WILD = """
import random, time
class Wild:
    def __init__(self):
        self.data = {"key": bytearray(random.randrange(2000))}
random.seed(7)
kept = [[Wild() for _ in range(random.randrange(1000))] for _ in range(20)]
print("ready", flush=True)
while True:
    kept[random.randrange(20)] = [Wild() for _ in range(random.randrange(1000))]
    text = "x" * random.randrange(100000)
    numbers = {n: str(n) for n in range(random.randrange(5000))}
    time.sleep(0.005)
"""

OUTSIDE = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.memset.argtypes = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
print("ready", flush=True)
while True:
    libc.memset(libc.malloc(100000), 1, 100000)
    time.sleep(0.01)
"""

ENDING = """
import sys, time
print("ready", flush=True)
kept = [bytes(1000) for _ in range(1000)]
sys.stdin.read()
"""


class Target:
    def __init__(self, interpreter, program):
        self.process = subprocess.Popen([*interpreter.command, "-c", program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def lines_of(heapglass, *arguments):
    """The lines of `growth --json`, parsed: the first, the rounds, the summary."""
    with heapglass.run("growth", *arguments, "--json") as output:
        head, *rounds, last = [json.loads(line) for line in output]
    return head, rounds, last["summary"]


def check_leak(heapglass, interpreter):
    with Target(interpreter, LEAKING) as target:
        head, rounds, summary = lines_of(heapglass, target.pid, "--every", "300ms", "--rounds", 10, "--containers")
    wrong = []
    if head["schema"] != "heapglass.growth/1" or [each["round"] for each in rounds] != list(range(1, 11)):
        wrong.append(f"{head['schema']}, {len(rounds)} rounds")
    if summary["end"] != "rounds" or summary["met"] is not None or summary["rounds"] != 10:
        wrong.append(f"{summary['end']}, {summary['met']}, {summary['rounds']} rounds")
    first = {each["type"]: each for each in summary["types"][:3]}
    leaked = first.get("__main__.Leaked")
    if not leaked or leaked["trend"] != "steady" or leaked["delta"] < 1000:
        wrong.append(f"not steady growth: {leaked}; first are {list(first)}")
    for each in summary["types"]:
        if each["trend"] == "steady" and each["type"] not in ("__main__.Leaked", "list", "dict"):
            wrong.append(f"steady: {each}")
    # What a round says of a type adds up to what the summary says.
    deltas = sum(each["delta"] for line in rounds[1:] for each in line["types"] if each["type"] == "__main__.Leaked")
    if not leaked or deltas != leaked["delta"]:
        wrong.append(f"deltas of the rounds are {deltas} together")
    for line in rounds:
        if sum(line["memory"].values()) != 2 * line["memory"]["rss"] or line["rss_bytes"] != line["memory"]["rss"]:
            wrong.append(f"the parts are not RSS: {line['memory']}")
    containers = summary["containers"]
    # A capture may come when one is made and not kept yet.
    if not containers or containers[0]["path"] != "__main__.kept" or abs(containers[0]["delta"] - leaked["delta"]) > 1:
        wrong.append(f"containers: {containers[:1]}")
    rss = next(each for each in summary["memory"] if each["measure"] == "rss")
    if rss["trend"] != "steady" or rss["bytes_per_second"] < 10000:
        wrong.append(f"{rss}")
    return not wrong, "\n".join(wrong)


def check_wild(heapglass, interpreter):
    with Target(interpreter, WILD) as target:
        _, rounds, summary = lines_of(heapglass, target.pid, "--every", "150ms", "--rounds", 30)
    wrong = [f"{each['type']} is {each['trend']}: {each['delta']} objects, {each['footprint_delta']} bytes"
             for each in summary["types"] if each["trend"] == "steady"]
    if not any(each["type"] == "__main__.Wild" and each["trend"] == "sawtooth" for each in summary["types"]):
        wrong.append("nothing went up and down")
    if len(rounds) != 30:
        wrong.append(f"{len(rounds)} rounds")
    return not wrong, "\n".join(wrong)


def check_outside(heapglass, interpreter):
    with Target(interpreter, OUTSIDE) as target:
        _, _, summary = lines_of(heapglass, target.pid, "--every", "200ms", "--rounds", 8)
    parts = {each["measure"]: each for each in summary["memory"]}
    grown = parts["rss"]["delta"]
    good = (parts["rss"]["trend"] == parts["other_anonymous"]["trend"] == "steady" and grown > 1000000 and
            parts["other_anonymous"]["delta"] > 0.9 * grown and abs(parts["objects"]["delta"]) < 0.1 * grown)
    return good, "" if good else f"{summary['memory']}"


def check_exit(heapglass, interpreter):
    """The target ends between rounds, then while there is none yet."""
    with Target(interpreter, ENDING) as target:
        watching = subprocess.Popen([heapglass.binary, "growth", str(target.pid), "--every", "300ms"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=heapglass.environment)
        for _ in range(6):
            watching.stdout.readline()  # head, blank, titles, three rounds
        target.process.stdin.close()
        out, errors = watching.communicate(timeout=60)
        target.process.stdin = open(os.devnull)
        gone = subprocess.run([heapglass.binary, "growth", str(target.pid), "--rounds", "2"], capture_output=True,
                              text=True, env=heapglass.environment, timeout=60)
    wrong = []
    if watching.returncode or errors or f"process {target.pid} ended after round " not in out or "\nRSS " not in out:
        wrong.append(f"status {watching.returncode}: {errors}{out}")
    if gone.returncode != 3 or gone.stdout or "heapglass: " not in gone.stderr:
        wrong.append(f"status {gone.returncode} without a round: {gone.stderr}{gone.stdout}")
    return not wrong, "\n".join(wrong)


def check_signals(heapglass, interpreter):
    """Ctrl-C and SIGTERM show what was seen, and leave the target running."""
    wrong = []
    with Target(interpreter, LEAKING) as target:
        for number in (signal.SIGINT, signal.SIGTERM):
            watching = subprocess.Popen([heapglass.binary, "growth", str(target.pid), "--every", "300ms"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=heapglass.environment)
            for _ in range(5):
                watching.stdout.readline()
            watching.send_signal(number)
            out, _ = watching.communicate(timeout=60)
            if watching.returncode != 128 + number or "\n__main__.Leaked " not in out or "\nRSS " not in out:
                wrong.append(f"status {watching.returncode} after signal {number}: {out}")
            state = Path(f"/proc/{target.pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state not in "RS":
                wrong.append(f"the target is in state {state}")
    return not wrong, "\n".join(wrong)


def check_until(heapglass, interpreter):
    wrong = []
    with Target(interpreter, LEAKING) as target:
        for condition in ("rss>20M", "+20%", "1500ms"):
            start = time.monotonic()
            _, rounds, summary = lines_of(heapglass, target.pid, "--every", "1h", "--until", "uss>500G", "--until", condition)
            took = time.monotonic() - start
            if summary["end"] != "until" or summary["met"] != condition or took > 60:
                wrong.append(f"{condition}: {summary['end']}, {summary['met']} after {took:.1f} s")
            if condition == "+20%" and rounds[-1]["rss_bytes"] < 1.15 * rounds[0]["rss_bytes"]:
                wrong.append(f"{condition}: {rounds[0]['rss_bytes']} to {rounds[-1]['rss_bytes']}")
        _, _, summary = lines_of(heapglass, target.pid, "--every", "100ms", "--rounds", 2, "--until", "rss>500G")
        if summary["end"] != "rounds" or summary["met"] is not None:
            wrong.append(f"not met: {summary['end']}, {summary['met']}")
    return not wrong, "\n".join(wrong)


def check_files(heapglass, interpreter):
    """-o keeps the series, which looks the same later, also if it was cut; --save has the last round."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix="heapglass-growth-") as folder, Target(interpreter, LEAKING) as target:
        series, snapshot = Path(folder) / "series", Path(folder) / "snapshot"
        with heapglass.run("growth", target.pid, "--every", "200ms", "--rounds", 8, "-o", series, "--save", snapshot) as output:
            live = output.read()
        with heapglass.run("growth", series) as output:
            later = output.read()
        tables = live[live.index("\nMEMORY "):]
        if tables not in later or "8 rounds in " not in later or " RSS *" not in later:
            wrong.append(f"{later}\nis not what was seen live:\n{live}")
        lines = series.read_text().splitlines(keepends=True)
        rounds = [json.loads(line) for line in lines[1:-1]]
        if oct(series.stat().st_mode & 0o777) != "0o600" or len(rounds) != 8:
            wrong.append(f"mode {oct(series.stat().st_mode)}, {len(rounds)} rounds")
        with heapglass.run("top", snapshot, "--json", "-n", 0) as output:
            kept = {each["type"]: each["objects"] for each in json.load(output)["types"]}
        last = [each["after"] for line in rounds for each in line["types"] if each["type"] == "__main__.Leaked"][-1]
        if kept.get("__main__.Leaked") != last:
            wrong.append(f"the snapshot has {kept.get('__main__.Leaked')} of the last round's {last}")
        cut = Path(folder) / "cut"
        cut.write_text("".join(lines[:5]) + lines[5][:200])
        with heapglass.run("growth", cut) as output:
            if "the series was interrupted after round 4\n" not in output.read():
                wrong.append("a series that was cut is not shown")
        for text, line in (("", "no series"), (lines[0] + "{}\n", "line 2"), ("".join(lines) + lines[1], "behind")):
            cut.write_text(text)
            done = subprocess.run([heapglass.binary, "growth", cut], capture_output=True, text=True, timeout=60)
            if done.returncode != 5 or done.stdout or line not in done.stderr or done.stderr.count("\n") != 1:
                wrong.append(f"status {done.returncode}: {done.stderr}{done.stdout}")
    return not wrong, "\n".join(wrong)


def cases(_interpreter):
    for name, function in (("leak", check_leak), ("wild", check_wild), ("outside", check_outside), ("exit", check_exit),
                           ("signals", check_signals), ("until", check_until), ("files", check_files)):
        yield f"growth {name}", function, ()
