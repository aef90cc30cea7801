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
    named = {oracle.as_since_3_11(each["path"]) for each in merged["merged"]}
    missing = {"__main__.MODULE_GLOBAL", "__main__.FUNCTION closure kept", "__main__.GENERATOR local waiting",
               "__main__.with_default default given", "__main__.with_default default named", "__main__.SLOTTED.held",
               "__main__.PLAIN.attribute", "__main__.PLAIN.child.items[*]", "__main__.MAPPING[*]", "__main__.DEQUE[*]",
               "__main__.ORDERED[*]", "__main__.LOCAL.data", "__main__.Plain.of_class"} - named
    if missing:
        wrong.append(f"not among the merged paths: {sorted(missing)}; there are {sorted(named)}")
    return not wrong, f"{said['checked']} steps and expressions; " + "; ".join(wrong)


def labels(nodes):
    """(label, address) of every node of a tree."""
    for node in nodes:
        yield node["via"], node["address"]
        yield from labels(node.get("children", ()))


def check_entry_names(heapglass, interpreter):
    """A closure's cells and defaults have their variables' names in trees too, from both sides."""
    with subprocess.Popen([*interpreter.command, str(oracle.PROGRAMS / "holders_zoo.py")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as target:
        addresses = json.loads(target.stdout.readline())
        upwards, downwards = {}, {}
        for address in addresses:
            with heapglass.run("referrers", target.pid, address, "--depth", 3, "-n", 0, "--json") as document:
                upwards.update(labels(json.load(document)["referrers"]))
        functions = {address for label, address in upwards.items() if label.startswith((".__closure__", ".__defaults__"))}
        for function in functions:
            with heapglass.run("refs", target.pid, function, "--depth", 2, "-n", 0, "--json") as document:
                downwards.update(labels(json.load(document)["refs"]))
        target.stdin.write("[]\n")
        target.stdin.flush()
        target.stdout.readline()
        target.stdin.close()
    missing = [name for name in (".__closure__ (closure kept)", ".__defaults__ (default given)") if name not in upwards]
    missing += [name for name in ("[0] (closure kept)", "[0] (default given)") if name not in downwards]
    return not missing, f"{len(upwards)} and {len(downwards)} labels; missing: {missing}"


def cases(interpreter):
    yield "paths evaluated", check_evaluated, ()
    yield "names of closures and defaults", check_entry_names, ()
