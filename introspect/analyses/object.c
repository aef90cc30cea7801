#include "introspect/analyses/object.h"

#include "base/cancel.h"
#include "introspect/graph/graph.h"
#include "introspect/heap/parallel.h"

#include <stdlib.h>

/* ---- who holds it ---------------------------------------------------------------------------- */

enum { GRAIN = 1 << 12 }; /* objects that a thread takes at a time */

struct searcher {
    const struct heap *heap;
    const volatile int *cancel;
    uint64_t target;
    uint32_t current; /* the object whose references are visited */
    struct vec(struct object_holder) holders;
    bool failed;
};

static void compare_target(void *context, const struct reference *reference) {
    struct searcher *searcher = context;
    if (reference->target != searcher->target)
        return;
    struct object_holder holder = {searcher->current, (uint32_t)searcher->holders.count,
                                   *reference};
    searcher->failed |= !vec_push(&searcher->holders, holder);
}

static void search_range(void *context, size_t first, size_t last) {
    struct searcher *searcher = context;
    for (uint32_t id = (uint32_t)first; id < last; id++) {
        if (cancel_asked(searcher->cancel))
            return;
        searcher->current = id;
        heap_references(searcher->heap, id, compare_target, searcher);
    }
}

static int compare_holders(const void *left, const void *right) {
    const struct object_holder *a = left, *b = right;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->position < b->position ? -1 : a->position > b->position;
}

static struct err *find_holders(struct object_details *details, unsigned threads,
                                const volatile int *cancel) {
    const struct heap *heap = details->heap;
    struct searcher searchers[PARALLEL_MAX] = {0};
    void *contexts[PARALLEL_MAX];
    threads = heap_count(heap) < 2 * GRAIN ? 1 : parallel_threads(threads);
    for (unsigned thread = 0; thread < threads; thread++) {
        searchers[thread].heap = heap;
        searchers[thread].cancel = cancel;
        searchers[thread].target = heap_address(heap, details->id);
        contexts[thread] = &searchers[thread];
    }
    parallel_for(heap_count(heap), GRAIN, threads, search_range, contexts);
    bool failed = false;
    for (unsigned thread = 0; thread < threads; thread++) {
        failed |= searchers[thread].failed;
        vec_each (holder, &searchers[thread].holders) {
            failed |= !vec_push(&details->holders, *holder);
        }
        vec_free(&searchers[thread].holders);
    }
    if (cancel_asked(cancel))
        return err_new(ERR_CANCELLED, "interrupted");
    if (failed)
        return err_no_memory();
    if (details->holders.count)
        qsort(details->holders.items, details->holders.count, sizeof *details->holders.items,
              compare_holders);
    return NULL;
}

/* ---- the object itself ----------------------------------------------------------------------- */

struct keeper {
    struct object_details *details;
    bool failed;
};

static void keep_reference(void *context, const struct reference *reference) {
    struct keeper *keeper = context;
    keeper->failed |= !vec_push(&keeper->details->references, *reference);
}

/* Exact ones, then those that may be one. */
static struct err *find_roots(struct object_details *details) {
    struct root_list list = {0};
    size_t count = 0;
    TRY(root_list_collect(details->heap, &list));
    const struct held_root *roots = root_list_of(&list, details->id, &count);
    bool fine = true;
    for (int guessed = 0; guessed < 2; guessed++) {
        for (size_t i = 0; i < count; i++) {
            bool is_guess = roots[i].root.reference.properties & REFERENCE_GUESSED;
            if (is_guess == guessed)
                fine &= vec_push(&details->roots, roots[i].root);
        }
    }
    root_list_clear(&list);
    return fine ? NULL : err_no_memory();
}

static bool is_counted(unsigned properties) {
    return (properties & (REFERENCE_COUNTED | REFERENCE_GUESSED)) == REFERENCE_COUNTED;
}

struct err *object_details_collect(const struct heap *heap, uint32_t id, unsigned threads,
                                   const volatile int *cancel, struct object_details *ret) {
    *ret = (struct object_details){.heap = heap, .id = id};
    struct keeper keeper = {.details = ret};
    heap_references(heap, id, keep_reference, &keeper);
    struct err *err = keeper.failed ? err_no_memory() : find_holders(ret, threads, cancel);
    if (!err)
        err = find_roots(ret);
    if (err) {
        object_details_free(ret);
        return err;
    }
    vec_each (holder, &ret->holders)
        ret->found += is_counted(holder->reference.properties);
    vec_each (root, &ret->roots)
        ret->found += is_counted(root->reference.properties);
    /* A static object begins with a reference of its own. */
    if (refcount_tells(heap, id))
        ret->hidden = (int64_t)(heap_refcount(heap, id) - ret->found) -
                      ((heap_flags(heap, id) & OBJECT_STATIC) != 0);
    return NULL;
}

void object_details_free(struct object_details *details) {
    vec_free(&details->references);
    vec_free(&details->holders);
    vec_free(&details->roots);
}

/* ---- its refcount in words ------------------------------------------------------------------- */

static bool counts(const struct object_details *details, unsigned properties) {
    return details->guesses_count ? (properties & REFERENCE_COUNTED) != 0 : is_counted(properties);
}

static void add_guessed(const struct reference *reference, struct strbuf *out) {
    if (reference->properties & REFERENCE_GUESSED)
        strbuf_puts(out, " (guessed)");
}

static void add_term(struct strbuf *out, uint64_t *named, uint64_t *more) {
    if (*named == OBJECT_TERMS) {
        ++*more;
        return;
    }
    if (++*named > 1)
        strbuf_puts(out, " + ");
}

void object_refcount_text(const struct object_details *details, struct strbuf *out) {
    uint64_t named = 0, more = 0;
    vec_each (root, &details->roots) {
        if (!counts(details, root->reference.properties))
            continue;
        add_term(out, &named, &more);
        if (more)
            continue;
        root_name(details->heap, root, out);
        add_guessed(&root->reference, out);
    }
    vec_each (holder, &details->holders) {
        if (!counts(details, holder->reference.properties))
            continue;
        add_term(out, &named, &more);
        if (more)
            continue;
        heap_label(details->heap, holder->id, &holder->reference, out);
        strbuf_printf(out, " of %s", heap_type(details->heap, holder->id)->name);
        add_guessed(&holder->reference, out);
    }
    more += details->more_holders;
    if (more)
        strbuf_printf(out, "%s%llu more", named ? " + " : "", (unsigned long long)more);
    if (heap_flags(details->heap, details->id) & OBJECT_STATIC)
        strbuf_printf(out, "%s1 of its own", named ? " + " : "");
    if (details->hidden > 0)
        strbuf_printf(out, "%s%lld hidden", named ? " + " : "", (long long)details->hidden);
}

/* ---- tables ---------------------------------------------------------------------------------- */

enum { NAME, LABEL, TYPE, ADDRESS, VALUE, WEAK, GUESSED, COLUMNS };

static const struct column field_columns[COLUMNS] = {
    [NAME] = {"name", "FIELD", VALUE_TEXT, COLUMN_DATA},
    [LABEL] = {"label", "FIELD", VALUE_TEXT, COLUMN_SCREEN | COLUMN_SHRINKS},
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, 0},
    [VALUE] = {"value", "VALUE", VALUE_TEXT, COLUMN_TAIL},
    [WEAK] = {"weak", "WEAK", VALUE_FLAG, COLUMN_DATA},
    [GUESSED] = {"guessed", "GUESSED", VALUE_FLAG, COLUMN_DATA},
};

static const struct column holder_columns[COLUMNS] = {
    [NAME] = {"via", "HELD BY", VALUE_TEXT, COLUMN_DATA},
    [LABEL] = {"label", "HELD BY", VALUE_TEXT, COLUMN_SCREEN | COLUMN_SHRINKS},
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [ADDRESS] = {"from", "ADDRESS", VALUE_ADDRESS, 0},
    [VALUE] = {"value", "VALUE", VALUE_TEXT, COLUMN_SCREEN | COLUMN_TAIL},
    [WEAK] = {"weak", "WEAK", VALUE_FLAG, COLUMN_DATA},
    [GUESSED] = {"guessed", "GUESSED", VALUE_FLAG, COLUMN_DATA},
};

/* Cells of a reference that `owner` has; the object at its other end, or HEAP_NONE, is `other`. */
static void reference_cells(struct object_rows *rows, struct value *cells, uint32_t owner,
                            const struct reference *reference, uint32_t other, uint64_t address) {
    const struct heap *heap = rows->details->heap;
    strbuf_clear(&rows->name);
    strbuf_clear(&rows->label);
    strbuf_clear(&rows->value);
    heap_label(heap, owner, reference, &rows->name);
    strbuf_puts(&rows->label, strbuf_text(&rows->name));
    bool is_weak = !(reference->properties & (REFERENCE_RETAINS | REFERENCE_TRAVERSED));
    if (is_weak)
        strbuf_puts(&rows->label, " (weak)");
    else if (!(reference->properties & REFERENCE_RETAINS))
        strbuf_puts(&rows->label, " (owned by another)");
    else if (reference->properties & REFERENCE_GUESSED)
        strbuf_puts(&rows->label, " (guessed)");
    if (rows->values && other != HEAP_NONE)
        heap_preview(heap, other, &rows->value);
    cells[NAME] = value_text(strbuf_text(&rows->name));
    cells[LABEL] = value_text(strbuf_text(&rows->label));
    cells[TYPE] = other == HEAP_NONE ? value_none() : value_text(heap_type(heap, other)->name);
    cells[ADDRESS] = value_address(address);
    cells[VALUE] = rows->value.length ? value_text(rows->value.text) : value_none();
    cells[WEAK] = value_flag(is_weak);
    cells[GUESSED] = value_flag(reference->properties & REFERENCE_GUESSED);
}

static bool fields_next(void *context, struct value *cells) {
    struct object_rows *rows = context;
    const struct object_details *details = rows->details;
    if (rows->next >= details->references.count || rows->next >= rows->limit)
        return false;
    const struct reference *reference = &details->references.items[rows->next++];
    reference_cells(rows, cells, details->id, reference,
                    heap_find(details->heap, reference->target), reference->target);
    return true;
}

static bool holders_next(void *context, struct value *cells) {
    struct object_rows *rows = context;
    const struct object_details *details = rows->details;
    if (rows->next >= details->holders.count || rows->next >= rows->limit)
        return false;
    const struct object_holder *holder = &details->holders.items[rows->next++];
    reference_cells(rows, cells, holder->id, &holder->reference, holder->id,
                    heap_address(details->heap, holder->id));
    return true;
}

void object_fields_open(struct object_rows *rows, const struct object_details *details,
                        size_t limit, bool values) {
    *rows = (struct object_rows){.details = details, .limit = limit, .values = values};
    rows->table = (struct table){field_columns, COLUMNS, fields_next, rows};
}

void object_holders_open(struct object_rows *rows, const struct object_details *details,
                         size_t limit, bool values) {
    *rows = (struct object_rows){.details = details, .limit = limit, .values = values};
    rows->table = (struct table){holder_columns, COLUMNS, holders_next, rows};
}

void object_rows_close(struct object_rows *rows) {
    strbuf_free(&rows->name);
    strbuf_free(&rows->label);
    strbuf_free(&rows->value);
}
