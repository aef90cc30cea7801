/* What /proc tells of a process, and why it may not be attached to. */
#ifndef HEAPGLASS_ATTACH_PROCESS_H
#define HEAPGLASS_ATTACH_PROCESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct memory_use {
    uint64_t rss, uss, swap;                     /* bytes */
    uint64_t rss_anonymous, rss_file, rss_shmem; /* parts of rss */
    uint64_t cgroup_current, cgroup_max;         /* of its memory cgroup; 0: none or unlimited */
};

struct process {
    pid_t pid;
    pid_t inner_pid;     /* its PID in its own PID namespace; same as pid outside of containers */
    uint64_t start_time; /* of field 22 of stat: tells a reused PID */
    uid_t uid;
    char state;   /* R, S, D, T, t, Z */
    pid_t tracer; /* 0 if none */
    bool kernel_thread;
    bool is_32bit;
    char *name;    /* comm; escaped */
    char *command; /* command line, spaces between; escaped */
    char *cgroup;  /* path in the (memory) hierarchy; NULL if none */
    unsigned thread_count;
};

/* ERR_SOURCE if there is no such process. */
struct err *process_open(pid_t pid, struct process **ret) ERR_CHECK;
void process_destroy(struct process *process);

/* True while the same process (not another with its PID) exists, is no zombie and on no way to be one. */
bool process_alive(const struct process *process);

struct err *process_memory(const struct process *process, struct memory_use *use) ERR_CHECK;

/* NULL if we may attach and read, else ERR_SOURCE with the reason that was found out (zombie,
 * kernel thread, 32-bit, traced by PID, other user's, not dumpable, Yama, seccomp, missing
 * capability, ...) and what to do. Leaves the process as it was. */
struct err *process_check_attach(const struct process *process) ERR_CHECK;

#endif
