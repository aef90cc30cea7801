#include "introspect/layout/description.h"

_Static_assert(sizeof(struct field) == 12 && _Alignof(struct field) == _Alignof(uint32_t),
               "fields follow the size of their structure without gaps");

#define STRUCT(name, c_names, module) static const struct field_description fields_of_##name[] = {
#define FIELD(name, paths)            {#name, paths},
#define END(name)                                                                                  \
    { NULL, NULL }                                                                                 \
    }                                                                                              \
    ;
#include "introspect/layout/fields.def"
#undef STRUCT
#undef FIELD
#undef END

const struct structure_description layout_structures[] = {
#define STRUCT(name, c_names, module)                                                              \
    {#name,                                                                                        \
     c_names,                                                                                      \
     module,                                                                                       \
     offsetof(struct layout, name),                                                                \
     fields_of_##name,                                                                             \
     sizeof fields_of_##name / sizeof *fields_of_##name - 1},
#define FIELD(name, paths)
#define END(name)
#include "introspect/layout/fields.def"
#undef STRUCT
#undef FIELD
#undef END
};
const size_t layout_structure_count = sizeof layout_structures / sizeof *layout_structures;

const struct trait_description layout_traits[] = {
#define TRAIT(name) {#name, offsetof(struct layout, trait.name)},
#include "introspect/layout/traits.def"
#undef TRAIT
};
const size_t layout_trait_count = sizeof layout_traits / sizeof *layout_traits;

static bool same_name(const char *known, const char *name, size_t length) {
    return strlen(known) == length && !memcmp(known, name, length);
}

const struct structure_description *layout_find_structure(const char *name, size_t length) {
    for (size_t i = 0; i < layout_structure_count; i++) {
        if (same_name(layout_structures[i].name, name, length))
            return &layout_structures[i];
    }
    return NULL;
}

size_t layout_find_field(const struct structure_description *structure, const char *name,
                         size_t length) {
    for (size_t i = 0; i < structure->field_count; i++) {
        if (same_name(structure->fields[i].name, name, length))
            return i;
    }
    return SIZE_MAX;
}

bool layout_look_up(const struct layout *layout, const char *dotted, struct field *field) {
    size_t length = strcspn(dotted, ".");
    const struct structure_description *structure = layout_find_structure(dotted, length);
    if (!structure)
        return false;
    if (!dotted[length]) {
        *field = (struct field){.offset = 0, .size = layout_size(layout, structure)};
        return true;
    }
    const char *name = dotted + length + 1;
    size_t index = layout_find_field(structure, name, strlen(name));
    if (index == SIZE_MAX)
        return false;
    *field = layout_field(layout, structure, index);
    return true;
}

bool layout_has_module(const struct layout *layout, const char *module) {
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        if (structure->module && !strcmp(structure->module, module) &&
            layout_size(layout, structure))
            return true;
    }
    return false;
}

static uint64_t mix(uint64_t hash, const char *text) {
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u; /* FNV-1a */
    return (hash ^ '\n') * 1099511628211u;
}

uint64_t layout_fingerprint(void) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        hash = mix(mix(hash, structure->name), structure->c_names);
        hash = mix(hash, structure->module ? structure->module : "");
        for (size_t k = 0; k < structure->field_count; k++)
            hash = mix(mix(hash, structure->fields[k].name), structure->fields[k].paths);
    }
    for (size_t i = 0; i < layout_trait_count; i++)
        hash = mix(hash, layout_traits[i].name);
    return hash;
}
