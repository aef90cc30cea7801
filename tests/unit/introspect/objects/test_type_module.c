/* type, module. */
#include "core_fixture.h"

#include <criterion/criterion.h>

static uint64_t make_heap_type(struct decode_fixture *fixture) {
    /* The metatype must be one that a decoder knows. */
    uint64_t type_type = fixture->fake.type_type;
    return fake_type(&fixture->fake, &(struct fake_type){.name = "C",
                                                         .metatype = type_type,
                                                         .flags = FAKE_HEAPTYPE,
                                                         .basicsize = 16});
}

Test(type, heap_types) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = make_heap_type(fixture);
        uint64_t dict = fixture_target(fixture), name = fixture_target(fixture);
        uint64_t subclasses = fixture_target(fixture), key = core_str(fixture, "a");
        uint64_t keys =
            core_keys(fixture, &(struct core_keys){KEYS_SPLIT, 3, 1, 3, 1, (uint64_t[]){key, 0}});
        uint64_t doc = fake_string(&fixture->fake, "documentation");
        core_set(fixture, type, layout->type.tp_dict, dict);
        core_set(fixture, type, layout->type.tp_subclasses, subclasses);
        core_set(fixture, type, layout->type.tp_doc, doc);
        core_set(fixture, type, layout->heap_type.ht_qualname, name);
        core_set(fixture, type, layout->heap_type.ht_cached_keys, keys);
        fixture_decode(fixture, type);
        cr_expect(fixture_has(fixture, dict, REFERENCE_STRONG, ".__dict__"));
        cr_expect(fixture_has(fixture, name, REFERENCE_UNTRAVERSED, ".__qualname__"));
        cr_expect(fixture_has(fixture, subclasses, REFERENCE_UNTRAVERSED, "->tp_subclasses"));
        cr_expect(fixture_has(fixture, fixture->fake.object_type, REFERENCE_STRONG, ".__base__"));
        cr_expect_eq(fixture_find(fixture, key)->label, LABEL_DICT_KEY);
        uint64_t keys_size = core_keys_size(fixture, KEYS_SPLIT, 3);
        cr_expect_eq(fixture_buffer(fixture, keys), keys_size);
        cr_expect_eq(fixture_buffer(fixture, doc), 14);
        cr_expect_eq(fixture->measure.size, layout->heap_type.size + keys_size);
    }
}

Test(type, static_types) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type =
            fake_type(&fixture->fake, &(struct fake_type){.name = "t", .basicsize = 16});
        uint64_t dict = fixture_target(fixture);
        core_set(fixture, type, layout->type.tp_dict, dict);
        core_set(fixture, type, layout->type.tp_doc, WILD);
        fixture_decode(fixture, type);
        cr_expect(fixture_has(fixture, dict, REFERENCE_UNTRAVERSED, ".__dict__"));
        cr_expect(fixture_has(fixture, fixture->fake.object_type, REFERENCE_RETAINS, ".__base__"),
                  "they do not count it");
        cr_expect_eq(fixture->measure.size, layout->type.size);
        cr_expect_eq(fixture->buffer_count, 0);
    }
}

Test(type, static_types_whose_state_the_interpreter_keeps) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        if (!layout_has(layout->static_type_state.tp_dict))
            continue;
        uint64_t type = fake_type(&fixture->fake,
                                  &(struct fake_type){.name = "t",
                                                      .flags = layout->trait.flag_static_builtin,
                                                      .basicsize = 16});
        uint64_t interpreter = fake_alloc(&fixture->fake, layout->interpreter.size);
        uint64_t state = interpreter + layout->interpreter.static_builtins.offset +
                         2 * layout->static_type_state.size;
        uint64_t dict = fixture_target(fixture);
        core_set(fixture, type, layout->type.tp_subclasses, 3);
        core_set(fixture, state, layout->static_type_state.type, type);
        core_set(fixture, state, layout->static_type_state.tp_dict, dict);
        fixture->decode.interpreters = (uint64_t[]){WILD, interpreter};
        fixture->decode.interpreter_count = 2;
        fixture_decode(fixture, type);
        cr_expect(fixture_has(fixture, dict, REFERENCE_UNTRAVERSED, ".__dict__"));
        core_set(fixture, type, layout->type.tp_subclasses, UINT64_MAX);
        fixture_decode(fixture, type);
        cr_expect_null(fixture_find(fixture, dict));
    }
}

Test(type, hostile) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = make_heap_type(fixture);
        core_set(fixture, type, layout->type.tp_doc, WILD);
        core_set(fixture, type, layout->type.tp_base, type);
        core_set(fixture, type, layout->heap_type.ht_cached_keys, WILD);
        core_set(fixture, type, layout->var_object.ob_size, INT64_MIN);
        fixture_decode(fixture, type);
        cr_expect_geq(fixture_damage(fixture, "absent"), 2);
        cr_expect_eq(fixture->measure.size, layout->heap_type.size);
    }
}

Test(module, state_is_a_buffer_to_guess_in) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t module = fixture_object(fixture, "module", FAKE_HAVE_GC, 0);
        uint64_t definition = fake_alloc(&fixture->fake, layout->module_def.size);
        uint64_t x = fixture_target(fixture), name = core_str(fixture, "spam");
        uint64_t state = fake_pointers(&fixture->fake, 3, (uint64_t[]){7, 0, x});
        core_set(fixture, definition, layout->module_def.m_size, 24);
        core_set(fixture, module, layout->module.md_def, definition);
        core_set(fixture, module, layout->module.md_state, state);
        core_set(fixture, module, layout->module.md_name, name);
        fixture_decode(fixture, module);
        cr_assert_not_null(fixture_find(fixture, x));
        cr_expect_eq(fixture_find(fixture, x)->properties, REFERENCE_STRONG | REFERENCE_GUESSED);
        cr_expect_eq(fixture_find(fixture, x)->argument, 16);
        cr_expect(fixture_has(fixture, name, REFERENCE_UNTRAVERSED, "->md_name"));
        cr_expect_eq(fixture_buffer(fixture, state), 24);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "spam");

        core_set(fixture, definition, layout->module_def.m_size, 1ull << 40);
        fixture_decode(fixture, module);
        cr_expect_eq(fixture_damage(fixture, "length"), 1);
        core_set(fixture, definition, layout->module_def.m_size, (uint64_t)-1);
        fixture_decode(fixture, module);
        cr_expect_eq(fixture->damage.count, 0);
        core_set(fixture, module, layout->module.md_def, WILD);
        core_set(fixture, module, layout->module.md_state, WILD);
        core_set(fixture, module, layout->module.md_name, WILD);
        fixture_decode(fixture, module);
    }
}
