#include "introspect/heap/type_table.h"

#include "base/arena.h"
#include "base/vec.h"
#include "introspect/layout/type_flags.h"
#include "introspect/objects/dict.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

#include <pthread.h>
#include <stdlib.h>

/* Beyond these no type is believed. */
enum {
    MAX_BASICSIZE = 1 << 20,
    MAX_ITEMSIZE = 1 << 16,
    MAX_BASES = 1000,
    MAX_SLOTS = 1 << 16,
    MAX_NAME = 512,
    MAX_TYPES = 1 << 20,
};

struct slots {
    size_t mask;         /* capacity - 1 */
    struct slots *older; /* still read by others; freed at the end */
    struct type *types[];
};

struct name_entry {
    const char *name;
    const struct decoder *decoder;
};

struct type_table {
    const struct image *image;
    const struct layout *layout;
    const struct image_module *runtime_module;
    pthread_mutex_t lock;
    struct slots *slots;
    struct type **by_id; /* MAX_TYPES reserved pointers, untouched until used */
    uint32_t count;
    struct arena memory;
    struct decode decode; /* for reading dicts; under the lock */
    struct damage_list damage;
    struct vec(struct name_entry) names; /* of all decoders, sorted */
};

static size_t slot_of(const struct slots *slots, uint64_t address) {
    return (size_t)((address * 0x9e3779b97f4a7c15ull) >> 32) & slots->mask;
}

static struct slots *slots_create(size_t capacity) {
    struct slots *slots = calloc(1, sizeof *slots + capacity * sizeof *slots->types);
    if (slots)
        slots->mask = capacity - 1;
    return slots;
}

const struct type *type_table_find(const struct type_table *table, uint64_t address) {
    const struct slots *slots = __atomic_load_n(&table->slots, __ATOMIC_ACQUIRE);
    for (size_t i = slot_of(slots, address);; i = (i + 1) & slots->mask) {
        const struct type *type = __atomic_load_n(&slots->types[i], __ATOMIC_ACQUIRE);
        if (!type || type->address == address)
            return type;
    }
}

static void slots_put(struct slots *slots, struct type *type) {
    size_t i = slot_of(slots, type->address);
    while (slots->types[i])
        i = (i + 1) & slots->mask;
    __atomic_store_n(&slots->types[i], type, __ATOMIC_RELEASE);
}

static bool publish(struct type_table *table, struct type *type) {
    if (table->count == MAX_TYPES)
        return false;
    if ((table->count + 1) * 2 > table->slots->mask) {
        struct slots *grown = slots_create((table->slots->mask + 1) * 4);
        if (!grown)
            return false;
        for (uint32_t i = 0; i < table->count; i++)
            slots_put(grown, table->by_id[i]);
        grown->older = table->slots;
        __atomic_store_n(&table->slots, grown, __ATOMIC_RELEASE);
    }
    type->id = table->count;
    __atomic_store_n(&table->by_id[table->count], type, __ATOMIC_RELEASE);
    __atomic_store_n(&table->count, table->count + 1, __ATOMIC_RELEASE);
    slots_put(table->slots, type);
    return true;
}

/* ---- what a type is called ------------------------------------------------------------------- */

static void add_str(struct type_table *table, uint64_t address, struct strbuf *out) {
    str_escaped(&table->decode, address, MAX_NAME, out);
}

/* module.qualname as type.__module__ and type.__qualname__ would say (Objects/typeobject.c:
 * type_module, type_qualname); the module "builtins" is left out. */
static const char *type_name(struct type_table *table, const struct type *type, const uint8_t *body,
                             size_t available) {
    const struct layout *layout = table->layout;
    struct strbuf name = {0};
    char c_name[MAX_NAME];
    if (type->heap_type && field_fits(layout->heap_type.ht_qualname, available)) {
        uint64_t dict = field_pointer(body, layout->type.tp_dict);
        uint64_t module = dict_find(&table->decode, dict, "__module__");
        if (module)
            add_str(table, module, &name);
        if (!strcmp(strbuf_text(&name), "builtins"))
            strbuf_clear(&name);
        else if (name.length)
            strbuf_putc(&name, '.');
        add_str(table, field_pointer(body, layout->heap_type.ht_qualname), &name);
    } else if (image_read_string(table->image, field_pointer(body, layout->type.tp_name), c_name,
                                 sizeof c_name)) {
        const char *bare = strncmp(c_name, "builtins.", 9) ? c_name : c_name + 9;
        strbuf_add_escaped(&name, bare, strlen(bare), MAX_NAME);
    }
    if (!name.length)
        strbuf_puts(&name, "?");
    char *copy = name.failed ? NULL : arena_strdup(&table->memory, name.text);
    strbuf_free(&name);
    return copy ? copy : "?";
}

/* ---- how its instances are decoded ----------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
    return strcmp(((const struct name_entry *)a)->name, ((const struct name_entry *)b)->name);
}

static bool index_decoders(struct type_table *table) {
    for (const struct decoder *const *const *family = decoder_registry; *family; family++) {
        for (const struct decoder *const *decoder = *family; *decoder; decoder++) {
            for (const char *const *name = (*decoder)->types; *name; name++) {
                if (!vec_push(&table->names, ((struct name_entry){*name, *decoder})))
                    return false;
            }
        }
    }
    qsort(table->names.items, table->names.count, sizeof *table->names.items, compare_names);
    return true;
}

/* Only the interpreter's own code, and its extension modules, mean what a tp_name says: others use
 * the same names for other structures (Cython's "generator"). */
static bool is_of_its_file(const struct type_table *table, const struct decoder *decoder,
                           uint64_t code) {
    if (!table->runtime_module)
        return true; /* an image without modules */
    const struct image_module *module = image_module_at(table->image, code);
    if (module && decoder->file)
        return strstr(module->path, decoder->file);
    return module && (module == table->runtime_module || strstr(module->path, "/lib-dynload/"));
}

static const struct decoder *decoder_named(const struct type_table *table, const uint8_t *body) {
    char c_name[MAX_NAME];
    if (!image_read_string(table->image, field_pointer(body, table->layout->type.tp_name), c_name,
                           sizeof c_name))
        return NULL;
    struct name_entry key = {c_name, NULL};
    const struct name_entry *entry =
        table->names.count
            ? bsearch(&key, table->names.items, table->names.count, sizeof key, compare_names)
            : NULL;
    uint64_t code = field_pointer(body, table->layout->type.tp_dealloc);
    return entry && is_of_its_file(table, entry->decoder, code) ? entry->decoder : NULL;
}

/* A table of another release has another structure where the sizes differ. */
static bool has_structure(const struct layout *layout, const struct decoder *decoder,
                          uint64_t basicsize) {
    if (!decoder->least_size)
        return true;
    uint32_t least = decoder->least_size(layout); /* 0: unknown in this build */
    bool exact = layout->proofs && !decoder->bigger_types;
    return least && (exact ? least == basicsize : least <= basicsize);
}

/* A class statement makes tp_name point into ht_name's own UTF-8 (Objects/typeobject.c: type_new);
 * C types have a name of their own. */
static bool is_python_class(const struct type_table *table, const uint8_t *body, size_t available) {
    const struct layout *layout = table->layout;
    if (!field_fits(layout->heap_type.ht_name, available))
        return false;
    uint64_t name = field_pointer(body, layout->heap_type.ht_name);
    return str_utf8_address(table->image, layout, name) ==
           field_pointer(body, layout->type.tp_name);
}

/* __slots__: the PyMemberDefs behind the type object, ob_size of them. Py_T_OBJECT_EX is in
 * Include/descrobject.h (3.12), before that T_OBJECT_EX in Include/structmember.h; _Py_AFTER_ITEMS is
 * of subclasses of tuple (3.15). */
enum { T_OBJECT_EX = 16, AFTER_ITEMS = 16 };

static bool read_slots(struct type_table *table, struct type *type, const uint8_t *body) {
    const struct layout *layout = table->layout;
    uint64_t members = field_pointer(body, layout->type.tp_members);
    uint64_t own =
        type->python_class && members ? field_unsigned(body, layout->var_object.ob_size) : 0;
    uint32_t inherited = type->base ? type->base->slot_count : 0;
    /* Each takes a word of the instances behind what the base has of them (type_new_slots). */
    uint64_t base_size = type->base ? type->base->basicsize : layout->object.size;
    if (own > MAX_SLOTS || base_size + own * 8 > type->basicsize)
        own = 0;
    if (!own) {
        type->slots = type->base ? type->base->slots : NULL;
        type->slot_count = inherited;
        return true;
    }
    struct type_slot *slots = arena_alloc(&table->memory, (inherited + own) * sizeof *slots);
    if (!slots)
        return false;
    if (inherited)
        memcpy(slots, type->base->slots, inherited * sizeof *slots);
    uint32_t count = inherited;
    for (uint64_t i = 0; i < own; i++) {
        const uint32_t size = layout->member_def.size;
        const void *member = image_pin(table->image, members + i * size, size);
        if (!member)
            break;
        uint64_t offset = field_unsigned(member, layout->member_def.offset);
        if (field_unsigned(member, layout->member_def.type) == T_OBJECT_EX &&
            offset >= layout->object.size && offset + 8 <= type->basicsize && !(offset & 7))
            slots[count++] = (struct type_slot){
                .offset = (uint32_t)offset,
                .after_items = field_unsigned(member, layout->member_def.flags) & AFTER_ITEMS,
                .name = field_pointer(member, layout->member_def.name)};
    }
    type->slots = slots;
    type->slot_count = count;
    return true;
}

static const struct type *get_locked(struct type_table *table, uint64_t address, unsigned depth);

/* Where __sizeof__ comes from: the first class of tp_mro that has one. Those of types with a decoder
 * are reckoned; others, in Python or in C, may say anything (an array adds its data). */
static bool inherits_size(struct type_table *table, const struct type *type, const uint8_t *body,
                          unsigned depth) {
    const struct layout *layout = table->layout;
    uint64_t mro = field_pointer(body, layout->type.tp_mro);
    uint64_t bases = remote_item_count(&table->decode, field_pointer(body, layout->type.tp_bases));
    uint64_t count = remote_item_count(&table->decode, mro);
    if (bases < 2 || count > MAX_BASES)
        return type->base && type->base->size_overridden;
    for (uint64_t i = 1; i < count; i++) { /* the first is the type itself */
        uint64_t address = 0;
        image_read_u64(table->image, mro + layout->tuple.ob_item.offset + i * 8, &address);
        const struct type *parent = address ? get_locked(table, address, depth + 1) : NULL;
        if (!parent || !parent->base || parent->decoded_as == parent)
            return false;
        if (parent->own_sizeof)
            return true;
    }
    return false;
}

static void inherit_decoder(struct type_table *table, struct type *type, const uint8_t *body) {
    const struct decoder *own = type->python_class ? NULL : decoder_named(table, body);
    const struct type *base = type->base;
    if (own && !has_structure(table->layout, own, type->basicsize)) {
        own = NULL; /* in this build it may have nothing of its own */
        type->undecoded = !base || base->undecoded || base->basicsize != type->basicsize;
    } else if (!own && base) {
        type->undecoded = base->undecoded;
    }
    if (own) {
        type->decoder = own;
        type->decoded_as = type;
    } else if (base) {
        type->decoder = base->decoder;
        type->decoded_as = base->decoded_as;
        type->unknown_body =
            base->unknown_body || (!type->python_class && type->basicsize > base->basicsize);
    } else {
        type->unknown_body = !type->python_class && type->basicsize > table->layout->object.size;
    }
    /* What the decoded structure has itself, its decoder reports. */
    const struct type *decoded_as = type->decoded_as;
    if (own || (decoded_as && base && !base->dictoffset &&
                type->dictoffset == field_signed(image_pin(table->image, decoded_as->address,
                                                           table->layout->type.size),
                                                 table->layout->type.tp_dictoffset)))
        type->dictoffset = 0;
}

static void plan_decoding(struct type *type, const struct layout *layout) {
    const struct decoder *decoder = type->decoder;
    bool managed = type->flags & layout->trait.flag_managed_dict;
    uint32_t offsets[2] = {0, 0};
    uint32_t count = decoder && decoder->prefetch ? decoder->prefetch(layout, offsets) : 0;
    for (uint32_t i = 0; i < count && i < 2; i++)
        type->prefetch[type->prefetch_count++] = (int32_t)offsets[i];
    if (managed && type->prefetch_count < 2 && layout->trait.managed_dict_values == VALUES_POINTER)
        type->prefetch[type->prefetch_count++] = -4 * 8;
    if (managed && type->prefetch_count < 2 && layout->trait.managed_dict_values == VALUES_TAGGED)
        type->prefetch[type->prefetch_count++] = -3 * 8;
    type->may_own_buffers = managed || (decoder && decoder->measure && !decoder->no_buffers);
    type->plain_size = !managed && !(decoder && decoder->measure) && !type->size_overridden;
    type->owns_nothing = !type->heap_type && decoder && !decoder->references && !managed &&
                         !type->dictoffset && !type->weaklistoffset && !type->unknown_body;
}

/* ---- reading one ----------------------------------------------------------------------------- */

static bool is_metatype(const struct type_table *table, uint64_t address) {
    const struct layout *layout = table->layout;
    const void *body = image_pin(table->image, address, layout->type.size);
    return body && (field_unsigned(body, layout->type.tp_flags) & TPFLAGS_TYPE_SUBCLASS);
}

static bool read_type(struct type_table *table, struct type *type, unsigned depth) {
    const struct layout *layout = table->layout;
    size_t available = 0;
    const uint8_t *body =
        image_pin_some(table->image, type->address, layout->heap_type.size, &available);
    if (type->address & 7 || available < layout->type.size)
        return false;
    uint64_t metatype = field_pointer(body, layout->object.ob_type);
    uint64_t meta_metatype = 0;
    if (!metatype || !is_metatype(table, metatype) ||
        !image_read_u64(table->image, metatype + layout->object.ob_type.offset, &meta_metatype) ||
        !is_metatype(table, meta_metatype))
        return false;
    type->flags = field_unsigned(body, layout->type.tp_flags);
    type->basicsize = field_unsigned(body, layout->type.tp_basicsize);
    int64_t itemsize = field_signed(body, layout->type.tp_itemsize);
    if (type->basicsize < layout->object.size || type->basicsize > MAX_BASICSIZE || itemsize < 0 ||
        itemsize > MAX_ITEMSIZE)
        return false;
    type->itemsize = (uint64_t)itemsize;
    type->dictoffset = field_signed(body, layout->type.tp_dictoffset);
    type->weaklistoffset = field_signed(body, layout->type.tp_weaklistoffset);
    type->heap_type = type->flags & TPFLAGS_HEAPTYPE;
    if (type->heap_type && available < layout->heap_type.size)
        return false;
    type->has_gc = type->flags & TPFLAGS_HAVE_GC;
    type->is_type = type->flags & TPFLAGS_TYPE_SUBCLASS;
    type->has_finalizer =
        layout_has(layout->type.tp_finalize) && field_pointer(body, layout->type.tp_finalize);
    type->python_class = type->heap_type && is_python_class(table, body, available);
    type->cached_keys = type->heap_type ? field_pointer(body, layout->heap_type.ht_cached_keys) : 0;
    if (type->flags & (layout->trait.flag_managed_dict | layout->trait.flag_managed_weakref))
        type->preheader = (uint32_t)layout->trait.preheader;
    type->name = type_name(table, type, body, available);
    inherit_decoder(table, type, body);
    if (type->base && type->decoded_as != type) {
        uint64_t dict = field_pointer(body, layout->type.tp_dict);
        type->own_sizeof = dict && dict_find(&table->decode, dict, "__sizeof__");
        type->size_overridden =
            type->undecoded || type->own_sizeof || inherits_size(table, type, body, depth);
    }
    plan_decoding(type, layout);
    return read_slots(table, type, body);
}

static const struct type *get_locked(struct type_table *table, uint64_t address, unsigned depth) {
    const struct type *known = type_table_find(table, address);
    if (known)
        return known;
    const void *body = image_pin(table->image, address, table->layout->type.size);
    if (!body || depth > MAX_BASES)
        return NULL;
    struct type fresh = {.address = address};
    uint64_t base = field_pointer(body, table->layout->type.tp_base);
    if (base && !(fresh.base = get_locked(table, base, depth + 1)))
        return NULL;
    if (!read_type(table, &fresh, depth))
        return NULL;
    struct type *type = arena_alloc(&table->memory, sizeof *type);
    if (!type)
        return NULL;
    *type = fresh;
    if (type->decoded_as == &fresh)
        type->decoded_as = type;
    return publish(table, type) ? type : NULL;
}

const struct type *type_table_get(struct type_table *table, uint64_t address) {
    const struct type *known = type_table_find(table, address);
    if (__builtin_expect(known != NULL, 1))
        return known;
    pthread_mutex_lock(&table->lock);
    known = get_locked(table, address, 0);
    pthread_mutex_unlock(&table->lock);
    return known;
}

uint32_t type_table_count(const struct type_table *table) {
    return __atomic_load_n(&table->count, __ATOMIC_ACQUIRE);
}

const struct type *type_table_by_id(const struct type_table *table, uint32_t id) {
    return id < type_table_count(table) ? __atomic_load_n(&table->by_id[id], __ATOMIC_ACQUIRE)
                                        : NULL;
}

/* References are not wanted of the dicts that type_table reads. */
static void ignore_references(struct decode *decode) {
    decode->reference_count = 0;
}

static struct err *create(struct type_table **ret) {
    struct type_table *table = calloc(1, sizeof *table);
    if (!table)
        return err_no_memory();
    table->slots = slots_create(4096);
    table->by_id = calloc(MAX_TYPES, sizeof *table->by_id);
    pthread_mutex_init(&table->lock, NULL);
    if (!table->slots || !table->by_id) {
        type_table_destroy(table);
        return err_no_memory();
    }
    *ret = table;
    return NULL;
}

struct err *type_table_create(const struct image *image, const struct layout *layout,
                              uint64_t runtime_address, struct type_table **ret) {
    struct type_table *table = NULL;
    TRY(create(&table));
    table->image = image;
    table->layout = layout;
    table->runtime_module = image_module_at(image, runtime_address);
    table->decode = (struct decode){.image = image,
                                    .layout = layout,
                                    .types = table,
                                    .damage = &table->damage,
                                    .flush = ignore_references};
    if (!index_decoders(table)) {
        type_table_destroy(table);
        return err_no_memory();
    }
    *ret = table;
    return NULL;
}

struct err *type_table_create_known(struct type_table **ret) {
    return create(ret);
}

const struct type *type_table_add(struct type_table *table, const struct type *type) {
    if (type_table_find(table, type->address))
        return NULL;
    struct type *added = arena_alloc(&table->memory, sizeof *added);
    char *name = arena_strdup(&table->memory, type->name);
    if (!added || !name)
        return NULL;
    *added = *type;
    added->name = name;
    return publish(table, added) ? added : NULL;
}

void type_table_destroy(struct type_table *table) {
    if (!table)
        return;
    struct slots *slots = table->slots;
    while (slots) {
        struct slots *older = slots->older;
        free(slots);
        slots = older;
    }
    free(table->by_id);
    vec_free(&table->names);
    arena_clear(&table->memory);
    pthread_mutex_destroy(&table->lock);
    free(table);
}
