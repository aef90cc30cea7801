#include "decode_fixture.h"

#include <criterion/criterion.h>

static struct decode_fixture *f;
static const struct layout *l;

static void start(void) {
    f = fixture_create("3.11.2");
    l = f->layout;
}

static void stop(void) {
    fixture_destroy(f);
}

static uint64_t bytes_of(uint64_t length) {
    uint64_t type = fake_type(&f->fake, &(struct fake_type){.name = "bytes",
                                                            .flags = FAKE_BYTES_SUBCLASS,
                                                            .basicsize = 33,
                                                            .itemsize = 1});
    return fake_var_object(&f->fake, type, 33 + length, (int64_t)length);
}

TestSuite(io, .init = start, .fini = stop);

Test(io, a_bytes_io_counts_bytes_that_it_alone_has) {
    uint64_t object = fixture_object(f, "_io.BytesIO", FAKE_HAVE_GC, 0), bytes = bytes_of(100);
    fake_set(&f->fake, object, l->bytes_io.buf, bytes);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->bytes_io.size + 133);
    cr_assert(fixture_has(f, bytes, REFERENCE_UNTRAVERSED, "->buf"));
    fake_set(&f->fake, bytes, l->object.ob_refcnt, 2);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->bytes_io.size);
    fake_set(&f->fake, object, l->bytes_io.buf, 0x10);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->bytes_io.size);
}

Test(io, heap_types_visit_more) {
    uint64_t object = fixture_object(f, "_io.BytesIO", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t bytes = bytes_of(100);
    fake_set(&f->fake, object, l->bytes_io.buf, bytes);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, bytes, REFERENCE_STRONG, "->buf"));
}

Test(io, buffers) {
    uint64_t object = fixture_object(f, "_io.BufferedReader", FAKE_HAVE_GC, 0);
    uint64_t memory = fake_alloc(&f->fake, 8192), lock = fake_alloc(&f->fake, 32);
    fake_set(&f->fake, object, l->buffered.buffer, memory);
    fake_set(&f->fake, object, l->buffered.buffer_size, 8192);
    fake_set(&f->fake, object, l->buffered.lock, lock);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->buffered.size + 8192);
    cr_assert_eq(fixture_buffer(f, memory), 8192);
    cr_assert_eq(fixture_buffer(f, lock), 32);
    fake_set(&f->fake, object, l->buffered.buffer_size, UINT64_MAX);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->buffered.size);
    cr_assert_eq(fixture_damage(f, "length"), 1);

    object = fixture_object(f, "_io.StringIO", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, object, l->string_io.buf, memory);
    fake_set(&f->fake, object, l->string_io.buf_size, 100);
    fake_set(&f->fake, object, l->string_io.string_size, 7);
    fixture_decode(f, object);
    cr_assert_eq(f->measure.size, l->string_io.size);
    cr_assert_eq(fixture_buffer(f, memory), 400);
    cr_assert_str_eq(strbuf_text(&f->preview), "[7 characters]");
}

Test(io, file_descriptors) {
    uint64_t object = fixture_object(f, "_io.FileIO", FAKE_HAVE_GC, 0);
    fake_set(&f->fake, object, l->file_io.fd, 5);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "fd 5");
    fake_set(&f->fake, object, l->file_io.fd, 0xffffffff);
    fixture_decode(f, object);
    cr_assert_str_eq(strbuf_text(&f->preview), "closed");
}
