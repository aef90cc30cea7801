#include "attach/budget.h"

#include "attach/cgroup.h"
#include "attach/procfs.h"
#include "base/cleanup.h"

#include <fcntl.h>
#include <string.h>

enum {
    RESERVE = 64 << 20,  /* left to the machine */
    OVERHEAD = 32 << 20, /* symbols, layouts, the program */
};

/* The copy, and the tables of the heap: 25 bytes for each object of 64 on average, and some more.
 */
uint64_t budget_needed(uint64_t captured) {
    return captured + captured / 2 + OVERHEAD;
}

static unsigned long long mebibytes(uint64_t bytes) {
    return (unsigned long long)((bytes + (1 << 20) - 1) >> 20);
}

struct err *budget_judge(const struct budget_facts *facts) {
    unsigned long long needed = mebibytes(facts->needed);
    if (facts->max_memory && facts->needed > facts->max_memory)
        return err_new(ERR_BUDGET,
                       "about %llu MiB are needed to look at process %d, --max-memory allows %llu; "
                       "allow more, or use --pause hold, which copies far less",
                       needed, facts->pid, mebibytes(facts->max_memory));
    if (facts->available && facts->needed + RESERVE > facts->available)
        return err_new(ERR_BUDGET,
                       "about %llu MiB are needed to look at process %d, and the machine has %llu "
                       "available; use --pause hold, which copies far less",
                       needed, facts->pid, mebibytes(facts->available));
    if (facts->needed <= facts->cgroup_room)
        return NULL;
    if (facts->cgroup_shared)
        return err_new(ERR_BUDGET,
                       "about %llu MiB are needed to look at process %d, and the cgroup that it "
                       "shares with heapglass has room for %llu: run heapglass outside of that "
                       "container, or use --pause hold",
                       needed, facts->pid, mebibytes(facts->cgroup_room));
    return err_new(
        ERR_BUDGET,
        "about %llu MiB are needed to look at process %d, and heapglass's own cgroup has "
        "room for %llu: raise its limit, or use --pause hold",
        needed, facts->pid, mebibytes(facts->cgroup_room));
}

/* Whether `path` lies in the cgroup named by the first `depth` bytes of `ours`. */
static bool is_within(const char *path, const char *ours, size_t depth) {
    return path && strncmp(path, ours, depth) == 0 &&
           (depth == 0 || path[depth] == '/' || !path[depth] || ours[depth - 1] == '/');
}

struct err *budget_check(const struct process *process, uint64_t captured, uint64_t max_memory) {
    struct budget_facts facts = {.pid = process->pid,
                                 .needed = budget_needed(captured),
                                 .max_memory = max_memory,
                                 .cgroup_room = UINT64_MAX};
    char text[4096];
    if (proc_read_path("/proc/meminfo", text, sizeof text) > 0)
        proc_number(text, "MemAvailable", &facts.available);
    _cleanup_(cleanup_free) char *ours = cgroup_path(0);
    struct cgroup_limit limit;
    size_t depth;
    if (cgroup_tightest(ours, &limit, &depth)) {
        facts.cgroup_room = cgroup_room(&limit);
        facts.cgroup_shared = is_within(process->cgroup, ours, depth);
    }
    return budget_judge(&facts);
}

void budget_volunteer(void) {
    _cleanup_(cleanup_fd) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "1000", 4) != 4)
        return; /* nothing depends on it */
}
