/* code, frame, traceback, generator, coroutine. */
#include "core_fixture.h"

#include "introspect/objects/frame.h"

#include <criterion/criterion.h>

enum { CLEARED = 4, SUSPENDED = 0xff, OWNED_BY_FRAME_OBJECT = 2 };

/* Fills in an interpreter frame of `code` whose slots are x, NULL, y; stacktop 3. */
static void fill_frame(struct decode_fixture *fixture, uint64_t frame, uint64_t code,
                       uint64_t stacktop, uint64_t x, uint64_t y) {
    const struct layout *layout = fixture->layout;
    core_set(fixture, frame, layout->interpreter_frame.f_executable, code);
    core_set(fixture, frame, layout->interpreter_frame.stacktop, stacktop);
    fake_words(&fixture->fake, frame + layout->interpreter_frame.localsplus.offset, 3,
               (uint64_t[]){x, 0, y});
}

static uint64_t frame_bytes(const struct decode_fixture *fixture, uint64_t slots) {
    return fixture->layout->interpreter_frame.localsplus.offset + slots * 8;
}

Test(code, fields_and_buffers) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = fixture_type(fixture, "code", 0, 2);
        uint64_t code = fake_var_object(&fixture->fake, type, layout->code.size + 64, 9);
        uint64_t consts = fixture_target(fixture), cached = fixture_target(fixture);
        core_set(fixture, code, layout->code.co_consts, consts);
        uint64_t extra = fake_alloc(&fixture->fake, 32);
        core_set(fixture, extra, layout->code_extra.ce_size, 3);
        core_set(fixture, code, layout->code.co_extra, extra);
        uint64_t block = 0;
        if (layout_has(layout->code.co_cached)) {
            block = fake_alloc(&fixture->fake, layout->co_cached.size);
            core_set(fixture, block, layout->co_cached.co_varnames, cached);
            core_set(fixture, code, layout->code.co_cached, block);
        }
        fixture_decode(fixture, code);
        cr_expect(fixture_has(fixture, consts, REFERENCE_UNTRAVERSED, ".co_consts"));
        cr_expect_eq(fixture_count(fixture, cached), block ? 1 : 0);
        cr_expect_eq(fixture_buffer(fixture, extra), 32);
        uint64_t body = (layout->code.co_code_adaptive.offset + 9 * 2 + 7) & ~7u;
        cr_expect_eq(fixture->measure.body_size, body);
        cr_expect_eq(fixture->measure.size, body + 32);
    }
}

Test(code, hostile) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t type = fixture_type(fixture, "code", 0, 2);
        uint64_t code = fake_var_object(&fixture->fake, type, layout->code.size, INT64_MIN);
        fixture_decode(fixture, code);
        cr_expect_eq(fixture_damage(fixture, "length"), 1);
        code = fake_var_object(&fixture->fake, type, layout->code.size, 4);
        const struct field wild[] = {
            layout->code.co_extra,     layout->code.co_cached,    layout->code.co_monitoring,
            layout->code.co_executors, layout->code.co_linearray, layout->code.co_filename,
            layout->code.co_qualname,
        };
        for (size_t i = 0; i < sizeof wild / sizeof *wild; i++)
            core_set(fixture, code, wild[i], WILD);
        fixture_decode(fixture, code);
        cr_expect_leq(fixture->measure.size, 4096);
    }
}

Test(frame, saved_stack) {
    EACH_VERSION(fixture) {
        uint64_t code = core_code(fixture, 2, 2), address = fake_alloc(&fixture->fake, 256);
        uint64_t x = fixture_target(fixture), y = fixture_target(fixture);
        fill_frame(fixture, address, code, 3, x, y);
        struct frame frame;
        cr_assert(frame_read(&fixture->decode, address, &frame));
        cr_expect_eq(frame.code, code);
        cr_expect_eq(frame.local_count, 2);
        cr_expect_eq(frame.stack_count, 1);
        cr_expect_not(frame.stack_unknown);
        fixture->reference_count = 0;
        frame_references(&fixture->decode, &frame, REFERENCE_STRONG);
        fixture->decode.flush(&fixture->decode);
        cr_expect_eq(fixture_find(fixture, x)->label, LABEL_LOCAL);
        cr_expect_eq(fixture_find(fixture, x)->argument, 0);
        cr_expect_eq(fixture_find(fixture, y)->label, LABEL_STACK);
        cr_expect_eq(fixture_find(fixture, y)->argument, 0);
        cr_expect_eq(fixture_find(fixture, y)->properties, REFERENCE_STRONG);
        cr_expect(fixture_has(fixture, code, REFERENCE_STRONG, ".f_code"));
    }
}

Test(frame, running) {
    EACH_VERSION(fixture) {
        uint64_t code = core_code(fixture, 1, 4), address = fake_alloc(&fixture->fake, 256);
        uint64_t x = fixture_target(fixture), y = fixture_target(fixture);
        fill_frame(fixture, address, code, (uint64_t)-1, x, y);
        struct frame frame;
        cr_assert(frame_read(&fixture->decode, address, &frame));
        cr_expect(frame.stack_unknown);
        cr_expect_eq(frame.local_count, 1);
        fixture->reference_count = 0;
        frame_references(&fixture->decode, &frame, REFERENCE_STRONG);
        fixture->decode.flush(&fixture->decode);
        cr_expect_eq(fixture_find(fixture, x)->properties, REFERENCE_UNTRAVERSED);
        cr_expect(fixture_find(fixture, y)->properties & REFERENCE_GUESSED);
    }
}

Test(frame, hostile) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        struct frame frame;
        cr_expect_not(frame_read(&fixture->decode, WILD, &frame));
        uint64_t address = fake_alloc(&fixture->fake, 256);
        fill_frame(fixture, address, WILD, 0x7fffffff, WILD, WILD);
        cr_assert(frame_read(&fixture->decode, address, &frame));
        cr_expect_eq(frame.local_count, 0);
        frame_references(&fixture->decode, &frame, REFERENCE_STRONG);
        uint64_t code = core_code(fixture, 0x7fffffff, 0x7fffffff);
        fill_frame(fixture, address, code, (uint64_t)-1, WILD, WILD);
        cr_assert(frame_read(&fixture->decode, address, &frame));
        frame_references(&fixture->decode, &frame, REFERENCE_STRONG);
        code = core_code(fixture, 1 << 20, 1 << 20);
        fill_frame(fixture, address, code, 0x7fffffff, WILD, WILD);
        cr_assert(frame_read(&fixture->decode, address, &frame));
        frame_references(&fixture->decode, &frame, REFERENCE_STRONG);
        core_set(fixture, address, layout->interpreter_frame.previous, address);
        cr_assert(frame_read(&fixture->decode, address, &frame));
    }
}

Test(frame_object, owns_its_frame_or_shows_anothers) {
    EACH_VERSION(fixture) {
        const struct layout *layout = fixture->layout;
        uint64_t object = fixture_object(fixture, "frame", FAKE_HAVE_GC, frame_bytes(fixture, 8));
        uint64_t own = object + layout->frame.frame_data.offset;
        uint64_t code = core_code(fixture, 2, 2), x = fixture_target(fixture);
        fill_frame(fixture, own, code, 2, x, 0);
        core_set(fixture, object, layout->frame.f_frame, own);
        fixture_decode(fixture, object);
        cr_expect_eq(fixture_count(fixture, x), 1);
        uint64_t size = layout->frame.frame_data.offset + frame_bytes(fixture, 4);
        cr_expect_eq(fixture->measure.size, size);
        cr_expect_eq(fixture->measure.body_size, size);

        uint64_t elsewhere = fake_alloc(&fixture->fake, 256);
        fill_frame(fixture, elsewhere, code, 2, x, 0);
        core_set(fixture, object, layout->frame.f_frame, elsewhere);
        fixture_decode(fixture, object);
        cr_expect_eq(fixture_count(fixture, x), 0, "it is the thread's or the generator's");

        core_set(fixture, object, layout->frame.f_frame, WILD);
        core_set(fixture, object, layout->frame.f_back, object);
        fixture_decode(fixture, object);
        cr_expect_eq(fixture_damage(fixture, "kind"), 1);
    }
}

Test(generator, suspended_and_ended) {
    static const char *const names[] = {"generator", "coroutine", "async_generator"};
    for (size_t i = 0; i < 3; i++) {
        EACH_VERSION(fixture) {
            const struct layout *layout = fixture->layout;
            uint64_t object =
                fixture_object(fixture, names[i], FAKE_HAVE_GC, frame_bytes(fixture, 8));
            uint64_t frame = object + layout->generator.gi_iframe.offset;
            uint64_t code = core_code(fixture, 2, 3), x = fixture_target(fixture);
            uint64_t origin = fixture_target(fixture);
            fill_frame(fixture, frame, code, 2, x, 0);
            core_set(fixture, object, layout->generator.gi_code, code);
            core_set(fixture, object, layout->generator.gi_frame_state, SUSPENDED);
            core_set(fixture, object, layout->generator.gi_origin_or_finalizer, origin);
            fixture_decode(fixture, object);
            cr_expect_eq(fixture_count(fixture, x), 1);
            cr_expect_eq(fixture_count(fixture, origin), i > 0);
            cr_expect_eq(fixture->measure.size,
                         layout->generator.gi_iframe.offset + frame_bytes(fixture, 5));

            core_set(fixture, object, layout->generator.gi_frame_state, CLEARED);
            fixture_decode(fixture, object);
            cr_expect_eq(fixture_count(fixture, x), 0);
            cr_expect_eq(fixture_count(fixture, code), 1);

            core_set(fixture, frame, layout->interpreter_frame.f_executable, WILD);
            core_set(fixture, object, layout->generator.gi_code, WILD);
            core_set(fixture, object, layout->generator.gi_frame_state, SUSPENDED);
            fixture_decode(fixture, object);
            cr_expect_eq(fixture_damage(fixture, "kind"), 1);
        }
    }
}
