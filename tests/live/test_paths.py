"""Paths, checked in the process that they lead through: expressions are evaluated there, steps looked at."""

import json
import subprocess

import oracle


def paths(heapglass, pid, *arguments):
    with heapglass.run("paths", pid, *arguments, "--json") as document:
        return json.load(document)


def check_evaluated(heapglass, interpreter):
    with subprocess.Popen([*interpreter.command, str(oracle.PROGRAMS / "holders_zoo.py")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as target:
        addresses = json.loads(target.stdout.readline())
        found = [(int(address, 16), paths(heapglass, target.pid, address)["paths"]) for address in addresses]
        some = found[0][1][0]
        without = paths(heapglass, target.pid, addresses[0], "--exclude", "module")["paths"]
        merged = paths(heapglass, target.pid, "Target")
        target.stdin.write(json.dumps(found) + "\n")
        target.stdin.flush()
        said = json.loads(target.stdout.readline())
        target.stdin.close()
    wrong = []
    if said["wrong"] or said["checked"] < 2 * len(addresses):
        wrong.append(f"{said} of {len(addresses)} objects")
    if not all(each for _, each in found):
        wrong.append(f"{sum(not each for _, each in found)} objects without a path")
    if some["root"]["kind"] == "module" and any(each["root"]["kind"] == "module" for each in without):
        wrong.append("--exclude module leaves modules")
    if sum(each["count"] for each in merged["merged"]) != len(addresses) or merged["objects"] != len(addresses):
        wrong.append(f"merged: {merged['objects']} of {len(addresses)}")
    named = {each["path"] for each in merged["merged"]}
    missing = {"__main__.MODULE_GLOBAL", "__main__.FUNCTION closure kept", "__main__.GENERATOR local waiting",
               "__main__.with_default default given", "__main__.with_default default named", "__main__.SLOTTED.held",
               "__main__.PLAIN.attribute", "__main__.PLAIN.child.items[*]", "__main__.MAPPING[*]", "__main__.DEQUE[*]",
               "__main__.ORDERED[*]", "__main__.LOCAL.data", "__main__.Plain.of_class"} - named
    if missing:
        wrong.append(f"not among the merged paths: {sorted(missing)}; there are {sorted(named)}")
    return not wrong, f"{said['checked']} steps and expressions; " + "; ".join(wrong)


def cases(interpreter):
    yield "paths evaluated", check_evaluated, ()
