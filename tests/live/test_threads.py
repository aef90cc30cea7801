"""heapglass threads against sys._current_frames() of the same process: every frame, line and variable."""

import json
import subprocess

import oracle


def compare_frame(expected, found):
    """What is wrong with one frame, as a list of texts."""
    wrong = [f"{key} is {found[key]!r}, not {expected[key]!r}" for key in ("function", "file", "line")
             if found[key] != expected[key]]
    if "locals" in expected:
        theirs = {name: address for name, (address, _) in expected["locals"].items()}
        ours = {each["name"]: each["address"] for each in found["locals"]}
        if ours != theirs:
            wrong.append(f"variables are {ours}, not {theirs}")
        wrong += [f"{each['name']} is a {each['type']}" for each in found["locals"] if each["name"] in theirs
                  and each["type"].rpartition(".")[2] != expected["locals"][each["name"]][1].rpartition(".")[2]]
    return [f"{expected['file']}:{expected['line']} {expected['function']}: {each}" for each in wrong]


def compare_thread(expected, found):
    wrong = [f"{key} is {found[key]!r}, not {expected[key]!r}" for key in ("name", "native_id", "thread_id")
             if found[key] != expected[key]]
    if len(found["frames"]) != len(expected["frames"]):
        wrong.append(f"{len(found['frames'])} frames, not {len(expected['frames'])}")
    for theirs, ours in zip(expected["frames"], found["frames"]):
        wrong += compare_frame(theirs, ours)
    return [f"{expected['name']}: {each}" for each in wrong]


def check(heapglass, interpreter):
    with subprocess.Popen([*interpreter.command, str(oracle.PROGRAMS / "stacks.py")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as target:
        try:
            expected = {each["thread_id"]: each for each in json.loads(target.stdout.readline())}
            with heapglass.run("threads", target.pid, "--json") as document:
                found = {each["thread_id"]: each for each in json.load(document)["threads"]}
        finally:
            target.kill()
    wrong = []
    if sorted(found) != sorted(expected):
        wrong.append(f"threads {sorted(found)}, not {sorted(expected)}")
    for thread_id in expected.keys() & found.keys():
        wrong += compare_thread(expected[thread_id], found[thread_id])
    frames = sum(len(each["frames"]) for each in expected.values())
    return not wrong, "\n".join(wrong) or f"{len(expected)} threads, {frames} frames"


def cases(_):
    """(name, function, further arguments) of each test."""
    yield "threads", check, ()
