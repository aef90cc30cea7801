#include "attach/cgroup.h"

#include "attach/procfs.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

/* Version 1 says "no limit" with a number near this. */
#define UNLIMITED ((uint64_t)1 << 60)

struct hierarchy {
    bool unified; /* cgroup v2 */
    char mount[512], root[512];
};

/* Whether the comma-separated list has the word "memory". */
static bool lists_memory(const char *list, size_t length) {
    for (const char *at = list, *end = list + length; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t word = (size_t)((comma ? comma : end) - at);
        if (word == 6 && memcmp(at, "memory", 6) == 0)
            return true;
        at += word + 1;
    }
    return false;
}

char *cgroup_path(pid_t pid) {
    _cleanup_(cleanup_free) char *text = NULL;
    size_t capacity = 0;
    if (proc_read_all(pid, "cgroup", &text, &capacity) <= 0)
        return NULL;
    char *found = NULL;
    for (char *line = text, *end; *line && (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        bool memory = lists_memory(controllers + 1, (size_t)(path - controllers - 1));
        if (memory || (path == controllers + 1 && !found))
            found = path + 1;
        if (memory)
            break;
    }
    return found ? strdup(found) : NULL;
}

static bool parse_mount(const char *line, struct hierarchy *hierarchy) {
    /* mountinfo: id parent major:minor root mount options ... - type source super-options */
    const char *dash = strstr(line, " - ");
    char type[32], options[512];
    if (!dash || sscanf(dash + 3, "%31s %*s %511s", type, options) != 2 ||
        sscanf(line, "%*s %*s %*s %511s %511s", hierarchy->root, hierarchy->mount) != 2)
        return false;
    hierarchy->unified = strcmp(type, "cgroup2") == 0;
    return hierarchy->unified ||
           (strcmp(type, "cgroup") == 0 && lists_memory(options, strlen(options)));
}

/* The hierarchy that governs memory: version 1's controller where there is one. */
static bool find_hierarchy(struct hierarchy *found) {
    _cleanup_(cleanup_free) char *text = NULL;
    size_t capacity = 0;
    if (proc_read_all(0, "mountinfo", &text, &capacity) <= 0)
        return false;
    bool any = false;
    for (char *line = text, *end; *line && (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        struct hierarchy candidate;
        if (parse_mount(line, &candidate) && (!any || (found->unified && !candidate.unified))) {
            *found = candidate;
            any = true;
        }
    }
    return any;
}

static char *folder_in(const struct hierarchy *hierarchy, const char *path) {
    /* A container may see only a part of the tree mounted. */
    size_t root = strcmp(hierarchy->root, "/") == 0 ? 0 : strlen(hierarchy->root);
    if (root && strncmp(path, hierarchy->root, root) == 0 && (path[root] == '/' || !path[root]))
        path += root;
    char *folder = NULL;
    return asprintf(&folder, "%s%s", hierarchy->mount, strcmp(path, "/") ? path : "") < 0 ? NULL
                                                                                          : folder;
}

static uint64_t read_number(const char *folder, const char *name, uint64_t otherwise) {
    char path[1200], text[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (proc_read_path(path, text, sizeof text) <= 0 || *text < '0' || *text > '9')
        return otherwise;
    return strtoull(text, NULL, 10);
}

static uint64_t read_reclaimable(const char *folder, bool unified) {
    char path[1200], text[8192];
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    if (proc_read_path(path, text, sizeof text) <= 0)
        return 0;
    const char *name = unified ? "\ninactive_file " : "\ntotal_inactive_file ";
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void read_limit(const char *folder, bool unified, struct cgroup_limit *limit) {
    limit->max = read_number(folder, unified ? "memory.max" : "memory.limit_in_bytes", UINT64_MAX);
    limit->current = read_number(folder, unified ? "memory.current" : "memory.usage_in_bytes", 0);
    limit->reclaimable = 0;
}

/* Calls `visit` for the cgroup and each one above it, as long as the mount shows them. */
typedef void visit_limit(void *context, const struct cgroup_limit *limit, const char *folder,
                         bool unified, size_t depth);

static void each_level(const char *path, visit_limit *visit, void *context) {
    struct hierarchy hierarchy;
    if (!path || !find_hierarchy(&hierarchy))
        return;
    _cleanup_(cleanup_free) char *folder = folder_in(&hierarchy, path);
    size_t mount = strlen(hierarchy.mount), depth = strlen(path);
    /* Outside of our cgroup namespace, "/../name": the mount does not show it, only our own. */
    if (folder && strlen(folder) >= mount && strstr(folder + mount, "/.."))
        return;
    while (folder && strlen(folder) >= mount) {
        struct cgroup_limit limit;
        read_limit(folder, hierarchy.unified, &limit);
        visit(context, &limit, folder, hierarchy.unified, depth);
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < mount)
            break;
        size_t cut = strlen(slash);
        depth = depth > cut ? depth - cut : 0;
        *slash = '\0';
    }
}

struct memory_context {
    uint64_t *current, *max;
    bool first;
};

static void visit_memory(void *context, const struct cgroup_limit *limit, const char *folder,
                         bool unified, size_t depth) {
    (void)folder, (void)unified, (void)depth;
    struct memory_context *memory = context;
    if (memory->first)
        *memory->current = limit->current;
    memory->first = false;
    if (limit->max < UNLIMITED && (!*memory->max || limit->max < *memory->max))
        *memory->max = limit->max;
}

void cgroup_memory(const char *path, uint64_t *current, uint64_t *max) {
    *current = *max = 0;
    struct memory_context context = {current, max, true};
    each_level(path, visit_memory, &context);
}

struct tightest_context {
    struct cgroup_limit *limit;
    size_t *depth;
    bool found;
};

static void visit_tightest(void *context, const struct cgroup_limit *limit, const char *folder,
                           bool unified, size_t depth) {
    struct tightest_context *tightest = context;
    if (limit->max >= UNLIMITED)
        return;
    struct cgroup_limit candidate = *limit;
    candidate.reclaimable = read_reclaimable(folder, unified);
    if (tightest->found && cgroup_room(&candidate) >= cgroup_room(tightest->limit))
        return;
    *tightest->limit = candidate;
    *tightest->depth = depth;
    tightest->found = true;
}

bool cgroup_tightest(const char *path, struct cgroup_limit *limit, size_t *depth) {
    struct tightest_context context = {limit, depth, false};
    each_level(path, visit_tightest, &context);
    return context.found;
}
