#include "source/python.h"

#include "base/cleanup.h"
#include "base/vec.h"
#include "introspect/layout/provider.h"
#include "symbols/debuginfo.h"

#include <stdio.h>
#include <string.h>

/* Beside _PyRuntime: the statics of versions that keep them outside of it (Objects/obmalloc.c,
 * Objects/unicodeobject.c). */
static const char *const wanted_names[] = {"_PyRuntime", "arenas", "maxarenas", "interned"};
enum { WANTED = sizeof wanted_names / sizeof *wanted_names };

/* Opens what is mapped there, even if its path now leads to another file or to none: map_files is
 * the mapping's own file, but only privileged users may follow it. */
static struct err *open_mapped(pid_t pid, const char *root, const struct map *map,
                               struct elf_file **ret) {
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)pid,
             (unsigned long long)map->start, (unsigned long long)map->end);
    struct err *err = elf_file_open(NULL, path, ret);
    if (!err)
        return NULL;
    err_free(err);
    return elf_file_open(root, map->path, ret);
}

static bool is_first_of_file(const struct maps *maps, const struct map *map) {
    if (map->kind != MAPPING_FILE || map->offset || !map->readable)
        return false;
    return map == maps->items || map[-1].inode != map->inode || map[-1].device != map->device;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Likely files first: opening them all would cost a process with hundreds of libraries. */
static bool is_likely(const struct maps *maps, const struct map *map) {
    return strstr(base_name(map->path), "python") || map == maps->items;
}

static bool is_elf_name(const char *path) {
    return !strncmp(path, "/", 1) && strncmp(path, "/dev/", 5);
}

/* True, with *python filled in, if the file mapped there holds _PyRuntime. */
static bool try_file(const struct process *process, const struct map *map, struct python *python) {
    struct elf_file *file = NULL;
    struct err *err = open_mapped(process->pid, python->root, map, &file);
    if (err) {
        err_free(err);
        return false;
    }
    struct elf_symbol wanted[WANTED] = {{.name = wanted_names[0]}};
    elf_file_find_symbols(file, wanted, 1);
    if (!wanted[0].matches || !elf_file_bias(file, map->start, map->offset, &python->bias)) {
        elf_file_close(file);
        return false;
    }
    wanted[0].address += python->bias;
    for (size_t i = 1; i < WANTED; i++)
        wanted[i] = (struct elf_symbol){.name = wanted_names[i]};
    debuginfo_find_symbols(file, python->root, map->path, python->bias, wanted + 1, WANTED - 1);
    for (size_t i = 0; i < WANTED; i++) {
        if (wanted[i].matches == 1)
            python->symbols[python->symbol_count++] =
                (struct python_symbol){wanted_names[i], wanted[i].address, wanted[i].size};
    }
    python->runtime = wanted[0].address;
    python->file = file;
    python->path = strdup(map->path);
    return true;
}

struct err *python_find(const struct process *process, const struct maps *maps,
                        struct python *python) {
    *python = (struct python){0};
    snprintf(python->root, sizeof python->root, "/proc/%d/root", (int)process->pid);
    for (int likely = 1; likely >= 0; likely--) {
        for (size_t i = 0; i < maps->count; i++) {
            const struct map *map = &maps->items[i];
            if (is_first_of_file(maps, map) && is_elf_name(map->path) &&
                is_likely(maps, map) == (likely == 1) && try_file(process, map, python))
                return python->path ? NULL : err_no_memory();
        }
    }
    return err_new(ERR_NO_LAYOUT,
                   "process %d (%s) is not a Python: none of its mapped files has the symbol "
                   "_PyRuntime",
                   (int)process->pid, process->name);
}

void python_clear(struct python *python) {
    free(python->path);
    elf_file_close(python->file);
    *python = (struct python){0};
}

struct err *python_layout(const struct python *python, const struct maps *maps,
                          struct layout **ret) {
    struct vec(struct layout_module) extensions = {0};
    for (size_t i = 0; i < maps->count; i++) {
        const struct map *map = &maps->items[i];
        struct layout_module module = {map->path, map->path};
        if (is_first_of_file(maps, map) && strstr(base_name(map->path), ".so") &&
            strcmp(map->path, python->path) && !vec_push(&extensions, module)) {
            vec_free(&extensions);
            return err_no_memory();
        }
    }
    struct layout_query query = {.runtime = {elf_file_path(python->file), python->path},
                                 .extensions = extensions.items,
                                 .extension_count = extensions.count,
                                 .root = python->root,
                                 .use_cache = true};
    struct err *err = layout_resolve(&query, ret);
    vec_free(&extensions);
    return err;
}
