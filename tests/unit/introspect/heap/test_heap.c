/* heap_build as a whole, and the questions that a heap answers. */
#include "each_version.h"

#include <criterion/criterion.h>

static uint32_t id_of(const struct fake_heap *heap, uint64_t address) {
    uint32_t id = heap_find(heap->heap, address);
    cr_assert_neq(id, HEAP_NONE);
    return id;
}

static bool reachable(const struct fake_heap *heap, uint64_t address) {
    return heap_flags(heap->heap, id_of(heap, address)) & OBJECT_REACHABLE;
}

static enum object_found found(const struct fake_heap *heap, uint64_t address) {
    return heap_found(heap->heap, id_of(heap, address));
}

static void set_item(struct fake_heap *heap, uint64_t list, uint64_t index, uint64_t item) {
    uint64_t array = 0;
    cr_assert(image_read_u64(heap->image, list + heap->layout->list.ob_item.offset, &array));
    fake_word(&heap->fake, array + 8 * index, item);
}

static void expect_accounts_to_close(const struct fake_heap *heap) {
    const struct heap_accounts *accounts = heap_accounts(heap->heap);
    cr_expect_eq(accounts->block_count,
                 accounts->claimed_count + accounts->parked_count + accounts->unclaimed_count);
    cr_expect_eq(accounts->block_bytes,
                 accounts->claimed_bytes + accounts->parked_bytes + accounts->unclaimed_bytes);
    cr_expect_eq(accounts->arena_bytes, accounts->block_bytes + accounts->free_bytes);
    cr_expect_eq(accounts->pymalloc_footprint, accounts->claimed_bytes);
    cr_expect_eq(accounts->double_claims, 0);
}

struct visited {
    uint64_t targets[64];
    size_t count;
};

static void take(void *context, const struct reference *reference) {
    struct visited *visited = context;
    cr_assert_lt(visited->count, 64);
    visited->targets[visited->count++] = reference->target;
}

Test(heap, dict_of_a_list_of_itself) {
    EACH_VERSION(heap) {
        uint64_t key = fake_heap_str(heap, "self"), list = fake_heap_list(heap, 1, NULL);
        uint64_t dict = fake_heap_dict(heap, 1, (uint64_t[]){key, list});
        set_item(heap, list, 0, dict);
        fake_heap_track(heap, dict);
        fake_heap_track(heap, list);
        fake_heap_refcount(heap, dict, 2);
        fake_heap_root(heap, dict);
        fake_heap_build(heap, 2);
        cr_expect(reachable(heap, dict) && reachable(heap, list) && reachable(heap, key));
        cr_expect_eq(found(heap, dict), FOUND_TRACKED);
        cr_expect_eq(found(heap, key), FOUND_REACHABLE);
        cr_expect_str_eq(heap_type(heap->heap, id_of(heap, dict))->name, "dict");
        cr_expect_eq(heap_refcount(heap->heap, id_of(heap, dict)), 2);
        cr_expect_eq(heap_gc_state(heap->heap, id_of(heap, dict)), GC_YOUNG);
        cr_expect_eq(heap_gc_state(heap->heap, id_of(heap, key)), GC_NONE);
        cr_expect_eq(heap_interpreter(heap->heap, id_of(heap, dict)), 0);

        struct visited visited = {0};
        heap_references(heap->heap, id_of(heap, dict), take, &visited);
        cr_assert_eq(visited.count, 2);
        struct strbuf text = {0};
        struct visited back = {0};
        heap_references(heap->heap, id_of(heap, list), take, &back);
        cr_assert_eq(back.count, 1);
        cr_expect_eq(back.targets[0], dict);
        heap_preview(heap->heap, id_of(heap, key), &text);
        cr_expect_str_eq(strbuf_text(&text), "'self'");
        strbuf_free(&text);
        expect_accounts_to_close(heap);
        cr_expect_eq(heap_accounts(heap->heap)->unclaimed_count, 0);
        cr_expect_eq(heap_damage(heap->heap)->count, 0);
    }
}

static void write_label(void *context, const struct reference *reference) {
    const struct fake_heap *heap = ((void **)context)[0];
    struct strbuf *text = ((void **)context)[1];
    heap_label(heap->heap, 0, reference, text);
    strbuf_putc(text, ' ');
}

Test(heap, labels) {
    EACH_VERSION(heap) {
        uint64_t value = fake_heap_float(heap, 1), key = fake_heap_str(heap, "k");
        uint64_t dict = fake_heap_dict(heap, 1, (uint64_t[]){key, value});
        uint64_t list = fake_heap_list(heap, 3, (uint64_t[]){0, dict, value});
        fake_heap_root(heap, list);
        fake_heap_build(heap, 1);
        struct strbuf text = {0};
        void *context[] = {heap, &text};
        heap_references(heap->heap, id_of(heap, list), write_label, context);
        cr_expect_str_eq(strbuf_text(&text), "[1] [2] ");
        strbuf_clear(&text);
        heap_references(heap->heap, id_of(heap, dict), write_label, context);
        cr_expect_not_null(strstr(strbuf_text(&text), "['k'] "));
        strbuf_free(&text);
    }
}

Test(heap, find_on_wild_addresses) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1);
        fake_heap_root(heap, number);
        fake_heap_build(heap, 1);
        cr_expect_neq(heap_find(heap->heap, number), HEAP_NONE);
        const uint64_t wild[] = {0,          1,          FAKE_WILD,       UINT64_MAX,
                                 number + 1, number + 8, number - 8,      number + 16,
                                 1ull << 63, 1ull << 48, heap->stack_end, heap->malloc_start};
        for (size_t i = 0; i < sizeof wild / sizeof *wild; i++)
            cr_expect_eq(heap_find(heap->heap, wild[i]), HEAP_NONE, "%zu", i);
    }
}

/* What was added up while objects were met must be what their columns say. */
static void expect_sums_of_columns(const struct heap *heap) {
    for (uint32_t type = 0; type < heap_type_count(heap); type++) {
        struct heap_sums sums = {0};
        for (uint32_t id = 0; id < heap_count(heap); id++) {
            if (heap_type(heap, id)->id != type)
                continue;
            sums.objects++;
            sums.size += heap_size(heap, id);
            sums.footprint += heap_footprint(heap, id);
            sums.unreachable += !(heap_flags(heap, id) & OBJECT_REACHABLE);
        }
        cr_expect_eq(memcmp(&sums, heap_type_sums(heap, type), sizeof sums), 0);
    }
}

Test(heap, every_id_is_found_by_its_address_in_order) {
    EACH_VERSION(heap) {
        for (int i = 0; i < 3000; i++)
            fake_heap_root(heap, i % 3 ? fake_heap_float(heap, i) : fake_heap_tuple(heap, 0, NULL));
        uint64_t odd = heap->stack + 64 + 8;
        fake_words(&heap->fake, odd, 3, (uint64_t[]){1, heap->float_type, 0});
        fake_heap_root(heap, odd);
        fake_heap_build(heap, 3);
        uint64_t before = 0;
        struct heap_totals sums = {0};
        for (uint32_t id = 0; id < heap_count(heap->heap); id++) {
            uint64_t address = heap_address(heap->heap, id);
            cr_assert_gt(address, before);
            cr_assert_eq(heap_find(heap->heap, address), id);
            sums.size += heap_size(heap->heap, id);
            sums.footprint += heap_footprint(heap->heap, id);
            before = address;
        }
        cr_expect_neq(heap_find(heap->heap, odd), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, odd - 8), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, odd + 8), HEAP_NONE);
        cr_expect_eq(sums.size, heap_totals(heap->heap)->size);
        cr_expect_eq(sums.footprint, heap_totals(heap->heap)->footprint);
        cr_expect_eq(heap_totals(heap->heap)->objects, heap_count(heap->heap));
        expect_sums_of_columns(heap->heap);
        expect_accounts_to_close(heap);
    }
}

Test(heap, sizes_and_footprints) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        const uint64_t tuple_size = layout->tuple.ob_item.offset;
        uint64_t number = fake_heap_float(heap, 1), big = fake_heap_int(heap, 50);
        uint64_t str = fake_heap_str(heap, "abc"), list = fake_heap_list(heap, 3, NULL);
        uint64_t wide = fake_heap_list(heap, 1000, NULL);
        uint64_t tuple = fake_heap_tuple(heap, 1, &number), dict = fake_heap_dict(heap, 0, NULL);
        uint64_t all[] = {number, big, str, list, wide, tuple, dict};
        for (size_t i = 0; i < 7; i++)
            fake_heap_root(heap, all[i]);
        fake_heap_build(heap, 1);
        uint64_t expected[][2] = {
            {24, 32},
            {24 + 50 * 4, 224},
            {layout->ascii.size + 4ull, (layout->ascii.size + 4 + 15) & -16ull},
            {16 + 40 + 3 * 8, 64 + 32},
            {16 + 40 + 8000, 64 + 8016},
            {16 + tuple_size + 8, (16 + tuple_size + 8 + 15) & -16ull},
            {16 + 48 + 32 + 8 + 80, 64 + 128},
        };
        for (size_t i = 0; i < 7; i++) {
            uint32_t id = id_of(heap, all[i]);
            cr_expect_eq(heap_size(heap->heap, id), expected[i][0], "%zu: %lu", i,
                         heap_size(heap->heap, id));
            cr_expect_eq(heap_footprint(heap->heap, id), expected[i][1], "%zu: %lu", i,
                         heap_footprint(heap->heap, id));
        }
        uint32_t type = id_of(heap, heap->float_type);
        cr_expect_eq(heap_footprint(heap->heap, type), 0);
        cr_expect(heap_flags(heap->heap, type) & OBJECT_STATIC);
        cr_expect_not(heap_flags(heap->heap, id_of(heap, number)) & OBJECT_STATIC);
        expect_accounts_to_close(heap);
        cr_expect_geq(heap_accounts(heap->heap)->malloc_footprint, 8016);
    }
}

Test(heap, values_of_4_billion_and_more) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.11.2");
    const uint64_t counts[] = {UINT32_MAX - 1ull, UINT32_MAX, 1ull << 32, 1ull << 39, 7};
    uint64_t numbers[5];
    for (size_t i = 0; i < 5; i++) {
        numbers[i] = fake_heap_float(&heap, 1);
        fake_heap_refcount(&heap, numbers[i], counts[i]);
        fake_heap_root(&heap, numbers[i]);
    }
    uint64_t huge = fake_heap_list(&heap, 1, NULL);
    fake_set(&heap.fake, huge, heap.layout->list.allocated, 1ull << 33);
    fake_heap_root(&heap, huge);
    fake_heap_build(&heap, 2);
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(heap_refcount(heap.heap, id_of(&heap, numbers[i])), counts[i]);
    cr_expect_eq(heap_size(heap.heap, id_of(&heap, huge)), 16 + 40 + (8ull << 33));
    fake_heap_destroy(&heap);
}

Test(heap, immortal) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.13.0");
    uint64_t number = fake_heap_float(&heap, 1);
    fake_heap_refcount(&heap, number, 0xffffffff);
    fake_heap_root(&heap, number);
    fake_heap_build(&heap, 1);
    cr_expect(heap_flags(heap.heap, id_of(&heap, number)) & OBJECT_IMMORTAL);
    cr_expect_eq(heap_refcount(heap.heap, id_of(&heap, number)), 0xffffffff);
    fake_heap_destroy(&heap);
}

static void expect_weak(void *context, const struct reference *reference) {
    size_t *count = context;
    cr_expect_eq(reference->properties, REFERENCE_WEAK);
    ++*count;
}

/* It names every such string and keeps none. */
Test(heap, dict_of_interned_strings) {
    EACH_VERSION(heap) {
        uint64_t lost = fake_heap_str(heap, "lost"), used = fake_heap_str(heap, "used");
        uint64_t dict = fake_heap_dict(heap, 2, (uint64_t[]){lost, lost, used, used});
        fake_heap_root(heap, used);
        if (layout_has(heap->layout->interpreter.interned_strings)) {
            fake_set(&heap->fake, heap->interpreter, heap->layout->interpreter.interned_strings,
                     dict);
        } else {
            struct image_symbol symbol = {"interned", heap->foreign + 64, 8, 1};
            cr_assert_null(image_add_symbol(heap->image, &symbol));
            fake_word(&heap->fake, heap->foreign + 64, dict);
        }
        fake_heap_build(heap, 1);
        cr_expect(reachable(heap, dict) && reachable(heap, used));
        cr_expect_not(reachable(heap, lost));
        size_t count = 0;
        heap_references(heap->heap, id_of(heap, dict), expect_weak, &count);
        cr_expect_eq(count, 4);
    }
}

/* ---- objects that nothing refers to ---------------------------------------------------------- */

Test(candidates, leaked_objects_are_found_in_their_blocks) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1), digits = fake_heap_int(heap, 20);
        uint64_t inner = fake_heap_str(heap, "inner"), tuple = fake_heap_tuple(heap, 1, &inner);
        /* One of each type is known from elsewhere. */
        fake_heap_root(heap, fake_heap_float(heap, 2));
        fake_heap_root(heap, fake_heap_int(heap, 1));
        fake_heap_root(heap, fake_heap_tuple(heap, 0, NULL));
        fake_heap_build(heap, 2);
        const uint64_t leaked[] = {number, digits, tuple, inner};
        for (size_t i = 0; i < 4; i++) {
            cr_expect_eq(found(heap, leaked[i]), FOUND_ALLOCATOR, "%zu", i);
            cr_expect_not(reachable(heap, leaked[i]));
            cr_expect_not(heap_flags(heap->heap, id_of(heap, leaked[i])) & OBJECT_GUESSED);
        }
        cr_expect_eq(heap_totals(heap->heap)->allocator, 4);
        cr_expect_eq(heap_totals(heap->heap)->unreachable, 4);
        expect_accounts_to_close(heap);
        cr_expect_eq(heap_accounts(heap->heap)->unclaimed_count, 0);
    }
}

Test(candidates, parked_blocks_are_no_objects) {
    EACH_VERSION(heap) {
        uint64_t parked[] = {fake_heap_tuple(heap, 2, (uint64_t[]){8, 8}),
                             fake_heap_list(heap, 0, NULL)};
        for (size_t i = 0; i < 2; i++)
            fake_heap_refcount(heap, parked[i], 0);
        fake_heap_root(heap, fake_heap_tuple(heap, 0, NULL));
        fake_heap_build(heap, 1);
        cr_expect_eq(heap_find(heap->heap, parked[0]), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, parked[1]), HEAP_NONE);
        cr_expect_eq(heap_accounts(heap->heap)->parked_count, 2);
        cr_expect_eq(heap_accounts(heap->heap)->parked_bytes, 64 + 64);
        expect_accounts_to_close(heap);
    }
}

/* Their chains go through ob_type; the list of keys is an array. */
Test(candidates, free_lists_of_floats_and_keys) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        if (!layout_has(layout->interpreter.free_floats))
            continue;
        uint64_t first = fake_heap_float(heap, 1), second = fake_heap_float(heap, 2);
        uint64_t keys = fake_heap_block(heap, 120);
        fake_set(&heap->fake, first, layout->object.ob_type, second);
        fake_set(&heap->fake, second, layout->object.ob_type, 0);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.free_floats, first);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.free_dict_keys, keys);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.free_dict_keys_count, 1);
        fake_heap_build(heap, 1);
        cr_expect_eq(heap_accounts(heap->heap)->parked_count, 3);
        cr_expect_eq(heap_accounts(heap->heap)->unclaimed_count, 0);
        expect_accounts_to_close(heap);
    }
}

Test(candidates, hostile_free_lists) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        if (!layout_has(layout->interpreter.free_floats))
            continue;
        uint64_t number = fake_heap_float(heap, 1);
        fake_set(&heap->fake, number, layout->object.ob_type, number);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.free_floats, number);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.free_dict_keys, FAKE_WILD);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.free_dict_keys_count,
                 0xffffffff);
        fake_heap_build(heap, 1);
        cr_expect_eq(heap_accounts(heap->heap)->parked_count, 1);
        expect_accounts_to_close(heap);
    }
}

/* The head of the n-th list of all (3.14+). */
static void set_free_list(struct fake_heap *heap, unsigned index, uint64_t first) {
    const struct layout *layout = heap->layout;
    fake_word(&heap->fake,
              heap->interpreter + layout->interpreter.free_lists.offset +
                  (uint64_t)index * layout->free_list.size + layout->free_list.first.offset,
              first);
}

/* One kind of list for all: chains through the word that was the refcount, whatever it looks like. */
Test(candidates, free_lists_chained_through_the_refcount) {
    EACH_VERSION(heap) {
        if (!layout_has(heap->layout->free_list.first))
            continue;
        fake_heap_root(heap, fake_heap_tuple(heap, 0, NULL));
        fake_heap_root(heap, fake_heap_float(heap, 0));
        uint64_t first = fake_heap_float(heap, 1), second = fake_heap_float(heap, 2);
        uint64_t tuple = fake_heap_tuple(heap, 1, &first), keys = fake_heap_block(heap, 120);
        fake_word(&heap->fake, first, second);
        fake_word(&heap->fake, second, 0);
        fake_word(&heap->fake, tuple, 0);
        fake_word(&heap->fake, keys, 0);
        set_free_list(heap, 0, first);
        set_free_list(heap, 4, tuple);
        set_free_list(heap, 11, keys);
        fake_heap_build(heap, 1);
        const uint64_t parked[] = {first, second, tuple};
        for (size_t i = 0; i < 3; i++)
            cr_expect_eq(heap_find(heap->heap, parked[i]), HEAP_NONE, "%zu", i);
        cr_expect_eq(heap_accounts(heap->heap)->parked_count, 4);
        cr_expect_eq(heap_accounts(heap->heap)->unclaimed_count, 0);
        expect_accounts_to_close(heap);
    }
}

Test(candidates, hostile_chains_through_the_refcount) {
    EACH_VERSION(heap) {
        if (!layout_has(heap->layout->free_list.first))
            continue;
        uint64_t number = fake_heap_float(heap, 1);
        fake_word(&heap->fake, number, number);
        set_free_list(heap, 0, number);
        set_free_list(heap, 1, FAKE_WILD);
        set_free_list(heap, 2, heap->interpreter);
        fake_heap_build(heap, 1);
        cr_expect_eq(heap_accounts(heap->heap)->parked_count, 1);
        expect_accounts_to_close(heap);
    }
}

Test(candidates, blocks_that_only_look_a_bit_like_objects) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        fake_heap_root(heap, fake_heap_tuple(heap, 0, NULL));
        fake_heap_root(heap, fake_heap_float(heap, 0));
        /* Left-over keys of a dict: a count, sizes, pointers to objects. */
        uint64_t keys = fake_heap_block(heap, 120);
        fake_words(&heap->fake, keys, 4, (uint64_t[]){1, 0x50303, 5, 0});
        /* A header of float, but with a refcount that no object has. */
        uint64_t odd_count = fake_heap_block(heap, 24);
        fake_words(&heap->fake, odd_count, 2,
                   (uint64_t[]){layout->trait.refcount_mask == UINT64_MAX ? 1ull << 50 : 0,
                                heap->float_type});
        /* A tuple that would be longer than its block, one without a GC head before it, and one
         * whose GC head is in no list but not empty. */
        uint64_t cut = fake_heap_tuple(heap, 0, NULL);
        fake_set(&heap->fake, cut, layout->var_object.ob_size, 1000);
        uint64_t headless = fake_heap_block(heap, 96);
        fake_words(&heap->fake, headless, 3, (uint64_t[]){1, heap->tuple_type, 0});
        uint64_t listed = fake_heap_tuple(heap, 0, NULL);
        fake_word(&heap->fake, listed - 16, heap->stack);
        fake_heap_build(heap, 1);
        cr_expect_eq(heap_find(heap->heap, keys), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, odd_count), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, cut), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, headless), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, listed), HEAP_NONE);
        cr_expect_geq(heap_accounts(heap->heap)->unclaimed_count, 4);
        cr_expect_eq(heap_totals(heap->heap)->allocator, 0);
        expect_accounts_to_close(heap);
    }
}

Test(candidates, unclaimed_blocks_are_listed) {
    EACH_VERSION(heap) {
        uint64_t blocks[] = {fake_heap_block(heap, 200), fake_heap_block(heap, 200)};
        fake_heap_build(heap, 1);
        struct heap_block listed[4];
        cr_assert_eq(heap_unclaimed(heap->heap, listed, 4), 2);
        cr_expect_eq(listed[0].address, blocks[0]);
        cr_expect_eq(listed[0].size, 208);
        cr_expect_eq(listed[1].address, blocks[1]);
        cr_expect_eq(heap_unclaimed(heap->heap, listed, 1), 1);
        cr_expect_eq(heap_unclaimed(heap->heap, NULL, 0), 0);
        cr_expect_eq(heap_accounts(heap->heap)->unclaimed_bytes, 416);
        expect_accounts_to_close(heap);
    }
}

Test(candidates, leaked_objects_in_blocks_of_malloc) {
    EACH_VERSION(heap) {
        uint64_t before = fake_heap_malloc(heap, 600);
        uint64_t tuple = fake_heap_object(heap, heap->tuple_type, 600);
        fake_set(&heap->fake, tuple, heap->layout->var_object.ob_size, 70);
        fake_heap_root(heap, fake_heap_tuple(heap, 0, NULL));
        /* Its looks, in the middle of a block. */
        fake_words(&heap->fake, before + 64, 3, (uint64_t[]){1, heap->float_type, 0});
        fake_heap_root(heap, fake_heap_float(heap, 0));
        fake_heap_build(heap, 1);
        cr_expect_eq(found(heap, tuple), FOUND_ALLOCATOR);
        cr_expect(heap_flags(heap->heap, id_of(heap, tuple)) & OBJECT_GUESSED);
        cr_expect_eq(heap_totals(heap->heap)->guessed, 1);
        cr_expect_eq(heap_find(heap->heap, before + 64), HEAP_NONE);
        expect_accounts_to_close(heap);
    }
}

/* Memory of another allocator: every aligned address may be one, if some are known there. */
Test(candidates, leaked_objects_in_memory_that_no_allocator_describes) {
    EACH_VERSION(heap) {
        enum { PAGES = 3 };
        heap->fake.next = (heap->fake.next + 2 * 4096) & -4096ull;
        heap->extra = fake_alloc(&heap->fake, PAGES * 4096);
        heap->extra_end = heap->extra + PAGES * 4096;
        uint64_t held = heap->extra + 64, leaked = heap->extra + 8192 + 16 * 5;
        uint64_t dead = heap->extra + 8192 + 1024;
        const uint64_t number[] = {1, heap->float_type, 0}, no_number[] = {0, heap->float_type, 0};
        fake_words(&heap->fake, held, 3, number);
        fake_words(&heap->fake, leaked, 3, number);
        fake_words(&heap->fake, dead, 3, no_number);
        fake_words(&heap->fake, heap->stack + 512, 3, number); /* stacks are not searched */
        fake_words(&heap->fake, heap->foreign + 512, 3, number);
        fake_heap_root(heap, held);
        fake_heap_build(heap, 1);
        cr_expect_eq(found(heap, leaked), FOUND_ALLOCATOR);
        cr_expect(heap_flags(heap->heap, id_of(heap, leaked)) & OBJECT_GUESSED);
        cr_expect_eq(found(heap, held), FOUND_REACHABLE);
        cr_expect_eq(heap_find(heap->heap, dead), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, heap->stack + 512), HEAP_NONE);
        cr_expect_eq(heap_find(heap->heap, heap->foreign + 512), HEAP_NONE);
        cr_expect_eq(heap_totals(heap->heap)->guessed, 1);
    }
}

/* ---- guesses --------------------------------------------------------------------------------- */

Test(guessed_roots, word_in_the_data_of_a_module_with_a_hidden_reference) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1), list = fake_heap_list(heap, 1, &number);
        fake_heap_track(heap, list);
        fake_word(&heap->fake, heap->foreign + 128, list);
        fake_heap_build(heap, 2);
        cr_expect(reachable(heap, list) && reachable(heap, number));
        cr_expect_eq(found(heap, list), FOUND_TRACKED);
    }
}

Test(guessed_roots, garbage_with_a_stale_word_on_the_stack_stays_garbage) {
    EACH_VERSION(heap) {
        uint64_t first = fake_heap_list(heap, 1, NULL), second = fake_heap_list(heap, 1, NULL);
        set_item(heap, first, 0, second);
        set_item(heap, second, 0, first);
        fake_heap_track(heap, first);
        fake_heap_track(heap, second);
        fake_word(&heap->fake, heap->stack + 256, first);
        fake_heap_build(heap, 1);
        cr_expect_not(reachable(heap, first) || reachable(heap, second));
        cr_expect_eq(heap_totals(heap->heap)->unreachable, 2);
    }
}

/* The same circle with one reference more is held by somebody. */
Test(guessed_roots, circle_that_the_stack_really_holds) {
    EACH_VERSION(heap) {
        uint64_t first = fake_heap_list(heap, 1, NULL), second = fake_heap_list(heap, 1, NULL);
        set_item(heap, first, 0, second);
        set_item(heap, second, 0, first);
        fake_heap_track(heap, first);
        fake_heap_track(heap, second);
        fake_heap_refcount(heap, first, 2);
        fake_word(&heap->fake, heap->stack + 256, first);
        fake_heap_build(heap, 1);
        cr_expect(reachable(heap, first) && reachable(heap, second));
    }
}

Test(guessed_roots, chain_of_structures_that_nobody_describes) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1), object = number;
        for (int i = 0; i < 1000; i++)
            object = fake_heap_box(heap, object, FAKE_WILD);
        fake_heap_root(heap, object);
        fake_heap_root(heap, fake_heap_float(heap, 0)); /* so that the type is known */
        uint64_t stray = fake_heap_box(heap, 0, 0);     /* nobody holds it */
        fake_heap_build(heap, 1);
        cr_expect(reachable(heap, number) && reachable(heap, object));
        cr_expect_not(reachable(heap, stray));
    }
}

/* Not the start of an object: no root. */
Test(guessed_roots, words_beside_objects) {
    EACH_VERSION(heap) {
        uint64_t list = fake_heap_list(heap, 0, NULL);
        fake_heap_track(heap, list);
        fake_words(&heap->fake, heap->stack, 4,
                   (uint64_t[]){list + 8, list - 8, list + 4, list - 16});
        fake_heap_build(heap, 1);
        cr_expect_not(reachable(heap, list));
    }
}

/* ---- debug hooks ----------------------------------------------------------------------------- */

Test(heap, fences_of_debug_hooks) {
    EACH_VERSION(heap) {
        fake_heap_use_debug_hooks(heap);
        uint64_t leaked = fake_heap_float(heap, 1), held = fake_heap_float(heap, 2);
        uint64_t list = fake_heap_list(heap, 1, (uint64_t[]){held});
        fake_heap_root(heap, list);
        fake_heap_build(heap, 1);
        cr_expect_eq(found(heap, leaked), FOUND_ALLOCATOR);
        cr_expect_not(reachable(heap, leaked));
        cr_expect(reachable(heap, list) && reachable(heap, held));
        cr_expect_eq(heap_footprint(heap->heap, id_of(heap, held)), 48);
        cr_expect_eq(heap_size(heap->heap, id_of(heap, held)), 24);
        cr_expect_eq(heap_footprint(heap->heap, id_of(heap, list)), 80 + 16);
        expect_accounts_to_close(heap);
        cr_expect_eq(heap_accounts(heap->heap)->unclaimed_count, 2); /* of the dict without fence */
        cr_expect_eq(heap_damage(heap->heap)->count, 0);
    }
}
