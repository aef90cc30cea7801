#include "introspect/runtime/chain.h"
#include "tests/unit/introspect/heap/each_version.h"

#include <criterion/criterion.h>

static struct runtime *runtime;

static void read_again(struct fake_heap *heap) {
    runtime_destroy(runtime);
    runtime = NULL;
    cr_assert_null(runtime_read(heap->image, heap->layout, heap->runtime_address, &runtime));
}

static size_t interpreter_count(void) {
    size_t count = 0;
    runtime_interpreters(runtime, &count);
    return count;
}

static size_t thread_count(void) {
    size_t count = 0;
    runtime_threads(runtime, &count);
    return count;
}

static void clear(void) {
    runtime_destroy(runtime);
    runtime = NULL;
}

/* A chain of `before` members and then a circle of `circle`. */
static size_t steps_until_noticed(uint64_t before, uint64_t circle) {
    struct chain chain = {0};
    uint64_t at = 0;
    size_t steps = 1;
    while (!chain_is_circle(&chain, 1000 + at)) {
        at = at + 1 < before + circle ? at + 1 : before;
        cr_assert_lt(++steps, 100000);
    }
    cr_assert_eq(chain.since + 1, circle);
    return steps;
}

Test(chain, circles_are_noticed) {
    for (uint64_t before = 0; before < 40; before++) {
        for (uint64_t circle = 1; circle < 40; circle++)
            cr_expect_leq(steps_until_noticed(before, circle), 3 * (before + circle) + 1);
    }
}

Test(chain, straight_ones_are_none) {
    struct chain chain = {0};
    for (uint64_t i = 1; i < 100000; i++)
        cr_assert_not(chain_is_circle(&chain, i));
}

Test(runtime, interpreters_and_threads) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        uint64_t second = fake_alloc(&heap->fake, layout->interpreter.size);
        uint64_t other = fake_alloc(&heap->fake, layout->thread.size);
        fake_set(&heap->fake, second, layout->interpreter.next, heap->interpreter);
        fake_set(&heap->fake, second, layout->interpreter.id, 1);
        fake_set(&heap->fake, heap->runtime_address, layout->runtime.interpreters_head, second);
        fake_set(&heap->fake, heap->thread, layout->thread.next, other);
        fake_set(&heap->fake, second + layout->interpreter.gc.offset, layout->gc_state.collecting,
                 1);
        read_again(heap);
        size_t count = 0;
        const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
        cr_assert_eq(count, 2);
        cr_expect_eq(interpreters[0].id, 1);
        cr_expect(interpreters[0].collecting && !interpreters[1].collecting);
        cr_expect_eq(interpreters[1].address, heap->interpreter);
        const struct thread *threads = runtime_threads(runtime, &count);
        cr_assert_eq(count, 2);
        cr_expect_eq(threads[0].interpreter, 1);
        cr_expect_eq(threads[0].thread_id, 77);
        cr_expect_eq(threads[1].address, other);
        cr_expect_eq(runtime_address(runtime), heap->runtime_address);
        cr_expect_eq(runtime_damage(runtime)->count, 0);
        clear();
    }
}

Test(runtime, none_where_there_is_no_interpreter) {
    EACH_VERSION(heap) {
        const uint64_t heads[] = {0, FAKE_WILD, UINT64_MAX, 1ull << 47};
        for (size_t i = 0; i < 4; i++) {
            fake_set(&heap->fake, heap->runtime_address, heap->layout->runtime.interpreters_head,
                     heads[i]);
            struct err *err =
                runtime_read(heap->image, heap->layout, heap->runtime_address, &runtime);
            cr_assert_not_null(err);
            cr_expect_eq(err_code(err), ERR_NO_LAYOUT);
            err_free(err);
        }
        struct err *err = runtime_read(heap->image, heap->layout, FAKE_WILD, &runtime);
        cr_assert_not_null(err);
        err_free(err);
        fake_set(&heap->fake, heap->runtime_address, heap->layout->runtime.interpreters_head,
                 heap->interpreter);
    }
}

/* Each thread and interpreter once, though their lists never end. */
Test(runtime, circular_lists) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        uint64_t threads[5];
        for (int i = 0; i < 5; i++)
            threads[i] = fake_alloc(&heap->fake, layout->thread.size);
        fake_set(&heap->fake, heap->thread, layout->thread.next, threads[0]);
        for (int i = 0; i < 5; i++)
            fake_set(&heap->fake, threads[i], layout->thread.next,
                     i < 4 ? threads[i + 1] : threads[2]);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.next, heap->interpreter);
        read_again(heap);
        cr_expect_eq(interpreter_count(), 1);
        cr_expect_eq(thread_count(), 6);
        cr_expect_eq(fake_heap_damage(runtime_damage(runtime), "chain"), 2);
        clear();
    }
}

Test(runtime, lists_that_lead_away) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        fake_set(&heap->fake, heap->thread, layout->thread.next, FAKE_WILD);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.next, UINT64_MAX);
        read_again(heap);
        cr_expect_eq(interpreter_count(), 1);
        cr_expect_eq(thread_count(), 1);
        cr_expect_eq(fake_heap_damage(runtime_damage(runtime), "absent"), 2);
        clear();
    }
}

/* The heap tells of it too. */
Test(runtime, damage_is_the_heaps) {
    EACH_VERSION(heap) {
        fake_set(&heap->fake, heap->thread, heap->layout->thread.next, heap->thread);
        fake_heap_build(heap, 1);
        cr_expect_eq(fake_heap_damage(heap_damage(heap->heap), "chain"), 1);
    }
}
