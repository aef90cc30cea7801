/* One value as data, with what it means: formats choose how it looks. */
#ifndef HEAPGLASS_TABLE_VALUE_H
#define HEAPGLASS_TABLE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
    VALUE_NONE, /* not there, not known */
    VALUE_TEXT, /* valid UTF-8, escaped for a terminal */
    VALUE_COUNT,
    VALUE_SIGNED,
    VALUE_CHANGE,       /* integer: more or less of a count; people see its sign */
    VALUE_CHANGE_BYTES, /* integer: of bytes */
    VALUE_ID,           /* integer: a number that is a name, such as a PID */
    VALUE_BYTES,
    VALUE_ADDRESS,
    VALUE_SHARE,        /* real: 0 .. 1 of a whole */
    VALUE_MILLISECONDS, /* real */
    VALUE_REAL,         /* real */
    VALUE_FLAG,
    VALUE_ADDRESSES,
};

struct value {
    enum value_kind kind;
    union {
        const char *text;
        uint64_t number;
        int64_t integer;
        double real;
        bool flag;
        struct {
            const uint64_t *items;
            size_t count;
        } addresses;
    };
};

static inline struct value value_none(void) {
    return (struct value){.kind = VALUE_NONE};
}

/* NULL is value_none. */
static inline struct value value_text(const char *text) {
    return (struct value){.kind = text ? VALUE_TEXT : VALUE_NONE, .text = text};
}

static inline struct value value_count(uint64_t number) {
    return (struct value){.kind = VALUE_COUNT, .number = number};
}

static inline struct value value_signed(int64_t integer) {
    return (struct value){.kind = VALUE_SIGNED, .integer = integer};
}

static inline struct value value_change(int64_t integer) {
    return (struct value){.kind = VALUE_CHANGE, .integer = integer};
}

static inline struct value value_change_bytes(int64_t integer) {
    return (struct value){.kind = VALUE_CHANGE_BYTES, .integer = integer};
}

static inline struct value value_id(int64_t integer) {
    return (struct value){.kind = VALUE_ID, .integer = integer};
}

static inline struct value value_bytes(uint64_t number) {
    return (struct value){.kind = VALUE_BYTES, .number = number};
}

static inline struct value value_address(uint64_t address) {
    return (struct value){.kind = VALUE_ADDRESS, .number = address};
}

/* part / whole; 0 of nothing is 0. */
static inline struct value value_share(uint64_t part, uint64_t whole) {
    return (struct value){.kind = VALUE_SHARE, .real = whole ? (double)part / (double)whole : 0.0};
}

static inline struct value value_milliseconds(double milliseconds) {
    return (struct value){.kind = VALUE_MILLISECONDS, .real = milliseconds};
}

static inline struct value value_real(double real) {
    return (struct value){.kind = VALUE_REAL, .real = real};
}

static inline struct value value_flag(bool flag) {
    return (struct value){.kind = VALUE_FLAG, .flag = flag};
}

static inline struct value value_addresses(const uint64_t *items, size_t count) {
    return (struct value){.kind = VALUE_ADDRESSES, .addresses = {items, count}};
}

#endif
