#include "fake_heap.h"
#include "introspect/analyses/memory_split.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static void check_sum(const struct memory_split *split) {
    cr_assert(eq(u64,
                 split->objects + split->pymalloc_free + split->other_anonymous + split->files +
                     split->rest,
                 split->rss));
}

Test(memory_split, plain) {
    struct memory_split split = memory_split_of((struct memory_resident){1000, 700, 250}, 400, 100);
    cr_assert(eq(u64, split.objects, 400));
    cr_assert(eq(u64, split.pymalloc_free, 100));
    cr_assert(eq(u64, split.other_anonymous, 200));
    cr_assert(eq(u64, split.files, 250));
    cr_assert(eq(u64, split.rest, 50));
    check_sum(&split);
}

Test(memory_split, swapped_objects_take_no_more_than_there_is) {
    struct memory_split split = memory_split_of((struct memory_resident){1000, 300, 650}, 900, 100);
    cr_assert(eq(u64, split.objects, 300));
    cr_assert(eq(u64, split.pymalloc_free, 0));
    cr_assert(eq(u64, split.other_anonymous, 0));
    check_sum(&split);
}

Test(memory_split, counters_that_disagree) {
    static const struct memory_resident lies[] = {
        {0, 0, 0}, {100, 200, 300}, {100, 90, 50}, {100, 0, 500}, {UINT64_MAX, 1, 1}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct memory_split split = memory_split_of(lies[i], 40, UINT64_MAX);
        check_sum(&split);
        cr_assert(eq(u64, split.rss, lies[i].rss));
    }
}

Test(memory_split, of_a_heap) {
    struct memory_split split =
        memory_split(&fake_shop, (struct memory_resident){4000000, 2000000, 1900000});
    cr_assert(eq(u64, split.objects, 896 + 1048576));
    cr_assert(eq(u64, split.pymalloc_free, 300000));
    check_sum(&split);
}
