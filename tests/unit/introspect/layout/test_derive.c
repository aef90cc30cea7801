/* Tables that are wrong somewhere, on a process made by hand: its self-checks put them right, leave the field
 * out, or refuse the table. None of them may be believed. */
#include "fakes.h"
#include "introspect/layout/internal.h"
#include "introspect/layout/type_flags.h"
#include "tests/unit/fixture_layout.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define BIAS ((uint64_t)0x10000000)

enum { MEMORY = 1 << 20, HEAP = 1 << 19, RUNTIME_SIZE = 166688, STEP = 8, LENGTH_OF_KEYS = 8 };

enum { TYPE, OBJECT, DICT, STR, LIST, TUPLE, MODULE, CODE, RUNTIME, SYMBOLS };

/* ---- the process ----------------------------------------------------------------------------- */

/* Laid out as `truth` says. */
static const struct layout *truth;
static struct elf_file *file;
static struct elf_symbol symbols[SYMBOLS] = {
    [TYPE] = {.name = "PyType_Type"},     [OBJECT] = {.name = "PyBaseObject_Type"},
    [DICT] = {.name = "PyDict_Type"},     [STR] = {.name = "PyUnicode_Type"},
    [LIST] = {.name = "PyList_Type"},     [TUPLE] = {.name = "PyTuple_Type"},
    [MODULE] = {.name = "PyModule_Type"}, [CODE] = {.name = "PyCode_Type"},
    [RUNTIME] = {.name = "_PyRuntime"},
};
static uint8_t memory[MEMORY]; /* from BIAS on: the file's data, and from HEAP on the rest */
static uint64_t next_free;

static bool read_memory(void *context, uint64_t address, void *to, size_t size) {
    (void)context;
    if (address < BIAS || address - BIAS > MEMORY || size > MEMORY - (address - BIAS))
        return false;
    memcpy(to, memory + (address - BIAS), size);
    return true;
}

static uint64_t allocate(size_t size) {
    uint64_t address = BIAS + next_free;
    next_free += (size + 15) & ~(size_t)15;
    cr_assert_leq(next_free, (uint64_t)MEMORY);
    return address;
}

static void set(uint64_t structure, struct field field, uint64_t value) {
    uint8_t *at = memory + (structure + field.offset - BIAS);
    uint64_t whole = 0;
    memcpy(&whole, at, field.size);
    whole = field.bit_size ? whole | value << field.bit_offset : value;
    memcpy(at, &whole, field.size);
}

static uint64_t address_of(int symbol) {
    return symbols[symbol].address + BIAS;
}

static uint64_t new_object(int type, size_t size) {
    uint64_t object = allocate(size);
    set(object, truth->object.ob_type, address_of(type));
    return object;
}

static uint64_t new_text(const char *text) {
    uint64_t object = new_object(STR, truth->ascii.size + strlen(text) + 1);
    set(object, truth->ascii.length, strlen(text));
    set(object, truth->ascii.compact, 1);
    set(object, truth->ascii.ascii, 1);
    memcpy(memory + (object + truth->ascii.size - BIAS), text, strlen(text));
    return object;
}

static uint64_t new_dict(size_t count, const char *const *keys, const uint64_t *values) {
    uint64_t dict = new_object(DICT, truth->dict.size);
    uint64_t table = allocate(truth->dict_keys.size + LENGTH_OF_KEYS * 17);
    set(dict, truth->dict.ma_keys, table);
    set(table, truth->dict_keys.dk_log2_size, 3);
    set(table, truth->dict_keys.dk_log2_index_bytes, 3);
    set(table, truth->dict_keys.dk_kind, 1); /* keys are strings, without their hashes */
    set(table, truth->dict_keys.dk_nentries, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t entry = table + truth->dict_keys.size + LENGTH_OF_KEYS + i * 16;
        set(entry, (struct field){.size = 8}, new_text(keys[i]));
        set(entry, (struct field){.offset = 8, .size = 8}, values[i]);
    }
    return dict;
}

static uint64_t new_module(const char *name, uint64_t *dict) {
    uint64_t module = new_object(MODULE, truth->module.size);
    *dict = new_dict(1, (const char *const[]){"__name__"}, (uint64_t[]){new_text(name)});
    set(module, truth->module.md_dict, *dict);
    return module;
}

static void set_type(int type, const char *name, uint64_t size) {
    uint64_t address = address_of(type), text = allocate(strlen(name) + 1);
    memcpy(memory + (text - BIAS), name, strlen(name));
    set(address, truth->object.ob_type, address_of(TYPE));
    set(address, truth->type.tp_name, text);
    set(address, truth->type.tp_base, type == OBJECT ? 0 : address_of(OBJECT));
    set(address, truth->type.tp_basicsize, size);
}

static void set_types(void) {
    set_type(TYPE, "type", truth->heap_type.size);
    set_type(OBJECT, "object", truth->object.size);
    set_type(DICT, "dict", truth->dict.size);
    set_type(STR, "str", truth->unicode.size);
    set_type(LIST, "list", truth->list.size);
    set_type(TUPLE, "tuple", truth->tuple.ob_item.offset);
    set_type(MODULE, "module", truth->module.size);
    set_type(CODE, "code", truth->code.size);
    uint64_t mro = new_object(TUPLE, 64), items = mro + truth->tuple.ob_item.offset;
    set(mro, truth->var_object.ob_size, 2);
    set(items, (struct field){.size = 8}, address_of(DICT));
    set(items, (struct field){.offset = 8, .size = 8}, address_of(OBJECT));
    set(address_of(DICT), truth->type.tp_mro, mro);
    set(address_of(DICT), truth->type.tp_flags, TPFLAGS_DICT_SUBCLASS);
}

static void close_list(uint64_t generation) {
    uint64_t head = generation + truth->gc_generation.head.offset;
    set(head, truth->gc_head.gc_next, head);
    set(head, truth->gc_head.gc_prev, head);
}

static void set_gc(uint64_t gc) {
    for (uint32_t i = 0; i < 3; i++)
        close_list(gc + truth->gc_state.generations.offset + i * truth->gc_generation.size);
    close_list(gc + truth->gc_state.permanent_generation.offset);
    set(gc, truth->gc_state.garbage, new_object(LIST, truth->list.size));
    set(gc, truth->gc_state.callbacks, new_object(LIST, truth->list.size));
}

static void set_thread(uint64_t thread, uint64_t interpreter) {
    uint64_t cframe = allocate(truth->cframe.size), pthread = allocate(64);
    uint64_t frame = allocate(truth->interpreter_frame.size);
    set(frame, truth->interpreter_frame.f_executable, new_object(CODE, truth->code.size));
    set(frame, truth->interpreter_frame.f_globals, new_dict(0, NULL, NULL));
    set(frame, truth->interpreter_frame.f_builtins, new_dict(0, NULL, NULL));
    set(cframe, truth->cframe.current_frame, frame);
    set(pthread, (struct field){.offset = 16, .size = 8}, pthread);
    set(thread, truth->thread.interp, interpreter);
    set(thread, truth->thread.cframe, cframe);
    set(thread, truth->thread.thread_id, pthread);
}

/* Two threads, the first of them at the end of _PyRuntime. */
static void set_interpreter(uint64_t runtime) {
    uint64_t interpreter = runtime + RUNTIME_SIZE - truth->interpreter.size, dicts[3], modules[3];
    uint64_t first = runtime + RUNTIME_SIZE - truth->thread.size;
    uint64_t second = allocate(truth->thread.size);
    static const char *const names[] = {"sys", "builtins", "_frozen_importlib"};
    for (int i = 0; i < 3; i++)
        modules[i] = new_module(names[i], &dicts[i]);
    set(runtime, truth->runtime.interpreters_head, interpreter);
    set(runtime + 8, truth->runtime.interpreters_head, interpreter); /* the main one */
    set(interpreter, truth->interpreter.threads_head, second);
    set(interpreter, truth->interpreter.modules, new_dict(3, names, modules));
    set(interpreter, truth->interpreter.sysdict, dicts[0]);
    set(interpreter, truth->interpreter.builtins, dicts[1]);
    set(interpreter, truth->interpreter.importlib, modules[2]);
    set_gc(interpreter + truth->interpreter.gc.offset);
    set_thread(first, interpreter);
    set_thread(second, interpreter);
    set(second, truth->thread.next, first);
    set(first, truth->thread.prev, second);
}

static void start(void) {
    truth = fixture_layout("3.11.2");
    next_free = HEAP;
    cr_assert_null(elf_file_open("", FAKES "/libpython_types.so", &file));
    elf_file_find_symbols(file, symbols, SYMBOLS);
    for (int i = 0; i < SYMBOLS; i++)
        cr_assert(symbols[i].matches == 1 && symbols[i].address + symbols[i].size < HEAP, "%s",
                  symbols[i].name);
    set_types();
    set_interpreter(address_of(RUNTIME));
}

static void stop(void) {
    elf_file_close(file);
}

TestSuite(derive, .init = start, .fini = stop);

/* ---- wrong tables ---------------------------------------------------------------------------- */

/* What becomes of a table that is `truth` but for this; NULL: it is refused. */
static struct layout *derive_from(const struct layout *table) {
    const struct layout_query query = {.read = read_memory, .bias = BIAS};
    const struct runtime_symbol runtime = {symbols[RUNTIME].address, RUNTIME_SIZE};
    struct strbuf missing = {0};
    struct layout *layout = malloc(sizeof *layout);
    cr_assert_not_null(layout);
    *layout = *table;
    struct err *err = derive_layout(file, &query, truth, &runtime, layout, &missing);
    cr_assert_null(err, "%s", err ? err_message(err) : "");
    if (missing.length) {
        layout_destroy(layout);
        layout = NULL;
    }
    strbuf_free(&missing);
    return layout;
}

static const struct structure_description *structure_of(const char *name) {
    return layout_find_structure(name, strcspn(name, "."));
}

static size_t index_of(const char *name) {
    const char *field = strchr(name, '.') + 1;
    return layout_find_field(structure_of(name), field, strlen(field));
}

/* A table with one field STEP bytes behind where it is. */
static struct layout *derive_shifted(const char *name) {
    struct layout table = *truth;
    layout_field_of(&table, structure_of(name), index_of(name))->offset += STEP;
    return derive_from(&table);
}

static const struct layout_proof *proof_of(const struct layout *layout, const char *name) {
    vec_each (proof, &layout->proofs->items) {
        if (proof->structure == structure_of(name) && proof->field == index_of(name))
            return proof;
    }
    return NULL;
}

Test(derive, the_right_table_is_proven) {
    struct layout *layout = derive_from(truth);
    cr_assert_not_null(layout);
    static const char *const proven[] = {"object.ob_type",
                                         "type.tp_name",
                                         "type.tp_mro",
                                         "interpreter.modules",
                                         "interpreter.gc",
                                         "interpreter.sysdict",
                                         "gc_state.generations",
                                         "thread.cframe",
                                         "thread.thread_id",
                                         "module.md_dict",
                                         "interpreter_frame.f_globals"};
    for (size_t i = 0; i < sizeof proven / sizeof *proven; i++) {
        const struct layout_proof *proof = proof_of(layout, proven[i]);
        cr_assert_not_null((void *)proof, "%s", proven[i]);
        cr_expect_eq(proof->kind, PROOF_HERE, "%s", proven[i]);
    }
    layout_destroy(layout);
}

Test(derive, fields_are_found_where_they_are) {
    static const char *const found[] = {
        "runtime.interpreters_head", "interpreter.modules",
        "interpreter.sysdict",       "interpreter.builtins",
        "interpreter.importlib",     "interpreter.gc",
        "gc_state.generations",      "thread.cframe",
        "thread.thread_id",          "module.md_dict",
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        struct layout *layout = derive_shifted(found[i]);
        cr_assert_not_null(layout, "%s", found[i]);
        const struct layout_proof *proof = proof_of(layout, found[i]);
        cr_assert_not_null((void *)proof, "%s", found[i]);
        cr_expect_eq(proof->kind, PROOF_MOVED, "%s", found[i]);
        cr_expect_eq(proof->moved, -STEP, "%s", found[i]);
        cr_expect_eq(layout_field(layout, proof->structure, proof->field).offset,
                     layout_field(truth, proof->structure, proof->field).offset, "%s", found[i]);
        layout_destroy(layout);
    }
}

/* On the way to everything else. */
Test(derive, tables_are_refused) {
    static const char *const refused[] = {
        "object.ob_type",    "var_object.ob_size", "type.tp_name",
        "type.tp_base",      "type.tp_flags",      "type.tp_mro",
        "type.tp_basicsize", "dict.ma_keys",       "interpreter.threads_head",
        "thread.interp",     "thread.prev",        "thread.next",
        "ascii.length",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct layout *layout = derive_shifted(refused[i]);
        cr_expect_null(layout, "%s", refused[i]);
        layout_destroy(layout);
    }
}

Test(derive, structures_of_other_sizes_are_left_out) {
    struct layout table = *truth;
    table.list.size += STEP;
    struct layout *layout = derive_from(&table);
    cr_assert_not_null(layout);
    cr_expect_eq(layout->list.size, 0);
    cr_expect_not(layout_has(layout->list.ob_item));
    layout_destroy(layout);
    table = *truth;
    table.type.size += STEP;
    cr_expect_null(derive_from(&table));
}

/* As if a member had gone from before each field: whatever is still in the layout is where it is. */
static void expect_no_wrong_field(const char *name) {
    const struct structure_description *structure = layout_find_structure(name, strlen(name));
    size_t derived = 0;
    for (size_t first = 0; first < structure->field_count; first++) {
        struct layout table = *truth;
        struct field from = layout_field(truth, structure, first);
        if (!layout_has(from))
            continue;
        *layout_size_of(&table, structure) += STEP;
        for (size_t i = 0; i < structure->field_count; i++) {
            struct field *field = layout_field_of(&table, structure, i);
            field->offset += layout_has(*field) && field->offset >= from.offset ? STEP : 0;
        }
        struct layout *layout = derive_from(&table);
        derived += layout != NULL;
        for (size_t i = 0; layout && i < structure->field_count; i++) {
            struct field field = layout_field(layout, structure, i);
            if (layout_has(field))
                cr_expect_eq(field.offset, layout_field(truth, structure, i).offset,
                             "%s.%s, a member gone from before %s", name, structure->fields[i].name,
                             structure->fields[first].name);
        }
        layout_destroy(layout);
    }
    cr_expect_gt(derived, structure->field_count / 4, "%zu", derived);
}

Test(derive, nothing_is_believed_of_an_interpreter_without_one_member) {
    expect_no_wrong_field("interpreter");
}

Test(derive, nothing_is_believed_of_a_thread_without_one_member) {
    expect_no_wrong_field("thread");
}
