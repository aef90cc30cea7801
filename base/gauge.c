#include "base/gauge.h"

#include <stddef.h>

enum { PART_SHIFT = 8 };

static _Thread_local struct gauge *current;

void gauge_attach(struct gauge *gauge) {
    current = gauge;
}

struct gauge *gauge_attached(void) {
    return current;
}

/* Who reads in the middle of it sees the beginning of one of the two parts. */
void gauge_part(unsigned begin, unsigned end, uint64_t units) {
    if (!current)
        return;
    __atomic_store_n(&current->total, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&current->part, begin << PART_SHIFT | end, __ATOMIC_SEQ_CST);
    __atomic_store_n(&current->done, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&current->total, units, __ATOMIC_SEQ_CST);
}

void gauge_add(uint64_t units) {
    if (current)
        __atomic_fetch_add(&current->done, units, __ATOMIC_RELAXED);
}

unsigned gauge_percent(const struct gauge *gauge) {
    uint64_t total = __atomic_load_n(&gauge->total, __ATOMIC_SEQ_CST);
    uint64_t done = __atomic_load_n(&gauge->done, __ATOMIC_SEQ_CST);
    uint64_t part = __atomic_load_n(&gauge->part, __ATOMIC_SEQ_CST);
    unsigned begin = (unsigned)(part >> PART_SHIFT), end = part & ((1 << PART_SHIFT) - 1);
    if (!total || end < begin)
        return begin;
    double share = done < total ? (double)done / (double)total : 1;
    return begin + (unsigned)((end - begin) * share);
}
