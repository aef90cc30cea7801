/* Searching the rows of an outline, on the worker. What it brings is dropped if
 * the outline has moved on since. */
#include "tui/outline_private.h"

#include "base/cancel.h"

#include <stdio.h>
#include <string.h>

/* Rows that are expanded, as they were when the search began. */
struct searching {
    struct outline *outline;
    struct opened *opened;
    struct order *order;
    uint64_t generation, serial;
    uint64_t from, count;
    int step;
    char text[OUTLINE_FILTER];
    struct vec(struct found_node {
        uint64_t index;
        struct row row;
    }) nodes;       /* by index */
    uint64_t found; /* UINT64_MAX: nowhere */
};

static struct row searched_row(const struct searching *searching, uint64_t index) {
    size_t low = 0, high = searching->nodes.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (searching->nodes.items[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < searching->nodes.count && searching->nodes.items[low].index == index)
        return searching->nodes.items[low].row;
    /* `low` nodes stand above it */
    return ordered_row(searching->opened, searching->order, (uint32_t)(index - low));
}

static struct err *searching_run(void *context, struct work *work) {
    struct searching *searching = context;
    struct row_range range = row_range_of(searching->opened);
    struct row_matcher matcher;
    struct err *err = NULL;
    uint64_t at = searching->from;
    work_phase(work, "searching");
    row_matcher_open(&matcher, &range, searching->text);
    for (uint64_t i = 1; !err && searching->found == UINT64_MAX && i <= searching->count; i++) {
        at = searching->step > 0 ? (at + 1 < searching->count ? at + 1 : 0)
                                 : (at ? at - 1 : searching->count - 1);
        struct row row = searched_row(searching, at);
        if (row.kind != ROW_MORE && row_matches(&matcher, row))
            searching->found = at;
        if (i % 4096 == 0) {
            work_share(work, i, searching->count);
            err = cancel_check(work_cancel(work));
        }
    }
    row_matcher_close(&matcher);
    return err;
}

static void searching_done(void *context, struct err *err) {
    struct searching *searching = context;
    struct outline *outline = searching->outline;
    bool current = searching->generation == outline->generation &&
                   searching->opened == outline->opened && searching->serial == outline->serial &&
                   !outline->dead;
    if (!err && current && searching->found == UINT64_MAX) {
        char message[OUTLINE_FILTER + 32];
        snprintf(message, sizeof message, "not found: %s", searching->text);
        outline->host.said(outline->host.context, message);
    } else if (!err && current) {
        if (searching->step > 0 ? searching->found <= searching->from
                                : searching->found >= searching->from)
            outline->host.said(outline->host.context, searching->step > 0
                                                          ? "search went on from the top"
                                                          : "search went on from the bottom");
        outline_select(outline, searching->found);
        outline->host.changed(outline->host.context);
    }
    err_free(err);
    vec_free(&searching->nodes);
    order_drop(searching->order);
    opened_drop(searching->opened);
    outline_drop(outline);
    free(searching);
}

void outline_search(struct outline *outline, const char *text, int step) {
    if (!outline->opened || !outline_count(outline))
        return;
    struct searching *searching = calloc(1, sizeof *searching);
    if (!searching)
        return;
    uint64_t index = 0;
    vec_each (expansion, &outline->expansions) {
        index = outline_index_of(outline, expansion->position);
        vec_each (node, &expansion->nodes) {
            struct found_node found = {++index, node->row};
            if (!vec_push(&searching->nodes, found))
                break;
        }
    }
    outline_share(outline);
    searching->outline = outline;
    searching->opened = opened_share(outline->opened);
    searching->order = order_share(outline->order);
    searching->generation = outline->generation;
    searching->serial = outline->serial;
    searching->from = outline->selected;
    searching->count = outline_count(outline);
    searching->step = step;
    searching->found = UINT64_MAX;
    snprintf(searching->text, sizeof searching->text, "%s", text);
    worker_cancel(outline->host.worker, searching_done);
    worker_submit(outline->host.worker, (struct job){.title = "searching",
                                                     .run = searching_run,
                                                     .done = searching_done,
                                                     .context = searching});
}
