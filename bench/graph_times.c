/* What the graph of a heap costs, phase by phase. Or, with --check, whether it agrees with the heap: what
 * its roots lead to must be what the heap calls reachable, the references that are decoded again for
 * their labels must be those of the graph, and the paths found for all types at once those found for each.
 *
 * usage: graph_times PID|SNAPSHOT [--check]; exit status 1 if they disagree. */
#include "base/vec.h"
#include "introspect/analyses/containers.h"
#include "introspect/analyses/paths.h"
#include "introspect/analyses/type_holders.h"
#include "introspect/graph/dominators.h"
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { SHOWN = 20, ALONE = 200 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say(const char *phase, double *since) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double now = seconds();
    printf("%-12s %8.3f s, peak %ld MB\n", phase, now - *since, usage.ru_maxrss / 1024);
    *since = seconds();
}

static void fail_on(struct err *err) {
    if (!err)
        return;
    fprintf(stderr, "graph_times: %s\n", err_message(err));
    exit(3);
}

/* ---- what the roots lead to ------------------------------------------------------------------ */

struct reach {
    const struct graph *graph;
    bool *reached;
    struct vec(uint32_t) waiting;
};

static void meet(struct reach *reach, uint32_t id) {
    if (reach->reached[id])
        return;
    reach->reached[id] = true;
    if (!vec_push(&reach->waiting, id))
        fail_on(err_no_memory());
}

static void follow(struct reach *reach) {
    const struct root_list *roots = &reach->graph->roots;
    for (size_t i = 0; i < roots->count; i++) {
        if (roots->items[i].root.reference.properties & REFERENCE_RETAINS)
            meet(reach, roots->items[i].object);
    }
    while (reach->waiting.count) {
        uint32_t id = reach->waiting.items[--reach->waiting.count];
        struct graph_references references = graph_references(reach->graph, id);
        for (size_t i = 0; i < references.count; i++) {
            if (references.properties[i] & REFERENCE_RETAINS)
                meet(reach, references.targets[i]);
        }
    }
}

static void show(const struct graph *graph, uint32_t id, bool reached) {
    const struct heap *heap = graph->heap;
    struct graph_referrers referrers = graph_referrers(graph, id);
    struct strbuf text = {0};
    heap_preview(heap, id, &text);
    printf("  %#llx %s %s: refcount %llu, hidden %lld, %s %.60s\n",
           (unsigned long long)heap_address(heap, id), heap_type(heap, id)->name,
           reached ? "only here" : "only by the heap", (unsigned long long)heap_refcount(heap, id),
           (long long)graph_hidden(graph, id),
           referrers.count ? heap_type(heap, referrer_id(referrers.items[0]))->name : "no referrer",
           strbuf_text(&text));
    strbuf_free(&text);
}

static size_t disagreements(const struct graph *graph) {
    struct reach reach = {graph, calloc((size_t)graph->object_count + 1, 1), {0}};
    size_t count = 0;
    if (!reach.reached)
        fail_on(err_no_memory());
    follow(&reach);
    for (uint32_t id = 0; id < graph->object_count; id++) {
        bool of_heap = heap_flags(graph->heap, id) & OBJECT_REACHABLE;
        if (of_heap != reach.reached[id] && count++ < SHOWN)
            show(graph, id, reach.reached[id]);
    }
    vec_free(&reach.waiting);
    free(reach.reached);
    return count;
}

/* ---- labels ---------------------------------------------------------------------------------- */

struct labels {
    struct graph_references references;
    size_t right;
};

static void compare(void *context, size_t position, uint32_t target,
                    const struct reference *reference) {
    struct labels *labels = context;
    labels->right += position < labels->references.count &&
                     labels->references.targets[position] == target &&
                     labels->references.properties[position] == reference->properties;
}

static size_t wrong_labels(const struct graph *graph) {
    size_t wrong = 0;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        struct labels labels = {graph_references(graph, id), 0};
        graph_labelled(graph, id, compare, &labels);
        if (labels.right != labels.references.count && wrong++ < SHOWN)
            printf("  %#llx %s: %zu of %zu labels\n",
                   (unsigned long long)heap_address(graph->heap, id),
                   heap_type(graph->heap, id)->name, labels.right, labels.references.count);
    }
    return wrong;
}

/* ---- where types hang ------------------------------------------------------------------------ */

/* Each alone takes a search of its own: of thousands of types some must do. */
static bool holder_is_right(const struct graph *graph, uint32_t type,
                            const struct type_holder *holder) {
    struct merged_paths paths;
    bool *wanted = calloc((size_t)heap_type_count(graph->heap) + 1, sizeof *wanted);
    if (!wanted)
        fail_on(err_no_memory());
    wanted[type] = true;
    fail_on(paths_to_types(graph, NULL, wanted, NULL, NULL, &paths));
    const char *path = paths.count ? paths.items[0].text : "";
    uint64_t count = paths.count ? paths.items[0].count : 0;
    bool right = holder->objects == count && !strcmp(holder->path ? holder->path : "", path);
    if (!right)
        printf("  %s: %llu at %s, by themselves %llu at %s\n",
               heap_type_by_id(graph->heap, type)->name, (unsigned long long)holder->objects,
               holder->path ? holder->path : "", (unsigned long long)count, path);
    merged_paths_free(&paths);
    free(wanted);
    return right;
}

static size_t wrong_holders(const struct graph *graph) {
    struct type_holders holders;
    size_t wrong = 0;
    fail_on(type_holders_find(graph, NULL, &holders));
    uint32_t step = (uint32_t)holders.type_count / ALONE + 1;
    for (uint32_t type = 0; type < holders.type_count; type += step) {
        bool any = heap_type_sums(graph->heap, type)->objects;
        wrong += any ? !holder_is_right(graph, type, &holders.of[type]) : !!holders.of[type].path;
    }
    type_holders_free(&holders);
    return wrong;
}

static int check(const struct graph *graph) {
    size_t reach = disagreements(graph), labels = wrong_labels(graph),
           holders = wrong_holders(graph);
    printf("%zu objects are reachable in one and not in the other, %zu have other references, "
           "%zu types have another path\n",
           reach, labels, holders);
    return reach || labels || holders;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void find_paths(const struct graph *graph, const struct dominators *dominators,
                       double *since) {
    const struct heap *heap = graph->heap;
    uint32_t most = 0, types = heap_type_count(heap);
    bool *wanted = calloc((size_t)types + 1, sizeof *wanted);
    struct path_filter filter = {.barrier = HEAP_NONE};
    struct merged_paths paths = {0};
    if (!wanted)
        fail_on(err_no_memory());
    for (uint32_t i = 0; i < types; i++) {
        if (heap_type_sums(heap, i)->objects > heap_type_sums(heap, most)->objects)
            most = i;
    }
    wanted[most] = true;
    *since = seconds();
    fail_on(paths_to_types(graph, dominators, wanted, &filter, NULL, &paths));
    say("paths", since);
    printf("%zu to %llu %s\n", paths.count, (unsigned long long)paths.objects,
           heap_type_by_id(heap, most)->name);
    merged_paths_free(&paths);
    free(wanted);
}

static void find_holders(const struct graph *graph, double *since) {
    struct type_holders holders;
    struct containers containers;
    *since = seconds();
    fail_on(type_holders_find(graph, NULL, &holders));
    say("holders", since);
    type_holders_free(&holders);
    *since = seconds();
    fail_on(containers_collect(graph, NULL, &containers));
    say("containers", since);
    printf("%zu of them\n", containers.count);
    containers_free(&containers);
}

static struct source *open_source(const char *argument) {
    struct source *source = NULL;
    const struct source_options options = {.strategy = PAUSE_COPY};
    fail_on(source_is_snapshot(argument) ? source_open_snapshot(argument, &options, &source)
                                         : source_open_pid(atoi(argument), &options, &source));
    return source;
}

int main(int argument_count, char **arguments) {
    struct graph *graph = NULL;
    struct dominators *dominators = NULL;
    if (argument_count < 2)
        return 2;
    double since = seconds();
    struct source *source = open_source(arguments[1]);
    say("heap", &since);
    fail_on(graph_build(source_heap(source), NULL, &graph));
    say("graph", &since);
    uint64_t references = graph_reference_count(graph);
    printf("%u objects, %llu references, %zu roots, %zu guesses believed\n", graph->object_count,
           (unsigned long long)references, graph->roots.count, graph->guessed_count);
    int status = 0;
    if (argument_count > 2) {
        status = check(graph);
    } else {
        since = seconds();
        fail_on(dominators_build(graph, NULL, &dominators));
        say("dominators", &since);
        find_paths(graph, dominators, &since);
        find_holders(graph, &since);
    }
    dominators_destroy(dominators);
    graph_destroy(graph);
    source_close(source);
    return status;
}
