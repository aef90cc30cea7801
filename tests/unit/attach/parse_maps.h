/* Maps out of text, for tests. */
#include "attach/maps.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline struct err *parse_maps(struct maps *maps, const char *text) {
    *maps = (struct maps){0};
    maps->text = strdup(text);
    maps->text_length = strlen(text);
    maps->text_capacity = maps->text_length + 1;
    return maps_parse(maps);
}
