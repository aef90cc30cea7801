/* What the files tui/arrange*.c share. */
#ifndef HEAPGLASS_TUI_ARRANGE_PRIVATE_H
#define HEAPGLASS_TUI_ARRANGE_PRIVATE_H

#include "introspect/heap/parallel.h"
#include "tui/arrange.h"

enum { ARRANGE_SLICE = 1 << 12 };

/* Few rows are not worth a thread. */
static inline unsigned arrange_threads(size_t count) {
    return count > ARRANGE_SLICE ? parallel_threads(0) : 1;
}

/* Sorts indices of a range's rows by one of its columns; what is equal stays in order. */
struct err *arrange_sort(const struct row_range *range, const struct column *column, size_t index,
                         bool descending, const volatile int *cancel, uint32_t *order,
                         size_t count) ERR_CHECK;

#endif
