#include "base/vec.h"

#include <criterion/criterion.h>
#include <stdint.h>

Test(vec, keeps_what_was_pushed_in_order) {
    struct vec(int) numbers = {0};
    for (int i = 0; i < 1000; i++)
        cr_assert(vec_push(&numbers, i * 3));
    cr_assert_eq(numbers.count, 1000);
    int expected = 0;
    vec_each (number, &numbers) {
        cr_assert_eq(*number, expected);
        expected += 3;
    }
    cr_assert_eq(expected, 3000);
    vec_free(&numbers);
    cr_assert_null(numbers.items);
    cr_assert_eq(numbers.count + numbers.capacity, 0);
}

Test(vec, each_of_an_empty_one_visits_nothing) {
    struct vec(long) empty = {0};
    vec_each (item, &empty)
        cr_assert_fail("visited %p", (void *)item);
    vec_free(&empty);
}

Test(vec, reserve_makes_room_once) {
    struct vec(uint64_t) words = {0};
    cr_assert(vec_reserve(&words, 100));
    const uint64_t *before = words.items;
    for (uint64_t i = 0; i < 100; i++)
        cr_assert(vec_push(&words, i));
    cr_assert_eq(words.items, before);
    vec_free(&words);
}

Test(vec, absurd_reservations_fail_and_keep_the_items) {
    struct vec(uint64_t) words = {0};
    cr_assert(vec_push(&words, 7));
    volatile size_t absurd[] = {SIZE_MAX / 16, SIZE_MAX / 2, SIZE_MAX - 1}; /* unknown to gcc */
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++)
        cr_assert_not(vec_reserve(&words, absurd[i]));
    cr_assert_eq(words.count, 1);
    cr_assert_eq(words.items[0], 7);
    vec_free(&words);
}
