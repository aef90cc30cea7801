#include "each_version.h"
#include "introspect/heap/pymalloc.h"

#include <criterion/criterion.h>

struct walked {
    struct pymalloc pymalloc;
    struct damage_list damage;
};

static struct walked walk_image(struct fake_heap *heap, const struct layout *layout,
                                unsigned threads) {
    struct walked walked = {0};
    cr_assert_null(pymalloc_walk(heap->image, layout, heap->runtime, threads, NULL, &walked.damage,
                                 &walked.pymalloc));
    return walked;
}

static struct walked walk(struct fake_heap *heap) {
    if (!heap->runtime)
        fake_heap_finish(heap);
    return walk_image(heap, heap->layout, 1);
}

static bool is_allocated(const struct fake_heap *heap, const struct walked *walked,
                         uint64_t block) {
    return pymalloc_is_block(&walked->pymalloc, image_place(heap->image, block));
}

static uint64_t damaged(const struct walked *walked) {
    uint64_t count = 0;
    for (size_t i = 0; i < walked->damage.count; i++)
        count += walked->damage.items[i].count;
    return count;
}

static void set_pool(struct fake_heap *heap, unsigned class, struct field field, uint64_t value) {
    fake_set(&heap->fake, heap->pools[class].address, field, value);
}

/* Every allocated block between fake_heap_create and fake_heap_finish. */
static uint64_t blocks_in_use(const struct fake_heap *heap) {
    uint64_t count = 0;
    for (unsigned class = 1; class < 33; class ++)
        count += heap->pools[class].address ? heap->used[class] : 0;
    return count;
}

Test(pymalloc, blocks_in_use_freed_and_never_used) {
    EACH_VERSION(heap) {
        uint64_t blocks[5];
        for (int i = 0; i < 5; i++)
            blocks[i] = fake_heap_block(heap, 112);
        fake_heap_finish(heap);
        fake_heap_free(heap, blocks[1]);
        fake_heap_free(heap, blocks[3]);
        struct walked walked = walk(heap);
        for (int i = 0; i < 5; i++)
            cr_expect_eq(is_allocated(heap, &walked, blocks[i]), i != 1 && i != 3, "%d", i);
        cr_expect_not(is_allocated(heap, &walked, blocks[4] + 112)); /* never used */
        cr_expect_not(is_allocated(heap, &walked, blocks[0] + 16));
        cr_expect_not(is_allocated(heap, &walked, heap->pools[7].address));
        cr_expect_eq(walked.pymalloc.block_count, blocks_in_use(heap) - 2);
        cr_expect_eq(walked.pymalloc.arenas, 1);
        cr_expect_eq(walked.pymalloc.pools, heap->next_pool);
        cr_expect_eq(pymalloc_block_size(&walked.pymalloc, image_place(heap->image, blocks[0])),
                     112);
        cr_expect_eq(damaged(&walked), 0);
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, arena_ends_where_it_ends) {
    EACH_VERSION(heap) {
        fake_heap_finish(heap);
        struct walked walked = walk(heap);
        uint64_t last = heap->arena + heap->layout->trait.arena_size - 1;
        uint64_t place = image_place(heap->image, last);
        cr_expect(pymalloc_is_arena(&walked.pymalloc, place));
        cr_expect_eq(pymalloc_block_size(&walked.pymalloc, place), 0); /* never used as a pool */
        cr_expect_not(
            pymalloc_is_arena(&walked.pymalloc, image_place(heap->image, heap->malloc_start)));
        cr_expect_not(pymalloc_is_arena(&walked.pymalloc, image_place(heap->image, heap->stack)));
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, full_pool) {
    EACH_VERSION(heap) {
        uint64_t first = fake_heap_block(heap, 512), count = heap->pools[32].block_count;
        for (uint64_t i = 1; i < count; i++)
            fake_heap_block(heap, 512);
        struct walked walked = walk(heap);
        for (uint64_t i = 0; i < count; i++)
            cr_expect(is_allocated(heap, &walked, first + i * 512));
        cr_expect_eq(damaged(&walked), 0);
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, pool_that_was_freed_whole) {
    EACH_VERSION(heap) {
        uint64_t block = fake_heap_block(heap, 320);
        fake_heap_block(heap, 336); /* so that the freed pool is not the arena's last one */
        fake_heap_free(heap, block);
        struct walked walked = walk(heap);
        cr_expect_not(is_allocated(heap, &walked, block));
        cr_expect(pymalloc_is_arena(&walked.pymalloc, image_place(heap->image, block)));
        cr_expect_eq(pymalloc_block_size(&walked.pymalloc, image_place(heap->image, block)), 0);
        cr_expect_eq(damaged(&walked), 0);
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, circular_free_chain) {
    EACH_VERSION(heap) {
        uint64_t first = fake_heap_block(heap, 112), second = fake_heap_block(heap, 112);
        fake_heap_block(heap, 112);
        fake_heap_finish(heap);
        fake_heap_free(heap, first);
        fake_heap_free(heap, second);
        fake_word(&heap->fake, first, second);
        struct walked walked = walk(heap);
        cr_expect_eq(fake_heap_damage(&walked.damage, "chain"), 1);
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, free_chain_that_leads_out_of_its_pool) {
    EACH_VERSION(heap) {
        uint64_t targets[] = {FAKE_WILD, 8, UINT64_MAX - 15, heap->arena, heap->malloc_start};
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
            uint64_t block = fake_heap_block(heap, 112), kept = fake_heap_block(heap, 112);
            if (!heap->runtime)
                fake_heap_finish(heap);
            set_pool(heap, 7, heap->layout->pool_header.freeblock, block);
            fake_word(&heap->fake, block, targets[i]);
            struct walked walked = walk(heap);
            cr_expect_eq(fake_heap_damage(&walked.damage, "chain"), 1);
            cr_expect_not(is_allocated(heap, &walked, block));
            cr_expect(is_allocated(heap, &walked, kept));
            pymalloc_clear(&walked.pymalloc);
        }
    }
}

Test(pymalloc, free_chain_into_the_middle_of_a_block) {
    EACH_VERSION(heap) {
        uint64_t block = fake_heap_block(heap, 112);
        fake_heap_finish(heap);
        set_pool(heap, 7, heap->layout->pool_header.freeblock, block + 16);
        struct walked walked = walk(heap);
        cr_expect_eq(fake_heap_damage(&walked.damage, "chain"), 1);
        cr_expect(is_allocated(heap, &walked, block));
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, count_that_does_not_match_the_chain) {
    EACH_VERSION(heap) {
        uint64_t block = fake_heap_block(heap, 112);
        fake_heap_finish(heap);
        set_pool(heap, 7, heap->layout->pool_header.ref_count, 9);
        struct walked walked = walk(heap);
        cr_expect_eq(fake_heap_damage(&walked.damage, "count"), 1);
        cr_expect(is_allocated(heap, &walked, block));
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, garbage_for_a_size_class) {
    EACH_VERSION(heap) {
        uint64_t classes[] = {32, 0xffff, 0xffffffff};
        uint64_t block = fake_heap_block(heap, 112);
        fake_heap_finish(heap);
        for (size_t i = 0; i < 3; i++) {
            set_pool(heap, 7, heap->layout->pool_header.szidx, classes[i]);
            struct walked walked = walk(heap);
            cr_expect_eq(fake_heap_damage(&walked.damage, "inconsistent"), 1);
            cr_expect_not(is_allocated(heap, &walked, block));
            pymalloc_clear(&walked.pymalloc);
        }
    }
}

Test(pymalloc, garbage_for_the_offset_of_the_next_block) {
    EACH_VERSION(heap) {
        uint64_t offsets[] = {0, 1, 47, 0x10000, 0x7fffffff, 0xffffffff};
        for (uint64_t i = 0; i < 3; i++)
            fake_heap_block(heap, 512);
        fake_heap_finish(heap);
        for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
            set_pool(heap, 32, heap->layout->pool_header.nextoffset, offsets[i]);
            struct walked walked = walk(heap);
            cr_expect_gt(damaged(&walked), 0);
            uint64_t beyond = heap->pools[32].address + heap->layout->trait.pool_size;
            cr_expect_not(is_allocated(heap, &walked, beyond));
            cr_expect_not(is_allocated(heap, &walked, beyond - 16));
            pymalloc_clear(&walked.pymalloc);
        }
    }
}

Test(pymalloc, absent_arena) {
    EACH_VERSION(heap) {
        fake_heap_finish(heap);
        heap->fake.next = (heap->fake.next + (2 << 20)) & -(uint64_t)(1 << 20);
        uint64_t gone = fake_absent(&heap->fake, heap->layout->trait.arena_size);
        uint64_t array = fake_alloc(&heap->fake, 2ull * heap->layout->arena_object.size);
        fake_set(&heap->fake, array, heap->layout->arena_object.address, heap->arena);
        fake_set(&heap->fake, array, heap->layout->arena_object.pool_address,
                 heap->arena + heap->next_pool * heap->layout->trait.pool_size);
        uint64_t second = array + heap->layout->arena_object.size;
        fake_set(&heap->fake, second, heap->layout->arena_object.address, gone);
        fake_set(&heap->fake, second, heap->layout->arena_object.pool_address, gone + (1 << 20));
        if (heap->obmalloc)
            fake_set(&heap->fake, heap->obmalloc, heap->layout->obmalloc_state.arenas, array);
        else
            fake_word(&heap->fake, heap->arenas, array);
        struct walked walked = walk(heap);
        cr_expect_eq(walked.pymalloc.arenas, 1);
        cr_expect_geq(fake_heap_damage(&walked.damage, "inconsistent"), 1);
        cr_expect_eq(walked.pymalloc.block_count, blocks_in_use(heap));
        pymalloc_clear(&walked.pymalloc);
    }
}

/* The first pool of an arena is there and proves it; the others are not. */
Test(pymalloc, absent_pools) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        fake_heap_finish(heap);
        heap->fake.next = (heap->fake.next + (2 << 20)) & -(uint64_t)(1 << 20);
        uint64_t arena = fake_alloc(&heap->fake, layout->trait.pool_size);
        fake_absent(&heap->fake, layout->trait.arena_size - layout->trait.pool_size);
        fake_pool(&heap->fake, arena, 0, 0, 64, 2);
        uint64_t array = fake_alloc(&heap->fake, layout->arena_object.size);
        fake_set(&heap->fake, array, layout->arena_object.address, arena);
        fake_set(&heap->fake, array, layout->arena_object.pool_address,
                 arena + 3 * layout->trait.pool_size);
        if (heap->obmalloc) {
            fake_set(&heap->fake, heap->obmalloc, layout->obmalloc_state.arenas, array);
            fake_set(&heap->fake, heap->obmalloc, layout->obmalloc_state.maxarenas, 1);
        } else {
            fake_word(&heap->fake, heap->arenas, array);
            fake_word(&heap->fake, heap->maxarenas, 1);
        }
        struct walked walked = walk(heap);
        cr_expect_eq(fake_heap_damage(&walked.damage, "absent"), 2);
        cr_expect_eq(walked.pymalloc.block_count, 2);
        pymalloc_clear(&walked.pymalloc);
    }
}

/* What says that it is an arena lies over one that is: its blocks are counted once. */
Test(pymalloc, arenas_that_overlap) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        fake_heap_block(heap, 64);
        fake_heap_block(heap, 80);
        fake_heap_block(heap, 96);
        uint64_t inner = heap->arena + layout->trait.pool_size;
        fake_heap_finish(heap);
        fake_set(&heap->fake, inner, layout->pool_header.arenaindex, 1);
        uint64_t array = fake_alloc(&heap->fake, 2ull * layout->arena_object.size);
        for (uint64_t i = 0; i < 2; i++) {
            uint64_t entry = array + i * layout->arena_object.size;
            fake_set(&heap->fake, entry, layout->arena_object.address, i ? inner : heap->arena);
            fake_set(&heap->fake, entry, layout->arena_object.pool_address,
                     heap->arena + heap->next_pool * layout->trait.pool_size);
        }
        if (heap->obmalloc)
            fake_set(&heap->fake, heap->obmalloc, layout->obmalloc_state.arenas, array);
        else
            fake_word(&heap->fake, heap->arenas, array);
        struct walked walked = walk(heap);
        cr_expect_eq(walked.pymalloc.arenas, 1);
        cr_expect_eq(walked.pymalloc.block_count, blocks_in_use(heap));
        cr_expect_geq(fake_heap_damage(&walked.damage, "overlap"), 1);
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, table_of_arenas_cut_and_addresses_at_the_end_of_all) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        fake_heap_finish(heap);
        uint64_t addresses[] = {-(uint64_t)0x1000, 1ull << 47, 0x123, 1ull << 63};
        uint64_t array = fake_alloc_cut(&heap->fake, 16ull * layout->arena_object.size,
                                        4ull * layout->arena_object.size);
        for (size_t i = 0; i < 4; i++) {
            uint64_t entry = array + i * layout->arena_object.size;
            fake_set(&heap->fake, entry, layout->arena_object.address, addresses[i]);
            fake_set(&heap->fake, entry, layout->arena_object.pool_address, i ? addresses[i] : 0);
        }
        if (heap->obmalloc)
            fake_set(&heap->fake, heap->obmalloc, layout->obmalloc_state.arenas, array);
        else
            fake_word(&heap->fake, heap->arenas, array);
        struct walked walked = walk(heap);
        cr_expect_eq(walked.pymalloc.block_count, 0);
        cr_expect_eq(fake_heap_damage(&walked.damage, "absent"), 1);
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, search_without_symbols) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.11.2");
    heap.without_symbols = true;
    fake_heap_finish(&heap);
    /* Words before it that lead to something, but to no table of arenas. */
    fake_word(&heap.fake, heap.module + 64, heap.malloc_start);
    fake_word(&heap.fake, heap.module + 72, heap.arena);
    fake_word(&heap.fake, heap.module + 80, FAKE_WILD & -16ull);
    struct walked walked = walk(&heap);
    cr_expect_eq(walked.pymalloc.arenas, 1);
    cr_expect_eq(walked.pymalloc.block_count, blocks_in_use(&heap));
    pymalloc_clear(&walked.pymalloc);
    fake_heap_destroy(&heap);
}

/* A copy of the table whose memory malloc does not know: the search goes on behind it. */
Test(pymalloc, search_passes_by_what_is_no_block_of_malloc) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.11.2");
    heap.without_symbols = true;
    fake_heap_finish(&heap);
    uint64_t copy = fake_alloc(&heap.fake, 128) + 32;
    fake_set(&heap.fake, copy, heap.layout->arena_object.address, heap.arena);
    fake_set(&heap.fake, copy, heap.layout->arena_object.pool_address,
             heap.arena + heap.next_pool * heap.layout->trait.pool_size);
    fake_word(&heap.fake, heap.module + 64, copy);
    struct walked walked = walk(&heap);
    cr_expect_eq(walked.pymalloc.block_count, blocks_in_use(&heap));
    pymalloc_clear(&walked.pymalloc);
    fake_heap_destroy(&heap);
}

/* Debug hooks put a fence where else malloc's header is. */
Test(pymalloc, search_with_debug_hooks) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.11.2");
    heap.without_symbols = true;
    fake_heap_finish(&heap);
    const uint32_t size = heap.layout->arena_object.size;
    uint64_t fence = fake_alloc(&heap.fake, 16 + 16ull * size), array = fence + 16;
    fake_word(&heap.fake, fence, __builtin_bswap64(16ull * size));
    fake_word(&heap.fake, fence + 8, 0xfdfdfdfdfdfdfd00 | 'r');
    uint64_t before = 0;
    cr_assert(image_read_u64(heap.image, heap.arenas, &before));
    fake_bytes(&heap.fake, array, image_pin(heap.image, before, size), size);
    fake_word(&heap.fake, heap.arenas, array);
    struct walked walked = walk(&heap);
    cr_expect_eq(walked.pymalloc.arenas, 1);
    cr_expect_eq(walked.pymalloc.block_count, blocks_in_use(&heap));
    cr_expect_eq(damaged(&walked), 0);
    pymalloc_clear(&walked.pymalloc);
    fake_heap_destroy(&heap);
}

Test(pymalloc, without_arenas) {
    EACH_VERSION(heap) {
        fake_heap_finish(heap);
        if (heap->obmalloc) {
            fake_set(&heap->fake, heap->interpreter, heap->layout->interpreter.obmalloc, 0);
        } else {
            fake_word(&heap->fake, heap->arenas, 0);
            fake_word(&heap->fake, heap->maxarenas, 0);
        }
        struct walked walked = walk(heap);
        cr_expect_eq(walked.pymalloc.arenas, 0);
        cr_expect_eq(walked.pymalloc.block_count, 0);
        cr_expect_eq(damaged(&walked), 0);
        pymalloc_clear(&walked.pymalloc);
    }
}

Test(pymalloc, two_interpreters_with_one_allocator) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.13.0");
    uint64_t second = fake_alloc(&heap.fake, heap.layout->interpreter.size);
    fake_set(&heap.fake, heap.interpreter, heap.layout->interpreter.next, second);
    fake_set(&heap.fake, second, heap.layout->interpreter.obmalloc, heap.obmalloc);
    struct walked walked = walk(&heap);
    cr_expect_eq(walked.pymalloc.arenas, 1);
    pymalloc_clear(&walked.pymalloc);
    fake_heap_destroy(&heap);
}

/* Builds without the radix tree have 4 KiB pools in arenas of 256 KiB. Bigger pools begin at
 * multiples of their size, but an arena at any page. */
static void walk_pools_of(uint64_t pool_size) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.11.2");
    fake_heap_finish(&heap);
    struct layout layout = *heap.layout;
    layout.trait.pool_size = pool_size;
    layout.trait.arena_size = 256 << 10;
    struct fake_image small = heap.fake;
    small.layout = &layout;
    uint64_t arena = fake_arena(&small) + 4096;
    uint64_t first = arena + pool_size - 4096;
    fake_alloc(&small, 256 << 10);
    struct fake_pool pool = fake_pool(&small, first, 0, 0, 48, 7);
    struct fake_pool last = fake_pool(&small, first, 0, 14, 64, 1);
    uint64_t array = fake_alloc(&small, layout.arena_object.size);
    fake_set(&small, array, layout.arena_object.address, arena);
    fake_set(&small, array, layout.arena_object.pool_address, first + 15 * pool_size);
    fake_word(&small, heap.arenas, array);
    fake_word(&small, heap.maxarenas, 1);
    struct walked walked = walk_image(&heap, &layout, 3);
    cr_expect_eq(walked.pymalloc.block_count, 8);
    cr_expect_eq(walked.pymalloc.block_bytes, 7 * 48 + 64);
    cr_expect(is_allocated(&heap, &walked, pool.first_block + 6 * 48));
    cr_expect_not(is_allocated(&heap, &walked, pool.first_block + 7 * 48));
    cr_expect(is_allocated(&heap, &walked, last.first_block));
    cr_expect_not(pymalloc_is_arena(&walked.pymalloc, image_place(heap.image, first - pool_size)));
    cr_expect_eq(damaged(&walked), 0);
    pymalloc_clear(&walked.pymalloc);
    heap.fake.next = small.next;
    fake_heap_destroy(&heap);
}

Test(pymalloc, other_sizes_of_pools) {
    walk_pools_of(4 << 10);
    walk_pools_of(8 << 10);
    walk_pools_of(16 << 10);
}
