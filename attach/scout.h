/* Looks into big mappings before the stop, to find what holds no pointers (an ndarray's data) and
 * may stay behind.
 *
 * First a page out of every 256 KiB is looked at, section by section: one aligned word that points
 * into writable memory, and the whole section is copied. Sections whose samples show none are then
 * read in full, and only blocks without any pointer stay behind: a few object headers between big
 * buffers are not lost. Only where that would take too long do the samples decide alone. */
#ifndef HEAPGLASS_ATTACH_SCOUT_H
#define HEAPGLASS_ATTACH_SCOUT_H

#include "attach/capture_internal.h"

/* Fills capture->behind from the early maps. */
struct err *scout_mappings(struct capture *capture) ERR_CHECK;

/* Writable memory that a pointer may point to. */
struct scout_targets {
    struct address_range *items; /* sorted, apart from each other */
    size_t count, capacity;
    uint64_t low_start, low_size, high_start, high_size; /* all of it, around the largest gap */
};

bool scout_targets_list(const struct maps *maps, struct scout_targets *targets);
void scout_targets_free(struct scout_targets *targets);

/* Whether any of the words points into the targets. */
bool scout_has_pointer(const struct scout_targets *targets, const uint64_t *words, size_t count);

#endif
