/* The text form of a layout:
 *
 *     heapglass-layout 1
 *     version 3.11.2 0x030b02f0
 *     architecture x86_64
 *     abi_flags -
 *     build_id c561f3...
 *     provider dwarf
 *     trait header_before_gc 16
 *     dict 48                          a structure and its size; 0: not known
 *     dict.ma_used 16 8                a field, its offset and size; 0 0: this build has none
 *     unicode.interned 32 4 0 2        a bit-field, with its lowest bit and its width
 *     end
 *
 * Names that are not in fields.def are left out, so that an older or newer text can be read. */
#include "base/strbuf.h"
#include "introspect/layout/description.h"
#include "introspect/layout/provider.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TEXT_MAX = 1 << 20,
    LINE_MAX_LENGTH = 256,
    NUMBER_MAX = 1 << 26, /* no structure is bigger */
    WORDS_MAX = 6,
};

static const char *or_dash(const char *text) {
    return *text ? text : "-";
}

static void emit_structure(const struct layout *layout,
                           const struct structure_description *structure, struct strbuf *out) {
    strbuf_printf(out, "%s %u\n", structure->name, layout_size(layout, structure));
    for (size_t i = 0; i < structure->field_count; i++) {
        struct field field = layout_field(layout, structure, i);
        strbuf_printf(out, "%s.%s %u %u", structure->name, structure->fields[i].name, field.offset,
                      field.size);
        if (field.bit_size)
            strbuf_printf(out, " %u %u", field.bit_offset, field.bit_size);
        strbuf_putc(out, '\n');
    }
}

void layout_emit(const struct layout *layout, struct strbuf *out) {
    strbuf_printf(out, "heapglass-layout 1\nversion %s 0x%08x\narchitecture %s\nabi_flags %s\n",
                  or_dash(layout->version), layout->version_hex, or_dash(layout->architecture),
                  or_dash(layout->abi_flags));
    strbuf_printf(out, "build_id %s\nprovider ", or_dash(layout->build_id));
    for (const char *at = or_dash(layout->provider); *at; at++)
        strbuf_putc(out, *at == ' ' ? '_' : *at);
    strbuf_putc(out, '\n');
    for (size_t i = 0; i < layout_trait_count; i++)
        strbuf_printf(out, "trait %s 0x%llx\n", layout_traits[i].name,
                      (unsigned long long)layout_trait(layout, &layout_traits[i]));
    for (size_t i = 0; i < layout_structure_count; i++)
        emit_structure(layout, &layout_structures[i], out);
    strbuf_puts(out, "end\n");
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* Names come in the order of fields.def, so that each is looked for behind the one before it. */
struct parser {
    struct layout *layout;
    size_t structure, field; /* where to look first */
};

static bool is_name(const char *known, const char *name, size_t length) {
    return !strncmp(known, name, length) && !known[length];
}

static const struct structure_description *find_structure(struct parser *parser, const char *name,
                                                          size_t length) {
    for (size_t i = 0; i < layout_structure_count; i++) {
        size_t index = (parser->structure + i) % layout_structure_count;
        if (!is_name(layout_structures[index].name, name, length))
            continue;
        parser->structure = index;
        return &layout_structures[index];
    }
    return NULL;
}

static size_t find_field(struct parser *parser, const struct structure_description *structure,
                         const char *name) {
    for (size_t i = 0; i < structure->field_count; i++) {
        size_t index = (parser->field + i) % structure->field_count;
        if (strcmp(structure->fields[index].name, name))
            continue;
        parser->field = index + 1;
        return index;
    }
    return SIZE_MAX;
}

struct line {
    char text[LINE_MAX_LENGTH];
    char *words[WORDS_MAX];
    size_t count;
};

/* Splits at single spaces; false if there is anything but printable ASCII, or an empty word. */
static bool split(struct line *line) {
    line->count = 0;
    for (char *at = line->text;; at++) {
        if (line->count == WORDS_MAX)
            return false;
        line->words[line->count++] = at;
        while (*at > ' ' && *at < 0x7f)
            at++;
        if (at == line->words[line->count - 1])
            return false;
        if (!*at)
            return true;
        if (*at != ' ')
            return false;
        *at = '\0';
    }
}

static bool number(const char *word, uint64_t most, uint64_t *value) {
    int base = word[0] == '0' && word[1] == 'x' ? 16 : 10;
    const char *at = base == 16 ? word + 2 : word;
    size_t length = strlen(at);
    if (length == 0 || length > (base == 16 ? 16 : 10))
        return false;
    *value = 0;
    for (; *at; at++) {
        unsigned digit = isdigit((unsigned char)*at) ? (unsigned)(*at - '0')
                         : *at >= 'a' && *at <= 'f'  ? (unsigned)(*at - 'a' + 10)
                                                     : 99;
        if (digit >= (unsigned)base)
            return false;
        *value = *value * (unsigned)base + digit;
    }
    return *value <= most;
}

static bool copy_word(char *to, size_t size, const char *word) {
    if (!strcmp(word, "-"))
        word = "";
    size_t length = strlen(word);
    if (length >= size)
        return false;
    memcpy(to, word, length + 1);
    return true;
}

static bool parse_provider(struct layout *layout, const char *word) {
    if (!copy_word(layout->provider, sizeof layout->provider, word))
        return false;
    for (char *at = layout->provider; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    return true;
}

static bool parse_trait(struct layout *layout, const struct line *line) {
    uint64_t value;
    if (line->count != 3 || !number(line->words[2], UINT64_MAX, &value))
        return false;
    for (size_t i = 0; i < layout_trait_count; i++) {
        if (!strcmp(layout_traits[i].name, line->words[1]))
            *layout_trait_of(layout, &layout_traits[i]) = value;
    }
    return true;
}

static bool parse_field(struct parser *parser, const struct line *line, size_t dot) {
    uint64_t offset, size, bit_offset = 0, bit_size = 0;
    if ((line->count != 3 && line->count != 5) || !number(line->words[1], NUMBER_MAX, &offset) ||
        !number(line->words[2], NUMBER_MAX, &size))
        return false;
    if (line->count == 5 &&
        (!number(line->words[3], 63, &bit_offset) || !number(line->words[4], 64, &bit_size) ||
         !bit_size || size > FIELD_MOST_BIT_BYTES || bit_offset + bit_size > size * 8))
        return false;
    const struct structure_description *structure = find_structure(parser, line->words[0], dot);
    if (!structure)
        return true;
    /* Its structure comes before it. At the very end of one: arrays of unknown length. */
    uint32_t end = layout_size(parser->layout, structure);
    if (size ? !end || offset > end : offset != 0)
        return false;
    size_t index = find_field(parser, structure, line->words[0] + dot + 1);
    if (index != SIZE_MAX)
        *layout_field_of(parser->layout, structure, index) = (struct field){
            (uint32_t)offset, (uint32_t)size, (uint8_t)bit_offset, (uint8_t)bit_size};
    return true;
}

static bool parse_structure(struct parser *parser, const struct line *line) {
    const char *name = line->words[0];
    size_t dot = strcspn(name, ".");
    if (name[dot])
        return parse_field(parser, line, dot);
    uint64_t size;
    if (line->count != 2 || !number(line->words[1], NUMBER_MAX, &size))
        return false;
    const struct structure_description *structure = find_structure(parser, name, dot);
    if (!structure)
        return true;
    if (layout_size(parser->layout, structure))
        return false; /* twice: its fields were checked against the first */
    *layout_size_of(parser->layout, structure) = (uint32_t)size;
    return true;
}

/* The lines before the structures, in their order; true if the line was one of them. */
static bool parse_header(struct layout *layout, const struct line *line, size_t index, bool *good) {
    static const char *const keys[] = {"heapglass-layout", "version",  "architecture",
                                       "abi_flags",        "build_id", "provider"};
    if (index >= sizeof keys / sizeof *keys)
        return false;
    uint64_t hex = 0;
    const char *word = line->words[1];
    *good = line->count == (index == 1 ? 3 : 2) && !strcmp(line->words[0], keys[index]);
    if (!*good)
        return true;
    switch (index) {
    case 0:
        *good = !strcmp(word, "1");
        break;
    case 1:
        *good = copy_word(layout->version, sizeof layout->version, word) &&
                number(line->words[2], UINT32_MAX, &hex);
        layout->version_hex = (uint32_t)hex;
        break;
    case 2:
        *good = copy_word(layout->architecture, sizeof layout->architecture, word);
        break;
    case 3:
        *good = copy_word(layout->abi_flags, sizeof layout->abi_flags, word);
        break;
    case 4:
        *good = copy_word(layout->build_id, sizeof layout->build_id, word);
        break;
    default:
        *good = parse_provider(layout, word);
    }
    return true;
}

static bool parse_line(struct parser *parser, struct line *line, size_t index, bool *end) {
    bool good;
    if (!split(line))
        return false;
    if (parse_header(parser->layout, line, index, &good))
        return good;
    *end = line->count == 1 && !strcmp(line->words[0], "end");
    if (*end)
        return true;
    if (!strcmp(line->words[0], "trait"))
        return parse_trait(parser->layout, line);
    return parse_structure(parser, line);
}

struct err *layout_parse(const char *text, size_t length, struct layout **ret) {
    if (length > TEXT_MAX)
        return err_new(ERR_DAMAGED_FILE, "layout: %zu bytes are too many", length);
    struct layout *layout = calloc(1, sizeof *layout);
    if (!layout)
        return err_no_memory();
    struct parser parser = {.layout = layout};
    struct line line;
    bool end = false;
    size_t at = 0, index = 0;
    for (; at < length && !end; index++) {
        const char *newline = memchr(text + at, '\n', length - at);
        size_t size = newline ? (size_t)(newline - (text + at)) : SIZE_MAX;
        bool good = size < sizeof line.text;
        if (good) {
            memcpy(line.text, text + at, size);
            line.text[size] = '\0';
            good = strlen(line.text) == size && parse_line(&parser, &line, index, &end);
        }
        if (!good) {
            free(layout);
            return err_new(ERR_DAMAGED_FILE, "layout: line %zu is damaged", index + 1);
        }
        at += size + 1;
    }
    if (!end || at != length) {
        free(layout);
        return err_new(ERR_DAMAGED_FILE, "layout: %s", end ? "text after its end" : "cut off");
    }
    *ret = layout;
    return NULL;
}
