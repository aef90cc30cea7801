#include "introspect/analyses/growth_types.h"

#include <stdlib.h>
#include <string.h>

/* ---- counts ---------------------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right) {
    return strcmp(((const struct type_count *)left)->name,
                  ((const struct type_count *)right)->name);
}

/* Makes one of those that follow each other with one name. */
static void merge_names(struct type_counts *counts) {
    size_t kept = 0;
    for (size_t i = 0; i < counts->count; i++) {
        struct type_count *last = kept ? &counts->items[kept - 1] : NULL;
        if (last && !strcmp(last->name, counts->items[i].name)) {
            last->objects += counts->items[i].objects;
            last->footprint += counts->items[i].footprint;
        } else {
            counts->items[kept++] = counts->items[i];
        }
    }
    counts->count = kept;
}

struct err *type_counts_collect(const struct heap *heap, struct type_counts *ret) {
    *ret = (struct type_counts){.items = calloc(heap_type_count(heap) + 1, sizeof *ret->items)};
    if (!ret->items)
        return err_no_memory();
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        const struct heap_sums *sums = heap_type_sums(heap, i);
        if (!sums->objects)
            continue;
        const char *name = arena_strdup(&ret->names, heap_type_by_id(heap, i)->name);
        if (!name) {
            type_counts_free(ret);
            return err_no_memory();
        }
        ret->items[ret->count++] = (struct type_count){name, sums->objects, sums->footprint};
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, compare_names);
    merge_names(ret);
    return NULL;
}

struct err *type_counts_end_round(const struct type_counts *counts, struct series *series) {
    for (size_t i = 0; i < counts->count; i++) {
        const struct type_count *type = &counts->items[i];
        TRY(series_set(series, type->name, type->objects, type->footprint));
    }
    return series_end(series, true);
}

void type_counts_free(struct type_counts *counts) {
    free(counts->items);
    arena_clear(&counts->names);
    *counts = (struct type_counts){0};
}

/* ---- changes --------------------------------------------------------------------------------- */

static int compare_growth(uint64_t before_left, uint64_t after_left, uint64_t before_right,
                          uint64_t after_right) {
    int64_t left = (int64_t)(after_left - before_left);
    int64_t right = (int64_t)(after_right - before_right);
    return left > right ? -1 : left < right;
}

static int compare_changes(const void *left, const void *right) {
    const struct type_change *a = left, *b = right;
    int order = compare_growth(a->footprint_before, a->footprint_after, b->footprint_before,
                               b->footprint_after);
    if (!order)
        order = compare_growth(a->objects_before, a->objects_after, b->objects_before,
                               b->objects_after);
    return order ? order : strcmp(a->name, b->name);
}

static struct type_change change_of(const struct type_count *before,
                                    const struct type_count *after) {
    struct type_change change = {.name = after ? after->name : before->name};
    if (before) {
        change.objects_before = before->objects;
        change.footprint_before = before->footprint;
    }
    if (after) {
        change.objects_after = after->objects;
        change.footprint_after = after->footprint;
    }
    return change;
}

static void count_changes(struct type_changes *changes) {
    for (size_t i = 0; i < changes->count; i++) {
        const struct type_change *change = &changes->items[i];
        bool equal = change->footprint_after == change->footprint_before;
        changes->changed += !equal || change->objects_after != change->objects_before;
        changes->grown += equal ? change->objects_after > change->objects_before
                                : change->footprint_after > change->footprint_before;
    }
}

struct err *type_changes_find(const struct type_counts *before, const struct type_counts *after,
                              struct type_changes *ret) {
    *ret = (struct type_changes){.items =
                                     calloc(before->count + after->count + 1, sizeof *ret->items)};
    if (!ret->items)
        return err_no_memory();
    for (size_t i = 0, j = 0; i < before->count || j < after->count;) {
        const struct type_count *old = i < before->count ? &before->items[i] : NULL;
        const struct type_count *new = j < after->count ? &after->items[j] : NULL;
        int order = !old ? 1 : !new ? -1 : strcmp(old->name, new->name);
        ret->items[ret->count++] = change_of(order <= 0 ? old : NULL, order >= 0 ? new : NULL);
        i += order <= 0;
        j += order >= 0;
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, compare_changes);
    count_changes(ret);
    return NULL;
}

void type_changes_free(struct type_changes *changes) {
    free(changes->items);
    *changes = (struct type_changes){0};
}

/* ---- table ----------------------------------------------------------------------------------- */

enum {
    TYPE,
    BEFORE,
    AFTER,
    DELTA,
    FOOTPRINT_BEFORE,
    FOOTPRINT_AFTER,
    FOOTPRINT_DELTA,
    COLUMNS,
};

static const struct column columns[COLUMNS] = {
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [BEFORE] = {"before", "BEFORE", VALUE_COUNT, 0},
    [AFTER] = {"after", "AFTER", VALUE_COUNT, 0},
    [DELTA] = {"delta", "GROWTH", VALUE_CHANGE, 0},
    [FOOTPRINT_BEFORE] = {"footprint_before", "", VALUE_BYTES, COLUMN_DATA},
    [FOOTPRINT_AFTER] = {"footprint_after", "", VALUE_BYTES, COLUMN_DATA},
    [FOOTPRINT_DELTA] = {"footprint_delta", "FOOTPRINT", VALUE_CHANGE_BYTES, 0},
};

static bool next(void *context, struct value *cells) {
    struct type_change_rows *rows = context;
    if (rows->next >= rows->changes->count || rows->next >= rows->limit)
        return false;
    const struct type_change *change = &rows->changes->items[rows->next++];
    cells[TYPE] = value_text(change->name);
    cells[BEFORE] = value_count(change->objects_before);
    cells[AFTER] = value_count(change->objects_after);
    cells[DELTA] = value_change((int64_t)(change->objects_after - change->objects_before));
    cells[FOOTPRINT_BEFORE] = value_bytes(change->footprint_before);
    cells[FOOTPRINT_AFTER] = value_bytes(change->footprint_after);
    cells[FOOTPRINT_DELTA] =
        value_change_bytes((int64_t)(change->footprint_after - change->footprint_before));
    return true;
}

void type_change_rows_open(struct type_change_rows *rows, const struct type_changes *changes,
                           size_t limit) {
    *rows = (struct type_change_rows){.changes = changes, .limit = limit};
    rows->table = (struct table){columns, COLUMNS, next, rows};
}
