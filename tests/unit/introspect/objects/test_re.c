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

TestSuite(re, .init = start, .fini = stop);

Test(re, scanners_own_marks_and_a_string) {
    uint64_t pattern = fixture_object(f, "re.Pattern", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    fake_set(&f->fake, pattern, l->re_pattern.groups, 3);
    uint64_t scanner = fixture_object(f, "_sre.SRE_Scanner", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t string = fixture_target(f), marks = fake_alloc(&f->fake, 48);
    fake_set(&f->fake, scanner, l->re_scanner.pattern, pattern);
    fake_set(&f->fake, scanner, l->re_scanner.state_string, string);
    fake_set(&f->fake, scanner, l->re_scanner.state_mark, marks);
    fixture_decode(f, scanner);
    cr_assert(fixture_has(f, pattern, REFERENCE_STRONG, ".pattern"));
    cr_assert(fixture_has(f, string, REFERENCE_UNTRAVERSED, "->state.string"));
    cr_assert_eq(fixture_buffer(f, marks), 48);
}

Test(re, templates) {
    uint64_t template = fixture_object(f, "_sre.SRE_Template", FAKE_HAVE_GC | FAKE_HEAPTYPE, 64);
    uint64_t literal = fixture_target(f), item = fixture_target(f);
    fake_set(&f->fake, template, l->re_template.literal, literal);
    fake_set(&f->fake, template, l->var_object.ob_size, 3);
    fake_word(&f->fake, template + l->re_template.items.offset + 16 + 8, item);
    fixture_decode(f, template);
    cr_assert(fixture_has(f, literal, REFERENCE_STRONG, "->literal"));
    cr_assert_eq(fixture_find(f, item)->argument, 1);
    cr_assert_eq(f->reference_count, 2);

    uint64_t type = fixture_type(f, "_sre.SRE_Template", FAKE_HAVE_GC, 16);
    uint64_t cut = fake_object_cut(&f->fake, type, 4096, l->re_template.size + 32);
    fake_set(&f->fake, cut, l->var_object.ob_size, UINT64_MAX / 2);
    fixture_decode(f, cut);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
}
