/* Small images made by hand, for tests of decoders: words at addresses, objects, types, pymalloc
 * pools, pages that are absent. No Criterion here (the fuzzer uses it too): what goes wrong in a
 * test's own set-up aborts. */
#ifndef HEAPGLASS_TESTS_UNIT_FAKE_IMAGE_H
#define HEAPGLASS_TESTS_UNIT_FAKE_IMAGE_H

#include "image/image.h"
#include "introspect/layout/layout.h"

enum {
    /* tp_flags, Include/object.h, the same from 3.8 to 3.14 */
    FAKE_HEAPTYPE = 1 << 9,
    FAKE_BASETYPE = 1 << 10,
    FAKE_READY = 1 << 12,
    FAKE_HAVE_GC = 1 << 14,
    FAKE_LONG_SUBCLASS = 1 << 24,
    FAKE_LIST_SUBCLASS = 1 << 25,
    FAKE_TUPLE_SUBCLASS = 1 << 26,
    FAKE_BYTES_SUBCLASS = 1 << 27,
    FAKE_UNICODE_SUBCLASS = 1 << 28,
    FAKE_DICT_SUBCLASS = 1 << 29,
    FAKE_BASE_EXC_SUBCLASS = 1 << 30,
};
#define FAKE_TYPE_SUBCLASS (1ull << 31)

struct fake_image {
    struct image *image;
    const struct layout *layout;     /* borrowed; NULL: no objects, only bytes */
    uint64_t next;                   /* where fake_alloc goes on */
    uint64_t type_type, object_type; /* the types `type` and `object`, once there is a layout */
};

/* An empty image of at most 64 MiB; with a layout also the type objects `type` and `object`. */
void fake_image_create(struct fake_image *fake, const struct layout *layout);
void fake_image_destroy(struct fake_image *fake);

/* ---- bytes ----------------------------------------------------------------------------------- */

/* `size` zeroed bytes, present, at an address that is a multiple of 16. */
uint64_t fake_alloc(struct fake_image *fake, uint64_t size);

/* As fake_alloc, but only the first `present` bytes are there: those behind lie on absent pages.
 * Aligned to 16 if `present` is a multiple of 16. */
uint64_t fake_alloc_cut(struct fake_image *fake, uint64_t size, uint64_t present);

/* The address of `size` bytes of which none is there, though they have places in the mirror. */
uint64_t fake_absent(struct fake_image *fake, uint64_t size);

void fake_bytes(struct fake_image *fake, uint64_t address, const void *bytes, size_t size);
void fake_word(struct fake_image *fake, uint64_t address, uint64_t value);
void fake_words(struct fake_image *fake, uint64_t address, size_t count, const uint64_t *values);

/* A NUL-terminated C string somewhere; its address. */
uint64_t fake_string(struct fake_image *fake, const char *text);

/* Sets a field (or bit-field) of the structure at an address. A field that the layout lacks is left
 * alone, as the build that it describes would have none. */
void fake_set(struct fake_image *fake, uint64_t structure, struct field field, uint64_t value);

/* ---- objects --------------------------------------------------------------------------------- */

struct fake_type {
    const char *name;  /* tp_name: "module.Name" for static types */
    uint64_t base;     /* 0: object */
    uint64_t metatype; /* 0: type */
    uint64_t flags;    /* beside FAKE_READY, which is always set */
    uint64_t basicsize, itemsize;
    int64_t dictoffset, weaklistoffset;
};

/* A type object; with FAKE_HEAPTYPE as long as a heap type (its ht_ fields are the caller's to
 * set). */
uint64_t fake_type(struct fake_image *fake, const struct fake_type *type);

/* An object of `size` bytes, zeroed but for its refcount of 1 and its type, with room for GC head
 * and pre-header before it. */
uint64_t fake_object(struct fake_image *fake, uint64_t type, uint64_t size);

/* As fake_object, with ob_size. */
uint64_t fake_var_object(struct fake_image *fake, uint64_t type, uint64_t size, int64_t ob_size);

/* An object of which only the first `present` bytes are there. */
uint64_t fake_object_cut(struct fake_image *fake, uint64_t type, uint64_t size, uint64_t present);

/* An array of pointers; its address. */
uint64_t fake_pointers(struct fake_image *fake, size_t count, const uint64_t *pointers);

/* Links objects (that have a GC head) into a circular list behind the head at that address. */
void fake_gc_list(struct fake_image *fake, uint64_t head, size_t count, const uint64_t *objects);

/* ---- pymalloc -------------------------------------------------------------------------------- */

struct fake_pool {
    uint64_t address;
    uint64_t block_size;  /* a multiple of 16 */
    uint64_t block_count; /* how many the pool holds */
    uint64_t first_block; /* address */
};

/* An arena, aligned to its size, of the layout's traits: all its pools zero and present. */
uint64_t fake_arena(struct fake_image *fake);

/* Makes pool `index` of an arena one for blocks of block_size bytes (a multiple of 16, up to 512)
 * whose first `allocated` blocks are in use and whose others were never used. */
struct fake_pool fake_pool(struct fake_image *fake, uint64_t arena, uint32_t arena_index,
                           uint64_t index, uint64_t block_size, uint64_t allocated);

/* Frees block `index` of a pool: puts it on its free list. */
void fake_pool_free(struct fake_image *fake, const struct fake_pool *pool, uint64_t index);

/* The array of arena_object with an entry for each arena, its free pools and those never used as
 * the pools made so far say; its address. */
uint64_t fake_arena_objects(struct fake_image *fake, size_t count, const uint64_t *arenas);

#endif
