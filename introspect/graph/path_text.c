#include "introspect/graph/path_text.h"

#include "introspect/heap/heap_private.h"
#include "introspect/objects/code.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

#include <string.h>

enum { NAME_LIMIT = 80 };

static bool is_field(const struct reference *reference, const char *name) {
    return reference->label == LABEL_FIELD &&
           !strcmp((const char *)(uintptr_t)reference->argument, name);
}

static bool is_str(struct decode *decode, uint64_t address) {
    const struct type *type = remote_type(decode, address);
    return type && type->flags & TPFLAGS_UNICODE_SUBCLASS;
}

struct path_place path_begin(const struct heap *heap, const struct root *root, struct strbuf *out) {
    root_name(heap, root, out);
    /* The dict that a module's name leads to, or that a frame of a module runs in. */
    bool namespace = is_field(&root->reference, ".__dict__");
    return (struct path_place){.role = namespace ? PATH_NAMESPACE : PATH_PLAIN};
}

static uint64_t function_code(const struct heap *heap, struct decode *decode, uint32_t function) {
    return remote_unsigned(decode, heap_address(heap, function),
                           decode->layout->function.func_code);
}

/* Free variables come last in localsplus, in the order of the closure. */
static bool add_free_variable(const struct heap *heap, struct decode *decode, uint32_t function,
                              uint64_t index, struct strbuf *out) {
    struct code_slots slots = {0, 0};
    uint64_t code = function_code(heap, decode, function);
    uint64_t closure = remote_unsigned(decode, heap_address(heap, function),
                                       decode->layout->function.func_closure);
    uint64_t cells = remote_item_count(decode, closure);
    return code_slots(decode, code, &slots) && cells <= slots.locals &&
           code_variable(decode, code, slots.locals - cells + index, out);
}

/* The last arguments have the defaults. */
static bool add_argument(const struct heap *heap, struct decode *decode, uint32_t function,
                         uint64_t index, struct strbuf *out) {
    uint64_t code = function_code(heap, decode, function);
    uint64_t defaults = remote_unsigned(decode, heap_address(heap, function),
                                        decode->layout->function.func_defaults);
    uint64_t arguments = code_argument_count(decode, code);
    uint64_t count = remote_item_count(decode, defaults);
    return count <= arguments && code_variable(decode, code, arguments - count + index, out);
}

/* "closure counter", "default limit". */
static void add_variable(const struct heap *heap, struct decode *decode, uint32_t function,
                         enum path_role role, uint64_t index, struct strbuf *out) {
    bool closure = role == PATH_CLOSURE;
    strbuf_puts(out, closure ? "closure " : "default ");
    if (!(closure ? add_free_variable : add_argument)(heap, decode, function, index, out))
        strbuf_printf(out, "[%llu]", (unsigned long long)index);
}

/* The step out of an object that was not named itself; false: it is named like any other. */
static bool step_from_role(const struct heap *heap, struct decode *decode, struct path_place *place,
                           const struct reference *reference, struct strbuf *out) {
    switch (place->role) {
    case PATH_NAMESPACE:
    case PATH_KEYWORD_DEFAULTS:
        if (reference->label != LABEL_KEY || !is_str(decode, reference->argument))
            return false;
        strbuf_puts(out, place->role == PATH_NAMESPACE ? "." : " default ");
        str_escaped(decode, reference->argument, NAME_LIMIT, out);
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
        add_variable(heap, decode, place->function, PATH_CLOSURE, place->index, out);
        break;
    case PATH_DEFAULTS:
        if (reference->label != LABEL_ITEM)
            return false;
        strbuf_putc(out, ' ');
        add_variable(heap, decode, place->function, PATH_DEFAULTS, reference->argument, out);
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
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    if (step_from_role(heap, &decode, place, reference, out))
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
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    enum path_role role = role_of(into);
    if (entry->label == LABEL_ITEM && (role == PATH_CLOSURE || role == PATH_DEFAULTS))
        add_variable(heap, &decode, owner, role, entry->argument, out);
    else if (role == PATH_LRU_CACHE && entry->label == LABEL_DICT_KEY)
        strbuf_puts(out, "cached key");
    else if (role == PATH_LRU_CACHE && entry->label == LABEL_KEY)
        strbuf_puts(out, "cached result");
}
