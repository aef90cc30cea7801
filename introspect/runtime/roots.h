/* Roots: what keeps objects alive from outside of the heap.
 *
 * Exact ones come from the interpreter's, the threads' and the garbage collector's own fields and
 * from the threads' frames; guessed ones are words in the data of the mapped modules, on C stacks
 * and in registers. What is not a root: docs/GLOSSARY.md. */
#ifndef HEAPGLASS_INTROSPECT_RUNTIME_ROOTS_H
#define HEAPGLASS_INTROSPECT_RUNTIME_ROOTS_H

#include "introspect/objects/decoder.h"
#include "introspect/runtime/runtime.h"

/* In the order in which people should see them: of two paths of one length, that from the earlier kind
 * comes first. */
enum root_kind {
    ROOT_MODULE,      /* a module of sys.modules, and its dict */
    ROOT_FRAME,       /* what a running frame holds: locals, cells, stack, code, ... */
    ROOT_TASK,        /* a running event loop's current task */
    ROOT_THREAD,      /* a thread state's own fields, thread-local data */
    ROOT_EXCEPTION,   /* exceptions being handled or raised */
    ROOT_INTERPRETER, /* dicts and registries of the interpreter */
    ROOT_CODEC,       /* codec search path, cache and error handlers */
    ROOT_ATEXIT,
    ROOT_GC,       /* gc.garbage, gc.callbacks */
    ROOT_TYPE,     /* a static type */
    ROOT_INTERNED, /* an immortal interned string */
    ROOT_C_GLOBAL, /* a word in the data of a module (guessed) */
    ROOT_C_MEMORY, /* a word in a block of pymalloc that some C code keeps for itself (guessed) */
    ROOT_C_STACK,  /* a word on a thread's C stack (guessed) */
    ROOT_REGISTER, /* a register of a stopped thread (guessed) */
    ROOT_KINDS,
};

struct root {
    enum root_kind kind;
    /* ROOT_FRAME, _THREAD, _EXCEPTION: index into runtime_threads; ROOT_C_STACK, _REGISTER:
     * index into image_threads; else of the interpreter, where it has one. */
    uint32_t owner;
    /* What the reference lies in. ROOT_MODULE: the str object that is its name in sys.modules;
     * ROOT_FRAME: the _PyInterpreterFrame or frame object; ROOT_TASK: the event loop; ROOT_C_GLOBAL, _MEMORY, _STACK: the word
     * itself;
     * ROOT_REGISTER: its number; else the structure, or 0. */
    uint64_t holder;
    uint64_t word; /* where the pointer lies, if it is exact and a field of a structure; else 0 */
    /* Its target and label. Without REFERENCE_RETAINS the root only lends its name to an object that
     * others keep: a module's dict. */
    struct reference reference;
    const char *name; /* of one from a snapshot: its name; else NULL */
};

typedef void root_visit(void *context, const struct root *root);

/* Calls `visit` for every exact root but static types and interned strings. Of `decode` neither
 * references nor flush are used. */
void roots_exact(const struct decode *decode, const struct runtime *runtime, root_visit *visit,
                 void *context);

/* Calls `visit` for every aligned word in the writable data of modules, on thread stacks and in
 * registers that may be an object's address: the caller sorts out which are. */
void roots_guessed(const struct decode *decode, const struct runtime *runtime, root_visit *visit,
                   void *context);

/* "module", "frame", "C global", ...: what JSON calls a kind of root. */
const char *root_kind_name(enum root_kind kind);

#endif
