/* Scope guards: a variable declared with _cleanup_(f) has f(&variable) called when it leaves scope. */
#ifndef HEAPGLASS_BASE_CLEANUP_H
#define HEAPGLASS_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void cleanup_free(void *variable) {
    free(*(void **)variable);
}

static inline void cleanup_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
}

/* Takes the value out of a guarded pointer, so that the guard leaves it alone. */
#define take_pointer(variable)                                                                     \
    __extension__({                                                                                \
        __auto_type taken_ = (variable);                                                           \
        (variable) = NULL;                                                                         \
        taken_;                                                                                    \
    })

#endif
