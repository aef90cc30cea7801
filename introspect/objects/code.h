/* Reading code objects (Include/cpython/code.h). */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_CODE_H
#define HEAPGLASS_INTROSPECT_OBJECTS_CODE_H

#include "introspect/objects/decoder.h"

/* Slots that a frame of this code has: locals (with cells and free variables), then its stack. */
struct code_slots {
    uint32_t locals, stack;
};

/* False if there is no code object at the address, or if its numbers can't be true. */
bool code_slots(struct decode *decode, uint64_t code, struct code_slots *slots);

/* Adds the name of a local variable, cell or free variable, by its index in localsplus; false if it has
 * none. */
bool code_variable(struct decode *decode, uint64_t code, uint64_t index, struct strbuf *out);

/* Whether that variable is kept in a cell, for closures: its slot holds the cell, once it was made. */
bool code_variable_in_cell(struct decode *decode, uint64_t code, uint64_t index);

/* Its arguments without those that are only by keyword; 0 if it is no code. */
uint64_t code_argument_count(struct decode *decode, uint64_t code);

/* Where its bytecode begins: in the object itself, or in its co_code (up to 3.10); 0 if it is no code. */
uint64_t code_first_instruction(struct decode *decode, uint64_t code);

/* The line of the instruction at a remote address (Objects/locations.md of CPython 3.11,
 * Objects/lnotab_notes.txt of 3.8 to 3.10); that of the function itself if it has not begun; 0 if there
 * is none. */
int code_line(struct decode *decode, uint64_t code, uint64_t instruction);

/* Add its qualified name, its file: at most `limit` characters. */
void code_name(struct decode *decode, uint64_t code, uint64_t limit, struct strbuf *out);
void code_file(struct decode *decode, uint64_t code, uint64_t limit, struct strbuf *out);

/* Adds "reindex() jobs.py:88": function, and file without its folders. */
void code_place(struct decode *decode, uint64_t code, uint64_t instruction, struct strbuf *out);

/* Adds "qualname file:line". */
void code_describe(struct decode *decode, uint64_t code, struct strbuf *out);

#endif
