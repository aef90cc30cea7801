#include "symbols/dwarf_structs.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <string.h>

enum {
    TYPE_CHAIN_MAX = 32, /* typedefs and qualifiers between a name and its structure */
    NESTING_MAX = 16,    /* unnamed structures in unnamed structures */
    CANDIDATES_MAX = 16, /* different definitions of one name */
    NAMES_MAX = 4096,
    SECTIONS_MAX = 8,
    STEPS_MAX = 1 << 25, /* python3.11's DWARF takes 600,000 */
};

/* One definition of a wanted name. The same definition, from a header that many units include, is
 * recognised by its size and line, so that it is kept once. */
struct candidate {
    Dwarf_Die die;
    uint64_t size;
    int line;
};

/* One of the names of a wanted structure. */
struct wanted_name {
    const char *name, *unit; /* unit: source file it must come from; NULL: any */
    size_t length, unit_length;
    size_t wanted; /* index */
    int next;      /* in its hash bucket, -1 ends */
    struct candidate candidates[CANDIDATES_MAX];
    size_t candidate_count;
};

enum { BUCKETS = 1024 };

struct collector {
    struct vec(struct wanted_name) names;
    int buckets[BUCKETS];
};

/* What protects us from DWARF that is damaged or made to harm. */
struct reader {
    /* The bytes of the sections that names are in: libdw does not check that a name ends there. */
    const char *start[SECTIONS_MAX];
    size_t size[SECTIONS_MAX];
    size_t section_count;
    uint64_t steps; /* entries looked at; at STEPS_MAX all that asks for a further one gives up */
};

static bool step(struct reader *reader) {
    return reader->steps < STEPS_MAX && ++reader->steps;
}

static uint32_t hash_name(const char *name, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash % BUCKETS;
}

static bool collector_add(struct collector *collector, const char *names, size_t wanted) {
    while (*names) {
        size_t length = strcspn(names, "|");
        const char *colon = memchr(names, ':', length);
        size_t skip = colon ? (size_t)(colon - names) + 1 : 0;
        struct wanted_name name = {.name = names + skip,
                                   .length = length - skip,
                                   .unit = colon ? names : NULL,
                                   .unit_length = skip ? skip - 1 : 0,
                                   .wanted = wanted};
        int *bucket = &collector->buckets[hash_name(name.name, name.length)];
        name.next = *bucket;
        if (collector->names.count >= NAMES_MAX || !vec_push(&collector->names, name))
            return false;
        *bucket = (int)collector->names.count - 1;
        names += length + (names[length] == '|');
    }
    return true;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void find_name_sections(Elf *elf, struct reader *reader) {
    static const char *const names[] = {".debug_str", ".debug_info", ".debug_line_str"};
    size_t string_table = 0;
    if (elf_getshdrstrndx(elf, &string_table))
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
            GElf_Shdr header;
            const char *name = gelf_getshdr(section, &header)
                                   ? elf_strptr(elf, string_table, header.sh_name)
                                   : NULL;
            Elf_Data *data = name && !strcmp(name, names[i]) ? elf_getdata(section, NULL) : NULL;
            if (!data || !data->d_buf || reader->section_count == SECTIONS_MAX)
                continue;
            reader->start[reader->section_count] = data->d_buf;
            reader->size[reader->section_count++] = data->d_size;
        }
    }
}

/* DW_AT_name and its length; NULL if there is none, or it runs out of its section. */
static const char *name_of(struct reader *reader, Dwarf_Die *die, size_t *length) {
    const char *name = dwarf_diename(die);
    for (size_t i = 0; name && i < reader->section_count; i++) {
        size_t at = (size_t)((uintptr_t)name - (uintptr_t)reader->start[i]);
        if (at >= reader->size[i])
            continue;
        *length = strnlen(name, reader->size[i] - at);
        return *length < reader->size[i] - at ? name : NULL;
    }
    return NULL;
}

/* ---- types ----------------------------------------------------------------------------------- */

static bool is_structure(int tag) {
    return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_class_type;
}

/* Follows typedefs and qualifiers to the type behind them. */
static bool strip_type(Dwarf_Die *die) {
    for (int i = 0; i < TYPE_CHAIN_MAX; i++) {
        switch (dwarf_tag(die)) {
        case DW_TAG_typedef:
        case DW_TAG_const_type:
        case DW_TAG_volatile_type:
        case DW_TAG_restrict_type:
        case DW_TAG_atomic_type:
            break;
        default:
            return true;
        }
        Dwarf_Attribute attribute;
        Dwarf_Die target;
        if (!dwarf_formref_die(dwarf_attr(die, DW_AT_type, &attribute), &target))
            return false;
        *die = target;
    }
    return false;
}

static bool member_type(Dwarf_Die *member, Dwarf_Die *type) {
    Dwarf_Attribute attribute;
    return dwarf_formref_die(dwarf_attr(member, DW_AT_type, &attribute), type) && strip_type(type);
}

static bool element_type(Dwarf_Die *type) {
    for (int i = 0; i < TYPE_CHAIN_MAX && dwarf_tag(type) == DW_TAG_array_type; i++) {
        Dwarf_Die element;
        if (!member_type(type, &element))
            return false;
        *type = element;
    }
    return dwarf_tag(type) != DW_TAG_array_type;
}

static bool unsigned_attribute(Dwarf_Die *die, unsigned name, uint64_t *value) {
    Dwarf_Attribute attribute;
    Dwarf_Word word;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &word))
        return false;
    *value = word;
    return true;
}

/* DW_AT_data_member_location: a number, or in old DWARF an expression that adds one. */
static bool member_location(Dwarf_Die *member, uint64_t *offset) {
    Dwarf_Attribute attribute;
    if (!dwarf_attr(member, DW_AT_data_member_location, &attribute)) {
        *offset = 0; /* members of unions have none */
        return true;
    }
    Dwarf_Word word;
    if (!dwarf_formudata(&attribute, &word)) {
        *offset = word;
        return true;
    }
    Dwarf_Op *operations;
    size_t count;
    if (dwarf_getlocation(&attribute, &operations, &count) || count != 1 ||
        operations[0].atom != DW_OP_plus_uconst)
        return false;
    *offset = operations[0].number;
    return true;
}

/* ---- members --------------------------------------------------------------------------------- */

/* A bit-field's position, in bits from the start of its structure, and where its type's unit of
 * storage lies. DWARF 4 and later count from the start, earlier from a storage unit's highest bit.
 */
static bool place_bits(Dwarf_Die *member, uint64_t bits, uint64_t storage, uint64_t base,
                       struct dwarf_member *found) {
    uint64_t position, from_top, location = 0, unit = storage;
    if (unsigned_attribute(member, DW_AT_data_bit_offset, &position)) {
        /* as it is */
    } else if (unsigned_attribute(member, DW_AT_bit_offset, &from_top)) {
        unsigned_attribute(member, DW_AT_byte_size, &unit);
        if (!member_location(member, &location) || location > UINT32_MAX || unit > 16 ||
            from_top + bits > unit * 8)
            return false;
        position = location * 8 + unit * 8 - from_top - bits;
    } else if (member_location(member, &location) && location <= UINT32_MAX) {
        position = location * 8;
    } else {
        return false;
    }
    if (!storage || storage > 8 || bits > storage * 8 || position > (uint64_t)UINT32_MAX * 8)
        return false;
    uint64_t start = position / (storage * 8) * storage;
    if (position - start * 8 + bits > storage * 8) /* packed: straddles its type's alignment */
        start = position / 8;
    uint64_t bit_offset = position - start * 8;
    if (bit_offset + bits > storage * 8 || base + start > UINT32_MAX)
        return false;
    found->offset = (uint32_t)(base + start);
    found->size = (uint32_t)storage;
    found->bit_offset = (uint8_t)bit_offset;
    found->bit_size = (uint8_t)bits;
    return true;
}

static bool place_member(Dwarf_Die *member, Dwarf_Die *type, uint64_t base,
                         struct dwarf_member *found) {
    Dwarf_Word size;
    uint64_t location, bits;
    if (!element_type(type) || dwarf_aggregate_size(type, &size) || size > UINT32_MAX)
        return false;
    if (unsigned_attribute(member, DW_AT_bit_size, &bits))
        return place_bits(member, bits, size, base, found);
    if (!member_location(member, &location) || base + location > UINT32_MAX)
        return false;
    found->offset = (uint32_t)(base + location);
    found->size = (uint32_t)size;
    return true;
}

static bool find_path(struct reader *reader, Dwarf_Die *structure, const char *path, size_t length,
                      uint64_t base, int nesting, struct dwarf_member *found);

/* One member against the first part of a path: true if the rest was found through it. */
static bool try_member(struct reader *reader, Dwarf_Die *member, const char *path, size_t length,
                       uint64_t base, int nesting, struct dwarf_member *found) {
    size_t name_length = 0;
    const char *name = name_of(reader, member, &name_length);
    const char *dot = memchr(path, '.', length);
    size_t part = dot ? (size_t)(dot - path) : length;
    bool matches = name && name_length == part && !memcmp(name, path, part);
    Dwarf_Die type;
    if ((name && !matches) || !member_type(member, &type))
        return false;
    if (matches && !dot)
        return place_member(member, &type, base, found);
    uint64_t location;
    if (!element_type(&type) || !is_structure(dwarf_tag(&type)) ||
        !member_location(member, &location) || base + location > UINT32_MAX)
        return false;
    if (!name)
        return find_path(reader, &type, path, length, base + location, nesting + 1, found);
    return find_path(reader, &type, dot + 1, length - part - 1, base + location, nesting + 1,
                     found);
}

static bool find_path(struct reader *reader, Dwarf_Die *structure, const char *path, size_t length,
                      uint64_t base, int nesting, struct dwarf_member *found) {
    Dwarf_Die member;
    if (nesting > NESTING_MAX || !length || dwarf_child(structure, &member))
        return false;
    do {
        if (dwarf_tag(&member) == DW_TAG_member &&
            try_member(reader, &member, path, length, base, nesting, found))
            return true;
    } while (step(reader) && !dwarf_siblingof(&member, &member));
    return false;
}

static bool find_paths(struct reader *reader, Dwarf_Die *structure, struct dwarf_member *member) {
    for (const char *path = member->paths; *path;) {
        size_t length = strcspn(path, "|");
        member->offset = member->size = member->bit_offset = member->bit_size = 0;
        if (find_path(reader, structure, path, length, 0, 0, member) && member->size)
            return true;
        path += length + (path[length] == '|');
    }
    member->offset = member->size = member->bit_offset = member->bit_size = 0;
    return false;
}

static size_t find_members(struct reader *reader, Dwarf_Die *structure,
                           struct dwarf_struct *wanted) {
    size_t found = 0;
    for (size_t i = 0; i < wanted->member_count; i++)
        found += find_paths(reader, structure, &wanted->members[i]);
    return found;
}

/* ---- collecting ------------------------------------------------------------------------------ */

static bool from_unit(struct reader *reader, const struct wanted_name *name, Dwarf_Die *unit) {
    if (!name->unit)
        return true;
    size_t length = 0;
    const char *file = name_of(reader, unit, &length);
    return file && length >= name->unit_length &&
           !memcmp(file + length - name->unit_length, name->unit, name->unit_length) &&
           (length == name->unit_length || file[length - name->unit_length - 1] == '/');
}

static void offer(struct wanted_name *name, Dwarf_Die *die) {
    Dwarf_Die structure = *die;
    uint64_t size;
    if (!strip_type(&structure) || !is_structure(dwarf_tag(&structure)) ||
        dwarf_hasattr(&structure, DW_AT_declaration) ||
        !unsigned_attribute(&structure, DW_AT_byte_size, &size) || !size || size > UINT32_MAX)
        return;
    int line = 0;
    dwarf_decl_line(&structure, &line);
    for (size_t i = 0; i < name->candidate_count; i++) {
        if (name->candidates[i].size == size && name->candidates[i].line == line)
            return;
    }
    if (name->candidate_count < CANDIDATES_MAX)
        name->candidates[name->candidate_count++] = (struct candidate){structure, size, line};
}

static void scan_unit(struct reader *reader, struct collector *collector, Dwarf_Die *unit) {
    Dwarf_Die die;
    if (dwarf_child(unit, &die))
        return;
    do {
        int tag = dwarf_tag(&die);
        if (!is_structure(tag) && tag != DW_TAG_typedef)
            continue;
        size_t length = 0;
        const char *name = name_of(reader, &die, &length);
        if (!name || !length)
            continue;
        for (int i = collector->buckets[hash_name(name, length)]; i >= 0;) {
            struct wanted_name *wanted = &collector->names.items[i];
            if (wanted->length == length && !memcmp(wanted->name, name, length) &&
                from_unit(reader, wanted, unit))
                offer(wanted, &die);
            i = wanted->next;
        }
    } while (step(reader) && !dwarf_siblingof(&die, &die));
}

/* ---- choosing -------------------------------------------------------------------------------- */

static bool same_members(const struct dwarf_member *a, const struct dwarf_member *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (a[i].offset != b[i].offset || a[i].size != b[i].size ||
            a[i].bit_offset != b[i].bit_offset || a[i].bit_size != b[i].bit_size)
            return false;
    }
    return true;
}

/* Of several definitions of a name the one with the most wanted members is meant. */
static bool choose(struct reader *reader, struct wanted_name *name, struct dwarf_struct *wanted) {
    size_t best_found = 0, best = SIZE_MAX;
    _cleanup_(cleanup_free) struct dwarf_member *members =
        calloc(wanted->member_count + 1, sizeof *members);
    size_t bytes = wanted->member_count * sizeof *members;
    if (!members)
        return false;
    wanted->ambiguous = false;
    for (size_t i = 0; i < name->candidate_count; i++) {
        size_t found = find_members(reader, &name->candidates[i].die, wanted);
        if (best != SIZE_MAX && found < best_found)
            continue;
        if (best != SIZE_MAX && found == best_found) {
            if (name->candidates[i].size != name->candidates[best].size ||
                !same_members(members, wanted->members, wanted->member_count))
                wanted->ambiguous = true;
            continue;
        }
        wanted->ambiguous = false;
        best = i;
        best_found = found;
        if (bytes)
            memcpy(members, wanted->members, bytes);
    }
    if (best == SIZE_MAX || wanted->ambiguous) {
        for (size_t i = 0; i < wanted->member_count; i++)
            wanted->members[i] = (struct dwarf_member){.paths = wanted->members[i].paths};
        return false;
    }
    if (bytes)
        memcpy(wanted->members, members, bytes);
    wanted->size = (uint32_t)name->candidates[best].size;
    return true;
}

/* ---- entry ----------------------------------------------------------------------------------- */

bool dwarf_present(struct elf_file *file) {
    struct elf_section section;
    return elf_file_section(file, ".debug_info", &section) && section.in_file;
}

static void cleanup_dwarf(Dwarf **dwarf) {
    if (*dwarf)
        dwarf_end(*dwarf);
}

static void cleanup_names(struct collector *collector) {
    vec_free(&collector->names);
}

struct err *dwarf_find_structs(struct elf_file *file, struct dwarf_struct *wanted, size_t count) {
    if (!dwarf_present(file))
        return err_new(ERR_FAILED, "%s has no DWARF", elf_file_path(file));
    _cleanup_(cleanup_names) struct collector collector = {0};
    memset(collector.buckets, -1, sizeof collector.buckets);
    for (size_t i = 0; i < count; i++) {
        if (!collector_add(&collector, wanted[i].names, i))
            return err_no_memory();
    }
    _cleanup_(cleanup_dwarf) Dwarf *dwarf =
        dwarf_begin_elf((Elf *)elf_file_handle(file), DWARF_C_READ, NULL);
    if (!dwarf)
        return err_new(ERR_FAILED, "%s: %s", elf_file_path(file), dwarf_errmsg(-1));
    struct reader reader = {.steps = 0};
    find_name_sections((Elf *)elf_file_handle(file), &reader);
    Dwarf_CU *unit = NULL;
    Dwarf_Die unit_die;
    while (!dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &unit_die, NULL))
        scan_unit(&reader, &collector, &unit_die);
    for (size_t i = 0; i < collector.names.count; i++) {
        struct wanted_name *name = &collector.names.items[i];
        struct dwarf_struct *target = &wanted[name->wanted];
        if (target->size || !name->candidate_count)
            continue; /* an earlier alternative was found */
        if (!choose(&reader, name, target) && target->ambiguous)
            log_line(LOG_DWARF, "%s: several structures %.*s differ", elf_file_path(file),
                     (int)name->length, name->name);
    }
    if (reader.steps >= STEPS_MAX)
        return err_new(ERR_FAILED, "%s: its DWARF is circular or too big", elf_file_path(file));
    return NULL;
}
