"""What the harmless tests know of a process, and what they do to it."""
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def thread_states(pid):
    states = {}
    try:
        tids = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return states
    for tid in tids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f"/proc/{pid}/task/{tid}/stat") as file:
                states[int(tid)] = file.read().rpartition(")")[2].split()[0]
    return states


def status_field(pid, name):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(name + ":"):
                return line.split(":")[1].strip()
    return None


def stands_still(pid):
    """Why the process does not run, or None."""
    stopped = [tid for tid, state in thread_states(pid).items() if state in "tT"]
    if stopped:
        return f"threads {stopped} are stopped"
    try:
        tracer = status_field(pid, "TracerPid")
    except FileNotFoundError:
        return "it is gone"
    return f"it is traced by {tracer}" if tracer != "0" else None


def runs_within(pid, seconds):
    deadline = time.monotonic() + seconds
    while (why := stands_still(pid)) and time.monotonic() < deadline:
        time.sleep(0.002)
    return why


class Target:
    """The server, under load and under signals."""

    def __init__(self, python):
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            [python, os.path.join(HERE, "server.py"), str(writing)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[writing], text=True)
        os.close(writing)
        self.signals = reading
        self.pid = self.process.pid
        self.port = int(self.process.stdout.readline())
        self.stop = threading.Event()
        self.requests = 0
        self.sent = self.received = 0
        self.problems = []
        self.threads = []

    def request(self, connection, path):
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        expected = b"ran" if path == "/fork" else path.encode() * 20
        if response.status != 200 or body != expected:
            self.problems.append(f"request {path}: status {response.status}, {body[:40]!r}")
        self.requests += 1

    def answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            self.request(connection, "/alive")
        except OSError as error:
            self.problems.append(f"no answer: {error!r}")
        connection.close()

    def load(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        count = 0
        while not self.stop.is_set():
            count += 1
            try:
                self.request(connection, "/fork" if count % 50 == 0 else f"/{number}/{count}")
                if count % 20 == 0:
                    connection.close()
            except (OSError, http.client.HTTPException) as error:
                self.problems.append(f"request failed: {error!r}")
                connection.close()
            time.sleep(0.02)

    def send_signals(self):
        """Real-time signals queue, each must come; the others may merge, so each is awaited."""
        count = 0
        while not self.stop.is_set():
            count += 1
            number = (signal.SIGRTMIN, signal.SIGUSR1, signal.SIGALRM)[count % 3]
            for _ in range(3 if number == signal.SIGRTMIN else 1):
                os.kill(self.pid, number)
                self.sent += 1
            if not self.await_signals():
                return
            time.sleep(0.001)

    def await_signals(self):
        os.set_blocking(self.signals, False)
        deadline = time.monotonic() + 20
        while self.received < self.sent and time.monotonic() < deadline:
            try:
                self.received += len(os.read(self.signals, 4096))
            except BlockingIOError:
                time.sleep(0.0003)
        if self.received != self.sent:
            self.problems.append(f"{self.sent} signals sent, {self.received} delivered")
            return False
        return True

    def start_load(self, clients=3):
        jobs = [(self.load, (i,)) for i in range(clients)] + [(self.send_signals, ())]
        for function, arguments in jobs:
            thread = threading.Thread(target=function, args=arguments, daemon=True)
            thread.start()
            self.threads.append(thread)

    def finish(self):
        """Ends load and server; returns what went wrong."""
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
        time.sleep(0.2)
        self.await_signals()
        with contextlib.suppress(BlockingIOError):
            extra = os.read(self.signals, 4096)
            self.problems.append(f"{len(extra)} signals delivered twice")
        changed = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if changed != (0, 0):
            self.problems.append(f"its parent was told of a change: {changed}")
        if why := stands_still(self.pid):
            self.problems.append(why)
        self.answers()
        self.process.kill()
        errors = self.process.communicate()[1]
        if errors:
            self.problems.append("the server said: " + errors.strip()[-2000:])
        os.close(self.signals)
        return self.problems


class Heapglass:
    """The command to be tested: '{pid}' and '{pause}' are filled in."""

    def __init__(self, binary, template, pause_option):
        self.binary = binary
        self.template = template
        self.pause_option = pause_option

    def command(self, pid, pause="", max_pause=None):
        words = [self.binary] + [word.format(pid=pid) for word in self.template.split()]
        if pause:
            words += self.pause_option.format(pause=pause).split()
        if max_pause:
            words += self.max_pause_option.format(seconds=max_pause,
                                                  ms=int(max_pause * 1000)).split()
        return words

    max_pause_option = "--max-pause {ms}ms"

    def start(self, *arguments, **keywords):
        return subprocess.Popen(self.command(*arguments, **keywords), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, preexec=None, **keywords):
        return subprocess.run(self.command(*arguments, **keywords), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              preexec_fn=preexec, timeout=120)


def say(text):
    print(text, flush=True)


def children(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    return []


assert sys.version_info >= (3, 9)
