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

TestSuite(xml, .init = start, .fini = stop);

static uint64_t element(uint64_t children, uint64_t length, uint64_t *extra) {
    uint64_t object =
        fixture_object(f, "xml.etree.ElementTree.Element", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    *extra = fake_alloc(&f->fake, l->element_extra.size);
    if (!children)
        children = *extra + l->element_extra.inline_children.offset;
    fake_set(&f->fake, *extra, l->element_extra.children, children);
    fake_set(&f->fake, *extra, l->element_extra.length, length);
    fake_set(&f->fake, *extra, l->element_extra.allocated, length);
    fake_set(&f->fake, object, l->element.extra, *extra);
    return object;
}

Test(xml, few_children_lie_in_the_extra_block) {
    uint64_t extra, object = element(0, 2, &extra);
    uint64_t child = fixture_target(f), text = fixture_target(f), tail = fixture_target(f);
    fake_word(&f->fake, extra + l->element_extra.inline_children.offset + 8, child);
    fake_set(&f->fake, object, l->element.text, text | 1); /* a list still to be joined */
    fake_set(&f->fake, object, l->element.tail, tail);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, text, REFERENCE_STRONG, ".text"));
    cr_assert(fixture_has(f, tail, REFERENCE_STRONG, ".tail"));
    cr_assert_eq(fixture_find(f, child)->argument, 1);
    cr_assert_eq(f->measure.size, l->element.size + l->element_extra.size);
    cr_assert_eq(f->buffer_count, 1);
}

Test(xml, many_have_an_array) {
    uint64_t child = fixture_target(f), extra;
    uint64_t children = fake_pointers(&f->fake, 6, (uint64_t[]){child, child, child, 0, 0, child});
    fixture_decode(f, element(children, 6, &extra));
    cr_assert_eq(fixture_count(f, child), 4);
    cr_assert_eq(f->measure.size, l->element.size + l->element_extra.size + 48);
    cr_assert_eq(fixture_buffer(f, children), 48);
}

Test(xml, elements_that_lie) {
    uint64_t extra, object = element(0, UINT64_MAX / 2, &extra);
    fixture_decode(f, object);
    cr_assert_gt(f->damage.count, 0);
    fake_set(&f->fake, object, l->element.extra, 0x33);
    fixture_decode(f, object);
    cr_assert_gt(fixture_damage(f, "absent"), 0);
    uint64_t iterator =
        fixture_object(f, "_elementtree._element_iterator", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    fake_set(&f->fake, iterator, l->element_iterator.parent_stack,
             fake_alloc_cut(&f->fake, 8192, 4096));
    fake_set(&f->fake, iterator, l->element_iterator.parent_stack_used, UINT64_MAX);
    fixture_decode(f, iterator);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
}
