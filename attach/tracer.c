#include "attach/tracer.h"

#include "attach/capture.h"
#include "attach/procfs.h"
#include "attach/tracer_process.h"
#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STEP_MILLISECONDS = 20,
    SILENCE_MILLISECONDS = 500, /* a tracer that says nothing for so long when told to let go */
};

struct tracer {
    pid_t target, pid; /* pid: of the tracing process, 0 once it was waited for */
    int socket;
    const volatile int *cancel;
    double max_pause;
    struct tracer_shared *shared;
};

static void close_all_but(int fd) {
#ifdef SYS_close_range
    if (fd > 0)
        syscall(SYS_close_range, 0, (unsigned)fd - 1, 0);
    syscall(SYS_close_range, (unsigned)fd + 1, ~0u, 0);
#else
    (void)fd;
#endif
}

struct err *tracer_create(pid_t pid, double max_pause, const volatile int *cancel,
                          struct tracer **ret) {
    struct tracer *tracer = calloc(1, sizeof *tracer);
    if (!tracer)
        return err_no_memory();
    tracer->target = pid;
    tracer->cancel = cancel;
    tracer->max_pause = max_pause;
    tracer->shared = mmap(NULL, sizeof *tracer->shared, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int sockets[2] = {-1, -1};
    if (tracer->shared == MAP_FAILED ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        int number = errno;
        if (tracer->shared != MAP_FAILED)
            munmap(tracer->shared, sizeof *tracer->shared);
        free(tracer);
        return err_errno(ERR_FAILED, number, "the tracing process cannot be prepared");
    }
    struct tracer_request request = {.pid = pid,
                                     .main_pid = getpid(),
                                     .socket = sockets[1],
                                     .max_pause = (uint64_t)(max_pause * 1e9),
                                     .shared = tracer->shared};
    tracer->socket = sockets[0];
    tracer->pid = fork();
    if (tracer->pid == 0) {
        close(sockets[0]);
        close_all_but(sockets[1]);
        tracer_process(&request);
    }
    int number = errno;
    close(sockets[1]);
    if (tracer->pid < 0) {
        tracer->pid = 0;
        tracer_destroy(tracer);
        return err_errno(ERR_FAILED, number, "the tracing process cannot be forked");
    }
    *ret = tracer;
    return NULL;
}

static void reap(struct tracer *tracer) {
    int status;
    while (tracer->pid && waitpid(tracer->pid, &status, 0) < 0 && errno == EINTR)
        ;
    tracer->pid = 0;
}

static void kill_tracer(struct tracer *tracer) {
    if (tracer->pid)
        kill(tracer->pid, SIGKILL);
    reap(tracer);
    atomic_store(&tracer->shared->holds, 0);
}

static const char *state_words(char state) {
    switch (state) {
    case 'D':
        return "in an uninterruptible wait (D): for a disk, a network file system, or the child of "
               "a vfork";
    case 'R':
        return "running (R)";
    case 'S':
        return "sleeping (S)";
    default:
        return "in another state";
    }
}

static struct err *pause_was_over(const struct tracer *tracer) {
    return err_new(ERR_BUDGET,
                   "the longest pause allowed (%.0f ms) was over before all was read; process "
                   "%d runs on; allow more with --max-pause",
                   tracer->max_pause * 1e3, tracer->target);
}

static struct err *failure(struct tracer *tracer) {
    const struct tracer_shared *shared = tracer->shared;
    pid_t pid = tracer->target;
    switch (shared->failure) {
    case FAILURE_GONE:
        return err_new(ERR_SOURCE, "process %d ended while it was being stopped", pid);
    case FAILURE_REFUSED:
        return err_errno(ERR_SOURCE, shared->number, "the kernel refuses to attach to process %d",
                         pid);
    case FAILURE_DEADLINE:
        return err_new(
            ERR_BUDGET,
            "thread %d of process %d did not stop in time; it is %s; all threads run on, "
            "try again",
            shared->tid, pid, state_words(shared->state));
    case FAILURE_TIMER:
        return err_errno(ERR_FAILED, shared->number, "no timer to guard the pause with");
    case FAILURE_THREADS:
        return err_new(ERR_FAILED, "process %d has more than %d threads", pid, TRACER_THREAD_LIMIT);
    case FAILURE_MAX_PAUSE:
        return pause_was_over(tracer);
    case FAILURE_MAIN_STOPPED:
        return err_new(ERR_FAILED,
                       "heapglass was stopped while it held process %d, which runs on since; try "
                       "again",
                       pid);
    case FAILURE_NONE:
        break;
    }
    return err_new(ERR_FAILED, "the tracing process was killed; process %d runs on; try again",
                   pid);
}

static bool tracer_is_stopped(const struct tracer *tracer) {
    char state = proc_state(tracer->pid, 0);
    return state == 'T' || state == 't';
}

/* The tracer's next answer; 0 when it has died, was stopped, or has said nothing for `patience`
 * milliseconds. */
static int next_answer(struct tracer *tracer, int patience, bool may_cancel) {
    for (int waited = 0; waited < patience; waited += STEP_MILLISECONDS) {
        if (may_cancel && cancel_asked(tracer->cancel))
            return 0;
        struct pollfd polled = {.fd = tracer->socket, .events = POLLIN};
        int ready = poll(&polled, 1, STEP_MILLISECONDS);
        char byte;
        if (ready > 0)
            return recv(tracer->socket, &byte, 1, MSG_DONTWAIT) == 1 ? byte : 0;
        if (ready == 0 && tracer_is_stopped(tracer))
            return 0;
    }
    return 0;
}

static bool command(struct tracer *tracer, char byte) {
    return send(tracer->socket, &byte, 1, MSG_NOSIGNAL) == 1;
}

struct err *tracer_stop(struct tracer *tracer) {
    int patience = (int)(CAPTURE_STOP_DEADLINE * 1e3 * 3) + SILENCE_MILLISECONDS;
    int answer = command(tracer, TRACER_STOP) ? next_answer(tracer, patience, true) : 0;
    if (answer == TRACER_STOPPED)
        return NULL;
    kill_tracer(tracer);
    if (cancel_asked(tracer->cancel))
        return err_new(ERR_CANCELLED, "cancelled");
    return failure(tracer);
}

bool tracer_holds(const struct tracer *tracer) {
    return atomic_load(&tracer->shared->holds);
}

/* True if the tracing process lives and has let go of nothing. */
static bool still_holds(struct tracer *tracer) {
    siginfo_t ended = {.si_pid = 0};
    return tracer->pid && !waitid(P_PID, (id_t)tracer->pid, &ended, WEXITED | WNOHANG | WNOWAIT) &&
           !ended.si_pid && tracer_holds(tracer);
}

/* On a busy machine the tracing process may look at its clock too late, and be told to let go meanwhile. Nor has one that
 * the timer killed said so. */
static struct err *check_pause(const struct tracer *tracer) {
    return tracer_pause(tracer) > tracer->max_pause ? pause_was_over(tracer) : NULL;
}

struct err *tracer_resume(struct tracer *tracer) {
    bool held = still_holds(tracer);
    int answer =
        command(tracer, TRACER_RESUME) ? next_answer(tracer, SILENCE_MILLISECONDS, false) : 0;
    if (answer == TRACER_RESUMED)
        return check_pause(tracer);
    kill_tracer(tracer);
    if (tracer->shared->failure != FAILURE_NONE)
        return failure(tracer);
    /* It was too slow to answer, on a busy machine; what was copied until now is good all the same. */
    tracer->shared->pause_end = tracer_now();
    TRY(check_pause(tracer));
    return held ? NULL : failure(tracer);
}

void tracer_destroy(struct tracer *tracer) {
    if (!tracer)
        return;
    /* Killing is as good as asking: what it traces runs on at once. */
    kill_tracer(tracer);
    close(tracer->socket);
    munmap(tracer->shared, sizeof *tracer->shared);
    free(tracer);
}

const struct tracer_thread *tracer_threads(const struct tracer *tracer, size_t *count) {
    *count = tracer->shared->thread_count;
    return tracer->shared->threads;
}

bool tracer_was_stopped(const struct tracer *tracer) {
    return tracer->shared->was_stopped;
}

double tracer_pause(const struct tracer *tracer) {
    const struct tracer_shared *shared = tracer->shared;
    return shared->pause_end > shared->pause_start
               ? (double)(shared->pause_end - shared->pause_start) / 1e9
               : 0;
}
