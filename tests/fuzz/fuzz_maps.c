/* The text of /proc/PID/maps. What parses is in order and free of overlaps. */
#include "tests/fuzz/fuzz.h"

#include "attach/maps.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct maps maps = {.text = malloc(size + 1), .text_length = size, .text_capacity = size + 1};
    if (!maps.text)
        return 0;
    memcpy(maps.text, data, size);
    maps.text[size] = '\0';
    struct err *err = maps_parse(&maps);
    uint64_t end = 0;
    for (size_t i = 0; !err && i < maps.count; i++) {
        const struct map *map = &maps.items[i];
        if (map->start < end || map->end <= map->start || maps_at(&maps, map->start) != map)
            abort();
        end = map->end;
    }
    err_free(err);
    maps_free(&maps);
    return 0;
}
