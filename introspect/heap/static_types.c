#include "introspect/heap/static_types.h"

#include "base/vec.h"
#include "introspect/heap/bitmap.h"
#include "introspect/objects/dict.h"

/* _Py_MAX_MANAGED_STATIC_BUILTIN_TYPES and _Py_MAX_MANAGED_STATIC_EXT_TYPES,
 * Include/internal/pycore_typeobject.h (3.12: one array of 200). */
enum { MAX_BUILTIN_STATES = 200, MAX_EXTENSION_STATES = 10 };

struct walk {
    struct decode *decode;
    const struct runtime *runtime;
    struct vec(uint64_t) waiting; /* types, by address */
    struct bitmap seen;           /* by place */
};

static void add(struct walk *walk, uint64_t type) {
    uint64_t place = image_place(walk->decode->image, type);
    if (place != UINT64_MAX && bitmap_set(&walk->seen, place) && !vec_push(&walk->waiting, type))
        damage_add(walk->decode->damage, "out of memory", "subclasses", type);
}

/* The state that an interpreter keeps of a static builtin type (managed_static_type_state). */
static const uint8_t *static_state(struct walk *walk, struct field states, size_t count,
                                   size_t index, uint64_t *type) {
    const struct layout *layout = walk->decode->layout;
    uint64_t interpreter = runtime_main_interpreter(walk->runtime)->address;
    uint32_t size = layout->static_type_state.size;
    if (!layout_has(states) || !size || index >= count)
        return NULL;
    const uint8_t *state =
        image_pin(walk->decode->image, interpreter + states.offset + index * size, size);
    *type = state ? field_pointer(state, layout->static_type_state.type) : 0;
    return state;
}

static uint64_t subclasses_of(struct walk *walk, const struct type *type) {
    const struct layout *layout = walk->decode->layout;
    const uint8_t *body = image_pin(walk->decode->image, type->address, layout->type.size);
    if (!body)
        return 0;
    uint64_t subclasses = field_pointer(body, layout->type.tp_subclasses);
    if (!(type->flags & layout->trait.flag_static_builtin))
        return subclasses;
    /* Here tp_subclasses is 1 + the index of the state. */
    uint64_t owner = 0;
    const uint8_t *state = static_state(walk, layout->interpreter.static_builtins,
                                        MAX_BUILTIN_STATES, subclasses - 1, &owner);
    if (!state || owner != type->address)
        state = static_state(walk, layout->interpreter.static_extension_types, MAX_EXTENSION_STATES,
                             subclasses - 1, &owner);
    return state && owner == type->address
               ? field_pointer(state, layout->static_type_state.tp_subclasses)
               : 0;
}

/* tp_subclasses: a dict from address to weak reference (Objects/typeobject.c: add_subclass). */
static void add_subclasses(struct walk *walk, const struct type *type) {
    const struct layout *layout = walk->decode->layout;
    uint64_t dict = subclasses_of(walk, type);
    struct dict_items items;
    if (!dict || !dict_items_read(walk->decode, dict, &items))
        return;
    for (uint64_t i = 0; i < items.count; i++) {
        uint64_t key = 0, weakref = 0, referent = 0;
        if (dict_item(&items, i, &key, &weakref) &&
            image_read_u64(walk->decode->image, weakref + layout->weakref.wr_object.offset,
                           &referent))
            add(walk, referent);
    }
}

static void add_builtin_types(struct walk *walk) {
    const struct layout *layout = walk->decode->layout;
    uint64_t type = 0;
    for (size_t i = 0; i < MAX_BUILTIN_STATES; i++) {
        if (static_state(walk, layout->interpreter.static_builtins, MAX_BUILTIN_STATES, i, &type))
            add(walk, type);
    }
    for (size_t i = 0; i < MAX_EXTENSION_STATES; i++) {
        if (static_state(walk, layout->interpreter.static_extension_types, MAX_EXTENSION_STATES, i,
                         &type))
            add(walk, type);
    }
}

/* `object`, which every type's chain of bases ends with: here that of the builtins dict's type. */
static void add_object_type(struct walk *walk) {
    const struct layout *layout = walk->decode->layout;
    uint64_t interpreter = runtime_main_interpreter(walk->runtime)->address, dict = 0, address = 0;
    if (!image_read_u64(walk->decode->image, interpreter + layout->interpreter.builtins.offset,
                        &dict) ||
        !image_read_u64(walk->decode->image, dict + layout->object.ob_type.offset, &address))
        return;
    const struct type *type = type_table_get(walk->decode->types, address);
    while (type && type->base)
        type = type->base;
    if (type)
        add(walk, type->address);
}

void static_types_roots(struct decode *decode, const struct runtime *runtime, root_visit *visit,
                        void *context) {
    struct walk walk = {.decode = decode, .runtime = runtime};
    if (!bitmap_init_sparse(&walk.seen, decode->image->mirror_size)) {
        damage_add(decode->damage, "out of memory", "static types", 0);
        return;
    }
    add_object_type(&walk);
    add_builtin_types(&walk);
    while (walk.waiting.count) {
        uint64_t address = walk.waiting.items[--walk.waiting.count];
        const struct type *type = type_table_get(decode->types, address);
        if (!type)
            continue;
        if (!type->heap_type) {
            struct root root = {.kind = ROOT_TYPE,
                                .reference = {address, 0, REFERENCE_RETAINS, LABEL_TYPE}};
            visit(context, &root);
        }
        add_subclasses(&walk, type);
    }
    vec_free(&walk.waiting);
    bitmap_free(&walk.seen);
}
