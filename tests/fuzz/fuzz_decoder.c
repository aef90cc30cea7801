/* One decoder on one object in memory of the fuzzer's making.
 *
 * Input: which layout and type (a decoder has several), then the memory that the object and all
 * that it points to lie in. Words of that memory whose top byte is 0xa1 become pointers into it,
 * with 0xa2 type objects; so the fuzzer gets deep without having to guess addresses. */
#include "tests/fuzz/fuzz.h"

#include "introspect/heap/object_view.h"
#include "tests/unit/fake_image.h"
#include "tests/unit/fixture_layout.h"

#include <stdlib.h>

enum { MEMORY = 16 << 10, OBJECT_OFFSET = 64, MAX_TYPES = 4096, BATCH = 64, FOLLOWED = 64 };

struct world {
    struct fake_image fake;
    uint64_t memory; /* address of MEMORY bytes, with absent pages behind them */
    uint64_t runtime;
    uint64_t types[MAX_TYPES];
    size_t type_count;
    struct type_table *table; /* knows of types outside of the memory only */
};

static struct world worlds[2];

/* The types of a decoder: as C code makes them, and as a Python class could be. */
static void add_types(struct world *world, const struct decoder *decoder) {
    const struct layout *layout = world->fake.layout;
    struct fake_type type = {.name = decoder->types[0], .flags = FAKE_BASETYPE};
    type.basicsize = decoder->least_size ? decoder->least_size(layout) : layout->object.size;
    if (world->type_count + 4 > MAX_TYPES)
        abort();
    uint64_t base = world->types[world->type_count++] = fake_type(&world->fake, &type);
    type.itemsize = 8;
    type.flags |= FAKE_HAVE_GC;
    world->types[world->type_count++] = fake_type(&world->fake, &type);
    type.dictoffset = (int64_t)type.basicsize;
    type.weaklistoffset = (int64_t)type.basicsize + 8;
    type.basicsize += 16;
    type.base = base;
    world->types[world->type_count++] = fake_type(&world->fake, &type);
    type.dictoffset = -1;
    type.flags |= layout->trait.flag_managed_dict | layout->trait.flag_inline_values |
                  layout->trait.flag_managed_weakref;
    world->types[world->type_count++] = fake_type(&world->fake, &type);
}

/* Without modules, so that the names of the types alone say what they are. */
static void make_world(struct world *world, const struct layout *layout) {
    struct fake_image *fake = &world->fake;
    fake_image_create(fake, layout);
    world->runtime = fake_alloc(fake, 16);
    for (size_t file = 0; decoder_registry[file]; file++) {
        for (const struct decoder *const *decoder = decoder_registry[file]; *decoder; decoder++)
            add_types(world, *decoder);
    }
    world->memory = fake_alloc_cut(fake, 2 * MEMORY, MEMORY);
}

/* The fuzzer's bytes, with marked words made pointers. */
static void fill_memory(struct world *world, struct input *input, uint64_t type) {
    static uint64_t words[MEMORY / 8];
    for (size_t i = 0; i < MEMORY / 8; i++) {
        uint64_t word = input_take(input, 8);
        if (word >> 56 == 0xa1)
            word = world->memory + (word & 0x7fff);
        else if (word >> 56 == 0xa2)
            word = world->types[(word & 0xffff) % world->type_count];
        words[i] = word;
    }
    const struct layout *layout = world->fake.layout;
    words[(OBJECT_OFFSET + layout->object.ob_type.offset) / 8] = type;
    fake_bytes(&world->fake, world->memory, words, MEMORY);
}

struct followed {
    uint64_t targets[FOLLOWED];
    size_t count;
};

static void flush(struct decode *decode) {
    struct followed *followed = decode->context;
    for (size_t i = 0; i < decode->reference_count && followed->count < FOLLOWED; i++)
        followed->targets[followed->count++] = decode->references[i].target;
    decode->reference_count = 0;
}

static void ignore_buffer(struct decode *decode, uint64_t address, uint64_t size) {
    (void)decode;
    (void)address;
    (void)size;
}

static void decode_object(struct decode *decode, uint64_t address) {
    struct object object;
    const char *why = NULL;
    if (!object_view(decode, address, &object, &why))
        return;
    struct measure measure = {.size = object.type->basicsize};
    struct strbuf text = {0};
    object_references(decode, &object);
    object_measure(decode, &object, &measure);
    if (object.type->decoder && object.type->decoder->preview)
        object.type->decoder->preview(decode, &object, &text);
    if (text.length > 1 << 16)
        abort(); /* a preview is short, whatever the object claims */
    strbuf_free(&text);
}

static void decode_all(struct world *world) {
    struct reference references[BATCH];
    struct damage_list damage = {0};
    struct followed followed = {0};
    struct decode decode = {
        .image = world->fake.image,
        .layout = world->fake.layout,
        .damage = &damage,
        .references = references,
        .reference_capacity = BATCH,
        .flush = flush,
        .buffer = ignore_buffer,
        .context = &followed,
    };
    if (!world->table)
        fuzz_must(type_table_create(decode.image, decode.layout, world->runtime, &world->table));
    decode.types = world->table;
    decode_object(&decode, world->memory + OBJECT_OFFSET);
    flush(&decode);
    size_t direct = followed.count;
    for (size_t i = 0; i < direct; i++)
        decode_object(&decode, followed.targets[i]);
}

/* Types that were read out of the fuzzer's bytes are none for the next input. */
static void forget_types(struct world *world) {
    for (uint32_t id = 0; id < type_table_count(world->table); id++) {
        if (type_table_by_id(world->table, id)->address >= world->memory) {
            type_table_destroy(world->table);
            world->table = NULL;
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    size_t layout_index = input_take(&input, 1) % 2;
    struct world *world = &worlds[layout_index];
    if (!world->type_count)
        make_world(world, fixture_layout(layout_index ? "3.13.0" : "3.11.2"));
    uint64_t type = world->types[input_take(&input, 2) % world->type_count];
    fill_memory(world, &input, type);
    decode_all(world);
    forget_types(world);
    return 0;
}
