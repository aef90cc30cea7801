#include "symbols/debuginfo.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

static bool same_build(struct elf_file *file, struct elf_file *candidate, const uint32_t *crc) {
    size_t size, candidate_size;
    const uint8_t *id = elf_file_build_id(file, &size);
    const uint8_t *candidate_id = elf_file_build_id(candidate, &candidate_size);
    if (size || candidate_size)
        return size == candidate_size && !memcmp(id, candidate_id, size);
    uint32_t actual;
    return crc && elf_file_crc(candidate, &actual) && actual == *crc;
}

static struct elf_file *try_path(struct elf_file *file, const char *root, const char *path,
                                 const uint32_t *crc) {
    struct elf_file *candidate = NULL;
    struct err *err = elf_file_open(root, path, &candidate);
    if (err) {
        log_line(LOG_ELF, "no debug file: %s", err_message(err));
        err_free(err); /* a miss while probing */
        return NULL;
    }
    if (same_build(file, candidate, crc)) {
        log_line(LOG_ELF, "debug file of %s: %s%s", elf_file_path(file), root ? root : "", path);
        return candidate;
    }
    log_line(LOG_ELF, "%s is of another build than %s", path, elf_file_path(file));
    elf_file_close(candidate);
    return NULL;
}

static struct elf_file *find_by_build_id(struct elf_file *file, const char *root) {
    char text[2 * ELF_BUILD_ID_MAX + 1], path[sizeof text + 64];
    elf_file_build_id_text(file, text);
    if (strlen(text) < 4)
        return NULL;
    snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", text, text + 2);
    return try_path(file, root, path, NULL);
}

static struct elf_file *find_by_link(struct elf_file *file, const char *root,
                                     const char *mapped_path) {
    uint32_t crc;
    const char *name = elf_file_debuglink(file, &crc);
    const char *slash = mapped_path ? strrchr(mapped_path, '/') : NULL;
    if (!name || !slash || mapped_path[0] != '/')
        return NULL;
    int folder = (int)(slash - mapped_path);
    static const char *const places[][2] = {{"", ""}, {"", "/.debug"}, {"/usr/lib/debug", ""}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s%.*s%s/%s", places[i][0], folder, mapped_path,
                              places[i][1], name);
        if (length < 0 || (size_t)length >= sizeof path)
            return NULL;
        struct elf_file *found = try_path(file, root, path, &crc);
        if (found)
            return found;
    }
    return NULL;
}

struct elf_file *debuginfo_find(struct elf_file *file, const char *root, const char *mapped_path) {
    if (symbols_hidden("dwarf"))
        return NULL;
    struct elf_file *found = find_by_build_id(file, root);
    if (!found)
        found = find_by_link(file, root, mapped_path);
    if (!found && root && *root) /* a container rarely has debug files, its host may */
        found = find_by_build_id(file, "");
    return found;
}

void debuginfo_find_symbols(struct elf_file *file, const char *root, const char *mapped_path,
                            uint64_t bias, struct elf_symbol *wanted, size_t count) {
    elf_file_find_symbols(file, wanted, count);
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all = all && wanted[i].matches;
    if (!all) {
        struct elf_file *debug = debuginfo_find(file, root, mapped_path);
        if (debug)
            elf_file_find_symbols(debug, wanted, count);
        elf_file_close(debug);
    }
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].matches)
            wanted[i].address += bias;
    }
}

void debuginfo_visit_data(struct elf_file *file, const char *root, const char *mapped_path,
                          elf_data_visit *visit, void *context) {
    if (elf_file_visit_data(file, visit, context))
        return;
    struct elf_file *debug = debuginfo_find(file, root, mapped_path);
    if (debug)
        elf_file_visit_data(debug, visit, context);
    elf_file_close(debug);
}
