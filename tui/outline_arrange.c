/* Opening a page and putting its rows in order, on the worker. What it brings is dropped if
 * the outline has moved on since. */
#include "tui/outline_private.h"

#include "base/cancel.h"

#include <stdio.h>
#include <string.h>

struct arranging {
    struct outline *outline;
    uint64_t generation;
    struct opened *opened;
    bool is_new; /* the page is to be opened first */
    bool default_sort;
    size_t sort;
    bool descending;
    char filter[OUTLINE_FILTER];
    bool keep;   /* the row of this identity stays selected */
    bool by_row; /* ... or, in the same model, this row */
    uint64_t identity;
    struct row row;
    /* Found: */
    struct order *order;
    uint32_t selected; /* position, or HEAP_NONE */
};

static uint64_t identity_of(const struct row_range *range, uint32_t index) {
    const struct page *page = range->page;
    return page->identity ? page->identity(range->context, range->model, row_at(range, index))
                          : index;
}

static void find_selected(struct arranging *arranging, const struct row_range *range,
                          const volatile int *cancel) {
    arranging->selected = HEAP_NONE;
    const struct order *order = arranging->order;
    for (uint32_t i = 0; arranging->keep && i < order->count; i++) {
        uint32_t index = order->items ? order->items[i] : i;
        bool same = arranging->by_row ? rows_equal(row_at(range, index), arranging->row)
                                      : identity_of(range, index) == arranging->identity;
        if (same) {
            arranging->selected = i;
            return;
        }
        if (i % 16384 == 0 && cancel_asked(cancel))
            return;
    }
}

static struct err *arranging_run(void *context, struct work *work) {
    struct arranging *arranging = context;
    struct opened *opened = arranging->opened;
    if (arranging->is_new)
        TRY(opened->page->open(&opened->context, work, &opened->data));
    if (opened->data.heading.failed)
        return err_no_memory();
    struct row_range range = row_range_of(opened);
    if (arranging->default_sort) {
        size_t count, sort = PAGE_UNSORTED;
        const struct column *columns = opened->page->columns(&opened->context, &count, &sort);
        arranging->sort = sort;
        arranging->descending = sort < count && columns[sort].kind != VALUE_TEXT;
    }
    struct arrange_options options = {
        .sort = arranging->sort, .descending = arranging->descending, .filter = arranging->filter};
    if (opened->page->fixed_order)
        options = (struct arrange_options){.sort = PAGE_UNSORTED,
                                           .filter = opened->page->lines ? arranging->filter : ""};
    struct order *order = arranging->order;
    TRY(arrange(&range, &options, work, &order->items, &order->count));
    order->sort = arranging->sort;
    order->descending = arranging->descending;
    memcpy(order->filter, arranging->filter, sizeof order->filter);
    find_selected(arranging, &range, work_cancel(work));
    return NULL;
}

static void arranging_take(struct arranging *arranging) {
    struct outline *outline = arranging->outline;
    struct opened *opened = arranging->opened;
    bool first = outline->opened != opened;
    if (first) {
        opened_drop(outline->opened);
        outline->opened = opened_share(opened);
    }
    order_drop(outline->order);
    outline->order = order_share(arranging->order);
    if (!outline->rearrange) {
        outline->sort = arranging->sort;
        outline->descending = arranging->descending;
    }
    expansions_clear(outline);
    known_clear(outline);
    uint64_t offset = outline->selected - outline->top; /* it stays where it is on the screen */
    if (arranging->keep && arranging->selected != HEAP_NONE && !outline->at_start) {
        outline->selected = arranging->selected;
        outline->top = outline->selected > offset ? outline->selected - offset : 0;
    } else if (outline->at_start) {
        outline->selected = outline->top = 0;
    }
    outline_expand_first(outline);
    outline_set_window(outline, outline->window);
}

/* What is shown stays arranged as it is. */
static void arranging_failed(struct outline *outline) {
    const struct order *order = outline->order;
    outline->rearrange = false;
    if (!order)
        return;
    outline->page = outline->opened->page;
    outline->sort = order->sort;
    outline->descending = order->descending;
    memcpy(outline->filter, order->filter, sizeof outline->filter);
    outline->host.changed(outline->host.context);
}

static void arranging_done(void *context, struct err *err) {
    struct arranging *arranging = context;
    struct outline *outline = arranging->outline;
    bool current = arranging->generation == outline->generation && !outline->dead;
    outline->arranging--;
    if (current)
        outline->opening = 0;
    if (!err && current) {
        arranging_take(arranging);
        outline->host.changed(outline->host.context);
        if (outline->rearrange)
            outline_arrange(outline);
    } else if (current) {
        arranging_failed(outline);
    }
    if (err && current && err_code(err) != ERR_CANCELLED)
        outline->host.failed(outline->host.context, err);
    else
        err_free(err);
    order_drop(arranging->order);
    opened_drop(arranging->opened);
    outline_drop(outline);
    free(arranging);
}

static struct arranging *arranging_create(struct outline *outline) {
    struct arranging *arranging = calloc(1, sizeof *arranging);
    struct order *order = calloc(1, sizeof *order);
    if (!arranging || !order) {
        free(arranging);
        free(order);
        return NULL;
    }
    order->references = 1;
    arranging->order = order;
    arranging->outline = outline;
    return arranging;
}

static void submit_arranging(struct arranging *arranging, const char *title) {
    struct outline *outline = arranging->outline;
    outline_share(outline);
    outline->arranging++;
    outline->forgotten = false;
    arranging->generation = ++outline->generation;
    arranging->sort = outline->sort;
    arranging->descending = outline->descending;
    snprintf(arranging->filter, sizeof arranging->filter, "%s", outline->filter);
    outline_cancel_loading(outline); /* whosever it is: it may take long */
    outline->opening = arranging->is_new ? arranging->generation : 0;
    outline->rearrange = false;
    worker_submit(outline->host.worker, (struct job){.title = title,
                                                     .run = arranging_run,
                                                     .done = arranging_done,
                                                     .context = arranging});
}

/* The cells of the selected row, or of the root row above it, say which it is. */
static void keep_selected(struct arranging *arranging, bool same_model) {
    struct outline *outline = arranging->outline;
    if (outline->opened)
        outline_note_selected(outline);
    if (same_model && outline->selected < outline_count(outline)) {
        arranging->by_row = true;
        arranging->row =
            outline_root_row(outline, outline_place(outline, outline->selected).position);
    }
    arranging->keep = arranging->by_row || outline->has_identity;
    arranging->identity = outline->identity;
}

struct err *outline_open(struct outline *outline, const struct page *page,
                         const struct view_context *context) {
    struct arranging *arranging = arranging_create(outline);
    struct opened *opened = calloc(1, sizeof *opened);
    if (!arranging || !opened) {
        free(arranging ? arranging->order : NULL);
        free(arranging);
        free(opened);
        return err_no_memory();
    }
    *opened =
        (struct opened){.page = page, .context = *context, .host = outline->host, .references = 1};
    context->refresh->references++;
    context->baseline->references++;
    bool same_page = outline->page == page || !outline->page;
    outline->page = page;
    if (!same_page) {
        outline->filter[0] = '\0';
        outline->sort_chosen = false;
        outline->at_start = true;
    }
    arranging->opened = opened;
    arranging->is_new = true;
    arranging->default_sort = !outline->sort_chosen;
    if (same_page)
        keep_selected(arranging, false);
    submit_arranging(arranging, page->export);
    return NULL;
}

void outline_arrange(struct outline *outline) {
    if (outline->opening && outline->opening == outline->generation) {
        outline->rearrange = true;
        return;
    }
    struct arranging *arranging = outline->opened ? arranging_create(outline) : NULL;
    if (!arranging)
        return;
    arranging->opened = opened_share(outline->opened);
    worker_cancel(outline->host.worker, arranging_done); /* only the newest order counts */
    keep_selected(arranging, true);
    submit_arranging(arranging, "sorting");
}
