/* Big zeroed arrays that are read at random: on huge pages where the system has them, so that the
 * processor finds them in its tables. Memory that is not touched costs nothing. */
#ifndef HEAPGLASS_BASE_BIG_MEMORY_H
#define HEAPGLASS_BASE_BIG_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* `sparse`: few of its pages will be touched, so they should be small. NULL without memory. */
void *big_alloc(size_t size, bool sparse);
void big_free(void *memory, size_t size); /* NULL is fine; the size as it was asked for */

#endif
