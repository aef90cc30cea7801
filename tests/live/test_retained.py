"""Retained sizes of heaps whose answer is known, and against taking objects away."""

import collections
import json
import subprocess

import oracle

PROGRAM = """
import sys
class Node: pass
class Leaf: pass
ALONE = {number: bytes(10_000) + bytes([number % 256, number // 256]) for number in range(1000)}
SHARED = [Leaf()]
ALSO = {"shared": SHARED}
CHAIN = None
for number in range(20_000):
    node = Node(); node.next = CHAIN; CHAIN = node
del node, number
print(hex(id(ALONE)), hex(id(SHARED)), hex(id(ALSO)), hex(id(CHAIN)), flush=True)
sys.stdin.read()
"""


def load(heapglass, *arguments):
    with heapglass.run(*arguments, "--json") as document:
        return json.load(document)


def objects_of(heapglass, pid):
    """address -> (footprint, strong references and guessed ones, reachable)."""
    with heapglass.run("objects", pid, "--json", "--refs", "-n", 0) as lines:
        lines.readline()
        rows = map(json.loads, lines)
        return {row["address"]: (row["footprint"], row["refs"] + row["guesses"], row["reachable"]) for row in rows}


def reach(objects, starts, without):
    seen, waiting = set(), [start for start in starts if start != without]
    while waiting:
        address = waiting.pop()
        if address in seen or address == without:
            continue
        seen.add(address)
        waiting += objects[address][1]
    return seen


def check(heapglass, interpreter):
    wrong = []
    with subprocess.Popen([*interpreter.command, "-I", "-S", "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as target:
        alone, shared, also, chain = target.stdout.readline().split()
        pid = target.pid
        objects = objects_of(heapglass, pid)
        top = load(heapglass, "dominators", pid, "-n", 0)
        retained = {each: load(heapglass, "dominators", pid, each)["retained"] for each in (alone, shared, also, chain)}
        hidden = load(heapglass, "dominators", pid, "hidden", "-n", 0)
        types = {row["type"]: row for row in load(heapglass, "top", pid, "--sort", "retained", "-n", 0)["types"]}
        garbage = load(heapglass, "garbage", pid)
        target.stdin.close()
    # Whatever hangs from the root of the tree is held by more than one object, or by a root.
    starts = [row["address"] for row in top["dominators"] + hidden["dominators"] if row["address"]]
    everything = reach(objects, starts, None)
    for address in (alone, shared, also, chain):
        freed = everything - reach(objects, [each for each in starts if each != address], address)
        expected = sum(objects[each][0] for each in freed)
        if retained[address] != expected:
            wrong.append(f"{address} retains {retained[address]}, not {expected}")
    if retained[also] != objects[also][0]:
        wrong.append("what two hold is retained by one of them")
    if retained[alone] < 1000 * 10_000 or retained[chain] < 20_000 * 48:
        wrong.append(f"too little: {retained}")
    if types["__main__.Node"]["retained"] != retained[chain]:
        wrong.append(f"the type: {types['__main__.Node']}, its first: {retained[chain]}")
    if sum(objects[each][0] for each in everything) != top["retained"]:
        wrong.append(f"all: {top['retained']}")
    if garbage["collectable"]["gc_objects"] and not garbage["collectable"]["footprint"]:
        wrong.append("garbage of no bytes")
    counts = collections.Counter(row["address"] for row in top["dominators"])
    if counts and max(counts.values()) > 1:
        wrong.append("an object hangs from the root twice")
    return not wrong, "\n".join(wrong)


def cases(interpreter):
    yield "retained sizes", check, ()
