#include "tui/arrange_private.h"

#include "base/cancel.h"
#include "base/gauge.h"
#include "report/cell.h"

#include <stdlib.h>
#include <string.h>

struct row row_at(const struct row_range *range, uint32_t index) {
    return range->rows ? range->rows[index]
                       : range->page->root(range->context, range->model, index);
}

static const struct column *column_of(const struct row_range *range, size_t column) {
    size_t count, sort;
    const struct column *columns = range->page->columns(range->context, &count, &sort);
    return column < count ? &columns[column] : NULL;
}

static unsigned searched_columns(const struct row_range *range) {
    size_t count, sort;
    unsigned shown = 0;
    const struct column *columns = range->page->columns(range->context, &count, &sort);
    for (size_t i = 0; i < count; i++) {
        if (!(columns[i].flags & COLUMN_DATA) && !(range->page->unsearched >> i & 1))
            shown |= 1u << i;
    }
    return shown;
}

/* ---- matching ----------------------------------------------------------------------------------- */

void row_matcher_open(struct row_matcher *matcher, const struct row_range *range,
                      const char *text) {
    *matcher = (struct row_matcher){.range = range, .text = text};
    matcher->columns = searched_columns(range);
}

bool row_matches(struct row_matcher *matcher, struct row row) {
    const struct row_range *range = matcher->range;
    struct cells cells = {.texts = &matcher->texts};
    bool found = false;
    range->page->cells(range->context, range->model, row, matcher->columns, &cells);
    for (size_t i = 0; !found && matcher->columns >> i; i++) {
        if (!(matcher->columns >> i & 1))
            continue;
        strbuf_clear(&matcher->shown);
        cell_text(&matcher->shown, &cells.values[i]);
        found = strcasestr(strbuf_text(&matcher->shown), matcher->text) != NULL;
    }
    arena_reuse(&matcher->texts);
    return found;
}

void row_matcher_close(struct row_matcher *matcher) {
    strbuf_free(&matcher->shown);
    arena_clear(&matcher->texts);
}

/* ---- filtering ---------------------------------------------------------------------------------- */

struct filtering {
    const struct row_range *range;
    const char *text;
    const volatile int *cancel;
    uint32_t *order;  /* of each slice the matches, where it begins */
    uint32_t *counts; /* by slice: how many */
};

static void filter_slice(void *context, size_t first, size_t last) {
    const struct filtering *filtering = context;
    struct row_matcher matcher;
    uint32_t count = 0;
    row_matcher_open(&matcher, filtering->range, filtering->text);
    for (size_t i = first; i < last && !cancel_asked(filtering->cancel); i++) {
        if (row_matches(&matcher, row_at(filtering->range, (uint32_t)i)))
            filtering->order[first + count++] = (uint32_t)i;
    }
    row_matcher_close(&matcher);
    filtering->counts[first / ARRANGE_SLICE] = count;
    gauge_add(last - first);
}

/* On all threads, each of which takes slices. */
static struct err *filter(const struct row_range *range, const char *text,
                          const volatile int *cancel, uint32_t *order, uint32_t *count) {
    size_t slices = range->count / ARRANGE_SLICE + 1;
    struct filtering filtering = {range, text, cancel, order, calloc(slices, sizeof(uint32_t))};
    void *contexts[PARALLEL_MAX];
    *count = 0;
    if (!filtering.counts)
        return err_no_memory();
    for (unsigned i = 0; i < PARALLEL_MAX; i++)
        contexts[i] = &filtering;
    gauge_part(0, 100, range->count);
    parallel_for(range->count, ARRANGE_SLICE, arrange_threads(range->count), filter_slice,
                 contexts);
    for (size_t i = 0; i < slices; i++) {
        if (filtering.counts[i])
            memmove(order + *count, order + i * ARRANGE_SLICE, filtering.counts[i] * sizeof *order);
        *count += filtering.counts[i];
    }
    free(filtering.counts);
    return cancel_check(cancel);
}

/* ---- arranging ---------------------------------------------------------------------------------- */

struct err *arrange(const struct row_range *range, const struct arrange_options *options,
                    struct work *work, uint32_t **order, uint32_t *count) {
    bool sorted = options->sort != PAGE_UNSORTED && column_of(range, options->sort);
    *order = NULL;
    *count = range->count;
    if (!sorted && !*options->filter)
        return NULL;
    uint32_t *made = malloc((range->count ? (size_t)range->count : 1) * sizeof *made);
    struct err *err = made ? NULL : err_no_memory();
    for (uint32_t i = 0; !err && i < range->count; i++)
        made[i] = i;
    if (!err && *options->filter) {
        work_phase(work, "filtering");
        err = filter(range, options->filter, work_cancel(work), made, count);
    }
    if (!err && sorted) {
        work_phase(work, "sorting");
        err = arrange_sort(range, column_of(range, options->sort), options->sort,
                           options->descending, work_cancel(work), made, *count);
    }
    if (err)
        free(made);
    else
        *order = made;
    return err;
}
