/* Structures that the tests look up in DWARF and with offsetof. */
#ifndef HEAPGLASS_TESTS_SAMPLE_H
#define HEAPGLASS_TESTS_SAMPLE_H

#include <stdint.h>

struct sample_inner {
    char pad[3];
    struct {
        uint16_t deep[5];
        union {
            uint64_t as_number;
            void *as_pointer;
        };
    };
    struct {
        int head, tail;
    } list;
};

typedef struct {
    int64_t count;
    struct sample_inner inner, row[3];
    void *grid[4][2];
    struct opaque *elsewhere;
    uint32_t plain : 5;
    uint32_t middle : 7;
    uint32_t : 3;
    uint32_t high : 17;
    uint8_t small : 2, smaller : 1;
    double flexible[];
} sample_typedef;

typedef const sample_typedef sample_alias;

union sample_union {
    uint8_t byte;
    uint64_t word;
};

struct sample_packed {
    uint8_t first;
    uint32_t second;
} __attribute__((packed));

#endif
