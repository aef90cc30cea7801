#include "decode_fixture.h"

#include "introspect/heap/type_table.h"
#include "tests/unit/fixture_layout.h"

#include <stdio.h>
#include <stdlib.h>

static struct decode_fixture the_fixture;
static struct reference batch[64];

static void flush(struct decode *decode) {
    struct decode_fixture *fixture = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        if (fixture->reference_count < FIXTURE_MOST)
            fixture->references[fixture->reference_count++] = decode->references[i];
        else
            fixture->references_lost++;
    }
    decode->reference_count = 0;
}

static void buffer(struct decode *decode, uint64_t address, uint64_t size) {
    struct decode_fixture *fixture = decode->context;
    if (fixture->buffer_count == FIXTURE_MOST)
        return;
    fixture->buffers[fixture->buffer_count].address = address;
    fixture->buffers[fixture->buffer_count++].size = size;
}

struct decode_fixture *fixture_create(const char *version) {
    struct decode_fixture *fixture = &the_fixture;
    memset(fixture, 0, sizeof *fixture);
    fixture->layout = fixture_layout(version);
    fake_image_create(&fixture->fake, fixture->layout);
    struct err *err = type_table_create(fixture->fake.image, fixture->layout, 0, &fixture->types);
    if (err)
        abort();
    fixture->decode = (struct decode){
        .image = fixture->fake.image,
        .layout = fixture->layout,
        .types = fixture->types,
        .damage = &fixture->damage,
        .references = batch,
        .reference_capacity = sizeof batch / sizeof *batch,
        .flush = flush,
        .buffer = buffer,
        .context = fixture,
    };
    return fixture;
}

void fixture_destroy(struct decode_fixture *fixture) {
    strbuf_free(&fixture->preview);
    type_table_destroy(fixture->types);
    fake_image_destroy(&fixture->fake);
}

static const struct decoder *decoder_of(const char *name) {
    for (const struct decoder *const *const *family = decoder_registry; *family; family++) {
        for (const struct decoder *const *decoder = *family; *decoder; decoder++) {
            for (const char *const *type = (*decoder)->types; *type; type++) {
                if (!strcmp(*type, name))
                    return *decoder;
            }
        }
    }
    return NULL;
}

uint64_t fixture_type(struct decode_fixture *fixture, const char *name, uint64_t flags,
                      uint64_t itemsize) {
    const struct decoder *decoder = decoder_of(name);
    uint32_t size = !decoder               ? 0
                    : !decoder->least_size ? fixture->layout->object.size
                                           : decoder->least_size(fixture->layout);
    if (!size) {
        fprintf(stderr, "no decoder can use %s of %s\n", name, fixture->layout->version);
        abort();
    }
    return fake_type(
        &fixture->fake,
        &(struct fake_type){.name = name, .flags = flags, .basicsize = size, .itemsize = itemsize});
}

uint64_t fixture_object(struct decode_fixture *fixture, const char *name, uint64_t flags,
                        uint64_t extra) {
    uint64_t type = fixture_type(fixture, name, flags, 0);
    const struct decoder *decoder = decoder_of(name);
    uint64_t size =
        decoder->least_size ? decoder->least_size(fixture->layout) : fixture->layout->object.size;
    return fake_object(&fixture->fake, type, size + extra);
}

uint64_t fixture_target(struct decode_fixture *fixture) {
    return fake_object(&fixture->fake, fixture->fake.object_type, fixture->layout->object.size);
}

void fixture_decode(struct decode_fixture *fixture, uint64_t address) {
    struct decode *decode = &fixture->decode;
    uint64_t type_address = 0;
    struct object object = {.address = address};
    if (!image_read_u64(decode->image, address + fixture->layout->object.ob_type.offset,
                        &type_address) ||
        !(object.type = type_table_get(decode->types, type_address)) || !object.type->decoder)
        abort();
    const struct decoder *decoder = object.type->decoder;
    object.body =
        image_pin_some(decode->image, address, object.type->basicsize + 4096, &object.available);
    if (!object.body || object.available < object.type->basicsize)
        abort();

    fixture->reference_count = fixture->references_lost = fixture->buffer_count = 0;
    fixture->damage = (struct damage_list){0};
    fixture->measure =
        (struct measure){.size = object.type->basicsize +
                                 object_item_count(decode, &object) * object.type->itemsize};
    strbuf_clear(&fixture->preview);
    if (decoder->references)
        decoder->references(decode, &object);
    flush(decode);
    if (decoder->measure)
        decoder->measure(decode, &object, &fixture->measure);
    if (decoder->preview)
        decoder->preview(decode, &object, &fixture->preview);
}

const struct reference *fixture_find(const struct decode_fixture *fixture, uint64_t target) {
    for (size_t i = 0; i < fixture->reference_count; i++) {
        if (fixture->references[i].target == target)
            return &fixture->references[i];
    }
    return NULL;
}

size_t fixture_count(const struct decode_fixture *fixture, uint64_t target) {
    size_t count = 0;
    for (size_t i = 0; i < fixture->reference_count; i++)
        count += fixture->references[i].target == target;
    return count;
}

bool fixture_has(const struct decode_fixture *fixture, uint64_t target, unsigned properties,
                 const char *label) {
    const struct reference *found = fixture_find(fixture, target);
    return found && found->properties == properties && found->label == LABEL_FIELD &&
           !strcmp((const char *)(uintptr_t)found->argument, label);
}

uint64_t fixture_buffer(const struct decode_fixture *fixture, uint64_t address) {
    for (size_t i = 0; i < fixture->buffer_count; i++) {
        if (fixture->buffers[i].address == address)
            return fixture->buffers[i].size;
    }
    return 0;
}

uint64_t fixture_damage(const struct decode_fixture *fixture, const char *reason) {
    uint64_t count = 0;
    for (size_t i = 0; i < fixture->damage.count; i++) {
        if (!strcmp(fixture->damage.items[i].reason, reason))
            count += fixture->damage.items[i].count;
    }
    return count;
}
