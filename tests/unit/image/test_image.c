#include "image/image.h"

#include <criterion/criterion.h>

#define CHUNK     ((uint64_t)IMAGE_CHUNK_SIZE)
#define PAGE      ((uint64_t)IMAGE_PAGE_SIZE)
#define SOMEWHERE 0x7f1234400000ull /* a multiple of CHUNK */
#define TOP       ((uint64_t)1 << IMAGE_ADDRESS_BITS)

static struct image *image;

static void must(struct err *err) {
    cr_assert_null(err, "%s", err ? err_message(err) : "");
}

static void set_up(void) {
    must(image_create(64 * CHUNK, &image));
}
static void tear_down(void) {
    image_destroy(image);
}

TestSuite(image, .init = set_up, .fini = tear_down);

/* Fills the reserved range [start, end) with bytes that depend on their address. */
static void fill(uint64_t start, uint64_t end) {
    for (uint64_t at = start; at < end;) {
        size_t length = 0;
        uint8_t *to = image_writable(image, at, end, &length);
        cr_assert_not_null(to);
        for (size_t i = 0; i < length; i++)
            to[i] = (uint8_t)((at + i) * 7 + ((at + i) >> 12));
        at += length;
    }
    image_mark_present(image, start, end);
}

static bool is_filled(uint64_t address, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != (uint8_t)((address + i) * 7 + ((address + i) >> 12)))
            return false;
    }
    return true;
}

Test(image, an_empty_one_has_nothing_anywhere) {
    static const uint64_t addresses[] = {0, 1, PAGE, SOMEWHERE, TOP - 1, TOP, TOP + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        size_t available = 1;
        cr_assert_eq(image_place(image, addresses[i]), UINT64_MAX);
        cr_assert_null(image_pin(image, addresses[i], 1));
        cr_assert_null(image_pin_some(image, addresses[i], 1, &available));
        cr_assert_eq(available, 0);
    }
    cr_assert_null(image_mapping_at(image, SOMEWHERE));
    cr_assert_null(image_module_at(image, SOMEWHERE));
    cr_assert_null(image_find_symbol(image, "_PyRuntime", UINT32_MAX));
}

Test(image, reserved_is_not_present) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + 1));
    cr_assert_neq(image_place(image, SOMEWHERE), UINT64_MAX);
    cr_assert_null(image_pin(image, SOMEWHERE, 1));
    cr_assert_null(image_pin(image, SOMEWHERE + 1, CHUNK - 1));
}

Test(image, places_and_addresses_are_inverse) {
    must(image_reserve(image, SOMEWHERE + 5, SOMEWHERE + 3 * CHUNK));
    must(image_reserve(image, 0x10000, 0x20000));
    for (uint64_t place = 0; place < image->mirror_size; place += 4097)
        cr_assert_eq(image_place(image, image_address_of_place(image, place)), place);
    cr_assert_eq(image->mirror_size, 4 * CHUNK);
}

Test(image, reserving_again_keeps_the_bytes) {
    must(image_add_bytes(image, SOMEWHERE + 100, "kept", 5));
    uint64_t place = image_place(image, SOMEWHERE);
    must(image_reserve(image, SOMEWHERE - CHUNK, SOMEWHERE + 2 * CHUNK));
    cr_assert_eq(image_place(image, SOMEWHERE), place);
    cr_assert_str_eq(image_pin(image, SOMEWHERE + 100, 5), "kept");
}

Test(image, more_than_the_capacity_is_an_error) {
    struct err *err = image_reserve(image, SOMEWHERE, SOMEWHERE + 1000 * CHUNK);
    cr_assert_not_null(err);
    cr_assert_eq(err_code(err), ERR_BUDGET);
    err_free(err);
    fill(SOMEWHERE, SOMEWHERE + PAGE);
    cr_assert_not_null(image_pin(image, SOMEWHERE, PAGE));
}

Test(image, ranges_outside_of_user_space_are_errors) {
    static const uint64_t ranges[][2] = {
        {TOP - PAGE, TOP}, {TOP, TOP + PAGE}, {UINT64_MAX - 1, UINT64_MAX}, {PAGE, 0}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct err *err = image_reserve(image, ranges[i][0], ranges[i][1]);
        cr_assert_not_null(err, "range %zu", i);
        err_free(err);
    }
    struct err *err = image_add_bytes(image, UINT64_MAX - 2, "wraps", 6);
    cr_assert_not_null(err);
    err_free(err);
}

Test(image, the_last_pages_of_user_space_can_be_had) {
    must(image_add_bytes(image, TOP - PAGE - 5, "last", 5));
    cr_assert_str_eq(image_pin(image, TOP - PAGE - 5, 5), "last");
    cr_assert_null(image_pin(image, TOP - 1, 2));
    cr_assert_null(image_pin(image, TOP - PAGE - 5, SIZE_MAX));
}

Test(image, only_whole_pages_become_present) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + CHUNK));
    image_mark_present(image, SOMEWHERE + 1, SOMEWHERE + 3 * PAGE - 1);
    cr_assert_null(image_pin(image, SOMEWHERE, 1));
    cr_assert_null(image_pin(image, SOMEWHERE + PAGE - 1, 1));
    cr_assert_not_null(image_pin(image, SOMEWHERE + PAGE, PAGE));
    cr_assert_null(image_pin(image, SOMEWHERE + PAGE, PAGE + 1));
    cr_assert_null(image_pin(image, SOMEWHERE + 2 * PAGE, 1));
    cr_assert_null(image_pin(image, SOMEWHERE + PAGE - 1, 2));
}

Test(image, marking_what_was_never_reserved_does_nothing) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + CHUNK));
    image_mark_present(image, SOMEWHERE - 2 * CHUNK, SOMEWHERE + 2 * CHUNK);
    cr_assert_not_null(image_pin(image, SOMEWHERE, CHUNK));
    cr_assert_null(image_pin(image, SOMEWHERE - 1, 1));
    cr_assert_null(image_pin(image, SOMEWHERE + CHUNK, 1));
}

Test(image, a_chunk_made_whole_page_by_page_is_whole) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + CHUNK));
    for (uint64_t at = SOMEWHERE; at < SOMEWHERE + CHUNK; at += PAGE) {
        cr_assert_null(image_pin(image, SOMEWHERE, CHUNK));
        image_mark_present(image, at, at + PAGE);
    }
    cr_assert_not_null(image_pin(image, SOMEWHERE, CHUNK));
}

Test(image, pins_cross_chunks_that_lie_side_by_side) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + 3 * CHUNK));
    fill(SOMEWHERE, SOMEWHERE + 3 * CHUNK);
    static const uint64_t starts[] = {0, 1, CHUNK - 1, CHUNK - PAGE, 2 * CHUNK - 3};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        uint64_t size = 3 * CHUNK - starts[i];
        const uint8_t *bytes = image_pin(image, SOMEWHERE + starts[i], size);
        cr_assert_not_null(bytes);
        cr_assert(is_filled(SOMEWHERE + starts[i], bytes, size));
        cr_assert_null(image_pin(image, SOMEWHERE + starts[i], size + 1));
    }
}

Test(image, no_pin_crosses_chunks_that_are_apart_in_the_mirror) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + CHUNK));
    must(image_reserve(image, 0x10000, 0x20000));
    must(image_reserve(image, SOMEWHERE + CHUNK, SOMEWHERE + 2 * CHUNK));
    fill(SOMEWHERE, SOMEWHERE + 2 * CHUNK);
    cr_assert_not_null(image_pin(image, SOMEWHERE + CHUNK - 8, 8));
    cr_assert_null(image_pin(image, SOMEWHERE + CHUNK - 8, 9));
    size_t available = 0;
    const uint8_t *bytes = image_pin_some(image, SOMEWHERE + CHUNK - 8, 100, &available);
    cr_assert_eq(available, 8);
    cr_assert(is_filled(SOMEWHERE + CHUNK - 8, bytes, 8));
}

Test(image, neighbours_in_the_mirror_that_are_strangers_do_not_join) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + CHUNK));
    must(image_reserve(image, SOMEWHERE + 4 * CHUNK, SOMEWHERE + 5 * CHUNK));
    fill(SOMEWHERE, SOMEWHERE + CHUNK);
    fill(SOMEWHERE + 4 * CHUNK, SOMEWHERE + 5 * CHUNK);
    cr_assert_null(image_pin(image, SOMEWHERE + CHUNK - 1, 2));
}

Test(image, pins_of_odd_sizes_at_odd_addresses) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + CHUNK));
    fill(SOMEWHERE, SOMEWHERE + 3 * PAGE);
    for (uint64_t start = 0; start < 3 * PAGE; start += 101) {
        for (uint64_t size = 1; size < 4 * PAGE; size += 997) {
            const uint8_t *bytes = image_pin(image, SOMEWHERE + start, size);
            cr_assert_eq(bytes != NULL, start + size <= 3 * PAGE, "%#lx + %#lx", start, size);
            cr_assert(!bytes || is_filled(SOMEWHERE + start, bytes, size));
        }
    }
}

Test(image, huge_sizes_never_fit) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + CHUNK));
    fill(SOMEWHERE, SOMEWHERE + CHUNK);
    static const size_t sizes[] = {CHUNK + 1, (size_t)1 << 48, SIZE_MAX / 2, SIZE_MAX - 1,
                                   SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t available = 0;
        cr_assert_null(image_pin(image, SOMEWHERE, sizes[i]));
        cr_assert_null(image_pin(image, SOMEWHERE + CHUNK - 1, sizes[i]));
        cr_assert_not_null(image_pin_some(image, SOMEWHERE + 3, sizes[i], &available));
        cr_assert_eq(available, CHUNK - 3);
    }
}

Test(image, pin_some_stops_at_the_first_hole) {
    must(image_reserve(image, SOMEWHERE, SOMEWHERE + 2 * CHUNK));
    fill(SOMEWHERE, SOMEWHERE + CHUNK + 2 * PAGE);
    size_t available = 0;
    cr_assert_not_null(image_pin_some(image, SOMEWHERE + 10, 10 * CHUNK, &available));
    cr_assert_eq(available, CHUNK + 2 * PAGE - 10);
    cr_assert_null(image_pin_some(image, SOMEWHERE + CHUNK + 2 * PAGE, 1, &available));
    cr_assert_eq(available, 0);
    cr_assert_not_null(image_pin_some(image, SOMEWHERE, 3, &available));
    cr_assert_eq(available, 3);
}

Test(image, added_bytes_share_their_page_with_zeros_and_each_other) {
    must(image_add_bytes(image, SOMEWHERE + 4090, "across pages", 13));
    must(image_add_bytes(image, SOMEWHERE + 8, "\xff", 1));
    must(image_add_bytes(image, SOMEWHERE + 99, "", 0));
    uint64_t word = 1;
    cr_assert(image_read_u64(image, SOMEWHERE, &word));
    cr_assert_eq(word, 0);
    cr_assert(image_read_u64(image, SOMEWHERE + 8, &word));
    cr_assert_eq(word, 0xff);
    cr_assert_str_eq(image_pin(image, SOMEWHERE + 4090, 13), "across pages");
    cr_assert_not(image_read_u64(image, SOMEWHERE + 2 * PAGE - 7, &word));
}

Test(image, added_bytes_cross_chunks) {
    static uint8_t bytes[2 * IMAGE_CHUNK_SIZE + 3];
    memset(bytes, 0x5a, sizeof bytes);
    must(image_add_bytes(image, SOMEWHERE + CHUNK - 1, bytes, sizeof bytes));
    const void *pinned = image_pin(image, SOMEWHERE + CHUNK - 1, sizeof bytes);
    cr_assert_not_null(pinned);
    cr_assert_arr_eq(pinned, bytes, sizeof bytes);
}

Test(image, strings_end_or_are_refused) {
    char to[8];
    must(image_add_bytes(image, SOMEWHERE + PAGE - 5, "right", 5)); /* no NUL before the hole */
    must(image_add_bytes(image, SOMEWHERE + 16, "1234567", 8));
    must(image_add_bytes(image, SOMEWHERE + 32, "12345678", 9));
    cr_assert(image_read_string(image, SOMEWHERE + 16, to, sizeof to));
    cr_assert_str_eq(to, "1234567");
    cr_assert(image_read_string(image, SOMEWHERE + 23, to, sizeof to));
    cr_assert_str_eq(to, "");
    cr_assert_not(image_read_string(image, SOMEWHERE + 32, to, sizeof to));
    cr_assert_not(image_read_string(image, SOMEWHERE + PAGE - 5, to, sizeof to));
    cr_assert_not(image_read_string(image, SOMEWHERE + CHUNK, to, sizeof to));
    cr_assert_not(image_read_string(image, UINT64_MAX, to, sizeof to));
}

Test(image, mappings_are_found_by_any_address_in_them) {
    char path[] = "/usr/lib/libx.so";
    must(image_add_mapping(image, &(struct image_mapping){.start = 0x1000, .end = 0x3000}));
    must(image_add_mapping(image,
                           &(struct image_mapping){.start = 0x3000, .end = 0x4000, .path = path}));
    must(image_add_mapping(image, &(struct image_mapping){.start = 0x9000, .end = 0xa000}));
    path[0] = 'X'; /* the image has a copy of its own */
    cr_assert_null(image_mapping_at(image, 0xfff));
    cr_assert_eq(image_mapping_at(image, 0x1000)->start, 0x1000);
    cr_assert_eq(image_mapping_at(image, 0x2fff)->start, 0x1000);
    cr_assert_str_eq(image_mapping_at(image, 0x2fff)->path, "");
    cr_assert_str_eq(image_mapping_at(image, 0x3000)->path, "/usr/lib/libx.so");
    cr_assert_null(image_mapping_at(image, 0x4000));
    cr_assert_null(image_mapping_at(image, 0x8fff));
    cr_assert_eq(image_mapping_at(image, 0x9fff)->start, 0x9000);
    cr_assert_null(image_mapping_at(image, 0xa000));
    size_t count = 0;
    image_mappings(image, &count);
    cr_assert_eq(count, 3);
}

Test(image, symbols_are_found_by_name_in_any_or_one_module) {
    must(image_add_module(
        image, &(struct image_module){.path = "/bin/python3", .start = 0x1000, .end = 0x2000}));
    must(image_add_module(
        image, &(struct image_module){.path = "/lib/other.so", .start = 0x5000, .end = 0x6000}));
    must(image_add_symbol(
        image, &(struct image_symbol){.name = "arenas", .address = 0x1100, .module = 0}));
    must(image_add_symbol(
        image, &(struct image_symbol){.name = "arenas", .address = 0x5100, .module = 1}));
    cr_assert_eq(image_find_symbol(image, "arenas", UINT32_MAX)->address, 0x1100);
    cr_assert_eq(image_find_symbol(image, "arenas", 1)->address, 0x5100);
    cr_assert_null(image_find_symbol(image, "arenas", 2));
    cr_assert_null(image_find_symbol(image, "arena", UINT32_MAX));
    cr_assert_str_eq(image_module_at(image, 0x5fff)->path, "/lib/other.so");
    cr_assert_null(image_module_at(image, 0x6000));
}

Test(image, data_symbols_are_found_by_what_lies_in_them) {
    must(image_add_data_symbol(
        image, &(struct image_symbol){.name = "cache", .address = 0x1100, .size = 16}));
    must(image_add_data_symbol(
        image, &(struct image_symbol){.name = "list", .address = 0x1110, .size = 8}));
    must(image_add_symbol(image,
                          &(struct image_symbol){.name = "arenas", .address = 0x3000, .size = 8}));
    cr_assert_null(image_symbol_at(image, 0x10ff));
    cr_assert_str_eq(image_symbol_at(image, 0x1100)->name, "cache");
    cr_assert_str_eq(image_symbol_at(image, 0x110f)->name, "cache");
    cr_assert_str_eq(image_symbol_at(image, 0x1117)->name, "list");
    cr_assert_null(image_symbol_at(image, 0x1118));
    cr_assert_null(image_find_symbol(image, "cache", UINT32_MAX));
}

Test(image, threads_are_kept) {
    must(image_add_thread(image, &(struct image_thread){.tid = 42, .name = "worker"}));
    size_t count = 0;
    const struct image_thread *threads = image_threads(image, &count);
    cr_assert_eq(count, 1);
    cr_assert_eq(threads[0].tid, 42);
    cr_assert_str_eq(threads[0].name, "worker");
}
