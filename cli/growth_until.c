#include "cli/growth_until.h"

#include "attach/cgroup.h"
#include "attach/procfs.h"
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum until_kind kind;
} compared[] = {
    {"rss", UNTIL_RSS},         {"uss", UNTIL_USS},       {"footprint", UNTIL_FOOTPRINT},
    {"objects", UNTIL_OBJECTS}, {"cgroup", UNTIL_CGROUP},
};

static struct err *not_understood(const char *text) {
    return err_new(ERR_USAGE, "'%s' is not a condition such as rss>2G, cgroup>90%%, +20%% or 8h",
                   text);
}

/* "90%": 0.9 */
static bool parse_share(const char *text, double *share) {
    char *end;
    if (!isdigit((unsigned char)*text) || strspn(text, "0123456789.") + 1 != strlen(text))
        return false;
    *share = strtod(text, &end) / 100;
    return !strcmp(end, "%") && *share > 0;
}

static bool parse_count(const char *text, double *count) {
    char *end;
    errno = 0;
    *count = (double)strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && !errno;
}

static bool parse_limit(struct until *until, const char *text) {
    uint64_t bytes = 0;
    switch (until->kind) {
    case UNTIL_CGROUP:
        return parse_share(text, &until->limit) && until->limit <= 1;
    case UNTIL_OBJECTS:
        return parse_count(text, &until->limit);
    default: {
        struct err *err = parse_bytes(text, &bytes);
        bool good = !err;
        err_free(err);
        until->limit = (double)bytes;
        return good;
    }
    }
}

struct err *until_parse(const char *text, struct until *ret) {
    *ret = (struct until){.text = text};
    if (*text == '+') {
        ret->kind = UNTIL_GROWN;
        return parse_share(text + 1, &ret->limit) ? NULL : not_understood(text);
    }
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    const char *sign = text + name + strspn(text + name, " ");
    for (size_t i = 0; *sign == '>' && i < sizeof compared / sizeof *compared; i++) {
        if (name != strlen(compared[i].name) || strncmp(text, compared[i].name, name) != 0)
            continue;
        ret->kind = compared[i].kind;
        return parse_limit(ret, sign + 1 + strspn(sign + 1, " ")) ? NULL : not_understood(text);
    }
    ret->kind = UNTIL_TIME;
    struct err *err = parse_duration(text, &ret->limit);
    bool good = !err;
    err_free(err);
    return good ? NULL : not_understood(text);
}

/* How much of the tightest limit is used up by what can't be dropped. 0: there is no limit. */
static double used_share(const struct process *process) {
    struct cgroup_limit limit;
    size_t depth = 0;
    if (!cgroup_tightest(process->cgroup, &limit, &depth) || !limit.max)
        return 0;
    return 1 - (double)cgroup_room(&limit) / (double)limit.max;
}

struct err *until_check(const struct until *until, const struct process *process) {
    struct cgroup_limit limit;
    size_t depth = 0;
    if (until->kind != UNTIL_CGROUP || cgroup_tightest(process->cgroup, &limit, &depth))
        return NULL;
    return err_new(ERR_USAGE,
                   "--until '%s' can't be met: no limit is seen for the memory cgroup of "
                   "process %d (%s)",
                   until->text, process->pid, process->cgroup ? process->cgroup : "none");
}

bool until_met(const struct until *until, const struct until_facts *facts) {
    switch (until->kind) {
    case UNTIL_RSS:
        return (double)facts->rss > until->limit;
    case UNTIL_GROWN:
        return (double)facts->rss > (double)facts->first_rss * (1 + until->limit);
    case UNTIL_CGROUP:
        return facts->cgroup_share > until->limit;
    case UNTIL_TIME:
        return facts->seconds >= until->limit;
    case UNTIL_USS:
        return (double)facts->uss > until->limit;
    case UNTIL_FOOTPRINT:
        return (double)facts->footprint > until->limit;
    case UNTIL_OBJECTS:
        return (double)facts->objects > until->limit;
    }
    return false;
}

void until_look(const struct process *process, struct until_facts *facts) {
    char status[8192];
    if (proc_read(process->pid, "status", status, sizeof status) > 0)
        proc_number(status, "VmRSS", &facts->rss);
    facts->cgroup_share = used_share(process);
}
