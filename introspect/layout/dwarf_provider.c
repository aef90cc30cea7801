/* Layouts from DWARF: in the file itself or in its debug file. */
#include "base/log.h"
#include "introspect/layout/internal.h"
#include "symbols/debuginfo.h"
#include "symbols/dwarf_structs.h"

#include <stdlib.h>

static bool wanted(const struct structure_description *structure, const char *module) {
    return !module || (structure->module && !strcmp(structure->module, module));
}

static void take_structure(const struct structure_description *structure,
                           const struct dwarf_struct *found, struct layout *layout) {
    *layout_size_of(layout, structure) = found->size;
    for (size_t i = 0; i < structure->field_count; i++) {
        const struct dwarf_member *member = &found->members[i];
        if (member->bit_size && member->size > FIELD_MOST_BIT_BYTES)
            continue; /* as if there were none */
        *layout_field_of(layout, structure, i) =
            (struct field){member->offset, member->size, member->bit_offset, member->bit_size};
    }
}

static struct err *find_structures(struct elf_file *file, const char *module,
                                   struct layout *layout) {
    size_t count = 0, field_count = 0, next = 0;
    for (size_t i = 0; i < layout_structure_count; i++)
        field_count += layout_structures[i].field_count;
    struct dwarf_struct *structures = calloc(layout_structure_count, sizeof *structures);
    struct dwarf_member *members = calloc(field_count + 1, sizeof *members);
    struct err *err = NULL;
    if (!structures || !members) {
        err = err_no_memory();
        goto out;
    }
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        if (!wanted(structure, module))
            continue;
        structures[count++] = (struct dwarf_struct){.names = structure->c_names,
                                                    .members = members + next,
                                                    .member_count = structure->field_count};
        for (size_t k = 0; k < structure->field_count; k++)
            members[next++].paths = structure->fields[k].paths;
    }
    err = dwarf_find_structs(file, structures, count);
    for (size_t i = 0, k = 0; !err && i < layout_structure_count; i++) {
        if (wanted(&layout_structures[i], module))
            take_structure(&layout_structures[i], &structures[k++], layout);
    }
out:
    free(structures);
    free(members);
    return err;
}

bool dwarf_provide(struct elf_file *file, const char *root, const char *mapped_path,
                   const char *module, struct layout *layout) {
    struct elf_file *debug = NULL;
    if (!dwarf_present(file)) {
        debug = debuginfo_find(file, root, mapped_path);
        if (!debug || !dwarf_present(debug)) {
            elf_file_close(debug);
            return false;
        }
    }
    log_line(LOG_LAYOUT, "reading the DWARF of %s", elf_file_path(debug ? debug : file));
    struct err *err = find_structures(debug ? debug : file, module, layout);
    elf_file_close(debug);
    bool good = !err;
    if (err) /* another provider may know */
        log_line(LOG_LAYOUT, "%s", err_message(err));
    err_free(err);
    return good;
}
