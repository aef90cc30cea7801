#include "introspect/analyses/audit.h"

#include "base/cancel.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

enum { POLL = 1 << 16, SPARE = 4096, SHOWN_HOLDERS = 3 };

/* ---- one pass -------------------------------------------------------------------------------- */

/* One part as it grows. */
struct collecting {
    const struct graph *graph;
    uint64_t limit;
    struct audit_type *by_type; /* by type id */
    struct vec(struct audit_object) objects;
    bool failed;
};

/* Where the pass is in the lists that are sorted by object. */
struct position {
    size_t root, guess;
};

static enum audit_holder holder_of(enum root_kind kind) {
    switch (kind) {
    case ROOT_C_GLOBAL:
        return AUDIT_C_GLOBAL;
    case ROOT_C_MEMORY:
        return AUDIT_C_MEMORY;
    case ROOT_C_STACK:
    case ROOT_REGISTER:
        return AUDIT_C_STACK;
    default:
        return AUDIT_FRAME_STACK;
    }
}

/* All counted references to an object, and by whom those are that are guessed. */
static uint64_t count_references(const struct graph *graph, uint32_t id, struct position *at,
                                 uint64_t by[AUDIT_HOLDERS]) {
    uint64_t counted = 0, guesses = 0;
    struct graph_referrers referrers = graph_referrers(graph, id);
    for (size_t i = 0; i < referrers.count; i++)
        counted += (referrers.items[i] & REFERENCE_COUNTED) != 0;
    for (; at->guess < graph->guessed_count && graph->guessed[at->guess] == id; at->guess++)
        guesses++;
    for (; at->root < graph->roots.count && graph->roots.items[at->root].object == id; at->root++) {
        const struct root *root = &graph->roots.items[at->root].root;
        if (!(root->reference.properties & REFERENCE_COUNTED))
            continue;
        counted++;
        if (root->reference.properties & REFERENCE_GUESSED && guesses) {
            by[holder_of(root->kind)]++;
            guesses--;
        }
    }
    by[AUDIT_BODY] = guesses;
    return counted;
}

static int compare_objects(const void *left, const void *right, void *context) {
    const struct heap *heap = ((const struct graph *)context)->heap;
    const struct audit_object *a = left, *b = right;
    uint64_t most_a = (uint64_t)llabs(a->hidden), most_b = (uint64_t)llabs(b->hidden);
    if (a->unexplained != b->unexplained)
        return a->unexplained > b->unexplained ? -1 : 1;
    if (most_a != most_b)
        return most_a > most_b ? -1 : 1;
    uint64_t size_a = heap_footprint(heap, a->id), size_b = heap_footprint(heap, b->id);
    if (size_a != size_b)
        return size_a > size_b ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void sort_objects(struct collecting *part) {
    if (part->objects.count)
        qsort_r(part->objects.items, part->objects.count, sizeof *part->objects.items,
                compare_objects, (void *)part->graph);
    if (part->objects.count > part->limit)
        part->objects.count = part->limit;
}

static void take(struct collecting *part, const struct audit_object *object,
                 const uint64_t by[AUDIT_HOLDERS]) {
    const struct heap *heap = part->graph->heap;
    const struct type *type = heap_type(heap, object->id);
    struct audit_type *sums = &part->by_type[type->id];
    sums->type = type;
    sums->objects++;
    sums->hidden += object->hidden;
    for (size_t i = 0; i < AUDIT_HOLDERS; i++)
        sums->by[i] += by[i];
    sums->guessed_objects += object->hidden > (int64_t)object->unexplained;
    if (object->unexplained) {
        sums->unexplained_objects++;
        sums->unreachable += !(heap_flags(heap, object->id) & OBJECT_REACHABLE);
    }
    part->failed |= !vec_push(&part->objects, *object);
    if (part->limit < SIZE_MAX / 8 && part->objects.count >= part->limit * 4 + SPARE)
        sort_objects(part);
}

static void audit_object(struct collecting *hidden, struct collecting *overcounted, uint32_t id,
                         struct position *at) {
    const struct graph *graph = hidden->graph;
    uint64_t by[AUDIT_HOLDERS] = {0}, guesses = 0;
    uint64_t counted = count_references(graph, id, at, by);
    if (!refcount_tells(graph->heap, id))
        return;
    counted += (heap_flags(graph->heap, id) & OBJECT_STATIC) != 0;
    for (size_t i = 0; i < AUDIT_HOLDERS; i++)
        guesses += by[i];
    struct audit_object object = {.id = id, .found = counted - guesses};
    object.hidden = (int64_t)(heap_refcount(graph->heap, id) - object.found);
    if (object.hidden > 0 && (uint64_t)object.hidden > guesses)
        by[AUDIT_UNEXPLAINED] = object.unexplained = (uint64_t)object.hidden - guesses;
    if (object.hidden)
        take(object.hidden > 0 ? hidden : overcounted, &object, by);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int compare_types(const void *left, const void *right) {
    const struct audit_type *a = left, *b = right;
    if (a->by[AUDIT_UNEXPLAINED] != b->by[AUDIT_UNEXPLAINED])
        return a->by[AUDIT_UNEXPLAINED] > b->by[AUDIT_UNEXPLAINED] ? -1 : 1;
    if (a->hidden != b->hidden)
        return llabs(a->hidden) > llabs(b->hidden) ? -1 : 1;
    int order = strcmp(a->type->name, b->type->name);
    return order ? order : a->type->address < b->type->address ? -1 : 1;
}

/* What was collected becomes the answer's. */
static void finish(struct collecting *collecting, struct audit_part *part) {
    uint32_t types = heap_type_count(collecting->graph->heap);
    sort_objects(collecting);
    *part = (struct audit_part){.types = collecting->by_type,
                                .objects = collecting->objects.items,
                                .object_count = collecting->objects.count};
    for (uint32_t i = 0; i < types; i++) {
        const struct audit_type type = part->types[i];
        if (!type.objects)
            continue;
        part->all_objects += type.objects;
        part->unexplained_objects += type.unexplained_objects;
        part->guessed_objects += type.guessed_objects;
        part->unexplained += type.by[AUDIT_UNEXPLAINED];
        part->hidden += type.hidden;
        part->types[part->type_count++] = type;
    }
    if (part->type_count)
        qsort(part->types, part->type_count, sizeof *part->types, compare_types);
}

static struct err *audit_all(struct collecting *hidden, struct collecting *overcounted,
                             const bool *wanted, const volatile int *cancel) {
    const struct graph *graph = hidden->graph;
    struct position at = {0};
    for (uint32_t id = 0; id < graph->object_count; id++) {
        if (id % POLL == 0)
            TRY(cancel_check(cancel));
        while (at.root < graph->roots.count && graph->roots.items[at.root].object < id)
            at.root++;
        while (at.guess < graph->guessed_count && graph->guessed[at.guess] < id)
            at.guess++;
        if (!wanted || wanted[heap_type(graph->heap, id)->id])
            audit_object(hidden, overcounted, id, &at);
    }
    return hidden->failed || overcounted->failed ? err_no_memory() : NULL;
}

struct err *audit_collect(const struct graph *graph, const bool *wanted, size_t limit,
                          const volatile int *cancel, struct audit *ret) {
    uint32_t types = heap_type_count(graph->heap);
    struct collecting hidden = {.graph = graph, .limit = limit}, overcounted = hidden;
    hidden.by_type = calloc(types + 1, sizeof *hidden.by_type);
    overcounted.by_type = calloc(types + 1, sizeof *overcounted.by_type);
    struct err *err = hidden.by_type && overcounted.by_type
                          ? audit_all(&hidden, &overcounted, wanted, cancel)
                          : err_no_memory();
    *ret = (struct audit){.graph = graph};
    if (!err) {
        finish(&hidden, &ret->hidden);
        finish(&overcounted, &ret->overcounted);
        return NULL;
    }
    free(hidden.by_type);
    free(overcounted.by_type);
    vec_free(&hidden.objects);
    vec_free(&overcounted.objects);
    return err;
}

void audit_free(struct audit *audit) {
    struct audit_part *parts[] = {&audit->hidden, &audit->overcounted};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        free(parts[i]->types);
        free(parts[i]->objects);
        *parts[i] = (struct audit_part){0};
    }
}

/* ---- who may hold them ----------------------------------------------------------------------- */

static void add_separator(struct strbuf *out) {
    if (out->length)
        strbuf_puts(out, ", ");
}

void audit_say_unexplained(const struct audit_type *type, struct strbuf *out) {
    uint64_t reachable = type->unexplained_objects - type->unreachable;
    if (type->by[AUDIT_UNEXPLAINED] == type->unexplained_objects)
        strbuf_puts(out, "1 each; ");
    if (!reachable)
        strbuf_puts(out, "reachable from nothing");
    else if (!type->unreachable)
        strbuf_puts(out, "others hold them, too");
    else
        strbuf_printf(out, "%llu reachable from nothing", (unsigned long long)type->unreachable);
}

void audit_say_guesses(const struct audit_type *type, struct strbuf *out) {
    static const char *const names[AUDIT_HOLDERS] = {
        [AUDIT_FRAME_STACK] = "stack of a running frame",
        [AUDIT_BODY] = "module state, C structure",
        [AUDIT_C_GLOBAL] = "C global",
        [AUDIT_C_MEMORY] = "C memory",
        [AUDIT_C_STACK] = "C stack",
    };
    for (unsigned i = AUDIT_UNEXPLAINED + 1; i < AUDIT_HOLDERS; i++) {
        if (!type->by[i])
            continue;
        add_separator(out);
        strbuf_puts(out, names[i]);
        if (type->by[i] + type->by[AUDIT_UNEXPLAINED] != (uint64_t)type->hidden)
            strbuf_printf(out, " %llu", (unsigned long long)type->by[i]);
    }
}

/* Whether object `owner` has a guessed reference to `target` that is believed. */
static bool guesses_at(const struct graph *graph, uint32_t owner, uint32_t target) {
    struct graph_references references = graph_references(graph, owner);
    for (size_t i = 0; i < references.count; i++) {
        const unsigned both = REFERENCE_GUESSED | REFERENCE_COUNTED;
        if (references.targets[i] == target && (references.properties[i] & both) == both)
            return true;
    }
    return false;
}

void audit_say_holders(const struct graph *graph, const struct audit_object *object,
                       struct strbuf *out) {
    uint64_t left = object->hidden > 0 ? (uint64_t)object->hidden - object->unexplained : 0;
    unsigned shown = 0;
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, object->id, &count);
    for (size_t i = 0; i < count && left && shown < SHOWN_HOLDERS; i++) {
        if (!(roots[i].root.reference.properties & REFERENCE_GUESSED))
            continue;
        add_separator(out);
        root_name(graph->heap, &roots[i].root, out);
        left--;
        shown++;
    }
    struct graph_referrers referrers = graph_referrers(graph, object->id);
    for (size_t i = 0; i < referrers.count && left && shown < SHOWN_HOLDERS; i++) {
        uint32_t owner = referrer_id(referrers.items[i]);
        if (!(referrers.items[i] & REFERENCE_COUNTED) || !guesses_at(graph, owner, object->id))
            continue;
        add_separator(out);
        strbuf_printf(out, "%s at %#llx", heap_type(graph->heap, owner)->name,
                      (unsigned long long)heap_address(graph->heap, owner));
        left--;
        shown++;
    }
    if (left)
        strbuf_printf(out, ", and %llu more", (unsigned long long)left);
}

/* ---- tables ---------------------------------------------------------------------------------- */

enum {
    TYPE,
    TYPE_ADDRESS,
    TYPE_OBJECTS,
    TYPE_HIDDEN,
    TYPE_UNEXPLAINED, /* from here on as in enum audit_holder */
    TYPE_FRAME_STACK,
    TYPE_BODY,
    TYPE_C_GLOBAL,
    TYPE_C_MEMORY,
    TYPE_C_STACK,
    TYPE_UNEXPLAINED_OBJECTS,
    TYPE_UNREACHABLE,
    TYPE_COLUMNS,
};

static const struct column type_columns[TYPE_COLUMNS] = {
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [TYPE_ADDRESS] = {"type_address", "ADDRESS", VALUE_ADDRESS, COLUMN_DATA},
    [TYPE_OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
    [TYPE_HIDDEN] = {"hidden", "HIDDEN", VALUE_SIGNED, 0},
    [TYPE_UNEXPLAINED] = {"unexplained", "UNEXPLAINED", VALUE_COUNT, COLUMN_DATA},
    [TYPE_FRAME_STACK] = {"frame_stack", "FRAME STACK", VALUE_COUNT, COLUMN_DATA},
    [TYPE_BODY] = {"unknown_body", "UNKNOWN BODY", VALUE_COUNT, COLUMN_DATA},
    [TYPE_C_GLOBAL] = {"c_global", "C GLOBAL", VALUE_COUNT, COLUMN_DATA},
    [TYPE_C_MEMORY] = {"c_memory", "C MEMORY", VALUE_COUNT, COLUMN_DATA},
    [TYPE_C_STACK] = {"c_stack", "C STACK", VALUE_COUNT, COLUMN_DATA},
    [TYPE_UNEXPLAINED_OBJECTS] = {"unexplained_objects", "OBJECTS", VALUE_COUNT, COLUMN_DATA},
    [TYPE_UNREACHABLE] = {"unreachable", "UNREACHABLE", VALUE_COUNT, COLUMN_DATA},
};

static bool types_next(void *context, struct value *cells) {
    struct audit_rows *rows = context;
    if (rows->next >= rows->part->type_count || rows->next >= rows->limit)
        return false;
    const struct audit_type *row = &rows->part->types[rows->next++];
    cells[TYPE] = value_text(row->type->name);
    cells[TYPE_ADDRESS] = value_address(row->type->address);
    cells[TYPE_OBJECTS] = value_count(row->objects);
    cells[TYPE_HIDDEN] = value_signed(row->hidden);
    for (unsigned i = 0; i < AUDIT_HOLDERS; i++)
        cells[TYPE_UNEXPLAINED + i] = value_count(row->by[i]);
    cells[TYPE_UNEXPLAINED_OBJECTS] = value_count(row->unexplained_objects);
    cells[TYPE_UNREACHABLE] = value_count(row->unreachable);
    return true;
}

enum { SHOWN_TYPE, SHOWN_OBJECTS, SHOWN_HIDDEN, SHOWN_WHO, SHOWN_COLUMNS };

static const struct column unexplained_columns[SHOWN_COLUMNS] = {
    [SHOWN_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [SHOWN_OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
    [SHOWN_HIDDEN] = {"hidden", "HIDDEN REFERENCES", VALUE_COUNT, 0},
    [SHOWN_WHO] = {"known", "", VALUE_TEXT, COLUMN_TAIL},
};

static const struct column guessed_columns[SHOWN_COLUMNS] = {
    [SHOWN_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [SHOWN_OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
    [SHOWN_HIDDEN] = {"hidden", "HIDDEN", VALUE_COUNT, 0},
    [SHOWN_WHO] = {"holders", "MAY BE IN (GUESSED)", VALUE_TEXT, COLUMN_TAIL},
};

static bool unexplained_next(void *context, struct value *cells) {
    struct audit_rows *rows = context;
    const struct audit_type *row = &rows->part->types[rows->next];
    if (rows->next >= rows->part->type_count || rows->next >= rows->limit ||
        !row->by[AUDIT_UNEXPLAINED])
        return false;
    rows->next++;
    strbuf_clear(&rows->holder);
    audit_say_unexplained(row, &rows->holder);
    cells[SHOWN_TYPE] = value_text(row->type->name);
    cells[SHOWN_OBJECTS] = value_count(row->unexplained_objects);
    cells[SHOWN_HIDDEN] = value_count(row->by[AUDIT_UNEXPLAINED]);
    cells[SHOWN_WHO] = value_text(strbuf_text(&rows->holder));
    return true;
}

static bool guessed_next(void *context, struct value *cells) {
    struct audit_rows *rows = context;
    const struct audit_part *part = rows->part;
    while (rows->next < part->type_count && part->types[rows->next].by[AUDIT_UNEXPLAINED] ==
                                                (uint64_t)part->types[rows->next].hidden)
        rows->next++;
    if (rows->next >= part->type_count || !rows->limit)
        return false;
    const struct audit_type *row = &part->types[rows->next++];
    rows->limit--;
    strbuf_clear(&rows->holder);
    audit_say_guesses(row, &rows->holder);
    cells[SHOWN_TYPE] = value_text(row->type->name);
    cells[SHOWN_OBJECTS] = value_count(row->guessed_objects);
    cells[SHOWN_HIDDEN] = value_count((uint64_t)row->hidden - row->by[AUDIT_UNEXPLAINED]);
    cells[SHOWN_WHO] = value_text(strbuf_text(&rows->holder));
    return true;
}

enum {
    OBJECT_ADDRESS,
    OBJECT_TYPE,
    OBJECT_REFCOUNT,
    OBJECT_FOUND,
    OBJECT_HIDDEN,
    OBJECT_UNEXPLAINED,
    OBJECT_REACHED,
    OBJECT_FOOTPRINT,
    OBJECT_HOLDERS,
    OBJECT_VALUE,
};

static const struct column object_columns[AUDIT_OBJECT_COLUMNS] = {
    [OBJECT_ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, 0},
    [OBJECT_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [OBJECT_REFCOUNT] = {"refcount", "REFCOUNT", VALUE_COUNT, 0},
    [OBJECT_FOUND] = {"found", "FOUND", VALUE_COUNT, 0},
    [OBJECT_HIDDEN] = {"hidden", "HIDDEN", VALUE_SIGNED, COLUMN_DATA},
    [OBJECT_UNEXPLAINED] = {"unexplained", "UNEXPLAINED", VALUE_COUNT, COLUMN_DATA},
    [OBJECT_REACHED] = {"reachable", "REACHABLE", VALUE_FLAG, COLUMN_DATA},
    [OBJECT_FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
    [OBJECT_HOLDERS] = {"holders", "MAY BE IN (GUESSED)", VALUE_TEXT, COLUMN_SHRINKS},
    [OBJECT_VALUE] = {"value", "VALUE", VALUE_TEXT, COLUMN_TAIL},
};

static bool objects_next(void *context, struct value *cells) {
    struct audit_rows *rows = context;
    const struct graph *graph = rows->audit->graph;
    const struct heap *heap = graph->heap;
    if (rows->next >= rows->part->object_count || rows->next >= rows->limit)
        return false;
    const struct audit_object *row = &rows->part->objects[rows->next++];
    strbuf_clear(&rows->holder);
    strbuf_clear(&rows->value);
    audit_say_holders(graph, row, &rows->holder);
    if (rows->values)
        heap_preview(heap, row->id, &rows->value);
    cells[OBJECT_ADDRESS] = value_address(heap_address(heap, row->id));
    cells[OBJECT_TYPE] = value_text(heap_type(heap, row->id)->name);
    cells[OBJECT_REFCOUNT] = value_count(heap_refcount(heap, row->id));
    cells[OBJECT_FOUND] = value_count(row->found);
    cells[OBJECT_HIDDEN] = value_signed(row->hidden);
    cells[OBJECT_UNEXPLAINED] = value_count(row->unexplained);
    cells[OBJECT_REACHED] = value_flag(heap_flags(heap, row->id) & OBJECT_REACHABLE);
    cells[OBJECT_FOOTPRINT] = value_bytes(heap_footprint(heap, row->id));
    cells[OBJECT_HOLDERS] =
        rows->holder.length ? value_text(strbuf_text(&rows->holder)) : value_none();
    cells[OBJECT_VALUE] = rows->value.length ? value_text(strbuf_text(&rows->value)) : value_none();
    return true;
}

static void open_rows(struct audit_rows *rows, const struct audit *audit,
                      const struct audit_part *part, size_t limit) {
    *rows = (struct audit_rows){.audit = audit, .part = part, .limit = limit};
}

void audit_types_open(struct audit_rows *rows, const struct audit *audit,
                      const struct audit_part *part, size_t limit) {
    open_rows(rows, audit, part, limit);
    rows->table = (struct table){type_columns, TYPE_COLUMNS, types_next, rows};
}

void audit_unexplained_open(struct audit_rows *rows, const struct audit *audit, size_t limit) {
    open_rows(rows, audit, &audit->hidden, limit);
    rows->table = (struct table){unexplained_columns, SHOWN_COLUMNS, unexplained_next, rows};
}

void audit_guessed_open(struct audit_rows *rows, const struct audit *audit, size_t limit) {
    open_rows(rows, audit, &audit->hidden, limit);
    rows->table = (struct table){guessed_columns, SHOWN_COLUMNS, guessed_next, rows};
}

void audit_objects_open(struct audit_rows *rows, const struct audit *audit,
                        const struct audit_part *part, size_t limit, bool values, bool holders) {
    open_rows(rows, audit, part, limit);
    rows->values = values;
    memcpy(rows->columns, object_columns, sizeof object_columns);
    rows->columns[holders ? OBJECT_FOOTPRINT : OBJECT_HOLDERS].flags |= COLUMN_DATA;
    rows->table = (struct table){rows->columns, AUDIT_OBJECT_COLUMNS, objects_next, rows};
}

void audit_rows_close(struct audit_rows *rows) {
    strbuf_free(&rows->holder);
    strbuf_free(&rows->value);
}
