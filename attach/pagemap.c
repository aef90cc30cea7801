#include "attach/pagemap.h"

#include "base/vec.h"
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* From linux/fs.h of Linux 6.7; headers of older systems lack it. */
struct scan_region {
    uint64_t start, end, categories;
};

struct scan_argument {
    uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages, category_inverted,
        category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_argument)

enum { SCAN_FILE = 1 << 2, SCAN_PRESENT = 1 << 3, SCAN_SWAPPED = 1 << 4, SCAN_ZERO = 1 << 5 };

void pagemap_open(struct pagemap *pagemap, pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
    pagemap->fd = open(path, O_RDONLY | O_CLOEXEC);
    pagemap->scan = pagemap->fd >= 0;
}

void pagemap_close(struct pagemap *pagemap) {
    if (pagemap->fd >= 0)
        close(pagemap->fd);
    pagemap->fd = -1;
}

static bool append(struct page_ranges *ranges, uint64_t start, uint64_t end, unsigned flags) {
    struct page_range *last = ranges->count ? &ranges->items[ranges->count - 1] : NULL;
    if (last && last->end == start && last->flags == flags) {
        last->end = end;
        return true;
    }
    struct page_range range = {start, end, flags};
    return vec_push(ranges, range);
}

static unsigned flags_of_scan(uint64_t categories) {
    return (categories & SCAN_PRESENT ? PAGE_PRESENT : 0u) |
           (categories & SCAN_SWAPPED ? PAGE_SWAPPED : 0u) |
           (categories & SCAN_FILE ? PAGE_OF_FILE : 0u) |
           (categories & SCAN_ZERO ? PAGE_OF_ZERO : 0u);
}

/* -1: the ioctl does not work at all; *start is where it stopped. */
static int scan_by_ioctl(int fd, uint64_t *start, uint64_t end, struct page_ranges *ranges) {
    struct scan_region regions[256];
    uint64_t interesting = SCAN_PRESENT | SCAN_SWAPPED;
    while (*start < end) {
        struct scan_argument argument = {.size = sizeof argument,
                                         .start = *start,
                                         .end = end,
                                         .regions = (uintptr_t)regions,
                                         .region_count = 256,
                                         .category_anyof_mask = interesting,
                                         .return_mask = interesting | SCAN_FILE | SCAN_ZERO};
        int count = ioctl(fd, SCAN_IOCTL, &argument);
        if (count < 0)
            return -1;
        for (int i = 0; i < count; i++) {
            if (!append(ranges, regions[i].start, regions[i].end,
                        flags_of_scan(regions[i].categories)))
                return 0;
        }
        if (argument.walk_end <= *start)
            return -1;
        *start = argument.walk_end;
    }
    return 1;
}

/* Bits of an entry of pagemap, Documentation/admin-guide/mm/pagemap.rst. */
static unsigned flags_of_entry(uint64_t entry) {
    return (unsigned)(entry >> 63 & 1) * PAGE_PRESENT | (unsigned)(entry >> 62 & 1) * PAGE_SWAPPED |
           (unsigned)(entry >> 61 & 1) * PAGE_OF_FILE;
}

static bool scan_by_reading(int fd, uint64_t start, uint64_t end, struct page_ranges *ranges) {
    uint64_t entries[2048];
    while (start < end) {
        uint64_t pages = (end - start) >> IMAGE_PAGE_SHIFT;
        size_t wanted = (pages < 2048 ? pages : 2048) * sizeof *entries;
        ssize_t got = pread(fd, entries, wanted, (off_t)(start >> IMAGE_PAGE_SHIFT) * 8);
        if (got < 8)
            return append(ranges, start, end, PAGE_PRESENT);
        for (size_t i = 0; i < (size_t)got / 8; i++, start += IMAGE_PAGE_SIZE) {
            unsigned flags = flags_of_entry(entries[i]);
            if (flags & (PAGE_PRESENT | PAGE_SWAPPED) &&
                !append(ranges, start, start + IMAGE_PAGE_SIZE, flags))
                return false;
        }
    }
    return true;
}

bool pagemap_scan(struct pagemap *pagemap, uint64_t start, uint64_t end,
                  struct page_ranges *ranges) {
    if (pagemap->fd < 0)
        return append(ranges, start, end, PAGE_PRESENT);
    if (pagemap->scan) {
        int scanned = scan_by_ioctl(pagemap->fd, &start, end, ranges);
        if (scanned >= 0)
            return scanned;
        /* Refused half-way (a process that is gone) or unknown to this kernel: read instead. */
        pagemap->scan = false;
    }
    return scan_by_reading(pagemap->fd, start, end, ranges);
}
