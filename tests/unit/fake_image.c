#include "tests/unit/fake_image.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CAPACITY = 64 << 20,
    HEADERS = 32, /* GC head and pre-header */
    MEMBER_DEF_SIZE = 40,
    POOL_OVERHEAD = 48, /* sizeof(struct pool_header), Objects/obmalloc.c */
};

#define FIRST_ADDRESS 0x7f0000000000ull

static void must(struct err *err) {
    if (!err)
        return;
    fprintf(stderr, "fake image: %s\n", err_message(err));
    abort();
}

static uint64_t round_up(uint64_t value, uint64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void make_present(struct fake_image *fake, uint64_t start, uint64_t end) {
    must(image_reserve(fake->image, start, end));
    image_mark_present(fake->image, start & -(uint64_t)IMAGE_PAGE_SIZE,
                       round_up(end, IMAGE_PAGE_SIZE));
}

uint64_t fake_alloc(struct fake_image *fake, uint64_t size) {
    uint64_t address = fake->next;
    fake->next = round_up(address + (size ? size : 1), 16);
    make_present(fake, address, fake->next);
    return address;
}

uint64_t fake_absent(struct fake_image *fake, uint64_t size) {
    uint64_t address = round_up(fake->next, IMAGE_PAGE_SIZE);
    fake->next = round_up(address + (size ? size : 1), IMAGE_PAGE_SIZE);
    must(image_reserve(fake->image, address, fake->next));
    return address;
}

uint64_t fake_alloc_cut(struct fake_image *fake, uint64_t size, uint64_t present) {
    fake->next = round_up(fake->next, IMAGE_PAGE_SIZE) + round_up(present, IMAGE_PAGE_SIZE);
    uint64_t boundary = fake_absent(fake, size - present);
    if (present)
        make_present(fake, boundary - present, boundary);
    return boundary - present;
}

void fake_bytes(struct fake_image *fake, uint64_t address, const void *bytes, size_t size) {
    must(image_add_bytes(fake->image, address, bytes, size));
}

void fake_word(struct fake_image *fake, uint64_t address, uint64_t value) {
    fake_bytes(fake, address, &value, sizeof value);
}

void fake_words(struct fake_image *fake, uint64_t address, size_t count, const uint64_t *values) {
    fake_bytes(fake, address, values, count * sizeof *values);
}

uint64_t fake_string(struct fake_image *fake, const char *text) {
    uint64_t address = fake_alloc(fake, strlen(text) + 1);
    fake_bytes(fake, address, text, strlen(text) + 1);
    return address;
}

void fake_set(struct fake_image *fake, uint64_t structure, struct field field, uint64_t value) {
    uint64_t address = structure + field.offset;
    if (!layout_has(field))
        return;
    if (field.bit_size) {
        uint64_t before = 0, mask = ((1ull << field.bit_size) - 1) << field.bit_offset;
        if (!image_read(fake->image, address, &before, field.size))
            must(err_new(ERR_FAILED, "a bit-field at an absent address"));
        value = (before & ~mask) | (value << field.bit_offset & mask);
    }
    fake_bytes(fake, address, &value, field.size);
}

uint64_t fake_pointers(struct fake_image *fake, size_t count, const uint64_t *pointers) {
    uint64_t address = fake_alloc(fake, count * sizeof *pointers);
    fake_words(fake, address, count, pointers);
    return address;
}

/* ---- objects --------------------------------------------------------------------------------- */

static uint64_t object_at(struct fake_image *fake, uint64_t address, uint64_t type) {
    fake_set(fake, address, fake->layout->object.ob_refcnt, 1);
    fake_set(fake, address, fake->layout->object.ob_type, type);
    return address;
}

uint64_t fake_object(struct fake_image *fake, uint64_t type, uint64_t size) {
    return object_at(fake, fake_alloc(fake, size + HEADERS) + HEADERS, type);
}

uint64_t fake_var_object(struct fake_image *fake, uint64_t type, uint64_t size, int64_t ob_size) {
    uint64_t address = fake_object(fake, type, size);
    fake_set(fake, address, fake->layout->var_object.ob_size, (uint64_t)ob_size);
    return address;
}

uint64_t fake_object_cut(struct fake_image *fake, uint64_t type, uint64_t size, uint64_t present) {
    uint64_t address = fake_alloc_cut(fake, size + HEADERS, present + HEADERS) + HEADERS;
    if (present >= fake->layout->object.ob_refcnt.offset + fake->layout->object.ob_refcnt.size)
        fake_set(fake, address, fake->layout->object.ob_refcnt, 1);
    if (present >= fake->layout->object.ob_type.offset + fake->layout->object.ob_type.size)
        fake_set(fake, address, fake->layout->object.ob_type, type);
    return address;
}

uint64_t fake_type(struct fake_image *fake, const struct fake_type *type) {
    const struct layout *layout = fake->layout;
    uint64_t metatype = type->metatype ? type->metatype : fake->type_type;
    uint64_t size = type->flags & FAKE_HEAPTYPE ? layout->heap_type.size : layout->type.size;
    uint64_t address = fake_object(fake, metatype, size);
    fake_set(fake, address, layout->type.tp_name, fake_string(fake, type->name));
    fake_set(fake, address, layout->type.tp_flags, type->flags | FAKE_READY);
    fake_set(fake, address, layout->type.tp_basicsize, type->basicsize);
    fake_set(fake, address, layout->type.tp_itemsize, type->itemsize);
    fake_set(fake, address, layout->type.tp_dictoffset, (uint64_t)type->dictoffset);
    fake_set(fake, address, layout->type.tp_weaklistoffset, (uint64_t)type->weaklistoffset);
    fake_set(fake, address, layout->type.tp_base, type->base ? type->base : fake->object_type);
    return address;
}

static void make_first_types(struct fake_image *fake) {
    const struct layout *layout = fake->layout;
    fake->object_type = fake_type(fake, &(struct fake_type){
                                            .name = "object",
                                            .flags = FAKE_BASETYPE,
                                            .basicsize = layout->object.size,
                                        });
    fake->type_type =
        fake_type(fake, &(struct fake_type){
                            .name = "type",
                            .flags = FAKE_BASETYPE | FAKE_HAVE_GC | FAKE_TYPE_SUBCLASS,
                            .basicsize = layout->heap_type.size,
                            .itemsize = MEMBER_DEF_SIZE,
                            .dictoffset = layout->type.tp_dict.offset,
                            .weaklistoffset = layout->type.tp_weaklist.offset,
                        });
    fake_set(fake, fake->object_type, layout->object.ob_type, fake->type_type);
    fake_set(fake, fake->type_type, layout->object.ob_type, fake->type_type);
    fake_set(fake, fake->object_type, layout->type.tp_base, 0);
}

void fake_image_create(struct fake_image *fake, const struct layout *layout) {
    *fake = (struct fake_image){.layout = layout, .next = FIRST_ADDRESS};
    must(image_create(CAPACITY, &fake->image));
    if (layout)
        make_first_types(fake);
}

void fake_image_destroy(struct fake_image *fake) {
    image_destroy(fake->image);
    *fake = (struct fake_image){0};
}

void fake_gc_list(struct fake_image *fake, uint64_t head, size_t count, const uint64_t *objects) {
    const struct layout *layout = fake->layout;
    uint64_t previous = head;
    for (size_t i = 0; i <= count; i++) {
        uint64_t entry = i < count ? objects[i] - layout->trait.header_before_gc : head;
        fake_set(fake, previous, layout->gc_head.gc_next, entry);
        fake_set(fake, entry, layout->gc_head.gc_prev, previous);
        previous = entry;
    }
}

/* ---- pymalloc -------------------------------------------------------------------------------- */

uint64_t fake_arena(struct fake_image *fake) {
    uint64_t size = fake->layout->trait.arena_size;
    fake->next = round_up(fake->next, size);
    return fake_alloc(fake, size);
}

struct fake_pool fake_pool(struct fake_image *fake, uint64_t arena, uint32_t arena_index,
                           uint64_t index, uint64_t block_size, uint64_t allocated) {
    const struct layout *layout = fake->layout;
    uint64_t pool_size = layout->trait.pool_size;
    struct fake_pool pool = {
        .address = arena + index * pool_size,
        .block_size = block_size,
        .block_count = (pool_size - POOL_OVERHEAD) / block_size,
        .first_block = arena + index * pool_size + POOL_OVERHEAD,
    };
    bool full = allocated >= pool.block_count;
    uint64_t next = pool.first_block + allocated * block_size;
    /* A pool that is not full keeps one block on its free list, ahead of those never used. */
    fake_set(fake, pool.address, layout->pool_header.ref_count, allocated);
    fake_set(fake, pool.address, layout->pool_header.freeblock, full ? 0 : next);
    fake_set(fake, pool.address, layout->pool_header.arenaindex, arena_index);
    fake_set(fake, pool.address, layout->pool_header.szidx, block_size / 16 - 1);
    fake_set(fake, pool.address, layout->pool_header.nextoffset,
             next - pool.address + (full ? 0 : block_size));
    return pool;
}

void fake_pool_free(struct fake_image *fake, const struct fake_pool *pool, uint64_t index) {
    const struct layout *layout = fake->layout;
    uint8_t header[POOL_OVERHEAD];
    if (!image_read(fake->image, pool->address, header, sizeof header))
        abort();
    uint64_t block = pool->first_block + index * pool->block_size;
    fake_word(fake, block, field_pointer(header, layout->pool_header.freeblock));
    fake_set(fake, pool->address, layout->pool_header.freeblock, block);
    fake_set(fake, pool->address, layout->pool_header.ref_count,
             field_unsigned(header, layout->pool_header.ref_count) - 1);
}

static bool pool_in_use(const struct fake_image *fake, uint64_t pool) {
    const void *header = image_pin(fake->image, pool, POOL_OVERHEAD);
    return header && field_unsigned(header, fake->layout->pool_header.ref_count);
}

uint64_t fake_arena_objects(struct fake_image *fake, size_t count, const uint64_t *arenas) {
    const struct layout *layout = fake->layout;
    uint64_t pool_size = layout->trait.pool_size;
    uint64_t pool_count = layout->trait.arena_size / pool_size;
    uint64_t array = fake_alloc(fake, count * layout->arena_object.size);
    for (size_t i = 0; i < count; i++) {
        uint64_t entry = array + i * layout->arena_object.size, made = pool_count;
        while (made && !pool_in_use(fake, arenas[i] + (made - 1) * pool_size))
            made--;
        fake_set(fake, entry, layout->arena_object.address, arenas[i]);
        fake_set(fake, entry, layout->arena_object.pool_address, arenas[i] + made * pool_size);
        fake_set(fake, entry, layout->arena_object.ntotalpools, pool_count);
    }
    return array;
}
