#include "attach/maps.h"

#include "attach/procfs.h"
#include "base/vec.h"

#include <errno.h>

/* A hexadecimal number and the character behind it. */
static bool parse_number(const char **at, char terminator, uint64_t *value) {
    const char *from = *at;
    *value = 0;
    for (;; ++*at) {
        char character = **at;
        int digit = character >= '0' && character <= '9'   ? character - '0'
                    : character >= 'a' && character <= 'f' ? character - 'a' + 10
                                                           : 16;
        if (digit >= 16)
            break;
        if (*value >> 60)
            return false;
        *value = *value << 4 | (unsigned)digit;
    }
    if (*at == from || **at != terminator)
        return false;
    ++*at;
    return true;
}

static bool parse_permissions(const char **at, struct map *map) {
    const char *p = *at;
    for (int i = 0; i < 4; i++) {
        if (p[i] != "rwxp"[i] && p[i] != "---s"[i])
            return false;
    }
    map->readable = p[0] == 'r';
    map->writable = p[1] == 'w';
    map->executable = p[2] == 'x';
    map->shared = p[3] == 's';
    *at = p + 5;
    return p[4] == ' ';
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static enum mapping_kind kind_of(const char *path) {
    if (!*path || starts_with(path, "[anon") || starts_with(path, "/anon_hugepage"))
        return MAPPING_ANONYMOUS;
    if (strcmp(path, "[heap]") == 0)
        return MAPPING_BRK;
    if (starts_with(path, "[stack"))
        return MAPPING_STACK;
    return *path == '[' ? MAPPING_SPECIAL : MAPPING_FILE;
}

static bool parse_line(const char *at, struct map *map) {
    uint64_t major, minor;
    if (!parse_number(&at, '-', &map->start) || !parse_number(&at, ' ', &map->end) ||
        !parse_permissions(&at, map) || !parse_number(&at, ' ', &map->offset) ||
        !parse_number(&at, ':', &major) || !parse_number(&at, ' ', &minor))
        return false;
    /* The inode ends the line where there is no path and nothing pads it. */
    const char *end = at + strspn(at, "0123456789");
    if (end == at || (*end && *end != ' '))
        return false;
    map->inode = strtoull(at, NULL, 10);
    map->device = major << 32 | minor;
    map->path = end + strspn(end, " ");
    map->kind = kind_of(map->path);
    return map->start < map->end && !((map->start | map->end) & (IMAGE_PAGE_SIZE - 1));
}

struct err *maps_parse(struct maps *maps) {
    maps->count = 0;
    char *line = maps->text, *text_end = maps->text + maps->text_length;
    uint64_t last = 0;
    while (line < text_end) {
        char *end = memchr(line, '\n', (size_t)(text_end - line));
        if (!end)
            end = text_end;
        *end = '\0';
        struct map map;
        if (!parse_line(line, &map))
            return err_new(ERR_FAILED, "a line of the process's maps cannot be read");
        line = end + 1;
        if (map.start < last)
            continue;
        last = map.end;
        if (!vec_push(maps, map))
            return err_no_memory();
    }
    return NULL;
}

struct err *maps_read(pid_t pid, struct maps *maps) {
    ssize_t length = proc_read_all(pid, "maps", &maps->text, &maps->text_capacity);
    if (length < 0 && errno == ENOMEM)
        return err_no_memory();
    if (length < 0)
        return err_errno(ERR_SOURCE, errno, "the memory map of process %d cannot be read", pid);
    maps->text_length = (size_t)length;
    return maps_parse(maps);
}

bool maps_spare(struct maps *maps, const struct maps *like) {
    size_t text = like->text_length * 2 + 16384;
    if (text > maps->text_capacity) {
        char *moved = realloc(maps->text, text);
        if (!moved)
            return false;
        maps->text = moved;
        maps->text_capacity = text;
        memset(moved, 0, text); /* faulted in now, not later */
    }
    if (!vec_reserve(maps, like->count * 2 + 64))
        return false;
    memset(maps->items + maps->count, 0, (maps->capacity - maps->count) * sizeof *maps->items);
    return true;
}

const struct map *maps_at(const struct maps *maps, uint64_t address) {
    size_t low = 0, high = maps->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (maps->items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < maps->count && maps->items[low].start <= address ? &maps->items[low] : NULL;
}

bool map_same(const struct map *map, const struct map *other) {
    return map->start == other->start && map->end == other->end && map->offset == other->offset &&
           map->inode == other->inode && map->device == other->device &&
           map->readable == other->readable && map->writable == other->writable &&
           map->executable == other->executable && map->shared == other->shared;
}

void maps_free(struct maps *maps) {
    free(maps->items);
    free(maps->text);
    *maps = (struct maps){0};
}
