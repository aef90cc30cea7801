#include "attach/refusal.h"

#include "attach/place.h"
#include "attach/procfs.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* process_vm_readv asks for the same right as PTRACE_SEIZE does (PTRACE_MODE_ATTACH_REALCREDS),
 * Yama and other security modules included. An address that nothing can be mapped at gives EFAULT
 * when the right is there. */
static int try_read(pid_t pid) {
    char byte, ours = 0;
    struct iovec local = {&byte, 1}, remote = {(void *)8, 1}, self = {&ours, 1};
    if (process_vm_readv(getpid(), &local, 1, &self, 1, 0) == 1)
        return process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 ? errno : 0;
    /* A filter forbids the call itself; this file asks for the same right. */
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* No process has PID -1, so that only a filter on the call itself answers with another error. */
static int try_ptrace(void) {
    return ptrace(PTRACE_DETACH, -1, NULL, NULL) < 0 ? errno : 0;
}

static void escape_to(char *to, size_t size, const char *text, size_t length) {
    struct strbuf buf = {0};
    strbuf_add_escaped(&buf, text, length, size - 8);
    snprintf(to, size, "%s", strbuf_text(&buf));
    strbuf_free(&buf);
}

static void collect_ours(struct attach_facts *facts, uint64_t *permitted) {
    char status[8192], label[128];
    uint64_t effective = 0, number = 0;
    facts->our_uid = geteuid();
    facts->our_gid = getegid();
    *permitted = 0;
    if (proc_read(0, "status", status, sizeof status) > 0) {
        proc_hex(status, "CapEff", &effective);
        proc_hex(status, "CapPrm", permitted);
        facts->seccomp = proc_number(status, "Seccomp", &number) && number;
        facts->no_new_privileges = proc_number(status, "NoNewPrivs", &number) && number;
    }
    facts->have_capability = effective >> CAP_SYS_PTRACE & 1;
    ssize_t length = proc_read(0, "attr/current", label, sizeof label);
    while (length > 0 && (label[length - 1] == '\n' || label[length - 1] == '\0'))
        length--;
    if (length > 0 && strncmp(label, "unconfined", 10) != 0)
        escape_to(facts->security_label, sizeof facts->security_label, label, (size_t)length);
    char scope[16];
    facts->yama = proc_read_path("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof scope) > 0
                      ? atoi(scope)
                      : -1;
}

static void collect_ids(const char *status, const char *key, uid_t ids[3]) {
    const char *field = proc_field(status, key);
    if (field)
        sscanf(field, "%u %u %u", &ids[0], &ids[1], &ids[2]);
}

static bool descends_from_us(pid_t pid) {
    pid_t us = getpid();
    for (int steps = 0; pid > 1 && steps < 1000; steps++) {
        char status[8192];
        uint64_t parent = 0;
        if (pid == us)
            return true;
        if (proc_read(pid, "status", status, sizeof status) <= 0 ||
            !proc_number(status, "PPid", &parent))
            return false;
        pid = (pid_t)parent;
    }
    return false;
}

static void collect_target(struct attach_facts *facts, uint64_t our_permitted) {
    char status[8192], path[64], name[64];
    pid_t pid = facts->pid;
    if (proc_read(pid, "status", status, sizeof status) <= 0) {
        facts->gone = true;
        return;
    }
    uint64_t number = 0, permitted = 0;
    collect_ids(status, "Uid", facts->uid);
    collect_ids(status, "Gid", facts->gid);
    if (proc_number(status, "TracerPid", &number))
        facts->tracer = (pid_t)number;
    if (facts->tracer) {
        ssize_t length = proc_read(facts->tracer, "comm", name, sizeof name);
        if (length > 1)
            escape_to(facts->tracer_name, sizeof facts->tracer_name, name, (size_t)length - 1);
    }
    proc_hex(status, "CapPrm", &permitted);
    facts->capabilities_beyond_ours = permitted & ~our_permitted;
    /* The kernel gives a process that is not dumpable files of root's in /proc (its group's too).
     */
    struct stat owner;
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    facts->not_dumpable =
        stat(path, &owner) == 0 && owner.st_uid != facts->uid[1] && facts->uid[1] != 0;
    facts->other_namespace = place_differs(pid, "ns/user");
    facts->is_descendant = descends_from_us(pid);
}

void attach_facts_collect(const struct process *process, struct attach_facts *facts) {
    *facts = (struct attach_facts){.pid = process->pid,
                                   .gone = !process_alive(process) && process->state != 'Z',
                                   .thread_count = process->thread_count,
                                   .kernel_thread = process->kernel_thread,
                                   .is_32bit = process->is_32bit,
                                   .is_self = process->pid == getpid()};
    facts->state = proc_state(process->pid, 0);
    uint64_t permitted;
    collect_ours(facts, &permitted);
    if (facts->gone)
        return;
    collect_target(facts, permitted);
    facts->read_errno = try_read(process->pid);
    facts->ptrace_errno = try_ptrace();
}

#define REFUSE(...) err_new(ERR_SOURCE, __VA_ARGS__)

/* What cannot be attached to by anybody. */
static struct err *refuse_kind(const struct attach_facts *facts) {
    if (facts->gone || facts->state == 'X' || !facts->state)
        return REFUSE("process %d is gone", facts->pid);
    if (facts->is_self)
        return REFUSE("process %d is heapglass itself; name another one", facts->pid);
    if (facts->state == 'Z' && facts->thread_count > 1)
        return REFUSE("the main thread of process %d has ended while others run on; such a process "
                      "cannot be attached to",
                      facts->pid);
    if (facts->state == 'Z')
        return REFUSE(
            "process %d is a zombie: it has ended, its memory is gone, and its parent has "
            "not waited for it; there is nothing left to look at",
            facts->pid);
    if (facts->kernel_thread)
        return REFUSE("process %d is a kernel thread; only processes of user space have a heap",
                      facts->pid);
    if (facts->is_32bit)
        return REFUSE("process %d is a 32-bit program; heapglass reads 64-bit ones only",
                      facts->pid);
    if (facts->tracer && *facts->tracer_name)
        return REFUSE("process %d is traced by process %d (%s), and only one may at a time: "
                      "detach that one first",
                      facts->pid, facts->tracer, facts->tracer_name);
    if (facts->tracer)
        return REFUSE("process %d is traced by process %d, and only one may at a time: detach that "
                      "one first",
                      facts->pid, facts->tracer);
    return NULL;
}

static bool same_user(const struct attach_facts *facts) {
    for (int i = 0; i < 3; i++) {
        if (facts->uid[i] != facts->our_uid || facts->gid[i] != facts->our_gid)
            return false;
    }
    return true;
}

static const char *remedy(const struct attach_facts *facts) {
    if (facts->our_uid != 0)
        return facts->no_new_privileges
                   ? "run heapglass as root from outside of this sandbox (no_new_privs is set here)"
                   : "run heapglass as root (sudo)";
    return "this root lacks CAP_SYS_PTRACE: give it (docker run --cap-add SYS_PTRACE, "
           "securityContext.capabilities) or run heapglass on the host";
}

/* We hold CAP_SYS_PTRACE, and it did not help. */
static struct err *refuse_capable(const struct attach_facts *facts) {
    if (facts->yama >= 3)
        return REFUSE("Yama forbids every attach (kernel.yama.ptrace_scope is 3), until the next "
                      "boot: change it in /etc/sysctl.d and reboot");
    if (facts->other_namespace)
        return REFUSE("process %d is in another user namespace, where our CAP_SYS_PTRACE does not "
                      "count: run heapglass as root of the host",
                      facts->pid);
    if (*facts->security_label)
        return REFUSE(
            "a security module forbids to attach to process %d: heapglass runs confined by "
            "\"%s\"; run it outside of that profile",
            facts->pid, facts->security_label);
    return REFUSE(
        "the kernel forbids to attach to process %d though CAP_SYS_PTRACE is held: a "
        "security module protects it, or it is in a user namespace that is not below ours",
        facts->pid);
}

static struct err *refuse_unprivileged(const struct attach_facts *facts) {
    if (!same_user(facts))
        return REFUSE(
            "process %d runs as another user or group (uid %u, gid %u; we are %u, %u): %s",
            facts->pid, facts->uid[1], facts->gid[1], facts->our_uid, facts->our_gid,
            remedy(facts));
    if (facts->not_dumpable)
        return REFUSE(
            "process %d is marked as not dumpable (PR_SET_DUMPABLE, or it changed its user "
            "or capabilities): %s",
            facts->pid, remedy(facts));
    if (facts->capabilities_beyond_ours)
        return REFUSE("process %d holds capabilities that heapglass does not (%#llx): %s",
                      facts->pid, (unsigned long long)facts->capabilities_beyond_ours,
                      remedy(facts));
    if (facts->yama == 2)
        return REFUSE(
            "Yama allows only CAP_SYS_PTRACE to attach (kernel.yama.ptrace_scope is 2): %s",
            remedy(facts));
    if (facts->yama == 1 && !facts->is_descendant)
        return REFUSE(
            "Yama allows to attach to one's own children only (kernel.yama.ptrace_scope is "
            "1): %s, or set it to 0",
            remedy(facts));
    if (*facts->security_label)
        return REFUSE(
            "a security module forbids to attach to process %d (heapglass runs confined by "
            "\"%s\"): %s",
            facts->pid, facts->security_label, remedy(facts));
    return REFUSE("the kernel forbids to attach to process %d (no CAP_SYS_PTRACE, though user and "
                  "group are the same: a security module or a user namespace protects it): %s",
                  facts->pid, remedy(facts));
}

struct err *attach_refusal(const struct attach_facts *facts) {
    struct err *err = refuse_kind(facts);
    if (err)
        return err;
    if (facts->ptrace_errno != ESRCH && facts->ptrace_errno != 0)
        return REFUSE("heapglass itself may not use ptrace (%s): %s", strerror(facts->ptrace_errno),
                      facts->seccomp
                          ? "a seccomp filter forbids the call; run it without one (docker run "
                            "--security-opt seccomp=unconfined) or on the host"
                          : "the kernel or a security module forbids the call; run it on the host");
    if (facts->read_errno == ESRCH)
        return REFUSE("process %d is gone", facts->pid);
    if (facts->read_errno != EPERM && facts->read_errno != EACCES)
        return NULL;
    if (facts->yama >= 3 || facts->have_capability)
        return refuse_capable(facts);
    return refuse_unprivileged(facts);
}
