#include "introspect/heap/candidates.h"

#include "base/cancel.h"
#include "introspect/heap/interpreter_blocks.h"
#include "introspect/heap/malloc_chunks.h"

/* More references than this no object has; a bigger number is no refcount. */
#define MAX_REFCOUNT ((uint64_t)1 << 40)

struct search {
    struct marking *marking;
    struct decode decode;
    struct damage_list ignored; /* what is no object is not damage */
    struct vec(uint64_t) found;
    struct parked *parked; /* NULL: not wanted */
    bool out_of_memory;
};

static void search_init(struct search *search, struct marking *marking) {
    *search = (struct search){.marking = marking};
    search->decode = (struct decode){.image = marking->allocators.image,
                                     .layout = marking->allocators.layout,
                                     .types = marking->types,
                                     .damage = &search->ignored};
}

/* An object of a tracked kind that is on no list has an empty GC head (_PyObject_GC_UNTRACK):
 * anything else is what an allocator or a former owner left there. */
static bool gc_head_is_untracked(const struct search *search, uint64_t object) {
    const struct layout *layout = search->marking->allocators.layout;
    const uint8_t *head = image_pin(search->marking->allocators.image,
                                    object - layout->gc_head.size, layout->gc_head.size);
    return head && !field_pointer(head, layout->gc_head.gc_next) &&
           !(field_pointer(head, layout->gc_head.gc_prev) & layout->trait.gc_pointer_mask);
}

/* Three characters or more and then zeros: what a freed object's header was written over with. */
static bool is_text(uint64_t word) {
    bool printable = word >> 16 != 0;
    for (; word; word >>= 8)
        printable &= (word & 0xff) >= ' ' && (word & 0xff) <= '~';
    return printable;
}

enum looks { LOOKS_LIKE_NOTHING, LOOKS_PARKED, LOOKS_ALIVE };

static enum looks looks_of(struct search *search, uint64_t block, uint64_t block_size,
                           uint64_t offset) {
    const struct marking *marking = search->marking;
    const struct layout *layout = marking->allocators.layout;
    uint64_t address = block + offset;
    const uint8_t *header = image_pin(marking->allocators.image, address, layout->object.size);
    if (!header)
        return LOOKS_LIKE_NOTHING;
    const struct type *type =
        type_table_find(marking->types, field_pointer(header, layout->object.ob_type));
    struct object object;
    if (!type || !object_view_typed(&search->decode, address, type, &object) ||
        object_offset_in_block(layout, &object) + marking->allocators.fence != offset)
        return LOOKS_LIKE_NOTHING;
    bool immortal = false;
    uint64_t refcount = object_refcount(layout, &object, &immortal);
    uint64_t word = load_u64(object.body + layout->object.ob_refcnt.offset);
    /* Two neighbouring pointers, the second one to a type (locals of a frame), are no object: what
     * is an address is no refcount, whatever of it would count. */
    if (refcount > MAX_REFCOUNT || image_place(marking->allocators.image, word) != UINT64_MAX)
        return LOOKS_LIKE_NOTHING;
    /* What does not count is 0 (3.14: ob_overflow, ob_flags), but for immortal objects that old extensions
     * count (3.12+). */
    if ((!immortal && word != refcount) || is_text(word))
        return LOOKS_LIKE_NOTHING;
    if (offset + object_body_size(&search->decode, &object) > block_size + 16)
        return LOOKS_LIKE_NOTHING;
    if (object_has_gc(layout, &object) && !gc_head_is_untracked(search, address))
        return LOOKS_LIKE_NOTHING;
    if (refcount)
        return LOOKS_ALIVE;
    /* Free lists of modules have tracked kinds. Else it is what a buffer, not written yet, was before. */
    return object_has_gc(layout, &object) ? LOOKS_PARKED : LOOKS_LIKE_NOTHING;
}

static void look_at_block(struct search *search, uint64_t block, uint64_t block_size) {
    if (cancel_asked(search->marking->cancel))
        return;
    const struct layout *layout = search->marking->allocators.layout;
    const uint64_t fence = search->marking->allocators.fence;
    const uint64_t offsets[] = {fence, fence + layout->trait.header_before_gc,
                                fence + layout->trait.header_before_gc + layout->trait.preheader};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        if (i && offsets[i] == offsets[i - 1])
            continue;
        enum looks looks = looks_of(search, block, block_size, offsets[i]);
        if (looks == LOOKS_ALIVE)
            search->out_of_memory |= !vec_push(&search->found, block + offsets[i]);
        else if (looks == LOOKS_PARKED && search->parked)
            parked_claim(search->marking, block, search->parked);
        if (looks != LOOKS_LIKE_NOTHING)
            return;
    }
}

static struct err *search_finish(struct search *search, struct mark_seeds *seeds) {
    if (search->out_of_memory) {
        vec_free(&search->found);
        return err_no_memory();
    }
    *seeds = (struct mark_seeds){search->found.items, search->found.count};
    return cancel_check(search->marking->cancel);
}

static void look_at_pool_block(void *context, uint64_t block, uint64_t size) {
    look_at_block(context, block, size);
}

struct err *candidates_in_pymalloc(struct marking *marking, const struct bitmap *objects,
                                   struct mark_seeds *seeds, struct parked *parked) {
    struct search search;
    struct bitmap owned;
    uint64_t double_claims = 0;
    TRY(marking_owned(marking, objects, &owned, &double_claims));
    search_init(&search, marking);
    search.parked = parked;
    pymalloc_visit_unowned(marking->allocators.pymalloc, marking->allocators.image, &owned,
                           look_at_pool_block, &search);
    bitmap_free(&owned);
    return search_finish(&search, seeds);
}

static void look_at_chunk(void *context, uint64_t block, uint64_t size) {
    struct search *search = context;
    uint64_t place = image_place(search->marking->allocators.image, block);
    const struct allocators *allocators = &search->marking->allocators;
    if (place == UINT64_MAX || bitmap_test(&search->marking->claimed, place) ||
        pymalloc_is_arena(allocators->pymalloc, place))
        return;
    bool twice = allocators->fence && fence_before(allocators->image, block + FENCE_SIZE) &&
                 fence_before(allocators->image, block + 2 * FENCE_SIZE);
    look_at_block(search, twice ? block + FENCE_SIZE : block, twice ? size - FENCE_SIZE : size);
}

static bool any_bit(const struct image *image, const struct bitmap *bitmap, uint64_t start,
                    uint64_t end) {
    for (uint64_t at = start & -(uint64_t)1024; at < end; at += 1024) {
        uint64_t place = image_place(image, at);
        if (place != UINT64_MAX && *bitmap_word(bitmap, place))
            return true;
    }
    return false;
}

static bool holds_a_stack(const struct image *image, const struct image_mapping *mapping) {
    size_t count = 0;
    const struct image_thread *threads = image_threads(image, &count);
    for (size_t i = 0; i < count; i++) {
        if (threads[i].stack_pointer >= mapping->start && threads[i].stack_pointer < mapping->end)
            return true;
    }
    return mapping->kind == MAPPING_STACK;
}

/* An interpreter's state is no object, though words in it look like headers: tables of types. Returns
 * its end, or 0 if the address is in none. */
static uint64_t interpreter_end(const struct marking *marking, uint64_t address) {
    uint32_t size = marking->allocators.layout->interpreter.size;
    for (size_t i = 0; i < marking->interpreter_count; i++) {
        if (address - marking->interpreters[i] < size)
            return marking->interpreters[i] + size;
    }
    return 0;
}

static void look_everywhere(struct search *search, uint64_t start, uint64_t stop) {
    const struct image *image = search->marking->allocators.image;
    for (uint64_t at = start; at < stop && !cancel_asked(search->marking->cancel); at += 16) {
        uint64_t place = image_place(image, at);
        if (place == UINT64_MAX || pymalloc_is_arena(search->marking->allocators.pymalloc, place)) {
            at |= IMAGE_PAGE_SIZE - 16;
            continue;
        }
        uint64_t end = interpreter_end(search->marking, at);
        if (end) {
            at = (end - 1) & -(uint64_t)16;
            continue;
        }
        if (!bitmap_test(&search->marking->claimed, place))
            look_at_block(search, at, stop - at);
    }
}

/* Mappings side by side look like one: arenas, malloc's big blocks, what others have mapped. Where there are objects but
 * neither arenas nor such blocks, another allocator is at work. */
static void look_at_pages(struct search *search, const struct bitmap *objects,
                          const struct image_mapping *mapping) {
    const struct allocators *allocators = &search->marking->allocators;
    bool captured = mapping->state == MAPPING_CAPTURED;
    uint64_t at = mapping->start, rest = at;
    while (at < mapping->end && !cancel_asked(search->marking->cancel)) {
        uint64_t place = image_place(allocators->image, at), next = at + IMAGE_PAGE_SIZE;
        if (place == UINT64_MAX || !pymalloc_is_arena(allocators->pymalloc, place)) {
            uint64_t end = malloc_mapped_chunk(allocators->image, at, mapping->end);
            if (!end) {
                at = next;
                continue;
            }
            look_at_chunk(search, at + MALLOC_CHUNK_HEADER, end - at);
            next = end;
        }
        if (captured && any_bit(allocators->image, objects, rest, at))
            look_everywhere(search, rest, at);
        at = rest = next;
    }
    if (captured && any_bit(allocators->image, objects, rest, mapping->end))
        look_everywhere(search, rest, mapping->end);
}

struct err *candidates_in_malloc(struct marking *marking, const struct bitmap *objects,
                                 struct mark_seeds *seeds) {
    struct search search;
    search_init(&search, marking);
    size_t count = 0;
    const struct image_mapping *mappings = image_mappings(marking->allocators.image, &count);
    for (size_t i = 0; i < count; i++) {
        const struct image_mapping *mapping = &mappings[i];
        bool heap = mapping->kind == MAPPING_ANONYMOUS || mapping->kind == MAPPING_BRK;
        bool bss = image_module_at(marking->allocators.image, mapping->start) != NULL;
        if (!heap || bss || !mapping->writable || mapping->shared ||
            (mapping->state != MAPPING_CAPTURED && mapping->state != MAPPING_BEHIND) ||
            holds_a_stack(marking->allocators.image, mapping))
            continue;
        if (!malloc_blocks(marking->allocators.image, mapping, look_at_chunk, &search))
            look_at_pages(&search, objects, mapping);
    }
    return search_finish(&search, seeds);
}
