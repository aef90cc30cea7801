/* What the parts of a capture share: capture.c, collect.c and one file per strategy. */
#ifndef HEAPGLASS_ATTACH_CAPTURE_INTERNAL_H
#define HEAPGLASS_ATTACH_CAPTURE_INTERNAL_H

#include "attach/bulk_read.h"
#include "attach/capture.h"
#include "attach/maps.h"
#include "attach/pagemap.h"
#include "attach/plan.h"
#include "attach/sharing.h"
#include "attach/tracer.h"

#define CHUNK_MASK ((uint64_t)IMAGE_CHUNK_SIZE - 1) /* the bits of an address within its chunk */

/* How much of a mapping is in memory. */
struct map_use {
    uint64_t resident, anonymous, swapped;
};

/* The mappings at one moment and what is done with each. */
struct mapped {
    struct maps maps;
    size_t capacity; /* of the arrays below */
    enum plan_action *actions;
    struct map_use *uses;
    bool *filled; /* absent pages have their bytes from the mapping's file already */
};

struct capture {
    const struct process *process;
    struct capture_options options;
    const struct capture_strategy *strategy;
    struct tracer *tracer; /* NULL if the target is never stopped */
    struct bulk_read *bulk;
    struct pagemap pagemap;
    struct image *image;
    struct mapped early; /* before the stop */
    struct mapped final; /* at the stop */
    struct behind behind;
    struct sharing sharing;    /* before the stop */
    struct page_ranges ranges; /* scratch */
    struct page_ranges zeroes; /* never touched: they read as zero */
    struct page_ranges copied; /* read, but for the holes */
    struct capture_result result;
};

/* How the bytes are got. */
struct capture_strategy {
    bool stops;  /* needs a tracer */
    bool copies; /* needs the destination prepared */
    struct err *(*take)(struct capture *capture);
    struct err *(*release)(struct capture *capture); /* NULL: nothing is held */
};

extern const struct capture_strategy capture_copy, capture_hold, capture_none;

/* ---- collect.c ------------------------------------------------------------------------------- */

/* At the stop: reads the maps again and gives new memory its places. */
struct err *collect_plan(struct capture *capture) ERR_CHECK;

/* At the stop: copies all that the plan wants. */
struct err *collect_copy(struct capture *capture) ERR_CHECK;

/* At the stop, when nothing is copied: notes which pages were never touched. */
struct err *collect_zeroes(struct capture *capture) ERR_CHECK;

/* After it: says in the image what is there. */
struct err *collect_mark(struct capture *capture) ERR_CHECK;

/* Looks which pages of a mapping are there, but for what stays behind. Pages with bytes go to
 * `visit` (which may say false: no memory), stretches that read as zero or as a file to
 * `visit_gap`. */
typedef bool visit_pages(struct capture *capture, uint64_t start, uint64_t end);
bool collect_pages(struct capture *capture, const struct map *map, struct map_use *use,
                   visit_pages *visit, visit_pages *visit_gap);

/* Adds the pages to what is in memory. */
void collect_count(struct map_use *use, struct page_ranges *ranges);

/* Reads the maps and decides; every array gets its room. */
struct err *collect_maps(struct capture *capture, struct mapped *mapped) ERR_CHECK;

/* Cuts the range at chunks and gives it to the bulk reader; false without memory. */
bool collect_add(struct capture *capture, uint64_t start, uint64_t end);

/* ---- prepare.c ------------------------------------------------------------------------------- */

/* Before the stop: maps, scouting, budget, places, destination, immutable memory. */
struct err *prepare(struct capture *capture) ERR_CHECK;

/* ---- capture.c ------------------------------------------------------------------------------- */

/* Stops the target, as often as needed for the conditions to hold. */
struct err *capture_stop(struct capture *capture) ERR_CHECK;

/* Tells the image of mappings, modules and threads, and the result of memory. */
struct err *capture_describe(struct capture *capture) ERR_CHECK;

/* For a target that will be held: what describing would otherwise look at while it waits. */
struct err *capture_count_early(struct capture *capture) ERR_CHECK;

#endif
