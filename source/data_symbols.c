#include "source/data_symbols.h"

#include "base/log.h"
#include "source/mapped_file.h"
#include "symbols/debuginfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SYMBOLS = 1 << 22, MAX_NAME = 1024 };

struct search {
    struct data_symbols *symbols;
    uint64_t bias; /* of the file that is looked through */
    bool out_of_memory;
};

static void take(void *context, const char *name, size_t length, uint64_t address, uint64_t size) {
    struct search *search = context;
    if (search->symbols->found.count >= MAX_SYMBOLS)
        return;
    char *copy =
        arena_strndup(&search->symbols->names, name, length < MAX_NAME ? length : MAX_NAME);
    struct data_symbol symbol = {copy, address + search->bias, size};
    if (!copy || !vec_push(&search->symbols->found, symbol))
        search->out_of_memory = true;
}

/* Only what has data of its own: a private mapping that it may write, or .bss behind one. */
static bool has_data(const struct maps *maps, size_t first) {
    const struct map *map = &maps->items[first];
    for (size_t i = first; i < maps->count; i++) {
        const struct map *other = &maps->items[i];
        if (other->kind != MAPPING_FILE)
            continue;
        if (other->inode != map->inode || other->device != map->device)
            return false;
        if (other->writable && !other->shared)
            return true;
    }
    return false;
}

static void look_through(struct search *search, pid_t pid, const char *root,
                         const struct map *map) {
    struct elf_file *file = NULL;
    struct err *err = mapped_file_open(pid, map, &file);
    if (err) {
        log_line(LOG_ELF, "no names of data: %s", err_message(err));
        err_free(err);
        return;
    }
    if (elf_file_bias(file, map->start, map->offset, &search->bias))
        debuginfo_visit_data(file, root, map->path, take, search);
    elf_file_close(file);
}

/* By address, the biggest of one address first, then by name. */
static int compare_symbols(const void *left, const void *right) {
    const struct data_symbol *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void sort_symbols(struct data_symbols *symbols) {
    struct data_symbol *items = symbols->found.items;
    size_t kept = 0;
    if (symbols->found.count)
        qsort(items, symbols->found.count, sizeof *items, compare_symbols);
    for (size_t i = 0; i < symbols->found.count; i++) {
        if (!kept || items[i].address - items[kept - 1].address >= items[kept - 1].size)
            items[kept++] = items[i];
    }
    symbols->found.count = kept;
}

struct err *data_symbols_find(pid_t pid, const struct maps *maps, struct data_symbols *symbols) {
    struct search search = {.symbols = symbols};
    char root[32];
    snprintf(root, sizeof root, "/proc/%d/root", (int)pid);
    for (size_t i = 0; i < maps->count; i++) {
        const struct map *map = &maps->items[i];
        if (map->kind == MAPPING_FILE && !map->offset && map->readable && map->path[0] == '/' &&
            strncmp(map->path, "/dev/", 5) != 0 && has_data(maps, i))
            look_through(&search, pid, root, map);
    }
    if (search.out_of_memory)
        return err_no_memory();
    sort_symbols(symbols);
    return NULL;
}

void data_symbols_clear(struct data_symbols *symbols) {
    vec_free(&symbols->found);
    arena_clear(&symbols->names);
}

struct err *data_symbols_add(const struct data_symbols *symbols, struct image *image) {
    vec_each (found, &symbols->found) {
        struct image_symbol symbol = {
            .name = found->name, .address = found->address, .size = found->size};
        TRY(image_add_data_symbol(image, &symbol));
    }
    return NULL;
}
