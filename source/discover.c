#include "source/discover.h"

#include "attach/maps.h"
#include "attach/procfs.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "source/mapped_file.h"
#include "source/python.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

/* What we found in a file, kept by its identity. */
struct known_file {
    uint64_t device, inode;
    bool is_python;
    char version[24];
};

struct search {
    struct vec(struct known_file) files;
    struct maps maps;
    struct discovery *discovery;
};

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Before Py_Version (3.11) the file's name is all that is cheap to have: "libpython3.9.so.1.0". */
static void version_from_name(const char *path, char *version, size_t size) {
    const char *name = strstr(base_name(path), "python");
    const char *digits = name ? name + strlen("python") : "";
    size_t length = strspn(digits, "0123456789.");
    while (length && digits[length - 1] == '.')
        length--;
    if (memchr(digits, '.', length))
        snprintf(version, size, "%.*s", (int)(length < size ? length : size - 1), digits);
}

static void read_version(struct elf_file *file, const char *path, char *version, size_t size) {
    struct elf_symbol symbol = {.name = "Py_Version"};
    uint64_t hex = 0;
    elf_file_find_symbols(file, &symbol, 1);
    if (symbol.matches && elf_file_read(file, symbol.address, &hex, sizeof hex))
        snprintf(version, size, "%u.%u.%u", (unsigned)(hex >> 24 & 255),
                 (unsigned)(hex >> 16 & 255), (unsigned)(hex >> 8 & 255));
    else
        version_from_name(path, version, size);
}

/* Looks into the file that a process has mapped: its own file system may be another than ours. */
static void read_file(pid_t pid, const struct map *map, struct known_file *known) {
    struct elf_file *file = NULL;
    struct elf_section section;
    struct err *err = mapped_file_open(pid, map, &file);
    if (err) {
        err_free(err);
        return;
    }
    struct elf_symbol symbol = {.name = "_PyRuntime"};
    elf_file_find_symbols(file, &symbol, 1);
    known->is_python = symbol.matches || elf_file_section(file, ".PyRuntime", &section);
    if (known->is_python)
        read_version(file, map->path, known->version, sizeof known->version);
    elf_file_close(file);
}

/* NULL without memory. */
static const struct known_file *look_up(struct search *search, pid_t pid, const struct map *map) {
    vec_each (file, &search->files) {
        if (file->inode == map->inode && file->device == map->device)
            return file;
    }
    struct known_file known = {.device = map->device, .inode = map->inode};
    read_file(pid, map, &known);
    return vec_push(&search->files, known) ? &search->files.items[search->files.count - 1] : NULL;
}

/* Code is what tells programs and libraries from other files. */
static bool is_program(const struct map *map) {
    return map->kind == MAPPING_FILE && map->executable && map->path[0] == '/' &&
           strncmp(map->path, "/dev/", 5) != 0;
}

/* The executable, and what is named a Python: looked at first, and all of them. */
static bool is_likely(const struct maps *maps, const struct map *map) {
    const char *name = base_name(map->path);
    return (map->inode == maps->items->inode && map->device == maps->items->device) ||
           !strncmp(name, "python", 6) || !strncmp(name, "libpython", 9);
}

/* The mapped file that makes the process a Python; NULL if there is none. *several: others too. */
static const struct known_file *find_python(struct search *search, pid_t pid, bool *several) {
    size_t none = SIZE_MAX, found = none; /* an index: the list may move */
    *several = false;
    for (int likely = 1; likely >= 0 && found == none; likely--) {
        for (size_t i = 0; i < search->maps.count; i++) {
            const struct map *map = &search->maps.items[i];
            if (!is_program(map) || is_likely(&search->maps, map) != likely)
                continue;
            const struct known_file *file = look_up(search, pid, map);
            if (!file || !file->is_python)
                continue;
            size_t index = (size_t)(file - search->files.items);
            *several |= found != none && found != index;
            found = found == none ? index : found;
            if (!likely)
                break;
        }
    }
    return found == none ? NULL : &search->files.items[found];
}

static bool named_python(const struct process *process) {
    const char *program = process->command;
    const char *slash = memrchr(program, '/', strcspn(program, " "));
    return !process->kernel_thread && (!strncmp(process->name, "python", 6) ||
                                       !strncmp(slash ? slash + 1 : program, "python", 6));
}

static void cleanup_process(struct process **process) {
    process_destroy(*process);
}

/* Of several Pythons in a process, those that run count. */
static void take_version(const struct search *search, const struct known_file *file, bool several,
                         struct python_process *found) {
    _cleanup_(strbuf_free) struct strbuf versions = {0};
    struct err *err = several ? python_versions(found->process, &search->maps, &versions) : NULL;
    err_free(err);
    const char *version = versions.length ? strbuf_text(&versions) : file->version;
    snprintf(found->version, sizeof found->version, "%s", version);
}

static struct err *add_process(struct search *search, pid_t pid, const struct known_file *file,
                               bool several) {
    _cleanup_(cleanup_process) struct process *process = NULL;
    struct err *err = process_open(pid, &process);
    if (err || (!file && !named_python(process))) {
        err_free(err); /* it may have ended meanwhile */
        return NULL;
    }
    struct python_process found = {.process = process, .seen = file != NULL};
    if (file)
        take_version(search, file, several, &found);
    err = process_memory(process, &found.memory);
    if (err) {
        err_free(err);
        found.memory = (struct memory_use){0};
    }
    err = process_check_attach(process);
    if (err) {
        found.refusal = strdup(err_message(err));
        err_free(err);
        if (!found.refusal)
            return err_no_memory();
    }
    if (!vec_push(&search->discovery->processes, found)) {
        free(found.refusal);
        return err_no_memory();
    }
    process = NULL;
    return NULL;
}

static struct err *look_at(struct search *search, pid_t pid) {
    const struct known_file *file = NULL;
    bool is_readable = true, several = false;
    struct err *err = maps_read(pid, &search->maps);
    if (err) {
        err_free(err);
        is_readable = false;
    } else {
        file = find_python(search, pid, &several);
    }
    return file || !is_readable ? add_process(search, pid, file, several) : NULL;
}

static int compare_pids(const void *left, const void *right) {
    const struct python_process *a = left, *b = right;
    return a->process->pid < b->process->pid ? -1 : a->process->pid > b->process->pid;
}

static struct err *look_at_all(struct search *search, const volatile int *cancel) {
    DIR *folder = opendir("/proc");
    if (!folder)
        return err_errno(ERR_FAILED, errno, "can't list the processes in /proc");
    struct err *err = NULL;
    for (struct dirent *entry; !err && (entry = readdir(folder));) {
        if (cancel_asked(cancel))
            err = err_new(ERR_CANCELLED, "interrupted");
        else if (isdigit((unsigned char)entry->d_name[0]))
            err = look_at(search, (pid_t)atoi(entry->d_name));
    }
    closedir(folder);
    return err;
}

struct err *discover(const volatile int *cancel, struct discovery *ret) {
    *ret = (struct discovery){0};
    struct search search = {.discovery = ret};
    TRY(proc_check());
    struct err *err = look_at_all(&search, cancel);
    vec_free(&search.files);
    maps_free(&search.maps);
    if (err)
        discovery_free(ret);
    else if (ret->processes.count)
        qsort(ret->processes.items, ret->processes.count, sizeof *ret->processes.items,
              compare_pids);
    return err;
}

void discovery_free(struct discovery *discovery) {
    vec_each (found, &discovery->processes) {
        process_destroy(found->process);
        free(found->refusal);
    }
    vec_free(&discovery->processes);
}
