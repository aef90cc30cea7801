#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static bool all_bytes_are(const unsigned char *bytes, size_t size, unsigned char value) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

Test(arena, memory_is_zeroed_aligned_and_distinct) {
    struct arena arena = {0};
    static const size_t sizes[] = {1, 15, 16, 17, 4096, 65535, 65536, 65537, 3, 200000, 1};
    unsigned char *memory[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memory[i] = arena_alloc(&arena, sizes[i]);
        cr_assert_not_null(memory[i]);
        cr_assert_eq((uintptr_t)memory[i] % 16, 0);
        cr_assert(all_bytes_are(memory[i], sizes[i], 0));
        memset(memory[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        cr_assert(all_bytes_are(memory[i], sizes[i], (unsigned char)(i + 1)),
                  "allocation %zu was overwritten", i);
    arena_clear(&arena);
}

Test(arena, can_be_used_again_after_clear) {
    struct arena arena = {0};
    cr_assert_not_null(arena_alloc(&arena, 100));
    arena_clear(&arena);
    cr_assert_null(arena.blocks);
    char *text = arena_strdup(&arena, "again");
    cr_assert_str_eq(text, "again");
    arena_clear(&arena);
}

Test(arena, copies_are_cut_and_terminated) {
    struct arena arena = {0};
    cr_assert_str_eq(arena_strndup(&arena, "abcdef", 3), "abc");
    cr_assert_str_eq(arena_strndup(&arena, "abcdef", 0), "");
    arena_clear(&arena);
}

Test(arena, absurd_sizes_fail_and_leave_it_usable) {
    struct arena arena = {0};
    cr_assert_null(arena_alloc(&arena, SIZE_MAX));
    cr_assert_null(arena_alloc(&arena, SIZE_MAX - 15));
    cr_assert_null(arena_alloc(&arena, (size_t)1 << 62));
    cr_assert_null(arena_strndup(&arena, "x", SIZE_MAX - 1));
    cr_assert_not_null(arena_alloc(&arena, 16));
    arena_clear(&arena);
}

Test(arena, what_is_allocated_anew_is_zeroed_again) {
    struct arena arena = {0};
    arena_reuse(&arena);
    for (int round = 0; round < 3; round++) {
        char *text = arena_alloc(&arena, 64);
        for (int i = 0; i < 64; i++)
            cr_assert_eq(text[i], 0);
        memset(text, 'x', 64);
        if (round == 1)
            cr_assert_not_null(arena_alloc(&arena, 1 << 20)); /* not kept */
        arena_reuse(&arena);
    }
    arena_clear(&arena);
}
