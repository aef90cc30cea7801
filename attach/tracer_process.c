#include "attach/tracer_process.h"
#include "attach/capture.h"
#include "attach/procfs.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How far a thread has come. */
enum { THREAD_SEIZED, THREAD_STOPPED, THREAD_GONE };

enum {
    MILLISECOND = 1000000,
    POLL_MILLISECONDS = 10,
    TRACER_NICE = -15,
    IDLE_SECONDS = 10,
    /* The kernel's timer strikes only when the tracer itself did not manage to let go in time. */
    TIMER_SLACK = 100 * MILLISECOND,
};

/* The process is forked from one that may have threads, so nothing here may allocate or lock. */
struct tracing {
    struct tracer_request request;
    struct tracer_shared *shared;
    int signals; /* signalfd of SIGCHLD */
    timer_t timer;
    uint64_t deadline; /* of the pause, ns */
    size_t pending;    /* threads that were seized and have neither stopped nor ended */
};

/* TID → index + 1 in the list of threads, with linear probing. TIDs come nearly in sequence. */
static uint16_t thread_slots[TRACER_THREAD_LIMIT * 2];

uint64_t tracer_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool fail(struct tracing *tracing, enum tracer_failure failure, int number) {
    if (tracing->shared->failure == FAILURE_NONE) {
        tracing->shared->failure = failure;
        tracing->shared->number = number;
    }
    return false;
}

static bool set_timer(struct tracing *tracing, uint64_t nanoseconds) {
    struct itimerspec when = {
        .it_value = {(time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u)}};
    return timer_settime(tracing->timer, 0, &when, NULL) == 0;
}

/* ---- threads --------------------------------------------------------------------------------- */

static uint16_t *thread_slot(struct tracing *tracing, pid_t tid) {
    size_t mask = sizeof thread_slots / sizeof thread_slots[0] - 1;
    size_t slot = (size_t)tid & mask;
    while (thread_slots[slot] && tracing->shared->threads[thread_slots[slot] - 1].tid != tid)
        slot = (slot + 1) & mask;
    return &thread_slots[slot];
}

static struct tracer_thread *find_thread(struct tracing *tracing, pid_t tid) {
    uint16_t slot = *thread_slot(tracing, tid);
    return slot ? &tracing->shared->threads[slot - 1] : NULL;
}

static void set_progress(struct tracing *tracing, struct tracer_thread *thread, int progress) {
    tracing->pending -= thread->progress == THREAD_SEIZED && progress != THREAD_SEIZED;
    thread->progress = progress;
}

static void read_registers(struct tracer_thread *thread) {
    struct iovec to = {thread->registers, sizeof thread->registers};
    if (ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_PRSTATUS, &to) != 0)
        return;
    thread->register_count = (uint32_t)(to.iov_len / sizeof thread->registers[0]);
#ifdef __x86_64__
    thread->thread_pointer =
        thread->registers[offsetof(struct user_regs_struct, fs_base) / sizeof(uint64_t)];
#elif defined __aarch64__
    struct iovec pointer = {&thread->thread_pointer, sizeof thread->thread_pointer};
    ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_ARM_TLS, &pointer);
#endif
}

/* ptrace(2): a stop with an event is our PTRACE_INTERRUPT or a group-stop (then the signal is the
 * stopping one; the kernel restores the group-stop at detach). Without one the thread is about to
 * take a signal, which goes on its way at detach. Either way it stands still. */
static bool takes_signal(const siginfo_t *info) {
    return info->si_code == CLD_TRAPPED && info->si_status >> 8 == 0;
}

static void note_status(struct tracing *tracing, const siginfo_t *info) {
    struct tracer_thread *thread = find_thread(tracing, info->si_pid);
    if (!thread)
        return;
    if (info->si_code != CLD_TRAPPED && info->si_code != CLD_STOPPED) {
        set_progress(tracing, thread, THREAD_GONE);
        return;
    }
    set_progress(tracing, thread, THREAD_STOPPED);
    if (takes_signal(info))
        thread->signal = info->si_status;
    else if (info->si_status >> 8 == PTRACE_EVENT_STOP && (info->si_status & 0xff) != SIGTRAP)
        tracing->shared->was_stopped = true;
    read_registers(thread);
}

/* Looks at a thread's status, notes it, and takes it from the kernel unless it is that of a thread
 * about to take a signal: a status that was taken makes the kernel forget the signal if we die
 * (kernel/exit.c: wait_task_stopped). */
static void look_at_status(struct tracing *tracing, pid_t tid) {
    enum { ALL = WEXITED | WSTOPPED | WNOHANG | __WALL };
    siginfo_t info = {.si_pid = 0};
    if (waitid(P_PID, (id_t)tid, &info, ALL | WNOWAIT) != 0 || !info.si_pid)
        return;
    note_status(tracing, &info);
    if (!takes_signal(&info))
        waitid(P_PID, (id_t)info.si_pid, &info, ALL);
}

/* One thread at a time: asked for any of thousands, the kernel goes through all of them for each
 * status, and a status that was left would be shown again and again. (Asked for ends alone it shows,
 * and takes, stops all the same.) Of threads that stand still an end may come. */
static void drain_statuses(struct tracing *tracing) {
    struct signalfd_siginfo info[16];
    while (read(tracing->signals, info, sizeof info) > 0)
        ;
    struct tracer_shared *shared = tracing->shared;
    int awaited = tracing->pending ? THREAD_SEIZED : THREAD_STOPPED;
    for (size_t i = 0; i < shared->thread_count; i++) {
        if (shared->threads[i].progress == awaited)
            look_at_status(tracing, shared->threads[i].tid);
    }
}

static bool seize(struct tracing *tracing, pid_t tid) {
    struct tracer_shared *shared = tracing->shared;
    if (shared->thread_count == TRACER_THREAD_LIMIT)
        return fail(tracing, FAILURE_THREADS, 0);
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0) {
        int number = errno;
        char state = proc_state(tracing->request.pid, tid);
        if (number == ESRCH || state == '\0' || state == 'Z' || state == 'X')
            return true; /* it has just ended */
        return fail(tracing, FAILURE_REFUSED, number);
    }
    uint16_t *slot = thread_slot(tracing, tid);
    struct tracer_thread *thread = &shared->threads[shared->thread_count++];
    *slot = (uint16_t)shared->thread_count;
    *thread = (struct tracer_thread){.tid = tid, .progress = THREAD_SEIZED};
    tracing->pending++;
    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
    return true;
}

struct kernel_dirent {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

/* Seizes the threads that are not yet; *fresh counts them. */
static bool seize_new_threads(struct tracing *tracing, size_t *fresh) {
    char path[64];
    _Alignas(8) char entries[32768];
    snprintf(path, sizeof path, "/proc/%d/task", tracing->request.pid);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(tracing, FAILURE_GONE, 0);
    size_t before = tracing->shared->thread_count;
    bool ok = true;
    long length;
    while (ok && (length = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0) {
        for (long at = 0; ok && at < length;) {
            struct kernel_dirent *entry = (struct kernel_dirent *)(entries + at);
            at += entry->size;
            pid_t tid = atoi(entry->name);
            if (tid > 0 && !find_thread(tracing, tid))
                ok = seize(tracing, tid);
        }
    }
    close(fd);
    *fresh = tracing->shared->thread_count - before;
    return ok;
}

/* The first thread that has neither stopped nor ended; NULL if there is none. A thread that
 * vanished without a word (another one called exec) has ended. */
static struct tracer_thread *running_thread(struct tracing *tracing) {
    struct tracer_shared *shared = tracing->shared;
    for (size_t i = 0; tracing->pending && i < shared->thread_count; i++) {
        struct tracer_thread *thread = &shared->threads[i];
        if (thread->progress != THREAD_SEIZED)
            continue;
        if (proc_state(tracing->request.pid, thread->tid))
            return thread;
        set_progress(tracing, thread, THREAD_GONE);
    }
    return NULL;
}

static bool any_stopped(const struct tracing *tracing) {
    const struct tracer_shared *shared = tracing->shared;
    for (size_t i = 0; i < shared->thread_count; i++) {
        if (shared->threads[i].progress == THREAD_STOPPED)
            return true;
    }
    return false;
}

/* ---- the guard ------------------------------------------------------------------------------- */

static bool main_is_stopped(const struct tracing *tracing) {
    char state = proc_state(tracing->request.main_pid, 0);
    return state == 'T' || state == 't';
}

/* Sleeps until something happens. Returns the command that came, 0 if none, -1 if the process that
 * asked is gone. */
static int wait_for_event(struct tracing *tracing, int timeout) {
    struct pollfd polled[] = {{.fd = tracing->request.socket, .events = POLLIN},
                              {.fd = tracing->signals, .events = POLLIN}};
    if (poll(polled, 2, timeout) <= 0)
        return 0;
    if (polled[1].revents)
        drain_statuses(tracing);
    if (!polled[0].revents)
        return 0;
    char command;
    ssize_t got = recv(tracing->request.socket, &command, 1, MSG_DONTWAIT);
    if (got == 1)
        return command;
    return got == 0 || (errno != EAGAIN && errno != EINTR) ? -1 : 0;
}

/* ---- stop, hold, release --------------------------------------------------------------------- */

static bool all_stopped(struct tracing *tracing) {
    uint64_t wait_until = tracer_now() + (uint64_t)(CAPTURE_STOP_DEADLINE * 1e9);
    if (wait_until > tracing->deadline)
        wait_until = tracing->deadline;
    uint64_t look_again = tracer_now() + POLL_MILLISECONDS * MILLISECOND;
    drain_statuses(tracing);
    while (tracing->pending) {
        if (wait_for_event(tracing, POLL_MILLISECONDS) != 0)
            return false; /* told to let go, or nobody is there any more */
        uint64_t now = tracer_now();
        if (now < look_again)
            continue;
        look_again = now + POLL_MILLISECONDS * MILLISECOND;
        if (main_is_stopped(tracing))
            return fail(tracing, FAILURE_MAIN_STOPPED, 0);
        struct tracer_thread *running = running_thread(tracing);
        if (running && now >= wait_until) {
            tracing->shared->tid = running->tid;
            tracing->shared->state = proc_state(tracing->request.pid, running->tid);
            return fail(tracing, FAILURE_DEADLINE, 0);
        }
    }
    return true;
}

static bool stop_all(struct tracing *tracing) {
    struct tracer_shared *shared = tracing->shared;
    shared->thread_count = 0;
    tracing->pending = 0;
    memset(thread_slots, 0, sizeof thread_slots);
    shared->was_stopped = false;
    shared->failure = FAILURE_NONE;
    if (!set_timer(tracing, tracing->request.max_pause + TIMER_SLACK))
        return fail(tracing, FAILURE_TIMER, errno);
    shared->pause_start = tracer_now();
    tracing->deadline = shared->pause_start + tracing->request.max_pause;
    size_t fresh = 1;
    while (fresh) {
        if (!seize_new_threads(tracing, &fresh) || !all_stopped(tracing))
            return false;
    }
    return any_stopped(tracing) || fail(tracing, FAILURE_GONE, 0);
}

/* Lets go of every thread that stands still. Others are let go by the end of this process only. */
static void release_all(struct tracing *tracing) {
    struct tracer_shared *shared = tracing->shared;
    atomic_store(&shared->holds, 0);
    for (size_t i = 0; i < shared->thread_count; i++) {
        struct tracer_thread *thread = &shared->threads[i];
        if (thread->progress == THREAD_STOPPED)
            ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(intptr_t)thread->signal);
    }
    shared->pause_end = tracer_now();
    set_timer(tracing, 0);
}

/* Until told to let go; false if it had to be done before. */
static bool hold(struct tracing *tracing) {
    for (;;) {
        uint64_t now = tracer_now();
        if (now >= tracing->deadline)
            return fail(tracing, FAILURE_MAX_PAUSE, 0);
        uint64_t left = (tracing->deadline - now) / MILLISECOND + 1;
        int timeout = left < POLL_MILLISECONDS ? (int)left : POLL_MILLISECONDS;
        int command = wait_for_event(tracing, timeout);
        if (command)
            return command == TRACER_RESUME;
        if (main_is_stopped(tracing))
            return fail(tracing, FAILURE_MAIN_STOPPED, 0);
        if (!any_stopped(tracing))
            return fail(tracing, FAILURE_GONE, 0);
    }
}

static void answer(const struct tracing *tracing, char byte) {
    send(tracing->request.socket, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* One stop, from command to release. False: this process has to end, to let go of all. */
static bool serve_stop(struct tracing *tracing) {
    if (!stop_all(tracing)) {
        release_all(tracing);
        answer(tracing, TRACER_FAILED);
        return false;
    }
    atomic_store(&tracing->shared->holds, 1);
    answer(tracing, TRACER_STOPPED);
    bool held = hold(tracing);
    release_all(tracing);
    answer(tracing, held ? TRACER_RESUMED : TRACER_FAILED);
    return held;
}

static void set_up(struct tracing *tracing) {
    setsid();
    /* The target waits for us. A nice value counts among the processes of our session alone (sched(7), autogroups). */
    setpriority(PRIO_PROCESS, 0, TRACER_NICE);
    struct sched_param real_time = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_FIFO, &real_time);
    /* Handlers and masks are those of the program that forked us. */
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    tracing->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    if (timer_create(CLOCK_MONOTONIC, &event, &tracing->timer) != 0 || tracing->signals < 0) {
        fail(tracing, FAILURE_TIMER, errno);
        answer(tracing, TRACER_FAILED);
        _exit(1);
    }
}

void tracer_process(const struct tracer_request *request) {
    struct tracing tracing = {.request = *request, .shared = request->shared};
    set_up(&tracing);
    int command;
    do {
        set_timer(&tracing,
                  IDLE_SECONDS * 1000000000ull); /* nor does a stopped one stay for ever */
        command = wait_for_event(&tracing, 1000);
        if (command == TRACER_STOP && !serve_stop(&tracing))
            break;
    } while (command >= 0);
    _exit(0);
}
