"""The comparer's own tests: a perfect account of a recording has no difference, and each planted one is seen.

They need no heapglass: the account is made from the recording itself."""

import json
from collections import Counter

import compare
import oracle


def perfect_account(recording):
    """What a heapglass without defects, that sees nothing more than the oracle, would print."""
    objects = []
    garbage = {address for address, flags in zip(recording.address, recording.flags) if flags & oracle.GARBAGE}
    for index, address in enumerate(recording.address):
        kind = recording.type_of(index)
        flags = recording.flags[index]
        references = Counter(recording.traversed_edges(index)) | Counter(recording.owned_edges(index))
        objects.append({
            "address": hex(address), "type": kind.name, "refcount": recording.refcount[index],
            "immortal": bool(flags & oracle.IMMORTAL), "gc": compare.gc_states(flags)[0],
            "size": recording.size[index], "size_exact": not kind.foreign_sizeof, "footprint": 16,
            # Nothing that is reachable refers to garbage: before 3.11 an instance's __dict__ does.
            "interpreter": 0, "reachable": address not in garbage and garbage.isdisjoint(references),
            "found": "tracked" if flags & oracle.LISTED else "reachable",
            "refs": [hex(target) for target in references.elements()], "weakrefs": []})
    types = {}
    for each in objects:
        row = types.setdefault(each["type"], {"type": each["type"], "objects": 0, "size": 0, "footprint": 0,
                                              "unreachable": 0})
        row["objects"] += 1
        row["size"] += each["size"]
        row["footprint"] += each["footprint"]
        row["unreachable"] += not each["reachable"]
    totals = {key: sum(row[key] for row in types.values()) for key in ("objects", "size", "footprint", "unreachable")}
    found = Counter(each["found"] for each in objects)
    totals["found"] = {how: found[how] for how in ("tracked", "reachable", "allocator")}
    blocks = sum(recording.malloc.values())
    accounts = {"blocks": blocks, "claimed": blocks, "parked": 0, "unclaimed": 0, "double_claims": 0}
    return {"objects": objects, "top": {"damage": [], "totals": totals, "types": list(types.values()), "pymalloc": accounts}}


def differences(recording, account):
    comparison = compare.Comparison(recording)
    comparison.objects([json.dumps({"damage": account.get("damage", [])}), *map(json.dumps, account["objects"])])
    comparison.top(account["top"])
    return {kind for kind, _ in comparison.differences.counts}, comparison


def copy_of(account):
    top = account["top"]
    return {"objects": [dict(each) for each in account["objects"]],
            "top": {"damage": [], "totals": dict(top["totals"]), "types": [dict(each) for each in top["types"]],
                    "pymalloc": dict(top["pymalloc"])}}


def plants(account):
    """(name, classes that must be seen, a change to make): each on a copy of its own."""
    objects = account["objects"]
    some_list = next(i for i, each in enumerate(objects) if each["type"] == "list" and each["refs"])
    some_str = next(i for i, each in enumerate(objects) if each["type"] == "str" and not each["immortal"])
    some_garbage = next(i for i, each in enumerate(objects) if not each["reachable"] and each["type"] == "__main__.Node")
    some_code = next(i for i, each in enumerate(objects) if each["type"] == "code")

    def change(index, **fields):
        return lambda planted: planted["objects"][index].update(fields)

    yield "an object left out", {"missing"}, lambda planted: planted["objects"].pop(some_str)
    yield "an object twice", {"twice"}, lambda planted: planted["objects"].append(planted["objects"][some_str])
    yield "another type", {"type"}, change(some_str, type="strange")
    yield "another refcount", {"refcount"}, change(some_str, refcount=objects[some_str]["refcount"] + 1)
    yield "a false immortal", {"immortal"}, change(some_str, immortal=True)
    yield "another size", {"size"}, change(some_list, size=objects[some_list]["size"] + 8)
    yield "an unjustified doubt of the size", {"size-exactness"}, change(some_list, size_exact=False)
    yield "another gc state", {"gc"}, change(some_str, gc="old")
    yield "a tracked object found by chance", {"found"}, change(some_list, found="allocator")
    yield "garbage called reachable", {"reachable"}, change(some_garbage, reachable=True)
    yield "a held object called unreachable", {"unreached"}, change(some_str, reachable=False)
    yield "an edge left out", {"edge"}, change(some_list, refs=objects[some_list]["refs"][1:])
    yield "an owned reference left out", {"owned"}, change(some_code, refs=[])
    yield "a reference to nowhere", {"dangling"}, change(some_list, refs=objects[some_list]["refs"] + ["0x1230"])
    yield "too many references", {"overcounted"}, change(
        some_list, refs=objects[some_list]["refs"] + [objects[some_list]["address"]] * (
            objects[some_list]["refcount"] + 1))
    yield "totals that do not add up", {"top"}, lambda planted: planted["top"]["totals"].update(objects=1)
    yield "a type miscounted", {"top"}, lambda planted: planted["top"]["types"][0].update(objects=1)
    blocks = account["top"]["pymalloc"]["blocks"]
    yield "unclaimed blocks", {"accounts"}, lambda planted: planted["top"]["pymalloc"].update(
        unclaimed=blocks // 100, claimed=blocks - blocks // 100)
    yield "a double claim", {"accounts"}, lambda planted: planted["top"]["pymalloc"].update(double_claims=1)
    yield "accounts that do not close", {"accounts"}, lambda planted: planted["top"]["pymalloc"].update(unclaimed=1)
    yield "blocks unseen", {"accounts"}, lambda planted: planted["top"]["pymalloc"].update(blocks=1, claimed=1)
    yield "no accounts", {"accounts"}, lambda planted: planted["top"].pop("pymalloc")
    fault = {"reason": "fault", "where": "dict"}
    yield "damage", {"damage"}, lambda planted: planted.update(damage=[fault])
    yield "damage in top", {"damage"}, lambda planted: planted["top"].update(damage=[fault])


def check(interpreter):
    with oracle.Target(interpreter, "small.py") as target:
        recording = target.recording()
    account = perfect_account(recording)
    kinds, comparison = differences(recording, account)
    assert not kinds, "a perfect account differs:\n" + comparison.differences.report()
    for name, expected, plant in plants(account):
        planted = copy_of(account)
        plant(planted)
        kinds, _ = differences(recording, planted)
        assert expected <= kinds, f"{name}: not seen, only {kinds}"
    return True, f"{len(recording)} objects, {len(list(plants(account)))} planted differences seen"
