"""Processes that cannot be attached to, or hardly: one line says why, and they stay as they were."""
import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

from target import runs_within, status_field, thread_states

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 4, 22, 38, 24
CAP_SYS_PTRACE = 19
NOBODY = 65534


def facts(pid):
    """What must not change."""
    try:
        return (status_field(pid, "State"), status_field(pid, "TracerPid"),
                status_field(pid, "Threads"), sorted(thread_states(pid).items()))
    except (FileNotFoundError, ProcessLookupError):
        return None


def judge(run, status, words, exact=True):
    """One line on stderr with every word in it, and the exit status."""
    problems = []
    lines = run.stderr.splitlines()
    if run.returncode != status:
        problems.append(f"exit status {run.returncode}, not {status}: {run.stderr.strip()}")
    if len(lines) != 1:
        problems.append(f"{len(lines)} lines on stderr: {run.stderr!r}")
    if not all(word in run.stderr for word in words):
        problems.append(f"not all of {words} in {run.stderr.strip()!r}")
    return problems


def refused(heapglass, pid, words, status=3, preexec=None):
    before = facts(pid)
    run = heapglass.run(pid, preexec=preexec)
    problems = judge(run, status, words)
    if facts(pid) != before:
        problems.append(f"the process was {before}, is {facts(pid)}")
    return problems


@contextlib.contextmanager
def sleeping(python, code="", **keywords):
    """A Python that has run `code` and sleeps."""
    program = f"{code}\nprint('ready', flush=True)\nimport time\ntime.sleep(600)"
    process = subprocess.Popen([python, "-c", program], stdout=subprocess.PIPE, text=True,
                               **keywords)
    process.stdout.readline()
    time.sleep(0.05)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def become_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def drop_ptrace_capability():
    libc.prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)  # at exec, root gets what is left


def forbid_ptrace():
    """A seccomp filter that answers EPERM to ptrace, as containers have."""
    number = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(program)))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_SECCOMP, 2, header, 0, 0)


# ---- kinds of process ---------------------------------------------------------------------------

def zombie(heapglass, options):
    process = subprocess.Popen(["true"])
    while status_field(process.pid, "State")[0] != "Z":
        time.sleep(0.01)
    try:
        return refused(heapglass, process.pid, ["zombie", str(process.pid)])
    finally:
        process.wait()


def gone(heapglass, options):
    process = subprocess.Popen(["true"])
    process.wait()
    return judge(heapglass.run(process.pid), 3, ["no process", str(process.pid)])


def kernel_thread(heapglass, options):
    with open("/proc/2/comm") as file:
        if file.read().strip() != "kthreadd":
            return None
    return refused(heapglass, 2, ["kernel thread"])


def thread_of_another(heapglass, options):
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    with sleeping(options.python, code) as process:
        tid = max(thread_states(process.pid))
        return judge(heapglass.run(tid), 3, ["thread of process", str(process.pid)])


def traced(heapglass, options):
    with sleeping(options.python) as process:
        if libc.ptrace(PTRACE_SEIZE, process.pid, None, None):
            return ["the test itself may not trace"]
        return refused(heapglass, process.pid, ["traced by process", str(os.getpid())])


def another_users(heapglass, options):
    with sleeping(options.python) as process:
        return refused(heapglass, process.pid, ["another user", "root"], preexec=become_nobody)


def not_dumpable(heapglass, options):
    code = f"import ctypes\nctypes.CDLL(None).prctl({PR_SET_DUMPABLE}, 0, 0, 0, 0)"
    with sleeping("/usr/bin/python3", code, preexec_fn=become_nobody) as process:
        return refused(heapglass, process.pid, ["not dumpable"], preexec=become_nobody)


def without_capability(heapglass, options):
    with sleeping(options.python) as process:
        return refused(heapglass, process.pid, ["CAP_SYS_PTRACE"], preexec=drop_ptrace_capability)


def under_seccomp(heapglass, options):
    with sleeping(options.python) as process:
        return refused(heapglass, process.pid, ["seccomp"], preexec=forbid_ptrace)


def of_32_bits(heapglass, options):
    """A program for i386, written by hand: pause() for ever."""
    code = bytes.fromhex("b81d000000 cd80 ebf7")
    base = 0x08048000
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 3, 1, base + 84, 52, 0, 0,
                         52, 32, 1, 0, 0, 0)
    segment = struct.pack("<8I", 1, 0, base, base, 84 + len(code), 84 + len(code), 5, 4096)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program")
        with open(path, "wb") as file:
            file.write(header + segment + code)
        os.chmod(path, 0o755)
        try:
            process = subprocess.Popen([path])
        except OSError:
            return None
        time.sleep(0.1)
        try:
            return refused(heapglass, process.pid, ["32-bit"])
        finally:
            process.kill()
            process.wait()


# ---- hard ones -----------------------------------------------------------------------------------

def already_stopped(heapglass, options):
    with sleeping(options.python) as process:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        problems = []
        for pause in ("", "hold"):
            before = facts(process.pid)
            run = heapglass.run(process.pid, pause=pause)
            if run.returncode:
                problems.append(f"exit status {run.returncode}: {run.stderr}")
            if facts(process.pid) != before or before[0][0] != "T":
                problems.append(f"the process was {before}, is {facts(process.pid)}")
        process.send_signal(signal.SIGCONT)
        if why := runs_within(process.pid, 1):
            problems.append(f"after SIGCONT: {why}")
        return problems


def waits_for_vfork(heapglass, options):
    """A thread that cannot stop: the others must run on after the deadline, and it is named."""
    with tempfile.TemporaryDirectory() as folder:
        pipe = os.path.join(folder, "pipe")
        os.mkfifo(pipe)
        return refused_by_vfork(heapglass, options, BLOCK_IN_VFORK.format(pipe=pipe))


# posix_spawn is a vfork; opening the pipe, to which nobody writes, keeps the child from its exec.
BLOCK_IN_VFORK = """
import ctypes, threading, time
libc = ctypes.CDLL(None)
actions = ctypes.create_string_buffer(1024)
libc.posix_spawn_file_actions_init(actions)
libc.posix_spawn_file_actions_addopen(actions, 9, b"{pipe}", 0, 0)
arguments = (ctypes.c_char_p * 2)(b"true", None)
child = ctypes.c_int()
threading.Thread(target=libc.posix_spawn, daemon=True, args=(
    ctypes.byref(child), b"/bin/true", actions, None, arguments, arguments)).start()
time.sleep(0.2)
"""


def refused_by_vfork(heapglass, options, code):
    with sleeping(options.python, code) as process:
        blocked = [tid for tid, state in thread_states(process.pid).items() if state == "D"]
        if not blocked:
            return ["no thread is blocked: the test does not test"]
        begin = time.monotonic()
        run = heapglass.run(process.pid)
        problems = judge(run, 6, [str(blocked[0]), "vfork"])
        if time.monotonic() - begin > 4:
            problems.append(f"took {time.monotonic() - begin:.1f} s")
        if why := runs_within(process.pid, 0.5):
            problems.append(why)
        for tid in thread_states(process.pid):
            with open(f"/proc/{process.pid}/task/{tid}/children") as file:
                for child in file.read().split():
                    os.kill(int(child), signal.SIGKILL)
        return problems


def dies_in_the_middle(heapglass, options):
    problems = []
    for i in range(20):
        with sleeping(options.python) as process:
            run = heapglass.start(process.pid)
            time.sleep(0.001 * i)
            process.kill()
            _, errors = run.communicate(timeout=60)
            if run.returncode not in (0, 3):
                problems.append(f"exit status {run.returncode}: {errors}")
            if run.returncode and len(errors.splitlines()) != 1:
                problems.append(f"not one line: {errors!r}")
    return problems


def too_little_memory(heapglass, options):
    if not options.max_memory_option:
        return None
    with sleeping(options.python) as process:
        before = facts(process.pid)
        command = heapglass.command(process.pid) + options.max_memory_option.split()
        run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        problems = judge(run, 6, ["--max-memory"])
        if facts(process.pid) != before:
            problems.append(f"the process was {before}, is {facts(process.pid)}")
        return problems


CASES = (zombie, gone, kernel_thread, thread_of_another, traced, another_users, not_dumpable,
         without_capability, under_seccomp, of_32_bits, already_stopped, waits_for_vfork,
         dies_in_the_middle, too_little_memory)


def run_cases(kind, cases, heapglass, options, results):
    """Each case returns its problems, or None where the machine cannot make what it needs."""
    for case in cases:
        name = f"{kind}: " + case.__name__.replace("_", " ")
        problems = case(heapglass, options)
        if problems is None:
            results.skip(name, "this machine cannot make one")
        else:
            results.check(name, problems)


def run(heapglass, options, results):
    if os.geteuid() != 0:
        results.skip("refusals", "they need root, to make what may not be looked at")
        return
    run_cases("refusal", CASES, heapglass, options, results)
    if not os.path.exists("/proc/sys/kernel/yama/ptrace_scope"):
        results.skip("refusal: Yama", "this kernel has none")


assert sys.version_info >= (3, 9)
