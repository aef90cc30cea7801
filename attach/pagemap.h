/* Which pages of a process are there: by the PAGEMAP_SCAN ioctl (Linux 6.7), else by reading
 * /proc/PID/pagemap; where neither is allowed, every page counts as there. */
#ifndef HEAPGLASS_ATTACH_PAGEMAP_H
#define HEAPGLASS_ATTACH_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum page_flags {
    PAGE_PRESENT = 1, /* in memory */
    PAGE_SWAPPED = 2, /* in swap: reading it brings it back */
    PAGE_OF_FILE = 4, /* a page of a file or of shared memory; else the process's own */
    PAGE_OF_ZERO = 8, /* the kernel's page of zeros: reads as zero, not counted as resident */
};

/* Neighbouring pages with the same flags; only pages that are present or swapped. */
struct page_range {
    uint64_t start, end;
    unsigned flags;
};

struct page_ranges {
    struct page_range *items;
    size_t count, capacity;
};

struct pagemap {
    int fd;    /* -1: nothing is known */
    bool scan; /* the ioctl works */
};

void pagemap_open(struct pagemap *pagemap, pid_t pid);
void pagemap_close(struct pagemap *pagemap);

/* Appends the ranges within [start, end), in order. False without memory; what the kernel refuses
 * to tell counts as present. */
bool pagemap_scan(struct pagemap *pagemap, uint64_t start, uint64_t end,
                  struct page_ranges *ranges);

#endif
