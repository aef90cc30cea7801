/* Everything that can be asked of a snapshot whose payloads are hostile: packed here, since sums and zstd would keep
 * changes from going deeper.
 *
 * The input is a list of chunks: tag (4 bytes), number (1), length of the payload (3), payload. */
#include "tests/fuzz/fuzz.h"

#include "base/vec.h"
#include "introspect/graph/dominators.h"
#include "introspect/graph/graph.h"
#include "introspect/graph/root_list.h"
#include "introspect/heap/hidden_values.h"
#include "introspect/heap/stacks.h"
#include "introspect/snapshot/snapshot.h"

#include <stdlib.h>

struct file vec(uint8_t);

static struct err *append(void *context, const void *bytes, size_t length) {
    struct file *file = context;
    if (!vec_reserve(file, length))
        abort();
    memcpy(file->items + file->count, bytes, length);
    file->count += length;
    return NULL;
}

static struct err *read_at(void *context, uint64_t offset, void *bytes, size_t length) {
    const struct file *file = context;
    if (offset > file->count || length > file->count - offset)
        abort();
    memcpy(bytes, file->items + offset, length);
    return NULL;
}

static void pack(struct input *input, struct file *file) {
    struct chunk_packer *packer;
    struct chunk_writer writer;
    struct packed_chunk packed = {0};
    fuzz_must(chunk_packer_new(0, &packer));
    fuzz_must(chunk_start(&writer, (struct chunk_sink){append, file}));
    while (input->left >= 8) {
        char tag[5] = {0};
        memcpy(tag, input->at, 4);
        input_take(input, 4);
        uint64_t number = input_take(input, 1), length = input_take(input, 3);
        length = length < input->left ? length : input->left;
        struct err *err = chunk_pack(packer, tag, number, 0, input->at, length, &packed);
        if (!err)
            fuzz_must(chunk_append(&writer, &packed));
        err_free(err);
        input->at += length;
        input->left -= length;
    }
    fuzz_must(chunk_finish(&writer));
    chunk_packed_free(&packed);
    chunk_packer_free(packer);
}

struct walk {
    const struct heap *heap;
    uint32_t id;
    size_t labels;
    struct strbuf text;
};

static void label_reference(void *context, const struct reference *reference) {
    struct walk *walk = context;
    if (++walk->labels > 100)
        return;
    strbuf_clear(&walk->text);
    heap_label(walk->heap, walk->id, reference, &walk->text);
    heap_label_general(walk->heap, walk->id, reference, &walk->text);
}

static void walk_object(struct walk *walk, uint32_t id) {
    const struct heap *heap = walk->heap;
    if (!heap_type(heap, id) || !heap_type(heap, id)->name)
        abort();
    heap_find(heap, heap_address(heap, id));
    heap_refcount(heap, id);
    heap_size(heap, id);
    heap_footprint(heap, id);
    heap_gc_state(heap, id);
    heap_found(heap, id);
    heap_interpreter(heap, id);
    heap_finalizer(heap, id);
    heap_has_callback(heap, id);
    walk->id = id;
    walk->labels = 0;
    heap_references(heap, id, label_reference, walk);
    strbuf_clear(&walk->text);
    heap_preview(heap, id, &walk->text);
    heap_preview_contents(heap, id, &walk->text);
    for (uint64_t i = 0; i < 3; i++) {
        heap_closure_variable(heap, id, i, &walk->text);
        heap_default_argument(heap, id, i, &walk->text);
    }
}

static void walk_graph(const struct heap *heap) {
    const struct graph_options options = {.threads = 1};
    struct graph *graph = NULL;
    struct dominators *dominators = NULL;
    struct err *err = graph_build(heap, &options, &graph);
    if (!err)
        err = dominators_build(graph, NULL, &dominators);
    for (uint32_t id = 0; !err && id < heap_count(heap); id++) {
        graph_counted(graph, id);
        dominators_retained(dominators, id);
    }
    err_free(err);
    dominators_destroy(dominators);
    graph_destroy(graph);
}

static void walk_roots(const struct heap *heap, struct strbuf *text) {
    struct root_list roots = {0};
    struct stacks stacks = {0};
    struct err *err = root_list_collect(heap, &roots);
    for (size_t i = 0; !err && i < roots.count; i++) {
        strbuf_clear(text);
        root_name(heap, &roots.items[i].root, text);
    }
    err_free(err);
    root_list_clear(&roots);
    err = heap_stacks(heap, &stacks);
    if (!err)
        stacks_free(&stacks);
    err_free(err);
}

static void walk_heap(struct heap *heap) {
    struct walk walk = {.heap = heap};
    for (uint32_t id = 0; id < heap_count(heap); id++)
        walk_object(&walk, id);
    walk_roots(heap, &walk.text);
    walk_graph(heap);
    struct err *err = heap_hide_values(heap);
    for (uint32_t id = 0; !err && id < heap_count(heap); id++)
        walk_object(&walk, id);
    walk_roots(heap, &walk.text);
    err_free(err);
    strbuf_free(&walk.text);
}

static void open_file(struct file *file, bool totals_only) {
    const struct snapshot_options options = {.threads = 1};
    struct snapshot *snapshot = NULL;
    struct err *err = snapshot_open((struct chunk_source){read_at, file, file->count}, &options,
                                    totals_only, &snapshot);
    if (!err && totals_only)
        heap_totals(snapshot_heap(snapshot));
    else if (!err)
        walk_heap(snapshot_heap(snapshot));
    err_free(err);
    snapshot_close(snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct file file = {0};
    pack(&input, &file);
    open_file(&file, true);
    open_file(&file, false);
    vec_free(&file);
    return 0;
}
