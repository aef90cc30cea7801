#include "introspect/analyses/hidden_growth.h"

#include "introspect/analyses/audit.h"

#include <stdlib.h>
#include <string.h>

/* ---- counts ---------------------------------------------------------------------------------- */

static int compare_counts(const void *left, const void *right) {
    const struct hidden_count *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return strcmp(a->type, b->type);
}

static void sort_counts(struct hidden_count *counts, size_t *count) {
    size_t kept = 0;
    if (*count)
        qsort(counts, *count, sizeof *counts, compare_counts);
    for (size_t i = 0; i < *count; i++) {
        struct hidden_count *last = kept ? &counts[kept - 1] : NULL;
        if (last && !compare_counts(last, &counts[i])) {
            last->objects += counts[i].objects;
            last->hidden += counts[i].hidden;
            last->unexplained += counts[i].unexplained;
        } else {
            counts[kept++] = counts[i];
        }
    }
    *count = kept;
}

static struct err *keep(const struct audit *audit, struct hidden_counts *ret) {
    const struct audit_part *part = &audit->hidden;
    const struct heap *heap = audit->graph->heap;
    const char **names = calloc((size_t)heap_type_count(heap) + 1, sizeof *names);
    bool fine = names;
    ret->types = calloc(part->type_count + 1, sizeof *ret->types);
    ret->objects = calloc(part->object_count + 1, sizeof *ret->objects);
    fine = fine && ret->types && ret->objects;
    for (size_t i = 0; fine && i < part->type_count; i++) {
        const struct audit_type *type = &part->types[i];
        const char *name = arena_strdup(&ret->names, type->type->name);
        fine = name;
        names[type->type->id] = name;
        ret->types[ret->type_count++] = (struct hidden_count){
            name, 0, type->objects, (uint64_t)type->hidden, type->by[AUDIT_UNEXPLAINED]};
    }
    for (size_t i = 0; fine && i < part->object_count; i++) {
        const struct audit_object *object = &part->objects[i];
        ret->objects[ret->object_count++] = (struct hidden_count){
            names[heap_type(heap, object->id)->id], heap_address(heap, object->id), 1,
            (uint64_t)object->hidden, object->unexplained};
    }
    free(names);
    return fine ? NULL : err_no_memory();
}

struct err *hidden_counts_collect(const struct graph *graph, const volatile int *cancel,
                                  struct hidden_counts *ret) {
    struct audit audit = {0};
    *ret = (struct hidden_counts){0};
    struct err *err = audit_collect(graph, NULL, SIZE_MAX, cancel, &audit);
    if (!err)
        err = keep(&audit, ret);
    audit_free(&audit);
    if (err) {
        hidden_counts_free(ret);
        return err;
    }
    sort_counts(ret->types, &ret->type_count);
    sort_counts(ret->objects, &ret->object_count);
    return NULL;
}

void hidden_counts_free(struct hidden_counts *counts) {
    free(counts->types);
    free(counts->objects);
    arena_clear(&counts->names);
    *counts = (struct hidden_counts){0};
}

/* ---- changes --------------------------------------------------------------------------------- */

static int64_t more_unexplained(const struct hidden_change *change) {
    return (int64_t)(change->after.unexplained - change->before.unexplained);
}

static int64_t more_hidden(const struct hidden_change *change) {
    return (int64_t)(change->after.hidden - change->before.hidden);
}

static int compare_changes(const void *left, const void *right) {
    const struct hidden_change *a = left, *b = right;
    if (more_unexplained(a) != more_unexplained(b))
        return more_unexplained(a) > more_unexplained(b) ? -1 : 1;
    if (more_hidden(a) != more_hidden(b))
        return more_hidden(a) > more_hidden(b) ? -1 : 1;
    return compare_counts(&a->after, &b->after);
}

/* Of two sorted lists, what has more in the second one. */
static struct err *find(const struct hidden_count *before, size_t before_count,
                        const struct hidden_count *after, size_t after_count,
                        struct hidden_change **ret, size_t *count) {
    *ret = calloc(after_count + 1, sizeof **ret);
    *count = 0;
    if (!*ret)
        return err_no_memory();
    for (size_t i = 0, j = 0; j < after_count; j++) {
        while (i < before_count && compare_counts(&before[i], &after[j]) < 0)
            i++;
        bool both = i < before_count && !compare_counts(&before[i], &after[j]);
        struct hidden_change change = {.after = after[j]};
        if (both)
            change.before = before[i];
        if (change.after.hidden > change.before.hidden)
            (*ret)[(*count)++] = change;
    }
    if (*count)
        qsort(*ret, *count, sizeof **ret, compare_changes);
    return NULL;
}

struct err *hidden_changes_find(const struct hidden_counts *before,
                                const struct hidden_counts *after, bool objects,
                                struct hidden_changes *ret) {
    *ret = (struct hidden_changes){0};
    struct err *err = find(before->types, before->type_count, after->types, after->type_count,
                           &ret->types, &ret->type_count);
    if (!err && objects)
        err = find(before->objects, before->object_count, after->objects, after->object_count,
                   &ret->objects, &ret->object_count);
    if (err)
        hidden_changes_free(ret);
    return err;
}

void hidden_changes_free(struct hidden_changes *changes) {
    free(changes->types);
    free(changes->objects);
    *changes = (struct hidden_changes){0};
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Those of a type; an object has ADDRESS instead of the last two. */
enum {
    TYPE,
    BEFORE,
    AFTER,
    DELTA,
    UNEXPLAINED_BEFORE,
    UNEXPLAINED_AFTER,
    UNEXPLAINED_DELTA,
    OBJECTS_BEFORE,
    OBJECTS_AFTER,
    COLUMNS,
    ADDRESS = OBJECTS_BEFORE,
    OBJECT_COLUMNS,
};

static const struct column type_columns[COLUMNS] = {
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [BEFORE] = {"before", "BEFORE", VALUE_COUNT, 0},
    [AFTER] = {"after", "AFTER", VALUE_COUNT, 0},
    [DELTA] = {"delta", "HIDDEN", VALUE_CHANGE, 0},
    [UNEXPLAINED_BEFORE] = {"unexplained_before", "", VALUE_COUNT, COLUMN_DATA},
    [UNEXPLAINED_AFTER] = {"unexplained_after", "", VALUE_COUNT, COLUMN_DATA},
    [UNEXPLAINED_DELTA] = {"unexplained_delta", "UNEXPLAINED", VALUE_CHANGE, 0},
    [OBJECTS_BEFORE] = {"objects_before", "", VALUE_COUNT, COLUMN_DATA},
    [OBJECTS_AFTER] = {"objects_after", "OBJECTS", VALUE_COUNT, 0},
};

static const struct column object_columns[OBJECT_COLUMNS] = {
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [BEFORE] = {"before", "BEFORE", VALUE_COUNT, 0},
    [AFTER] = {"after", "AFTER", VALUE_COUNT, 0},
    [DELTA] = {"delta", "HIDDEN", VALUE_CHANGE, 0},
    [UNEXPLAINED_BEFORE] = {"unexplained_before", "", VALUE_COUNT, COLUMN_DATA},
    [UNEXPLAINED_AFTER] = {"unexplained_after", "", VALUE_COUNT, COLUMN_DATA},
    [UNEXPLAINED_DELTA] = {"unexplained_delta", "UNEXPLAINED", VALUE_CHANGE, 0},
    [ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, 0},
};

static bool next(void *context, struct value *cells) {
    struct hidden_rows *rows = context;
    if (rows->next >= rows->count)
        return false;
    const struct hidden_change *change = &rows->changes[rows->next++];
    const struct hidden_count *before = &change->before, *after = &change->after;
    cells[TYPE] = value_text(after->type);
    cells[BEFORE] = value_count(before->hidden);
    cells[AFTER] = value_count(after->hidden);
    cells[DELTA] = value_change(more_hidden(change));
    cells[UNEXPLAINED_BEFORE] = value_count(before->unexplained);
    cells[UNEXPLAINED_AFTER] = value_count(after->unexplained);
    cells[UNEXPLAINED_DELTA] = value_change(more_unexplained(change));
    if (rows->objects) {
        cells[ADDRESS] = value_address(after->address);
    } else {
        cells[OBJECTS_BEFORE] = value_count(before->objects);
        cells[OBJECTS_AFTER] = value_count(after->objects);
    }
    return true;
}

void hidden_type_rows_open(struct hidden_rows *rows, const struct hidden_changes *changes,
                           size_t limit) {
    *rows = (struct hidden_rows){.changes = changes->types, .count = changes->type_count};
    if (rows->count > limit)
        rows->count = limit;
    rows->table = (struct table){type_columns, COLUMNS, next, rows};
}

void hidden_object_rows_open(struct hidden_rows *rows, const struct hidden_changes *changes,
                             size_t limit) {
    *rows = (struct hidden_rows){
        .changes = changes->objects, .count = changes->object_count, .objects = true};
    if (rows->count > limit)
        rows->count = limit;
    rows->table = (struct table){object_columns, OBJECT_COLUMNS, next, rows};
}
