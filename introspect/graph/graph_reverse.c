/* The reverse side. Each thread takes ranges of targets and goes through all references in order: so
 * nothing is shared, what is written lies close together, and referrers come out in ascending order. */
#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/gauge.h"
#include "introspect/graph/graph_private.h"
#include "introspect/heap/parallel.h"

enum { RANGES_A_THREAD = 4, POLL_EVERY = 1 << 16 };

struct reverser {
    struct graph *graph;
    const volatile int *cancel;
    size_t range_count;
};

static uint32_t range_start(const struct reverser *reverser, size_t range) {
    return (uint32_t)((uint64_t)reverser->graph->object_count * range / reverser->range_count);
}

static void count_range(struct reverser *reverser, uint32_t low, uint32_t high) {
    struct graph *graph = reverser->graph;
    uint64_t count = graph_reference_count(graph);
    uint32_t width = high - low;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t target = graph->targets[i];
        if (target - low < width)
            graph->first_referrer[target + 1]++;
        if (i % POLL_EVERY == 0 && cancel_asked(reverser->cancel))
            return;
    }
}

/* first_referrer[target + 1] goes from the beginning of the target's referrers to their end. */
static void fill_range(struct reverser *reverser, uint32_t low, uint32_t high) {
    struct graph *graph = reverser->graph;
    uint32_t width = high - low;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        for (uint64_t i = graph->first[id]; i < graph->first[id + 1]; i++) {
            uint32_t target = graph->targets[i];
            if (target - low < width)
                graph->referrers[graph->first_referrer[target + 1]++] =
                    id << REFERRER_SHIFT | (graph->properties[i] & REFERRER_PROPERTIES);
        }
        if (id % POLL_EVERY == 0 && cancel_asked(reverser->cancel))
            return;
    }
}

static void count_ranges(void *context, size_t first, size_t last) {
    struct reverser *reverser = context;
    for (size_t i = first; i < last; i++) {
        count_range(reverser, range_start(reverser, i), range_start(reverser, i + 1));
        gauge_add(1);
    }
}

static void fill_ranges(void *context, size_t first, size_t last) {
    struct reverser *reverser = context;
    for (size_t i = first; i < last; i++) {
        fill_range(reverser, range_start(reverser, i), range_start(reverser, i + 1));
        gauge_add(1);
    }
}

/* Counts become beginnings, one place on: filling moves each to its end, the next one's beginning. */
static void begin_rows(struct graph *graph) {
    uint64_t sum = 0;
    for (uint32_t id = 0; id < graph->object_count; id++) {
        uint64_t count = graph->first_referrer[id + 1];
        graph->first_referrer[id + 1] = sum;
        sum += count;
    }
}

struct err *graph_reverse(struct graph *graph, const struct graph_options *options) {
    size_t rows = (size_t)graph->object_count + 1;
    unsigned threads = parallel_threads(options->threads);
    struct reverser reverser = {graph, options->cancel, (size_t)threads * RANGES_A_THREAD};
    void *contexts[PARALLEL_MAX];
    for (unsigned i = 0; i < threads; i++)
        contexts[i] = &reverser;
    graph->first_referrer = big_alloc(rows * sizeof *graph->first_referrer, false);
    graph->referrers =
        big_alloc((graph_reference_count(graph) + 1) * sizeof *graph->referrers, false);
    if (!graph->first_referrer || !graph->referrers)
        return err_no_memory();
    gauge_part(50, 75, reverser.range_count);
    parallel_for(reverser.range_count, 1, threads, count_ranges, contexts);
    TRY(cancel_check(options->cancel));
    begin_rows(graph);
    gauge_part(75, 100, reverser.range_count);
    parallel_for(reverser.range_count, 1, threads, fill_ranges, contexts);
    return cancel_check(options->cancel);
}
