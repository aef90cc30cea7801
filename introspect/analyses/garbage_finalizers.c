/* What runs when garbage is freed: it may bring objects back, and it may be why they are not freed. */
#include "base/vec.h"
#include "introspect/analyses/garbage.h"

enum { MOST_NAMED = 4 };

static void add_separator(struct strbuf *out) {
    if (out->length)
        strbuf_puts(out, ", ");
}

/* Callbacks of weak references that are no garbage themselves run when their referents go. */
static uint64_t callbacks_to(const struct garbage *garbage, uint32_t id) {
    struct graph_referrers referrers = graph_referrers(garbage->graph, id);
    uint64_t count = 0;
    for (size_t i = 0; i < referrers.count; i++) {
        uint32_t referrer = referrer_id(referrers.items[i]);
        count += !referrer_properties(referrers.items[i]) &&
                 garbage->state[referrer] != GARBAGE_TRACKED &&
                 heap_has_callback(garbage->graph->heap, referrer);
    }
    return count;
}

void garbage_finalizers(const struct garbage *garbage, const struct garbage_group *group,
                        struct strbuf *out) {
    const struct heap *heap = garbage->graph->heap;
    static const char *const words[] = {
        [FINALIZER_DEL] = "__del__ of",
        [FINALIZER_SUSPENDED] = "suspended",
        [FINALIZER_C] = "finalizer of",
    };
    const struct type *named[MOST_NAMED];
    size_t name_count = 0;
    uint64_t callbacks = 0;
    for (uint64_t i = 0; i < group->objects; i++) {
        uint32_t id = garbage->members[group->first + i];
        const struct type *type = heap_type(heap, id);
        callbacks += callbacks_to(garbage, id);
        size_t known = 0;
        while (known < name_count && named[known] != type)
            known++;
        enum object_finalizer finalizer = heap_finalizer(heap, id);
        if (known < name_count || name_count == MOST_NAMED || finalizer == FINALIZER_NONE)
            continue;
        named[name_count++] = type;
        add_separator(out);
        strbuf_printf(out, "%s %s", words[finalizer], type->name);
    }
    if (callbacks) {
        add_separator(out);
        strbuf_printf(out, "%llu weakref callback%s", (unsigned long long)callbacks,
                      callbacks == 1 ? "" : "s");
    }
}
