#include "attach/sharing.h"

#include "base/vec.h"
#include "image/image.h"

#include <unistd.h>

static bool add_chunk(struct sharing *sharing, uint64_t address) {
    uint64_t start = address & ~((uint64_t)IMAGE_CHUNK_SIZE - 1), end = start + IMAGE_CHUNK_SIZE;
    struct address_range *last = sharing->count ? &sharing->items[sharing->count - 1] : NULL;
    if (last && start <= last->end) {
        last->end = end > last->end ? end : last->end;
        return true;
    }
    return vec_push(sharing, ((struct address_range){start, end}));
}

/* Bits of an entry of pagemap: 56 says that nobody else has mapped the page (since Linux 4.2;
 * Documentation/admin-guide/mm/pagemap.rst). Of a page in swap nobody can tell. */
static bool is_shared(uint64_t entry) {
    bool there = entry >> 63 & 1 || entry >> 62 & 1, of_file = entry >> 61 & 1;
    return there && !of_file && !(entry >> 56 & 1);
}

static bool add_range(struct sharing *sharing, int fd, uint64_t start, uint64_t end) {
    uint64_t entries[IMAGE_CHUNK_SIZE / IMAGE_PAGE_SIZE];
    while (start < end) {
        uint64_t chunk_end = (start | (IMAGE_CHUNK_SIZE - 1)) + 1;
        uint64_t stop = chunk_end < end ? chunk_end : end;
        size_t count = (stop - start) >> IMAGE_PAGE_SHIFT, i = 0;
        size_t size = count * sizeof *entries;
        bool known =
            pread(fd, entries, size, (off_t)(start >> IMAGE_PAGE_SHIFT) * 8) == (ssize_t)size;
        while (known && i < count && !is_shared(entries[i]))
            i++;
        if (i < count && !add_chunk(sharing, start))
            return false;
        start = stop;
    }
    return true;
}

bool sharing_add(struct sharing *sharing, const struct pagemap *pagemap,
                 const struct page_ranges *ranges) {
    for (size_t i = 0; i < ranges->count; i++) {
        const struct page_range *range = &ranges->items[i];
        if (!(range->flags & (PAGE_OF_FILE | PAGE_OF_ZERO)) &&
            !add_range(sharing, pagemap->fd, range->start, range->end))
            return false;
    }
    return true;
}

bool sharing_at(const struct sharing *sharing, uint64_t address) {
    size_t low = 0, high = sharing->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sharing->items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sharing->count && sharing->items[low].start <= address;
}

void sharing_free(struct sharing *sharing) {
    vec_free(sharing);
}
