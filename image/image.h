/* The frozen address space of a process: what a capture yields and all that decoding ever reads.
 * Live, saved and fake bytes look alike here.
 *
 * Bytes are held in a *mirror*: remote memory is cut into chunks of 2 MiB, and every chunk of which
 * anything is known gets 2 MiB of a dense local reservation, with a bit per 4 KiB page that says
 * whether its bytes are there. So a remote address turns into a *place* (the offset in the mirror)
 * with two table look-ups, and places are dense enough to index bitmaps with. */
#ifndef HEAPGLASS_IMAGE_IMAGE_H
#define HEAPGLASS_IMAGE_IMAGE_H

#include "base/err.h"
#include "base/inline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

enum {
    IMAGE_CHUNK_SHIFT = 21,
    IMAGE_CHUNK_SIZE = 1 << IMAGE_CHUNK_SHIFT,
    IMAGE_PAGE_SHIFT = 12,
    IMAGE_PAGE_SIZE = 1 << IMAGE_PAGE_SHIFT,
    IMAGE_ADDRESS_BITS = 48, /* user space of x86-64 (4-level), aarch64; above it all is absent */
    IMAGE_NODE_BITS = 13,
    IMAGE_ROOT_BITS = IMAGE_ADDRESS_BITS - IMAGE_CHUNK_SHIFT - IMAGE_NODE_BITS,
};

enum mapping_state {
    MAPPING_IGNORED,  /* nothing in it is needed (code, special pages) */
    MAPPING_CAPTURED, /* its pages were copied, or are known to be zero */
    MAPPING_BEHIND,   /* big and without pointers: only its edges were copied */
    MAPPING_DEVICE,   /* device memory, never touched */
};

enum mapping_kind {
    MAPPING_ANONYMOUS,
    MAPPING_BRK,   /* [heap] */
    MAPPING_STACK, /* [stack] */
    MAPPING_FILE,
    MAPPING_SPECIAL, /* [vdso], [vvar], ... */
};

struct image_mapping {
    uint64_t start, end;
    bool readable, writable, executable, shared;
    enum mapping_kind kind;
    enum mapping_state state;
    uint64_t offset, inode, resident_bytes, swapped_bytes;
    uint64_t anonymous_bytes; /* resident pages that are the process's own, no file's */
    const char *path;         /* as the kernel prints it, "" when anonymous; owned by the image */
};

/* An ELF file that is mapped. */
struct image_module {
    const char *path;    /* as in its mappings; owned by the image */
    uint64_t start, end; /* of all its segments, .bss included */
    uint64_t bias;       /* address = value in the file + bias */
    uint8_t build_id[32];
    size_t build_id_size; /* 0 if it has none */
};

/* The address of something that a symbol table names. */
struct image_symbol {
    const char *name; /* clean: without suffixes such as .lto_priv.0; owned by the image */
    uint64_t address, size;
    uint32_t module; /* index into the modules */
};

struct image_thread {
    pid_t tid;
    char name[16];
    uint64_t registers[40]; /* general ones, in the kernel's order (NT_PRSTATUS) */
    unsigned register_count;
    uint64_t stack_pointer, thread_pointer; /* thread_pointer is pthread_self() on x86-64 */
};

/* Brings pages that are not there yet; called for page-aligned spans, one call at a time. */
struct image_pager {
    bool (*read)(void *context, uint64_t address, void *to, size_t size);
    void *context;
};

struct image_node {
    uint32_t chunk[1 << IMAGE_NODE_BITS]; /* chunk index + 1; 0 is absent */
};

/* Fields are for the inline functions below; use those. */
struct image {
    uint8_t *mirror;
    uint64_t mirror_size;    /* bytes of the mirror in use: places are below this */
    uint64_t *chunk_address; /* remote address of each chunk */
    uint64_t *pages;         /* a bit per page of the mirror: 1 if its bytes are there */
    struct image_node *root[1 << IMAGE_ROOT_BITS];
    struct image_private *private;
};

/* ---- building -------------------------------------------------------------------------------- */

/* An empty image. `capacity` is the most remote memory, in bytes, that it will ever mirror. */
struct err *image_create(uint64_t capacity, struct image **ret) ERR_CHECK;
void image_destroy(struct image *image);

/* Gives the remote range [start, end) its places; nothing is present yet. Overlaps are fine.
 * Ranges that are reserved by one call lie side by side in the mirror. */
struct err *image_reserve(struct image *image, uint64_t start, uint64_t end) ERR_CHECK;

/* The local memory for the longest contiguous part of the reserved range [start, end) that begins
 * at start; its length goes to *length (0 if start is not reserved). For the capture to write to. */
void *image_writable(struct image *image, uint64_t start, uint64_t end, size_t *length);

/* Says that the pages that lie wholly within [start, end) are now there. Not for several threads. */
void image_mark_present(struct image *image, uint64_t start, uint64_t end);

/* Copies bytes in, with everything else on their pages zero and present: fake images, edges. */
struct err *image_add_bytes(struct image *image, uint64_t address, const void *bytes,
                            size_t size) ERR_CHECK;

/* Lets missing pages of reserved ranges be fetched on first use (--pause hold). Thread-safe. */
void image_set_pager(struct image *image, struct image_pager pager);

/* Each copies what it is given. Mappings and modules are to be added in address order. */
struct err *image_add_mapping(struct image *image, const struct image_mapping *mapping) ERR_CHECK;
struct err *image_add_module(struct image *image, const struct image_module *module) ERR_CHECK;
struct err *image_add_symbol(struct image *image, const struct image_symbol *symbol) ERR_CHECK;
/* What image_symbol_at tells, in address order, none within another. */
struct err *image_add_data_symbol(struct image *image, const struct image_symbol *symbol) ERR_CHECK;
struct err *image_add_thread(struct image *image, const struct image_thread *thread) ERR_CHECK;

/* ---- reading --------------------------------------------------------------------------------- */

const struct image_mapping *image_mappings(const struct image *image, size_t *count);
const struct image_module *image_modules(const struct image *image, size_t *count);
const struct image_thread *image_threads(const struct image *image, size_t *count);
const struct image_mapping *image_mapping_at(const struct image *image, uint64_t address);
const struct image_module *image_module_at(const struct image *image, uint64_t address);

/* The first symbol of that name; module UINT32_MAX means any. NULL if there is none. */
const struct image_symbol *image_find_symbol(const struct image *image, const char *name,
                                             uint32_t module);

/* All of them; of one name there may be several. */
const struct image_symbol *image_symbols(const struct image *image, size_t *count);

/* The symbol of data that an address lies in; NULL if none is known. O(log n). */
const struct image_symbol *image_symbol_at(const struct image *image, uint64_t address);

/* True if the page at a place is there, without asking the pager. */
ALWAYS_INLINE bool image_page_present(const struct image *image, uint64_t place) {
    uint64_t page = place >> IMAGE_PAGE_SHIFT;
    return __atomic_load_n(&image->pages[page / 64], __ATOMIC_ACQUIRE) >> page % 64 & 1;
}

/* Slow path of image_pin: missing pages, the pager, more than a page, ranges that cross chunks. */
const void *image_pin_slow(const struct image *image, uint64_t address, size_t size);

/* The place of a reserved address (present or not); UINT64_MAX if it has none. */
ALWAYS_INLINE uint64_t image_place(const struct image *image, uint64_t address) {
    if (address >> IMAGE_ADDRESS_BITS)
        return UINT64_MAX;
    const struct image_node *node = image->root[address >> (IMAGE_CHUNK_SHIFT + IMAGE_NODE_BITS)];
    uint64_t chunk = node->chunk[(address >> IMAGE_CHUNK_SHIFT) & ((1u << IMAGE_NODE_BITS) - 1)];
    if (!chunk)
        return UINT64_MAX;
    return ((chunk - 1) << IMAGE_CHUNK_SHIFT) + (address & (IMAGE_CHUNK_SIZE - 1));
}

/* The remote address of a place below mirror_size. */
ALWAYS_INLINE uint64_t image_address_of_place(const struct image *image, uint64_t place) {
    return image->chunk_address[place >> IMAGE_CHUNK_SHIFT] + (place & (IMAGE_CHUNK_SIZE - 1));
}

/* A pointer to `size` remote bytes, valid as long as the image; NULL if any of them is not there.
 * Never aligned better than the address. */
ALWAYS_INLINE const void *image_pin(const struct image *image, uint64_t address, size_t size) {
    uint64_t place = image_place(image, address), last = place + size - 1;
    if (__builtin_expect(place == UINT64_MAX, 0))
        return NULL;
    if (__builtin_expect(size - 1 >= IMAGE_PAGE_SIZE || (place ^ last) >> IMAGE_CHUNK_SHIFT ||
                             !image_page_present(image, place) || !image_page_present(image, last),
                         0))
        return image_pin_slow(image, address, size);
    return image->mirror + place;
}

/* As many bytes from address on as are there and contiguous, at most `size`; sets *available. */
const void *image_pin_some(const struct image *image, uint64_t address, size_t size,
                           size_t *available);

/* Copies remote bytes out; false if any is missing. */
static inline bool image_read(const struct image *image, uint64_t address, void *to, size_t size) {
    const void *bytes = image_pin(image, address, size);
    if (!bytes)
        return false;
    memcpy(to, bytes, size);
    return true;
}

ALWAYS_INLINE bool image_read_u64(const struct image *image, uint64_t address, uint64_t *value) {
    return image_read(image, address, value, sizeof *value);
}

/* Copies a NUL-terminated string, at most size - 1 bytes of it; false if it is not there or longer. */
bool image_read_string(const struct image *image, uint64_t address, char *to, size_t size);

#endif
