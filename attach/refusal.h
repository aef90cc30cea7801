/* Why an attach is refused: facts are collected from the kernel, then judged. */
#ifndef HEAPGLASS_ATTACH_REFUSAL_H
#define HEAPGLASS_ATTACH_REFUSAL_H

#include "attach/process.h"

struct attach_facts {
    pid_t pid;
    bool gone;
    char state; /* as in struct process */
    unsigned thread_count;
    bool kernel_thread, is_32bit, is_self;
    pid_t tracer;         /* who traces it already; 0 if nobody, or somebody in another namespace */
    char tracer_name[32]; /* escaped; "" if unknown */
    int read_errno;       /* of reading a byte of its memory: 0 or EFAULT if allowed */
    int ptrace_errno;     /* of a ptrace call that cannot succeed: ESRCH if ptrace is allowed */
    uid_t our_uid;        /* effective */
    uid_t uid[3], gid[3]; /* the target's: real, effective, saved */
    gid_t our_gid;
    bool have_capability;              /* CAP_SYS_PTRACE, ours */
    uint64_t capabilities_beyond_ours; /* that the target may use and we may not */
    bool not_dumpable;               /* its files in /proc belong to root though it is another's */
    bool other_namespace;            /* its user namespace is not ours */
    bool is_descendant;              /* of the shell we run in: no; of this very process: yes */
    int yama;                        /* ptrace_scope, -1 without Yama */
    bool no_new_privileges, seccomp; /* ours */
    char security_label[128]; /* of an AppArmor or SELinux profile that confines us; "" if none */
};

/* Looks without touching: no ptrace call names the target. */
void attach_facts_collect(const struct process *process, struct attach_facts *facts);

/* NULL if nothing stands in the way, else ERR_SOURCE: what does, and what to do. A pure function.
 */
struct err *attach_refusal(const struct attach_facts *facts) ERR_CHECK;

#endif
