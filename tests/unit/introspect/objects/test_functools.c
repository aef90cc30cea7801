#include "decode_fixture.h"

#include <criterion/criterion.h>

static struct decode_fixture *f;
static const struct layout *l;
static uint64_t element_type;

static void start(void) {
    f = fixture_create("3.11.2");
    l = f->layout;
    element_type = fixture_type(f, "functools._lru_list_elem", FAKE_HEAPTYPE, 0);
}

static void stop(void) {
    fixture_destroy(f);
}

static uint64_t cache(void) {
    uint64_t object =
        fixture_object(f, "functools._lru_cache_wrapper", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    fake_set(&f->fake, object, l->lru_cache.root_next, object);
    return object;
}

static uint64_t element(uint64_t previous, uint64_t next) {
    uint64_t object = fake_object(&f->fake, element_type, l->lru_list_elem.size);
    fake_set(&f->fake, object, l->lru_list_elem.prev, previous);
    fake_set(&f->fake, object, l->lru_list_elem.next, next);
    fake_set(&f->fake, object, l->lru_list_elem.key, fixture_target(f));
    fake_set(&f->fake, object, l->lru_list_elem.result, fixture_target(f));
    return object;
}

static uint64_t owned(uint64_t object, struct field field) {
    uint64_t value = 0;
    cr_assert(image_read_u64(f->fake.image, object + field.offset, &value));
    return value;
}

TestSuite(functools, .init = start, .fini = stop);

Test(functools, an_lru_cache_visits_for_its_entries) {
    uint64_t object = cache(), second = element(0, object), first = element(object, second);
    fake_set(&f->fake, second, l->lru_list_elem.prev, first);
    fake_set(&f->fake, object, l->lru_cache.root_next, first);
    fake_set(&f->fake, object, l->lru_cache.maxsize, 128);
    fake_set(&f->fake, object, l->lru_cache.hits, 3);
    fixture_decode(f, object);
    cr_assert_eq(fixture_find(f, first)->properties, REFERENCE_UNTRAVERSED);
    cr_assert_eq(fixture_find(f, second)->argument, 1);
    uint64_t key = owned(first, l->lru_list_elem.key);
    cr_assert(fixture_has(f, key, REFERENCE_TRAVERSED, "->key"));
    cr_assert_eq(fixture_count(f, element_type), 2);
    cr_assert_str_eq(strbuf_text(&f->preview), "hits=3, misses=0, maxsize=128, currsize=0");
    cr_assert_eq(f->damage.count, 0);

    fixture_decode(f, first);
    cr_assert(fixture_has(f, key, REFERENCE_UNTRAVERSED, "->key"));
    cr_assert(
        fixture_has(f, owned(first, l->lru_list_elem.result), REFERENCE_UNTRAVERSED, "->result"));
}

Test(functools, rings_that_do_not_close) {
    uint64_t object = cache(), first = element(object, 0);
    fake_set(&f->fake, object, l->lru_cache.root_next, first);
    fixture_decode(f, object); /* ends in NULL */
    cr_assert_eq(fixture_count(f, first), 1);
    fake_set(&f->fake, first, l->lru_list_elem.next, first);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "chain"), 1);
    fake_set(&f->fake, first, l->lru_list_elem.next, 0x7fff00000010);
    fixture_decode(f, object);
    cr_assert_eq(fixture_damage(f, "absent"), 1);
}

Test(functools, partial) {
    uint64_t object = fixture_object(f, "functools.partial", FAKE_HAVE_GC | FAKE_HEAPTYPE, 0);
    uint64_t function = fixture_target(f), dict = fixture_target(f);
    fake_set(&f->fake, object, l->partial.fn, function);
    fake_set(&f->fake, object, l->partial.dict, dict);
    fixture_decode(f, object);
    cr_assert(fixture_has(f, function, REFERENCE_STRONG, ".func"));
    cr_assert(fixture_has(f, dict, REFERENCE_STRONG, ".__dict__"));
    cr_assert_eq(f->reference_count, 2);
}
