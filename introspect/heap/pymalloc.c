#include "introspect/heap/pymalloc.h"

#include "base/cancel.h"
#include "base/log.h"
#include "base/vec.h"
#include "introspect/heap/fence.h"
#include "introspect/heap/parallel.h"

/* Size classes of 16 to 512 bytes; a fresh pool has szidx 0xffff (DUMMY_SIZE_IDX). */
enum { SIZE_CLASSES = 32, MAX_ARENAS = 1 << 24, MAX_OWNERS = 255 };

struct arena_record {
    uint64_t address, pool_address;
    uint8_t owner; /* index of the interpreter */
};

struct walk {
    const struct image *image;
    const struct layout *layout;
    struct pymalloc *pymalloc;
    const volatile int *cancel;
    struct vec(struct arena_record) arenas;
};

/* ---- finding the arenas ---------------------------------------------------------------------- */

static bool read_arena(const struct image *image, const struct layout *layout, uint64_t at,
                       struct arena_record *arena) {
    const void *bytes = image_pin(image, at, layout->arena_object.size);
    if (!bytes)
        return false;
    arena->address = field_pointer(bytes, layout->arena_object.address);
    arena->pool_address = field_pointer(bytes, layout->arena_object.pool_address);
    return true;
}

static uint64_t first_pool(const struct layout *layout, uint64_t arena) {
    uint64_t size = layout->trait.pool_size;
    return (arena + size - 1) & -size;
}

/* An arena proves itself: its pools have been carved up to pool_address, and the first of them
 * points back to it by its index. */
static bool arena_is_proven(const struct image *image, const struct layout *layout,
                            const struct arena_record *arena, uint64_t index) {
    uint64_t first = first_pool(layout, arena->address);
    if (!arena->address || arena->address & 0xfff || arena->address >> IMAGE_ADDRESS_BITS ||
        arena->pool_address < first ||
        arena->pool_address > arena->address + layout->trait.arena_size)
        return false;
    if (arena->pool_address == first)
        return true; /* nothing carved yet: nothing to prove, nothing to find */
    const void *pool = image_pin(image, first, layout->pool_header.size);
    return pool && field_unsigned(pool, layout->pool_header.arenaindex) == index;
}

/* How many entries the array of arenas has, by the size of its memory: as malloc's chunk says, or the
 * fence of debug hooks (big-endian); 0 if neither is plausible. */
static uint64_t array_length(const struct image *image, const struct layout *layout,
                             uint64_t array) {
    uint64_t size = 0;
    if (fence_before(image, array))
        size = image_read_u64(image, array - FENCE_SIZE, &size) ? __builtin_bswap64(size) : 0;
    else if (image_read_u64(image, array - 8, &size))
        size = size >= 8 ? (size & ~(uint64_t)7) - 8 : 0;
    uint64_t count = size / layout->arena_object.size;
    return count < MAX_ARENAS ? count : 0;
}

/* Without the symbol: the pointer to the array of arenas is some word of the runtime module's data,
 * and no other word leads to arenas that prove themselves. Their number is that of the memory of the
 * array (Objects/obmalloc.c: new_arena). */
static bool search_arenas(const struct image *image, const struct layout *layout, uint64_t runtime,
                          uint64_t *array, uint64_t *count) {
    const struct image_module *module = image_module_at(image, runtime);
    size_t mapping_count = 0;
    const struct image_mapping *mappings = image_mappings(image, &mapping_count);
    for (size_t i = 0; module && i < mapping_count; i++) {
        uint64_t start = mappings[i].start, end = mappings[i].end;
        bool follows = i && mappings[i - 1].end == start && mappings[i - 1].start >= module->start;
        if (!mappings[i].writable || start < module->start || (end > module->end && !follows))
            continue;
        for (uint64_t at = start; at + 8 <= end; at += 8) {
            uint64_t candidate = 0;
            struct arena_record arena;
            if (!image_read_u64(image, at, &candidate) || !candidate || candidate & 15 ||
                !read_arena(image, layout, candidate, &arena) ||
                !arena_is_proven(image, layout, &arena, 0) ||
                arena.pool_address == first_pool(layout, arena.address) ||
                !(*count = array_length(image, layout, candidate)))
                continue;
            *array = candidate;
            log_line(LOG_HEAP, "arenas found by search at %#llx", (unsigned long long)candidate);
            return true;
        }
    }
    return false;
}

/* Takes the whole pools of an arena, which get their classes as they are walked; false if another one
 * has any of them. */
static bool take_pools(struct walk *walk, const struct arena_record *arena) {
    const struct pymalloc *pymalloc = walk->pymalloc;
    uint64_t size = walk->layout->trait.pool_size;
    uint64_t first = first_pool(walk->layout, arena->address);
    uint64_t end = arena->address + walk->layout->trait.arena_size;
    for (uint64_t at = first; at + size <= end; at += size) {
        uint64_t place = image_place(walk->image, at);
        if (place != UINT64_MAX && pymalloc_is_arena(pymalloc, place))
            return false;
    }
    for (uint64_t at = first; at + size <= end; at += size) {
        uint64_t place = image_place(walk->image, at);
        if (place != UINT64_MAX)
            pymalloc->pool_class[place >> pymalloc->pool_shift] = POOL_WITHOUT_BLOCKS;
    }
    return true;
}

static bool add_arenas(struct walk *walk, uint64_t array, uint64_t count,
                       struct damage_list *damage) {
    for (uint64_t i = 0; i < count && i < MAX_ARENAS; i++) {
        struct arena_record arena;
        if (!read_arena(walk->image, walk->layout, array + i * walk->layout->arena_object.size,
                        &arena)) {
            damage_add(damage, "absent", "arenas", array);
            break;
        }
        if (!arena.address)
            continue; /* not associated with memory now */
        if (!arena_is_proven(walk->image, walk->layout, &arena, i))
            damage_add(damage, "inconsistent", "arena", arena.address);
        else if (!take_pools(walk, &arena))
            damage_add(damage, "overlap", "arena", arena.address);
        else if (!vec_push(&walk->arenas, arena))
            return false;
    }
    return true;
}

static bool find_static_arenas(struct walk *walk, uint64_t runtime, struct damage_list *damage) {
    const struct image_symbol *arenas = image_find_symbol(walk->image, "arenas", UINT32_MAX);
    const struct image_symbol *maximum = image_find_symbol(walk->image, "maxarenas", UINT32_MAX);
    uint64_t array = 0, count = 0;
    uint32_t maxarenas = 0;
    if (arenas && maximum && image_read_u64(walk->image, arenas->address, &array) &&
        image_read(walk->image, maximum->address, &maxarenas, sizeof maxarenas))
        return add_arenas(walk, array, maxarenas, damage);
    if (search_arenas(walk->image, walk->layout, runtime, &array, &count))
        return add_arenas(walk, array, count, damage);
    return true;
}

static bool tell_owners(struct walk *walk) {
    struct pymalloc *pymalloc = walk->pymalloc;
    pymalloc->pool_owner = calloc((walk->image->mirror_size >> pymalloc->pool_shift) + 1, 1);
    if (!pymalloc->pool_owner)
        return false;
    uint64_t size = walk->layout->trait.pool_size;
    vec_each (arena, &walk->arenas) {
        uint64_t end = arena->address + walk->layout->trait.arena_size;
        for (uint64_t at = first_pool(walk->layout, arena->address); at + size <= end; at += size) {
            uint64_t place = image_place(walk->image, at);
            if (place != UINT64_MAX)
                pymalloc->pool_owner[place >> pymalloc->pool_shift] = arena->owner;
        }
    }
    return true;
}

static bool find_arenas(struct walk *walk, const struct runtime *runtime,
                        struct damage_list *damage) {
    const struct layout *layout = walk->layout;
    if (layout->trait.obmalloc_state == OBMALLOC_STATIC)
        return find_static_arenas(walk, runtime_address(runtime), damage);
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    struct vec(uint64_t) seen = {0};
    bool fine = true;
    /* The main one comes last in the list, and first here: what it shares is its own. */
    for (size_t i = count; fine && i-- > 0;) {
        uint64_t state = interpreters[i].address + layout->interpreter.obmalloc.offset;
        if (layout->trait.obmalloc_state == OBMALLOC_POINTER &&
            !image_read_u64(walk->image, state, &state))
            continue;
        bool known = !state;
        vec_each (other, &seen)
            known |= *other == state; /* interpreters may share the main one's */
        size_t before = walk->arenas.count;
        const void *bytes =
            known ? NULL : image_pin(walk->image, state, layout->obmalloc_state.size);
        if (!bytes)
            continue;
        fine = vec_push(&seen, state) &&
               add_arenas(walk, field_pointer(bytes, layout->obmalloc_state.arenas),
                          field_unsigned(bytes, layout->obmalloc_state.maxarenas), damage);
        for (size_t k = before; k < walk->arenas.count; k++)
            walk->arenas.items[k].owner = i < MAX_OWNERS ? (uint8_t)i : MAX_OWNERS;
    }
    if (fine && seen.count > 1)
        fine = tell_owners(walk);
    vec_free(&seen);
    return fine;
}

/* ---- walking them ---------------------------------------------------------------------------- */

struct pool {
    uint64_t address, place;
    const uint8_t *bytes;
    uint64_t block_size, blocks; /* carved so far */
    uint64_t used;               /* ref.count */
};

/* The header of a carved pool; false if the pool is free or makes no sense. */
static bool read_pool(const struct walk *walk, uint64_t address, struct pool *pool,
                      struct damage_list *damage) {
    const struct layout *layout = walk->layout;
    uint64_t size = layout->trait.pool_size;
    pool->address = address;
    pool->place = image_place(walk->image, address);
    pool->bytes = image_pin(walk->image, address, size);
    if (!pool->bytes) {
        damage_add(damage, "absent", "pool", address);
        return false;
    }
    uint64_t szidx = field_unsigned(pool->bytes, layout->pool_header.szidx);
    uint64_t next = field_unsigned(pool->bytes, layout->pool_header.nextoffset);
    pool->used = field_unsigned(pool->bytes, layout->pool_header.ref_count);
    if (!pool->used)
        return false;
    if (szidx >= SIZE_CLASSES) {
        damage_add(damage, "inconsistent", "pool", address);
        return false;
    }
    uint64_t header = layout->pool_header.size;
    pool->block_size = (szidx + 1) * 16;
    uint64_t most = (size - header) / pool->block_size;
    uint64_t carved = next > header ? (next - header) / pool->block_size : 0;
    pool->blocks = carved < most ? carved : most;
    return true;
}

static void mark_pool(struct walk *walk, const struct pool *pool, struct damage_list *damage,
                      uint64_t *block_count, uint64_t *block_bytes) {
    const struct layout *layout = walk->layout;
    struct bitmap *allocated = &walk->pymalloc->allocated;
    uint64_t header = layout->pool_header.size;
    /* A pool is seen by one thread only and its bits fill whole words (16 KiB / 16 / 64), except
     * with 4 KiB pools, where they do as well: plain stores are enough. */
    uint64_t *words = bitmap_word(allocated, pool->place);
    for (uint64_t i = 0, at = header; i < pool->blocks; i++, at += pool->block_size)
        words[at >> 10] |= bitmap_bit(at);
    uint64_t left = pool->blocks;
    uint64_t block = field_pointer(pool->bytes, layout->pool_header.freeblock);
    for (uint64_t steps = 0; block && steps <= pool->blocks; steps++) {
        uint64_t offset = block - pool->address;
        if (offset < header || offset >= header + pool->blocks * pool->block_size ||
            (offset - header) % pool->block_size || !(words[offset >> 10] & bitmap_bit(offset))) {
            damage_add(damage, "chain", "pool", pool->address);
            break;
        }
        words[offset >> 10] &= ~bitmap_bit(offset);
        left--;
        block = load_u64(pool->bytes + offset);
    }
    if (left != pool->used)
        damage_add(damage, "count", "pool", pool->address);
    walk->pymalloc->pool_class[pool->place >> walk->pymalloc->pool_shift] =
        (uint8_t)(pool->block_size >> 4);
    *block_count += left;
    *block_bytes += left * pool->block_size;
}

struct walk_part {
    struct walk *walk;
    struct damage_list damage;
    uint64_t pools, block_count, block_bytes;
};

static void walk_arenas(void *context, size_t first, size_t last) {
    struct walk_part *part = context;
    struct walk *walk = part->walk;
    uint64_t size = walk->layout->trait.pool_size;
    for (size_t i = first; i < last && !cancel_asked(walk->cancel); i++) {
        const struct arena_record *arena = &walk->arenas.items[i];
        for (uint64_t at = first_pool(walk->layout, arena->address);
             at + size <= arena->pool_address; at += size) {
            struct pool pool;
            part->pools++;
            if (read_pool(walk, at, &pool, &part->damage))
                mark_pool(walk, &pool, &part->damage, &part->block_count, &part->block_bytes);
        }
    }
}

struct err *pymalloc_walk(const struct image *image, const struct layout *layout,
                          const struct runtime *runtime, unsigned threads,
                          const volatile int *cancel, struct damage_list *damage,
                          struct pymalloc *pymalloc) {
    struct walk walk = {.image = image, .layout = layout, .pymalloc = pymalloc, .cancel = cancel};
    *pymalloc = (struct pymalloc){.pool_shift = (unsigned)__builtin_ctzll(layout->trait.pool_size)};
    pymalloc->pool_class = calloc((image->mirror_size >> pymalloc->pool_shift) + 1, 1);
    if (!pymalloc->pool_class || !bitmap_init(&pymalloc->allocated, image->mirror_size) ||
        !find_arenas(&walk, runtime, damage)) {
        vec_free(&walk.arenas);
        pymalloc_clear(pymalloc);
        return err_no_memory();
    }
    struct walk_part parts[PARALLEL_MAX] = {0};
    void *contexts[PARALLEL_MAX];
    threads = parallel_threads(threads);
    for (unsigned i = 0; i < threads; i++) {
        parts[i].walk = &walk;
        contexts[i] = &parts[i];
    }
    parallel_for(walk.arenas.count, 8, threads, walk_arenas, contexts);
    for (unsigned i = 0; i < threads; i++) {
        damage_merge(damage, &parts[i].damage);
        pymalloc->pools += parts[i].pools;
        pymalloc->block_count += parts[i].block_count;
        pymalloc->block_bytes += parts[i].block_bytes;
    }
    pymalloc->arenas = walk.arenas.count;
    pymalloc->arena_bytes = walk.arenas.count * layout->trait.arena_size;
    vec_free(&walk.arenas);
    return cancel_check(cancel);
}

void pymalloc_visit_unowned(const struct pymalloc *pymalloc, const struct image *image,
                            const struct bitmap *owned,
                            void (*visit)(void *context, uint64_t block, uint64_t size),
                            void *context) {
    for (size_t i = 0; i < pymalloc->allocated.word_count; i++) {
        uint64_t bits = pymalloc->allocated.words[i] & ~owned->words[i];
        for (; bits; bits &= bits - 1) {
            uint64_t place = bitmap_place(i, (unsigned)__builtin_ctzll(bits));
            visit(context, image_address_of_place(image, place),
                  pymalloc_block_size(pymalloc, place));
        }
    }
}

void pymalloc_clear(struct pymalloc *pymalloc) {
    free(pymalloc->pool_class);
    free(pymalloc->pool_owner);
    bitmap_free(&pymalloc->allocated);
    *pymalloc = (struct pymalloc){0};
}
