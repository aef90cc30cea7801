/* Damage lists, fences, malloc's chunks, loops with threads. */
#include "each_version.h"
#include "introspect/heap/fence.h"
#include "introspect/heap/malloc_chunks.h"
#include "introspect/heap/parallel.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* ---- damage ---------------------------------------------------------------------------------- */

Test(damage, counted_by_reason_and_place_with_the_first_address) {
    struct damage_list list = {0};
    damage_add(&list, "absent", "dict", 0x10);
    damage_add(&list, "absent", "list", 0x20);
    damage_add(&list, "absent", "dict", 0x30);
    cr_assert_eq(list.count, 2);
    cr_expect_eq(list.items[0].count, 2);
    cr_expect_eq(list.items[0].first, 0x10);
    cr_expect_eq(list.items[1].count, 1);
}

Test(damage, too_many_kinds_are_other) {
    static char reasons[2 * DAMAGE_KINDS][8];
    struct damage_list list = {0}, merged = {0};
    for (unsigned i = 0; i < 2 * DAMAGE_KINDS; i++) {
        snprintf(reasons[i], sizeof reasons[i], "%u", i);
        damage_add(&list, reasons[i], "x", 0x100 + i);
    }
    cr_assert_eq(list.count, DAMAGE_KINDS);
    const struct damage *last = &list.items[DAMAGE_KINDS - 1];
    cr_expect_str_eq(last->reason, "other");
    cr_expect_eq(last->count, DAMAGE_KINDS + 1);
    cr_expect_eq(last->first, 0x100 + DAMAGE_KINDS - 1);

    damage_merge(&merged, &list);
    damage_merge(&merged, &list);
    uint64_t count = 0;
    for (size_t i = 0; i < merged.count; i++)
        count += merged.items[i].count;
    cr_expect_eq(count, 4 * DAMAGE_KINDS);
    cr_expect_eq(merged.count, DAMAGE_KINDS);
}

/* ---- fence ----------------------------------------------------------------------------------- */

Test(fence, only_with_debug_hooks) {
    EACH_VERSION(heap) {
        fake_heap_finish(heap);
        cr_expect_eq(fence_size(heap->image, heap->layout, heap->runtime), 0);
        uint64_t data = heap->builtins - heap->layout->trait.header_before_gc;
        fake_word(&heap->fake, data - 8, 0xfdfdfdfdfdfdfd00 | 'o');
        cr_expect_eq(fence_size(heap->image, heap->layout, heap->runtime), FENCE_SIZE);
        fake_word(&heap->fake, data - 8, 0xfdfdfdfdfdfdfd00 | 'x');
        cr_expect_eq(fence_size(heap->image, heap->layout, heap->runtime), 0);
        fake_set(&heap->fake, heap->interpreter, heap->layout->interpreter.builtins, FAKE_WILD);
        cr_expect_eq(fence_size(heap->image, heap->layout, heap->runtime), 0);
        fake_set(&heap->fake, heap->interpreter, heap->layout->interpreter.builtins, 0);
        cr_expect_eq(fence_size(heap->image, heap->layout, heap->runtime), 0);
    }
}

Test(fence, two_before_what_malloc_gives_to_pymalloc) {
    struct fake_image image;
    fake_image_create(&image, NULL);
    uint64_t block = fake_alloc(&image, 64);
    fake_word(&image, block + 24, 0xfdfdfdfdfdfdfd00 | 'o');
    cr_expect_eq(fence_malloc_block(image.image, block + 32), block + 16);
    fake_word(&image, block + 8, 0xfdfdfdfdfdfdfd00 | 'r');
    cr_expect_eq(fence_malloc_block(image.image, block + 32), block);
    cr_expect_eq(fence_malloc_block(image.image, block + 16), block);
    fake_image_destroy(&image);
}

/* ---- malloc's chunks ------------------------------------------------------------------------- */

static struct fake_image fake;

static uint64_t chunk_of_size_word(uint64_t word) {
    uint64_t chunk = fake_alloc(&fake, 64);
    fake_word(&fake, chunk + 8, word);
    return chunk + 16;
}

static uint64_t page_with(uint64_t before, uint64_t word) {
    fake.next = (fake.next + IMAGE_PAGE_SIZE - 1) & -(uint64_t)IMAGE_PAGE_SIZE;
    uint64_t chunk = fake_alloc(&fake, 64);
    fake_word(&fake, chunk, before);
    fake_word(&fake, chunk + 8, word);
    return chunk;
}

Test(malloc_chunks, plausible_ones_only) {
    fake_image_create(&fake, NULL);
    cr_expect_eq(malloc_chunk_size(fake.image, chunk_of_size_word(0x41), 56), 0x40);
    cr_expect_eq(malloc_chunk_size(fake.image, chunk_of_size_word(0x41), 57), 0);
    cr_expect_eq(malloc_chunk_size(fake.image, chunk_of_size_word(0x45), 24), 0x40);
    cr_expect_eq(malloc_chunk_size(fake.image, page_with(0, 0x21002) + 16, 0x20ff0), 0x21000);
    cr_expect_eq(malloc_chunk_size(fake.image, page_with(0, 0x21002) + 16, 0x20ff1), 0);
    cr_expect_eq(malloc_chunk_size(fake.image, chunk_of_size_word(0x41) + 8, 24), 0);
    const uint64_t hostile[] = {0, 1, 7, 0x11, 0x10, 0x49, 1ull << 47, UINT64_MAX, -(uint64_t)16};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        cr_expect_eq(malloc_chunk_size(fake.image, chunk_of_size_word(hostile[i]), 0), 0, "%zu", i);
        cr_expect_eq(malloc_chunk_size(fake.image, chunk_of_size_word(hostile[i] | 2), 0), 0);
    }
    cr_expect_eq(malloc_chunk_size(fake.image, 0, 0), 0);
    cr_expect_eq(malloc_chunk_size(fake.image, FAKE_WILD & -16ull, 0), 0);
    fake_image_destroy(&fake);
}

struct seen {
    uint64_t blocks[16], sizes[16];
    size_t count;
};

static void see(void *context, uint64_t block, uint64_t size) {
    struct seen *seen = context;
    cr_assert_lt(seen->count, 16);
    seen->blocks[seen->count] = block;
    seen->sizes[seen->count++] = size;
}

static struct image_mapping heap_mapping(uint64_t start, uint64_t end) {
    return (struct image_mapping){.start = start,
                                  .end = end,
                                  .writable = true,
                                  .kind = MAPPING_BRK,
                                  .state = MAPPING_CAPTURED,
                                  .path = ""};
}

/* Writes size words one chunk after the other; returns the address of the first. */
static uint64_t chunks(size_t count, const uint64_t *words) {
    uint64_t start = fake_alloc(&fake, 8192), at = start;
    for (size_t i = 0; i < count; i++) {
        fake_word(&fake, at + 8, words[i]);
        at += words[i] & ~7ull;
        if (at >= start + 8192)
            break;
    }
    return start;
}

Test(malloc_chunks, blocks_of_the_main_heap) {
    fake_image_create(&fake, NULL);
    /* In use, free (the next has no PREV_INUSE), in use, top. */
    uint64_t start = chunks(4, (uint64_t[]){0x291, 0x41, 0x60, 8192 - 0x290 - 0x40 - 0x60 + 1});
    struct image_mapping mapping = heap_mapping(start, start + 8192);
    /* What lies right behind the heap is no chunk of it. */
    fake_alloc(&fake, 64);
    fake_word(&fake, start + 8192 + 8, UINT64_MAX);
    struct seen seen = {0};
    cr_assert(malloc_blocks(fake.image, &mapping, see, &seen));
    cr_assert_eq(seen.count, 2);
    cr_expect_eq(seen.blocks[0], start + 16);
    cr_expect_eq(seen.sizes[0], 0x290);
    cr_expect_eq(seen.blocks[1], start + 0x290 + 0x40 + 16);
    fake_image_destroy(&fake);
}

Test(malloc_chunks, hostile_sizes_end_the_walk) {
    fake_image_create(&fake, NULL);
    const uint64_t hostile[] = {0, 0x11, 0x21 << 20, UINT64_MAX, 1ull << 45 | 1, 0x49};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        uint64_t start = chunks(2, (uint64_t[]){0x41, hostile[i]});
        struct image_mapping mapping = heap_mapping(start, start + 8192);
        struct seen seen = {0};
        cr_assert(malloc_blocks(fake.image, &mapping, see, &seen));
        cr_expect_leq(seen.count, 1);
    }
    uint64_t start = chunks(1, (uint64_t[]){7});
    struct image_mapping mapping = heap_mapping(start, start + 8192);
    struct seen seen = {0};
    cr_expect_not(malloc_blocks(fake.image, &mapping, see, &seen));
    mapping.kind = MAPPING_ANONYMOUS;
    cr_expect_not(malloc_blocks(fake.image, &mapping, see, &seen));
    cr_expect_eq(seen.count, 0);
    fake_image_destroy(&fake);
}

Test(malloc_chunks, block_with_a_mapping_of_its_own) {
    fake_image_create(&fake, NULL);
    const struct {
        uint64_t before, word, size;
    } cases[] = {
        {0, 0x21000 | 2, 0x21000},
        {0, 0x20ff0 | 2, 0x21000}, /* glibc 2.43 */
        {1, 0x20ff0 | 2, 0x21000},
        {2, 0x20ff0 | 2, 0},
        {0, 0x20fe0 | 2, 0},
        {0, 0x21000 | 3, 0},
        {0, 0x21000 | 6, 0},
        {0, 0x21000, 0},
        {0, 2, 0},
        {0, -(uint64_t)4096 | 2, 0},
        {0, 1ull << 45 | 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t chunk = page_with(cases[i].before, cases[i].word);
        uint64_t end = malloc_mapped_chunk(fake.image, chunk, chunk + 0x21000);
        cr_expect_eq(end, cases[i].size ? chunk + cases[i].size : 0, "%zu", i);
        cr_expect_eq(malloc_mapped_chunk(fake.image, chunk, chunk + 0x20000), 0, "%zu", i);
    }
    cr_expect_eq(malloc_mapped_chunk(fake.image, FAKE_WILD & -4096ull, UINT64_MAX), 0);
    uint64_t chunk = page_with(0, 0x20ff0 | 2);
    cr_expect_eq(malloc_chunk_size(fake.image, chunk + 16, 0x20ff0), 0x21000);
    fake_image_destroy(&fake);
}

Test(malloc_chunks, heap_of_a_thread) {
    fake_image_create(&fake, NULL);
    uint64_t start = (fake.next + (64 << 20)) & -(uint64_t)(64 << 20);
    fake.next = start;
    fake_alloc(&fake, 8192);
    uint64_t at = start + 48 + 2200; /* heap_info, malloc_state */
    at = (at + 15) & -16ull;
    for (int i = 0; i < 20; i++, at += 0x40)
        fake_word(&fake, at + 8, 0x41);
    fake_word(&fake, at + 8, (start + 8192 - at) | 1);
    struct image_mapping mapping = heap_mapping(start, start + 8192);
    mapping.kind = MAPPING_ANONYMOUS;
    struct image_mapping cut = mapping;
    cut.end = start + 48 + 2200 + 16 * 0x40; /* so that few enough are seen */
    struct seen seen = {0};
    cr_assert(malloc_blocks(fake.image, &cut, see, &seen));
    cr_expect_geq(seen.count, 14);
    cr_expect_eq(seen.sizes[0], 0x40);
    fake_image_destroy(&fake);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct part {
    uint8_t *visits;
    size_t calls;
};

static void visit_range(void *context, size_t first, size_t last) {
    struct part *part = context;
    part->calls++;
    for (size_t i = first; i < last; i++)
        part->visits[i]++;
}

Test(parallel, every_index_once) {
    const size_t counts[] = {0, 1, 7, 8, 9, 10000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (unsigned threads = 1; threads <= PARALLEL_MAX; threads *= 2) {
            static uint8_t visits[10000];
            memset(visits, 0, sizeof visits);
            struct part parts[PARALLEL_MAX] = {0};
            void *contexts[PARALLEL_MAX];
            for (unsigned k = 0; k < threads; k++) {
                parts[k].visits = visits;
                contexts[k] = &parts[k];
            }
            parallel_for(counts[i], 8, threads, visit_range, contexts);
            for (size_t k = 0; k < counts[i]; k++)
                cr_assert_eq(visits[k], 1);
        }
    }
}

Test(parallel, number_of_threads) {
    cr_expect_geq(parallel_threads(0), 1);
    cr_expect_leq(parallel_threads(0), PARALLEL_MAX);
    cr_expect_eq(parallel_threads(3), 3);
    cr_expect_eq(parallel_threads(1000000), PARALLEL_MAX);
}
