/* A flag by which the caller asks to give up, from a signal handler or another thread. */
#ifndef HEAPGLASS_BASE_CANCEL_H
#define HEAPGLASS_BASE_CANCEL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* `cancel` may be NULL. Cheap, but not for every object: polled per page, batch or word of a bitmap. */
static inline bool cancel_asked(const volatile int *cancel) {
    return cancel && __builtin_expect(__atomic_load_n(cancel, __ATOMIC_RELAXED), 0);
}

/* ERR_CANCELLED if it was asked for. */
static inline struct err *cancel_check(const volatile int *cancel) {
    return cancel_asked(cancel) ? err_new(ERR_CANCELLED, "cancelled") : NULL;
}

#endif
