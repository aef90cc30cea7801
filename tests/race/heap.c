/* A heap is built by several threads: lists so wide that they share what waits, objects that all
 * refer to each other, guesses. Criterion's runner does not start under ThreadSanitizer, so this is
 * a program of its own: 0 is success. */
#include "tests/unit/introspect/heap/fake_heap_image.h"

#include <stdio.h>

enum { WIDE = 3000, THREADS = 4, ROUNDS = 4 };

/* What a build of the same heap with another number of threads must say as well. */
struct result {
    struct heap_totals totals;
    struct heap_accounts accounts;
    uint64_t damage, sum;
};

static void make_objects(struct fake_heap *heap) {
    static uint64_t items[WIDE];
    uint64_t number = fake_heap_float(heap, 1);
    for (unsigned i = 0; i < WIDE; i++) {
        uint64_t others[] = {i ? items[i - 1] : number, items[i / 2], number, FAKE_WILD & -8ull};
        items[i] = i % 3 == 0   ? fake_heap_list(heap, 4, others)
                   : i % 3 == 1 ? fake_heap_tuple(heap, 3, others)
                                : fake_heap_box(heap, others[0], others[1]);
        if (i % 3 == 0)
            fake_heap_track(heap, items[i]);
        if (i % 5 == 0)
            fake_word(&heap->fake, heap->stack + i / 5 * 8, items[i]);
    }
    fake_heap_root(heap, fake_heap_list(heap, WIDE / 2, items));
}

static struct result build(const char *version, unsigned threads) {
    struct fake_heap heap;
    fake_heap_create(&heap, version);
    make_objects(&heap);
    fake_heap_build(&heap, threads);
    struct result result = {.totals = *heap_totals(heap.heap),
                            .accounts = *heap_accounts(heap.heap)};
    const struct damage_list *damage = heap_damage(heap.heap);
    for (size_t i = 0; i < damage->count; i++)
        result.damage += damage->items[i].count;
    for (uint32_t id = 0; id < heap_count(heap.heap); id++)
        result.sum = result.sum * 31 + heap_address(heap.heap, id) + heap_flags(heap.heap, id) * 7 +
                     heap_footprint(heap.heap, id);
    fake_heap_destroy(&heap);
    return result;
}

int main(void) {
    const char *const versions[] = {"3.11.2", "3.13.0"};
    for (int version = 0; version < 2; version++) {
        struct result alone = build(versions[version], 1);
        for (int round = 0; round < ROUNDS; round++) {
            struct result together = build(versions[version], THREADS);
            if (memcmp(&alone, &together, sizeof alone)) {
                printf("%s: %lu objects, %lu reachable alone; %lu, %lu together\n",
                       versions[version], alone.totals.objects,
                       alone.totals.objects - alone.totals.unreachable, together.totals.objects,
                       together.totals.objects - together.totals.unreachable);
                return 1;
            }
        }
        printf("%s: %lu objects, %lu unreachable, damage %lu\n", versions[version],
               alone.totals.objects, alone.totals.unreachable, alone.damage);
    }
    return 0;
}
