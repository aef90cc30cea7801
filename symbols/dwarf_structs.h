/* Where C structures have their members, from DWARF.
 *
 * All wanted structures are collected in one pass over the top level of every unit, then their
 * members are looked up. Definitions only (with a size), never declarations. */
#ifndef HEAPGLASS_SYMBOLS_DWARF_STRUCTS_H
#define HEAPGLASS_SYMBOLS_DWARF_STRUCTS_H

#include "symbols/elf_file.h"

struct dwarf_member {
    const char
        *paths; /* "a.b|c": dotted members, alternatives behind "|"; unnamed ones need no name */
    uint32_t offset, size;        /* of an array: one element; size 0: there is no such member */
    uint8_t bit_offset, bit_size; /* of a bit-field: from the lowest of the `size` bytes */
};

struct dwarf_struct {
    const char *names; /* tag or typedef names, alternatives behind "|", the first that is there
                          counts; "file.c:name" is one that this source file defines */
    struct dwarf_member *members;
    size_t member_count;
    uint32_t size;  /* 0: not found */
    bool ambiguous; /* several of that name fit equally well and differ: left as not found */
};

/* True if the file has DWARF. */
bool dwarf_present(struct elf_file *file);

/* Fills in what is found. ERR_FAILED if there is no DWARF or it can't be read. */
struct err *dwarf_find_structs(struct elf_file *file, struct dwarf_struct *wanted,
                               size_t count) ERR_CHECK;

#endif
