#include "introspect/objects/decoder.h"

/* No address space holds more pointers. */
enum { MAX_POINTERS_SHIFT = IMAGE_ADDRESS_BITS - 3 };

static void add_items(struct decode *decode, const uint8_t *items, uint64_t count, uint64_t first,
                      unsigned properties) {
    for (uint64_t i = 0; i < count; i++)
        reference_add(decode, load_u64(items + i * 8), properties, LABEL_ITEM, first + i);
}

void reference_array(struct decode *decode, uint64_t address, uint64_t count, unsigned properties,
                     const char *where) {
    if (!count)
        return;
    if (count >> MAX_POINTERS_SHIFT) {
        decode_damage(decode, "length", where, address);
        return;
    }
    const uint8_t *items = image_pin(decode->image, address, count * 8);
    if (__builtin_expect(items != NULL, 1)) {
        add_items(decode, items, count, 0, properties);
        return;
    }
    for (uint64_t done = 0; done < count;) {
        size_t available = 0;
        items = image_pin_some(decode->image, address + done * 8, (count - done) * 8, &available);
        if (!items || available < 8) {
            decode_damage(decode, "absent", where, address + done * 8);
            return;
        }
        add_items(decode, items, available / 8, done, properties);
        done += available / 8;
    }
}
