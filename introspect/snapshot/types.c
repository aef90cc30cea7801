/* Chunk TYPE: the types by id, with the sums of their objects. */
#include "introspect/snapshot/snapshot_private.h"

/* What is true of a type: bits of one number, in this order. */
#define TYPE_BITS(X)                                                                               \
    X(heap_type)                                                                                   \
    X(python_class)                                                                                \
    X(has_gc)                                                                                      \
    X(is_type)                                                                                     \
    X(has_finalizer)                                                                               \
    X(size_overridden)                                                                             \
    X(unknown_body)                                                                                \
    X(undecoded)                                                                                   \
    X(owns_nothing)

static uint64_t bits_of(const struct type *type) {
    uint64_t bits = 0, bit = 1;
#define X(name)                                                                                    \
    bits |= type->name ? bit : 0;                                                                  \
    bit <<= 1;
    TYPE_BITS(X)
#undef X
    return bits;
}

static void set_bits(struct type *type, uint64_t bits) {
#define X(name)                                                                                    \
    type->name = bits & 1;                                                                         \
    bits >>= 1;
    TYPE_BITS(X)
#undef X
}

struct err *types_save(struct saver *saver) {
    const struct heap *heap = saver->heap;
    struct rows rows = {.saver = saver, .tag = "TYPE"};
    for (uint32_t id = 0; id < heap_type_count(heap); id++) {
        const struct type *type = heap_type_by_id(heap, id);
        const struct heap_sums *sums = heap_type_sums(heap, id);
        const char *decoder = type->decoder ? type->decoder->name : "";
        struct column_buffer *buffer = rows_next(&rows);
        column_varint(buffer, type->address);
        column_text(buffer, type->name, strlen(type->name));
        column_text(buffer, decoder, strlen(decoder));
        column_varint(buffer, type->flags);
        column_varint(buffer, type->basicsize);
        column_varint(buffer, type->itemsize);
        column_varint(buffer, type->base ? type->base->id + 1 : 0);
        column_varint(buffer, bits_of(type));
        column_varint(buffer, sums->objects);
        column_varint(buffer, sums->size);
        column_varint(buffer, sums->footprint);
        column_varint(buffer, sums->unreachable);
    }
    return rows_finish(&rows);
}

/* The decoder of that name; NULL if this version has none. */
static const struct decoder *decoder_named(const char *name) {
    for (const struct decoder *const *const *family = decoder_registry; *family; family++) {
        for (const struct decoder *const *decoder = *family; *decoder; decoder++) {
            if (!strcmp((*decoder)->name, name))
                return *decoder;
        }
    }
    return NULL;
}

static void read_type(struct snapshot *snapshot, struct column_reader *reader) {
    struct heap *heap = snapshot->heap;
    struct type type = {.address = column_take_varint(reader)};
    struct heap_sums sums;
    type.name = take_text(reader, &snapshot->memory);
    const char *decoder = take_text(reader, &snapshot->memory);
    type.decoder = decoder_named(decoder);
    type.flags = column_take_varint(reader);
    type.basicsize = column_take_varint(reader);
    type.itemsize = column_take_varint(reader);
    uint64_t base = column_take_varint(reader);
    set_bits(&type, column_take_varint(reader));
    sums.objects = column_take_varint(reader);
    sums.size = column_take_varint(reader);
    sums.footprint = column_take_varint(reader);
    sums.unreachable = column_take_varint(reader);
    /* A base was met before, but for one that was met in a circle. */
    type.base =
        base && base <= heap_type_count(heap) ? heap_type_by_id(heap, (uint32_t)base - 1) : NULL;
    if (reader->failed)
        return;
    if (!type_table_add(heap->types, &type))
        column_fail(reader);
    else
        snapshot->out_of_memory |= !vec_push(&heap->sums, sums);
}

struct err *types_load(struct snapshot *snapshot) {
    return rows_read(snapshot, "TYPE", read_type);
}
