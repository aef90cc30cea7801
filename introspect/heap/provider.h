/* Where a heap gets what its columns do not tell: references, values and names come either from the image that it was
 * decoded from (image_provider.c), or from a snapshot (introspect/snapshot/snapshot_provider.c).
 *
 * heap.h says what each function means; nothing above this folder can tell the two apart. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_PROVIDER_H
#define HEAPGLASS_INTROSPECT_HEAP_PROVIDER_H

#include "introspect/heap/heap.h"
#include "introspect/heap/stacks.h"
#include "introspect/runtime/roots.h"

/* One reference as the graph needs it: `owner` and `target` are ids. */
typedef void provider_edge(void *context, uint32_t owner, uint32_t target, unsigned properties);

struct heap_provider {
    void (*destroy)(struct heap *heap); /* what is the provider's own */

    void (*references)(const struct heap *heap, uint32_t id, heap_visit *visit, void *context);
    void (*preview)(const struct heap *heap, uint32_t id, struct strbuf *out);

    /* What a LABEL_SLOT's and a LABEL_LOCAL's argument stand for. */
    void (*slot_name)(const struct heap *heap, uint64_t argument, struct strbuf *out);
    void (*local_name)(const struct heap *heap, uint32_t id, uint64_t argument, struct strbuf *out);
    void (*name)(const struct heap *heap, uint64_t text, struct strbuf *out);
    bool (*closure_variable)(const struct heap *heap, uint32_t function, uint64_t index,
                             struct strbuf *out);
    bool (*default_argument)(const struct heap *heap, uint32_t function, uint64_t index,
                             struct strbuf *out);

    /* A generator that is suspended, a weak reference that has a callback. */
    bool (*is_pending)(const struct heap *heap, uint32_t id);
    int64_t (*interpreter)(const struct heap *heap, uint32_t id);
    struct err *(*stacks)(const struct heap *heap, struct stacks *ret)ERR_CHECK;

    /* Every root that points to an object, guesses not yet sorted out, in the order of a root_list; and the
     * references of objects [first, last). NULL: they are to be decoded. */
    struct err *(*roots)(const struct heap *heap, root_visit *visit, void *context)ERR_CHECK;
    struct err *(*edges)(const struct heap *heap, uint32_t first, uint32_t last,
                         provider_edge *visit, void *context)ERR_CHECK;
};

extern const struct heap_provider image_provider;

#endif
