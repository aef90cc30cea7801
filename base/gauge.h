/* How far a thread's work is, for another thread to look at.
 *
 * Who wants to know attaches a gauge to the thread that will be busy (and so to those that it starts by
 * introspect/heap/parallel.h). What takes long tells the current gauge, whoever asked for it; without one that is
 * nothing. */
#ifndef HEAPGLASS_BASE_GAUGE_H
#define HEAPGLASS_BASE_GAUGE_H

#include <stdint.h>

struct gauge {
    uint64_t part;        /* the percents at its beginning and its end */
    uint64_t done, total; /* of the part, in its own units */
};

/* Attaches a gauge, which is borrowed, to the calling thread; NULL: none. */
void gauge_attach(struct gauge *gauge);
struct gauge *gauge_attached(void);

/* Begins a part of the work: the one from `begin` to `end` percent of the whole, which has so many units. */
void gauge_part(unsigned begin, unsigned end, uint64_t units);
void gauge_add(uint64_t units); /* more of it are done; not for each object */

/* For a loop over units 0, 1, 2, ...: called with each, adds them some thousands at a time. */
static inline void gauge_step(uint64_t unit) {
    enum { STEP = 1 << 14 };
    if (__builtin_expect(unit % STEP == STEP - 1, 0))
        gauge_add(STEP);
}

/* 0 .. 100; by any thread. More units than were said are the end of their part. */
unsigned gauge_percent(const struct gauge *gauge);

#endif
