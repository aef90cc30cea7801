/* An object's refcount added up from the graph. */
#include "introspect/analyses/object.h"
#include "introspect/analyses/reference_labels.h"

static struct err *first_holders(const struct graph *graph, struct reference_labels *labels,
                                 struct object_details *details) {
    struct graph_referrers referrers = graph_referrers(graph, details->id);
    for (size_t i = 0; i < referrers.count; i++) {
        struct object_holder holder = {referrer_id(referrers.items[i]), (uint32_t)i, {0}};
        if (!(referrers.items[i] & REFERENCE_COUNTED))
            continue;
        if (details->holders.count == OBJECT_TERMS ||
            !reference_label_at(labels, details->id, TOWARDS_REFERRERS, i, &holder.reference))
            details->more_holders++;
        else if (!vec_push(&details->holders, holder))
            return err_no_memory();
    }
    return NULL;
}

struct err *object_details_from_graph(const struct graph *graph, struct reference_labels *labels,
                                      uint32_t id, struct object_details *ret) {
    *ret = (struct object_details){.heap = graph->heap, .id = id, .guesses_count = true};
    struct graph_counted counted = graph_counted(graph, id);
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, id, &count);
    struct err *err = first_holders(graph, labels, ret);
    for (size_t i = 0; i < count && !err; i++) {
        if (!vec_push(&ret->roots, roots[i].root))
            err = err_no_memory();
    }
    if (err)
        object_details_free(ret);
    ret->found = counted.by_objects + counted.by_roots;
    ret->hidden = graph_hidden(graph, id);
    return err;
}
