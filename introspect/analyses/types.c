#include "introspect/analyses/types.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err *types_collect(const struct heap *heap, struct types *ret) {
    *ret = (struct types){.heap = heap};
    uint32_t type_count = heap_type_count(heap);
    ret->rows = calloc(type_count + 1, sizeof *ret->rows);
    if (!ret->rows)
        return err_no_memory();
    for (uint32_t id = 0; id < type_count; id++) {
        const struct heap_sums *sums = heap_type_sums(heap, id);
        if (sums->objects)
            ret->rows[ret->count++] = (struct type_sums){.type = heap_type_by_id(heap, id),
                                                         .objects = sums->objects,
                                                         .size = sums->size,
                                                         .footprint = sums->footprint,
                                                         .unreachable = sums->unreachable};
    }
    return types_sort(ret, "footprint");
}

struct err *interpreter_check(const struct heap *heap, int64_t interpreter) {
    struct strbuf ids = {0};
    for (size_t i = 0; i < heap_interpreter_count(heap); i++) {
        int64_t id = heap_interpreter_id(heap, i);
        if (id == interpreter) {
            strbuf_free(&ids);
            return NULL;
        }
        strbuf_printf(&ids, "%s%lld", i ? ", " : "", (long long)id);
    }
    struct err *err = err_new(ERR_USAGE, "there is no interpreter %lld in it: those are %s",
                              (long long)interpreter, strbuf_text(&ids));
    strbuf_free(&ids);
    return err;
}

struct err *types_collect_of(const struct heap *heap, int64_t interpreter, struct types *ret) {
    *ret = (struct types){.heap = heap};
    TRY(interpreter_check(heap, interpreter));
    uint32_t type_count = heap_type_count(heap);
    ret->rows = calloc(type_count + 1, sizeof *ret->rows);
    if (!ret->rows)
        return err_no_memory();
    for (uint32_t id = 0; id < heap_count(heap); id++) {
        if (heap_interpreter(heap, id) != interpreter)
            continue;
        struct type_sums *row = &ret->rows[heap_type(heap, id)->id];
        row->type = heap_type(heap, id);
        row->objects++;
        row->size += heap_size(heap, id);
        row->footprint += heap_footprint(heap, id);
        row->unreachable += !(heap_flags(heap, id) & OBJECT_REACHABLE);
    }
    for (uint32_t i = 0; i < type_count; i++) {
        if (ret->rows[i].objects)
            ret->rows[ret->count++] = ret->rows[i];
    }
    return types_sort(ret, "footprint");
}

void types_free(struct types *types) {
    free(types->rows);
    *types = (struct types){0};
}

static uint32_t type_of(const void *context, uint32_t id) {
    return heap_type(context, id)->id;
}

struct err *types_add_retained(struct types *types, const struct dominators *dominators) {
    uint32_t count = heap_type_count(types->heap);
    uint64_t *retained = calloc((size_t)count + 1, sizeof *retained);
    struct err *err =
        retained ? dominators_retained_by_group(dominators, type_of, types->heap, count, retained)
                 : err_no_memory();
    for (size_t i = 0; i < types->count && !err; i++)
        types->rows[i].retained = retained[types->rows[i].type->id];
    types->has_retained = !err;
    free(retained);
    return err;
}

/* ---- order ----------------------------------------------------------------------------------- */

static const struct {
    const char *key;
    size_t offset;
} sort_keys[] = {
    {"objects", offsetof(struct type_sums, objects)},
    {"size", offsetof(struct type_sums, size)},
    {"footprint", offsetof(struct type_sums, footprint)},
    {"retained", offsetof(struct type_sums, retained)},
    {"unreachable", offsetof(struct type_sums, unreachable)},
    {"type", SIZE_MAX},
};

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_rows(const void *left, const void *right, void *context) {
    const struct type_sums *a = left, *b = right;
    size_t offset = *(const size_t *)context;
    int order = 0;
    if (offset != SIZE_MAX) {
        order = compare_numbers(*(const uint64_t *)((const char *)b + offset),
                                *(const uint64_t *)((const char *)a + offset));
        if (!order)
            order = compare_numbers(b->footprint, a->footprint);
    }
    if (!order)
        order = strcmp(a->type->name, b->type->name);
    return order ? order : compare_numbers(a->type->address, b->type->address);
}

struct err *types_sort(struct types *types, const char *key) {
    for (size_t i = 0; i < sizeof sort_keys / sizeof *sort_keys; i++) {
        if (!strcmp(sort_keys[i].key, key)) {
            size_t offset = sort_keys[i].offset;
            if (types->count)
                qsort_r(types->rows, types->count, sizeof *types->rows, compare_rows, &offset);
            return NULL;
        }
    }
    return err_new(ERR_USAGE,
                   "can't sort types by '%s': objects, size, footprint, retained, unreachable or "
                   "type",
                   key);
}

/* ---- table ----------------------------------------------------------------------------------- */

enum { TYPE, NAME, TYPE_ADDRESS, OBJECTS, SIZE, FOOTPRINT, RETAINED, UNREACHABLE, SHARE };

static const struct column columns[TYPES_COLUMNS] = {
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_DATA},
    [NAME] = {"name", "TYPE", VALUE_TEXT, COLUMN_SCREEN | COLUMN_SHRINKS},
    [TYPE_ADDRESS] = {"type_address", "ADDRESS", VALUE_ADDRESS, COLUMN_DATA},
    [OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
    [SIZE] = {"size", "SIZE", VALUE_BYTES, COLUMN_DATA},
    [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
    [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, COLUMN_SCREEN | COLUMN_DATA}, /* nowhere */
    [UNREACHABLE] = {"unreachable", "UNREACHABLE", VALUE_COUNT, COLUMN_DATA},
    [SHARE] = {"share", "SHARE", VALUE_SHARE, COLUMN_SCREEN},
};

/* A name that several of the listed types have does not tell which one is meant. */
static const char *screen_name(struct types_cursor *cursor, const struct type *type) {
    const struct types *types = cursor->types;
    for (size_t i = 0; i < types->count; i++) {
        const struct type *other = types->rows[i].type;
        if (other == type || strcmp(other->name, type->name) != 0)
            continue;
        free(cursor->name);
        if (asprintf(&cursor->name, "%s @ %#llx", type->name, (unsigned long long)type->address) <
            0)
            cursor->name = NULL;
        return cursor->name ? cursor->name : type->name;
    }
    return type->name;
}

static bool types_next(void *context, struct value *cells) {
    struct types_cursor *cursor = context;
    if (cursor->next >= cursor->types->count || cursor->next >= cursor->limit)
        return false;
    const struct type_sums *row = &cursor->types->rows[cursor->next++];
    cells[TYPE] = value_text(row->type->name);
    cells[NAME] = value_text(screen_name(cursor, row->type));
    cells[TYPE_ADDRESS] = value_address(row->type->address);
    cells[OBJECTS] = value_count(row->objects);
    cells[SIZE] = value_bytes(row->size);
    cells[FOOTPRINT] = value_bytes(row->footprint);
    cells[RETAINED] = cursor->types->has_retained ? value_bytes(row->retained) : value_none();
    cells[UNREACHABLE] = value_count(row->unreachable);
    cells[SHARE] = value_share(row->footprint, cursor->whole);
    return true;
}

void types_cursor_open(struct types_cursor *cursor, const struct types *types, size_t limit,
                       const char *sort) {
    *cursor = (struct types_cursor){.types = types, .limit = limit};
    memcpy(cursor->columns, columns, sizeof columns);
    if (!strcmp(sort, "size"))
        cursor->columns[SIZE].flags = 0;
    if (types->has_retained)
        cursor->columns[RETAINED].flags = 0;
    if (!strcmp(sort, "unreachable"))
        cursor->columns[UNREACHABLE].flags = 0;
    for (size_t i = 0; i < types->count; i++)
        cursor->whole += types->rows[i].footprint;
    cursor->table = (struct table){cursor->columns, TYPES_COLUMNS, types_next, cursor};
}

void types_cursor_close(struct types_cursor *cursor) {
    free(cursor->name);
    cursor->name = NULL;
}
