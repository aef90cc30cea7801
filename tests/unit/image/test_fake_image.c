/* The helper that other tests build on. */
#include "tests/unit/fake_image.h"

#include <criterion/criterion.h>

Test(fake_image, allocations_are_zero_present_aligned_and_apart) {
    struct fake_image fake;
    fake_image_create(&fake, NULL);
    uint64_t last_end = 0;
    for (uint64_t size = 1; size < 9000; size = size * 3 + 1) {
        uint64_t address = fake_alloc(&fake, size);
        const uint8_t *bytes = image_pin(fake.image, address, size);
        cr_assert_eq(address % 16, 0);
        cr_assert_geq(address, last_end);
        cr_assert_not_null(bytes);
        for (uint64_t i = 0; i < size; i++)
            cr_assert_eq(bytes[i], 0);
        last_end = address + size;
    }
    fake_image_destroy(&fake);
}

Test(fake_image, cut_allocations_end_where_they_say) {
    struct fake_image fake;
    fake_image_create(&fake, NULL);
    for (uint64_t present = 0; present < 10000; present += 808) {
        uint64_t address = fake_alloc_cut(&fake, 20000, present);
        size_t available = 0;
        image_pin_some(fake.image, address, 20000, &available);
        cr_assert_eq(available, present);
        cr_assert_eq(address % 8, 0);
        fake_alloc(&fake, 100); /* must not fill the hole */
        image_pin_some(fake.image, address, 20000, &available);
        cr_assert_eq(available, present);
    }
    uint64_t hole = fake_absent(&fake, 100);
    cr_assert_neq(image_place(fake.image, hole), UINT64_MAX);
    cr_assert_null(image_pin(fake.image, hole, 1));
    fake_image_destroy(&fake);
}

Test(fake_image, fields_and_bit_fields_are_set_apart) {
    struct fake_image fake;
    fake_image_create(&fake, NULL);
    uint64_t structure = fake_alloc(&fake, 32);
    struct field word = {.offset = 8, .size = 8}, byte = {.offset = 3, .size = 1};
    struct field low = {.offset = 16, .size = 4, .bit_offset = 0, .bit_size = 3};
    struct field high = {.offset = 16, .size = 4, .bit_offset = 3, .bit_size = 5};
    fake_set(&fake, structure, word, 0x1122334455667788);
    fake_set(&fake, structure, byte, 0xab);
    fake_set(&fake, structure, low, 5);
    fake_set(&fake, structure, high, 17);
    fake_set(&fake, structure, low, 2);
    fake_set(&fake, structure, (struct field){0}, 99);
    const void *bytes = image_pin(fake.image, structure, 32);
    cr_assert_eq(field_unsigned(bytes, word), 0x1122334455667788);
    cr_assert_eq(field_unsigned(bytes, byte), 0xab);
    cr_assert_eq(field_unsigned(bytes, low), 2);
    cr_assert_eq(field_unsigned(bytes, high), 17);
    cr_assert_eq(load_u64(bytes) & 0xffffff, 0);
    fake_image_destroy(&fake);
}
