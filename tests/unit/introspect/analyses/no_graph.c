/* The reference graph for tests whose fake heap has none: it can't be built. */
#include "introspect/graph/dominators.h"

struct err *graph_build(const struct heap *heap, const struct graph_options *options,
                        struct graph **ret) {
    (void)heap, (void)options, (void)ret;
    return err_new(ERR_FAILED, "a fake heap has no graph");
}

void graph_destroy(struct graph *graph) {
    (void)graph;
}

struct err *dominators_build(const struct graph *graph, const volatile int *cancel,
                             struct dominators **ret) {
    (void)graph, (void)cancel, (void)ret;
    return err_new(ERR_FAILED, "a fake heap has no graph");
}

void dominators_destroy(struct dominators *dominators) {
    (void)dominators;
}

struct err *dominators_retained_by_group(const struct dominators *dominators,
                                         uint32_t (*group)(const void *context, uint32_t id),
                                         const void *context, uint32_t group_count,
                                         uint64_t *retained) {
    (void)dominators, (void)group, (void)context, (void)group_count, (void)retained;
    return err_new(ERR_FAILED, "a fake heap has no graph");
}

uint64_t dominators_retained(const struct dominators *dominators, uint32_t id) {
    (void)dominators, (void)id;
    return 0;
}

struct err *root_list_collect(const struct heap *heap, struct root_list *ret) {
    (void)heap;
    *ret = (struct root_list){0};
    return NULL;
}

void root_list_clear(struct root_list *list) {
    (void)list;
}

const struct held_root *root_list_of(const struct root_list *list, uint32_t object, size_t *count) {
    (void)list, (void)object;
    *count = 0;
    return NULL;
}

void root_name(const struct heap *heap, const struct root *root, struct strbuf *out) {
    (void)heap, (void)root, (void)out;
}
