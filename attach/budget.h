/* Whether the machine, the cgroups and the user allow the memory that a capture needs. */
#ifndef HEAPGLASS_ATTACH_BUDGET_H
#define HEAPGLASS_ATTACH_BUDGET_H

#include "attach/process.h"

struct budget_facts {
    pid_t pid;
    uint64_t needed;
    uint64_t max_memory;  /* the user's limit; 0: none */
    uint64_t available;   /* MemAvailable; 0: unknown */
    uint64_t cgroup_room; /* what our tightest cgroup leaves; UINT64_MAX: no limit */
    bool cgroup_shared;   /* the target is in that cgroup, too */
};

/* The memory that we use to copy and decode so many captured bytes. */
uint64_t budget_needed(uint64_t captured);

/* ERR_BUDGET with advice if `captured` bytes and what decoding them takes do not fit. */
struct err *budget_check(const struct process *process, uint64_t captured,
                         uint64_t max_memory) ERR_CHECK;

/* The judgement alone; a pure function. */
struct err *budget_judge(const struct budget_facts *facts) ERR_CHECK;

/* If memory runs out, it shall be us that the kernel kills: oom_score_adj 1000. */
void budget_volunteer(void);

#endif
