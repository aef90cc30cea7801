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

static const char *base_name(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

/* What a file's name says: minor version and ABI flags of "libpython3.13t.so.1.0", "python3.11d".
 */
struct named_version {
    unsigned minor; /* 0: the name says nothing */
    char flags[8];
};

static struct named_version version_of_name(const char *name) {
    struct named_version version = {0};
    name = base_name(name);
    const char *at = name ? strstr(name, "python3.") : NULL;
    if (!at)
        return version;
    for (at += strlen("python3."); isdigit((unsigned char)*at) && version.minor < 100; at++)
        version.minor = version.minor * 10 + (unsigned)(*at - '0');
    for (size_t i = 0; i + 1 < sizeof version.flags && isalpha((unsigned char)at[i]); i++)
        version.flags[i] = at[i];
    return version;
}

static struct named_version version_of_names(struct elf_file *file, const char *name) {
    struct named_version version = version_of_name(elf_file_soname(file));
    return version.minor ? version : version_of_name(name);
}

/* ---- PY_VERSION among the constants ---------------------------------------------------------- */

enum { MAX_CONSTANTS = 64 << 20 };

/* A number, at most 255; moves on behind it. -1: there is none. */
static int next_number(const char **at) {
    int number = -1;
    for (; isdigit((unsigned char)**at) && number < 256; ++*at)
        number = (number < 0 ? 0 : number * 10) + (**at - '0');
    return number > 255 ? -1 : number;
}

/* PY_VERSION_HEX of "3.10.13", "3.9.0rc1" or "3.8.18+", if that is all of the text; else 0. */
static uint32_t hex_of_text(const char *text) {
    static const struct {
        const char *letters;
        uint32_t level;
    } levels[] = {{"rc", 0xc0}, {"a", 0xa0}, {"b", 0xb0}, {"", 0xf0}};
    int major = next_number(&text);
    int minor = major >= 0 && *text++ == '.' ? next_number(&text) : -1;
    int micro = minor >= 0 && *text++ == '.' ? next_number(&text) : -1;
    if (micro < 0)
        return 0;
    size_t i = 0;
    while (strncmp(text, levels[i].letters, strlen(levels[i].letters)))
        i++;
    text += strlen(levels[i].letters);
    int serial = *levels[i].letters ? next_number(&text) : 0;
    text += *text == '+';
    if (*text || serial < 0 || serial > 15)
        return 0;
    return (uint32_t)major << 24 | (uint32_t)minor << 16 | (uint32_t)micro << 8 | levels[i].level |
           (uint32_t)serial;
}

/* The one version with that minor number that a constant string is, or ends with (linkers share
 * such: "/usr/lib/python-3.8.18"); 0 if there is none, or several. */
static uint32_t version_among(const char *constants, size_t size, unsigned minor) {
    char prefix[16];
    uint32_t found = 0;
    int length = snprintf(prefix, sizeof prefix, "3.%u.", minor);
    const char *end = constants + size, *at = constants;
    while ((at = memmem(at, (size_t)(end - at), prefix, (size_t)length))) {
        bool starts = at == constants || !(isdigit((unsigned char)at[-1]) || at[-1] == '.');
        uint32_t hex = starts && memchr(at, '\0', (size_t)(end - at)) ? hex_of_text(at) : 0;
        if (hex && found && hex != found)
            return 0;
        found = hex ? hex : found;
        at += length;
    }
    return found;
}

/* The one version of all that a constant string is, from 3.8 on. */
static uint32_t version_of_any(const char *constants, size_t size) {
    uint32_t found = 0;
    for (unsigned minor = 8; minor < 32; minor++) {
        uint32_t hex = version_among(constants, size, minor);
        if (hex && found)
            return 0;
        found = hex ? hex : found;
    }
    return found;
}

/* CPython up to 3.10 says its exact version in a string only, as does 3.11 and 3.12 linked into a
 * program that exports nothing. `minor` is what is known already, or 0. 0: it can't be told. */
static uint32_t version_of_constants(struct elf_file *file, unsigned minor) {
    struct elf_section section;
    if (!elf_file_section(file, ".rodata", &section) || !section.in_file ||
        section.size > MAX_CONSTANTS)
        return 0;
    char *constants = malloc(section.size + 1);
    uint32_t hex = 0;
    if (constants && elf_file_read_at(file, section.offset, constants, section.size))
        hex = minor ? version_among(constants, section.size, minor)
                    : version_of_any(constants, section.size);
    free(constants);
    return hex;
}

/* ---- the whole ------------------------------------------------------------------------------- */

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
        return err_new(ERR_NO_LAYOUT, "%s is not a Python (it has no _PyRuntime)%s",
                       query->runtime.name,
                       strstr(query->runtime.name, "/python")
                           ? "; its shared library libpython may be: name that or a PID"
                           : "");
    return NULL;
}

/* Py_Version is there since 3.11 (Python/getversion.c), _Py_DebugOffsets since 3.13; of older ones
 * names and constants tell. */
static struct err *identify_version(struct elf_file *file, const struct layout_query *query,
                                    const struct elf_symbol symbols[3], struct layout *layout) {
    struct debug_offsets_header header = {0};
    struct named_version named = version_of_names(file, query->runtime.name);
    uint64_t value = 0;
    bool has_offsets = debug_offsets_header(file, symbols[0].address, &header);
    if (symbols[1].matches && elf_file_read(file, symbols[1].address, &value, sizeof value))
        layout->version_hex = (uint32_t)value;
    else if (has_offsets)
        layout->version_hex = (uint32_t)header.version;
    if (!layout->version_hex)
        layout->version_hex = version_of_constants(file, named.minor);
    if (!layout->version_hex && named.minor) {
        layout->version_hex = 0x03000000 | named.minor << 16;
        snprintf(layout->version, sizeof layout->version, "3.%u", named.minor);
    } else if (!version_from_hex(layout->version_hex, layout->version, sizeof layout->version)) {
        return err_new(ERR_NO_LAYOUT, "%s: can't tell which CPython it is", query->runtime.name);
    }
    /* In the order of sys.abiflags. _Py_NegativeRefcount is there with Py_REF_DEBUG only
     * (Objects/object.c). */
    if (header.free_threaded || strchr(named.flags, 't'))
        strcat(layout->abi_flags, "t");
    if (symbols[2].matches || strchr(named.flags, 'd'))
        strcat(layout->abi_flags, "d");
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
