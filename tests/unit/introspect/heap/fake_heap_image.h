/* A whole Python runtime on a fake image: an interpreter with a thread, GC lists, pymalloc arenas,
 * a glibc heap, static types, and objects in them; for tests of what finds and counts objects.
 *
 *     [module: types, runtime, interpreter, thread][stack][arena][glibc heap]
 *
 * Memory is handed out in this order; fake_heap_finish then links the lists and writes the tables.
 * No Criterion here: a program for ThreadSanitizer uses it too. Mistakes of a test abort. */
#ifndef HEAPGLASS_TESTS_UNIT_FAKE_HEAP_IMAGE_H
#define HEAPGLASS_TESTS_UNIT_FAKE_HEAP_IMAGE_H

#include "base/vec.h"
#include "introspect/heap/heap.h"
#include "tests/unit/fake_image.h"

enum {
    FAKE_STACK = 2 * 4096, /* bytes of the thread's C stack */
    FAKE_MALLOC = 4 << 20, /* bytes of the glibc heap */
    FAKE_FOREIGN = 4096,   /* bytes of another module's data */
};

#define FAKE_WILD 0x123456789aull /* an address where nothing is, not even a place */

struct fake_heap {
    struct fake_image fake;
    const struct layout *layout;
    struct image *image; /* of fake */

    uint64_t module, module_end; /* the interpreter's data; code: an address in it */
    uint64_t foreign;            /* data of an extension module */
    uint64_t stack, stack_end;   /* the thread's C stack */
    uint64_t stack_pointer;      /* at first all of it is in use */
    uint64_t a_register;
    uint64_t extra, extra_end; /* an anonymous mapping behind the rest, if a test makes one */
    uint64_t runtime_address, interpreter, thread;
    uint64_t obmalloc;          /* struct _obmalloc_state, where there is one */
    uint64_t arenas, maxarenas; /* addresses of the statics, where there are such */
    uint64_t int_type, float_type, list_type, dict_type, str_type, tuple_type;
    uint64_t box_type; /* of an extension: two pointers that nobody describes */

    uint64_t arena;
    unsigned next_pool;
    struct fake_pool pools[33]; /* by size class + 1; the one that is being filled */
    uint64_t used[33];          /* blocks in use of each */
    uint64_t malloc_start, malloc_next;

    struct vec(uint64_t) young, old, permanent; /* objects to be put on the lists */
    struct vec(uint64_t) roots;                 /* items of the list that is sys.modules here */
    uint64_t builtins;                          /* the dict */

    bool fenced;
    bool without_symbols;    /* set before fake_heap_finish */
    struct runtime *runtime; /* from fake_heap_finish on */
    struct heap *heap;       /* from fake_heap_build on */
};

void fake_heap_create(struct fake_heap *heap, const char *version);

/* From here on objects have fences, as with PYTHONMALLOC=debug. */
void fake_heap_use_debug_hooks(struct fake_heap *heap);

/* Links the GC lists, writes the tables of arenas, mappings, symbols; reads the runtime. */
void fake_heap_finish(struct fake_heap *heap);

/* fake_heap_finish and heap_build. */
void fake_heap_build(struct fake_heap *heap, unsigned threads);
void fake_heap_destroy(struct fake_heap *heap);

/* ---- memory ---------------------------------------------------------------------------------- */

/* A block of pymalloc up to 512 bytes, of glibc above. */
uint64_t fake_heap_block(struct fake_heap *heap, uint64_t size);
uint64_t fake_heap_malloc(struct fake_heap *heap, uint64_t size);

/* Frees a pymalloc block: its bytes stay, but for the link of the free list. */
void fake_heap_free(struct fake_heap *heap, uint64_t block);

/* ---- objects: refcount 1, in no list --------------------------------------------------------- */

uint64_t fake_heap_static_type(struct fake_heap *heap, const struct fake_type *type);
uint64_t fake_heap_object(struct fake_heap *heap, uint64_t type, uint64_t size);
uint64_t fake_heap_float(struct fake_heap *heap, double value);
uint64_t fake_heap_int(struct fake_heap *heap, unsigned digits);
uint64_t fake_heap_str(struct fake_heap *heap, const char *text);
uint64_t fake_heap_list(struct fake_heap *heap, size_t count, const uint64_t *items);
uint64_t fake_heap_tuple(struct fake_heap *heap, size_t count, const uint64_t *items);
/* Keys (str objects) and values by turns. */
uint64_t fake_heap_dict(struct fake_heap *heap, size_t count, const uint64_t *items);
uint64_t fake_heap_box(struct fake_heap *heap, uint64_t first, uint64_t second);

void fake_heap_refcount(struct fake_heap *heap, uint64_t object, uint64_t count);
void fake_heap_track(struct fake_heap *heap, uint64_t object); /* on the young list */
void fake_heap_root(struct fake_heap *heap, uint64_t object);  /* keeps it, without its count */

/* How often damage was met for a reason. */
uint64_t fake_heap_damage(const struct damage_list *list, const char *reason);

#endif
