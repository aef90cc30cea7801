/* An image in a file, sparse and small: pieces of a process's memory at their addresses, what
 * surrounds them on their pages is zero, all other pages are absent. Both the fuzzer's input and
 * what make_seed writes.
 *
 * A byte for the layout, the address of _PyRuntime (6 bytes, as all addresses), then records:
 *   'M' address, pages (2 bytes), kind and permissions (1)   a mapping (in order of address)
 *   'N' address, pages (2)                                   the module that holds _PyRuntime
 *   'S' number (1), address                                  a symbol, by its place in a list
 *   'Z' address, pages (2)                                   pages of zeros
 *   'B' address, length (2), the bytes                       a piece */
#ifndef HEAPGLASS_TESTS_FUZZ_SPARSE_IMAGE_H
#define HEAPGLASS_TESTS_FUZZ_SPARSE_IMAGE_H

#include "image/image.h"
#include "introspect/layout/layout.h"
#include "tests/fuzz/fuzz.h"

struct sparse_image {
    struct image *image;
    const struct layout *layout;
    uint64_t runtime;
};

extern const char *const sparse_symbols[]; /* ends with NULL */
extern const char *const sparse_layouts[]; /* names of fixture layouts, ends with NULL */

/* Reads as much as makes sense; never fails. */
void sparse_image_read(struct input *input, struct sparse_image *sparse);
void sparse_image_free(struct sparse_image *sparse);

#endif
