/* What the objects of a set are, and what holds them. */
#include "base/cancel.h"
#include "base/vec.h"
#include "introspect/analyses/path_classes.h"
#include "introspect/analyses/survivors.h"

#include <stdlib.h>
#include <string.h>

struct summariser {
    const struct object_set *set;
    const struct heap *heap;
    struct path_classes *classes;
    uint32_t *path_of; /* by id: index + 1 of the path of what it hangs on, or of itself */
    struct vec(struct set_path) paths;
    struct vec(uint32_t) path_classes; /* of each */
    struct vec(uint32_t) first,
        next; /* index + 1: the first path of a class, the next of the same */
    struct vec(uint32_t) chain;
};

/* ---- by type --------------------------------------------------------------------------------- */

static int compare_types(const void *left, const void *right) {
    const struct set_type *a = left, *b = right;
    if (a->footprint != b->footprint)
        return a->footprint > b->footprint ? -1 : 1;
    if (a->objects != b->objects)
        return a->objects > b->objects ? -1 : 1;
    return strcmp(a->type->name, b->type->name);
}

static struct err *add_up_types(const struct object_set *set, struct set_summary *ret) {
    uint32_t count = heap_type_count(set->heap);
    ret->types = calloc((size_t)count + 1, sizeof *ret->types);
    if (!ret->types)
        return err_no_memory();
    for (uint32_t id = 0; id < heap_count(set->heap); id++) {
        if (!set->has[id])
            continue;
        const struct type *type = heap_type(set->heap, id);
        struct set_type *sum = &ret->types[type->id];
        sum->type = type;
        sum->objects++;
        sum->footprint += heap_footprint(set->heap, id);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (ret->types[i].objects)
            ret->types[ret->type_count++] = ret->types[i];
    }
    if (ret->type_count)
        qsort(ret->types, ret->type_count, sizeof *ret->types, compare_types);
    return NULL;
}

/* ---- by path --------------------------------------------------------------------------------- */

/* The path of one that hangs on no other of the set; 0 without memory. */
static uint32_t path_for(struct summariser *summariser, uint32_t id) {
    uint32_t class = path_class_of(summariser->classes, id);
    const struct type *type = heap_type(summariser->heap, id);
    class = path_class_trunk(summariser->classes, class);
    while (summariser->first.count <= class) {
        if (!vec_push(&summariser->first, 0))
            return 0;
    }
    for (uint32_t at = summariser->first.items[class]; at; at = summariser->next.items[at - 1]) {
        if (summariser->paths.items[at - 1].type == type)
            return at;
    }
    if (!vec_push(&summariser->paths, ((struct set_path){.type = type})) ||
        !vec_push(&summariser->path_classes, class) ||
        !vec_push(&summariser->next, summariser->first.items[class]))
        return 0;
    return summariser->first.items[class] = (uint32_t)summariser->paths.count;
}

/* The object before it on its path, if that is in the set, too. */
static uint32_t holder_in_set(const struct summariser *summariser, uint32_t id) {
    uint32_t class = path_class_of(summariser->classes, id);
    uint32_t referrer =
        class == PATH_CLASS_NONE ? HEAP_NONE : path_class_referrer(summariser->classes, id);
    return referrer != HEAP_NONE && summariser->set->has[referrer] ? referrer : HEAP_NONE;
}

static bool add_object(struct summariser *summariser, uint32_t id) {
    uint32_t at = id;
    while (!summariser->path_of[at]) {
        uint32_t holder = holder_in_set(summariser, at);
        if (holder == HEAP_NONE) {
            uint32_t path = path_for(summariser, at);
            if (!path)
                return false;
            summariser->path_of[at] = path;
            summariser->paths.items[path - 1].count++;
            summariser->paths.items[path - 1].example = heap_address(summariser->heap, at);
            break;
        }
        if (!vec_push(&summariser->chain, at))
            return false;
        at = holder;
    }
    uint32_t path = summariser->path_of[at];
    while (summariser->chain.count)
        summariser->path_of[summariser->chain.items[--summariser->chain.count]] = path;
    summariser->paths.items[path - 1].objects++;
    summariser->paths.items[path - 1].footprint += heap_footprint(summariser->heap, id);
    return true;
}

static int compare_paths(const void *left, const void *right) {
    const struct set_path *a = left, *b = right;
    if (a->footprint != b->footprint)
        return a->footprint > b->footprint ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    int order = strcmp(a->path ? a->path : "", b->path ? b->path : "");
    return order ? order : strcmp(a->type->name, b->type->name);
}

static struct err *add_up_paths(struct summariser *summariser, const volatile int *cancel) {
    for (uint32_t id = 0; id < heap_count(summariser->heap); id++) {
        if (cancel_asked(cancel))
            return cancel_check(cancel);
        if (summariser->set->has[id] && !add_object(summariser, id))
            return err_no_memory();
    }
    TRY(path_classes_error(summariser->classes));
    for (size_t i = 0; i < summariser->paths.count; i++) {
        uint32_t class = summariser->path_classes.items[i];
        struct set_path *path = &summariser->paths.items[i];
        if (class != PATH_CLASS_NONE && !(path->path = path_class_text(summariser->classes, class)))
            return err_no_memory();
    }
    if (summariser->paths.count)
        qsort(summariser->paths.items, summariser->paths.count, sizeof *summariser->paths.items,
              compare_paths);
    return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct err *set_summarise(const struct object_set *set, const struct graph *graph,
                          const volatile int *cancel, struct set_summary *ret) {
    const struct path_filter filter = {.barrier = HEAP_NONE, .lasting_first = true};
    struct summariser summariser = {
        .set = set,
        .heap = set->heap,
        .path_of = calloc((size_t)heap_count(set->heap) + 1, sizeof(uint32_t)),
    };
    *ret = (struct set_summary){0};
    struct err *err = summariser.path_of ? add_up_types(set, ret) : err_no_memory();
    if (!err)
        err = path_classes_create(graph, &filter, cancel, &summariser.classes);
    if (!err)
        err = add_up_paths(&summariser, cancel);
    path_classes_destroy(summariser.classes);
    free(summariser.path_of);
    vec_free(&summariser.path_classes);
    vec_free(&summariser.first);
    vec_free(&summariser.next);
    vec_free(&summariser.chain);
    ret->paths = summariser.paths.items;
    ret->path_count = summariser.paths.count;
    if (err)
        set_summary_free(ret);
    return err;
}

void set_summary_free(struct set_summary *summary) {
    for (size_t i = 0; i < summary->path_count; i++)
        free(summary->paths[i].path);
    free(summary->paths);
    free(summary->types);
    *summary = (struct set_summary){0};
}

/* ---- tables ---------------------------------------------------------------------------------- */

enum { TYPE, TYPE_OBJECTS, TYPE_FOOTPRINT, TYPE_COLUMNS };

static const struct column type_columns[TYPE_COLUMNS] = {
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [TYPE_OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
    [TYPE_FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
};

static bool next_type(void *context, struct value *cells) {
    struct set_rows *rows = context;
    if (rows->next >= rows->summary->type_count || rows->next >= rows->limit)
        return false;
    const struct set_type *type = &rows->summary->types[rows->next++];
    cells[TYPE] = value_text(type->type->name);
    cells[TYPE_OBJECTS] = value_count(type->objects);
    cells[TYPE_FOOTPRINT] = value_bytes(type->footprint);
    return true;
}

void set_type_rows_open(struct set_rows *rows, const struct set_summary *summary, size_t limit) {
    *rows = (struct set_rows){.summary = summary, .limit = limit};
    rows->table = (struct table){type_columns, TYPE_COLUMNS, next_type, rows};
}

enum { PATH, LABEL, PATH_TYPE, COUNT, PATH_OBJECTS, PATH_FOOTPRINT, PATH_COLUMNS };

static const struct column path_columns[PATH_COLUMNS] = {
    [PATH] = {"path", "", VALUE_TEXT, COLUMN_DATA},
    [LABEL] = {"label", "HELD BY", VALUE_TEXT, COLUMN_SCREEN | COLUMN_SHRINKS},
    [PATH_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [COUNT] = {"count", "COUNT", VALUE_COUNT, 0},
    [PATH_OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
    [PATH_FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
};

static bool next_path(void *context, struct value *cells) {
    struct set_rows *rows = context;
    if (rows->next >= rows->summary->path_count || rows->next >= rows->limit)
        return false;
    const struct set_path *path = &rows->summary->paths[rows->next++];
    cells[PATH] = value_text(path->path);
    cells[LABEL] = value_text(path->path ? path->path : "(no root leads there)");
    cells[PATH_TYPE] = value_text(path->type->name);
    cells[COUNT] = value_count(path->count);
    cells[PATH_OBJECTS] = value_count(path->objects);
    cells[PATH_FOOTPRINT] = value_bytes(path->footprint);
    return true;
}

void set_path_rows_open(struct set_rows *rows, const struct set_summary *summary, size_t limit) {
    *rows = (struct set_rows){.summary = summary, .limit = limit};
    rows->table = (struct table){path_columns, PATH_COLUMNS, next_path, rows};
}
