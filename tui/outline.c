#include "tui/outline.h"

#include "tui/outline_private.h"

#include <stdio.h>
#include <string.h>

/* ---- what jobs share ---------------------------------------------------------------------------- */

struct opened *opened_share(struct opened *opened) {
    opened->references++;
    return opened;
}

void opened_drop(struct opened *opened) {
    if (!opened || --opened->references)
        return;
    opened->page->close(opened->data.model);
    strbuf_free(&opened->data.heading);
    opened->host.release(opened->host.context, opened->context.refresh);
    opened->host.release(opened->host.context, opened->context.baseline);
    free(opened);
}

struct order *order_share(struct order *order) {
    order->references++;
    return order;
}

void order_drop(struct order *order) {
    if (!order || --order->references)
        return;
    free(order->items);
    free(order);
}

void outline_share(struct outline *outline) {
    outline->references++;
}

void outline_drop(struct outline *outline) {
    if (--outline->references)
        return;
    expansions_clear(outline);
    known_clear(outline);
    opened_drop(outline->opened);
    order_drop(outline->order);
    vec_free(&outline->expansions);
    vec_free(&outline->known);
    free(outline);
}

struct err *outline_create(const struct outline_host *host, struct outline **ret) {
    struct outline *outline = calloc(1, sizeof *outline);
    if (!outline)
        return err_no_memory();
    outline->host = *host;
    outline->references = 1;
    outline->sort = PAGE_UNSORTED;
    outline->window = 1;
    outline->at_start = true;
    *ret = outline;
    return NULL;
}

void outline_destroy(struct outline *outline) {
    if (!outline)
        return;
    outline->dead = true;
    outline->generation++;
    outline_drop(outline);
}

/* ---- what is open ------------------------------------------------------------------------------- */

bool outline_is_open(const struct outline *outline) {
    return outline->opened != NULL;
}

const struct view_context *outline_context(const struct outline *outline) {
    return outline->opened ? &outline->opened->context : NULL;
}

const struct page *outline_page(const struct outline *outline) {
    return outline->opened ? outline->opened->page : NULL;
}

const char *outline_heading(const struct outline *outline) {
    return outline->opened ? strbuf_text(&outline->opened->data.heading) : "";
}

void outline_note_selected(struct outline *outline) {
    outline->has_identity = false;
    if (outline->selected >= outline_count(outline))
        return;
    uint32_t position = outline_place(outline, outline->selected).position;
    const struct known_row *known = known_find(outline, outline_root_row(outline, position));
    bool by_index = !outline->opened->page->identity;
    outline->has_identity = by_index || known;
    if (by_index)
        outline->identity = outline->order->items ? outline->order->items[position] : position;
    else if (known)
        outline->identity = known->identity;
}

void outline_forget(struct outline *outline) {
    outline->generation++; /* what is on its way is of no use either */
    outline->forgotten = true;
    if (!outline->opened)
        return;
    outline_note_selected(outline);
    expansions_clear(outline);
    known_clear(outline);
    opened_drop(outline->opened);
    order_drop(outline->order);
    outline->opened = NULL;
    outline->order = NULL;
}

bool outline_is_forgotten(const struct outline *outline) {
    return outline->forgotten;
}

bool outline_is_opening(const struct outline *outline) {
    return outline->arranging > 0;
}

struct opened *outline_opened(struct outline *outline) {
    return outline->opened;
}

struct order *outline_order(struct outline *outline) {
    return outline->order;
}

/* ---- rows --------------------------------------------------------------------------------------- */

struct row outline_root_row(const struct outline *outline, uint32_t position) {
    return ordered_row(outline->opened, outline->order, position);
}

uint64_t outline_roots(const struct outline *outline) {
    return outline->opened ? outline->order->count : 0;
}

uint64_t outline_count(const struct outline *outline) {
    uint64_t count = outline_roots(outline);
    vec_each (expansion, &outline->expansions)
        count += expansion->nodes.count;
    return count;
}

struct place outline_place(struct outline *outline, uint64_t index) {
    uint64_t before = 0; /* nodes above */
    vec_each (expansion, &outline->expansions) {
        uint64_t root = expansion->position + before;
        if (index < root)
            break;
        if (index == root)
            return (struct place){expansion->position, expansion, NULL};
        if (index <= root + expansion->nodes.count)
            return (struct place){expansion->position, expansion,
                                  &expansion->nodes.items[index - root - 1]};
        before += expansion->nodes.count;
    }
    return (struct place){(uint32_t)(index - before), NULL, NULL};
}

uint64_t outline_index_of(const struct outline *outline, uint32_t position) {
    uint64_t index = position;
    vec_each (expansion, &outline->expansions) {
        if (expansion->position < position)
            index += expansion->nodes.count;
    }
    return index;
}

static struct row row_of(const struct outline *outline, struct place place) {
    return place.node ? place.node->row : outline_root_row(outline, place.position);
}

static bool can_expand(const struct outline *outline, struct row row) {
    const struct opened *opened = outline->opened;
    bool from_the_start;
    return row.kind == ROW_MORE ||
           (opened->page->expands &&
            opened->page->expands(&opened->context, opened->data.model, row, &from_the_start));
}

struct outline_row outline_row(struct outline *outline, uint64_t index) {
    static const struct subject nothing;
    struct place place = outline_place(outline, index);
    struct outline_row shown = {
        .row = row_of(outline, place),
        .depth = place.node ? place.node->depth : 0,
        .expanded = place.node ? place.node->expanded : place.expansion != NULL,
        .loading = place.node ? place.node->loading : place.expansion && place.expansion->loading,
        .is_selected = index == outline->selected,
        .about = &nothing,
    };
    shown.expands = can_expand(outline, shown.row);
    const struct known_row *known =
        shown.row.kind == ROW_MORE ? NULL : known_find(outline, shown.row);
    if (known) {
        shown.is_known = true;
        shown.style = known->style;
        shown.values = known->values;
        shown.about = &known->about;
    }
    return shown;
}

bool outline_about(struct outline *outline, struct subject *ret) {
    if (outline->selected >= outline_count(outline))
        return false;
    struct outline_row row = outline_row(outline, outline->selected);
    *ret = *row.about;
    return ret->kind != SUBJECT_NONE;
}

/* ---- what is known of rows ---------------------------------------------------------------------- */

void known_clear(struct outline *outline) {
    vec_each (known, &outline->known)
        arena_clear(&known->texts);
    outline->known.count = 0;
    outline->wanted_first = outline->wanted_last = 0;
}

struct known_row *known_find(struct outline *outline, struct row row) {
    vec_each (known, &outline->known) {
        if (rows_equal(known->row, row)) {
            known->used = outline->clock;
            return known;
        }
    }
    return NULL;
}

/* ---- moving ------------------------------------------------------------------------------------- */

static void show_selected(struct outline *outline) {
    uint64_t count = outline_count(outline);
    if (outline->selected >= count)
        outline->selected = count ? count - 1 : 0;
    if (outline->selected < outline->top)
        outline->top = outline->selected;
    if (outline->selected >= outline->top + outline->window)
        outline->top = outline->selected - outline->window + 1;
    if (outline->top + outline->window > count)
        outline->top = count > outline->window ? count - outline->window : 0;
    outline->clock++;
}

uint64_t outline_selected(const struct outline *outline) {
    return outline->selected;
}

uint64_t outline_top(const struct outline *outline) {
    return outline->top;
}

void outline_select(struct outline *outline, uint64_t index) {
    outline->selected = index;
    outline->at_start = false;
    show_selected(outline);
}

void outline_move(struct outline *outline, int64_t rows) {
    uint64_t back = rows < 0 ? -(uint64_t)rows : 0;
    outline_select(outline, back > outline->selected ? 0 : outline->selected + (uint64_t)rows);
}

void outline_scroll(struct outline *outline, int64_t rows) {
    uint64_t count = outline_count(outline);
    uint64_t last = count > outline->window ? count - outline->window : 0;
    uint64_t back = rows < 0 ? -(uint64_t)rows : 0;
    outline->top = back > outline->top ? 0 : outline->top + (uint64_t)rows;
    outline->top = outline->top > last ? last : outline->top;
    if (outline->selected < outline->top)
        outline->selected = outline->top;
    if (outline->selected >= outline->top + outline->window)
        outline->selected = outline->top + outline->window - 1;
    outline->at_start = false;
    show_selected(outline);
}

void outline_set_window(struct outline *outline, unsigned rows) {
    outline->window = rows ? rows : 1;
    show_selected(outline);
}

/* ---- expanding ---------------------------------------------------------------------------------- */

void expansions_clear(struct outline *outline) {
    vec_each (expansion, &outline->expansions)
        vec_free(&expansion->nodes);
    outline->expansions.count = 0;
}

/* Rows below a node follow it, deeper. */
static size_t nodes_below(const struct expansion *expansion, const struct node *node) {
    size_t first = (size_t)(node - expansion->nodes.items) + 1, last = first;
    while (last < expansion->nodes.count && expansion->nodes.items[last].depth > node->depth)
        last++;
    return last - first;
}

static struct expansion *add_expansion(struct outline *outline, uint32_t position) {
    if (!vec_reserve(&outline->expansions, 1))
        return NULL;
    size_t at = 0;
    while (at < outline->expansions.count && outline->expansions.items[at].position < position)
        at++;
    struct expansion *expansion = &outline->expansions.items[at];
    memmove(expansion + 1, expansion, (outline->expansions.count++ - at) * sizeof *expansion);
    *expansion = (struct expansion){.position = position, .serial = ++outline->serial};
    return expansion;
}

/* The row that shows further children: they take its place. */
static void load_more(struct outline *outline, struct place place) {
    struct node *more = place.node, *parent = more;
    uint64_t first = more->row.detail;
    if (more->loading)
        return;
    more->loading = true;
    while (parent > place.expansion->nodes.items && parent->depth >= more->depth)
        parent--;
    place.node = more->depth > 1 ? parent : NULL;
    outline_load(outline, place, first);
}

bool outline_expand(struct outline *outline) {
    if (outline->selected >= outline_count(outline))
        return false;
    struct place place = outline_place(outline, outline->selected);
    struct row row = row_of(outline, place);
    if (row.kind == ROW_MORE) {
        load_more(outline, place);
        return true;
    }
    bool expanded = place.node ? place.node->expanded : place.expansion != NULL;
    if (expanded || !can_expand(outline, row))
        return false;
    if (place.node) {
        place.node->expanded = place.node->loading = true;
    } else if ((place.expansion = add_expansion(outline, place.position))) {
        place.expansion->loading = true;
    } else {
        return false;
    }
    outline_load(outline, place, 0);
    outline->clock++;
    return true;
}

void outline_fold(struct outline *outline, struct place place) {
    outline->serial++;
    if (!place.node) {
        vec_free(&place.expansion->nodes);
        size_t after =
            (size_t)(outline->expansions.items + outline->expansions.count - (place.expansion + 1));
        memmove(place.expansion, place.expansion + 1, after * sizeof *place.expansion);
        outline->expansions.count--;
        return;
    }
    size_t below = nodes_below(place.expansion, place.node);
    size_t after = (size_t)(place.expansion->nodes.items + place.expansion->nodes.count -
                            (place.node + 1 + below));
    memmove(place.node + 1, place.node + 1 + below, after * sizeof *place.node);
    place.expansion->nodes.count -= below;
    place.node->expanded = place.node->loading = false;
    place.node->serial = outline->serial; /* children that are on their way come too late */
}

bool outline_collapse(struct outline *outline) {
    if (outline->selected >= outline_count(outline))
        return false;
    struct place place = outline_place(outline, outline->selected);
    bool expanded = place.node ? place.node->expanded : place.expansion != NULL;
    if (expanded) {
        outline_fold(outline, place);
        show_selected(outline);
        return true;
    }
    if (!place.node)
        return false;
    size_t up = 0; /* to the row that it hangs under */
    while (place.node - up > place.expansion->nodes.items &&
           (place.node - up)->depth >= place.node->depth)
        up++;
    if ((place.node - up)->depth >= place.node->depth)
        up++;
    outline_select(outline, outline->selected - up);
    return true;
}

bool outline_toggle(struct outline *outline) {
    if (outline->selected >= outline_count(outline))
        return false;
    struct outline_row row = outline_row(outline, outline->selected);
    return row.expanded ? outline_collapse(outline) : outline_expand(outline);
}

void outline_expand_first(struct outline *outline) {
    enum { MOST = 64 };
    const struct opened *opened = outline->opened;
    for (uint32_t position = 0;
         opened->page->expands && position < outline->order->count && position < MOST; position++) {
        bool from_the_start = false;
        struct row row = outline_root_row(outline, position);
        if (!opened->page->expands(&opened->context, opened->data.model, row, &from_the_start) ||
            !from_the_start)
            continue;
        struct expansion *expansion = add_expansion(outline, position);
        if (!expansion)
            return;
        expansion->loading = true;
        outline_load(outline, (struct place){position, expansion, NULL}, 0);
    }
}

/* ---- order -------------------------------------------------------------------------------------- */

size_t outline_sort(const struct outline *outline) {
    return outline->sort;
}

bool outline_descending(const struct outline *outline) {
    return outline->descending;
}

const char *outline_filter(const struct outline *outline) {
    return outline->filter;
}

static const struct column *columns_of(const struct outline *outline, size_t *count) {
    size_t sort;
    const struct opened *opened = outline->opened;
    return opened->page->columns(&opened->context, count, &sort);
}

void outline_sort_by(struct outline *outline, size_t column) {
    if (!outline->opened || outline->opened->page->lines || outline->opened->page != outline->page)
        return; /* another page is being opened */
    size_t count;
    const struct column *columns = columns_of(outline, &count);
    if (column >= count)
        return;
    outline->descending = outline->sort == column ? !outline->descending
                                                  : columns[column].kind != VALUE_TEXT &&
                                                        columns[column].kind != VALUE_ADDRESS;
    outline->sort = column;
    outline->sort_chosen = true;
    outline_arrange(outline);
}

void outline_sort_next(struct outline *outline, int step) {
    size_t count;
    if (!outline->opened || outline->opened->page->lines)
        return;
    const struct column *columns = columns_of(outline, &count);
    size_t column = outline->sort == PAGE_UNSORTED ? (step > 0 ? count - 1 : 0) : outline->sort;
    for (size_t tried = 0; tried < count; tried++) {
        column = (column + count + (size_t)(ptrdiff_t)step) % count;
        if (!(columns[column].flags & COLUMN_DATA)) {
            outline_sort_by(outline, column);
            return;
        }
    }
}

void outline_invert(struct outline *outline) {
    if (outline->sort != PAGE_UNSORTED)
        outline_sort_by(outline, outline->sort);
}

void outline_set_filter(struct outline *outline, const char *text) {
    snprintf(outline->filter, sizeof outline->filter, "%s", text);
    outline_arrange(outline);
}
