/* One decoder at a time on a fake image: what it refers to, what it owns, how big it says the
 * object is, what it shows. */
#ifndef HEAPGLASS_TESTS_UNIT_DECODE_FIXTURE_H
#define HEAPGLASS_TESTS_UNIT_DECODE_FIXTURE_H

#include "introspect/heap/type.h"
#include "tests/unit/fake_image.h"

enum { FIXTURE_MOST = 4096 };

struct decode_fixture {
    struct fake_image fake;
    const struct layout *layout;
    struct type_table *types;
    struct damage_list damage;
    struct decode decode;
    struct reference references[FIXTURE_MOST]; /* of the last fixture_decode */
    size_t reference_count;
    size_t references_lost; /* beyond FIXTURE_MOST */
    struct {
        uint64_t address, size;
    } buffers[FIXTURE_MOST];
    size_t buffer_count;
    struct measure measure;
    struct strbuf preview;
};

/* The fixtures are big: one static one, ready to be used. */
struct decode_fixture *fixture_create(const char *version);
void fixture_destroy(struct decode_fixture *fixture);

/* A type object of a C type that a decoder names, as big as the decoder wants it; `flags` and
 * `itemsize` as in struct fake_type. Aborts if no decoder can use it in this layout. */
uint64_t fixture_type(struct decode_fixture *fixture, const char *name, uint64_t flags,
                      uint64_t itemsize);

/* An object of that type, with `extra` bytes behind its basicsize. */
uint64_t fixture_object(struct decode_fixture *fixture, const char *name, uint64_t flags,
                        uint64_t extra);

/* Some object to be referred to: a plain instance of `object`. */
uint64_t fixture_target(struct decode_fixture *fixture);

/* Runs the decoder of the object's type: fills in references, buffers, measure, preview, damage. */
void fixture_decode(struct decode_fixture *fixture, uint64_t object);

/* How many references lead to the target; the first one, NULL if there is none. */
size_t fixture_count(const struct decode_fixture *fixture, uint64_t target);
const struct reference *fixture_find(const struct decode_fixture *fixture, uint64_t target);

/* Whether the first reference to the target has these properties and, of LABEL_FIELD, that text. */
bool fixture_has(const struct decode_fixture *fixture, uint64_t target, unsigned properties,
                 const char *label);

/* The size of the buffer reported at that address; 0 if there is none. */
uint64_t fixture_buffer(const struct decode_fixture *fixture, uint64_t address);

/* How often damage of that reason was met. */
uint64_t fixture_damage(const struct decode_fixture *fixture, const char *reason);

#endif
