"""The heap as heapglass sees it from outside against the heap as the process itself recorded it."""

import json
import subprocess
import tempfile
import time

import compare
import oracle

# Programs and their arguments.
CASES = (
    ("small.py", ()),
    ("everything.py", ()),
    ("stdlib_objects.py", ()),
    ("django_app.py", ()),
    ("mix.py", (100_000,)),
    ("leaky.py", ()),
    ("atoms.py", (30_000,)),
    ("frozen.py", ()),
    ("threads.py", (20,)),
    ("big.py", (1,)),
    ("subinterpreters.py", ()),
)
# (program, environment of the target, options of heapglass). Without pymalloc everything is found by reaching it or by its
# looks; the targets sit still, so that even `--pause none` must be exact.
VARIANTS = (
    ("small.py", {"PYTHONMALLOC": "malloc"}, ()),
    ("everything.py", {"PYTHONMALLOC": "malloc"}, ()),
    ("leaky.py", {"PYTHONMALLOC": "malloc"}, ()),
    ("small.py", {"PYTHONMALLOC": "debug"}, ()),
    ("leaky.py", {"PYTHONMALLOC": "debug"}, ()),
    ("leaky.py", {"PYTHONMALLOC": "malloc_debug"}, ()),
    ("small.py", {"PYTHONDEVMODE": "1"}, ()),
    ("small.py", {"PYTHONTRACEMALLOC": "5"}, ()),
    ("small.py", {}, ("--pause", "hold")),
    ("everything.py", {}, ("--pause", "hold")),
    ("small.py", {}, ("--pause", "none")),
)


class Heapglass:
    """The command to test, with the environment that it runs in. `guesses`: it may guess types, if it says so."""

    def __init__(self, binary, environment, guesses=False):
        self.binary = binary
        self.environment = environment
        self.guesses = guesses

    def run(self, *arguments, timeout=120):
        """Its standard output, in a temporary file to read from. A status other than 0 raises."""
        output = tempfile.TemporaryFile("w+")
        done = subprocess.run([self.binary, *map(str, arguments)], stdout=output, stderr=subprocess.PIPE, text=True,
                              env=self.environment, timeout=timeout)
        if done.returncode:
            raise RuntimeError(f"heapglass {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr.strip()}")
        output.seek(0)
        return output

    def layout(self, interpreter):
        """(where its layout is from, None), or (None, why it has none): of a running process, since _PyRuntime may lie in a
        shared library."""
        sleeper = [*interpreter.command, "-c", "import sys; print(flush=True); sys.stdin.read()"]
        with subprocess.Popen(sleeper, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            done = subprocess.run([self.binary, "layout", str(process.pid), "--json"], capture_output=True, text=True,
                                  env=self.environment, timeout=120)
            process.stdin.close()
        if done.returncode:
            return None, done.stderr.strip().split("\n")[0]
        return json.loads(done.stdout)["source"]["layout"].removesuffix(" (cached)"), None


def compare_with(heapglass, target, options=()):
    comparison = compare.Comparison(target.recording(), guesses=heapglass.guesses,
                                    symbols="HEAPGLASS_HIDE" not in heapglass.environment)
    with heapglass.run("objects", target.pid, "--json", "--refs", "-n", 0, *options) as lines:
        comparison.objects(lines)
    with heapglass.run("top", target.pid, "--json", "-n", 0, *options) as document:
        comparison.top(json.load(document))
    return comparison


def check(heapglass, interpreter, program, arguments, environment=None, options=()):
    """(no difference, text)."""
    with oracle.Target(interpreter, program, arguments, environment) as target:
        start = time.monotonic()
        comparison = compare_with(heapglass, target, options)
        lines = [f"{comparison.summary()} ({time.monotonic() - start:.1f} s)", *comparison.extra_lines()]
        state, status = target.state(), target.end()
        if state in "Tt" or status:
            comparison.differences.add("target", "harmed", lambda: f"state {state}, exit status {status}")
    if comparison.differences.counts:
        lines.append(comparison.differences.report())
    return not comparison.differences.counts, "\n".join(lines)


def check_whole_count(heapglass, interpreter, count=1_000_000):
    """10^6 dicts of atoms are on no list of gc's (but since 3.14 all dicts are), and are counted all the same."""
    with oracle.Target(interpreter, "atoms.py", [count], record=False) as target:
        with heapglass.run("top", target.pid, "--json", "-n", 0) as document:
            top = json.load(document)
    objects = {each["type"]: each["objects"] for each in top["types"]}
    wrong = [f"{name}: {objects.get(name, 0)}" for name in ("dict", "int", "float") if objects.get(name, 0) < count]
    if top["totals"]["found"]["tracked"] > count // 10 and interpreter.version < (3, 14):
        wrong.append(f"tracked: {top['totals']['found']['tracked']}")
    if objects.get("dict", 0) > count + 20_000:
        wrong.append(f"too many dicts: {objects['dict']}")
    return not wrong, ", ".join(wrong) or f"{top['totals']['objects']} objects"


def cases(_interpreter):
    for program, arguments in CASES:
        yield " ".join(["oracle", program, *map(str, arguments)]), check, (program, arguments)
    for program, environment, options in VARIANTS:
        settings = [f"{name}={value}" for name, value in environment.items()]
        yield " ".join(["oracle", program, *settings, *options]), check, (program, (), environment, options)
    yield "oracle count of 10^6 dicts", check_whole_count, ()
