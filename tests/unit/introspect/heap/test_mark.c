#include "each_version.h"
#include "introspect/heap/mark.h"

#include <criterion/criterion.h>

struct marked {
    struct fake_heap *heap;
    struct pymalloc pymalloc;
    struct type_table *types;
    struct marking marking;
    struct bitmap marks;
};

static struct marked setup(struct fake_heap *heap, unsigned threads) {
    static struct pymalloc pymalloc; /* the marking points to it */
    struct marked marked = {.heap = heap};
    struct damage_list damage = {0};
    fake_heap_finish(heap);
    cr_assert_null(pymalloc_walk(heap->image, heap->layout, heap->runtime, 1, NULL, &damage,
                                 &marked.pymalloc));
    cr_assert_null(
        type_table_create(heap->image, heap->layout, heap->runtime_address, &marked.types));
    pymalloc = marked.pymalloc;
    marked.marking = (struct marking){.allocators = {heap->image, heap->layout, &pymalloc, 0},
                                      .types = marked.types,
                                      .threads = threads};
    cr_assert_null(marking_init(&marked.marking));
    cr_assert(bitmap_init(&marked.marks, heap->image->mirror_size));
    return marked;
}

static void clear(struct marked *marked) {
    marking_clear(&marked->marking);
    bitmap_free(&marked->marks);
    type_table_destroy(marked->types);
    pymalloc_clear(&marked->pymalloc);
}

static void mark(struct marked *marked, size_t count, uint64_t *seeds) {
    struct mark_seeds from = {seeds, count};
    cr_assert_null(mark_from(&marked->marking, &from, &marked->marks));
}

static bool has(const struct marked *marked, uint64_t object) {
    return bitmap_test(&marked->marks, image_place(marked->heap->image, object));
}

static uint64_t bits(const struct bitmap *bitmap) {
    uint64_t count = 0;
    for (size_t i = 0; i < bitmap->word_count; i++)
        count += (uint64_t)__builtin_popcountll(bitmap->words[i]);
    return count;
}

static uint64_t damage(const struct marked *marked, const char *reason) {
    return fake_heap_damage(&marked->marking.damage, reason);
}

Test(mark, all_that_is_held_and_nothing_else) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1), other = fake_heap_float(heap, 2);
        uint64_t key = fake_heap_str(heap, "key"),
                 dict = fake_heap_dict(heap, 1, (uint64_t[]){key, number});
        uint64_t inner = fake_heap_list(heap, 2, (uint64_t[]){dict, 0});
        uint64_t outer = fake_heap_tuple(heap, 2, (uint64_t[]){inner, inner});
        struct marked marked = setup(heap, 1);
        mark(&marked, 1, (uint64_t[]){outer});
        cr_expect(has(&marked, outer) && has(&marked, inner) && has(&marked, dict) &&
                  has(&marked, key) && has(&marked, number));
        cr_expect_not(has(&marked, other));
        cr_expect_eq(bits(&marked.marks), 5);
        cr_expect_eq(marked.marking.damage.count, 0);
        cr_expect_eq(marked.marking.double_claims, 0);
        /* The list's array and the dict's keys. */
        cr_expect_eq(bits(&marked.marking.claimed), 2);
        clear(&marked);
    }
}

Test(mark, circles) {
    EACH_VERSION(heap) {
        uint64_t list = fake_heap_list(heap, 1, NULL);
        uint64_t tuple = fake_heap_tuple(heap, 1, &list);
        uint64_t array = 0;
        cr_assert(image_read_u64(heap->image, list + heap->layout->list.ob_item.offset, &array));
        fake_word(&heap->fake, array, tuple);
        struct marked marked = setup(heap, 2);
        mark(&marked, 1, &list);
        cr_expect_eq(bits(&marked.marks), 2);
        clear(&marked);
    }
}

/* Wide enough that threads share what waits; every object is visited once, or its buffers would be
 * claimed twice. */
Test(mark, wide_list_from_several_threads) {
    EACH_VERSION(heap) {
        enum { WIDE = 6000 };
        static uint64_t items[WIDE];
        for (int i = 0; i < WIDE; i++)
            items[i] = fake_heap_list(heap, 1, (uint64_t[]){i ? items[i - 1] : 0});
        uint64_t list = fake_heap_list(heap, WIDE, items);
        struct marked marked = setup(heap, 4);
        mark(&marked, 1, &list);
        cr_expect_eq(bits(&marked.marks), WIDE + 1);
        cr_expect_eq(marked.marking.double_claims, 0);
        cr_expect_eq(marked.marking.damage.count, 0);
        struct bitmap owned;
        uint64_t double_claims = 0;
        cr_assert_null(marking_owned(&marked.marking, &marked.marks, &owned, &double_claims));
        cr_expect_eq(double_claims, 0);
        clear(&marked);
        bitmap_free(&owned);
    }
}

Test(mark, from_a_bitmap) {
    EACH_VERSION(heap) {
        enum { MANY = 3000 };
        static uint64_t objects[MANY];
        uint64_t shared = fake_heap_float(heap, 1);
        for (int i = 0; i < MANY; i++)
            objects[i] = fake_heap_tuple(heap, 1, &shared);
        struct marked marked = setup(heap, 3);
        struct bitmap seeds;
        cr_assert(bitmap_init(&seeds, heap->image->mirror_size));
        for (int i = 0; i < MANY; i++)
            bitmap_set(&seeds, image_place(heap->image, objects[i]));
        cr_assert_null(mark_from_bitmap(&marked.marking, &seeds, NULL, &marked.marks));
        cr_expect_eq(bits(&marked.marks), MANY + 1);
        bitmap_free(&seeds);
        clear(&marked);
    }
}

Test(mark, wild_references_are_damage) {
    EACH_VERSION(heap) {
        uint64_t fine = fake_heap_float(heap, 1);
        uint64_t no_object = fake_heap_block(heap, 64);
        uint64_t gone = fake_absent(&heap->fake, 4096);
        uint64_t list = fake_heap_list(
            heap, 6,
            (uint64_t[]){FAKE_WILD & -8ull, UINT64_MAX & -8ull, fine + 4, no_object, gone, fine});
        struct marked marked = setup(heap, 2);
        mark(&marked, 1, &list);
        cr_expect(has(&marked, fine) && has(&marked, list));
        cr_expect_eq(bits(&marked.marks), 2);
        cr_expect_eq(damage(&marked, "outside"), 3);
        cr_expect_eq(damage(&marked, "no type"), 1);
        cr_expect_eq(damage(&marked, "absent"), 1);
        clear(&marked);
    }
}

Test(mark, freed_blocks_are_damage) {
    EACH_VERSION(heap) {
        uint64_t freed = fake_heap_float(heap, 1), kept = fake_heap_float(heap, 2);
        uint64_t list = fake_heap_list(heap, 2, (uint64_t[]){freed, kept});
        fake_heap_free(heap, freed);
        fake_heap_refcount(heap, freed, 1); /* the link of the free list lay there */
        struct marked marked = setup(heap, 1);
        mark(&marked, 1, &list);
        cr_expect_not(has(&marked, freed));
        cr_expect(has(&marked, kept));
        cr_expect_eq(damage(&marked, "freed"), 1);
        clear(&marked);
    }
}

Test(mark, refcount_of_0_is_damage) {
    EACH_VERSION(heap) {
        uint64_t dead = fake_heap_float(heap, 1);
        fake_heap_refcount(heap, dead, 0);
        struct marked marked = setup(heap, 1);
        mark(&marked, 1, &dead);
        cr_expect_not(has(&marked, dead));
        cr_expect_eq(damage(&marked, "refcount"), 1);
        clear(&marked);
    }
}

/* Statically allocated ones may lie at 8 modulo 16. */
Test(mark, objects_at_8_modulo_16) {
    EACH_VERSION(heap) {
        uint64_t odd = heap->stack + 64 + 8;
        fake_words(&heap->fake, odd, 3, (uint64_t[]){1, heap->float_type, 0});
        struct marked marked = setup(heap, 1);
        mark(&marked, 1, &odd);
        cr_expect(has(&marked, odd));
        cr_expect_eq(mark_address(&marked.marking, image_place(heap->image, odd)), odd);
        clear(&marked);
    }
}

/* A wrong reference into an object must not hide it, whichever of the two comes first. */
Test(mark, reference_into_an_object) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1);
        for (int first = 0; first < 2; first++) {
            struct fake_heap copy = *heap;
            if (first) {
                copy.runtime = NULL;
                runtime_destroy(heap->runtime);
            }
            uint64_t seeds[] = {number + (first ? 0 : 8), number + (first ? 8 : 0)};
            struct marked marked = setup(&copy, 1);
            mark(&marked, 1, &seeds[0]);
            mark(&marked, 1, &seeds[1]);
            cr_expect(has(&marked, number));
            cr_expect_eq(mark_address(&marked.marking, image_place(heap->image, number)), number);
            clear(&marked);
            *heap = copy;
            break;
        }
    }
}

Test(mark, guesses_are_kept_apart) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1), box = fake_heap_box(heap, number, 12345);
        struct marked marked = setup(heap, 1);
        mark(&marked, 1, &box);
        cr_expect(has(&marked, box));
        cr_expect_not(has(&marked, number));
        cr_assert_eq(marked.marking.guessed.count, 1);
        cr_expect_eq(marked.marking.guessed.items[0].target, number);
        clear(&marked);
    }
}

/* Two lists with one array; and one object inside of another's block. */
Test(mark, double_claims) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        uint64_t number = fake_heap_float(heap, 1);
        uint64_t lists[] = {fake_heap_list(heap, 1, &number), fake_heap_list(heap, 1, &number)};
        uint64_t array = 0;
        cr_assert(image_read_u64(heap->image, lists[0] + layout->list.ob_item.offset, &array));
        fake_set(&heap->fake, lists[1], layout->list.ob_item, array);
        struct marked marked = setup(heap, 1);
        mark(&marked, 2, lists);
        cr_expect_eq(marked.marking.double_claims, 1);
        cr_expect_eq(marked.marking.first_double_claim, array);
        clear(&marked);
    }
}

Test(mark, block_of_two_objects) {
    EACH_VERSION(heap) {
        uint64_t list = fake_heap_list(heap, 0, NULL), block = list - 16;
        struct marked marked = setup(heap, 1);
        fake_words(&heap->fake, block, 2, (uint64_t[]){1, heap->float_type});
        mark(&marked, 2, (uint64_t[]){list, block});
        struct bitmap owned;
        uint64_t double_claims = 0;
        cr_assert_null(marking_owned(&marked.marking, &marked.marks, &owned, &double_claims));
        cr_expect_eq(double_claims, 1);
        bitmap_free(&owned);
        clear(&marked);
    }
}

Test(mark, block_of_an_object_and_a_buffer) {
    EACH_VERSION(heap) {
        uint64_t number = fake_heap_float(heap, 1);
        uint64_t list = fake_heap_list(heap, 1, &number);
        fake_set(&heap->fake, list, heap->layout->list.ob_item, number);
        fake_set(&heap->fake, list, heap->layout->var_object.ob_size, 0);
        struct marked marked = setup(heap, 1);
        mark(&marked, 2, (uint64_t[]){list, number});
        struct bitmap owned;
        uint64_t double_claims = 0;
        cr_assert_null(marking_owned(&marked.marking, &marked.marks, &owned, &double_claims));
        cr_expect_eq(double_claims, 1);
        bitmap_free(&owned);
        clear(&marked);
    }
}

/* The first bytes of the mirror, with a type whose instances have words before them. */
Test(mark, object_at_the_very_start_of_all_memory) {
    struct fake_heap heap;
    fake_heap_create(&heap, "3.11.2");
    uint64_t class = fake_heap_static_type(
        &heap, &(struct fake_type){.name = "C",
                                   .flags = FAKE_HAVE_GC | heap.layout->trait.flag_managed_dict,
                                   .basicsize = 16});
    uint64_t start = image_address_of_place(heap.image, 0);
    cr_assert_eq(start, heap.module);
    fake_alloc(&heap.fake, 0);
    struct marked marked = setup(&heap, 1);
    fake_words(&heap.fake, start, 2, (uint64_t[]){1, class});
    image_mark_present(heap.image, start, start + IMAGE_CHUNK_SIZE);
    mark(&marked, 1, &start);
    cr_expect_geq(damage(&marked, "absent"), 1);
    clear(&marked);
    fake_heap_destroy(&heap);
}
