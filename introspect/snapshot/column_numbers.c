/* Columns of numbers in planes of bytes. Neighbouring values differ in their low bytes mostly, so
 * that a plane is either noise or nearly constant, and zstd is fast and good at both. */
#include "introspect/snapshot/column.h"

/* The first byte of a column: how many planes there are, and how numbers were made small. */
enum { WIDTH_MASK = 0xf, IS_ZIGZAG = 0x10, IS_DELTA = 0x20, KNOWN = 0x3f };

/* Values are worked on in blocks that stay in the first cache. */
enum { BLOCK = 1024 };

/* Where the next block comes from. */
struct input {
    const uint64_t *values64; /* or NULL */
    const uint32_t *values32;
    enum column_form form;
    uint64_t previous; /* of the last value, for differences */
    unsigned shift;    /* low bits that are zero in all differences */
    bool zigzag;
};

/* The values [first, first + count) as the differences, or the values, that they are stored as;
 * still signed, and not shifted. */
static void take_block(struct input *input, size_t first, size_t count, uint64_t *block) {
    if (input->values64) {
        memcpy(block, input->values64 + first, count * sizeof *block);
    } else if (input->form == COLUMN_SIGNED) {
        for (size_t i = 0; i < count; i++)
            block[i] = (uint64_t)(int64_t)(int32_t)input->values32[first + i];
    } else {
        for (size_t i = 0; i < count; i++)
            block[i] = input->values32[first + i];
    }
    if (input->form != COLUMN_DELTA)
        return;
    uint64_t last = block[count - 1];
    for (size_t i = count - 1; i > 0; i--)
        block[i] -= block[i - 1];
    block[0] -= input->previous;
    input->previous = last;
}

/* What the whole column needs. */
struct extent {
    uint64_t bits;    /* all differences, or-ed */
    uint64_t zigzags; /* the same of their zigzag form */
};

static struct extent measure(struct input input, size_t count) {
    struct extent extent = {0};
    uint64_t block[BLOCK];
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t part = count - first < BLOCK ? count - first : BLOCK;
        take_block(&input, first, part, block);
        for (size_t i = 0; i < part; i++) {
            extent.bits |= block[i];
            extent.zigzags |= column_zigzag((int64_t)block[i]);
        }
    }
    return extent;
}

static unsigned bytes_of(uint64_t bits) {
    return bits ? (71 - (unsigned)__builtin_clzll(bits)) / 8 : 0;
}

static void put_planes(struct input input, size_t count, unsigned width, uint8_t *planes) {
    uint64_t block[BLOCK];
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t part = count - first < BLOCK ? count - first : BLOCK;
        take_block(&input, first, part, block);
        if (input.zigzag) {
            for (size_t i = 0; i < part; i++)
                block[i] = column_zigzag((int64_t)block[i] >> input.shift);
        } else {
            for (size_t i = 0; i < part; i++)
                block[i] >>= input.shift;
        }
        for (unsigned plane = 0; plane < width; plane++) {
            uint8_t *to = planes + plane * count + first;
            for (size_t i = 0; i < part; i++)
                to[i] = (uint8_t)(block[i] >> (8 * plane));
        }
    }
}

static void put_numbers(struct column_buffer *buffer, struct input input, size_t count) {
    uint64_t base = 0;
    if (input.form == COLUMN_DELTA && count)
        base = input.values64 ? input.values64[0] : input.values32[0];
    input.previous = base;
    struct extent extent = measure(input, count);
    input.zigzag = extent.bits >> 63;
    input.shift = extent.bits ? (unsigned)__builtin_ctzll(extent.bits) : 0;
    uint64_t largest = (input.zigzag ? extent.zigzags : extent.bits) >> input.shift;
    unsigned width = bytes_of(largest);
    unsigned first =
        width | (input.zigzag ? IS_ZIGZAG : 0) | (input.form == COLUMN_DELTA ? IS_DELTA : 0);
    column_u8(buffer, (uint8_t)first);
    column_u8(buffer, (uint8_t)input.shift);
    if (input.form == COLUMN_DELTA)
        column_varint(buffer, base);
    uint8_t *planes = column_room(buffer, width * count);
    if (!planes)
        return;
    put_planes(input, count, width, planes);
    buffer->length += width * count;
}

void column_numbers64(struct column_buffer *buffer, enum column_form form, const uint64_t *values,
                      size_t count) {
    put_numbers(buffer, (struct input){.values64 = values, .form = form}, count);
}

void column_numbers32(struct column_buffer *buffer, enum column_form form, const uint32_t *values,
                      size_t count) {
    put_numbers(buffer, (struct input){.values32 = values, .form = form}, count);
}

/* What the head of a column says. */
struct head {
    unsigned width, shift;
    bool zigzag, delta;
    uint64_t base;
};

static const uint8_t *take_head(struct column_reader *reader, size_t count, struct head *head) {
    unsigned first = column_take_u8(reader);
    head->width = first & WIDTH_MASK;
    head->shift = column_take_u8(reader);
    head->zigzag = first & IS_ZIGZAG;
    head->delta = first & IS_DELTA;
    head->base = head->delta ? column_take_varint(reader) : 0;
    if (first & ~KNOWN || head->width > 8 || head->shift > 63)
        column_fail(reader);
    size_t length = 0;
    if (__builtin_mul_overflow(head->width, count, &length))
        length = SIZE_MAX;
    return column_take(reader, length);
}

/* The values [first, first + count); `previous` is the one before them. */
static void get_block(const struct head *head, const uint8_t *planes, size_t total, size_t first,
                      size_t count, uint64_t *previous, uint64_t *block) {
    memset(block, 0, count * sizeof *block);
    for (unsigned plane = 0; plane < head->width; plane++) {
        const uint8_t *from = planes + plane * total + first;
        for (size_t i = 0; i < count; i++)
            block[i] |= (uint64_t)from[i] << (8 * plane);
    }
    if (head->zigzag) {
        for (size_t i = 0; i < count; i++)
            block[i] = (uint64_t)column_unzigzag(block[i]);
    }
    for (size_t i = 0; i < count; i++)
        block[i] <<= head->shift;
    if (head->delta) {
        for (size_t i = 0; i < count; i++)
            block[i] = *previous += block[i];
    }
}

void column_take_numbers64(struct column_reader *reader, uint64_t *values, size_t count) {
    struct head head;
    const uint8_t *planes = take_head(reader, count, &head);
    if (!planes) {
        memset(values, 0, count * sizeof *values);
        return;
    }
    uint64_t previous = head.base;
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t part = count - first < BLOCK ? count - first : BLOCK;
        get_block(&head, planes, count, first, part, &previous, values + first);
    }
}

void column_take_numbers32(struct column_reader *reader, uint32_t *values, size_t count) {
    struct head head;
    const uint8_t *planes = take_head(reader, count, &head);
    uint64_t block[BLOCK], outside = 0, previous = head.base;
    for (size_t first = 0; planes && first < count; first += BLOCK) {
        size_t part = count - first < BLOCK ? count - first : BLOCK;
        get_block(&head, planes, count, first, part, &previous, block);
        for (size_t i = 0; i < part; i++) {
            values[first + i] = (uint32_t)block[i];
            /* Signed ones are written as two's complement of 32 bits. */
            uint64_t top = block[i] >> 31;
            outside |= head.zigzag && !head.delta && top == UINT64_MAX >> 31 ? 0 : block[i] >> 32;
        }
    }
    if (!planes || outside) {
        column_fail(reader);
        memset(values, 0, count * sizeof *values);
    }
}
