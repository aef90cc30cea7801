#include "introspect/objects/code.h"

#include "introspect/layout/type_flags.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/str.h"

#include <string.h>

enum {
    MAX_SLOTS = 1 << 20,
    MAX_EXTRAS = 256,
    MAX_EXECUTORS = 1 << 16,
    MAX_TEXT = 60,
    MAX_PATH = 4096,
    MAX_TABLE = 1 << 24,
    FAST_CELL = 0x40, /* kinds of variables (Include/internal/pycore_code.h) */
    FAST_FREE = 0x80,
};

static const struct decoder code_decoder;

static bool is_code(struct decode *decode, uint64_t address) {
    const struct type *type = remote_type(decode, address);
    return type && type->decoder == &code_decoder;
}

/* Variables of a code object by their kinds: up to 3.10 locals, cells and free variables have a tuple
 * of names each, and follow each other in a frame in this order. */
struct variables {
    uint64_t names[3], counts[3]; /* tuples, and how many of each */
};

static struct variables read_variables(struct decode *decode, uint64_t code) {
    const struct layout *layout = decode->layout;
    struct variables variables = {
        .names = {remote_unsigned(decode, code, layout->code.co_varnames),
                  remote_unsigned(decode, code, layout->code.co_cellvars),
                  remote_unsigned(decode, code, layout->code.co_freevars)},
    };
    variables.counts[0] = remote_unsigned(decode, code, layout->code.co_nlocals);
    for (int kind = 1; kind < 3; kind++)
        variables.counts[kind] = remote_item_count(decode, variables.names[kind]);
    return variables;
}

bool code_slots(struct decode *decode, uint64_t code, struct code_slots *slots) {
    const struct layout *layout = decode->layout;
    if (!is_code(decode, code))
        return false;
    uint64_t locals = remote_unsigned(decode, code, layout->code.co_nlocalsplus);
    uint64_t stack = remote_unsigned(decode, code, layout->code.co_stacksize);
    if (!layout_has(layout->code.co_nlocalsplus)) {
        struct variables variables = read_variables(decode, code);
        for (int kind = 0; kind < 3 && locals <= MAX_SLOTS; kind++)
            locals += variables.counts[kind] <= MAX_SLOTS ? variables.counts[kind] : MAX_SLOTS + 1;
    }
    *slots = (struct code_slots){(uint32_t)locals, (uint32_t)stack};
    return locals <= MAX_SLOTS && stack <= MAX_SLOTS;
}

void code_describe(struct decode *decode, uint64_t code, struct strbuf *out) {
    const struct layout *layout = decode->layout;
    if (!is_code(decode, code))
        return;
    struct field name =
        layout_has(layout->code.co_qualname) ? layout->code.co_qualname : layout->code.co_name;
    str_escaped(decode, remote_unsigned(decode, code, name), MAX_TEXT, out);
    strbuf_putc(out, ' ');
    str_escaped(decode, remote_unsigned(decode, code, layout->code.co_filename), MAX_TEXT, out);
    strbuf_printf(out, ":%d", (int)remote_unsigned(decode, code, layout->code.co_firstlineno));
}

/* ---- variables and lines --------------------------------------------------------------------- */

/* A str, or 0: what is in a code object's place for one may be anything. */
static uint64_t checked_str(struct decode *decode, uint64_t address) {
    const struct type *type = address ? remote_type(decode, address) : NULL;
    return type && type->flags & TPFLAGS_UNICODE_SUBCLASS ? address : 0;
}

/* The tuple that has the name of a variable; *index becomes its position there. */
static uint64_t names_of(struct decode *decode, uint64_t code, uint64_t *index) {
    const struct layout *layout = decode->layout;
    if (layout_has(layout->code.co_localsplusnames))
        return remote_unsigned(decode, code, layout->code.co_localsplusnames);
    struct variables variables = read_variables(decode, code);
    int kind = 0;
    while (kind < 2 && *index >= variables.counts[kind])
        *index -= variables.counts[kind++];
    return variables.names[kind];
}

bool code_variable(struct decode *decode, uint64_t code, uint64_t index, struct strbuf *out) {
    const struct layout *layout = decode->layout;
    uint64_t names = is_code(decode, code) ? names_of(decode, code, &index) : 0;
    uint64_t name = 0;
    if (!names || index >= remote_item_count(decode, names) || index > MAX_SLOTS ||
        !image_read_u64(decode->image, names + layout->tuple.ob_item.offset + index * 8, &name) ||
        !checked_str(decode, name))
        return false;
    str_escaped(decode, name, MAX_TEXT, out);
    return true;
}

bool code_variable_in_cell(struct decode *decode, uint64_t code, uint64_t index) {
    const struct layout *layout = decode->layout;
    if (!is_code(decode, code))
        return false;
    if (!layout_has(layout->code.co_localspluskinds))
        return index >= remote_unsigned(decode, code, layout->code.co_nlocals);
    uint64_t kinds = remote_unsigned(decode, code, layout->code.co_localspluskinds);
    uint8_t kind = 0;
    return kinds && index < remote_item_count(decode, kinds) && index < MAX_SLOTS &&
           image_read(decode->image, kinds + layout->bytes.ob_sval.offset + index, &kind, 1) &&
           kind & (FAST_CELL | FAST_FREE);
}

uint64_t code_argument_count(struct decode *decode, uint64_t code) {
    return is_code(decode, code) ? remote_unsigned(decode, code, decode->layout->code.co_argcount)
                                 : 0;
}

/* Bytes of a location table that are read one after the other. */
struct location_reader {
    const uint8_t *bytes;
    size_t size, at;
};

static unsigned next_byte(struct location_reader *reader) {
    return reader->at < reader->size ? reader->bytes[reader->at++] : 0;
}

/* Six bits a byte, the lowest first; the lowest bit of all is the sign. */
static int64_t next_signed(struct location_reader *reader) {
    uint64_t value = 0;
    unsigned byte, shift = 0;
    do {
        byte = next_byte(reader);
        value |= (uint64_t)(byte & 63) << shift;
        shift += 6;
    } while (byte & 64 && shift < 60);
    return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

enum { LOCATION_ONE_LINE = 10, LOCATION_NO_COLUMNS = 13, LOCATION_LONG = 14, LOCATION_NONE = 15 };

/* How many lines the entry of a kind goes on; the reader is behind its first byte. */
static int64_t line_delta(struct location_reader *reader, unsigned kind) {
    if (kind == LOCATION_LONG || kind == LOCATION_NO_COLUMNS)
        return next_signed(reader);
    return kind >= LOCATION_ONE_LINE && kind < LOCATION_NO_COLUMNS ? kind - LOCATION_ONE_LINE : 0;
}

/* Up to 3.9: pairs of bytes, how far to go on in the bytecode and then in lines
 * (Objects/codeobject.c: PyCode_Addr2Line). */
static int line_by_lnotab(struct location_reader *reader, int64_t line, uint64_t offset) {
    for (uint64_t at = 0; reader->at + 2 <= reader->size;) {
        at += next_byte(reader);
        if (at > offset)
            break;
        line += (int8_t)next_byte(reader);
    }
    return (int)line;
}

/* 3.10 (PEP 626): the bytes of an instruction range, and how much higher its line is than that of the
 * one before; -128: it has none. */
static int line_by_ranges(struct location_reader *reader, int64_t line, uint64_t offset) {
    for (uint64_t at = 0; reader->at + 2 <= reader->size;) {
        at += next_byte(reader);
        int delta = (int8_t)next_byte(reader);
        line += delta == INT8_MIN ? 0 : delta;
        if (at > offset)
            return delta == INT8_MIN ? 0 : (int)line;
    }
    return (int)line;
}

/* Since 3.11: entries for so many code units, of several kinds. */
static int line_by_entries(struct location_reader *reader, int64_t line, uint64_t offset) {
    bool has_line = true;
    for (uint64_t at = 0; reader->at < reader->size;) {
        unsigned head = next_byte(reader), kind = head >> 3 & 15;
        line += line_delta(reader, kind);
        has_line = kind != LOCATION_NONE;
        at += (head & 7) + 1;
        if (at > offset / 2)
            break;
        while (reader->at < reader->size && !(reader->bytes[reader->at] & 0x80))
            reader->at++;
    }
    return has_line ? (int)line : 0;
}

uint64_t code_first_instruction(struct decode *decode, uint64_t code) {
    const struct layout *layout = decode->layout;
    if (!is_code(decode, code))
        return 0;
    if (layout_has(layout->code.co_code_adaptive))
        return code + layout->code.co_code_adaptive.offset;
    uint64_t bytes = remote_unsigned(decode, code, layout->code.co_code);
    return bytes ? bytes + layout->bytes.ob_sval.offset : 0;
}

int code_line(struct decode *decode, uint64_t code, uint64_t instruction) {
    const struct layout *layout = decode->layout;
    uint64_t first = code_first_instruction(decode, code);
    if (!is_code(decode, code))
        return 0;
    int64_t line = (int32_t)remote_unsigned(decode, code, layout->code.co_firstlineno);
    bool lnotab = layout_has(layout->code.co_lnotab);
    uint64_t table =
        remote_unsigned(decode, code, lnotab ? layout->code.co_lnotab : layout->code.co_linetable);
    uint64_t size = table ? remote_item_count(decode, table) : 0;
    if (!first || instruction < first || size > MAX_TABLE)
        return (int)line;
    struct location_reader reader = {
        image_pin(decode->image, table + layout->bytes.ob_sval.offset, size), size, 0};
    if (!reader.bytes)
        return (int)line;
    return lnotab ? line_by_lnotab(&reader, line, instruction - first)
           : layout_has(layout->code.co_code_adaptive)
               ? line_by_entries(&reader, line, instruction - first)
               : line_by_ranges(&reader, line, instruction - first);
}

void code_name(struct decode *decode, uint64_t code, uint64_t limit, struct strbuf *out) {
    const struct layout *layout = decode->layout;
    struct field name =
        layout_has(layout->code.co_qualname) ? layout->code.co_qualname : layout->code.co_name;
    if (is_code(decode, code))
        str_escaped(decode, checked_str(decode, remote_unsigned(decode, code, name)), limit, out);
}

void code_file(struct decode *decode, uint64_t code, uint64_t limit, struct strbuf *out) {
    uint64_t file =
        is_code(decode, code) ? remote_unsigned(decode, code, decode->layout->code.co_filename) : 0;
    str_escaped(decode, checked_str(decode, file), limit, out);
}

void code_place(struct decode *decode, uint64_t code, uint64_t instruction, struct strbuf *out) {
    struct strbuf file = {0};
    code_name(decode, code, MAX_TEXT, out);
    code_file(decode, code, MAX_PATH, &file);
    const char *slash = file.length ? strrchr(file.text, '/') : NULL;
    strbuf_printf(out, "() %s:%d", slash ? slash + 1 : strbuf_text(&file),
                  code_line(decode, code, instruction));
    strbuf_free(&file);
}

/* ---- references: code is not of the GC in default builds ------------------------------------- */

static const struct pointer_field code_fields[] = {
    OWNS(code, co_consts, REFERENCE_UNTRAVERSED, ".co_consts"),
    OWNS(code, co_names, REFERENCE_UNTRAVERSED, ".co_names"),
    OWNS(code, co_exceptiontable, REFERENCE_UNTRAVERSED, ".co_exceptiontable"),
    OWNS(code, co_localsplusnames, REFERENCE_UNTRAVERSED, "->co_localsplusnames"),
    OWNS(code, co_localspluskinds, REFERENCE_UNTRAVERSED, "->co_localspluskinds"),
    OWNS(code, co_filename, REFERENCE_UNTRAVERSED, ".co_filename"),
    OWNS(code, co_name, REFERENCE_UNTRAVERSED, ".co_name"),
    OWNS(code, co_qualname, REFERENCE_UNTRAVERSED, ".co_qualname"),
    OWNS(code, co_linetable, REFERENCE_UNTRAVERSED, ".co_linetable"),
    OWNS(code, co_lnotab, REFERENCE_UNTRAVERSED, ".co_lnotab"), /* up to 3.9 */
    OWNS(code, co_code, REFERENCE_UNTRAVERSED, ".co_code"),
    OWNS(code, co_varnames, REFERENCE_UNTRAVERSED, ".co_varnames"),
    OWNS(code, co_freevars, REFERENCE_UNTRAVERSED, ".co_freevars"),
    OWNS(code, co_cellvars, REFERENCE_UNTRAVERSED, ".co_cellvars"),
};

static const struct pointer_field cached_fields[] = {
    OWNS(co_cached, co_code, REFERENCE_UNTRAVERSED, ".co_code"),
    OWNS(co_cached, co_varnames, REFERENCE_UNTRAVERSED, ".co_varnames"),
    OWNS(co_cached, co_cellvars, REFERENCE_UNTRAVERSED, ".co_cellvars"),
    OWNS(co_cached, co_freevars, REFERENCE_UNTRAVERSED, ".co_freevars"),
};

static uint64_t executor_count(struct decode *decode, uint64_t array, struct field field) {
    uint64_t count = remote_unsigned(decode, array, field);
    return count <= MAX_EXECUTORS ? count : 0;
}

static void code_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    fields_references(decode, object, code_fields, sizeof code_fields / sizeof *code_fields);
    uint64_t cached = object_pointer(object, layout->code.co_cached);
    if (cached) {
        const uint8_t *bytes = image_pin(decode->image, cached, layout->co_cached.size);
        if (bytes)
            fields_references_of(decode, object, bytes, layout->co_cached.size, cached_fields,
                                 sizeof cached_fields / sizeof *cached_fields);
        else
            decode_damage(decode, "absent", "code", cached);
    }
    uint64_t executors = object_pointer(object, layout->code.co_executors);
    if (executors)
        reference_array(decode, executors + layout->executor_array.executors.offset,
                        executor_count(decode, executors, layout->executor_array.count),
                        REFERENCE_UNTRAVERSED, "executors");
}

/* ---- size: the bytecode lies inside the object, code units of two bytes ---------------------- */

/* What sys.monitoring and sys.settrace keep beside the code (Python/instrumentation.c). */
static void monitoring_buffers(struct decode *decode, uint64_t monitoring, uint64_t units) {
    const struct layout *layout = decode->layout;
    const uint8_t *data = image_pin(decode->image, monitoring, layout->co_monitoring.size);
    if (!data) {
        decode_damage(decode, "absent", "code", monitoring);
        return;
    }
    uint64_t lines = field_pointer(data, layout->co_monitoring.lines);
    uint64_t lines_size = units * layout->co_line_data.size;
    if (layout_has(layout->co_line_data.bytes_per_entry))
        lines_size =
            1 + units * remote_unsigned(decode, lines, layout->co_line_data.bytes_per_entry);
    buffer_add(decode, monitoring, layout->co_monitoring.size);
    buffer_add(decode, lines, lines_size);
    buffer_add(decode, field_pointer(data, layout->co_monitoring.tools), units);
    buffer_add(decode, field_pointer(data, layout->co_monitoring.line_tools), units);
    buffer_add(decode, field_pointer(data, layout->co_monitoring.per_instruction_opcodes), units);
    buffer_add(decode, field_pointer(data, layout->co_monitoring.per_instruction_tools), units);
}

/* Up to 3.10: which arguments are cells, what the caches of LOAD_GLOBAL keep, and a frame to use again,
 * which is no object until then (Objects/frameobject.c: frame_dealloc). Returns what __sizeof__
 * counts: all but the frame. */
static uint64_t old_code_buffers(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    uint64_t counted = 0;
    uint64_t cells = remote_item_count(decode, object_pointer(object, layout->code.co_cellvars));
    uint64_t units = remote_item_count(decode, object_pointer(object, layout->code.co_code)) / 2;
    uint64_t cell2arg = object_pointer(object, layout->code.co_cell2arg);
    uint64_t opcache = object_pointer(object, layout->code.co_opcache);
    if (cell2arg)
        counted += buffer_add_array(decode, cell2arg, cells, 8, "code");
    if (opcache) {
        counted +=
            buffer_add_array(decode, opcache, object_unsigned(object, layout->code.co_opcache_size),
                             layout->opcache.size, "code");
        counted += buffer_add_array(decode, object_pointer(object, layout->code.co_opcache_map),
                                    units, 1, "code");
    }
    uint64_t frame = object_pointer(object, layout->code.co_zombieframe);
    if (frame)
        buffer_add(decode, frame - layout->trait.header_before_gc,
                   layout->trait.header_before_gc + layout->frame.size +
                       remote_item_count(decode, frame) * 8);
    return counted;
}

/* Everything that lies in blocks of its own. Returns what __sizeof__ counts of it: co_extra, and
 * caches up to 3.10. */
static uint64_t code_buffers(struct decode *decode, const struct object *object, uint64_t units) {
    const struct layout *layout = decode->layout;
    uint64_t extra = object_pointer(object, layout->code.co_extra), extra_size = 0;
    uint64_t extras = extra ? remote_unsigned(decode, extra, layout->code_extra.ce_size) : 0;
    if (extras && extras <= MAX_EXTRAS) {
        extra_size = layout->code_extra.size + (extras - 1) * 8;
        buffer_add(decode, extra, extra_size);
    }
    if (!layout_has(layout->code.co_code_adaptive))
        extra_size += old_code_buffers(decode, object);
    buffer_add(decode, object_pointer(object, layout->code.co_cached), layout->co_cached.size);
    buffer_add(decode, object_pointer(object, layout->code.co_linearray),
               units * object_unsigned(object, layout->code.co_linearray_entry_size));
    uint64_t monitoring = object_pointer(object, layout->code.co_monitoring);
    if (monitoring)
        monitoring_buffers(decode, monitoring, units);
    uint64_t executors = object_pointer(object, layout->code.co_executors);
    uint64_t capacity = executor_count(decode, executors, layout->executor_array.capacity);
    buffer_add(decode, executors, layout->executor_array.executors.offset + capacity * 8);
    return extra_size;
}

/* code.__sizeof__ (Objects/codeobject.c): _PyObject_VAR_SIZE rounds up to 8. */
static void code_measure(struct decode *decode, const struct object *object,
                         struct measure *measure) {
    const struct type *type = object->type;
    uint64_t units = type->itemsize ? object_item_count(decode, object) : 0;
    if (units >> IMAGE_ADDRESS_BITS) {
        decode_damage(decode, "length", "code", object->address);
        return;
    }
    measure->size = type->basicsize + units * type->itemsize;
    if (type->itemsize)
        measure->size = (measure->size + 7) & ~7ull;
    measure->body_size = measure->size;
    measure->size += code_buffers(decode, object, units);
}

static void code_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    code_describe(decode, object->address, out);
}

/* tp_basicsize ends where the bytecode begins (3.11+). */
static uint32_t code_basicsize(const struct layout *layout) {
    return layout_has(layout->code.co_code_adaptive) ? layout->code.co_code_adaptive.offset
                                                     : layout->code.size;
}

static const struct decoder code_decoder = {
    .name = "code",
    .types = TYPES("code"),
    .least_size = code_basicsize,
    .references = code_references,
    .measure = code_measure,
    .preview = code_preview,
};

/* ---- iterators over code --------------------------------------------------------------------- */

FIELDS_DECODER(line_iterator, TYPES("line_iterator"),
               OWNS(line_iterator, li_code, REFERENCE_UNTRAVERSED, "->li_code"));

FIELDS_DECODER(positions_iterator, TYPES("positions_iterator"),
               OWNS(positions_iterator, pi_code, REFERENCE_UNTRAVERSED, "->pi_code"));

extern const struct decoder *const code_decoders[];
const struct decoder *const code_decoders[] = {&code_decoder, &line_iterator_decoder,
                                               &positions_iterator_decoder, NULL};
