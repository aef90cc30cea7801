/* Loops over index ranges with several threads. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_PARALLEL_H
#define HEAPGLASS_INTROSPECT_HEAP_PARALLEL_H

#include <stddef.h>

enum { PARALLEL_MAX = 16 };

/* The number of threads to use: `wanted`, or the processors we may run on if 0; 1 .. PARALLEL_MAX. */
unsigned parallel_threads(unsigned wanted);

/* Calls body(contexts[thread], first, last) for consecutive parts of [0, count), of about `grain`
 * indices each, handed out as threads become free; returns when all are done. What cannot be
 * started as a thread runs on the caller's. */
void parallel_for(size_t count, size_t grain, unsigned threads,
                  void (*body)(void *context, size_t first, size_t last), void **contexts);

/* Calls body(contexts[i]) on a thread of its own for each i, and returns when all are done.
 * contexts[0] runs on the caller's thread; a thread that cannot be started is left out. */
void parallel_run(unsigned threads, void (*body)(void *context), void **contexts);

#endif
