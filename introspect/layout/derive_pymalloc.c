/* Self-checks of pymalloc's structures. Facts: Objects/obmalloc.c, Include/internal/pycore_obmalloc.h of 3.8 to
 * 3.15. */
#include "introspect/layout/derive.h"

enum {
    SAMPLES = 64,
    LEAST_OTHERS = 16,
    MOST_POOL = 1 << 14,
    SIZE_CLASSES = 32,
};

uint64_t derive_obmalloc(const struct derive *derive) {
    const struct layout *layout = derive->layout;
    uint64_t at = derive->interpreter + layout->interpreter.obmalloc.offset;
    if (!derive->interpreter || layout->trait.obmalloc_state == OBMALLOC_STATIC)
        return 0;
    return layout->trait.obmalloc_state == OBMALLOC_POINTER ? live_word(&derive->live, at) : at;
}

struct pool {
    uint64_t address, arena_index;
};

/* In every pool the blocks that were handed out so far, less those on its free list, are those in use. */
static bool pool_accounts(const struct layout *layout, const uint8_t *bytes, uint64_t pool) {
    const uint64_t header = layout->pool_header.size, size = layout->trait.pool_size;
    uint64_t class = field_unsigned(bytes, layout->pool_header.szidx);
    uint64_t end = field_unsigned(bytes, layout->pool_header.nextoffset);
    uint64_t free = field_pointer(bytes, layout->pool_header.freeblock), block = (class + 1) * 16;
    if (class >= SIZE_CLASSES || end < header || end > size || (end - header) % block)
        return false;
    uint64_t used = (end - header) / block;
    for (; free && used; used--) {
        uint64_t offset = free - pool;
        if (offset < header || offset >= end || (offset - header) % block)
            return false;
        free = load_u64(bytes + offset);
    }
    return !free && used && used == field_unsigned(bytes, layout->pool_header.ref_count);
}

/* Might that be a pool at all? */
static bool is_pool_like(const struct layout *layout, const uint8_t *bytes) {
    uint64_t end = field_unsigned(bytes, layout->pool_header.nextoffset);
    return field_unsigned(bytes, layout->pool_header.szidx) < SIZE_CLASSES &&
           end >= layout->pool_header.size && end <= layout->trait.pool_size;
}

/* Pools that account, of those that modules lie in, if pymalloc is what they were allocated by; and how many
 * places were looked at that can't be any. */
static size_t sample_pools(struct derive *derive, struct pool pools[SAMPLES], size_t *others) {
    const struct layout *layout = derive->layout;
    const uint64_t size = layout->trait.pool_size;
    struct live_item items[SAMPLES];
    size_t found = 0;
    *others = 0;
    size_t count = live_dict_items(
        &derive->live, live_field(&derive->live, derive->interpreter, layout->interpreter.modules),
        items, SAMPLES);
    for (size_t i = 0; i < count && size <= MOST_POOL; i++) {
        uint8_t bytes[MOST_POOL];
        uint64_t pool = items[i].value & -size;
        if (!live_read(&derive->live, pool, bytes, size) || !is_pool_like(layout, bytes))
            (*others)++;
        else if (pool_accounts(layout, bytes, pool))
            pools[found++] =
                (struct pool){pool, field_unsigned(bytes, layout->pool_header.arenaindex)};
    }
    return found;
}

/* Where no module has a pool there is no pymalloc: then nothing is read by this structure. */
bool derive_is_pool_header(struct derive *derive, const struct self_check *check, uint64_t at) {
    struct pool pools[SAMPLES];
    size_t others, found = sample_pools(derive, pools, &others);
    (void)check;
    (void)at;
    return found > others / 2 || (!found && others >= LEAST_OTHERS);
}

/* Of pools whose arena is known by its index, each lies in it. */
static bool has_pools(struct derive *derive, uint64_t arenas, uint64_t most) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    struct pool pools[SAMPLES];
    size_t others, count = sample_pools(derive, pools, &others);
    for (size_t i = 0; i < count; i++) {
        uint64_t arena = arenas + pools[i].arena_index * layout->arena_object.size;
        uint64_t address = live_field(live, arena, layout->arena_object.address);
        if (pools[i].arena_index >= most || !address || pools[i].address < address ||
            pools[i].address - address >= layout->trait.arena_size)
            return false;
    }
    return count || (!arenas && !most);
}

bool derive_is_obmalloc(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    (void)check;
    if (layout->trait.obmalloc_state == OBMALLOC_POINTER)
        at = live_word(live, at);
    uint64_t arenas = live_field(live, at, layout->obmalloc_state.arenas);
    return arenas &&
           has_pools(derive, arenas, live_field(live, at, layout->obmalloc_state.maxarenas));
}

bool derive_is_arenas(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return has_pools(derive, live_word(&derive->live, at),
                     live_field(&derive->live, derive_obmalloc(derive),
                                derive->layout->obmalloc_state.maxarenas));
}

bool derive_is_maxarenas(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint32_t most;
    (void)check;
    return live_read(&derive->live, at, &most, sizeof most) &&
           has_pools(derive,
                     live_field(&derive->live, derive_obmalloc(derive),
                                derive->layout->obmalloc_state.arenas),
                     most);
}
