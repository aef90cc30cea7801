#!/usr/bin/env python3
"""Real applications, as packages bring them, looked at by heapglass and compared with what they say of themselves.

usage: tests/apps/run.py [--heapglass BINARY] [--interpreter PATH]... [--only TEXT] [--report FILE] [-v]

What an interpreter has no packages for is skipped. Closes with the line 'N passed, N failed, N skipped'."""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "live"))

import compare
import interpreters
import oracle
import test_oracle

VISITS = 20
START_SECONDS = 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Application:
    """Processes that run until the end of the context, and the recording of the one that records itself."""

    def __init__(self, interpreter):
        self.interpreter = interpreter
        self.port = free_port()
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="heapglass-apps-"))
        self.recording = os.path.join(self.folder, "recording")
        self.go, said = os.path.join(self.folder, "go"), os.path.join(self.folder, "said")
        os.mkfifo(self.go)
        os.mkfifo(said)
        self.said = os.open(said, os.O_RDWR)
        self.stack.callback(os.close, self.said)
        self.log = self.stack.enter_context(open(os.path.join(self.folder, "log"), "w+"))
        self.environment = dict(
            os.environ, ORACLE_GO=self.go, ORACLE_SAID=said, ORACLE_RECORDING=self.recording, PYTHONDONTWRITEBYTECODE="1",
            PYTHONPATH=f"{oracle.build_extension(interpreter.include)}:{HERE}", HOME=self.folder, C_FORCE_ROOT="1")

    def __enter__(self):
        return self

    def __exit__(self, *details):
        if details[0]:
            self.log.flush()
            details[1].args = (*details[1].args, Path(self.log.name).read_text()[-2000:])
        self.stack.close()

    def start(self, *command, **options):
        process = subprocess.Popen(list(map(str, command)), env=self.environment, cwd=HERE,
                                   stderr=self.log, **{"stdout": self.log, **options})
        self.stack.callback(stop, process)
        return process

    def python(self, *arguments, **options):
        return self.start(*self.interpreter.command, *arguments, **options)

    def request(self, path, timeout=10):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
            return answer.status == 200

    def wait_for_server(self, process):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                return self.request("/")
            except urllib.error.HTTPError as error:
                raise RuntimeError(error.read()[-2000:]) from error
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("the server does not answer")

    def recorded(self, timeout=300):
        """The PID of the process that has recorded itself and waits."""
        said = oracle.read_line(self.said_pipe(), timeout)
        if said != b"recorded\n":
            raise RuntimeError(f"no recording ({said!r})")
        for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
            with contextlib.suppress(OSError):
                if os.readlink(descriptor).endswith(self.go):
                    return int(descriptor.parts[2])
        raise RuntimeError("nobody waits")

    def said_pipe(self):
        return os.fdopen(os.dup(self.said), "rb", buffering=0)

    def release(self):
        with open(self.go, "wb", buffering=0) as pipe:
            pipe.write(b"\n")


def stop(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def needs(interpreter, *modules):
    code = "import sys, importlib.util as u; sys.exit([m for m in sys.argv[1:] if not u.find_spec(m)] or 0)"
    done = subprocess.run([*interpreter.command, "-c", code, *modules], capture_output=True, text=True)
    if done.returncode:
        raise oracle.Skipped(f"without {done.stderr.strip()}")


# ---- the applications: each yields the PID to look at, and checks after it that all goes on ------------------------------


def web_server(application, process):
    application.wait_for_server(process)
    for _ in range(VISITS):
        application.request("/")
    recorder = application.start(sys.executable, "-c", "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=600)",
                                 f"http://127.0.0.1:{application.port}/record")
    yield application.recorded()
    if recorder.wait(60) or not application.request("/") or process.poll() is not None:
        raise RuntimeError("the server does not go on")


def gunicorn(application):
    """Django, preloaded, in two workers that share its pages."""
    needs(application.interpreter, "gunicorn", "django")
    yield from web_server(application, application.python(
        "-m", "gunicorn", "--preload", "--workers", 2, "--timeout", 600, "--bind", f"127.0.0.1:{application.port}",
        "django_shop:application"))


def uwsgi(application):
    """libpython embedded in a program of another name, with pandas."""
    needs(application.interpreter, "pandas")
    if application.interpreter.command != ["/usr/bin/python3.11"] or not Path("/usr/bin/uwsgi").exists():
        raise oracle.Skipped("no uwsgi with this interpreter")
    yield from web_server(application, application.start(
        "uwsgi", "--plugin", "python311", "--http-socket", f"127.0.0.1:{application.port}", "--master", "--processes", 1,
        "--need-app", "--wsgi-file", HERE / "pandas_report.py"))


def aiohttp(application):
    needs(application.interpreter, "aiohttp")
    yield from web_server(application, application.python(HERE / "aiohttp_service.py", application.port))


def celery(application):
    """A prefork worker on redis: the child is looked at."""
    needs(application.interpreter, "celery", "redis")
    if not Path("/usr/bin/redis-server").exists():
        raise oracle.Skipped("no redis-server")
    application.environment["BROKER"] = f"redis://127.0.0.1:{application.port}/0"
    application.start("redis-server", "--port", application.port, "--save", "", "--dir", application.folder)
    worker = application.python("-m", "celery", "-A", "celery_tasks", "worker", "--pool", "prefork", "--concurrency", 1)
    send = ("import celery_tasks as t\nfor i in range(200): t.charge.delay(f'order {i}', i)\nt.record.delay()\n")
    application.python("-c", send).wait(60)
    yield application.recorded()
    time.sleep(1)
    if worker.poll() is not None:
        raise RuntimeError("the worker has ended")


def kernel(application):
    """An IPython kernel between two cells."""
    needs(application.interpreter, "ipykernel", "jupyter_client")
    client = application.python(HERE / "kernel.py", stdout=subprocess.PIPE)
    application.stack.callback(client.stdout.close)
    oracle.read_line(client.stdout, START_SECONDS)
    yield application.recorded()
    status = oracle.read_line(client.stdout, 60)
    if status != b"ok\n":
        raise RuntimeError(f"the kernel does not go on: {status!r}")


def scientific(application):
    packages = ("numpy", "pandas", "scipy", "lxml", "sqlalchemy", "twisted")
    needs(application.interpreter, "numpy")
    process = application.python(HERE / "scientific.py", *packages)
    yield application.recorded()
    application.release()
    if process.wait(60):
        raise RuntimeError(f"ended with {process.returncode}")


APPLICATIONS = (gunicorn, celery, aiohttp, uwsgi, kernel, scientific)


# ---- what is checked -----------------------------------------------------------------------------------------------------


def compare_with(heapglass, pid, path):
    comparison = compare.Comparison(oracle.Recording(path), foreign=True)
    with heapglass.run("objects", pid, "--json", "--refs", "-n", 0) as lines:
        comparison.objects(lines)
    with heapglass.run("top", pid, "--json", "-n", 0) as document:
        comparison.top(compare.json.load(document))
    return comparison


def check(heapglass, interpreter, run):
    with Application(interpreter) as application:
        steps = run(application)
        pid = next(steps)
        comparison = compare_with(heapglass, pid, application.recording)
        if run is not scientific:
            application.release()
        next(steps, None)
    lines = [comparison.summary(), *comparison.extra_lines()]
    if comparison.differences.counts:
        lines.append(comparison.differences.report())
    return comparison, "\n".join(lines)


REPORT_HEAD = """# Real applications

Written by `tests/apps/run.py --report FILE` (`scripts/test --apps`): servers, workers and kernels from Debian's packages, looked at
while they serve. Each records its own heap, object by object (docs/exactness.md). Where an extension's structure is unknown, the words
in it that look like references are marked as guessed: of which types, and of how many objects, is listed. Nothing else may differ.
"""


def report_rows(rows):
    yield REPORT_HEAD
    yield "| interpreter | application | objects recorded | found | result |\n|---|---|---|---|---|"
    for interpreter, name, comparison in rows:
        result = "exact" if not comparison.differences.counts else "differs"
        yield f"| {interpreter} | {name} | {len(comparison.recording):,} | {len(comparison.seen):,} | {result} |"
    yield "\n## Guessed references, by type\n"
    for interpreter, name, comparison in rows:
        guessing = +comparison.guessing
        yield f"- **{name}** on {interpreter}: " + (", ".join(
            f"{count:,} `{each}`" for each, count in guessing.most_common()) or "none")
        if comparison.unguessed:
            yield "  - references not even guessed: " + ", ".join(
                f"{count} of `{each}`" for each, count in comparison.unguessed.most_common())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heapglass", default=os.environ.get("HEAPGLASS"), help="the binary (or $HEAPGLASS)")
    parser.add_argument("--interpreter", action="append", help="a path; by default every one that is found")
    parser.add_argument("--only", default="", help="applications whose line has this text")
    parser.add_argument("--report", metavar="FILE", help="write a document of what was seen")
    parser.add_argument("-v", "--verbose", action="store_true", help="the details of those that passed too")
    options = parser.parse_args()
    if not options.heapglass or not os.access(options.heapglass, os.X_OK):
        parser.error("no heapglass binary: give --heapglass or HEAPGLASS")
    heapglass = test_oracle.Heapglass(Path(options.heapglass).resolve(), dict(os.environ))
    counts, rows = Counter(), []
    for interpreter in ([interpreters.named(path) for path in options.interpreter] if options.interpreter
                        else interpreters.discover()):
        for run in APPLICATIONS:
            name = f"{interpreter.name} {run.__name__}"
            if options.only not in name:
                continue
            try:
                comparison, text = check(heapglass, interpreter, run)
                passed = not comparison.differences.counts
                rows.append((interpreter.name, run.__name__, comparison))
            except oracle.Skipped as why:
                counts["skipped"] += 1
                print(f"skipped  {name}: {why}", flush=True)
                continue
            except Exception:
                passed, text = False, traceback.format_exc()
            counts["passed" if passed else "failed"] += 1
            print(f"{'ok      ' if passed else 'FAILED  '} {name}")
            if options.verbose or not passed:
                print("    " + text.replace("\n", "\n    "))
            sys.stdout.flush()
    if options.report:
        Path(options.report).write_text("\n".join(report_rows(rows)) + "\n")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
