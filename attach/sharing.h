/* Which of a process's own pages it shares with others since a fork: those that neither wrote to.
 *
 * process_vm_readv pins what it reads, and since Linux 5.19 a pinned page that is shared becomes a
 * copy (mm/gup.c, gup_must_unshare): looking at a preloaded server's workers would multiply their
 * memory. Reads of /proc/PID/mem leave such pages alone, and are slower for all others. */
#ifndef HEAPGLASS_ATTACH_SHARING_H
#define HEAPGLASS_ATTACH_SHARING_H

#include "attach/pagemap.h"
#include "attach/plan.h"

/* All zero is empty. In order; whole chunks of the image (IMAGE_CHUNK_SIZE) that have such a page. */
struct sharing {
    struct address_range *items;
    size_t count, capacity;
};

/* Looks at ranges behind those that were added before. False without memory. */
bool sharing_add(struct sharing *sharing, const struct pagemap *pagemap,
                 const struct page_ranges *ranges);

bool sharing_at(const struct sharing *sharing, uint64_t address);

void sharing_free(struct sharing *sharing);

#endif
