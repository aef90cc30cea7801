/* _Py_DebugOffsets: what CPython 3.13 and later say of themselves at the start of _PyRuntime, for
 * debuggers. It covers too little to decode a heap with, but enough to catch a layout that is not
 * this build's. (Include/internal/pycore_runtime.h, since 3.14 pycore_debug_offsets.h) */
#include "base/cleanup.h"
#include "introspect/layout/internal.h"

/* Its members after cookie, version and free_threaded, each a 64-bit number, in the order of one
 * minor version: the field of ours with the same meaning, a structure for its size, NULL for none.
 */
struct offsets_table {
    uint32_t version; /* PY_VERSION_HEX >> 16 */
    const char *const *names;
    size_t count;
};

static const char *const names_3_13[] = {
    "runtime", NULL, "runtime.interpreters_head",
    /* interpreter_state */
    "interpreter", "interpreter.id", "interpreter.next", "interpreter.threads_head",
    "interpreter.gc", "interpreter.modules", "interpreter.sysdict", "interpreter.builtins", NULL,
    NULL, NULL, NULL, NULL,
    /* thread_state */
    "thread", "thread.prev", "thread.next", "thread.interp", "thread.current_frame",
    "thread.thread_id", "thread.native_thread_id", "thread.datastack_chunk", NULL,
    /* interpreter_frame */
    "interpreter_frame", "interpreter_frame.previous", "interpreter_frame.f_executable",
    "interpreter_frame.instr_ptr", "interpreter_frame.localsplus", "interpreter_frame.owner",
    /* code_object */
    "code", "code.co_filename", "code.co_name", "code.co_qualname", "code.co_linetable",
    "code.co_firstlineno", "code.co_argcount", "code.co_localsplusnames", "code.co_localspluskinds",
    "code.co_code_adaptive",
    /* pyobject, type_object */
    "object", "object.ob_type", "type", "type.tp_name", NULL, "type.tp_flags",
    /* tuple_object, list_object, dict_object */
    "tuple", "tuple.ob_item", "var_object.ob_size", "list", "list.ob_item", "var_object.ob_size",
    "dict", "dict.ma_keys", "dict.ma_values",
    /* float_object, long_object, bytes_object, unicode_object */
    "float_object", "float_object.ob_fval", "integer", "integer.lv_tag", "integer.ob_digit",
    "bytes", "var_object.ob_size", "bytes.ob_sval", "unicode", NULL, "ascii.length", "ascii",
    /* gc */
    "gc_state", "gc_state.collecting"};

static const char *const names_3_14[] = {
    "runtime", NULL, "runtime.interpreters_head",
    /* interpreter_state */
    "interpreter", "interpreter.id", "interpreter.next", "interpreter.threads_head", NULL,
    "interpreter.gc", "interpreter.modules", "interpreter.sysdict", "interpreter.builtins", NULL,
    NULL, NULL, NULL, NULL, NULL, NULL,
    /* thread_state */
    "thread", "thread.prev", "thread.next", "thread.interp", "thread.current_frame",
    "thread.thread_id", "thread.native_thread_id", "thread.datastack_chunk", NULL,
    /* interpreter_frame */
    "interpreter_frame", "interpreter_frame.previous", "interpreter_frame.f_executable",
    "interpreter_frame.instr_ptr", "interpreter_frame.localsplus", "interpreter_frame.owner",
    "interpreter_frame.stackpointer", NULL,
    /* code_object */
    "code", "code.co_filename", "code.co_name", "code.co_qualname", "code.co_linetable",
    "code.co_firstlineno", "code.co_argcount", "code.co_localsplusnames", "code.co_localspluskinds",
    "code.co_code_adaptive", NULL,
    /* pyobject, type_object */
    "object", "object.ob_type", "type", "type.tp_name", NULL, "type.tp_flags",
    /* tuple_object, list_object, set_object, dict_object */
    "tuple", "tuple.ob_item", "var_object.ob_size", "list", "list.ob_item", "var_object.ob_size",
    "set", "set.used", "set.table", "set.mask", "dict", "dict.ma_keys", "dict.ma_values",
    /* float_object, long_object, bytes_object, unicode_object */
    "float_object", "float_object.ob_fval", "integer", "integer.lv_tag", "integer.ob_digit",
    "bytes", "var_object.ob_size", "bytes.ob_sval", "unicode", NULL, "ascii.length", "ascii",
    /* gc, gen_object */
    "gc_state", "gc_state.collecting", "generator", "generator.gi_name", "generator.gi_iframe",
    "generator.gi_frame_state"};

static const char *const names_3_15[] = {
    "runtime", NULL, "runtime.interpreters_head",
    /* interpreter_state */
    "interpreter", "interpreter.id", "interpreter.next", "interpreter.threads_head", NULL,
    "interpreter.gc", "interpreter.modules", "interpreter.sysdict", "interpreter.builtins", NULL,
    NULL, NULL, NULL, NULL, NULL, NULL,
    /* thread_state, err_stackitem */
    "thread", "thread.prev", "thread.next", "thread.interp", "thread.current_frame", NULL, NULL,
    NULL, "thread.thread_id", "thread.native_thread_id", "thread.datastack_chunk", NULL, NULL, NULL,
    "thread.current_exception", NULL, "exc_stack_item.exc_value",
    /* interpreter_frame */
    "interpreter_frame", "interpreter_frame.previous", "interpreter_frame.f_executable",
    "interpreter_frame.instr_ptr", "interpreter_frame.localsplus", "interpreter_frame.owner",
    "interpreter_frame.stackpointer", NULL,
    /* code_object */
    "code", "code.co_filename", "code.co_name", "code.co_qualname", "code.co_linetable",
    "code.co_firstlineno", "code.co_argcount", "code.co_localsplusnames", "code.co_localspluskinds",
    "code.co_code_adaptive", NULL,
    /* pyobject, type_object, heap_type_object */
    "object", "object.ob_type", "type", "type.tp_name", NULL, "type.tp_flags", "type.tp_basicsize",
    "type.tp_dictoffset", "heap_type", "heap_type.ht_cached_keys",
    /* tuple_object, list_object, set_object, dict_object */
    "tuple", "tuple.ob_item", "var_object.ob_size", "list", "list.ob_item", "var_object.ob_size",
    "set", "set.used", "set.table", "set.mask", "dict", "dict.ma_keys", "dict.ma_values",
    /* float_object, long_object, bytes_object, unicode_object */
    "float_object", "float_object.ob_fval", "integer", "integer.lv_tag", "integer.ob_digit",
    "bytes", "var_object.ob_size", "bytes.ob_sval", "unicode", NULL, "ascii.length", "ascii",
    "compact_unicode",
    /* gc, gen_object */
    "gc_state", "gc_state.collecting", NULL, NULL, "gc_state.generation_stats", "generator",
    "generator.gi_name", "generator.gi_iframe", "generator.gi_frame_state"};

static const struct offsets_table tables[] = {
    {0x030d, names_3_13, sizeof names_3_13 / sizeof *names_3_13},
    {0x030e, names_3_14, sizeof names_3_14 / sizeof *names_3_14},
    {0x030f, names_3_15, sizeof names_3_15 / sizeof *names_3_15},
};

enum { HEADER_SIZE = 24, MOST_MEMBERS = 256 };

bool debug_offsets_header(struct elf_file *file, uint64_t runtime_address,
                          struct debug_offsets_header *header) {
    char bytes[HEADER_SIZE];
    if (!elf_file_read(file, runtime_address, bytes, sizeof bytes) || memcmp(bytes, "xdebugpy", 8))
        return false;
    header->version = load_u64(bytes + 8);
    header->free_threaded = load_u64(bytes + 16);
    return header->version <= UINT32_MAX && header->free_threaded <= 1;
}

static struct err *compare(const struct offsets_table *table, const uint64_t *values,
                           const struct layout *layout) {
    _cleanup_(strbuf_free) struct strbuf differing = {0};
    for (size_t i = 0; i < table->count; i++) {
        struct field field;
        const char *name = table->names[i];
        if (!name || !layout_look_up(layout, name, &field) || !layout_has(field))
            continue; /* what the layout lacks it can't have wrong */
        uint64_t ours = strchr(name, '.') ? field.offset : field.size;
        if (ours != values[i])
            strbuf_printf(&differing, "%s%s (%llu, not %llu)", differing.length ? ", " : "", name,
                          (unsigned long long)values[i], (unsigned long long)ours);
    }
    if (!differing.length)
        return NULL;
    return err_new(ERR_NO_LAYOUT,
                   "this CPython %s is an unknown build: it contradicts the layout (%s) in %s",
                   layout->version, layout->provider, strbuf_text(&differing));
}

struct err *debug_offsets_check(struct elf_file *file, uint64_t runtime_address,
                                const struct layout *layout) {
    struct debug_offsets_header header;
    uint64_t values[MOST_MEMBERS];
    if (!debug_offsets_header(file, runtime_address, &header))
        return NULL;
    if (header.version != layout->version_hex)
        return err_new(ERR_NO_LAYOUT, "this CPython says that it is both %08llx and %s",
                       (unsigned long long)header.version, layout->version);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (tables[i].version == header.version >> 16 &&
            elf_file_read(file, runtime_address + HEADER_SIZE, values,
                          tables[i].count * sizeof *values))
            return compare(&tables[i], values, layout);
    }
    return NULL;
}

void debug_offsets_visit(struct elf_file *file, uint64_t runtime_address,
                         void (*visit)(void *context, const char *name, uint64_t value),
                         void *context) {
    struct debug_offsets_header header;
    uint64_t values[MOST_MEMBERS];
    if (!debug_offsets_header(file, runtime_address, &header))
        return;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (tables[i].version != header.version >> 16 ||
            !elf_file_read(file, runtime_address + HEADER_SIZE, values,
                           tables[i].count * sizeof *values))
            continue;
        for (size_t k = 0; k < tables[i].count; k++) {
            if (tables[i].names[k])
                visit(context, tables[i].names[k], values[k]);
        }
    }
}
