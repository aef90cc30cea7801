/* For the files of this folder: the phases of building a graph. */
#ifndef HEAPGLASS_INTROSPECT_GRAPH_GRAPH_PRIVATE_H
#define HEAPGLASS_INTROSPECT_GRAPH_GRAPH_PRIVATE_H

#include "base/vec.h"
#include "introspect/graph/graph.h"

/* A guessed reference: in the graph it retains and counts nothing until it is believed. */
struct guess {
    uint32_t owner, target;
    uint32_t position; /* in the owner's references */
    uint16_t properties;
    bool believed;
};

struct guesses vec(struct guess);

/* Decodes the references of all objects: first, targets, properties. */
struct err *graph_decode(struct graph *graph, const struct graph_options *options,
                         struct guesses *guesses) ERR_CHECK;

/* Makes the reverse side of what graph_decode has made. */
struct err *graph_reverse(struct graph *graph, const struct graph_options *options) ERR_CHECK;

/* Believes guesses, and guessed roots, as far as the refcounts leave room; drops other such roots. */
struct err *graph_believe(struct graph *graph, struct guesses *guesses) ERR_CHECK;

#endif
