/* The text of a path, step by step, as an engineer would write it.
 *
 * The dict of a module, a class or an instance is a namespace: a step into it adds nothing, and the step
 * out of it is ".name". In the same way a function's closure and defaults are named by variable, what functools.lru_cache keeps is a cached
 * key or a cached result, and the data of a threading.local are its attributes. */
#ifndef HEAPGLASS_INTROSPECT_GRAPH_PATH_TEXT_H
#define HEAPGLASS_INTROSPECT_GRAPH_PATH_TEXT_H

#include "introspect/graph/graph.h"

/* What an object on a path is to those before it. */
enum path_role {
    PATH_PLAIN,
    PATH_NAMESPACE, /* a module's, class's or instance's __dict__ */
    PATH_CLOSURE,   /* a function's __closure__ */
    PATH_CELL,      /* one of its cells */
    PATH_DEFAULTS,
    PATH_KEYWORD_DEFAULTS,
    PATH_LRU_CACHE,    /* what functools.lru_cache keeps, by arguments */
    PATH_THREAD_LOCAL, /* the namespaces of a threading.local, one for each thread */
};

struct path_place {
    enum path_role role;
    uint32_t function; /* PATH_CLOSURE, _CELL, _DEFAULTS: whose */
    uint32_t index;    /* PATH_CELL */
};

/* How a path begins: the root's name, and the role of what it refers to. */
struct path_place path_begin(const struct heap *heap, const struct root *root, struct strbuf *out);

/* Adds a step that a reference of object `owner` makes; `place` moves on from the owner's to the
 * target's. `general`: keys, indices and members become "*". */
void path_step(const struct heap *heap, struct path_place *place, uint32_t owner,
               const struct reference *reference, bool general, struct strbuf *out);

/* Adds what the steps have left out, where the path ends in a namespace or the like. */
void path_end(const struct path_place *place, struct strbuf *out);

/* Adds what an entry of a function's closure or defaults, or of functools.lru_cache's dict, is called:
 * "closure counter", "default limit", "cached key". `into` is the reference by which `owner` has the
 * tuple or dict, `entry` one of that. Nothing for all others. */
void path_entry(const struct heap *heap, uint32_t owner, const struct reference *into,
                const struct reference *entry, struct strbuf *out);

#endif
