#include "introspect/graph/path_text.h"

#include "introspect/layout/type_flags.h"

#include <string.h>

static bool is_field(const struct reference *reference, const char *name) {
    return reference->label == LABEL_FIELD &&
           !strcmp((const char *)(uintptr_t)reference->argument, name);
}

static bool is_str(const struct heap *heap, uint64_t address) {
    uint32_t id = heap_find(heap, address);
    return id != HEAP_NONE && heap_type(heap, id)->flags & TPFLAGS_UNICODE_SUBCLASS;
}

struct path_place path_begin(const struct heap *heap, const struct root *root, struct strbuf *out) {
    root_name(heap, root, out);
    /* The dict that a module's name leads to, or that a frame of a module runs in. */
    bool namespace = is_field(&root->reference, ".__dict__");
    return (struct path_place){.role = namespace ? PATH_NAMESPACE : PATH_PLAIN};
}

/* "closure counter", "default limit". */
static void add_variable(const struct heap *heap, uint32_t function, enum path_role role,
                         uint64_t index, struct strbuf *out) {
    bool closure = role == PATH_CLOSURE;
    strbuf_puts(out, closure ? "closure " : "default ");
    if (!(closure ? heap_closure_variable : heap_default_argument)(heap, function, index, out))
        strbuf_printf(out, "[%llu]", (unsigned long long)index);
}

/* The step out of an object that was not named itself; false: it is named like any other. */
static bool step_from_role(const struct heap *heap, struct path_place *place,
                           const struct reference *reference, struct strbuf *out) {
    switch (place->role) {
    case PATH_NAMESPACE:
    case PATH_KEYWORD_DEFAULTS:
        if (reference->label != LABEL_KEY || !is_str(heap, reference->argument))
            return false;
        strbuf_puts(out, place->role == PATH_NAMESPACE ? "." : " default ");
        heap_name(heap, reference->argument, out);
        break;
    case PATH_CLOSURE:
        if (reference->label != LABEL_ITEM)
            return false;
        place->role = PATH_CELL;
        place->index = (uint32_t)reference->argument;
        return true;
    case PATH_CELL:
        if (!is_field(reference, ".cell_contents"))
            return false;
        strbuf_putc(out, ' ');
        add_variable(heap, place->function, PATH_CLOSURE, place->index, out);
        break;
    case PATH_DEFAULTS:
        if (reference->label != LABEL_ITEM)
            return false;
        strbuf_putc(out, ' ');
        add_variable(heap, place->function, PATH_DEFAULTS, reference->argument, out);
        break;
    case PATH_LRU_CACHE:
        if (reference->label != LABEL_DICT_KEY && reference->label != LABEL_KEY)
            return false;
        strbuf_puts(out, reference->label == LABEL_KEY ? " cached result" : " cached key");
        break;
    case PATH_THREAD_LOCAL:
        if (reference->label != LABEL_KEY)
            return false;
        place->role = PATH_NAMESPACE;
        return true;
    case PATH_PLAIN:
        return false;
    }
    place->role = PATH_PLAIN;
    return true;
}

static enum path_role role_of(const struct reference *reference) {
    static const struct {
        const char *field;
        enum path_role role;
    } roles[] = {
        {".__dict__", PATH_NAMESPACE},       {".__closure__", PATH_CLOSURE},
        {".__defaults__", PATH_DEFAULTS},    {".__kwdefaults__", PATH_KEYWORD_DEFAULTS},
        {"->cache", PATH_LRU_CACHE},         {"->dummies", PATH_THREAD_LOCAL}, /* up to 3.12 */
        {"->localdicts", PATH_THREAD_LOCAL},                                   /* 3.13 */
    };
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (is_field(reference, roles[i].field))
            return roles[i].role;
    }
    return PATH_PLAIN;
}

void path_end(const struct path_place *place, struct strbuf *out) {
    static const char *const endings[] = {
        [PATH_PLAIN] = "",
        [PATH_NAMESPACE] = ".__dict__",
        [PATH_CLOSURE] = ".__closure__",
        [PATH_CELL] = ".__closure__",
        [PATH_DEFAULTS] = ".__defaults__",
        [PATH_KEYWORD_DEFAULTS] = ".__kwdefaults__",
        [PATH_LRU_CACHE] = "->cache",
        [PATH_THREAD_LOCAL] = "->dummies",
    };
    strbuf_puts(out, endings[place->role]);
    if (place->role == PATH_CELL)
        strbuf_printf(out, "[%u]", place->index);
}

void path_step(const struct heap *heap, struct path_place *place, uint32_t owner,
               const struct reference *reference, bool general, struct strbuf *out) {
    if (step_from_role(heap, place, reference, out))
        return;
    path_end(place, out);
    *place = (struct path_place){role_of(reference), owner, 0};
    if (place->role != PATH_PLAIN)
        return;
    if (general)
        heap_label_general(heap, owner, reference, out);
    else
        heap_label(heap, owner, reference, out);
}

void path_entry(const struct heap *heap, uint32_t owner, const struct reference *into,
                const struct reference *entry, struct strbuf *out) {
    enum path_role role = role_of(into);
    if (entry->label == LABEL_ITEM && (role == PATH_CLOSURE || role == PATH_DEFAULTS))
        add_variable(heap, owner, role, entry->argument, out);
    else if (role == PATH_LRU_CACHE && entry->label == LABEL_DICT_KEY)
        strbuf_puts(out, "cached key");
    else if (role == PATH_LRU_CACHE && entry->label == LABEL_KEY)
        strbuf_puts(out, "cached result");
}
