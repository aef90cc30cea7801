#include "introspect/analyses/objects.h"

#include "base/cleanup.h"
#include "base/vec.h"
#include "introspect/analyses/types.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum {
    ADDRESS,
    TYPE,
    REFCOUNT,
    SCREEN_REFCOUNT,
    IMMORTAL,
    GC,
    SIZE,
    SIZE_EXACT,
    FOOTPRINT,
    RETAINED,
    INTERPRETER,
    REACHABLE,
    FOUND,
    GUESSED,
    VALUE,
    REFS,
    WEAKREFS,
    VISITS,  /* what tp_traverse visits though another object owns the reference */
    GUESSES, /* words that look like references */
    COLUMNS,
};

static const struct column columns[COLUMNS] = {
    [ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, 0},
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [REFCOUNT] = {"refcount", "REFCOUNT", VALUE_COUNT, COLUMN_DATA},
    [SCREEN_REFCOUNT] = {"screen_refcount", "REFCOUNT", VALUE_COUNT, COLUMN_SCREEN},
    [IMMORTAL] = {"immortal", "IMMORTAL", VALUE_FLAG, COLUMN_DATA},
    [GC] = {"gc", "GC", VALUE_TEXT, COLUMN_DATA},
    [SIZE] = {"size", "SIZE", VALUE_BYTES, COLUMN_DATA},
    [SIZE_EXACT] = {"size_exact", "EXACT", VALUE_FLAG, COLUMN_DATA},
    [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
    [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, COLUMN_SCREEN | COLUMN_DATA}, /* nowhere */
    [INTERPRETER] = {"interpreter", "INTERPRETER", VALUE_ID, COLUMN_DATA},
    [REACHABLE] = {"reachable", "REACHABLE", VALUE_FLAG, COLUMN_DATA},
    [FOUND] = {"found", "FOUND", VALUE_TEXT, COLUMN_DATA},
    [GUESSED] = {"guessed", "GUESSED", VALUE_FLAG, COLUMN_DATA},
    [VALUE] = {"value", "VALUE", VALUE_TEXT, COLUMN_SCREEN | COLUMN_TAIL},
    [REFS] = {"refs", "REFS", VALUE_ADDRESSES, COLUMN_DATA},
    [WEAKREFS] = {"weakrefs", "WEAKREFS", VALUE_ADDRESSES, COLUMN_DATA},
    [VISITS] = {"visits", "VISITS", VALUE_ADDRESSES, COLUMN_DATA},
    [GUESSES] = {"guesses", "GUESSES", VALUE_ADDRESSES, COLUMN_DATA},
};

struct sorted {
    uint64_t key;
    uint32_t id;
};

struct addresses vec(uint64_t);

struct objects {
    const struct heap *heap;
    struct objects_query query;
    struct table table;
    struct column columns[COLUMNS];
    bool *wanted; /* by type id; NULL: all */
    uint32_t next;
    uint64_t shown;
    struct vec(struct sorted) sorted; /* the ids in order, if they are sorted */
    bool is_sorted, failed;
    uint32_t *type_ranks; /* by type id: its place among all names; for sorting */
    struct strbuf value;
    struct addresses refs, weakrefs, visits, guesses;
};

const char *gc_state_name(enum gc_state state) {
    static const char *const names[] = {
        [GC_NONE] = "none", [GC_UNTRACKED] = "untracked", [GC_YOUNG] = "young",
        [GC_OLD] = "old",   [GC_PERMANENT] = "permanent",
    };
    return names[state];
}

const char *object_found_name(enum object_found found) {
    static const char *const names[] = {
        [FOUND_TRACKED] = "tracked",
        [FOUND_REACHABLE] = "reachable",
        [FOUND_ALLOCATOR] = "allocator",
    };
    return names[found];
}

/* ---- which types ----------------------------------------------------------------------------- */

static bool name_ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length > end_length && name[length - end_length - 1] == '.' &&
           !strcmp(name + length - end_length, end);
}

/* Marks the types whose name ends in the given one, if they have all the same name. */
static struct err *match_ends(const struct heap *heap, const char *name, bool *matches) {
    _cleanup_(strbuf_free) struct strbuf list = {0};
    const char *first = NULL;
    bool ambiguous = false;
    for (uint32_t id = 0; id < heap_type_count(heap); id++) {
        const struct type *type = heap_type_by_id(heap, id);
        if (!name_ends_with(type->name, name))
            continue;
        matches[id] = true;
        ambiguous |= first && strcmp(first, type->name) != 0;
        first = first ? first : type->name;
        if (list.length < 200)
            strbuf_printf(&list, "%s%s", list.length ? ", " : "", type->name);
        else if (list.text && list.text[list.length - 1] != '.')
            strbuf_puts(&list, ", ...");
    }
    if (!first)
        return err_new(ERR_USAGE, "no type is called '%s'; `heapglass top` lists the types", name);
    if (ambiguous)
        return err_new(ERR_USAGE, "'%s' is ambiguous: %s", name, strbuf_text(&list));
    return NULL;
}

struct err *types_matching(const struct heap *heap, const char *pattern, bool **ret) {
    _cleanup_(cleanup_free) bool *matches = calloc(heap_type_count(heap) + 1, sizeof *matches);
    if (!matches)
        return err_no_memory();
    bool any = false;
    for (uint32_t id = 0; id < heap_type_count(heap); id++) {
        matches[id] = !fnmatch(pattern, heap_type_by_id(heap, id)->name, FNM_NOESCAPE);
        any |= matches[id];
    }
    if (!any && !strpbrk(pattern, "*?["))
        TRY(match_ends(heap, pattern, matches));
    *ret = take_pointer(matches);
    return NULL;
}

/* ---- which objects --------------------------------------------------------------------------- */

static bool is_wanted(const struct objects *objects, uint32_t id) {
    if (objects->wanted && !objects->wanted[heap_type(objects->heap, id)->id])
        return false;
    if (objects->query.interpreter &&
        heap_interpreter(objects->heap, id) != *objects->query.interpreter)
        return false;
    return !objects->query.unreachable || !(heap_flags(objects->heap, id) & OBJECT_REACHABLE);
}

/* Least first. */
typedef uint64_t sort_key(const struct objects *objects, uint32_t id);

static uint64_t key_size(const struct objects *objects, uint32_t id) {
    return UINT64_MAX - heap_size(objects->heap, id);
}

static uint64_t key_footprint(const struct objects *objects, uint32_t id) {
    return UINT64_MAX - heap_footprint(objects->heap, id);
}

static uint64_t key_retained(const struct objects *objects, uint32_t id) {
    return UINT64_MAX - dominators_retained(objects->query.dominators, id);
}

static uint64_t key_refcount(const struct objects *objects, uint32_t id) {
    return UINT64_MAX - heap_refcount(objects->heap, id);
}

static uint64_t key_type(const struct objects *objects, uint32_t id) {
    return objects->type_ranks[heap_type(objects->heap, id)->id];
}

static const struct {
    const char *name;
    sort_key *key;
} sort_keys[] = {
    {"size", key_size},         {"footprint", key_footprint}, {"refcount", key_refcount},
    {"retained", key_retained}, {"type", key_type},
};

static int compare_sorted(const void *left, const void *right) {
    const struct sorted *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_type_names(const void *left, const void *right, void *context) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = strcmp(heap_type_by_id(context, a)->name, heap_type_by_id(context, b)->name);
    return order ? order : (a > b) - (a < b);
}

static struct err *rank_types(struct objects *objects) {
    uint32_t count = heap_type_count(objects->heap);
    _cleanup_(cleanup_free) uint32_t *ids = calloc(count + 1, sizeof *ids);
    objects->type_ranks = calloc(count + 1, sizeof *objects->type_ranks);
    if (!ids || !objects->type_ranks)
        return err_no_memory();
    for (uint32_t id = 0; id < count; id++)
        ids[id] = id;
    qsort_r(ids, count, sizeof *ids, compare_type_names, (void *)objects->heap);
    for (uint32_t rank = 0; rank < count; rank++)
        objects->type_ranks[ids[rank]] = rank;
    return NULL;
}

static void sort_ids(struct objects *objects) {
    qsort(objects->sorted.items, objects->sorted.count, sizeof *objects->sorted.items,
          compare_sorted);
    if (objects->query.limit && objects->sorted.count > objects->query.limit)
        objects->sorted.count = objects->query.limit;
}

/* With a limit, only a few times as many are ever kept. */
static struct err *sort_objects(struct objects *objects, sort_key *key) {
    uint64_t limit = objects->query.limit;
    uint64_t most = limit && limit < UINT32_MAX ? limit * 4 + 4096 : UINT64_MAX;
    TRY(rank_types(objects));
    for (uint32_t id = 0; id < heap_count(objects->heap); id++) {
        if (!is_wanted(objects, id))
            continue;
        if (!vec_push(&objects->sorted, ((struct sorted){key(objects, id), id})))
            return err_no_memory();
        if (objects->sorted.count >= most)
            sort_ids(objects);
    }
    sort_ids(objects);
    objects->is_sorted = true;
    return NULL;
}

static bool next_id(struct objects *objects, uint32_t *id) {
    if (objects->query.limit && objects->shown >= objects->query.limit)
        return false;
    if (objects->is_sorted) {
        if (objects->shown >= objects->sorted.count)
            return false;
        *id = objects->sorted.items[objects->shown].id;
    } else {
        uint32_t count = heap_count(objects->heap);
        while (objects->next < count && !is_wanted(objects, objects->next))
            objects->next++;
        if (objects->next == count)
            return false;
        *id = objects->next++;
    }
    objects->shown++;
    return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void add_reference(void *context, const struct reference *reference) {
    struct objects *objects = context;
    struct addresses *list = reference->properties & REFERENCE_GUESSED     ? &objects->guesses
                             : reference->properties & REFERENCE_RETAINS   ? &objects->refs
                             : reference->properties & REFERENCE_TRAVERSED ? &objects->visits
                                                                           : &objects->weakrefs;
    if (!vec_push(list, reference->target))
        objects->failed = true;
}

static bool objects_next(void *context, struct value *cells) {
    struct objects *objects = context;
    const struct heap *heap = objects->heap;
    uint32_t id;
    if (!next_id(objects, &id))
        return false;
    unsigned flags = heap_flags(heap, id);
    cells[ADDRESS] = value_address(heap_address(heap, id));
    cells[TYPE] = value_text(heap_type(heap, id)->name);
    cells[REFCOUNT] = value_count(heap_refcount(heap, id));
    cells[SCREEN_REFCOUNT] = flags & OBJECT_IMMORTAL ? value_text("immortal") : cells[REFCOUNT];
    cells[IMMORTAL] = value_flag(flags & OBJECT_IMMORTAL);
    cells[GC] = value_text(gc_state_name(heap_gc_state(heap, id)));
    cells[SIZE] = value_bytes(heap_size(heap, id));
    cells[SIZE_EXACT] = value_flag(!(flags & OBJECT_SIZE_INEXACT));
    cells[FOOTPRINT] = value_bytes(heap_footprint(heap, id));
    cells[RETAINED] = objects->query.dominators
                          ? value_bytes(dominators_retained(objects->query.dominators, id))
                          : value_none();
    cells[INTERPRETER] = value_id(heap_interpreter(heap, id));
    cells[REACHABLE] = value_flag(flags & OBJECT_REACHABLE);
    cells[FOUND] = value_text(object_found_name(heap_found(heap, id)));
    cells[GUESSED] = value_flag(flags & OBJECT_GUESSED);
    strbuf_clear(&objects->value);
    if (objects->query.values)
        heap_preview(heap, id, &objects->value);
    cells[VALUE] = value_text(strbuf_text(&objects->value));
    if (objects->query.refs) {
        objects->refs.count = objects->weakrefs.count = 0;
        objects->visits.count = objects->guesses.count = 0;
        heap_references(heap, id, add_reference, objects);
        cells[REFS] = value_addresses(objects->refs.items, objects->refs.count);
        cells[WEAKREFS] = value_addresses(objects->weakrefs.items, objects->weakrefs.count);
        cells[VISITS] = value_addresses(objects->visits.items, objects->visits.count);
        cells[GUESSES] = value_addresses(objects->guesses.items, objects->guesses.count);
    }
    return true;
}

static sort_key *find_sort_key(const char *sort) {
    for (size_t i = 0; sort && i < sizeof sort_keys / sizeof *sort_keys; i++) {
        if (!strcmp(sort_keys[i].name, sort))
            return sort_keys[i].key;
    }
    return NULL;
}

struct err *objects_check_sort(const char *sort) {
    if (!sort || find_sort_key(sort) || !strcmp(sort, "address"))
        return NULL;
    return err_new(
        ERR_USAGE,
        "can't sort objects by '%s': address, type, size, footprint, retained or refcount", sort);
}

struct err *objects_open(const struct heap *heap, const struct objects_query *query,
                         struct objects **ret) {
    sort_key *key = find_sort_key(query->sort);
    TRY(objects_check_sort(query->sort));
    if (query->interpreter)
        TRY(interpreter_check(heap, *query->interpreter));
    struct objects *objects = calloc(1, sizeof *objects);
    if (!objects)
        return err_no_memory();
    objects->heap = heap;
    objects->query = *query;
    memcpy(objects->columns, columns, sizeof columns);
    if (query->dominators)
        objects->columns[RETAINED].flags = 0;
    objects->table =
        (struct table){objects->columns, query->refs ? COLUMNS : REFS, objects_next, objects};
    struct err *err = query->type ? types_matching(heap, query->type, &objects->wanted) : NULL;
    if (!err && key)
        err = sort_objects(objects, key);
    if (err) {
        objects_close(objects);
        return err;
    }
    *ret = objects;
    return NULL;
}

const struct table *objects_table(struct objects *objects) {
    return &objects->table;
}

uint64_t objects_shown(const struct objects *objects) {
    return objects->shown;
}

struct err *objects_error(const struct objects *objects) {
    return objects->failed || objects->value.failed ? err_no_memory() : NULL;
}

void objects_close(struct objects *objects) {
    if (!objects)
        return;
    free(objects->wanted);
    free(objects->type_ranks);
    vec_free(&objects->sorted);
    vec_free(&objects->refs);
    vec_free(&objects->weakrefs);
    vec_free(&objects->visits);
    vec_free(&objects->guesses);
    strbuf_free(&objects->value);
    free(objects);
}
