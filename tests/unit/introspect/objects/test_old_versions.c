/* What CPython 3.8 to 3.10 has otherwise: tables of dicts, frame objects, tables of lines, atexit's
 * functions, sqlite3's cache. */
#include "core_fixture.h"

#include "introspect/objects/code.h"
#include "introspect/objects/frame.h"
#include "introspect/objects/module_state.h"

#include <criterion/criterion.h>

#define EACH_OLD_VERSION(fixture)                                                                  \
    for (size_t version_ = 0; version_ < sizeof versions / sizeof *versions; version_++)           \
        for (struct decode_fixture *fixture = fixture_create(versions[version_]); fixture;         \
             fixture_destroy(fixture), fixture = NULL)

static const char *const versions[] = {"3.8.18", "3.9.18", "3.10.13"};

enum { SLOTS = 8, ENTRIES = 5 };

/* A PyDictKeysObject with 8 slots: one entry, and one that was deleted. */
static uint64_t old_keys(struct decode_fixture *fixture, uint64_t references, uint64_t key,
                         uint64_t value) {
    const struct layout *layout = fixture->layout;
    uint64_t keys = fake_alloc(&fixture->fake, layout->dict_keys.size + SLOTS + ENTRIES * 24);
    core_set(fixture, keys, layout->dict_keys.dk_refcnt, references);
    core_set(fixture, keys, layout->dict_keys.dk_size, SLOTS);
    core_set(fixture, keys, layout->dict_keys.dk_nentries, 2);
    fake_words(&fixture->fake, keys + layout->dict_keys.size + SLOTS, 3,
               (uint64_t[]){0x4242, key, value});
    return keys;
}

Test(old_versions, dict) {
    EACH_OLD_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t dict = fixture_object(fixture, "dict", 0, 0);
        uint64_t key = fixture_target(fixture), value = fixture_target(fixture);
        uint64_t keys = old_keys(fixture, 1, key, value);
        core_set(fixture, dict, layout->dict.ma_keys, keys);
        fixture_decode(fixture, dict);
        cr_expect_eq(fixture_count(fixture, key), 1);
        cr_expect_eq(fixture_count(fixture, value), 1);
        cr_expect_eq(fixture->reference_count, 2);
        uint64_t size = layout->dict_keys.size + SLOTS + ENTRIES * 24;
        cr_expect_eq(fixture_buffer(fixture, keys), size);
        cr_expect_eq(fixture->measure.size, layout->dict.size + size);
        core_set(fixture, keys, layout->dict_keys.dk_nentries, ENTRIES + 1);
        fixture_decode(fixture, dict);
        cr_expect_gt(fixture_damage(fixture, "length"), 0);
        core_set(fixture, keys, layout->dict_keys.dk_size, UINT64_MAX);
        fixture_decode(fixture, dict);
        cr_expect_eq(fixture->reference_count, 0);
    }
}

Test(old_versions, dict_of_an_instance) {
    EACH_OLD_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t dict = fixture_object(fixture, "dict", 0, 0);
        uint64_t key = fixture_target(fixture), value = fixture_target(fixture);
        uint64_t values = fake_pointers(&fixture->fake, ENTRIES, (uint64_t[]){value, 0, 0, 0, 0});
        uint64_t keys = old_keys(fixture, 2, key, 0);
        core_set(fixture, dict, layout->dict.ma_keys, keys);
        core_set(fixture, dict, layout->dict.ma_values, values);
        fixture_decode(fixture, dict);
        cr_expect_eq(fixture_count(fixture, key), 0, "the class counts it");
        cr_expect_eq(fixture_count(fixture, value), 1);
        cr_expect_eq(fixture_buffer(fixture, keys), 0);
        cr_expect_eq(fixture_buffer(fixture, values), ENTRIES * 8);
        cr_expect_eq(fixture->measure.size, layout->dict.size + ENTRIES * 8);
    }
}

/* Code with two locals and a stack of three, 8 bytes of bytecode, and a table of lines. */
static uint64_t old_code(struct decode_fixture *fixture) {
    static const uint8_t lines[] = {2, 3, 4, 2};
    const struct layout *layout = fixture->layout;
    uint64_t bytes = fixture_type(fixture, "bytes", 0, 1);
    uint64_t code = fixture_object(fixture, "code", 0, 64);
    uint64_t bytecode = fake_var_object(&fixture->fake, bytes, 64, 8);
    uint64_t table = fake_var_object(&fixture->fake, bytes, 64, sizeof lines);
    fake_bytes(&fixture->fake, table + layout->bytes.ob_sval.offset, lines, sizeof lines);
    core_set(fixture, code, layout->code.co_nlocals, 2);
    core_set(fixture, code, layout->code.co_stacksize, 3);
    core_set(fixture, code, layout->code.co_firstlineno, 10);
    core_set(fixture, code, layout->code.co_code, bytecode);
    core_set(fixture, code,
             layout_has(layout->code.co_lnotab) ? layout->code.co_lnotab
                                                : layout->code.co_linetable,
             table);
    return code;
}

Test(old_versions, lines) {
    EACH_OLD_VERSION(fixture) {
        uint64_t code = old_code(fixture);
        bool lnotab = layout_has(fixture->layout->code.co_lnotab);
        uint64_t first = code_first_instruction(&fixture->decode, code);
        cr_expect_neq(first, 0);
        /* Up to 3.9: line 10 for 2 bytes, 13 for 4; since then 13 for 2, 15 for 4. */
        cr_expect_eq(code_line(&fixture->decode, code, first), lnotab ? 10 : 13);
        cr_expect_eq(code_line(&fixture->decode, code, first + 2), lnotab ? 13 : 15);
        cr_expect_eq(code_line(&fixture->decode, code, 0), 10);
    }
}

Test(old_versions, frame_object) {
    EACH_OLD_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = fixture_type(fixture, "frame", 0, 8);
        uint64_t frame =
            fake_var_object(&fixture->fake, type, layout->frame.f_localsplus.offset + 64, 5);
        uint64_t code = old_code(fixture), local = fixture_target(fixture);
        uint64_t back = fixture_target(fixture), top = fixture_target(fixture);
        uint64_t slots = frame + layout->frame.f_localsplus.offset, stack = slots + 16;
        fake_words(&fixture->fake, slots, 4, (uint64_t[]){local, 0, top, back});
        core_set(fixture, frame, layout->frame.f_code, code);
        core_set(fixture, frame, layout->frame.f_valuestack, stack);
        core_set(fixture, frame, layout->frame.f_lasti, 2);
        if (layout_has(layout->frame.f_stackdepth))
            core_set(fixture, frame, layout->frame.f_stackdepth, 1);
        else
            core_set(fixture, frame, layout->frame.f_stacktop, stack + 8);
        fixture_decode(fixture, frame);
        cr_expect_eq(fixture_count(fixture, local), 1);
        cr_expect_eq(fixture_count(fixture, top), 1);
        cr_expect_eq(fixture_count(fixture, back), 0, "above the stack's top");
        cr_expect(fixture_has(fixture, code, REFERENCE_UNTRAVERSED, ".f_code"));
        cr_expect_eq(fixture->measure.size, layout->frame.f_localsplus.offset + 5 * 8);
        cr_expect_eq(fixture->damage.count, 0);
        core_set(fixture, frame, layout->frame.f_valuestack, stack + 8);
        fixture_decode(fixture, frame);
        cr_expect_gt(fixture_damage(fixture, "length"), 0);
    }
}

Test(old_versions, generators_frame) {
    EACH_OLD_VERSION(fixture) {
        const char *const types[] = {"generator", "coroutine", "async_generator"};
        const char *const labels[] = {".gi_frame", ".cr_frame", ".ag_frame"};
        for (size_t i = 0; i < 3; i++) {
            uint64_t generator = fixture_object(fixture, types[i], 0, 0);
            uint64_t frame = fixture_target(fixture);
            core_set(fixture, generator, fixture->layout->generator.gi_frame, frame);
            fixture_decode(fixture, generator);
            cr_expect(fixture_has(fixture, frame, REFERENCE_STRONG, labels[i]), "%s", labels[i]);
        }
    }
}

Test(old_versions, functions_for_the_exit) {
    struct decode_fixture *fixture = fixture_create("3.9.18");
    const struct layout *layout = fixture->layout;
    uint64_t state = fake_alloc(&fixture->fake, layout->atexit_state.size);
    uint64_t callback = fake_alloc(&fixture->fake, layout->atexit_callback.size);
    uint64_t function = fixture_target(fixture);
    uint64_t array = fake_pointers(&fixture->fake, 4, (uint64_t[]){0, callback, WILD, 0});
    core_set(fixture, callback, layout->atexit_callback.func, function);
    core_set(fixture, state, layout->atexit_state.callbacks, array);
    core_set(fixture, state, layout->atexit_state.count, 3);
    core_set(fixture, state, layout->atexit_state.capacity, 4);
    const uint8_t *bytes = image_pin(fixture->fake.image, state, layout->atexit_state.size);
    atexit_module_state.references(&fixture->decode, bytes, layout->atexit_state.size);
    fixture->decode.flush(&fixture->decode);
    atexit_module_state.measure(&fixture->decode, bytes, layout->atexit_state.size);
    cr_expect(fixture_has(fixture, function, REFERENCE_STRONG, "->func"));
    cr_expect_eq(fixture_damage(fixture, "absent"), 1);
    cr_expect_eq(fixture_buffer(fixture, array), 32);
    cr_expect_eq(fixture_buffer(fixture, callback), layout->atexit_callback.size);
    fixture_destroy(fixture);
}

Test(old_versions, cache_of_statements) {
    EACH_OLD_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        const char *name = version_ == 2 ? "sqlite3Cache" : "sqlite3.Cache";
        uint64_t cache = fixture_object(fixture, name, 0, 0), factory = fixture_target(fixture);
        uint64_t node = fixture_object(fixture, "sqlite3.Node", 0, 0);
        core_set(fixture, cache, layout->sqlite_cache.first, node);
        core_set(fixture, cache, layout->sqlite_cache.factory, factory);
        fixture_decode(fixture, cache);
        cr_expect_eq(fixture_count(fixture, node), 1);
        cr_expect(fixture_has(fixture, factory, REFERENCE_WEAK, "->factory"));
        core_set(fixture, node, layout->sqlite_node.next, node); /* a circle ends */
        core_set(fixture, cache, layout->sqlite_cache.decref_factory, 1);
        fixture_decode(fixture, cache);
        cr_expect_eq(fixture->reference_count, FIXTURE_MOST);
    }
}
