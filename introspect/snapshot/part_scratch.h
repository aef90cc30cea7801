/* Room for the columns of a part, before they are packed. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_PART_SCRATCH_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_PART_SCRATCH_H

#include "introspect/snapshot/snapshot_private.h"

struct part_scratch {
    uint64_t numbers[PART_OBJECTS];
    uint32_t small[PART_OBJECTS];
};

#endif
