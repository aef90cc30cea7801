/* How a table of another release becomes a layout:
 *
 * 1. _Py_DebugOffsets (3.13+) says where some fields are.
 * 2. Each self-check is asked where the table has its field and, if it is strong enough, around there.
 * 3. A field without a check, or whose check fails, has moved with its neighbours if those before and
 *    behind it moved alike: that is, nothing came in between. Where they did not, a weak check may tell.
 * 4. What is left is taken out of the layout.
 *
 * Why that is enough: in all releases of one minor version that were compared, members came and went at
 * few places, and never did so that their neighbours kept their distance. */
#include "introspect/layout/derive.h"

#include "base/log.h"

#include <stdio.h>

enum {
    ATTEMPTS = 6,  /* the process runs on meanwhile */
    WINDOW = 1024, /* how far a field is looked for */
};

/* Structures of which some fields are proven and the others are told by their neighbours. */
static const char *const neighbourly[] = {
    "runtime",           "interpreter",    "gc_state",          "thread",
    "interpreter_frame", "obmalloc_state", "static_type_state",
};

/* Structures that no type tells the size of, that drifted in known releases, and that nothing here reads
 * on the way to something that proves itself. */
static const char *const unprovable[] = {"co_monitoring", "co_line_data", "executor_array"};

/* What a table has must be proven, or be no layout at all. */
static const char *const indispensable[] = {
    "interpreter.obmalloc", "interpreter.static_builtins", "thread.cframe", "thread.current_frame",
    "module.md_dict",
};

/* ---- what is known --------------------------------------------------------------------------- */

struct named_field {
    const struct structure_description *structure; /* NULL: there is no such name */
    size_t index;                                  /* SIZE_MAX: the structure's size */
};

static struct named_field find_field(const char *name) {
    size_t length = strcspn(name, ".");
    struct named_field found = {layout_find_structure(name, length), SIZE_MAX};
    if (found.structure && name[length]) {
        name += length + 1;
        found.index = layout_find_field(found.structure, name, strlen(name));
        if (found.index == SIZE_MAX)
            found.structure = NULL;
    }
    return found;
}

/* Where a field is; of the structure itself, its end. */
static uint32_t position(const struct layout *layout, struct named_field field) {
    return field.index == SIZE_MAX ? layout_size(layout, field.structure)
                                   : layout_field(layout, field.structure, field.index).offset;
}

static bool exists(const struct layout *layout, struct named_field field) {
    return field.structure && layout_size(layout, field.structure) &&
           (field.index == SIZE_MAX ||
            layout_has(layout_field(layout, field.structure, field.index)));
}

static const struct layout_proof *proof_of(const struct derive *derive, struct named_field field) {
    vec_each (proof, &derive->proofs->items) {
        if (proof->structure == field.structure && proof->field == field.index)
            return proof;
    }
    return NULL;
}

static void add_proof(struct derive *derive, struct named_field field, enum proof_kind kind,
                      int32_t moved, const char *how) {
    const struct layout_proof proof = {field.structure, field.index, kind, moved, how};
    if (!proof_of(derive, field) && !vec_push(&derive->proofs->items, proof))
        derive->out_of_memory = true;
}

static void move_to(struct derive *derive, struct named_field field, uint32_t at) {
    if (field.index == SIZE_MAX)
        *layout_size_of(derive->layout, field.structure) = at;
    else
        layout_field_of(derive->layout, field.structure, field.index)->offset = at;
}

static void prove_at(struct derive *derive, struct named_field field, uint32_t at,
                     const char *how) {
    int32_t moved = (int32_t)(at - position(derive->table, field));
    move_to(derive, field, at);
    add_proof(derive, field, moved ? PROOF_MOVED : PROOF_HERE, moved, how);
}

void derive_proven(struct derive *derive, const char *name, const char *how) {
    struct named_field field = find_field(name);
    if (exists(derive->layout, field))
        prove_at(derive, field, position(derive->layout, field), how);
}

static void drop_field(struct derive *derive, struct named_field field) {
    *layout_field_of(derive->layout, field.structure, field.index) = (struct field){0};
    add_proof(derive, field, PROOF_NONE, 0, NULL);
}

void derive_refuted(struct derive *derive, const char *name) {
    struct named_field field = find_field(name);
    if (!exists(derive->layout, field))
        return;
    for (size_t i = 0; i < field.structure->field_count; i++)
        *layout_field_of(derive->layout, field.structure, i) = (struct field){0};
    *layout_size_of(derive->layout, field.structure) = 0;
    add_proof(derive, field, PROOF_NONE, 0, NULL);
}

/* ---- self-checks ----------------------------------------------------------------------------- */

static bool holds(struct derive *derive, const struct self_check *check, uint64_t at) {
    for (int i = 0; i < ATTEMPTS; i++) {
        if (check->holds(derive, check, at))
            return true;
    }
    return false;
}

/* The one other place where the check holds, the nearest first; false if there is none, or several. */
static bool search(struct derive *derive, const struct self_check *check, uint64_t structure,
                   uint32_t expected, uint32_t *ret) {
    size_t found = 0;
    for (uint32_t distance = check->step; distance <= WINDOW; distance += check->step) {
        if (distance <= expected && check->holds(derive, check, structure + expected - distance)) {
            *ret = expected - distance;
            found++;
        }
        if (check->holds(derive, check, structure + expected + distance)) {
            *ret = expected + distance;
            found++;
        }
    }
    return found == 1;
}

/* Is one of whose fields those without a check follow their neighbours? */
static bool is_completed(const struct structure_description *structure) {
    for (size_t i = 0; i < sizeof neighbourly / sizeof *neighbourly; i++) {
        if (!strcmp(structure->name, neighbourly[i]))
            return true;
    }
    return false;
}

static void run_check(struct derive *derive, const struct self_check *check) {
    struct named_field field = find_field(check->field);
    if (!exists(derive->layout, field))
        return;
    uint64_t structure = derive_structure_address(derive, field.structure);
    uint32_t at = field.index == SIZE_MAX ? 0 : position(derive->layout, field);
    if (!structure) {
        log_line(LOG_LAYOUT, "nothing to prove %s on", check->field);
        if (!is_completed(field.structure))
            derive_refuted(derive, field.structure->name);
        return;
    }
    bool here = holds(derive, check, structure + at);
    if (proof_of(derive, field)) { /* by _Py_DebugOffsets */
        if (!here)
            log_line(LOG_LAYOUT, "%s: can't tell: %s", check->field, check->how);
        return;
    }
    if (here || (check->step && search(derive, check, structure, at, &at))) {
        if (field.index == SIZE_MAX)
            derive_proven(derive, check->field, check->how);
        else
            prove_at(derive, field, at, check->how);
        return;
    }
    log_line(LOG_LAYOUT, "%s: not so: %s", check->field, check->how);
    if (field.index == SIZE_MAX || !is_completed(field.structure))
        derive_refuted(derive, field.structure->name);
}

/* ---- what the binary says -------------------------------------------------------------------- */

/* Structures in which members come and go, but mean the same. Of others, a size that differs says that the
 * table is of something else: gc's states of 3.14.4 and 3.14.5 have their lists at the same places. */
static bool drifts(struct named_field field) {
    return !strcmp(field.structure->name, "runtime") ||
           !strcmp(field.structure->name, "interpreter") ||
           !strcmp(field.structure->name, "thread");
}

static void take_debug_offset(void *context, const char *name, uint64_t value) {
    struct derive *derive = context;
    struct named_field field = find_field(name);
    if (!exists(derive->layout, field) || value > UINT32_MAX)
        return;
    if (field.index == SIZE_MAX && value != position(derive->table, field) && !drifts(field))
        derive_refuted(derive, name);
    else
        prove_at(derive, field, (uint32_t)value, "_Py_DebugOffsets");
}

/* The main interpreter is the last member of _PyRuntime since 3.11, its first thread that of the
 * interpreter in 3.11 and 3.12 (Include/internal/pycore_runtime.h, pycore_interp.h). */
static void take_sizes(struct derive *derive) {
    struct named_field interpreter = find_field("interpreter");
    uint64_t end = derive->runtime + derive->runtime_size;
    if (derive->interpreter > derive->runtime && derive->interpreter < end &&
        exists(derive->layout, interpreter))
        prove_at(derive, interpreter, (uint32_t)(end - derive->interpreter),
                 "_PyRuntime ends with it");
    if (derive->thread && derive->thread + derive->layout->thread.size == end)
        derive_proven(derive, "thread", "_PyRuntime ends with it");
}

/* ---- neighbours ------------------------------------------------------------------------------ */

struct neighbour {
    uint32_t at; /* in the table */
    int32_t moved;
    bool known;
};

/* The nearest proven place on either side of `at`: the structure's start is one, its end may be. */
static void find_neighbours(const struct derive *derive,
                            const struct structure_description *structure, uint32_t at,
                            struct neighbour *before, struct neighbour *behind) {
    *before = (struct neighbour){.known = true};
    *behind = (struct neighbour){0};
    vec_each (proof, &derive->proofs->items) {
        if (proof->structure != structure || !proof->how)
            continue;
        struct neighbour here = {
            position(derive->table, (struct named_field){structure, proof->field}), proof->moved,
            true};
        if (here.at <= at && here.at >= before->at && proof->field != SIZE_MAX)
            *before = here;
        if (here.at > at && (!behind->known || here.at < behind->at))
            *behind = here;
    }
}

static const struct self_check *weak_check(struct named_field field) {
    for (const struct self_check *check = derive_runtime_checks; check->field; check++) {
        struct named_field named = find_field(check->field);
        if (check->weak && named.structure == field.structure && named.index == field.index)
            return check;
    }
    return NULL;
}

/* The one of both with which the field moved. */
static bool ask_weak_check(struct derive *derive, struct named_field field,
                           const struct neighbour *before, const struct neighbour *behind) {
    const struct self_check *check = weak_check(field);
    uint64_t structure = derive_structure_address(derive, field.structure);
    uint32_t at = position(derive->table, field);
    uint32_t first = at + (uint32_t)before->moved, second = at + (uint32_t)behind->moved;
    if (!check || !structure)
        return false;
    bool with_before = holds(derive, check, structure + first);
    bool with_behind = behind->known && holds(derive, check, structure + second);
    if (with_before == with_behind)
        return false;
    prove_at(derive, field, with_before ? first : second, check->how);
    return true;
}

static void follow_neighbours(struct derive *derive, struct named_field field) {
    struct neighbour before, behind;
    uint32_t at = position(derive->table, field);
    find_neighbours(derive, field.structure, at, &before, &behind);
    if (!behind.known || before.moved != behind.moved) {
        if (!ask_weak_check(derive, field, &before, &behind))
            drop_field(derive, field);
        return;
    }
    move_to(derive, field, at + (uint32_t)before.moved);
    add_proof(derive, field, PROOF_BETWEEN, before.moved, NULL);
}

static void complete(struct derive *derive, const char *name) {
    struct named_field field = find_field(name);
    for (field.index = 0; field.index < field.structure->field_count; field.index++) {
        if (exists(derive->table, field) && exists(derive->layout, field) &&
            !proof_of(derive, field))
            follow_neighbours(derive, field);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool nothing_dispensed_with(const struct derive *derive, struct strbuf *missing) {
    for (size_t i = 0; i < sizeof indispensable / sizeof *indispensable; i++) {
        struct named_field field = find_field(indispensable[i]);
        if (exists(derive->table, field) && !exists(derive->layout, field))
            strbuf_printf(missing, "%s%s", missing->length ? ", " : "", indispensable[i]);
    }
    return !missing->length;
}

static void run(struct derive *derive, struct elf_file *file, const struct layout_query *query,
                uint64_t runtime_address) {
    struct named_field runtime = find_field("runtime");
    debug_offsets_visit(file, runtime_address, take_debug_offset, derive);
    if (derive->runtime_size)
        prove_at(derive, runtime, (uint32_t)derive->runtime_size, "its symbol's size");
    for (size_t i = 0; i < sizeof unprovable / sizeof *unprovable; i++)
        derive_refuted(derive, unprovable[i]);
    if (!derive_objects(derive, file, query->bias))
        return;
    for (const struct self_check *check = derive_runtime_checks; check->field; check++) {
        if (!check->weak)
            run_check(derive, check);
        if (!strcmp(check->field, "interpreter.threads_head"))
            take_sizes(derive);
    }
    for (size_t i = 0; i < sizeof neighbourly / sizeof *neighbourly; i++)
        complete(derive, neighbourly[i]);
}

struct err *derive_layout(struct elf_file *file, const struct layout_query *query,
                          const struct layout *build, const struct runtime_symbol *runtime,
                          struct layout *layout, struct strbuf *missing) {
    struct layout_proofs *proofs = calloc(1, sizeof *proofs);
    struct layout *table = malloc(sizeof *table);
    struct derive derive = {
        .live = {.read = query->read, .context = query->read_context, .layout = layout},
        .layout = layout,
        .table = table,
        .proofs = proofs,
        .runtime = runtime->address + query->bias,
        .runtime_size = runtime->size,
    };
    layout->proofs = proofs;
    if (!proofs || !table) {
        free(table);
        return err_no_memory();
    }
    memcpy(proofs->table, layout->version, sizeof proofs->table);
    snprintf(layout->provider, sizeof layout->provider, "table %.12s for %.12s", layout->version,
             build->version);
    memcpy(layout->version, build->version, sizeof layout->version);
    memcpy(layout->build_id, build->build_id, sizeof layout->build_id);
    layout->version_hex = build->version_hex;
    *table = *layout;
    struct err *err = traits_derive(layout);
    if (!err)
        run(&derive, file, query, runtime->address);
    if (!err && derive.out_of_memory)
        err = err_no_memory();
    strbuf_clear(missing);
    if (!err && nothing_dispensed_with(&derive, missing) && !derive.interpreter)
        strbuf_puts(missing, "runtime.interpreters_head");
    free(table);
    return err;
}
