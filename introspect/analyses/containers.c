#include "introspect/analyses/containers.h"

#include "base/big_memory.h"
#include "base/cancel.h"
#include "base/gauge.h"
#include "base/vec.h"
#include "introspect/analyses/path_classes.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_HELD = 1024 }; /* bytes, of what is no dict, list, ... */

enum type_kind { KIND_UNKNOWN, KIND_OTHER, KIND_TUPLE, KIND_CONTAINER };

/* A container to be: what is too small goes to the one around it. */
struct place {
    uint32_t id, class, parent, objects, depth;
    uint64_t held;
    bool always;   /* however small */
    uint32_t kept; /* its index among the containers, or that of the one around it */
};

/* What is known of an object's exact path, by id. */
enum { PATH_UNKNOWN, PATH_WANTED, PATH_FIRST_STEP };
#define PATH_WHOLE (UINT64_C(1) << 63) /* else only the hash of its last step */

struct collector {
    const struct graph *graph;
    const struct heap *heap;
    struct path_classes *classes;
    struct containers *ret;
    uint32_t *place_of; /* by id: index of its place + 1; 0: not known yet */
    uint64_t *paths;    /* by id */
    uint8_t *kinds;     /* by type id: enum type_kind */
    struct vec(struct place) places;
    struct vec(uint32_t) chain;
    uint32_t owner;             /* whose references are visited */
    struct container *counting; /* the container that it is, or NULL */
};

/* ---- to whom objects belong ------------------------------------------------------------------ */

static enum type_kind kind_of(const struct collector *collector, const struct type *type) {
    static const char *const names[] = {"dict", "defaultdict", "ordered_dict",
                                        "list", "set",         "deque"};
    uint8_t *kind = &collector->kinds[type->id];
    if (*kind)
        return *kind;
    *kind = KIND_OTHER;
    for (size_t i = 0; type->decoder && i < sizeof names / sizeof *names; i++) {
        if (!strcmp(type->decoder->name, names[i]))
            *kind = KIND_CONTAINER;
    }
    if (type->decoder && !strcmp(type->decoder->name, "tuple"))
        *kind = KIND_TUPLE;
    return *kind;
}

static bool is_namespace(const struct collector *collector, uint32_t id) {
    return path_class_is_namespace(collector->classes, path_class_of(collector->classes, id));
}

/* What an attribute belongs to, be it in a __dict__ or not. */
static uint32_t owner_by(const struct collector *collector, uint32_t referrer) {
    uint32_t owner = is_namespace(collector, referrer)
                         ? path_class_referrer(collector->classes, referrer)
                         : HEAP_NONE;
    return owner == HEAP_NONE ? referrer : owner;
}

static bool is_place(const struct collector *collector, uint32_t id, uint32_t class, bool *always) {
    const struct type *type = heap_type(collector->heap, id);
    uint32_t referrer = path_class_referrer(collector->classes, id);
    bool namespace = path_class_is_namespace(collector->classes, class);
    bool container = kind_of(collector, type) == KIND_CONTAINER && !namespace;
    *always = referrer == HEAP_NONE || container;
    if (path_class_trunk(collector->classes, class) != class)
        return false;
    if (*always)
        return true;
    /* The nodes of a chain or a tree are parts of the first. */
    return !namespace && path_class_is_named(collector->classes, class) &&
           heap_type(collector->heap, owner_by(collector, referrer)) != type;
}

/* One more than the place around it, if more than names lead here from there. */
static uint32_t depth_in(const struct collector *collector, uint32_t id, uint32_t class,
                         const struct place *around) {
    uint32_t referrer = path_class_referrer(collector->classes, id);
    enum type_kind kind = kind_of(collector, heap_type(collector->heap, referrer));
    bool deeper = !path_class_is_named(collector->classes, class) ||
                  (kind != KIND_OTHER && !is_namespace(collector, referrer)) ||
                  around->id != owner_by(collector, referrer);
    return around->depth + deeper;
}

static bool add_chain(struct collector *collector, uint32_t place) {
    while (collector->chain.count) {
        uint32_t id = collector->chain.items[--collector->chain.count];
        uint32_t class = path_class_of(collector->classes, id);
        bool always = false;
        if (is_place(collector, id, class, &always)) {
            struct place new = {.id = id, .class = class, .parent = place, .always = always};
            if (place != (uint32_t)CONTAINER_NONE)
                new.depth = depth_in(collector, id, class, &collector->places.items[place]);
            place = (uint32_t)collector->places.count;
            if (!vec_push(&collector->places, new))
                return false;
        }
        collector->place_of[id] = place + 1;
    }
    return true;
}

static struct err *assign(struct collector *collector, const volatile int *cancel) {
    for (uint32_t id = 0; id < collector->graph->object_count; id++) {
        uint64_t footprint = heap_footprint(collector->heap, id);
        gauge_step(id);
        if (path_class_of(collector->classes, id) == PATH_CLASS_NONE) {
            collector->ret->unreached++;
            collector->ret->unreached_footprint += footprint;
            continue;
        }
        uint32_t at = id;
        for (; at != HEAP_NONE && !collector->place_of[at];
             at = path_class_referrer(collector->classes, at)) {
            if (!vec_push(&collector->chain, at))
                return err_no_memory();
        }
        uint32_t outer = at == HEAP_NONE ? (uint32_t)CONTAINER_NONE : collector->place_of[at] - 1;
        if (!add_chain(collector, outer))
            return err_no_memory();
        struct place *place = &collector->places.items[collector->place_of[id] - 1];
        place->objects++;
        place->held += footprint;
        if (cancel_asked(cancel))
            return cancel_check(cancel);
    }
    return path_classes_error(collector->classes);
}

/* Those that are too small belong to the one around them. */
static struct err *keep_places(struct collector *collector) {
    struct containers *ret = collector->ret;
    for (size_t i = collector->places.count; i-- > 0;) {
        struct place *place = &collector->places.items[i];
        place->always |= place->held >= LEAST_HELD;
        ret->count += place->always;
        if (!place->always) {
            collector->places.items[place->parent].held += place->held;
            collector->places.items[place->parent].objects += place->objects;
        }
    }
    ret->items = calloc(ret->count + 1, sizeof *ret->items);
    if (!ret->items)
        return err_no_memory();
    ret->count = 0;
    vec_each (place, &collector->places) {
        bool outermost = place->parent == (uint32_t)CONTAINER_NONE;
        uint32_t parent =
            outermost ? (uint32_t)CONTAINER_NONE : collector->places.items[place->parent].kept;
        place->kept = place->always ? (uint32_t)ret->count : parent;
        if (!place->always)
            continue;
        const struct type *type = heap_type(collector->heap, place->id);
        ret->items[ret->count++] = (struct container){
            .address = heap_address(collector->heap, place->id),
            .held = place->held,
            .objects = place->objects,
            .entries = kind_of(collector, type) >= KIND_TUPLE ? 0 : (uint32_t)CONTAINER_NO_ENTRIES,
            .class = place->class,
            .type = type->id,
            .parent = parent,
            .depth = place->depth,
        };
    }
    return NULL;
}

/* ---- entries and exact paths ----------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t hash_text(const char *text) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* The same for the same key, index or name, as long as it is the same process. */
static uint64_t hash_of_step(const struct reference *reference) {
    bool text = reference->label == LABEL_FIELD;
    uint64_t argument =
        text ? hash_text((const char *)(uintptr_t)reference->argument) : reference->argument;
    uint64_t hash = mix(mix(0, reference->label), argument) & ~PATH_WHOLE;
    return hash < PATH_FIRST_STEP ? PATH_FIRST_STEP : hash;
}

static void visit_entry(void *context, size_t position, uint32_t target,
                        const struct reference *reference) {
    struct collector *collector = context;
    struct container *container = collector->counting;
    (void)position;
    if (container && (reference->label == LABEL_ITEM || reference->label == LABEL_KEY ||
                      reference->label == LABEL_MEMBER)) {
        if (!container->entries++)
            container->first = (uint32_t)(mix(0, reference->target) >> 32);
    }
    if (collector->paths[target] == PATH_WANTED && reference->properties & REFERENCE_RETAINS &&
        path_class_referrer(collector->classes, target) == collector->owner)
        collector->paths[target] = hash_of_step(reference);
}

static struct container *container_at(const struct collector *collector, uint32_t id) {
    uint32_t place = collector->place_of[id];
    const struct place *found = place ? &collector->places.items[place - 1] : NULL;
    bool is = found && found->id == id && found->always;
    return is ? &collector->ret->items[found->kept] : NULL;
}

/* Decodes whom a wanted path leads through, and what has entries. */
static struct err *visit_owners(struct collector *collector, const volatile int *cancel) {
    uint8_t *owners = calloc((size_t)collector->graph->object_count + 1, 1);
    if (!owners)
        return err_no_memory();
    vec_each (place, &collector->places) {
        if (!place->always)
            continue;
        const struct container *container = &collector->ret->items[place->kept];
        owners[place->id] |= container->entries != (uint32_t)CONTAINER_NO_ENTRIES;
        for (uint32_t at = place->id; collector->paths[at] == PATH_UNKNOWN;) {
            collector->paths[at] = PATH_WANTED;
            at = path_class_referrer(collector->classes, at);
            if (at == HEAP_NONE)
                break;
            owners[at] = 1;
        }
    }
    for (uint32_t id = 0; id < collector->graph->object_count && !cancel_asked(cancel); id++) {
        gauge_step(id);
        if (!owners[id])
            continue;
        struct container *container = container_at(collector, id);
        bool has_entries = container && container->entries != (uint32_t)CONTAINER_NO_ENTRIES;
        collector->owner = id;
        collector->counting = has_entries ? container : NULL;
        graph_labelled(collector->graph, id, visit_entry, collector);
    }
    free(owners);
    return cancel_check(cancel);
}

/* A path's text without the numbers of lines, which go on while a frame runs, and those of threads, which a
 * forked process has not. */
static uint64_t hash_of_path(const char *text) {
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++) {
        if (*text == ':' || *text == '(')
            text += strspn(text + 1, "0123456789");
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    }
    return hash;
}

static bool add_path_of_root(struct collector *collector, uint32_t id) {
    char *text = path_class_text(collector->classes, path_class_of(collector->classes, id));
    collector->paths[id] = PATH_WHOLE | (text ? hash_of_path(text) : 0);
    free(text);
    return text;
}

static struct err *add_paths(struct collector *collector) {
    uint64_t *paths = collector->paths;
    vec_each (place, &collector->places) {
        if (!place->always)
            continue;
        for (uint32_t at = place->id; !(paths[at] & PATH_WHOLE);) {
            uint32_t referrer = path_class_referrer(collector->classes, at);
            if (referrer == HEAP_NONE) {
                if (!add_path_of_root(collector, at))
                    return err_no_memory();
            } else {
                if (!vec_push(&collector->chain, at))
                    return err_no_memory();
                at = referrer;
            }
        }
        while (collector->chain.count) {
            uint32_t at = collector->chain.items[--collector->chain.count];
            uint32_t referrer = path_class_referrer(collector->classes, at);
            paths[at] = PATH_WHOLE | mix(paths[referrer], paths[at]);
        }
        collector->ret->items[place->kept].path = paths[place->id];
    }
    return NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static struct err *add_names(struct collector *collector) {
    struct containers *ret = collector->ret;
    ret->class_count = path_class_count(collector->classes);
    ret->type_count = heap_type_count(collector->heap);
    ret->classes = calloc(ret->class_count + 1, sizeof *ret->classes);
    ret->types = calloc(ret->type_count + 1, sizeof *ret->types);
    if (!ret->classes || !ret->types)
        return err_no_memory();
    for (size_t i = 0; i < ret->count; i++) {
        struct container_class *class = &ret->classes[ret->items[i].class];
        const char **type = &ret->types[ret->items[i].type];
        if (!*type)
            *type = arena_strdup(&ret->texts,
                                 heap_type_by_id(collector->heap, ret->items[i].type)->name);
        if (!class->text) {
            char *text = path_class_text(collector->classes, ret->items[i].class);
            class->text = text ? arena_strdup(&ret->texts, text) : NULL;
            free(text);
            if (!class->text)
                return err_no_memory();
            class->key = hash_of_path(class->text);
        }
        if (!*type)
            return err_no_memory();
    }
    return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct err *collect(struct collector *collector, const volatile int *cancel) {
    const struct path_filter filter = {.barrier = HEAP_NONE, .lasting_first = true};
    if (!collector->place_of || !collector->paths || !collector->kinds)
        return err_no_memory();
    gauge_part(0, 10, collector->graph->object_count);
    TRY(path_classes_create(collector->graph, &filter, cancel, &collector->classes));
    gauge_part(10, 73, collector->graph->object_count);
    TRY(assign(collector, cancel));
    TRY(keep_places(collector));
    gauge_part(73, 98, collector->graph->object_count);
    TRY(visit_owners(collector, cancel));
    TRY(add_paths(collector));
    return add_names(collector);
}

struct err *containers_collect(const struct graph *graph, const volatile int *cancel,
                               struct containers *ret) {
    size_t count = (size_t)graph->object_count + 1;
    *ret = (struct containers){.graph = graph};
    struct collector collector = {
        .graph = graph,
        .heap = graph->heap,
        .ret = ret,
        .place_of = big_alloc(count * sizeof(uint32_t), false),
        .paths = big_alloc(count * sizeof(uint64_t), true),
        .kinds = calloc((size_t)heap_type_count(graph->heap) + 1, 1),
    };
    struct err *err = collect(&collector, cancel);
    big_free(collector.place_of, count * sizeof(uint32_t));
    big_free(collector.paths, count * sizeof(uint64_t));
    free(collector.kinds);
    vec_free(&collector.places);
    vec_free(&collector.chain);
    ret->of_path = collector.classes;
    if (err)
        containers_free(ret);
    return err;
}

void containers_forget_graph(struct containers *containers) {
    path_classes_destroy(containers->of_path);
    containers->of_path = NULL;
    containers->graph = NULL;
}

void containers_free(struct containers *containers) {
    containers_forget_graph(containers);
    free(containers->items);
    free(containers->classes);
    free(containers->types);
    arena_clear(&containers->texts);
    *containers = (struct containers){0};
}

/* ---- the text of one ------------------------------------------------------------------------- */

/* How many steps lead from the root of an object's path to it. */
static size_t steps_to(const struct containers *containers, uint32_t id) {
    size_t steps = 0;
    while ((id = path_class_referrer(containers->of_path, id)) != HEAP_NONE)
        steps++;
    return steps;
}

void container_path(const struct containers *containers, uint64_t address, struct strbuf *out) {
    const struct graph *graph = containers->graph;
    uint32_t id = graph ? heap_find(graph->heap, address) : HEAP_NONE;
    if (id == HEAP_NONE)
        return;
    struct path path = {.hop_count = steps_to(containers, id)};
    path.hops = calloc(path.hop_count + 1, sizeof *path.hops);
    if (!path.hops) {
        out->failed = true;
        return;
    }
    for (size_t i = path.hop_count; i-- > 0;) {
        struct path_hop *hop = &path.hops[i];
        hop->target = id;
        hop->owner = id = path_class_referrer(containers->of_path, id);
        path_hop_name(graph, hop);
    }
    path.root = path_class_root(containers->of_path, path_class_of(containers->of_path, id));
    path_text(graph->heap, &path, out);
    free(path.hops);
}
