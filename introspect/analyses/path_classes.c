#include "introspect/analyses/path_classes.h"

#include "base/arena.h"
#include "base/big_memory.h"
#include "base/vec.h"
#include "introspect/graph/path_text.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 1 << 10, KNOWN_STEPS = 1 << 10 };

struct path_class {
    uint32_t parent; /* PATH_CLASS_NONE: of a root */
    uint32_t next;   /* in its bucket */
    enum path_role role;
    uint32_t index;
    const char *step; /* its part of the text */
    const struct held_root *root;
    bool named;
    uint32_t depth; /* steps */
    uint32_t trunk; /* the class on its path that is PATH_CLASS_TRUNK steps long, or itself */
};

/* A step that was classified before, by what its text depends on. */
struct known_step {
    uint32_t parent; /* a class */
    uint32_t class;  /* where it leads to; PATH_CLASS_NONE: nothing is known */
    uint64_t argument;
    uint16_t label;
};

struct path_classes {
    const struct graph *graph;
    const struct heap *heap;
    struct path_tree tree;
    uint32_t *class_of;                  /* by id; PATH_CLASS_NONE: not known yet */
    struct vec(struct path_class) items; /* the first is PATH_CLASS_NONE */
    struct vec(uint32_t) buckets;
    struct vec(uint32_t) chain;
    struct arena texts;
    struct strbuf step;
    uint32_t owner; /* whose children are being classified */
    struct known_step known[KNOWN_STEPS];
    bool out_of_memory;
};

/* ---- classes --------------------------------------------------------------------------------- */

/* ".name" and " local name", but neither keys nor what every object has. */
static bool is_named(const char *step) {
    return (*step == '.' || *step == ' ') && strncmp(step, ".__", 3) != 0 &&
           strncmp(step, ".keys()", 7) != 0 && strncmp(step, " stack", 6) != 0;
}

static size_t bucket_of(const struct path_classes *classes, uint32_t parent, enum path_role role,
                        uint32_t index, const char *step) {
    uint64_t hash = 14695981039346656037u ^ ((uint64_t)parent << 32 | (uint64_t)role << 24 | index);
    for (; *step; step++)
        hash = (hash ^ (unsigned char)*step) * 1099511628211u; /* FNV-1a */
    return (hash ^ hash >> 29) & (classes->buckets.count - 1);
}

static void add_to_bucket(struct path_classes *classes, uint32_t number) {
    struct path_class *class = &classes->items.items[number];
    size_t bucket = bucket_of(classes, class->parent, class->role, class->index, class->step);
    class->next = classes->buckets.items[bucket];
    classes->buckets.items[bucket] = number;
}

static void widen_buckets(struct path_classes *classes) {
    size_t count = classes->buckets.count ? classes->buckets.count * 2 : FIRST_BUCKETS;
    if (!vec_reserve(&classes->buckets, count - classes->buckets.count)) {
        classes->out_of_memory = true;
        return;
    }
    classes->buckets.count = count;
    memset(classes->buckets.items, 0, count * sizeof *classes->buckets.items);
    for (uint32_t i = 1; i < classes->items.count; i++)
        add_to_bucket(classes, i);
}

/* The class of what a step leads to; classes->step is its text. */
static uint32_t class_for(struct path_classes *classes, uint32_t parent,
                          const struct path_place *place, const struct held_root *root) {
    const char *step = strbuf_text(&classes->step);
    uint32_t index = place->role == PATH_CELL ? place->index : 0;
    size_t bucket = bucket_of(classes, parent, place->role, index, step);
    for (uint32_t i = classes->buckets.items[bucket]; i; i = classes->items.items[i].next) {
        const struct path_class *class = &classes->items.items[i];
        if (class->parent == parent && class->role == place->role && class->index == index &&
            !strcmp(class->step, step))
            return i;
    }
    const char *text = arena_strdup(&classes->texts, step);
    struct path_class class = {.parent = parent,
                               .role = place->role,
                               .index = index,
                               .step = text,
                               .root = root,
                               .named = is_named(step)};
    const struct path_class *before = &classes->items.items[parent];
    class.depth = before->depth + 1;
    class.trunk = before->depth < PATH_CLASS_TRUNK ? (uint32_t)classes->items.count : before->trunk;
    if (!text || !vec_push(&classes->items, class)) {
        classes->out_of_memory = true;
        return PATH_CLASS_NONE;
    }
    uint32_t number = (uint32_t)classes->items.count - 1;
    if (classes->items.count > classes->buckets.count)
        widen_buckets(classes);
    else
        add_to_bucket(classes, number);
    return number;
}

/* ---- objects --------------------------------------------------------------------------------- */

static uint32_t parent_of(const struct path_classes *classes, uint32_t id) {
    uint32_t parent = classes->tree.parent[id];
    return parent & PATH_FROM_ROOT ? id : parent;
}

/* The place of an object of a class: names that its role promises are looked up in its own function. */
static struct path_place place_of(const struct path_classes *classes, uint32_t id) {
    const struct path_class *class = &classes->items.items[classes->class_of[id]];
    struct path_place place = {.role = class->role, .index = class->index};
    if (class->role == PATH_CELL)
        id = parent_of(classes, id);
    place.function = parent_of(classes, id);
    return place;
}

static void classify_root(struct path_classes *classes, uint32_t id) {
    const struct held_root *root =
        &classes->graph->roots.items[classes->tree.parent[id] & ~PATH_FROM_ROOT];
    strbuf_clear(&classes->step);
    struct path_place place = path_begin(classes->heap, &root->root, &classes->step);
    classes->class_of[id] = class_for(classes, PATH_CLASS_NONE, &place, root);
}

/* Most objects are reached by a step like another's, from an object of the same class. NULL: the step's text
 * depends on more than class and reference. */
static struct known_step *find_known(struct path_classes *classes, uint32_t parent,
                                     const struct reference *reference, bool *found) {
    enum path_role role = classes->items.items[parent].role;
    struct known_step step = {parent, PATH_CLASS_NONE, reference->argument, reference->label};
    if ((role != PATH_PLAIN && role != PATH_NAMESPACE) || step.label == LABEL_LOCAL)
        return NULL;
    if (step.label == LABEL_ITEM || step.label == LABEL_DICT_KEY || step.label == LABEL_MEMBER ||
        step.label == LABEL_STACK || (step.label == LABEL_KEY && role == PATH_PLAIN))
        step.argument = 0; /* "[*]" */
    uint64_t hash =
        (step.argument ^ (uint64_t)parent << 8 ^ step.label) * 0x9e3779b97f4a7c15u >> 32;
    struct known_step *known = &classes->known[hash % KNOWN_STEPS];
    *found = known->class != PATH_CLASS_NONE && known->parent == parent &&
             known->argument == step.argument && known->label == step.label;
    if (!*found)
        *known = step;
    return known;
}

static uint32_t classify_step(struct path_classes *classes, uint32_t parent,
                              const struct reference *reference) {
    struct path_place place = place_of(classes, classes->owner);
    strbuf_clear(&classes->step);
    path_step(classes->heap, &place, classes->owner, reference, true, &classes->step);
    return class_for(classes, parent, &place, NULL);
}

static void classify_child(void *context, size_t position, uint32_t target,
                           const struct reference *reference) {
    struct path_classes *classes = context;
    (void)position;
    if (classes->tree.parent[target] != classes->owner ||
        classes->class_of[target] != PATH_CLASS_NONE ||
        !(reference->properties & REFERENCE_RETAINS))
        return;
    uint32_t parent = classes->class_of[classes->owner];
    bool found = false;
    struct known_step *known = find_known(classes, parent, reference, &found);
    uint32_t class = found ? known->class : classify_step(classes, parent, reference);
    if (known)
        known->class = class;
    classes->class_of[target] = class;
}

/* Classifies an object that the tree reaches, and all on the way there. */
static void classify(struct path_classes *classes, uint32_t id) {
    classes->chain.count = 0;
    while (classes->class_of[id] == PATH_CLASS_NONE &&
           !(classes->tree.parent[id] & PATH_FROM_ROOT)) {
        id = classes->tree.parent[id];
        classes->out_of_memory |= !vec_push(&classes->chain, id);
    }
    if (classes->class_of[id] == PATH_CLASS_NONE)
        classify_root(classes, id);
    while (classes->chain.count && !classes->out_of_memory) {
        classes->owner = classes->chain.items[--classes->chain.count];
        graph_labelled(classes->graph, classes->owner, classify_child, classes);
    }
}

uint32_t path_class_of(struct path_classes *classes, uint32_t id) {
    if (classes->tree.parent[id] == HEAP_NONE)
        return PATH_CLASS_NONE;
    if (classes->class_of[id] == PATH_CLASS_NONE && !classes->out_of_memory)
        classify(classes, id);
    return classes->class_of[id];
}

/* ---- asking ---------------------------------------------------------------------------------- */

uint32_t path_class_count(const struct path_classes *classes) {
    return (uint32_t)classes->items.count;
}

static char *text_of(const struct path_classes *classes, uint32_t number, const char *behind) {
    struct vec(uint32_t) chain = {0};
    struct strbuf text = {0};
    const struct path_place end = {.role = classes->items.items[number].role,
                                   .index = classes->items.items[number].index};
    bool fine = true;
    for (uint32_t i = number; i && fine; i = classes->items.items[i].parent)
        fine = vec_push(&chain, i);
    while (chain.count)
        strbuf_puts(&text, classes->items.items[chain.items[--chain.count]].step);
    path_end(&end, &text);
    strbuf_puts(&text, behind);
    vec_free(&chain);
    if (fine && !text.failed && text.text)
        return text.text;
    strbuf_free(&text);
    return NULL;
}

char *path_class_text(const struct path_classes *classes, uint32_t number) {
    return text_of(classes, number, "");
}

char *path_class_trunk_text(const struct path_classes *classes, uint32_t trunk) {
    bool long_one = classes->items.items[trunk].depth == PATH_CLASS_TRUNK;
    return text_of(classes, trunk, long_one ? " ..." : "");
}

const struct held_root *path_class_root(const struct path_classes *classes, uint32_t number) {
    while (classes->items.items[number].parent)
        number = classes->items.items[number].parent;
    return classes->items.items[number].root;
}

bool path_class_is_named(const struct path_classes *classes, uint32_t number) {
    return classes->items.items[number].named;
}

bool path_class_is_namespace(const struct path_classes *classes, uint32_t number) {
    return classes->items.items[number].role == PATH_NAMESPACE;
}

uint32_t path_class_trunk(const struct path_classes *classes, uint32_t number) {
    return classes->items.items[number].trunk;
}

bool path_class_is_root(const struct path_classes *classes, uint32_t number) {
    return classes->items.items[number].root != NULL;
}

uint32_t path_class_referrer(const struct path_classes *classes, uint32_t id) {
    uint32_t parent = classes->tree.parent[id];
    return parent & PATH_FROM_ROOT ? HEAP_NONE : parent;
}

struct err *path_classes_error(const struct path_classes *classes) {
    return classes->out_of_memory ? err_no_memory() : NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static size_t size_of_rows(const struct graph *graph) {
    return ((size_t)graph->object_count + 1) * sizeof(uint32_t);
}

static struct err *create(struct path_classes *classes, const struct path_filter *filter,
                          const volatile int *cancel) {
    TRY(path_tree_grow(classes->graph, HEAP_NONE, filter, cancel, &classes->tree));
    classes->class_of = big_alloc(size_of_rows(classes->graph), false);
    widen_buckets(classes);
    classes->out_of_memory |= !vec_push(&classes->items, ((struct path_class){0}));
    return classes->class_of && !classes->out_of_memory ? NULL : err_no_memory();
}

struct err *path_classes_create(const struct graph *graph, const struct path_filter *filter,
                                const volatile int *cancel, struct path_classes **ret) {
    struct path_classes *classes = calloc(1, sizeof *classes);
    if (!classes)
        return err_no_memory();
    classes->graph = graph;
    classes->heap = graph->heap;
    struct err *err = create(classes, filter, cancel);
    if (err) {
        path_classes_destroy(classes);
        return err;
    }
    *ret = classes;
    return NULL;
}

void path_classes_destroy(struct path_classes *classes) {
    if (!classes)
        return;
    big_free(classes->class_of, size_of_rows(classes->graph));
    path_tree_free(&classes->tree);
    vec_free(&classes->items);
    vec_free(&classes->buckets);
    vec_free(&classes->chain);
    arena_clear(&classes->texts);
    strbuf_free(&classes->step);
    free(classes);
}
