/* Which CPython a file is. */
#include "introspect/layout/internal.h"
#include "symbols/debuginfo.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

bool version_from_hex(uint32_t hex, char *text, size_t size) {
    unsigned major = hex >> 24, minor = hex >> 16 & 255, micro = hex >> 8 & 255;
    unsigned serial = hex & 15;
    int length = snprintf(text, size, "%u.%u.%u", major, minor, micro);
    if (length < 0 || (size_t)length + 5 > size)
        return false;
    text += length;
    size -= (size_t)length;
    switch (hex >> 4 & 15) {
    case 0xa:
        snprintf(text, size, "a%u", serial);
        return true;
    case 0xb:
        snprintf(text, size, "b%u", serial);
        return true;
    case 0xc:
        snprintf(text, size, "rc%u", serial);
        return true;
    case 0xf:
        return serial == 0;
    default:
        return false;
    }
}

/* Reads "3.10.13" into PY_VERSION_HEX; *end is where it ends. 0 if it is none. */
static uint32_t hex_from_version(const char *text, const char **end) {
    unsigned part[3] = {0};
    for (int i = 0; i < 3; i++) {
        if (!isdigit((unsigned char)*text) || (i && text[-1] != '.'))
            return 0;
        while (isdigit((unsigned char)*text) && part[i] < 256)
            part[i] = part[i] * 10 + (unsigned)(*text++ - '0');
        if (part[i] > 255 || (i < 2 && *text++ != '.'))
            return 0;
    }
    *end = text;
    return part[0] << 24 | part[1] << 16 | part[2] << 8 | 0xf0;
}

/* Before Py_Version (3.11) the version is only a string among others in .rodata
 * (Python/getversion.c). Only a release version that stands alone there is believed. */
static uint32_t version_from_rodata(struct elf_file *file) {
    struct elf_section section;
    if (!elf_file_section(file, ".rodata", &section) || !section.in_file ||
        section.size > 64 << 20 || section.size < 8)
        return 0;
    char *bytes = malloc(section.size + 1);
    uint32_t found = 0;
    bool several = false;
    if (bytes && elf_file_read_at(file, section.offset, bytes, section.size)) {
        bytes[section.size] = '\0';
        for (const char *at = bytes; (size_t)(at - bytes) < section.size; at += strlen(at) + 1) {
            const char *end;
            uint32_t hex = *at == '3' ? hex_from_version(at, &end) : 0;
            if (!hex || *end)
                continue;
            several = several || (found && found != hex);
            found = hex;
        }
    }
    free(bytes);
    return several ? 0 : found;
}

static const char *base_name(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

/* The ABI flags in "libpython3.13t.so.1.0" or "python3.11d": what follows the minor version. */
static bool name_has_flag(const char *name, char flag) {
    name = base_name(name);
    const char *python = name ? strstr(name, "python3.") : NULL;
    if (!python)
        return false;
    const char *at = python + strlen("python3.");
    while (isdigit((unsigned char)*at))
        at++;
    while (isalpha((unsigned char)*at) && *at != flag)
        at++;
    return *at == flag;
}

static struct err *find_runtime(struct elf_file *file, const struct layout_query *query,
                                struct elf_symbol symbols[3]) {
    struct elf_section section;
    elf_file_find_symbols(file, symbols, 3);
    if (!symbols[0].matches && elf_file_section(file, ".PyRuntime", &section)) {
        /* hidden by a static link: the section (3.10+, Include/internal/pycore_runtime.h) is it */
        symbols[0].address = section.address;
        symbols[0].size = section.size;
        symbols[0].matches = 1;
    }
    if (!symbols[0].matches && !query->no_debug_files)
        debuginfo_find_symbols(file, query->root, query->runtime.name, 0, symbols, 3);
    if (!symbols[0].matches)
        return err_new(ERR_NO_LAYOUT, "%s is not a Python (it has no _PyRuntime)",
                       query->runtime.name);
    return NULL;
}

static struct err *identify_version(struct elf_file *file, const struct layout_query *query,
                                    const struct elf_symbol symbols[3], struct layout *layout) {
    struct debug_offsets_header header = {0};
    uint64_t value = 0;
    bool has_offsets = debug_offsets_header(file, symbols[0].address, &header);
    if (symbols[1].matches && elf_file_read(file, symbols[1].address, &value, sizeof value))
        layout->version_hex = (uint32_t)value;
    else if (has_offsets)
        layout->version_hex = (uint32_t)header.version;
    else
        layout->version_hex = version_from_rodata(file);
    if (!version_from_hex(layout->version_hex, layout->version, sizeof layout->version))
        return err_new(ERR_NO_LAYOUT, "%s: can't tell which CPython it is", query->runtime.name);
    const char *soname = elf_file_soname(file), *name = query->runtime.name;
    if (header.free_threaded || name_has_flag(soname, 't') || name_has_flag(name, 't'))
        return err_new(ERR_NO_LAYOUT,
                       "%s is a free-threaded CPython %s: free-threaded builds are not supported",
                       name, layout->version);
    /* _Py_NegativeRefcount is there with Py_REF_DEBUG only (Objects/object.c). */
    if (symbols[2].matches || name_has_flag(soname, 'd') || name_has_flag(name, 'd'))
        strcpy(layout->abi_flags, "d");
    return NULL;
}

struct err *version_identify(struct elf_file *file, const struct layout_query *query,
                             struct layout *layout, struct runtime_symbol *runtime) {
    struct elf_symbol symbols[3] = {
        {.name = "_PyRuntime"}, {.name = "Py_Version"}, {.name = "_Py_NegativeRefcount"}};
    TRY(find_runtime(file, query, symbols));
    TRY(identify_version(file, query, symbols, layout));
    *runtime = (struct runtime_symbol){symbols[0].address, symbols[0].size};
    snprintf(layout->architecture, sizeof layout->architecture, "%s", elf_file_architecture(file));
    elf_file_build_id_text(file, layout->build_id);
    return NULL;
}
