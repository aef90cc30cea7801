/* Reading str objects (Include/cpython/unicodeobject.h), for labels, names and previews. */
#ifndef HEAPGLASS_INTROSPECT_OBJECTS_STR_H
#define HEAPGLASS_INTROSPECT_OBJECTS_STR_H

#include "introspect/objects/decoder.h"

/* The characters of a str: `kind` bytes each. */
struct str_view {
    uint64_t length;       /* characters that the str has */
    uint64_t count;        /* of them those at `data` */
    uint64_t data_address; /* where the characters are in the target */
    const uint8_t *data;
    unsigned kind; /* 1, 2 or 4 */
    bool ascii, compact;
};

/* Reads the str at an address, at most `limit` characters of it (UINT64_MAX: all or nothing).
 * The caller knows that it is one (or of a subclass); false if it is not there or makes no sense.
 */
bool str_read(const struct image *image, const struct layout *layout, uint64_t address,
              uint64_t limit, struct str_view *view);

/* Whether it is that ASCII text. */
bool str_equals(const struct image *image, const struct layout *layout, uint64_t address,
                const char *text);

/* Adds at most `limit` characters, escaped for a terminal; "..." marks a cut. Nothing if it can't
 * be read. */
void str_escaped(struct decode *decode, uint64_t address, uint64_t limit, struct strbuf *out);

/* As str_escaped, in quotes, as a path step or preview shows it. */
void str_quoted(struct decode *decode, uint64_t address, uint64_t limit, struct strbuf *out);

/* Where its UTF-8 form is in the target: the characters themselves if ASCII, else the cache, 0 if
 * there is none. */
uint64_t str_utf8_address(const struct image *image, const struct layout *layout, uint64_t address);

#endif
