/* Types that are a few pointers: each field is found, with its name and properties. */
#include "core_fixture.h"

#include <criterion/criterion.h>

struct expectation {
    const char *type;
    size_t field; /* offset of its struct field in struct layout */
    const char *label;
    unsigned properties;
    uint64_t flags; /* of the type */
};

#define FOUND(type, member, label, properties)                                                     \
    { type, offsetof(struct layout, member), label, properties, FAKE_HAVE_GC }
#define FOUND_OUTSIDE_GC(type, member, label, properties)                                          \
    { type, offsetof(struct layout, member), label, properties, 0 }

static const struct expectation expectations[] = {
    FOUND("function", function.func_globals, ".__globals__", REFERENCE_STRONG),
    FOUND("function", function.func_code, ".__code__", REFERENCE_STRONG),
    FOUND("function", function.func_dict, ".__dict__", REFERENCE_STRONG),
    FOUND("function", function.func_closure, ".__closure__", REFERENCE_STRONG),
    FOUND("method", method.im_self, ".__self__", REFERENCE_STRONG),
    FOUND("instancemethod", instance_method.func, ".__func__", REFERENCE_STRONG),
    FOUND("staticmethod", staticmethod.sm_callable, ".__func__", REFERENCE_STRONG),
    FOUND("classmethod", classmethod.cm_dict, ".__dict__", REFERENCE_STRONG),
    FOUND("builtin_function_or_method", c_function.m_self, ".__self__", REFERENCE_STRONG),
    FOUND("cell", cell.ob_ref, ".cell_contents", REFERENCE_STRONG),
    FOUND("traceback", traceback.tb_frame, ".tb_frame", REFERENCE_STRONG),
    FOUND("BaseException", base_exception.args, ".args", REFERENCE_STRONG),
    FOUND("BaseException", base_exception.traceback, ".__traceback__", REFERENCE_STRONG),
    FOUND("OSError", os_error.filename2, ".filename2", REFERENCE_STRONG),
    FOUND("OSError", base_exception.context, ".__context__", REFERENCE_STRONG),
    FOUND("StopIteration", stop_iteration.value, ".value", REFERENCE_STRONG),
    FOUND("SystemExit", system_exit.code, ".code", REFERENCE_STRONG),
    FOUND("ImportError", import_error.path, ".path", REFERENCE_STRONG),
    FOUND("NameError", name_error.name, ".name", REFERENCE_STRONG),
    FOUND("AttributeError", attribute_error.obj, ".obj", REFERENCE_STRONG),
    FOUND("SyntaxError", syntax_error.text, ".text", REFERENCE_STRONG),
    FOUND("UnicodeDecodeError", unicode_error.object, ".object", REFERENCE_STRONG),
    FOUND("BaseExceptionGroup", exception_group.excs, ".exceptions", REFERENCE_STRONG),
    FOUND("slice", slice.stop, ".stop", REFERENCE_STRONG),
    FOUND_OUTSIDE_GC("range", range.start, ".start", REFERENCE_UNTRAVERSED),
    FOUND_OUTSIDE_GC("longrange_iterator", long_range_iterator.step, "->step",
                     REFERENCE_UNTRAVERSED),
    FOUND("enumerate", enumerate.en_sit, "->en_sit", REFERENCE_STRONG),
    FOUND("reversed", reversed.seq, "->seq", REFERENCE_STRONG),
    FOUND("zip", zip.ittuple, "->ittuple", REFERENCE_STRONG),
    FOUND("map", map.func, "->func", REFERENCE_STRONG),
    FOUND("filter", filter.it, "->it", REFERENCE_STRONG),
    FOUND("iterator", seq_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("callable_iterator", call_iterator.it_sentinel, "->it_sentinel", REFERENCE_STRONG),
    FOUND("list_iterator", list_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("list_reverseiterator", list_reverse_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("tuple_iterator", tuple_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("str_ascii_iterator", str_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("bytes_iterator", bytes_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("bytearray_iterator", bytearray_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("memory_iterator", memory_iterator.it_seq, "->it_seq", REFERENCE_STRONG),
    FOUND("dict_itemiterator", dict_iterator.di_result, "->di_result", REFERENCE_STRONG),
    FOUND("dict_values", dict_view.dv_dict, ".mapping", REFERENCE_STRONG),
    FOUND("set_iterator", set_iterator.si_set, "->si_set", REFERENCE_STRONG),
    FOUND("property", property.prop_set, ".fset", REFERENCE_STRONG),
    FOUND("getset_descriptor", descriptor.d_type, ".__objclass__", REFERENCE_STRONG),
    FOUND("wrapper_descriptor", descriptor.d_name, ".__name__", REFERENCE_UNTRAVERSED),
    FOUND("method-wrapper", method_wrapper.self, ".__self__", REFERENCE_STRONG),
    FOUND("mappingproxy", mapping_proxy.mapping, "->mapping", REFERENCE_STRONG),
    FOUND("super", super.obj_type, ".__self_class__", REFERENCE_STRONG),
    FOUND("weakref.ReferenceType", weakref.wr_object, "()", REFERENCE_WEAK),
    FOUND("weakref.ProxyType", weakref.wr_callback, ".__callback__", REFERENCE_STRONG),
    FOUND("memoryview", memoryview.mbuf, "->mbuf", REFERENCE_STRONG),
    FOUND("managedbuffer", managed_buffer.master_obj, "->master.obj", REFERENCE_STRONG),
    FOUND("pickle.PickleBuffer", pickle_buffer.view_obj, "->view.obj", REFERENCE_STRONG),
    FOUND("types.GenericAlias", generic_alias.args, ".__args__", REFERENCE_STRONG),
    FOUND("types.UnionType", union_type.args, ".__args__", REFERENCE_STRONG),
    FOUND("types.SimpleNamespace", namespace.ns_dict, ".__dict__", REFERENCE_STRONG),
    FOUND("_contextvars.Context", context.ctx_vars, "->ctx_vars", REFERENCE_STRONG),
    FOUND("_contextvars.ContextVar", context_variable.var_default, "->var_default",
          REFERENCE_STRONG),
    FOUND("_contextvars.Token", context_token.tok_var, ".var", REFERENCE_STRONG),
    FOUND("hamt", hamt.h_root, "->h_root", REFERENCE_STRONG),
    FOUND("async_generator_asend", async_gen_asend.ags_gen, "->ags_gen", REFERENCE_STRONG),
    FOUND("async_generator_athrow", async_gen_athrow.agt_args, "->agt_args", REFERENCE_STRONG),
    FOUND("coroutine_wrapper", coro_wrapper.cw_coroutine, "->cw_coroutine", REFERENCE_STRONG),
    FOUND("anext_awaitable", anext_awaitable.wrapped, "->wrapped", REFERENCE_STRONG),
    FOUND_OUTSIDE_GC("line_iterator", line_iterator.li_code, "->li_code", REFERENCE_UNTRAVERSED),
    FOUND_OUTSIDE_GC("moduledef", module_def.m_copy, "->m_copy", REFERENCE_UNTRAVERSED),
};

Test(fields, each_is_found) {
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const struct expectation *expected = &expectations[i];
        EACH_VERSION(fixture) {
            struct field field;
            memcpy(&field, (const char *)fixture->layout + expected->field, sizeof field);
            cr_assert(layout_has(field), "%s in %s", expected->label, fixture->layout->version);
            uint64_t x = fixture_target(fixture);
            uint64_t object = fixture_object(fixture, expected->type, expected->flags, 64);
            core_set(fixture, object, field, x);
            fixture_decode(fixture, object);
            cr_expect(fixture_has(fixture, x, expected->properties, expected->label), "%s%s of %s",
                      expected->type, expected->label, fixture->layout->version);
            cr_expect_eq(fixture_count(fixture, x), 1);
        }
    }
}

Test(fields, wild_pointers_are_only_passed_on) {
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        EACH_VERSION(fixture) {
            uint64_t object =
                fixture_object(fixture, expectations[i].type, expectations[i].flags, 64);
            for (uint64_t at = 16; at < 128; at += 8)
                fake_word(&fixture->fake, object + at, WILD);
            fixture_decode(fixture, object);
        }
    }
}

Test(exception, shows_its_message) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t object = fixture_object(fixture, "BaseException", FAKE_HAVE_GC, 0);
        uint64_t type = fixture_type(fixture, "tuple", FAKE_TUPLE_SUBCLASS, 8);
        uint64_t args = fake_var_object(&fixture->fake, type, 64, 1);
        fake_word(&fixture->fake, args + layout->tuple.ob_item.offset, core_str(fixture, "no"));
        core_set(fixture, object, layout->base_exception.args, args);
        fixture_decode(fixture, object);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "'no'");
    }
}

Test(builtin, with_a_class_only_if_its_flags_say_so) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t object = fixture_object(fixture, "builtin_method", FAKE_HAVE_GC, 64);
        uint64_t definition = fake_alloc(&fixture->fake, layout->method_def.size);
        uint64_t class = fixture_target(fixture);
        core_set(fixture, object, layout->c_function.m_ml, definition);
        core_set(fixture, object, layout->c_method.mm_class, class);
        fixture_decode(fixture, object);
        cr_expect_eq(fixture_count(fixture, class), 0);
        core_set(fixture, definition, layout->method_def.ml_flags, 0x200);
        core_set(fixture, definition, layout->method_def.ml_name,
                 fake_string(&fixture->fake, "spam"));
        fixture_decode(fixture, object);
        cr_expect_eq(fixture_count(fixture, class), 1);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "spam");
    }
}

Test(hamt, nodes) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t x = fixture_target(fixture);
        uint64_t type = fixture_type(fixture, "hamt_bitmap_node", FAKE_HAVE_GC, 8);
        uint64_t node = fake_var_object(&fixture->fake, type, 64, 2);
        fake_word(&fixture->fake, node + layout->hamt_bitmap_node.b_array.offset + 8, x);
        fixture_decode(fixture, node);
        cr_expect_eq(fixture_count(fixture, x), 1);
        core_set(fixture, node, layout->var_object.ob_size, INT64_MAX);
        fixture_decode(fixture, node);
        cr_expect_eq(fixture_damage(fixture, "length"), 1);

        uint64_t array = fixture_object(fixture, "hamt_array_node", FAKE_HAVE_GC, 0);
        fake_word(&fixture->fake, array + layout->hamt_array_node.a_array.offset + 31 * 8, x);
        fixture_decode(fixture, array);
        cr_expect_eq(fixture_find(fixture, x)->argument, 31);
    }
}

Test(capsule, shows_its_name) {
    EACH_VERSION(fixture) {
        uint64_t object = fixture_object(fixture, "PyCapsule", 0, 0);
        core_set(fixture, object, fixture->layout->capsule.name,
                 fake_string(&fixture->fake, "datetime.datetime_CAPI"));
        fixture_decode(fixture, object);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "datetime.datetime_CAPI");
        core_set(fixture, object, fixture->layout->capsule.name, WILD);
        fixture_decode(fixture, object);
        cr_expect_str_eq(strbuf_text(&fixture->preview), "");
    }
}
