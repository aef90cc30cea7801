#include "core_fixture.h"

#include <string.h>

const char *const core_versions[] = {"3.11.2", "3.13.0"};
const size_t core_version_count = sizeof core_versions / sizeof *core_versions;

void core_set(struct decode_fixture *fixture, uint64_t structure, struct field field,
              uint64_t value) {
    fake_set(&fixture->fake, structure, field, value);
}

uint64_t core_str(struct decode_fixture *fixture, const char *text) {
    const struct layout *layout = fixture->layout;
    size_t length = strlen(text);
    uint64_t type = fixture_type(fixture, "str", FAKE_UNICODE_SUBCLASS, 0);
    uint64_t str = fake_object(&fixture->fake, type, layout->unicode.size + length + 1);
    core_set(fixture, str, layout->ascii.length, length);
    core_set(fixture, str, layout->ascii.kind, 1);
    core_set(fixture, str, layout->ascii.compact, 1);
    core_set(fixture, str, layout->ascii.ascii, 1);
    core_set(fixture, str, layout->ascii.ready, 1);
    fake_bytes(&fixture->fake, str + layout->ascii.size, text, length + 1);
    return str;
}

uint64_t core_keys_size(const struct decode_fixture *fixture, unsigned kind, unsigned log2_size) {
    uint64_t slots = 1ull << log2_size;
    return fixture->layout->dict_keys.size + slots + (slots * 2 / 3) * (kind ? 16 : 24);
}

uint64_t core_keys(struct decode_fixture *fixture, const struct core_keys *keys) {
    const struct layout *layout = fixture->layout;
    uint64_t address =
        fake_alloc(&fixture->fake, core_keys_size(fixture, keys->kind, keys->log2_size));
    core_set(fixture, address, layout->dict_keys.dk_refcnt, keys->reference_count);
    core_set(fixture, address, layout->dict_keys.dk_log2_size, keys->log2_size);
    core_set(fixture, address, layout->dict_keys.dk_log2_index_bytes, keys->log2_size);
    core_set(fixture, address, layout->dict_keys.dk_kind, keys->kind);
    core_set(fixture, address, layout->dict_keys.dk_usable, keys->usable);
    core_set(fixture, address, layout->dict_keys.dk_nentries, keys->count);
    uint64_t entry = address + layout->dict_keys.size + (1ull << keys->log2_size);
    for (uint64_t i = 0; i < keys->count; i++) {
        if (keys->kind == KEYS_GENERAL) {
            fake_word(&fixture->fake, entry, 0x4242424242424242);
            entry += 8;
        }
        fake_word(&fixture->fake, entry, keys->entries[2 * i]);
        fake_word(&fixture->fake, entry + 8,
                  keys->kind == KEYS_SPLIT ? 0 : keys->entries[2 * i + 1]);
        entry += 16;
    }
    return address;
}

uint64_t core_code(struct decode_fixture *fixture, uint32_t locals, uint32_t stack) {
    uint64_t code = fixture_object(fixture, "code", 0, 64);
    core_set(fixture, code, fixture->layout->code.co_nlocalsplus, locals);
    core_set(fixture, code, fixture->layout->code.co_stacksize, stack);
    return code;
}
