"""Compares what heapglass says of a process with what the process recorded of itself.

Every difference belongs to a class, a short word; docs/exactness.md explains those that are right to be there, and
EXPLAINED lists them. Whatever is not explained fails the test."""

import json
from collections import Counter, defaultdict

import oracle

# What may differ, as docs/exactness.md explains; more than this fails.
UNCLAIMED_SHARE = 0.002  # of pymalloc's blocks: what C modules keep there for themselves
UNNAMED_PARKED = 180     # freed floats (100) and dict keys (80) of 3.8 and 3.9, whose free lists only symbols name
STALE_SHARE = 0.01       # of the garbage: a word left over on a stack looks like a reference to it

EXAMPLES = 3

STATIC_REFCOUNT = 500_000_000  # static objects start with 999999999, so that they are never freed (3.11)


class Differences:
    def __init__(self):
        self.counts = Counter()
        self.examples = defaultdict(list)

    def add(self, kind, type_name, example):
        """`kind` is the class; `example` is made only when it is wanted."""
        key = kind, type_name
        self.counts[key] += 1
        if len(self.examples[key]) < EXAMPLES:
            self.examples[key].append(example())

    def report(self, limit=60):
        lines = []
        for key, count in sorted(self.counts.items(), key=lambda item: (item[0][0], -item[1]))[:limit]:
            kind, type_name = key
            lines.append(f"{kind:<18} {count:>8} × {type_name}")
            lines.extend(f"    {example}" for example in self.examples[key])
        if len(self.counts) > limit:
            lines.append(f"... and {len(self.counts) - limit} more classes")
        return "\n".join(lines)


class Comparison:
    """One pass over `objects --json --refs`, then the totals of `top`. `foreign`: extensions from outside of CPython are
    loaded. Of their structures nobody knows the fields, nor which blocks of memory they own: what words look like is all
    that can be said of their references, and is listed instead of judged. `symbols`: heapglass has the interpreter's own. So is, with `guesses`, what heapglass itself
    says is guessed (`guessed_types`)."""

    def __init__(self, recording, foreign=False, guesses=False, symbols=True):
        self.recording = recording
        self.unnamed_parked = 0 if symbols or recording.version_hex >= 0x030A0000 else UNNAMED_PARKED
        self.foreign = foreign
        self.guesses = guesses
        self.guessing = Counter()       # type name -> objects with guessed references
        self.unguessed = Counter()      # type name -> references of those that were not found
        self.differences = Differences()
        self.extras = Counter()         # (found how, type) of objects that only heapglass knows
        self.seen = set()               # addresses
        self.referred = []              # addresses that strong references lead to, one for each
        self.held = set()               # addresses that reachable objects refer to
        self.unreachable_at = {}        # address -> type name
        self.refcounts = {}             # address -> refcount, of mortal objects
        self.interpreters = set()
        self.types = Counter()          # type name -> objects
        self.found = Counter()          # how found -> objects
        self.unreachable_recorded = Counter()  # type name -> objects of the recording that no root reaches
        self.garbage = 0
        self.garbage_reached = defaultdict(list)  # type name -> addresses of garbage that heapglass says is reachable
        self.tolerated = []             # lines about what differs and may
        self.size = self.footprint = self.unreachable = 0

    # ---- objects -------------------------------------------------------------------------------------

    def objects(self, lines):
        self.lines = lines
        lines = iter(lines)
        self.envelope = json.loads(next(lines))
        self.guessed_types = set(self.envelope["source"]["guessed_types"]) if self.guesses else set()
        decode = json.JSONDecoder().raw_decode  # half the time of json.loads
        for line in lines:
            if line.strip():
                self.one_object(decode(line)[0])
        self.missing()
        self.references_hold()
        self.garbage_is_unreachable()
        self.damage(self.envelope)

    def damage(self, document):
        for damage in document["damage"]:
            self.differences.add("damage", f"{damage['where']}: {damage['reason']}", lambda: json.dumps(damage))

    def one_object(self, said):
        address = int(said["address"], 16)
        if address in self.seen:
            self.differences.add("twice", said["type"], lambda: said["address"])
            return
        self.seen.add(address)
        self.interpreters.add(said["interpreter"])
        self.types[said["type"]] += 1
        self.size += said["size"]
        self.footprint += said["footprint"]
        self.found[said["found"]] += 1
        self.unreachable += not said["reachable"]
        if not said["reachable"]:
            self.unreachable_at[address] = said["type"]
        if not said["immortal"]:
            self.refcounts[address] = said["refcount"], said["type"]
        targets = [int(target, 16) for target in said.get("refs", ())]
        if said["refcount"] < STATIC_REFCOUNT:  # else it lies in CPython's static data, whose references are uncounted
            self.referred += targets
        if said["reachable"]:
            self.held.update(targets)
        index = self.recording.index.get(address)
        if index is None:
            self.extras[said["found"], said["type"]] += 1
            return
        self.compare_fields(index, said)
        others = [int(target, 16) for kind in ("visits", "guesses") for target in said.get(kind, ())]
        self.guessing[said["type"]] += bool(said.get("guesses"))
        self.compare_references(index, said, targets, others)

    def compare_fields(self, index, said):
        recording, add = self.recording, self.differences.add
        flags, type_record = recording.flags[index], recording.type_of(index)
        name, where = type_record.name, said["address"]

        def differs(kind, theirs, truth):
            add(kind, name, lambda: f"{where}: heapglass {theirs}, really {truth}")

        if said["type"] != name:
            differs("type", said["type"], name)
        immortal = bool(flags & oracle.IMMORTAL)
        if said["immortal"] != immortal:
            differs("immortal", said["immortal"], immortal)
        elif not immortal and said["refcount"] != recording.refcount[index]:
            differs("refcount", said["refcount"], recording.refcount[index])
        if said["gc"] not in gc_states(flags):
            differs("gc", said["gc"], "/".join(gc_states(flags)))
        inexact = type_record.foreign_sizeof or (name in self.guessed_types and not said["size_exact"])
        if said["size_exact"] == inexact:
            differs("size-exactness", said["size_exact"], not inexact)
        if said["size"] != recording.size[index] and not inexact:
            differs("size", said["size"], recording.size[index])
        self.garbage += bool(flags & oracle.GARBAGE)
        if said["reachable"] and flags & oracle.GARBAGE:
            self.garbage_reached[name].append(where)
        listed_elsewhere = flags & oracle.TRACKED and not flags & oracle.LISTED  # by another interpreter
        if (said["found"] == "tracked") != bool(flags & oracle.LISTED) and not listed_elsewhere:
            differs("found", said["found"], "on gc's lists" if flags & oracle.LISTED else "not on gc's lists")
        self.unreachable_recorded[name] += not said["reachable"]

    def compare_references(self, index, said, targets, others):
        """Each traversed edge and each edge known otherwise must be among the references, as often as it is.
        A few types visit on behalf of what they own, such as an lru_cache for its entries: `visits`. Of unknown types
        references are guessed."""
        recording = self.recording
        for kind, wanted, found in (("edge", recording.traversed_edges(index), targets + others),
                                    ("owned", recording.owned_edges(index), targets)):
            if not wanted or once_each(wanted, found):
                continue
            left = Counter(found)
            for target in wanted:
                if self.is_parked(target):
                    continue
                left[target] -= 1
                # An extension's m_traverse may visit what its static data refers to.
                guessed = (said["type"] in self.guessed_types or
                           self.foreign and (said.get("guesses") or said["type"] == "module"))
                if left[target] < 0 and guessed:
                    self.unguessed[said["type"]] += 1
                elif left[target] < 0:
                    self.differences.add(kind, recording.type_of(index).name,
                                         lambda: f"{said['address']}: no reference to {self.describe(target)}")

    def is_parked(self, address):
        """On a free list of its module, which some m_traverse visit (asyncio's in 3.12): freed, so no object."""
        index = self.recording.index.get(address)
        return index is not None and not self.recording.refcount[index] and not self.recording.flags[index] & oracle.IMMORTAL

    def describe(self, address):
        index = self.recording.index.get(address)
        return f"{address:#x} {self.recording.type_of(index).name}" if index is not None else f"{address:#x}"

    def missing(self):
        recording = self.recording
        for address, index in recording.index.items():
            if address not in self.seen and not self.is_parked(address):
                self.differences.add("missing", recording.type_of(index).name,
                                     lambda: f"{address:#x} refcount {recording.refcount[index]}")

    def garbage_is_unreachable(self):
        reached = sum(map(len, self.garbage_reached.values()))
        if reached <= STALE_SHARE * self.garbage:
            if reached:
                self.tolerated.append(f"garbage that stale words seem to hold: {reached} of {self.garbage}")
            return
        for name, addresses in self.garbage_reached.items():
            for address in addresses:
                self.differences.add("reachable", name, lambda: f"{address}: heapglass says that a root reaches it")

    def referrers(self, address):
        """Who heapglass says refers to an address: a second look at its lines."""
        if hasattr(self.lines, "seek"):
            self.lines.seek(0)
        found = []
        for line in self.lines:
            if f'"{address:#x}"' in line:
                said = json.loads(line)
                count = said.get("refs", []).count(hex(address))
                if count:
                    found.append(f"{count if count > 1 else ''}{said['type']} {said['address']}")
        return ", ".join(found[:6]) + (", ..." if len(found) > 6 else "")

    def references_hold(self):
        """References lead to objects, what a reachable object refers to is reachable, and an object has no more references
        than its refcount."""
        for target in self.held & self.unreachable_at.keys():
            self.differences.add("unreached", self.unreachable_at[target],
                                 lambda: f"{target:#x} is said to be unreachable; references: {self.referrers(target)}")
        recording = self.recording
        for target, found in Counter(self.referred).items():
            if target not in self.seen:
                self.differences.add("dangling", "?",
                                     lambda: f"{target:#x} is no object; references: {self.referrers(target)}")
                continue
            if target not in self.refcounts:
                continue
            refcount, name = self.refcounts[target]
            static_type = recording.types.get(target)
            uncounted = name == "moduledef" or static_type and not static_type.is_heap_type
            if found > refcount and not uncounted:
                self.differences.add("overcounted", name,
                                     lambda: f"{target:#x}: {found} strong references, refcount {refcount}: "
                                     f"{self.referrers(target)}")

    # ---- top -------------------------------------------------------------------------------------------

    def top(self, document):
        """`top --json` and `objects --json` of the same heap must add up to the same."""
        self.damage(document)
        totals, types = document["totals"], document["types"]
        for key, truth in (("objects", len(self.seen)), ("size", self.size), ("footprint", self.footprint),
                           ("unreachable", self.unreachable)):
            for place, said in (("totals", totals[key]), ("types", sum(each[key] for each in types))):
                if said != truth:
                    self.differences.add("top", f"{place}.{key}", lambda: f"top {said}, objects {truth}")
        for how in ("tracked", "reachable", "allocator"):
            if totals["found"][how] != self.found[how]:
                self.differences.add("top", f"found.{how}", lambda: f"top {totals['found'][how]}, objects {self.found[how]}")
        by_name = Counter()
        for each in types:
            by_name[each["type"]] += each["objects"]
        for name in by_name.keys() | self.types.keys():
            if by_name[name] != self.types[name]:
                self.differences.add("top", name, lambda: f"top {by_name[name]}, objects {self.types[name]}")
        self.accounts(document.get("pymalloc"))

    def accounts(self, accounts):
        """Every allocated block of pymalloc is known, and claimed once."""
        if accounts is None:
            self.differences.add("accounts", "absent", lambda: "top --json has no pymalloc accounts")
            return
        truth = sum(self.recording.malloc.values())  # 0: no statistics, another allocator comes first
        several = len(self.interpreters) > 1  # then the statistics are of one, and the total counts large blocks too
        if truth and accounts["blocks"] != truth and not (
                several and truth <= accounts["blocks"] <= self.recording.allocated_blocks):
            self.differences.add("accounts", "blocks", lambda: f"heapglass {accounts['blocks']}, pymalloc {truth}")
        if accounts["claimed"] + accounts["parked"] + accounts["unclaimed"] != accounts["blocks"]:
            self.differences.add("accounts", "sum", lambda: json.dumps(accounts))
        if accounts["double_claims"]:
            self.differences.add("accounts", "double claims", lambda: json.dumps(accounts))
        share = f"{accounts['unclaimed']} of {accounts['blocks']} blocks"
        if accounts["unclaimed"] > UNCLAIMED_SHARE * accounts["blocks"] + self.unnamed_parked and not self.foreign:
            self.differences.add("accounts", "unclaimed", lambda: share)
        elif accounts["unclaimed"]:
            self.tolerated.append(f"unclaimed: {share}")

    def summary(self):
        extras = Counter()
        for (found, _), count in self.extras.items():
            extras[found] += count
        return (f"{len(self.recording)} recorded, {len(self.seen)} found; only heapglass: {extras['tracked']} tracked, "
                f"{extras['reachable']} reached, {extras['allocator']} by the allocator alone")

    def extra_lines(self):
        """What the recording cannot judge: objects that only heapglass reports, by how they were found, and objects that
        it says no root reaches."""
        for found in ("tracked", "reachable", "allocator"):
            mine = Counter({name: count for (how, name), count in self.extras.items() if how == found})
            if mine:
                yield f"only heapglass, {found}: {listed(mine)}"
        mine = +self.unreachable_recorded
        if mine:
            yield f"recorded, from no root: {listed(mine)}"
        if self.foreign or self.guessed_types:
            yield f"with guessed references: {listed(+self.guessing, 40)}"
            yield f"not even guessed: {listed(self.unguessed, 40)}"
        yield from self.tolerated


def once_each(wanted, found):
    """Whether each of the wanted is wanted once and was found: nearly always, and quickly said."""
    different = set(wanted)
    return len(different) == len(wanted) and different.issubset(found)


def listed(counts, limit=12):
    shown = ", ".join(f"{count} {name}" for name, count in counts.most_common(limit))
    return f"{sum(counts.values())}: {shown}{', ...' if len(counts) > limit else ''}"


def gc_states(flags):
    """What heapglass may say of the gc state of an object with these flags."""
    if not flags & oracle.GC:
        return ("none",)
    if not flags & oracle.TRACKED:
        return ("untracked",)
    if not flags & oracle.LISTED:
        return "young", "old", "permanent"
    if flags & oracle.FROZEN:
        return ("permanent",)
    return ("old",) if flags >> oracle.GENERATION_SHIFT & 3 == 2 else ("young",)
