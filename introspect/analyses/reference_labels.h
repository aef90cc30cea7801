/* The labels of references one by one, in any order, as a list on a screen asks for them.
 *
 * A label comes out of decoding all references of an owner; here those around it are kept then, so that a
 * window over millions costs one decoding. Thread-safe. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_REFERENCE_LABELS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_REFERENCE_LABELS_H

#include "introspect/analyses/reference_tree.h"

struct reference_labels;

/* The graph is borrowed. reference_labels_destroy. */
struct err *reference_labels_create(const struct graph *graph,
                                    struct reference_labels **ret) ERR_CHECK;
void reference_labels_destroy(struct reference_labels *labels); /* NULL is fine */

/* The reference at a position of graph_references (TOWARDS_REFERENCES), or of graph_referrers, of an object.
 * False if there is none, or it could not be decoded. */
bool reference_label_at(struct reference_labels *labels, uint32_t id,
                        enum reference_direction direction, uint64_t position,
                        struct reference *ret);

#endif
