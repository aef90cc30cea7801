/* What an outline has the worker and the reader do. Jobs take all they need along; what they bring is dropped if
 * the outline has moved on since. */
#include "tui/arrange.h"
#include "tui/outline_private.h"

#include "base/cancel.h"

#include <stdio.h>
#include <string.h>

static struct row_range roots_of(const struct opened *opened) {
    return (struct row_range){.page = opened->page,
                              .context = &opened->context,
                              .model = opened->data.model,
                              .count = opened->data.root_count};
}

/* ---- opening and arranging ----------------------------------------------------------------------- */

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
    struct row_range range = roots_of(opened);
    if (arranging->default_sort) {
        size_t count, sort = PAGE_UNSORTED;
        const struct column *columns = opened->page->columns(&opened->context, &count, &sort);
        arranging->sort = sort;
        arranging->descending = sort < count && columns[sort].kind != VALUE_TEXT;
    }
    struct arrange_options options = {
        .sort = arranging->sort, .descending = arranging->descending, .filter = arranging->filter};
    if (opened->page->fixed_order)
        options = (struct arrange_options){.sort = PAGE_UNSORTED, .filter = ""};
    TRY(arrange(&range, &options, work, &arranging->order->items, &arranging->order->count));
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
    outline->sort = arranging->sort;
    outline->descending = arranging->descending;
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

static void arranging_done(void *context, struct err *err) {
    struct arranging *arranging = context;
    struct outline *outline = arranging->outline;
    bool current = arranging->generation == outline->generation && !outline->dead;
    outline->arranging--;
    if (!err && current) {
        arranging_take(arranging);
        outline->host.changed(outline->host.context);
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
    worker_submit(outline->host.worker,
                  (struct job){title, arranging_run, arranging_done, arranging});
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
    bool same_page = outline->page == page;
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
    struct arranging *arranging = arranging_create(outline);
    if (!arranging)
        return;
    arranging->opened = opened_share(outline->opened);
    worker_cancel(outline->host.worker, arranging_done); /* only the newest order counts */
    keep_selected(arranging, true);
    submit_arranging(arranging, "sorting");
}

/* ---- children ----------------------------------------------------------------------------------- */

struct loading {
    struct outline *outline;
    struct opened *opened;
    uint64_t serial; /* of the node or expansion that they hang under */
    struct row row;
    uint32_t depth; /* of the children */
    uint64_t first;
    size_t sort;
    bool descending;
    char filter[OUTLINE_FILTER];
    struct row_list found;
    bool more;
};

/* Sorted or filtered, all of them have to be there first. */
static struct err *load_arranged(struct loading *loading, struct work *work) {
    enum { MOST = 4 << 20 };
    struct opened *opened = loading->opened;
    struct row_list all = {0};
    uint32_t *order = NULL, count = 0;
    struct err *err =
        opened->page->children(&opened->context, opened->data.model, loading->row, 0, MOST, &all);
    const struct row_range range = {.page = opened->page,
                                    .context = &opened->context,
                                    .model = opened->data.model,
                                    .rows = all.items,
                                    .count = (uint32_t)all.count};
    const struct arrange_options options = {loading->sort, loading->descending, loading->filter};
    if (!err && all.count)
        err = arrange(&range, &options, work, &order, &count);
    for (uint64_t i = loading->first; !err && i < count; i++) {
        if (loading->found.count == OUTLINE_CHILDREN) {
            loading->more = true;
            break;
        }
        if (!vec_push(&loading->found, all.items[order ? order[i] : i]))
            err = err_no_memory();
    }
    free(order);
    vec_free(&all);
    return err;
}

static struct err *loading_run(void *context, struct work *work) {
    struct loading *loading = context;
    struct opened *opened = loading->opened;
    if (loading->sort != PAGE_UNSORTED || *loading->filter)
        return load_arranged(loading, work);
    TRY(opened->page->children(&opened->context, opened->data.model, loading->row, loading->first,
                               OUTLINE_CHILDREN + 1, &loading->found));
    loading->more = loading->found.count > OUTLINE_CHILDREN;
    if (loading->more)
        loading->found.count = OUTLINE_CHILDREN;
    return NULL;
}

/* Puts nodes behind a place: `after` of an expansion's nodes stay before them. */
static bool insert_nodes(struct outline *outline, struct expansion *expansion, size_t after,
                         const struct loading *loading) {
    size_t added = loading->found.count + loading->more;
    if (!vec_reserve(&expansion->nodes, added))
        return false;
    struct node *to = expansion->nodes.items + after;
    memmove(to + added, to, (expansion->nodes.count - after) * sizeof *to);
    expansion->nodes.count += added;
    for (size_t i = 0; i < added; i++)
        to[i] = (struct node){
            .row = i < loading->found.count
                       ? loading->found.items[i]
                       : (struct row){ROW_MORE, 0, loading->first + loading->found.count},
            .serial = ++outline->serial,
            .depth = loading->depth};
    return true;
}

/* The rows go where "more" stood, or right behind the row that they hang under. */
static void loading_take(struct loading *loading) {
    struct outline *outline = loading->outline;
    vec_each (expansion, &outline->expansions) {
        bool here = expansion->serial == loading->serial;
        size_t after = 0;
        for (size_t i = 0; !here && i < expansion->nodes.count; i++) {
            here = expansion->nodes.items[i].serial == loading->serial;
            after = i + 1;
        }
        if (!here)
            continue;
        uint64_t start = outline_index_of(outline, expansion->position) + 1;
        if (after)
            expansion->nodes.items[after - 1].loading = false;
        else
            expansion->loading = false;
        if (loading->first) { /* "more" goes */
            while (after < expansion->nodes.count &&
                   !(expansion->nodes.items[after].row.kind == ROW_MORE &&
                     expansion->nodes.items[after].depth == loading->depth))
                after++;
            if (after == expansion->nodes.count)
                return;
            memmove(&expansion->nodes.items[after], &expansion->nodes.items[after + 1],
                    (--expansion->nodes.count - after) * sizeof *expansion->nodes.items);
        }
        bool before_selected = outline->selected >= start + after && !outline->at_start;
        size_t were = expansion->nodes.count;
        if (!insert_nodes(outline, expansion, after, loading))
            return;
        if (before_selected && !loading->first)
            outline->selected += expansion->nodes.count - were;
        outline_set_window(outline, outline->window);
        return;
    }
}

static void loading_done(void *context, struct err *err) {
    struct loading *loading = context;
    struct outline *outline = loading->outline;
    bool current = outline->opened == loading->opened && !outline->dead;
    if (!err && current) {
        loading_take(loading);
        outline->host.changed(outline->host.context);
    }
    if (err && current && err_code(err) != ERR_CANCELLED)
        outline->host.failed(outline->host.context, err);
    else
        err_free(err);
    vec_free(&loading->found);
    opened_drop(loading->opened);
    outline_drop(outline);
    free(loading);
}

void outline_load(struct outline *outline, struct place place, uint64_t first) {
    struct loading *loading = calloc(1, sizeof *loading);
    if (!loading)
        return;
    bool of_group = !place.node && outline->opened->page->fixed_order;
    outline_share(outline);
    loading->outline = outline;
    loading->opened = opened_share(outline->opened);
    loading->serial = place.node ? place.node->serial : place.expansion->serial;
    loading->row = place.node ? place.node->row : outline_root_row(outline, place.position);
    loading->depth = place.node ? place.node->depth + 1 : 1;
    loading->first = first;
    loading->sort = outline->sort_chosen ? outline->sort : PAGE_UNSORTED;
    loading->descending = outline->descending;
    if (of_group)
        snprintf(loading->filter, sizeof loading->filter, "%s", outline->filter);
    worker_submit(outline->host.reader, (struct job){"rows", loading_run, loading_done, loading});
}

/* ---- cells of the window ------------------------------------------------------------------------- */

struct reading {
    struct outline *outline;
    struct opened *opened;
    struct vec(struct known_row) rows;
};

static struct err *reading_run(void *context, struct work *work) {
    struct reading *reading = context;
    const struct opened *opened = reading->opened;
    const struct page *page = opened->page;
    size_t count, sort;
    page->columns(&opened->context, &count, &sort);
    unsigned wanted = (unsigned)((UINT64_C(1) << count) - 1);
    vec_each (known, &reading->rows) {
        TRY(cancel_check(work_cancel(work)));
        struct cells cells = {.texts = &known->texts};
        page->cells(&opened->context, opened->data.model, known->row, wanted, &cells);
        known->values = arena_alloc(&known->texts, count * sizeof *known->values);
        if (!known->values || cells.failed)
            return err_no_memory();
        memcpy(known->values, cells.values, count * sizeof *known->values);
        known->style = cells.style;
        for (size_t i = 0; i < count; i++) { /* texts of the model stay with the model */
            if (known->values[i].kind == VALUE_ADDRESSES)
                known->values[i].kind = VALUE_NONE;
        }
        if (page->about)
            page->about(&opened->context, opened->data.model, known->row, &known->about);
        if (page->identity)
            known->identity = page->identity(&opened->context, opened->data.model, known->row);
    }
    return NULL;
}

static struct known_row *oldest(struct outline *outline) {
    struct known_row *found = outline->known.items;
    vec_each (known, &outline->known) {
        if (known->used < found->used)
            found = known;
    }
    return found;
}

static void reading_take(struct reading *reading) {
    struct outline *outline = reading->outline;
    vec_each (known, &reading->rows) {
        known->used = outline->clock;
        struct known_row *place = known_find(outline, known->row);
        if (!place && outline->known.count < OUTLINE_CACHE && vec_push(&outline->known, *known)) {
            known->texts = (struct arena){0};
            continue;
        }
        if (!place && !outline->known.count)
            continue;
        place = place ? place : oldest(outline);
        arena_clear(&place->texts);
        *place = *known;
        known->texts = (struct arena){0};
    }
}

static void reading_done(void *context, struct err *err) {
    struct reading *reading = context;
    struct outline *outline = reading->outline;
    outline->is_reading = false;
    if (!err && outline->opened == reading->opened && !outline->dead) {
        reading_take(reading);
        outline->host.changed(outline->host.context);
    }
    err_free(err); /* it is asked for again */
    vec_each (known, &reading->rows)
        arena_clear(&known->texts);
    vec_free(&reading->rows);
    opened_drop(reading->opened);
    outline_drop(outline);
    free(reading);
}

/* Some rows above and below the window come along, for the next key. */
static void wanted_rows(struct outline *outline, struct reading *reading) {
    uint64_t count = outline_count(outline);
    uint64_t margin = outline->window < 64 ? outline->window : 64;
    uint64_t first = outline->top, last = first + outline->window;
    last = last < count ? last : count;
    for (unsigned part = 0; part < 3; part++) {
        uint64_t from = part == 0 ? first : part == 1 ? last : first > margin ? first - margin : 0;
        uint64_t to = part == 0 ? last : part == 1 ? last + margin : first;
        if (part && !reading->rows.count)
            break; /* the window is known: no need yet */
        for (uint64_t i = from; i < to && i < count; i++) {
            struct outline_row row = outline_row(outline, i);
            if (!row.is_known && row.row.kind != ROW_MORE &&
                !vec_push(&reading->rows, ((struct known_row){.row = row.row})))
                return;
        }
    }
}

bool outline_want_window(struct outline *outline) {
    if (!outline->opened)
        return true;
    struct reading *reading = calloc(1, sizeof *reading);
    if (!reading)
        return true;
    reading->outline = outline;
    wanted_rows(outline, reading);
    bool known = !reading->rows.count;
    if (known ||
        outline->is_reading) { /* what is read now may be enough; then we are asked again */
        vec_free(&reading->rows);
        free(reading);
        return known;
    }
    outline->is_reading = true;
    outline_share(outline);
    reading->opened = opened_share(outline->opened);
    worker_submit(outline->host.reader, (struct job){"rows", reading_run, reading_done, reading});
    return false;
}

/* ---- searching ---------------------------------------------------------------------------------- */

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
    struct row_range range = roots_of(searching->opened);
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
    worker_submit(outline->host.worker,
                  (struct job){"searching", searching_run, searching_done, searching});
}
