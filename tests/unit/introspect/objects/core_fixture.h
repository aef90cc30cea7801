/* Objects of the interpreter's own types on a fake image, for the tests of their decoders. */
#ifndef HEAPGLASS_TESTS_UNIT_CORE_FIXTURE_H
#define HEAPGLASS_TESTS_UNIT_CORE_FIXTURE_H

#include "decode_fixture.h"

/* Runs the body once for each layout. */
#define EACH_VERSION(fixture)                                                                      \
    for (size_t version_ = 0; version_ < core_version_count; version_++)                           \
        for (struct decode_fixture *fixture = fixture_create(core_versions[version_]); fixture;    \
             fixture_destroy(fixture), fixture = NULL)

extern const char *const core_versions[];
extern const size_t core_version_count;

#define WILD 0x123456789aull /* an address where nothing is, not even a place */

/* A compact ASCII str. */
uint64_t core_str(struct decode_fixture *fixture, const char *text);

enum { KEYS_GENERAL, KEYS_UNICODE, KEYS_SPLIT }; /* dk_kind */

/* A PyDictKeysObject with 2^log2_size slots: `count` entries of a key and a value each, one after
 * the other in `entries`; for a split table the values are left out. */
struct core_keys {
    unsigned kind, log2_size;
    uint64_t reference_count, usable, count;
    const uint64_t *entries;
};
uint64_t core_keys(struct decode_fixture *fixture, const struct core_keys *keys);

/* Bytes that such a table takes. */
uint64_t core_keys_size(const struct decode_fixture *fixture, unsigned kind, unsigned log2_size);

/* A code object for `locals` and `stack` slots. */
uint64_t core_code(struct decode_fixture *fixture, uint32_t locals, uint32_t stack);

/* Sets a field of an object of the fixture's layout. */
void core_set(struct decode_fixture *fixture, uint64_t structure, struct field field,
              uint64_t value);

#endif
