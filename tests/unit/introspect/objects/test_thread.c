#include "decode_fixture.h"

#include <criterion/criterion.h>

static struct decode_fixture *f;
static const struct layout *l;

static void start(void) {
    f = fixture_create("3.13.0");
    l = f->layout;
}

static void stop(void) {
    fixture_destroy(f);
}

static uint64_t ring(uint64_t items, uint64_t capacity, uint64_t first, uint64_t count) {
    uint64_t object = fixture_object(f, "_queue.SimpleQueue", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    fake_set(&f->fake, object, l->simple_queue.items, items);
    fake_set(&f->fake, object, l->simple_queue.items_cap, capacity);
    fake_set(&f->fake, object, l->simple_queue.get_idx, first);
    fake_set(&f->fake, object, l->simple_queue.num_items, count);
    return object;
}

TestSuite(thread, .init = start, .fini = stop);

Test(thread, a_ring_wraps_around) {
    uint64_t a = fixture_target(f), b = fixture_target(f), stale = fixture_target(f);
    uint64_t items = fake_pointers(&f->fake, 4, (uint64_t[]){b, stale, stale, a});
    fixture_decode(f, ring(items, 4, 3, 2));
    cr_assert_eq(f->reference_count, 2);
    cr_assert_eq(f->references[0].target, a);
    cr_assert_eq(f->references[1].target, b);
    cr_assert_eq(fixture_buffer(f, items), 32);
    cr_assert_eq(f->measure.size, l->simple_queue.size);
}

Test(thread, rings_that_lie) {
    uint64_t items = fake_alloc(&f->fake, 64);
    fixture_decode(f, ring(items, 8, 0, 9));
    cr_assert_eq(fixture_damage(f, "length"), 1);
    fixture_decode(f, ring(items, 8, 8, 1));
    cr_assert_eq(fixture_damage(f, "length"), 1);
    fixture_decode(f, ring(items, 0, 0, 1));
    cr_assert_eq(fixture_damage(f, "length"), 1);
    fixture_decode(f, ring(items, UINT64_MAX, 0, UINT64_MAX));
    cr_assert_gt(fixture_damage(f, "length"), 0);
    fixture_decode(f, ring(fake_absent(&f->fake, 64), 8, 0, 8));
    cr_assert_eq(fixture_damage(f, "absent"), 1);
}

Test(thread, locks) {
    uint64_t object = fixture_object(f, "_thread.lock", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t semaphore = fake_alloc(&f->fake, 32);
    fake_set(&f->fake, object, l->thread_lock.lock_lock, semaphore);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "unlocked");
    cr_assert_eq(fixture_buffer(f, semaphore), 32);
    fake_set(&f->fake, object, l->thread_lock.locked, 1);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "locked");
}

Test(thread, tasks_and_futures) {
    uint64_t task = fixture_object(f, "_asyncio.Task", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t coroutine = fixture_target(f), loop = fixture_target(f);
    fake_set(&f->fake, task, l->task.task_coro, coroutine);
    fake_set(&f->fake, task, l->future.fut_loop, loop);
    fake_set(&f->fake, task, l->future.fut_state, 1);
    fixture_decode(f, task);
    cr_assert(fixture_has(f, coroutine, REFERENCE_STRONG, "._coro"));
    cr_assert(fixture_has(f, loop, REFERENCE_STRONG, "._loop"));
    cr_assert_str_eq(strbuf_text(&f->preview), "cancelled");
    fake_set(&f->fake, task, l->future.fut_state, 77);
    fixture_decode(f, task);
    cr_assert_str_eq(strbuf_text(&f->preview), "");
}
