#include "introspect/analyses/holders.h"

#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/vec.h"
#include "introspect/analyses/path_classes.h"

#include <stdlib.h>
#include <string.h>

struct finder {
    const struct graph *graph;
    const struct heap *heap;
    struct path_classes *classes;
    uint32_t *holder; /* by id: the class of what holds it; PATH_CLASS_NONE: not known yet */
    struct vec(struct holder) groups; /* by class */
    struct vec(uint32_t) chain;
};

/* ---- who holds an object --------------------------------------------------------------------- */

static bool is_container(const struct type *type) {
    static const char *const names[] = {"dict", "list", "set", "tuple", "deque", "ordered_dict"};
    for (size_t i = 0; type->decoder && i < sizeof names / sizeof *names; i++) {
        if (!strcmp(type->decoder->name, names[i]))
            return true;
    }
    return false;
}

/* Whether an object is a holder itself, rather than part of what holds the one before it. */
static bool is_holder(struct finder *finder, uint32_t id, uint32_t class) {
    uint32_t referrer = path_class_referrer(finder->classes, id);
    const struct type *type = heap_type(finder->heap, id);
    if (referrer == HEAP_NONE)
        return true;
    if (!path_class_is_named(finder->classes, class) || type->owns_nothing)
        return false;
    /* Named by a module: its path is the module's dict and one step. */
    bool of_module = path_class_is_root(finder->classes, path_class_of(finder->classes, referrer));
    return of_module || is_container(type);
}

static uint32_t holder_of(struct finder *finder, uint32_t id) {
    finder->chain.count = 0;
    uint32_t holder = PATH_CLASS_NONE;
    for (uint32_t at = id; at != HEAP_NONE; at = path_class_referrer(finder->classes, at)) {
        holder = finder->holder[at];
        if (holder != PATH_CLASS_NONE)
            break;
        uint32_t class = path_class_of(finder->classes, at);
        if (class == PATH_CLASS_NONE || !vec_push(&finder->chain, at))
            return PATH_CLASS_NONE;
        if (is_holder(finder, at, class)) {
            holder = class;
            break;
        }
    }
    while (finder->chain.count)
        finder->holder[finder->chain.items[--finder->chain.count]] = holder;
    return holder;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static void count_holder(const struct finder *finder, struct holder *group, uint32_t id) {
    if (group->containers++)
        return;
    group->type = heap_type(finder->heap, id);
    group->address = heap_address(finder->heap, id);
}

static struct err *add_up(struct finder *finder, const volatile int *cancel) {
    for (uint32_t id = 0; id < finder->graph->object_count; id++) {
        uint32_t class = holder_of(finder, id);
        while (finder->groups.count <= class) {
            if (!vec_push(&finder->groups, (struct holder){0}))
                return err_no_memory();
        }
        struct holder *group = &finder->groups.items[class];
        group->objects++;
        group->footprint += heap_footprint(finder->heap, id);
        if (class != PATH_CLASS_NONE && path_class_of(finder->classes, id) == class)
            count_holder(finder, group, id);
        if (cancel_asked(cancel))
            return cancel_check(cancel);
    }
    return path_classes_error(finder->classes);
}

static char *holder_name(const struct finder *finder, uint32_t class, const struct type *type) {
    char *text = path_class_text(finder->classes, class);
    if (!text || !type || !is_container(type) || path_class_is_root(finder->classes, class))
        return text;
    size_t length = strlen(text);
    char *longer = realloc(text, length + 4);
    if (longer)
        strcpy(longer + length, "[*]");
    else
        free(text);
    return longer;
}

static int compare_holders(const void *left, const void *right) {
    const struct holder *a = left, *b = right;
    if (a->footprint != b->footprint)
        return a->footprint > b->footprint ? -1 : 1;
    if (!a->name || !b->name)
        return !a->name - !b->name;
    return strcmp(a->name, b->name);
}

static struct err *list_groups(struct finder *finder, struct holders *ret) {
    ret->items = calloc(finder->groups.count + 1, sizeof *ret->items);
    if (!ret->items)
        return err_no_memory();
    for (uint32_t class = 0; class < finder->groups.count; class ++) {
        struct holder *group = &finder->groups.items[class];
        if (!group->objects)
            continue;
        ret->items[ret->count] = *group;
        if (class != PATH_CLASS_NONE) {
            char *name = holder_name(finder, class, group->type);
            if (!name)
                return err_no_memory();
            ret->items[ret->count].name = name;
        }
        ret->count++;
    }
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, compare_holders);
    return NULL;
}

struct err *holders_find(const struct graph *graph, const volatile int *cancel,
                         struct holders *ret) {
    size_t size = ((size_t)graph->object_count + 1) * sizeof(uint32_t);
    struct finder finder = {.graph = graph, .heap = graph->heap, .holder = big_alloc(size, false)};
    *ret = (struct holders){0};
    struct err *err =
        finder.holder ? path_classes_create(graph, NULL, cancel, &finder.classes) : err_no_memory();
    if (!err)
        err = add_up(&finder, cancel);
    if (!err)
        err = list_groups(&finder, ret);
    path_classes_destroy(finder.classes);
    big_free(finder.holder, size);
    vec_free(&finder.groups);
    vec_free(&finder.chain);
    if (err)
        holders_free(ret);
    return err;
}

void holders_free(struct holders *holders) {
    for (size_t i = 0; i < holders->count; i++)
        free(holders->items[i].name);
    free(holders->items);
    *holders = (struct holders){0};
}

/* ---- table ----------------------------------------------------------------------------------- */

enum { HOLDER, LABEL, TYPE, OBJECTS, FOOTPRINT, SHARE, COLUMNS };

static const struct column columns[COLUMNS] = {
    [HOLDER] = {"holder", "HOLDER", VALUE_TEXT, COLUMN_DATA},
    [LABEL] = {"label", "HOLDER", VALUE_TEXT, COLUMN_SCREEN | COLUMN_SHRINKS},
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
    [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
    [SHARE] = {"share", "SHARE", VALUE_SHARE, COLUMN_SCREEN},
};

const char *holder_label(const struct holder *holder) {
    return holder->name ? holder->name : "(garbage, or held from C alone)";
}

static bool next(void *context, struct value *cells) {
    struct holder_rows *rows = context;
    if (rows->next >= rows->holders->count || rows->next >= rows->limit)
        return false;
    const struct holder *holder = &rows->holders->items[rows->next++];
    cells[HOLDER] = value_text(holder->name);
    cells[LABEL] = value_text(holder_label(holder));
    cells[TYPE] = holder->type ? value_text(holder->type->name) : value_none();
    cells[OBJECTS] = value_count(holder->objects);
    cells[FOOTPRINT] = value_bytes(holder->footprint);
    cells[SHARE] = value_share(holder->footprint, rows->whole);
    return true;
}

void holder_rows_open(struct holder_rows *rows, const struct holders *holders, size_t limit) {
    *rows = (struct holder_rows){.holders = holders, .limit = limit};
    for (size_t i = 0; i < holders->count; i++)
        rows->whole += holders->items[i].footprint;
    rows->table = (struct table){columns, COLUMNS, next, rows};
}
