#include "attach/process.h"

#include "attach/cgroup.h"
#include "attach/procfs.h"
#include "attach/refusal.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

enum { PF_EXITING = 0x4, PF_KTHREAD = 0x00200000, NAME_LIMIT = 64, COMMAND_LIMIT = 4096 };

static char *escaped(const char *text, size_t length, size_t limit) {
    struct strbuf buf = {0};
    strbuf_add_escaped(&buf, text, length, limit);
    if (!buf.length && !buf.failed)
        strbuf_add(&buf, "", 0);
    if (buf.failed) {
        strbuf_free(&buf);
        return NULL;
    }
    return buf.text ? buf.text : strdup("");
}

static char *read_name(pid_t pid) {
    char text[256];
    ssize_t length = proc_read(pid, "comm", text, sizeof text);
    if (length > 0 && text[length - 1] == '\n')
        length--;
    return escaped(text, length > 0 ? (size_t)length : 0, NAME_LIMIT);
}

static char *read_command(pid_t pid, const char *name) {
    char text[COMMAND_LIMIT + 1];
    ssize_t length = proc_read(pid, "cmdline", text, sizeof text);
    while (length > 0 && (text[length - 1] == '\0' || text[length - 1] == ' '))
        length--; /* a title that was set leaves blanks or NULs behind */
    if (length <= 0)
        return strdup(name);
    for (ssize_t i = 0; i < length; i++) {
        if (text[i] == '\0')
            text[i] = ' ';
    }
    return escaped(text, (size_t)length, COMMAND_LIMIT);
}

static bool executable_is_32bit(pid_t pid) {
    char path[64];
    unsigned char ident[EI_NIDENT] = {0};
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    _cleanup_(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, ident, sizeof ident) == sizeof ident &&
           memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS32;
}

/* The last number of "NSpid:", the PID as the process itself sees it. */
static pid_t inner_pid(const char *status, pid_t pid) {
    const char *field = proc_field(status, "NSpid");
    long inner = pid;
    while (field && *field >= '0' && *field <= '9') {
        char *end;
        inner = strtol(field, &end, 10);
        field = end + strspn(end, "\t ");
    }
    return (pid_t)inner;
}

static void take_status(struct process *process, const char *status) {
    uint64_t number = 0;
    process->inner_pid = inner_pid(status, process->pid);
    process->tracer = proc_number(status, "TracerPid", &number) ? (pid_t)number : 0;
    process->thread_count = proc_number(status, "Threads", &number) ? (unsigned)number : 0;
    process->uid = proc_number(status, "Uid", &number) ? (uid_t)number : 0;
}

struct err *process_open(pid_t pid, struct process **ret) {
    char status[8192], text[1024];
    struct proc_stat stat;
    TRY(proc_check());
    if (pid <= 0 || proc_read(pid, "stat", text, sizeof text) <= 0 ||
        proc_read(pid, "status", status, sizeof status) <= 0 || !proc_parse_stat(text, &stat))
        return err_new(ERR_SOURCE,
                       "there is no process %d here; 'heapglass ps' lists those there are", pid);
    uint64_t leader = 0;
    if (proc_number(status, "Tgid", &leader) && (pid_t)leader != pid)
        return err_new(ERR_SOURCE, "%d is a thread of process %d; name that one", pid,
                       (pid_t)leader);
    struct process *process = calloc(1, sizeof *process);
    if (!process)
        return err_no_memory();
    process->pid = pid;
    process->start_time = stat.start_time;
    process->state = stat.state;
    process->kernel_thread = stat.flags & PF_KTHREAD;
    take_status(process, status);
    process->name = read_name(pid);
    process->command = process->name ? read_command(pid, process->name) : NULL;
    process->is_32bit = executable_is_32bit(pid);
    process->cgroup = cgroup_path(pid);
    if (!process->command) {
        process_destroy(process);
        return err_no_memory();
    }
    *ret = process;
    return NULL;
}

void process_destroy(struct process *process) {
    if (!process)
        return;
    free(process->name);
    free(process->command);
    free(process->cgroup);
    free(process);
}

bool process_alive(const struct process *process) {
    char text[1024];
    struct proc_stat stat;
    return proc_read(process->pid, "stat", text, sizeof text) > 0 && proc_parse_stat(text, &stat) &&
           stat.start_time == process->start_time && stat.state != 'Z' && stat.state != 'X' &&
           !(stat.flags & PF_EXITING); /* its memory goes before its name does */
}

struct err *process_memory(const struct process *process, struct memory_use *use) {
    char text[8192];
    *use = (struct memory_use){0};
    if (proc_read(process->pid, "status", text, sizeof text) <= 0)
        return err_new(ERR_SOURCE, "process %d is gone", process->pid);
    proc_number(text, "VmRSS", &use->rss);
    proc_number(text, "RssAnon", &use->rss_anonymous);
    proc_number(text, "RssFile", &use->rss_file);
    proc_number(text, "RssShmem", &use->rss_shmem);
    proc_number(text, "VmSwap", &use->swap);
    /* What is the process's own cannot be told without the right to look: its anonymous memory is
     * the best estimate then. */
    use->uss = use->rss_anonymous;
    if (proc_read(process->pid, "smaps_rollup", text, sizeof text) > 0) {
        uint64_t clean = 0, dirty = 0;
        if (proc_number(text, "Private_Clean", &clean) &&
            proc_number(text, "Private_Dirty", &dirty))
            use->uss = clean + dirty;
    }
    cgroup_memory(process->cgroup, &use->cgroup_current, &use->cgroup_max);
    return NULL;
}

struct err *process_check_attach(const struct process *process) {
    struct attach_facts facts;
    attach_facts_collect(process, &facts);
    return attach_refusal(&facts);
}
