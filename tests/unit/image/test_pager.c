/* Pages that are fetched on first use; by several threads at once: tests/race/pager.c. */
#include "image/image.h"

#include <criterion/criterion.h>

#define CHUNK ((uint64_t)IMAGE_CHUNK_SIZE)
#define PAGE  ((uint64_t)IMAGE_PAGE_SIZE)
#define START 0x7f1234400000ull

struct pager_state {
    unsigned calls;   /* not atomic: the image promises one call at a time */
    uint64_t missing; /* the address of a page that can't be read */
    bool misaligned;
};

static struct image *image;
static struct pager_state state;

static uint64_t word_at(uint64_t address) {
    return address * 0x9e3779b97f4a7c15ull;
}

static bool read_pages(void *context, uint64_t address, void *to, size_t size) {
    struct pager_state *pager = context;
    pager->calls++;
    pager->misaligned |= address % PAGE || size % PAGE;
    if (address <= pager->missing && pager->missing < address + size)
        return false;
    for (size_t i = 0; i < size / 8; i++)
        ((uint64_t *)to)[i] = word_at(address + 8 * i);
    return true;
}

static void set_up(void) {
    state = (struct pager_state){.missing = UINT64_MAX};
    cr_assert_null(image_create(16 * CHUNK, &image));
    cr_assert_null(image_reserve(image, START, START + 3 * CHUNK));
    image_set_pager(image, (struct image_pager){read_pages, &state});
}

static void tear_down(void) {
    image_destroy(image);
}

TestSuite(pager, .init = set_up, .fini = tear_down);

Test(pager, brings_a_page_once) {
    uint64_t word = 0;
    for (int i = 0; i < 3; i++) {
        cr_assert(image_read_u64(image, START + 5 * PAGE + 64, &word));
        cr_assert_eq(word, word_at(START + 5 * PAGE + 64));
    }
    cr_assert_eq(state.calls, 1);
    cr_assert_not(state.misaligned);
}

Test(pager, brings_all_pages_of_a_pin) {
    const uint64_t *words = image_pin(image, START + CHUNK - PAGE - 8, 2 * PAGE + 16);
    cr_assert_not_null(words);
    for (uint64_t i = 0; i < (2 * PAGE + 16) / 8; i++)
        cr_assert_eq(words[i], word_at(START + CHUNK - PAGE - 8 + 8 * i));
    cr_assert_eq(state.calls, 2); /* with what is around them, on each side of the edge */
}

Test(pager, pages_that_are_there_are_left_alone) {
    cr_assert_null(image_add_bytes(image, START, "mine", 5));
    cr_assert_str_eq(image_pin(image, START, 5), "mine");
    cr_assert_eq(state.calls, 0);
}

Test(pager, a_page_that_cannot_be_read_is_absent) {
    state.missing = START + 2 * PAGE;
    size_t available = 0;
    cr_assert_null(image_pin(image, START + 2 * PAGE, 8));
    cr_assert_null(image_pin(image, START + PAGE, PAGE + 1));
    cr_assert_not_null(image_pin_some(image, START, 4 * PAGE, &available));
    cr_assert_eq(available, 2 * PAGE);
    state.missing = UINT64_MAX;
    cr_assert_not_null(image_pin(image, START + 2 * PAGE, 8));
}

Test(pager, is_never_asked_for_what_was_not_reserved) {
    cr_assert_null(image_pin(image, START - 1, 1));
    cr_assert_null(image_pin(image, START + 3 * CHUNK, 1));
    cr_assert_null(image_pin(image, 0, 1));
    cr_assert_null(image_pin(image, UINT64_MAX, 1));
    cr_assert_eq(state.calls, 0);
}

Test(pager, without_one_pages_stay_absent) {
    image_set_pager(image, (struct image_pager){0});
    cr_assert_null(image_pin(image, START, 1));
}
