#include "attach/bulk_read.h"
#include "attach/sharing.h"
#include "image/image.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = IMAGE_CHUNK_SIZE, PAGE = IMAGE_PAGE_SIZE };

static uint64_t address(const void *at) {
    return (uint64_t)(uintptr_t)at;
}

/* Three whole chunks, with small pages. */
static uint8_t *map_chunks(void) {
    uint8_t *memory =
        mmap(NULL, 4 * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(memory, MAP_FAILED);
    memory = (uint8_t *)((address(memory) + CHUNK - 1) & ~((uint64_t)CHUNK - 1));
    madvise(memory, 3 * CHUNK, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < 3 * CHUNK; at += PAGE)
        memory[at] = 1;
    return memory;
}

/* A child that has the memory, and has written to its second chunk. */
static pid_t fork_child(uint8_t *memory) {
    int ready[2];
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
        for (size_t at = CHUNK; at < 2 * CHUNK; at += PAGE)
            memory[at] = 2;
        char byte = 1;
        if (write(ready[1], &byte, 1) == 1)
            pause();
        _exit(0);
    }
    char byte;
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static struct sharing look(pid_t pid, const uint8_t *memory) {
    struct pagemap pagemap;
    struct sharing sharing = {0};
    struct page_ranges ranges = {0};
    pagemap_open(&pagemap, pid);
    cr_assert(pagemap_scan(&pagemap, address(memory), address(memory) + 3 * CHUNK, &ranges));
    cr_assert(sharing_add(&sharing, &pagemap, &ranges));
    pagemap_close(&pagemap);
    free(ranges.items);
    return sharing;
}

Test(sharing, since_a_fork) {
    uint8_t *memory = map_chunks();
    pid_t child = fork_child(memory);
    struct sharing sharing = look(child, memory);
    cr_expect_eq(sharing.count, 2);
    cr_expect(sharing_at(&sharing, address(memory)));
    cr_expect(!sharing_at(&sharing, address(memory) + CHUNK));
    cr_expect(!sharing_at(&sharing, address(memory) + 2 * CHUNK - 1));
    cr_expect(sharing_at(&sharing, address(memory) + 2 * CHUNK));
    cr_expect(!sharing_at(&sharing, address(memory) + 3 * CHUNK));
    sharing_free(&sharing);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

Test(sharing, outlives_a_read) {
    uint8_t *memory = map_chunks(), *copy = malloc(CHUNK);
    pid_t child = fork_child(memory);
    struct bulk_read *bulk;
    cr_assert_null(bulk_create(child, &bulk));
    bulk_begin(bulk, NULL, NULL);
    cr_assert(bulk_add(bulk, (struct piece){address(memory), copy, CHUNK, true}));
    cr_assert(bulk_finish(bulk));
    cr_expect_eq(bulk_bytes(bulk), CHUNK);
    cr_expect(bulk_read_now(bulk, address(memory) + 2 * CHUNK, copy, PAGE));
    cr_expect_eq(copy[0], 1);
    bulk_destroy(bulk);
    struct sharing sharing = look(child, memory);
    cr_expect(sharing_at(&sharing, address(memory)));
    cr_expect(sharing_at(&sharing, address(memory) + 2 * CHUNK));
    sharing_free(&sharing);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    free(copy);
}

/* Who may not look takes everything for shared. */
Test(sharing, unknown) {
    struct pagemap pagemap = {.fd = -1};
    struct sharing sharing = {0};
    struct page_range items[] = {{0x400000, 0x600000, PAGE_PRESENT},
                                 {0x800000, 0x801000, PAGE_PRESENT | PAGE_OF_FILE}};
    cr_assert(sharing_add(&sharing, &pagemap, &(struct page_ranges){items, 2, 2}));
    cr_expect(sharing_at(&sharing, 0x400000));
    cr_expect(!sharing_at(&sharing, 0x800000));
    sharing_free(&sharing);
}
