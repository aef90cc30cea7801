#include "base/big_memory.h"

#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void *big_alloc(size_t size, bool sparse) {
    void *memory =
        mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (!sparse && size >= 2 * (size_t)HUGE_PAGE)
        madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

void big_free(void *memory, size_t size) {
    if (memory)
        munmap(memory, size ? size : 1);
}
