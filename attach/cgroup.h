/* Memory cgroups, version 1 and 2: what limits a process. */
#ifndef HEAPGLASS_ATTACH_CGROUP_H
#define HEAPGLASS_ATTACH_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One level of the hierarchy that has a limit. */
struct cgroup_limit {
    uint64_t max, current;
    uint64_t reclaimable; /* page cache that the kernel would drop first */
};

/* The path of the process's cgroup in the memory hierarchy (pid 0: ours); NULL if there is none or
 * memory is short. Owned by the caller. */
char *cgroup_path(pid_t pid);

/* Memory in use by the cgroup, and the smallest limit of it and those above it; 0 where there is
 * none. */
void cgroup_memory(const char *path, uint64_t *current, uint64_t *max);

/* The limit of the cgroup and those above it that leaves the least room; false if nothing limits.
 * *depth is how much of `path` names that cgroup. */
bool cgroup_tightest(const char *path, struct cgroup_limit *limit, size_t *depth);

/* The room that the limit leaves, in bytes. */
static inline uint64_t cgroup_room(const struct cgroup_limit *limit) {
    uint64_t used = limit->current > limit->reclaimable ? limit->current - limit->reclaimable : 0;
    return limit->max > used ? limit->max - used : 0;
}

#endif
