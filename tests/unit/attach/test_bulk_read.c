#include "attach/bulk_read.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 256 };

static uint8_t *map_pages(size_t count) {
    void *memory =
        mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(memory, MAP_FAILED);
    return memory;
}

static struct piece piece_of(uint8_t *from, uint8_t *to, size_t length) {
    return (struct piece){.address = (uintptr_t)from, .to = to, .length = length};
}

Test(bulk_read, many_pieces) {
    uint8_t *from = map_pages(PAGES), *to = map_pages(PAGES);
    for (size_t i = 0; i < PAGES * PAGE; i++)
        from[i] = (uint8_t)(i * 31 >> 3);
    struct bulk_read *bulk;
    cr_assert_null(bulk_create(getpid(), &bulk));
    for (int round = 0; round < 20; round++) {
        memset(to, 0, PAGES * PAGE);
        bulk_begin(bulk, NULL, NULL);
        for (size_t i = 0; i < PAGES; i += 2)
            cr_assert(bulk_add(bulk, piece_of(from + i * PAGE, to + i * PAGE, 2 * PAGE)));
        cr_assert(bulk_finish(bulk));
        cr_expect_eq(bulk_bytes(bulk), PAGES * PAGE);
        cr_expect_eq(memcmp(from, to, PAGES * PAGE), 0);
    }
    bulk_destroy(bulk);
}

Test(bulk_read, around_holes) {
    uint8_t *from = map_pages(PAGES), *to = map_pages(PAGES);
    memset(from, 7, PAGES * PAGE);
    munmap(from + 3 * PAGE, PAGE);
    mprotect(from + 100 * PAGE, PAGE, PROT_NONE);
    struct bulk_read *bulk;
    cr_assert_null(bulk_create(getpid(), &bulk));
    bulk_begin(bulk, NULL, NULL);
    cr_assert(bulk_add(bulk, piece_of(from, to, 50 * PAGE)));
    cr_assert(bulk_add(bulk, piece_of(from + 50 * PAGE, to + 50 * PAGE, 206 * PAGE)));
    cr_assert(bulk_finish(bulk));
    size_t count;
    const struct hole *holes = bulk_holes(bulk, &count);
    bool found[2] = {false, false};
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(holes[i].end - holes[i].start, PAGE);
        found[0] |= holes[i].start == (uintptr_t)from + 3 * PAGE;
        found[1] |= holes[i].start == (uintptr_t)from + 100 * PAGE;
    }
    cr_expect(count == 2 && found[0] && found[1]);
    cr_expect_eq(bulk_bytes(bulk), (PAGES - 2) * PAGE);
    for (size_t page = 0; page < PAGES; page++)
        cr_expect_eq(to[page * PAGE + 5], page == 3 || page == 100 ? 0 : 7);
    bulk_destroy(bulk);
}

Test(bulk_read, nothing_there_at_all) {
    uint8_t *from = map_pages(PAGES), *to = map_pages(PAGES);
    munmap(from, PAGES * PAGE);
    struct bulk_read *bulk;
    cr_assert_null(bulk_create(getpid(), &bulk));
    bulk_begin(bulk, NULL, NULL);
    cr_assert(bulk_add(bulk, piece_of(from, to, PAGES * PAGE)));
    cr_assert(bulk_finish(bulk));
    size_t count;
    const struct hole *holes = bulk_holes(bulk, &count);
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += holes[i].end - holes[i].start;
    cr_expect_eq(bytes, PAGES * PAGE);
    cr_expect_eq(bulk_bytes(bulk), 0);
    bulk_destroy(bulk);
}

static bool never(const void *context) {
    (void)context;
    return false;
}

Test(bulk_read, gives_up_when_told) {
    uint8_t *from = map_pages(PAGES), *to = map_pages(PAGES);
    memset(from, 7, PAGES * PAGE);
    struct bulk_read *bulk;
    cr_assert_null(bulk_create(getpid(), &bulk));
    bulk_begin(bulk, never, NULL);
    cr_assert(bulk_add(bulk, piece_of(from, to, PAGES * PAGE)));
    cr_expect_not(bulk_finish(bulk));
    cr_expect_eq(bulk_bytes(bulk), 0);
    bulk_begin_prefault(bulk, NULL, NULL);
    cr_assert(bulk_add(bulk, piece_of(from, to, PAGES * PAGE)));
    cr_expect(bulk_finish(bulk));
    uint8_t byte = 0;
    cr_expect(bulk_read_now(bulk, (uintptr_t)from, &byte, 1));
    cr_expect_eq(byte, 7);
    cr_expect_not(bulk_read_now(bulk, 8, &byte, 1));
    bulk_destroy(bulk);
}
