/* For the few functions that run once or more for every object of a heap: inlined whatever the
 * compiler's estimate of their size says. */
#ifndef HEAPGLASS_BASE_INLINE_H
#define HEAPGLASS_BASE_INLINE_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
