#include "source/python.h"

#include "attach/procfs.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "introspect/layout/provider.h"
#include "source/mapped_file.h"
#include "symbols/debuginfo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_first_of_file(const struct maps *maps, const struct map *map) {
    if (map->kind != MAPPING_FILE || map->offset || !map->readable)
        return false;
    return map == maps->items || map[-1].inode != map->inode || map[-1].device != map->device;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "python3.11", "libpython3.11.so.1.0" */
static bool named_python(const struct map *map) {
    const char *name = base_name(map->path);
    return !strncmp(name, "python", 6) || !strncmp(name, "libpython", 9);
}

static bool is_elf_name(const char *path) {
    return !strncmp(path, "/", 1) && strncmp(path, "/dev/", 5);
}

enum { CANDIDATES_MAX = 8 };

/* One Python of possibly several, and whether it has an interpreter. */
struct candidate {
    struct python python;
    struct layout *layout; /* NULL: not resolved */
    enum { STATE_UNKNOWN, LOADED, RUNNING } state;
};

struct search {
    const struct process *process;
    const struct maps *maps;
    struct candidate found[CANDIDATES_MAX];
    size_t count;
    struct err *refusal; /* why the first file that could not be opened could not */
};

static void cleanup_search(struct search *search) {
    for (size_t i = 0; i < search->count; i++) {
        python_clear(&search->found[i].python);
        layout_destroy(search->found[i].layout);
    }
    err_free(search->refusal);
}

/* Where _PyRuntime lies in the file: exported; or, hidden by a static link, what its section has
 * (3.10+, Include/internal/pycore_runtime.h). */
static bool find_runtime(struct elf_file *file, struct elf_symbol *runtime) {
    struct elf_section section;
    *runtime = (struct elf_symbol){.name = "_PyRuntime"};
    elf_file_find_symbols(file, runtime, 1);
    if (!runtime->matches && elf_file_section(file, ".PyRuntime", &section)) {
        runtime->address = section.address;
        runtime->size = section.size;
        runtime->matches = 1;
    }
    return runtime->matches != 0;
}

/* Takes the file that is mapped there if it has _PyRuntime. */
static struct err *try_file(struct search *search, const struct map *map) {
    struct elf_file *file = NULL;
    struct err *err = mapped_file_open(search->process->pid, map, &file);
    if (err) {
        if (err_code(err) == ERR_SOURCE && !search->refusal)
            search->refusal = err;
        else
            err_free(err);
        return NULL;
    }
    struct python *python = &search->found[search->count].python;
    struct elf_symbol runtime;
    if (!find_runtime(file, &runtime) ||
        !elf_file_bias(file, map->start, map->offset, &python->bias)) {
        elf_file_close(file);
        return NULL;
    }
    search->count++;
    python->pid = search->process->pid;
    snprintf(python->root, sizeof python->root, "/proc/%d/root", (int)python->pid);
    python->start = map->start;
    python->runtime = runtime.address + python->bias;
    python->runtime_size = runtime.size;
    python->file = file;
    python->path = strdup(map->path);
    return python->path ? NULL : err_no_memory();
}

/* The executable and what is named a Python; or, where they are none, the first other file that is
 * one (a program's plugin): opening them all would cost a process with hundreds of libraries. */
static struct err *search_files(struct search *search) {
    for (int likely = 1; likely >= 0 && !search->count; likely--) {
        for (size_t i = 0; i < search->maps->count; i++) {
            const struct map *map = &search->maps->items[i];
            if (!is_first_of_file(search->maps, map) || !is_elf_name(map->path) ||
                (i == 0 || named_python(map)) != (likely == 1))
                continue;
            TRY(try_file(search, map));
            if (search->count == CANDIDATES_MAX || (!likely && search->count))
                break;
        }
    }
    return NULL;
}

/* ---- one of several -------------------------------------------------------------------------- */

static bool read_head(const struct python *python, const struct layout *layout, uint64_t *head) {
    uint64_t at = python->runtime + layout->runtime.interpreters_head.offset;
    return proc_read_memory(python->pid, at, head, sizeof *head);
}

/* Without a layout, or the right to read, nobody knows. */
static void examine(const struct search *search, struct candidate *candidate) {
    uint64_t head = 0;
    struct err *err = python_layout(&candidate->python, search->maps, &candidate->layout);
    if (!err && read_head(&candidate->python, candidate->layout, &head))
        candidate->state = head ? RUNNING : LOADED;
    err_free(err);
}

static size_t count_state(const struct search *search, int state, size_t *first) {
    size_t count = 0;
    for (size_t i = 0; i < search->count; i++) {
        if ((int)search->found[i].state != state)
            continue;
        if (!count++)
            *first = i;
    }
    return count;
}

static void describe(const struct search *search, struct strbuf *out) {
    const char *between = "";
    for (size_t i = 0; i < search->count; i++) {
        const struct candidate *candidate = &search->found[i];
        if (candidate->state != RUNNING)
            continue;
        strbuf_printf(out, "%s%zu is CPython %s in ", between, i + 1, candidate->layout->version);
        strbuf_add_escaped(out, candidate->python.path, strlen(candidate->python.path), 256);
        between = ", ";
    }
}

/* The index of the one that is meant. */
static struct err *choose(struct search *search, unsigned wanted, size_t *ret) {
    const struct process *process = search->process;
    *ret = wanted ? wanted - 1 : 0;
    if (wanted > search->count)
        return err_new(ERR_USAGE, "--python %u: process %d (%s) has only %zu", wanted, process->pid,
                       process->name, search->count);
    if (wanted || search->count == 1)
        return NULL;
    for (size_t i = 0; i < search->count; i++)
        examine(search, &search->found[i]);
    size_t running = count_state(search, RUNNING, ret);
    if (running <= 1) {
        if (!running)
            count_state(search, STATE_UNKNOWN, ret);
        return NULL;
    }
    _cleanup_(strbuf_free) struct strbuf list = {0};
    describe(search, &list);
    return err_new(ERR_NO_LAYOUT,
                   "process %d (%s) runs %zu Pythons at once: %s; choose one with --python NUMBER",
                   process->pid, process->name, running, strbuf_text(&list));
}

static struct err *nothing_found(struct search *search) {
    struct err *refusal = search->refusal;
    search->refusal = NULL;
    if (refusal)
        return refusal;
    return err_new(ERR_NO_LAYOUT,
                   "process %d (%s) is not a Python: none of its mapped files has the symbol "
                   "_PyRuntime",
                   (int)search->process->pid, search->process->name);
}

struct err *python_find(const struct process *process, const struct maps *maps, unsigned wanted,
                        struct python *python) {
    _cleanup_(cleanup_search) struct search search = {.process = process, .maps = maps};
    size_t chosen = 0;
    *python = (struct python){0};
    TRY(search_files(&search));
    if (!search.count)
        return nothing_found(&search);
    TRY(choose(&search, wanted, &chosen));
    *python = search.found[chosen].python;
    search.found[chosen].python = (struct python){0};
    return NULL;
}

struct err *python_versions(const struct process *process, const struct maps *maps,
                            struct strbuf *out) {
    _cleanup_(cleanup_search) struct search search = {.process = process, .maps = maps};
    TRY(search_files(&search));
    size_t before = out->length;
    for (size_t i = 0; i < search.count; i++) {
        struct candidate *candidate = &search.found[i];
        examine(&search, candidate);
        if (candidate->state == RUNNING)
            strbuf_printf(out, "%s%s", out->length > before ? ", " : "",
                          candidate->layout->version);
    }
    return NULL;
}

struct err *python_check_started(const struct process *process, const struct python *python,
                                 const struct layout *layout) {
    uint64_t head = 0;
    if (!read_head(python, layout, &head) || head)
        return NULL;
    return err_new(ERR_NO_LAYOUT,
                   "process %d (%s) has CPython %s loaded (%s) but no interpreter in it: it is not "
                   "initialised yet, or was shut down",
                   process->pid, process->name, layout->version, python->path);
}

void python_clear(struct python *python) {
    free(python->path);
    elf_file_close(python->file);
    *python = (struct python){0};
}

static struct err *open_mapping(void *context, const struct layout_module *module,
                                struct elf_file **ret) {
    const struct python *python = context;
    return mapped_file_open(python->pid, module->mapping, ret);
}

/* What proves a layout reads a few words thousands of times. */
struct running {
    pid_t pid;
    int memory; /* -1 until needed */
};

static bool read_now(void *context, uint64_t address, void *to, size_t size) {
    struct running *running = context;
    if (running->memory < 0)
        running->memory = proc_open_memory(running->pid);
    return running->memory >= 0 &&
           pread(running->memory, to, size, (off_t)address) == (ssize_t)size;
}

struct err *python_layout(const struct python *python, const struct maps *maps,
                          struct layout **ret) {
    struct layout_module runtime = {.path = python->path, .name = python->path};
    struct vec(struct layout_module) extensions = {0};
    for (size_t i = 0; i < maps->count; i++) {
        const struct map *map = &maps->items[i];
        struct layout_module module = {.path = map->path, .name = map->path, .mapping = map};
        if (map->start == python->start)
            runtime.mapping = map;
        if (is_first_of_file(maps, map) && strstr(base_name(map->path), ".so") &&
            strcmp(map->path, python->path) && !vec_push(&extensions, module)) {
            vec_free(&extensions);
            return err_no_memory();
        }
    }
    struct running running = {.pid = python->pid, .memory = -1};
    struct layout_query query = {.runtime = runtime,
                                 .extensions = extensions.items,
                                 .extension_count = extensions.count,
                                 .open = open_mapping,
                                 .open_context = (void *)python,
                                 .root = python->root,
                                 .read = read_now,
                                 .read_context = &running,
                                 .bias = python->bias,
                                 .use_cache = true};
    struct err *err = layout_resolve(&query, ret);
    if (running.memory >= 0)
        close(running.memory);
    vec_free(&extensions);
    return err;
}

static void add_symbol(struct python *python, const char *name, uint64_t address, uint64_t size) {
    if (python->symbol_count < PYTHON_SYMBOLS_MAX)
        python->symbols[python->symbol_count++] = (struct python_symbol){name, address, size};
}

/* Several files of Objects/ have a variable of this name, up to 3.9. */
static void take_free_list(void *context, const char *name, size_t length, uint64_t address,
                           uint64_t size) {
    struct python *python = context;
    if (length == strlen("free_list") && !memcmp(name, "free_list", length))
        add_symbol(python, "free_list", address + python->bias, size);
}

void python_find_symbols(struct python *python, const struct layout *layout) {
    struct elf_symbol wanted[8];
    size_t count = 0;
    /* Objects/obmalloc.c, unicodeobject.c, typeobject.c and dictobject.c, before these became the
     * interpreter's own. */
    if (layout->trait.obmalloc_state == OBMALLOC_STATIC) {
        wanted[count++] = (struct elf_symbol){.name = "arenas"};
        wanted[count++] = (struct elf_symbol){.name = "maxarenas"};
    }
    if (!layout_has(layout->interpreter.interned_strings))
        wanted[count++] = (struct elf_symbol){.name = "interned"};
    if (!layout_has(layout->interpreter.type_cache))
        wanted[count++] = (struct elf_symbol){.name = "method_cache"};
    if (!layout_has(layout->interpreter.free_dict_keys)) {
        wanted[count++] = (struct elf_symbol){.name = "keys_free_list"};
        wanted[count++] = (struct elf_symbol){.name = "numfreekeys"};
    }
    if (layout_has(layout->grammar.g_dfa))
        wanted[count++] = (struct elf_symbol){.name = "_PyParser_Grammar"};
    add_symbol(python, "_PyRuntime", python->runtime, python->runtime_size);
    debuginfo_find_symbols(python->file, python->root, python->path, python->bias, wanted, count);
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].matches == 1)
            add_symbol(python, wanted[i].name, wanted[i].address, wanted[i].size);
    }
    if (!layout_has(layout->interpreter.free_floats))
        debuginfo_visit_data(python->file, python->root, python->path, take_free_list, python);
}
