/* What the reader does for an outline: children of a row that is expanded, cells of the window's rows. What it brings is dropped if
 * the outline has moved on since. */
#include "tui/outline_private.h"

#include "base/cancel.h"

#include <stdio.h>
#include <string.h>

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
    if (!added)
        return true;
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

/* What the rows are to hang under: an expansion, and how many of its nodes stand before them. False: it is gone. */
static bool find_loading(const struct loading *loading, struct expansion **ret, size_t *after) {
    vec_each (expansion, &loading->outline->expansions) {
        bool here = expansion->serial == loading->serial;
        *after = 0;
        for (size_t i = 0; !here && i < expansion->nodes.count; i++) {
            here = expansion->nodes.items[i].serial == loading->serial;
            *after = i + 1;
        }
        *ret = expansion;
        if (here)
            return true;
    }
    return false;
}

/* The row for further ones behind those that are there; NULL: there is none. */
static struct node *find_more(const struct loading *loading, struct expansion *expansion,
                              size_t after) {
    for (; after < expansion->nodes.count; after++) {
        struct node *node = &expansion->nodes.items[after];
        if (node->row.kind == ROW_MORE && node->depth == loading->depth)
            return node;
    }
    return NULL;
}

/* Of new nodes, too, some are expanded from the start. */
static void expand_nodes(struct outline *outline, struct expansion *expansion, size_t first,
                         size_t count) {
    const struct opened *opened = outline->opened;
    for (size_t i = first; opened->page->expands && i < first + count; i++) {
        struct node *node = &expansion->nodes.items[i];
        bool from_the_start = false;
        if (node->row.kind == ROW_MORE ||
            !opened->page->expands(&opened->context, opened->data.model, node->row,
                                   &from_the_start) ||
            !from_the_start)
            continue;
        node->expanded = node->loading = true;
        outline_load(outline, (struct place){expansion->position, expansion, node}, 0);
    }
}

/* The rows go where "more" stood, or right behind the row that they hang under. */
static void loading_take(struct loading *loading) {
    struct outline *outline = loading->outline;
    struct expansion *expansion;
    size_t after;
    if (!find_loading(loading, &expansion, &after))
        return;
    uint64_t start = outline_index_of(outline, expansion->position) + 1;
    if (after)
        expansion->nodes.items[after - 1].loading = false;
    else
        expansion->loading = false;
    size_t were = expansion->nodes.count;
    if (loading->first) { /* "more" goes */
        struct node *more = find_more(loading, expansion, after);
        if (!more)
            return;
        after = (size_t)(more - expansion->nodes.items);
        memmove(more, more + 1, (--expansion->nodes.count - after) * sizeof *more);
    }
    bool before_selected =
        outline->selected >= start + after + (loading->first > 0) && !outline->at_start;
    if (!insert_nodes(outline, expansion, after, loading))
        return;
    if (before_selected)
        outline->selected += expansion->nodes.count - were;
    outline_set_window(outline, outline->window);
    expand_nodes(outline, expansion, after, expansion->nodes.count - were);
}

/* As if it had not been expanded. */
static void loading_give_up(struct loading *loading) {
    struct expansion *expansion;
    size_t after;
    if (!find_loading(loading, &expansion, &after))
        return;
    struct node *more = loading->first ? find_more(loading, expansion, after) : NULL;
    if (more)
        more->loading = false;
    else if (!loading->first)
        outline_fold(loading->outline,
                     (struct place){expansion->position, expansion,
                                    after ? &expansion->nodes.items[after - 1] : NULL});
}

static void loading_done(void *context, struct err *err) {
    struct loading *loading = context;
    struct outline *outline = loading->outline;
    bool current = outline->opened == loading->opened && !outline->dead;
    if (!err && current)
        loading_take(loading);
    else if (current)
        loading_give_up(loading);
    if (current)
        outline->host.changed(outline->host.context);
    if (err && current && err_code(err) != ERR_CANCELLED)
        outline->host.failed(outline->host.context, err);
    else
        err_free(err);
    vec_free(&loading->found);
    opened_drop(loading->opened);
    outline_drop(outline);
    free(loading);
}

void outline_cancel_loading(struct outline *outline) {
    worker_cancel(outline->host.worker, loading_done);
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
    bool arranged = loading->sort != PAGE_UNSORTED || *loading->filter; /* may take long */
    worker_submit(
        arranged ? outline->host.worker : outline->host.reader,
        (struct job){
            .title = "rows", .run = loading_run, .done = loading_done, .context = loading});
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
    worker_submit(outline->host.reader, (struct job){.title = "rows",
                                                     .run = reading_run,
                                                     .done = reading_done,
                                                     .context = reading});
    return false;
}
