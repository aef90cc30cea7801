/* What could not be decoded: counted by reason and place, with the first address; never an error. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_DAMAGE_H
#define HEAPGLASS_INTROSPECT_HEAP_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

struct damage {
    const char *reason; /* "absent", "fault", "chain", "length", ...: a literal */
    const char *where;  /* what was being decoded: a literal */
    uint64_t count;
    uint64_t first; /* address */
};

enum { DAMAGE_KINDS = 96 };

struct damage_list {
    struct damage items[DAMAGE_KINDS]; /* the last one takes what does not fit */
    size_t count;
};

/* Not for several threads: each has its own list, merged at the end. */
void damage_add(struct damage_list *list, const char *reason, const char *where, uint64_t address);
void damage_merge(struct damage_list *into, const struct damage_list *from);

#endif
