/* Notices that a chain of remote structures leads back into itself (Brent's algorithm): after at most
 * three times as many steps as it has members. */
#ifndef HEAPGLASS_INTROSPECT_RUNTIME_CHAIN_H
#define HEAPGLASS_INTROSPECT_RUNTIME_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts zeroed. */
struct chain {
    uint64_t mark;       /* a member passed before */
    size_t since, until; /* members passed since the mark; when it moves on */
};

/* To be asked of each member in turn: true if it is the marked one; chain->since + 1 is then the
 * length of the circle. */
static inline bool chain_is_circle(struct chain *chain, uint64_t member) {
    if (chain->until && member == chain->mark)
        return true;
    if (chain->since++ >= chain->until) {
        chain->mark = member;
        chain->until = chain->until * 2 + 1;
        chain->since = 0;
    }
    return false;
}

#endif
