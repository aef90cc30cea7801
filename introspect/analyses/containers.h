/* Containers of a heap as they are remembered when the heap is gone, and which of them have grown.
 *
 * Every object belongs to the nearest container on its path, where what lasts (modules, classes, threads) names
 * it rather than what runs in that moment. So what containers hold adds up to all that roots reach, and growth is
 * found where objects came in. Containers are dicts, lists, sets and deques, what roots hold, and what an
 * attribute or variable names, if it holds 1 KiB or more that is in no container of its own: a linked
 * list, a bytearray. An instance's __dict__ is part of the instance. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_CONTAINERS_H
#define HEAPGLASS_INTROSPECT_ANALYSES_CONTAINERS_H

#include "base/arena.h"
#include "introspect/graph/graph.h"

enum {
    CONTAINER_NONE = -1,      /* as `parent`: a root holds it */
    CONTAINER_NO_ENTRIES = -1 /* as `entries`: it is no dict, list, set, deque or tuple */
};

struct container {
    uint64_t address;
    uint64_t path; /* a hash of the exact path, the same for another container at the same place */
    uint64_t held; /* bytes of the objects that belong to it, with itself */
    uint32_t entries;
    uint32_t objects; /* that belong to it */
    uint32_t class;   /* index into classes */
    uint32_t type;    /* index into types */
    uint32_t parent;  /* index of the container around it, which comes before it */
    uint32_t first;   /* a hash of its first entry's address */
    uint32_t depth; /* how many steps by key or index, or through what is no container, lead here */
};

struct container_class {
    const char *text; /* the path, with "*" for keys and indices; NULL: of no container */
    uint64_t key;     /* a hash of it without numbers of lines */
};

struct path_classes;

struct containers {
    struct container *items; /* outer ones first */
    size_t count;
    struct container_class *classes;
    size_t class_count;
    const char **types; /* names; NULL: of no container */
    size_t type_count;
    uint64_t unreached, unreached_footprint; /* objects that belong to none: no root leads there */
    struct arena texts;
    const struct graph *graph;    /* as long as it is there */
    struct path_classes *of_path; /* for exact paths */
};

/* Borrows the graph until containers_forget_graph or containers_free. */
struct err *containers_collect(const struct graph *graph, const volatile int *cancel,
                               struct containers *ret) ERR_CHECK;
/* What is left can still be compared, as what was before. */
void containers_forget_graph(struct containers *containers);
void containers_free(struct containers *containers);

/* Adds a container's exact path, with keys and indices; nothing if the graph is not there any more. */
void container_path(const struct containers *containers, uint64_t address, struct strbuf *out);

#endif
