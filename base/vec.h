/* Growing arrays of any element type: struct vec(int) numbers = {0}; vec_push(&numbers, 7). */
#ifndef HEAPGLASS_BASE_VEC_H
#define HEAPGLASS_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define vec(type)                                                                                  \
    {                                                                                              \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

/* Makes room for `more` further elements; false without memory. */
#define vec_reserve(v, more)                                                                       \
    (__builtin_expect((v)->capacity - (v)->count >= (size_t)(more), 1) ||                          \
     vec_grow_((void **)&(v)->items, &(v)->capacity, (v)->count + (more), sizeof *(v)->items))

/* Appends one element; false without memory. */
#define vec_push(v, item) (vec_reserve(v, 1) && ((v)->items[(v)->count++] = (item), true))

#define vec_free(v) (free((v)->items), (v)->items = NULL, (v)->count = (v)->capacity = 0)

#define vec_each(item, v)                                                                          \
    for (__typeof__(&*(v)->items) item = (v)->items; item && item < (v)->items + (v)->count; item++)

static inline bool vec_grow_(void **items, size_t *capacity, size_t needed, size_t item_size) {
    if (needed <= *capacity)
        return true;
    size_t grown = *capacity ? *capacity : 8;
    while (grown < needed) {
        if (__builtin_mul_overflow(grown, 2, &grown))
            return false;
    }
    void *moved = reallocarray(*items, grown, item_size);
    if (!moved)
        return false;
    *items = moved;
    *capacity = grown;
    return true;
}

#endif
