#include "decode_fixture.h"

#include <criterion/criterion.h>

static struct decode_fixture *f;
static const struct layout *l;

static void start(void) {
    f = fixture_create("3.13.0");
    l = f->layout;
}

static void stop(void) {
    fixture_destroy(f);
}

TestSuite(ctypes, .init = start, .fini = stop);

Test(ctypes, data_owns_its_block_only_if_it_says_so) {
    uint64_t object = fixture_object(f, "_ctypes.Structure", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t block = fake_alloc(&f->fake, 100), base = fixture_target(f);
    fake_set(&f->fake, object, l->ctypes_data.b_ptr, block);
    fake_set(&f->fake, object, l->ctypes_data.b_size, 100);
    fake_set(&f->fake, object, l->ctypes_data.b_base, base);
    fixture_decode(f, object);
    cr_assert_eq(f->buffer_count, 0);
    cr_assert(fixture_has(f, base, REFERENCE_STRONG, "._b_base_"));
    fake_set(&f->fake, object, l->ctypes_data.b_needsfree, 1);
    fixture_decode(f, object);
    cr_assert_eq(fixture_buffer(f, block), 100);
    fake_set(&f->fake, object, l->ctypes_data.b_ptr, object + l->ctypes_data.b_value.offset);
    fixture_decode(f, object);
    cr_assert_eq(f->buffer_count, 0);
}

Test(ctypes, what_a_type_knows_lies_behind_it) {
    uint64_t size = l->heap_type.size + l->ctypes_type_info.size;
    uint64_t metatype = fake_type(
        &f->fake, &(struct fake_type){.name = "_ctypes.PyCPointerType",
                                      .flags = FAKE_HAVE_GC | FAKE_HEAPTYPE | FAKE_TYPE_SUBCLASS,
                                      .basicsize = size,
                                      .itemsize = 40});
    uint64_t object = fake_object(&f->fake, metatype, size);
    uint64_t info = object + l->heap_type.size, proto = fixture_target(f);
    uint64_t format = fake_string(&f->fake, "&<i"), elements = fake_alloc(&f->fake, 32);
    fake_set(&f->fake, object, l->type.tp_flags, FAKE_HEAPTYPE);
    fake_set(&f->fake, info, l->ctypes_type_info.proto, proto);
    fake_set(&f->fake, info, l->ctypes_type_info.format, format);
    fake_set(&f->fake, info, l->ctypes_type_info.ffi_elements, elements);
    fake_set(&f->fake, info, l->ctypes_type_info.length, 3);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, proto, REFERENCE_STRONG, "->proto"));
    cr_assert_eq(f->measure.size, size + 4 + 32);
    cr_assert_eq(fixture_buffer(f, elements), 32);
    cr_assert_eq(fixture_buffer(f, format), 4);
    fake_set(&f->fake, info, l->ctypes_type_info.length, UINT64_MAX - 1);
    fake_set(&f->fake, info, l->ctypes_type_info.format, 0x99);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "length"), 1);
}

Test(ctypes, built_in_error_handlers_are_no_objects) {
    uint64_t object = fixture_object(f, "_multibytecodec.MultibyteIncrementalDecoder",
                                     FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    fake_set(&f->fake, object, l->multibyte_decoder.errors, 2);
    fixture_decode(f, object);
    cr_assert_eq(f->reference_count, 0);
    uint64_t errors = fixture_target(f);
    fake_set(&f->fake, object, l->multibyte_decoder.errors, errors);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, errors, REFERENCE_STRONG, ".errors"));
}

Test(ctypes, callbacks_of_a_database) {
    uint64_t object = fixture_object(f, "sqlite3.Connection", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t callback = fake_alloc(&f->fake, l->sqlite_callback.size), function = fixture_target(f);
    fake_set(&f->fake, callback, l->sqlite_callback.callable, function);
    fake_set(&f->fake, object, l->sqlite_connection.trace_ctx, callback);
    fake_set(&f->fake, object, l->sqlite_connection.authorizer_ctx, 0x10);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, function, REFERENCE_STRONG, "->callable"));
    cr_assert_eq(fixture_buffer(f, callback), l->sqlite_callback.size);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
}
