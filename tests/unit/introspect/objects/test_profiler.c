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

static uint64_t entry(uint64_t key, uint64_t left, uint64_t right, uint64_t owned) {
    uint64_t address = fake_alloc(&f->fake, l->profiler_entry.size);
    fake_set(&f->fake, address, l->profiler_node.key, key);
    fake_set(&f->fake, address, l->profiler_node.left, left);
    fake_set(&f->fake, address, l->profiler_node.right, right);
    fake_set(&f->fake, address, l->profiler_entry.user_object, owned);
    return address;
}

static uint64_t profiler(uint64_t entries) {
    uint64_t object = fixture_object(f, "_lsprof.Profiler", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    fake_set(&f->fake, object, l->profiler.entries, entries);
    return object;
}

TestSuite(profiler, .init = start, .fini = stop);

Test(profiler, a_tree_of_entries) {
    uint64_t a = fixture_target(f), b = fixture_target(f), c = fixture_target(f);
    uint64_t left = entry(10, 0, 0, a), right = entry(30, 0, 0, c);
    uint64_t root = entry(20, left, right, b);
    fake_set(&f->fake, root, l->profiler_entry.calls, entry(5, 0, 0, 0));
    fixture_decode(f, profiler(root));
    cr_assert_eq(f->reference_count, 3);
    cr_assert(fixture_has(f, c, REFERENCE_UNTRAVERSED, "->entry.userObj"));
    cr_assert_eq(f->buffer_count, 4);
    cr_assert_eq(fixture_buffer(f, root), l->profiler_entry.size);
    cr_assert_eq(f->damage.count, 0);
}

Test(profiler, trees_out_of_order_end) {
    uint64_t owned = fixture_target(f), root = entry(20, 0, 0, owned);
    fake_set(&f->fake, root, l->profiler_node.left, root);
    fake_set(&f->fake, root, l->profiler_node.right, root);
    uint64_t object = profiler(root);
    uint64_t context = fake_alloc(&f->fake, l->profiler_context.size);
    fake_set(&f->fake, context, l->profiler_context.previous, context);
    fake_set(&f->fake, object, l->profiler.free_contexts, context);
    fixture_decode(f, object);
    cr_assert_eq(fixture_count(f, owned), 1);
    cr_assert_gt(fixture_damage(f, "chain"), 0);
    fixture_decode(f, profiler(fake_absent(&f->fake, 64)));
    cr_assert_gt(fixture_damage(f, "absent"), 0);
}

Test(profiler, a_list_of_entries_is_no_problem) {
    uint64_t root = 0;
    for (uint64_t key = 3000; key > 0; key--)
        root = entry(key, 0, root, fixture_target(f));
    fixture_decode(f, profiler(root));
    cr_assert_eq(f->reference_count, 3000);
    cr_assert_eq(f->damage.count, 0);
}
