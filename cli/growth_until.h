/* The conditions of `growth --until`. */
#ifndef HEAPGLASS_CLI_GROWTH_UNTIL_H
#define HEAPGLASS_CLI_GROWTH_UNTIL_H

#include "attach/process.h"
#include "base/err.h"

enum until_kind {
    UNTIL_RSS,       /* "rss>2G" */
    UNTIL_GROWN,     /* "+20%": RSS, against that of the first round */
    UNTIL_CGROUP,    /* "cgroup>90%": of the tightest limit, page cache that can go left out */
    UNTIL_TIME,      /* "8h": since the first round */
    UNTIL_USS,       /* "uss>2G": this and the next are looked at in rounds alone */
    UNTIL_FOOTPRINT, /* "footprint>1G": of all Python objects */
    UNTIL_OBJECTS,   /* "objects>1000000" */
};

struct until {
    const char *text; /* borrowed */
    enum until_kind kind;
    double limit; /* bytes, objects, seconds, or a share: 0.9, 0.2 */
};

struct err *until_parse(const char *text, struct until *ret) ERR_CHECK;

/* ERR_USAGE if the condition can never be met: no limit is seen for the process's cgroup. */
struct err *until_check(const struct until *until, const struct process *process) ERR_CHECK;

/* What is known at a moment. Zero: not looked at now, but for `seconds`. */
struct until_facts {
    double seconds; /* since the first round */
    uint64_t rss, first_rss, uss, footprint, objects;
    double cgroup_share; /* used of the limit */
};

bool until_met(const struct until *until, const struct until_facts *facts);

/* Fills in what takes next to nothing to find out: RSS and the cgroup. */
void until_look(const struct process *process, struct until_facts *facts);

#endif
