#include "base/malloc_chunk.h"

#include <criterion/criterion.h>

enum { CHUNK = 0x7000 };

Test(malloc_chunk, sizes) {
    cr_expect_eq(malloc_chunk_bytes(0x21 | MALLOC_FLAGS), 0x20);
    cr_expect(malloc_chunk_plausible(0x21));
    cr_expect_not(malloc_chunk_plausible(0x11), "less than the least");
    cr_expect_not(malloc_chunk_plausible(0x29), "not aligned");
    cr_expect_not(malloc_chunk_plausible(1ull << 46));
    cr_expect_eq(malloc_chunk_end(CHUNK, 0x30 | MALLOC_PREV_INUSE), CHUNK + 0x30);
    cr_expect_eq(malloc_chunk_end(CHUNK, 0x2000 | MALLOC_IS_MMAPPED), CHUNK + 0x2000);
    cr_expect_eq(malloc_chunk_end(CHUNK, 0x1ff0 | MALLOC_IS_MMAPPED), CHUNK + 0x2000);
}

Test(malloc_chunk, with_a_mapping_of_its_own) {
    struct {
        uint64_t before, size_word, end;
    } cases[] = {
        {0, 0x21002, CHUNK + 0x21000},
        {0, 0x20ff2, CHUNK + 0x21000},              /* since 2.43 */
        {MALLOC_MMAP_HP, 0x21002, CHUNK + 0x21000}, /* of huge pages */
        {0, 0xff2, CHUNK + 0x1000},
        {2, 0x21002, 0},
        {0, 0x21000, 0}, /* of a heap */
        {0, 0x21003, 0},
        {0, 0x21006, 0},
        {0, 0x20fe2, 0}, /* no whole pages */
        {0, 0x21012, 0},
        {0, 2, 0},
        {0, 1ull << 46 | 2, 0},
        {0, UINT64_MAX & ~5ull, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(malloc_mapped_chunk_end(CHUNK, cases[i].before, cases[i].size_word),
                     cases[i].end, "%#llx %#llx", (unsigned long long)cases[i].before,
                     (unsigned long long)cases[i].size_word);
}
