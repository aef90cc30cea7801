/* A layout for a release that no table is of: the table of another release of the same minor version,
 * as far as it proves itself on the running process. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_DERIVE_H
#define HEAPGLASS_INTROSPECT_LAYOUT_DERIVE_H

#include "introspect/layout/internal.h"
#include "introspect/layout/live.h"

/* What self-checks work on. */
struct derive {
    struct live live;
    struct layout *layout;      /* the table's, changed as it is proven */
    const struct layout *table; /* as it was */
    struct layout_proofs *proofs;
    uint64_t runtime, runtime_size;
    uint64_t interpreter, thread; /* the main ones; 0 until they are known */
    bool out_of_memory;
};

/* One self-check: is the field at this address of the process? It must say no to anything else.
 *
 * To add one: write the function, put it into the table of its file, behind those that it relies on. */
struct self_check {
    const char *field; /* "interpreter.gc"; or a structure as a whole: "pool_header" */
    bool (*holds)(struct derive *derive, const struct self_check *check, uint64_t at);
    const char *how; /* it is proven, in a few words: "its lists close" */
    uint32_t step; /* looked for elsewhere in steps of so many bytes; 0: it is too weak for that */
    const char *literal; /* for the function, where it needs one */
    bool
        weak; /* zeros satisfy it: asked last, where the neighbours moved and only to tell with which of them */
};

/* derive_objects.c: the structures of objects, by the sizes of their types; and that dicts decode. False if
 * they are not those of this process. */
bool derive_objects(struct derive *derive, struct elf_file *file, uint64_t bias);

/* derive_runtime.c: the checks of the runtime's, interpreters' and threads' structures, in order; ends with a
 * NULL field. And the structure's address; 0 where it is not known (yet). */
extern const struct self_check derive_runtime_checks[];
uint64_t derive_structure_address(const struct derive *derive,
                                  const struct structure_description *structure);

/* derive_pymalloc.c: those of its checks, and where the obmalloc_state is; 0 where there is none. */
typedef bool self_check_holds(struct derive *derive, const struct self_check *check, uint64_t at);
self_check_holds derive_is_pool_header, derive_is_obmalloc, derive_is_arenas, derive_is_maxarenas;
uint64_t derive_obmalloc(const struct derive *derive);

/* derive.c, for the others: that a field ("list.ob_item"), or the size of a structure ("list"), is where
 * the layout has it now; and that a structure is not that of this build. */
void derive_proven(struct derive *derive, const char *name, const char *how);
void derive_refuted(struct derive *derive, const char *structure);

#endif
