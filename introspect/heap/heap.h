/* The heap: the immutable result of decoding one Python runtime in an image.
 *
 * Columns over object ids 0 .. count-1, in order of address but for memory that the process mapped in
 * the moment before it was stopped. All functions are thread-safe and O(1) or O(log n) unless they say
 * otherwise. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_HEAP_H
#define HEAPGLASS_INTROSPECT_HEAP_HEAP_H

#include "introspect/heap/sums.h"
#include "introspect/heap/type.h"
#include "introspect/runtime/runtime.h"

struct heap;

#define HEAP_NONE UINT32_MAX /* no object */

enum gc_state { GC_NONE, GC_UNTRACKED, GC_YOUNG, GC_OLD, GC_PERMANENT };

enum object_found {
    FOUND_TRACKED,   /* on a GC list */
    FOUND_REACHABLE, /* through references from roots or from tracked objects */
    FOUND_ALLOCATOR, /* only as an allocated block */
};

enum object_flag {
    OBJECT_REACHABLE = 1, /* from a root */
    OBJECT_IMMORTAL = 2,
    OBJECT_STATIC = 4,        /* no heap memory of its own */
    OBJECT_GUESSED = 8,       /* recognised by its looks only */
    OBJECT_SIZE_INEXACT = 16, /* a __sizeof__ that is not CPython's may say something else */
    OBJECT_PENDING = 32,      /* of heaps from snapshots: what heap_finalizer asks for */
};

struct heap_options {
    unsigned threads; /* 0: as many as there are processors */
    /* Objects get no ids: only what "the whole" below tells is asked for, which takes less time and much
     * less memory. */
    bool totals_only;
    const volatile int *cancel; /* non-zero: ERR_CANCELLED, soon; may be NULL */
};

/* Decodes. The image, layout and runtime are borrowed and must outlive the heap. */
struct err *heap_build(const struct image *image, const struct layout *layout,
                       const struct runtime *runtime, const struct heap_options *options,
                       struct heap **ret) ERR_CHECK;
void heap_destroy(struct heap *heap);

uint32_t heap_count(const struct heap *heap);
const struct type *heap_type_by_id(const struct heap *heap, uint32_t type_id);
uint32_t heap_type_count(const struct heap *heap);

/* ---- one object ------------------------------------------------------------------------------ */

uint32_t heap_find(const struct heap *heap, uint64_t address); /* HEAP_NONE if no object is there */
uint64_t heap_address(const struct heap *heap, uint32_t id);
const struct type *heap_type(const struct heap *heap, uint32_t id);
uint64_t heap_refcount(const struct heap *heap, uint32_t id);
uint64_t heap_size(const struct heap *heap, uint32_t id);      /* as sys.getsizeof */
uint64_t heap_footprint(const struct heap *heap, uint32_t id); /* bytes really occupied */
unsigned heap_flags(const struct heap *heap, uint32_t id);     /* enum object_flag */
enum gc_state heap_gc_state(const struct heap *heap, uint32_t id);
enum object_found heap_found(const struct heap *heap, uint32_t id);
/* The id of its interpreter: by the gc list or the arena that it is in; of others' the main one's, for
 * interpreters share static objects and malloc. */
int64_t heap_interpreter(const struct heap *heap, uint32_t id);

enum object_finalizer {
    FINALIZER_NONE,
    FINALIZER_DEL,       /* a Python __del__ */
    FINALIZER_SUSPENDED, /* of a generator or coroutine that has not ended: it is closed */
    FINALIZER_C,         /* of a type in C (tp_finalize) */
};

/* What runs when the object goes. */
enum object_finalizer heap_finalizer(const struct heap *heap, uint32_t id);
/* True for a weak reference that has a callback. */
bool heap_has_callback(const struct heap *heap, uint32_t id);

/* The references that an object owns, in the decoder's order, with its type, __dict__, slots and
 * weak references. Decoded anew from the image: `visit` is called for each. */
typedef void heap_visit(void *context, const struct reference *reference);
void heap_references(const struct heap *heap, uint32_t id, heap_visit *visit, void *context);

/* Adds the label of a reference of object `id` as a path step: ".attr", "['key']", "[3]". */
void heap_label(const struct heap *heap, uint32_t id, const struct reference *reference,
                struct strbuf *out);

/* The same with keys, indices and members as "*": "[*]". Names stay. */
void heap_label_general(const struct heap *heap, uint32_t id, const struct reference *reference,
                        struct strbuf *out);

/* Adds the text of the str object at an address, which names something (an attribute, a module): escaped,
 * its first 80 characters. */
void heap_name(const struct heap *heap, uint64_t text, struct strbuf *out);

/* Add the name of the variable or argument that an entry of a function's __closure__, of its
 * __defaults__ belongs to; false if it has none. */
bool heap_closure_variable(const struct heap *heap, uint32_t function, uint64_t index,
                           struct strbuf *out);
bool heap_default_argument(const struct heap *heap, uint32_t function, uint64_t index,
                           struct strbuf *out);

/* Adds a short value preview, escaped; nothing for types that have none. */
void heap_preview(const struct heap *heap, uint32_t id, struct strbuf *out);

/* True if heap_preview is sure to add the same text for two objects of one type, and some: it need not be made
 * then. */
bool heap_previews_match(const struct heap *heap, uint32_t id, const struct heap *other,
                         uint32_t other_id);

/* Adds what an object contains as Python would write it, some entries and levels deep: "[1, 'a', ... 5000 in
 * all]", "shop.models.Order(number=3, items=[...])". O(its references). */
void heap_preview_contents(const struct heap *heap, uint32_t id, struct strbuf *out);

/* ---- the whole ------------------------------------------------------------------------------- */

struct heap_totals {
    uint64_t objects, size, footprint;
    uint64_t tracked, reachable, allocator; /* how they were found; together: objects */
    uint64_t unreachable;
    uint64_t guessed; /* of `allocator`: recognised by looks outside of pymalloc */
};

/* The interpreters, the main one first: their ids, and the state of their garbage collectors; false if that
 * could not be read. */
size_t heap_interpreter_count(const struct heap *heap);
int64_t heap_interpreter_id(const struct heap *heap, size_t index);
struct gc_status;
bool heap_gc_status(const struct heap *heap, size_t index, struct gc_status *ret);

/* Where the memory of the allocators is. */
struct heap_accounts {
    uint64_t arenas, arena_bytes, pools;
    uint64_t block_count, block_bytes;         /* allocated pymalloc blocks */
    uint64_t claimed_count, claimed_bytes;     /* by exactly one object or owned buffer */
    uint64_t parked_count, parked_bytes;       /* kept by free lists for objects to come */
    uint64_t unclaimed_count, unclaimed_bytes; /* by nobody known */
    uint64_t double_claims;                    /* a bug of ours, or of the target */
    uint64_t free_bytes;         /* free blocks, free pools, headers, never used parts */
    uint64_t pymalloc_footprint; /* of objects, inside arenas */
    uint64_t malloc_footprint;   /* of objects, outside */
};

/* The sums of the objects of a type. */
const struct heap_sums *heap_type_sums(const struct heap *heap, uint32_t type_id);

const struct heap_totals *heap_totals(const struct heap *heap);
const struct heap_accounts *heap_accounts(const struct heap *heap);
const struct damage_list *heap_damage(const struct heap *heap);

struct heap_block {
    uint64_t address, size;
};

/* The pymalloc blocks that nobody claims: up to `limit` of them, address and size of block each. */
size_t heap_unclaimed(const struct heap *heap, struct heap_block *blocks, size_t limit);

#endif
