/* Objects that are named by their address on the command line. */
#include "cli/screen.h"
#include "image/image.h"

#include <string.h>

static const char *mapping_name(const struct image_mapping *mapping) {
    static const char *const names[] = {
        [MAPPING_ANONYMOUS] = "anonymous memory",
        [MAPPING_BRK] = "the C heap",
        [MAPPING_STACK] = "the main stack",
        [MAPPING_FILE] = "a mapped file",
        [MAPPING_SPECIAL] = "a mapping of the kernel",
    };
    return *mapping->path ? mapping->path : names[mapping->kind];
}

/* The last object that starts at or before the address; HEAP_NONE if there is none. */
static uint32_t object_before(const struct heap *heap, uint64_t address) {
    uint32_t low = 0, high = heap_count(heap);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (heap_address(heap, middle) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : HEAP_NONE;
}

static struct err *no_object(const struct source *source, uint64_t address) {
    const struct heap *heap = source_heap(source);
    unsigned long long at = address;
    uint32_t before = object_before(heap, address);
    if (before != HEAP_NONE && address - heap_address(heap, before) < heap_size(heap, before))
        return err_new(ERR_FAILED, "%#llx is no object: it lies inside of the %s at %#llx", at,
                       heap_type(heap, before)->name,
                       (unsigned long long)heap_address(heap, before));
    const struct image_mapping *mapping = image_mapping_at(source_image(source), address);
    if (!mapping)
        return err_new(ERR_FAILED, "%#llx is no object: nothing is mapped there", at);
    struct strbuf name = {0};
    strbuf_add_escaped(&name, mapping_name(mapping), strlen(mapping_name(mapping)), 200);
    struct err *err = err_new(ERR_FAILED, "%#llx is no object: it lies in %s (%#llx-%#llx, %s%s%s)",
                              at, strbuf_text(&name), (unsigned long long)mapping->start,
                              (unsigned long long)mapping->end, mapping->readable ? "r" : "-",
                              mapping->writable ? "w" : "-", mapping->executable ? "x" : "-");
    strbuf_free(&name);
    return err;
}

struct err *cli_object(const struct source *source, const char *argument, uint32_t *id) {
    uint64_t address = 0;
    TRY(parse_address(argument, &address));
    *id = heap_find(source_heap(source), address);
    return *id == HEAP_NONE ? no_object(source, address) : NULL;
}
