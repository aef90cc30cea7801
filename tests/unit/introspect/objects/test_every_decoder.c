/* Every decoder of every family, on objects full of each kind of nonsense. */
#include "decode_fixture.h"

#include <criterion/criterion.h>

enum { BODY_WORDS = 512 };

static struct decode_fixture *f;

/* Words that look like pointers and counts. */
static void fill(uint64_t object, size_t words, const uint64_t *nonsense, size_t kinds,
                 size_t shift) {
    for (size_t i = 2; i < words; i++) /* its refcount and type stay */
        fake_word(&f->fake, object + i * 8, nonsense[(i * 7 + shift) % kinds]);
}

static void try_type(const char *name, uint64_t flags) {
    uint64_t type = fixture_type(f, name, flags, 8);
    uint64_t object = fake_object(&f->fake, type, BODY_WORDS * 8);
    uint64_t other = fake_object(&f->fake, type, BODY_WORDS * 8);
    uint64_t edge = fake_alloc_cut(&f->fake, 8192, 64);
    const uint64_t nonsense[] = {object,     other,      0,          edge,           1,
                                 UINT64_MAX, object + 8, 3,          0x7fffffffffff, edge + 60,
                                 1ull << 63, 64,         other - 16, 0x8000000};
    size_t kinds = sizeof nonsense / sizeof *nonsense;
    for (size_t i = 0; i < kinds; i++) {
        fill(object, BODY_WORDS, &nonsense[i], 1, 0);
        fill(other, BODY_WORDS, nonsense, kinds, i);
        fixture_decode(f, object);
        fixture_decode(f, other);
    }
}

static void try_every_decoder(const char *version) {
    f = fixture_create(version);
    size_t tried = 0;
    for (const struct decoder *const *const *family = decoder_registry; *family; family++) {
        for (const struct decoder *const *decoder = *family; *decoder; decoder++) {
            if ((*decoder)->least_size && !(*decoder)->least_size(f->layout))
                continue; /* this build has no such structure */
            try_type((*decoder)->types[0], FAKE_HAVE_GC);
            try_type((*decoder)->types[0], 0);
            tried++;
        }
    }
    cr_assert_gt(tried, 100);
    fixture_destroy(f);
}

Test(every_decoder, survives_nonsense_in_3_8) {
    try_every_decoder("3.8.18");
}

Test(every_decoder, survives_nonsense_in_3_11) {
    try_every_decoder("3.11.2");
}

Test(every_decoder, survives_nonsense_in_3_13) {
    try_every_decoder("3.13.0");
}

Test(every_decoder, survives_nonsense_in_3_15) {
    try_every_decoder("3.15.2");
}

/* In the builds that the tables know, no decoder of the standard library is there in vain. */
Test(every_decoder, knows_its_structure_in_some_build) {
    static const char *const versions[] = {"3.8.18", "3.11.2", "3.13.0", "3.15.2"};
    for (const struct decoder *const *const *family = decoder_registry; *family; family++) {
        for (const struct decoder *const *decoder = *family; *decoder; decoder++) {
            bool usable = !(*decoder)->least_size;
            for (size_t i = 0; !usable && i < sizeof versions / sizeof *versions; i++) {
                f = fixture_create(versions[i]);
                usable = (*decoder)->least_size(f->layout);
                fixture_destroy(f);
            }
            cr_assert(usable, "%s", (*decoder)->name);
        }
    }
}
