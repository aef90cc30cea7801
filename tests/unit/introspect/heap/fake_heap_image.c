#include "tests/unit/introspect/heap/fake_heap_image.h"

#include "introspect/objects/decoder.h"
#include "tests/unit/fixture_layout.h"

#include <stdio.h>
#include <stdlib.h>

enum { FENCE = 16, CHUNK_HEADER = 16, PREV_INUSE = 1, DICT_LOG2 = 3, DICT_MOST = 5 };

static void must(struct err *err) {
    if (!err)
        return;
    fprintf(stderr, "fake heap: %s\n", err_message(err));
    abort();
}

static void check(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "fake heap: %s\n", what);
    abort();
}

static uint64_t round_up(uint64_t value, uint64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

static void set(struct fake_heap *heap, uint64_t structure, struct field field, uint64_t value) {
    fake_set(&heap->fake, structure, field, value);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static uint64_t pymalloc_block(struct fake_heap *heap, uint64_t size) {
    unsigned class = (unsigned)((size + 15) / 16);
    struct fake_pool *pool = &heap->pools[class];
    if (!pool->address || heap->used[class] == pool->block_count) {
        uint64_t pool_size = heap->layout->trait.pool_size;
        check(heap->next_pool < heap->layout->trait.arena_size / pool_size, "the arena is full");
        heap->used[class] = 0;
        *pool = fake_pool(&heap->fake, heap->arena, 0, heap->next_pool++, class * 16, 0);
    }
    uint64_t block = pool->first_block + heap->used[class]++ * pool->block_size;
    fake_pool(&heap->fake, heap->arena, 0,
              (pool->address - heap->arena) / heap->layout->trait.pool_size, class * 16,
              heap->used[class]);
    return block;
}

uint64_t fake_heap_malloc(struct fake_heap *heap, uint64_t size) {
    uint64_t chunk = heap->malloc_next, chunk_size = round_up(size + 8, 16);
    if (chunk_size < 32)
        chunk_size = 32;
    heap->malloc_next += chunk_size;
    check(heap->malloc_next + 32 <= heap->malloc_start + FAKE_MALLOC, "the heap is full");
    fake_word(&heap->fake, chunk + 8, chunk_size | PREV_INUSE);
    return chunk + CHUNK_HEADER;
}

uint64_t fake_heap_block(struct fake_heap *heap, uint64_t size) {
    return size <= 512 ? pymalloc_block(heap, size) : fake_heap_malloc(heap, size);
}

void fake_heap_free(struct fake_heap *heap, uint64_t block) {
    for (unsigned class = 1; class < 33; class ++) {
        const struct fake_pool *pool = &heap->pools[class];
        if (pool->address && block >= pool->first_block &&
            block < pool->address + heap->layout->trait.pool_size) {
            fake_pool_free(&heap->fake, pool, (block - pool->first_block) / pool->block_size);
            return;
        }
    }
    check(false, "a block of no pool is freed");
}

/* ---- types ----------------------------------------------------------------------------------- */

uint64_t fake_heap_static_type(struct fake_heap *heap, const struct fake_type *type) {
    uint64_t address = fake_type(&heap->fake, type);
    set(heap, address, heap->layout->type.tp_dealloc, heap->module);
    return address;
}

static void make_types(struct fake_heap *heap) {
    const struct layout *layout = heap->layout;
    set(heap, heap->fake.object_type, layout->type.tp_dealloc, heap->module);
    set(heap, heap->fake.type_type, layout->type.tp_dealloc, heap->module);
    heap->int_type = fake_heap_static_type(
        heap, &(struct fake_type){.name = "int",
                                  .flags = FAKE_LONG_SUBCLASS,
                                  .basicsize = layout->integer.ob_digit.offset,
                                  .itemsize = layout->integer.ob_digit.size});
    heap->float_type = fake_heap_static_type(
        heap, &(struct fake_type){.name = "float", .basicsize = layout->float_object.size});
    heap->list_type =
        fake_heap_static_type(heap, &(struct fake_type){.name = "list",
                                                        .flags = FAKE_LIST_SUBCLASS | FAKE_HAVE_GC,
                                                        .basicsize = layout->list.size});
    heap->dict_type =
        fake_heap_static_type(heap, &(struct fake_type){.name = "dict",
                                                        .flags = FAKE_DICT_SUBCLASS | FAKE_HAVE_GC,
                                                        .basicsize = layout->dict.size});
    heap->str_type =
        fake_heap_static_type(heap, &(struct fake_type){.name = "str",
                                                        .flags = FAKE_UNICODE_SUBCLASS,
                                                        .basicsize = layout->unicode.size});
    heap->tuple_type =
        fake_heap_static_type(heap, &(struct fake_type){.name = "tuple",
                                                        .flags = FAKE_TUPLE_SUBCLASS | FAKE_HAVE_GC,
                                                        .basicsize = layout->tuple.ob_item.offset,
                                                        .itemsize = 8});
    heap->box_type = fake_heap_static_type(
        heap, &(struct fake_type){.name = "extension.Box", .basicsize = layout->object.size + 16});
}

/* ---- the runtime ----------------------------------------------------------------------------- */

static void make_runtime(struct fake_heap *heap) {
    const struct layout *layout = heap->layout;
    struct fake_image *fake = &heap->fake;
    heap->runtime_address = fake_alloc(fake, layout->runtime.size);
    heap->interpreter = fake_alloc(fake, layout->interpreter.size);
    heap->thread = fake_alloc(fake, layout->thread.size);
    set(heap, heap->runtime_address, layout->runtime.interpreters_head, heap->interpreter);
    set(heap, heap->interpreter, layout->interpreter.threads_head, heap->thread);
    set(heap, heap->thread, layout->thread.interp, heap->interpreter);
    set(heap, heap->thread, layout->thread.thread_id, 77);
    if (layout->trait.obmalloc_state) {
        heap->obmalloc = fake_alloc(fake, layout->obmalloc_state.size);
        set(heap, heap->interpreter, layout->interpreter.obmalloc, heap->obmalloc);
    } else {
        heap->arenas = fake_alloc(fake, 8);
        heap->maxarenas = fake_alloc(fake, 8);
    }
}

void fake_heap_create(struct fake_heap *heap, const char *version) {
    *heap = (struct fake_heap){.layout = fixture_layout(version)};
    struct fake_image *fake = &heap->fake;
    fake_image_create(fake, heap->layout);
    heap->image = fake->image;
    heap->module = fake->next & -(uint64_t)IMAGE_CHUNK_SIZE;
    make_types(heap);
    make_runtime(heap);
    heap->module_end = round_up(fake->next, IMAGE_PAGE_SIZE);
    fake->next = heap->module_end + IMAGE_PAGE_SIZE;
    heap->foreign = fake_alloc(fake, FAKE_FOREIGN);
    fake->next += IMAGE_PAGE_SIZE;
    heap->stack = fake_alloc(fake, FAKE_STACK);
    heap->stack_end = fake->next;
    heap->stack_pointer = heap->stack;
    heap->arena = fake_arena(fake);
    heap->malloc_start = heap->malloc_next = fake_alloc(fake, FAKE_MALLOC);
    set(heap, heap->box_type, heap->layout->type.tp_dealloc, heap->foreign);
    heap->builtins = fake_heap_dict(heap, 0, NULL);
    set(heap, heap->interpreter, heap->layout->interpreter.builtins, heap->builtins);
}

void fake_heap_use_debug_hooks(struct fake_heap *heap) {
    heap->fenced = true;
    heap->builtins = fake_heap_dict(heap, 0, NULL);
    set(heap, heap->interpreter, heap->layout->interpreter.builtins, heap->builtins);
}

static void link_lists(struct fake_heap *heap) {
    const struct layout *layout = heap->layout;
    uint64_t gc = heap->interpreter + layout->interpreter.gc.offset;
    uint64_t generation = gc + layout->gc_state.generations.offset;
    fake_gc_list(&heap->fake, generation, heap->young.count, heap->young.items);
    fake_gc_list(&heap->fake, generation + layout->gc_generation.size, 0, NULL);
    fake_gc_list(&heap->fake, generation + 2ull * layout->gc_generation.size, heap->old.count,
                 heap->old.items);
    fake_gc_list(&heap->fake, gc + layout->gc_state.permanent_generation.offset,
                 heap->permanent.count, heap->permanent.items);
}

static void make_roots(struct fake_heap *heap) {
    uint64_t roots = fake_heap_list(heap, heap->roots.count, heap->roots.items);
    set(heap, heap->interpreter, heap->layout->interpreter.modules, roots);
}

static void write_arenas(struct fake_heap *heap) {
    const struct layout *layout = heap->layout;
    uint64_t array = fake_heap_malloc(heap, 16ull * layout->arena_object.size);
    uint64_t made = fake_arena_objects(&heap->fake, 1, &heap->arena);
    const void *bytes = image_pin(heap->image, made, layout->arena_object.size);
    fake_bytes(&heap->fake, array, bytes, layout->arena_object.size);
    if (heap->obmalloc) {
        set(heap, heap->obmalloc, layout->obmalloc_state.arenas, array);
        set(heap, heap->obmalloc, layout->obmalloc_state.maxarenas, 16);
        return;
    }
    fake_word(&heap->fake, heap->arenas, array);
    fake_word(&heap->fake, heap->maxarenas, 16);
    if (heap->without_symbols)
        return;
    struct image_symbol symbols[] = {{"arenas", heap->arenas, 8, 0},
                                     {"maxarenas", heap->maxarenas, 4, 0}};
    must(image_add_symbol(heap->image, &symbols[0]));
    must(image_add_symbol(heap->image, &symbols[1]));
}

static void add_mapping(struct fake_heap *heap, uint64_t start, uint64_t end,
                        enum mapping_kind kind, const char *path) {
    struct image_mapping mapping = {.start = start,
                                    .end = end,
                                    .readable = true,
                                    .writable = true,
                                    .kind = kind,
                                    .state = MAPPING_CAPTURED,
                                    .path = path};
    must(image_add_mapping(heap->image, &mapping));
}

static void add_surroundings(struct fake_heap *heap) {
    struct image_module modules[] = {
        {.path = "/usr/bin/python3", .start = heap->module, .end = heap->module_end},
        {.path = "/srv/extension.so", .start = heap->foreign, .end = heap->foreign + FAKE_FOREIGN},
    };
    must(image_add_module(heap->image, &modules[0]));
    must(image_add_module(heap->image, &modules[1]));
    add_mapping(heap, heap->module, heap->module_end, MAPPING_FILE, modules[0].path);
    add_mapping(heap, heap->foreign, heap->foreign + FAKE_FOREIGN, MAPPING_FILE, modules[1].path);
    add_mapping(heap, heap->stack, heap->stack_end, MAPPING_STACK, "[stack]");
    add_mapping(heap, heap->arena, heap->arena + heap->layout->trait.arena_size, MAPPING_ANONYMOUS,
                "");
    add_mapping(heap, heap->malloc_start, heap->malloc_start + FAKE_MALLOC, MAPPING_BRK, "[heap]");
    if (heap->extra)
        add_mapping(heap, heap->extra, heap->extra_end, MAPPING_ANONYMOUS, "");
    struct image_thread thread = {.tid = 4711,
                                  .stack_pointer = heap->stack_pointer,
                                  .registers = {heap->a_register},
                                  .register_count = 1};
    must(image_add_thread(heap->image, &thread));
}

void fake_heap_finish(struct fake_heap *heap) {
    make_roots(heap);
    link_lists(heap);
    write_arenas(heap);
    fake_word(&heap->fake, heap->malloc_next + 8,
              (heap->malloc_start + FAKE_MALLOC - heap->malloc_next) | PREV_INUSE);
    add_surroundings(heap);
    must(runtime_read(heap->image, heap->layout, heap->runtime_address, &heap->runtime));
}

void fake_heap_build(struct fake_heap *heap, unsigned threads) {
    fake_heap_finish(heap);
    must(heap_build(heap->image, heap->layout, heap->runtime,
                    &(struct heap_options){.threads = threads}, &heap->heap));
}

void fake_heap_destroy(struct fake_heap *heap) {
    heap_destroy(heap->heap);
    runtime_destroy(heap->runtime);
    vec_free(&heap->young);
    vec_free(&heap->old);
    vec_free(&heap->permanent);
    vec_free(&heap->roots);
    fake_image_destroy(&heap->fake);
}

/* ---- objects --------------------------------------------------------------------------------- */

uint64_t fake_heap_object(struct fake_heap *heap, uint64_t type, uint64_t size) {
    const struct layout *layout = heap->layout;
    const void *body = image_pin(heap->image, type, layout->type.size);
    check(body, "an object of a type that is not there");
    uint64_t flags = field_unsigned(body, layout->type.tp_flags);
    uint64_t before = flags & FAKE_HAVE_GC ? layout->trait.header_before_gc : 0;
    if (flags & (layout->trait.flag_managed_dict | layout->trait.flag_managed_weakref))
        before += layout->trait.preheader;
    uint64_t fence = heap->fenced ? FENCE : 0;
    uint64_t block = fake_heap_block(heap, fence + before + size);
    if (fence)
        fake_words(&heap->fake, block, 2,
                   (uint64_t[]){__builtin_bswap64(before + size), 0xfdfdfdfdfdfdfd00 | 'o'});
    uint64_t object = block + fence + before;
    set(heap, object, layout->object.ob_refcnt, 1);
    set(heap, object, layout->object.ob_type, type);
    return object;
}

uint64_t fake_heap_float(struct fake_heap *heap, double value) {
    uint64_t object = fake_heap_object(heap, heap->float_type, heap->layout->float_object.size);
    fake_bytes(&heap->fake, object + heap->layout->float_object.ob_fval.offset, &value,
               sizeof value);
    return object;
}

uint64_t fake_heap_int(struct fake_heap *heap, unsigned digits) {
    const struct layout *layout = heap->layout;
    uint64_t size = layout->integer.ob_digit.offset + digits * layout->integer.ob_digit.size;
    uint64_t object = fake_heap_object(heap, heap->int_type, size);
    if (layout->trait.compact_int)
        set(heap, object, layout->integer.lv_tag, (uint64_t)digits << 3);
    else
        set(heap, object, layout->var_object.ob_size, digits);
    for (unsigned i = 0; i < digits; i++)
        fake_bytes(&heap->fake, object + layout->integer.ob_digit.offset + i * 4,
                   &(uint32_t){0x3fffffff}, 4);
    return object;
}

uint64_t fake_heap_str(struct fake_heap *heap, const char *text) {
    const struct layout *layout = heap->layout;
    size_t length = strlen(text);
    uint64_t str = fake_heap_object(heap, heap->str_type, layout->ascii.size + length + 1);
    set(heap, str, layout->ascii.length, length);
    set(heap, str, layout->ascii.kind, 1);
    set(heap, str, layout->ascii.compact, 1);
    set(heap, str, layout->ascii.ascii, 1);
    set(heap, str, layout->ascii.ready, 1);
    fake_bytes(&heap->fake, str + layout->ascii.size, text, length + 1);
    return str;
}

uint64_t fake_heap_list(struct fake_heap *heap, size_t count, const uint64_t *items) {
    const struct layout *layout = heap->layout;
    uint64_t list = fake_heap_object(heap, heap->list_type, layout->list.size);
    if (!count)
        return list;
    uint64_t array = fake_heap_block(heap, count * 8);
    if (items)
        fake_words(&heap->fake, array, count, items);
    set(heap, list, layout->var_object.ob_size, count);
    set(heap, list, layout->list.ob_item, array);
    set(heap, list, layout->list.allocated, count);
    return list;
}

uint64_t fake_heap_tuple(struct fake_heap *heap, size_t count, const uint64_t *items) {
    const struct layout *layout = heap->layout;
    uint64_t tuple =
        fake_heap_object(heap, heap->tuple_type, layout->tuple.ob_item.offset + count * 8);
    set(heap, tuple, layout->var_object.ob_size, count);
    if (count)
        fake_words(&heap->fake, tuple + layout->tuple.ob_item.offset, count, items);
    return tuple;
}

uint64_t fake_heap_dict(struct fake_heap *heap, size_t count, const uint64_t *items) {
    const struct layout *layout = heap->layout;
    check(count <= DICT_MOST, "too many items for a small dict");
    uint64_t dict = fake_heap_object(heap, heap->dict_type, layout->dict.size);
    uint64_t index = 1ull << DICT_LOG2;
    uint64_t keys = fake_heap_block(heap, layout->dict_keys.size + index + DICT_MOST * 16);
    set(heap, keys, layout->dict_keys.dk_refcnt, 1);
    set(heap, keys, layout->dict_keys.dk_log2_size, DICT_LOG2);
    set(heap, keys, layout->dict_keys.dk_log2_index_bytes, DICT_LOG2);
    set(heap, keys, layout->dict_keys.dk_kind, 1);
    set(heap, keys, layout->dict_keys.dk_usable, DICT_MOST - count);
    set(heap, keys, layout->dict_keys.dk_nentries, count);
    if (count)
        fake_words(&heap->fake, keys + layout->dict_keys.size + index, 2 * count, items);
    set(heap, dict, layout->dict.ma_used, count);
    set(heap, dict, layout->dict.ma_keys, keys);
    return dict;
}

uint64_t fake_heap_box(struct fake_heap *heap, uint64_t first, uint64_t second) {
    uint64_t box = fake_heap_object(heap, heap->box_type, heap->layout->object.size + 16ull);
    fake_word(&heap->fake, box + heap->layout->object.size, first);
    fake_word(&heap->fake, box + heap->layout->object.size + 8, second);
    return box;
}

void fake_heap_refcount(struct fake_heap *heap, uint64_t object, uint64_t count) {
    set(heap, object, heap->layout->object.ob_refcnt, count);
}

void fake_heap_track(struct fake_heap *heap, uint64_t object) {
    check(vec_push(&heap->young, object), "out of memory");
}

void fake_heap_root(struct fake_heap *heap, uint64_t object) {
    check(vec_push(&heap->roots, object), "out of memory");
}

uint64_t fake_heap_damage(const struct damage_list *list, const char *reason) {
    uint64_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += strcmp(list->items[i].reason, reason) ? 0 : list->items[i].count;
    return count;
}
