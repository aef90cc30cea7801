/* Copies much memory out of a process, on two threads: a helper that is started beforehand, and the
 * caller. Pieces may still be added while the helper reads. */
#ifndef HEAPGLASS_ATTACH_BULK_READ_H
#define HEAPGLASS_ATTACH_BULK_READ_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct piece {
    uint64_t address; /* page-aligned, as is the length */
    uint8_t *to;
    size_t length;
    bool shared; /* may be shared with others since a fork (attach/sharing.h), and must stay so */
};

/* What could not be read. */
struct hole {
    uint64_t start, end;
};

struct bulk_read;

/* Whether to go on, asked now and then from both threads. */
typedef bool bulk_keep_going(const void *context);

struct err *bulk_create(pid_t pid, struct bulk_read **ret) ERR_CHECK;
void bulk_destroy(struct bulk_read *bulk);

/* Makes room for pieces, so that adding them allocates nothing. */
struct err *bulk_reserve(struct bulk_read *bulk, size_t pieces) ERR_CHECK;

/* Starts a round; `keep_going` may be NULL. Then bulk_add and, in the end, bulk_finish. */
void bulk_begin(struct bulk_read *bulk, bulk_keep_going *keep_going, const void *context);

/* False without memory (then the piece is not read). The helper starts on it at once. */
bool bulk_add(struct bulk_read *bulk, struct piece piece);

/* Helps to read what is left, then waits for the helper. False if keep_going said no or memory ran
 * out: an unknown part is unread. */
bool bulk_finish(struct bulk_read *bulk);

/* Of the round that was finished: */
uint64_t bulk_bytes(const struct bulk_read *bulk); /* read, holes not counted */
const struct hole *bulk_holes(const struct bulk_read *bulk, size_t *count); /* in no order */

/* Faults in the destination of pieces, on both threads; as bulk_begin, bulk_add, bulk_finish. */
void bulk_begin_prefault(struct bulk_read *bulk, bulk_keep_going *keep_going, const void *context);

/* While the target waits for us, the calling thread and the helper come before others on the
 * processors, where the system lets us. Call again with false when it runs. */
void bulk_hurry(struct bulk_read *bulk, bool hurry);

/* One read, for pages that are brought in one at a time. Leaves shared ones shared. */
bool bulk_read_now(struct bulk_read *bulk, uint64_t address, void *to, size_t length);

#endif
