/* cProfile's profiler: a search tree of entries, each with a tree of those it called
 * (Modules/_lsprof.c, Modules/rotatingtree.c). */
#include "introspect/objects/fields.h"

STRUCTURE_SIZE(profiler);

/* A tree still to be visited, all of whose keys lie between low and high, both excluded. */
struct subtree {
    uint64_t address, low, high;
};

enum { WAITING_SUBTREES = 256 };

/* Returns whether a node is there and in its place: as keys must be ordered, no walk is endless. */
static const uint8_t *node_pin(struct decode *decode, const struct subtree *tree, uint32_t size,
                               uint64_t *key) {
    const uint8_t *node = size ? image_pin(decode->image, tree->address, size) : NULL;
    *key = node ? field_pointer(node, decode->layout->profiler_node.key) : 0;
    if (node && *key > tree->low && *key < tree->high)
        return node;
    decode_damage(decode, node ? "chain" : "absent", "Profiler", tree->address);
    return NULL;
}

typedef void node_visit(struct decode *decode, uint64_t address, const uint8_t *node);

/* Calls for each node of a tree of nodes of `size` bytes. */
static void each_node(struct decode *decode, uint64_t root, uint32_t size, node_visit *visit) {
    const struct layout *layout = decode->layout;
    struct subtree waiting[WAITING_SUBTREES] = {{root, 0, UINT64_MAX}};
    size_t count = root ? 1 : 0;
    while (count) {
        struct subtree tree = waiting[--count];
        uint64_t key;
        const uint8_t *node = node_pin(decode, &tree, size, &key);
        if (!node)
            continue;
        visit(decode, tree.address, node);
        uint64_t left = field_pointer(node, layout->profiler_node.left);
        uint64_t right = field_pointer(node, layout->profiler_node.right);
        if (count + 2 > WAITING_SUBTREES) {
            decode_damage(decode, "depth", "Profiler", tree.address);
            return;
        }
        if (left)
            waiting[count++] = (struct subtree){left, tree.low, key};
        if (right)
            waiting[count++] = (struct subtree){right, key, tree.high};
    }
}

static void entry_reference(struct decode *decode, uint64_t address, const uint8_t *entry) {
    (void)address;
    reference_add(decode, field_pointer(entry, decode->layout->profiler_entry.user_object),
                  REFERENCE_UNTRAVERSED, LABEL_FIELD, field_label("->entry.userObj"));
}

/* Profilers of 3.12 and later, which use sys.monitoring and have a `missing`, visit their timer. */
static void profiler_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    unsigned timer =
        layout_has(layout->profiler.missing) ? REFERENCE_STRONG : REFERENCE_UNTRAVERSED;
    reference_field(decode, object, layout->profiler.external_timer, timer, "->externalTimer");
    reference_field(decode, object, layout->profiler.missing, REFERENCE_UNTRAVERSED, "->missing");
    each_node(decode, object_pointer(object, layout->profiler.entries), layout->profiler_entry.size,
              entry_reference);
}

static void subentry_buffer(struct decode *decode, uint64_t address, const uint8_t *subentry) {
    (void)subentry;
    buffer_add(decode, address, decode->layout->profiler_subentry.size);
}

static void entry_buffer(struct decode *decode, uint64_t address, const uint8_t *entry) {
    const struct layout *layout = decode->layout;
    buffer_add(decode, address, layout->profiler_entry.size);
    each_node(decode, field_pointer(entry, layout->profiler_entry.calls),
              layout->profiler_subentry.size, subentry_buffer);
}

static void context_buffers(struct decode *decode, uint64_t address) {
    enum { DEEPEST = 100000 };
    const struct layout *layout = decode->layout;
    for (int depth = 0; address && depth < DEEPEST; depth++) {
        buffer_add(decode, address, layout->profiler_context.size);
        address = remote_unsigned(decode, address, layout->profiler_context.previous);
    }
    if (address)
        decode_damage(decode, "chain", "Profiler", address);
}

static void profiler_measure(struct decode *decode, const struct object *object,
                             struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    if (!decode->buffer)
        return;
    each_node(decode, object_pointer(object, layout->profiler.entries), layout->profiler_entry.size,
              entry_buffer);
    context_buffers(decode, object_pointer(object, layout->profiler.current_context));
    context_buffers(decode, object_pointer(object, layout->profiler.free_contexts));
}

static const struct decoder profiler_decoder = {
    .name = "profiler",
    .types = TYPES("_lsprof.Profiler"),
    .least_size = profiler_least_size,
    .references = profiler_references,
    .measure = profiler_measure,
};

extern const struct decoder *const profiler_decoders[];
const struct decoder *const profiler_decoders[] = {&profiler_decoder, NULL};
