#include "introspect/snapshot/facts.h"

#include "base/strbuf.h"

static void add(struct facts *facts, const char *key, struct fact fact) {
    fact.key = arena_strdup(&facts->memory, key);
    if (!fact.text)
        fact.text = "";
    facts->failed |= !fact.key || !vec_push(&facts->items, fact);
}

void facts_add_text(struct facts *facts, const char *key, const char *text) {
    const char *copy = arena_strdup(&facts->memory, text);
    facts->failed |= !copy;
    add(facts, key, (struct fact){.kind = FACT_TEXT, .text = copy});
}

void facts_add_unsigned(struct facts *facts, const char *key, uint64_t value) {
    add(facts, key, (struct fact){.kind = FACT_UNSIGNED, .number = value});
}

void facts_add_signed(struct facts *facts, const char *key, int64_t value) {
    add(facts, key, (struct fact){.kind = FACT_SIGNED, .whole = value});
}

void facts_add_real(struct facts *facts, const char *key, double value) {
    add(facts, key, (struct fact){.kind = FACT_REAL, .real = value});
}

void facts_free(struct facts *facts) {
    vec_free(&facts->items);
    arena_clear(&facts->memory);
}

/* ---- looking up ------------------------------------------------------------------------------ */

static const struct fact *find(const struct facts *facts, const char *key, enum fact_kind kind) {
    static const struct fact none = {.text = ""};
    vec_each (fact, &facts->items) {
        if (fact->kind == kind && !strcmp(fact->key, key))
            return fact;
    }
    return &none;
}

const char *facts_text(const struct facts *facts, const char *key) {
    return find(facts, key, FACT_TEXT)->text;
}
uint64_t facts_unsigned(const struct facts *facts, const char *key) {
    return find(facts, key, FACT_UNSIGNED)->number;
}
int64_t facts_signed(const struct facts *facts, const char *key) {
    return find(facts, key, FACT_SIGNED)->whole;
}
double facts_real(const struct facts *facts, const char *key) {
    return find(facts, key, FACT_REAL)->real;
}

/* ---- as bytes -------------------------------------------------------------------------------- */

void facts_encode(const struct facts *facts, struct column_buffer *buffer) {
    vec_each (fact, &facts->items) {
        uint64_t bits;
        column_text(buffer, fact->key, strlen(fact->key));
        column_u8(buffer, (uint8_t)fact->kind);
        switch (fact->kind) {
        case FACT_TEXT:
            column_text(buffer, fact->text, strlen(fact->text));
            break;
        case FACT_UNSIGNED:
            column_varint(buffer, fact->number);
            break;
        case FACT_SIGNED:
            column_signed(buffer, fact->whole);
            break;
        case FACT_REAL:
            memcpy(&bits, &fact->real, sizeof bits);
            column_u64(buffer, bits);
            break;
        }
    }
    buffer->failed |= facts->failed;
}

/* What a file says may be forged: it must not reach a terminal as it is. */
static const char *clean(struct facts *facts, const char *text, size_t length) {
    struct strbuf escaped = {0};
    strbuf_add_escaped(&escaped, text, length, length);
    const char *copy = escaped.failed ? NULL : arena_strdup(&facts->memory, strbuf_text(&escaped));
    strbuf_free(&escaped);
    return copy;
}

static void decode_one(struct facts *facts, struct column_reader *reader) {
    size_t key_length = 0, length = 0;
    const char *key = column_take_text(reader, &key_length), *text;
    struct fact fact = {.kind = column_take_u8(reader), .text = ""};
    uint64_t bits;
    switch (fact.kind) {
    case FACT_TEXT:
        text = column_take_text(reader, &length);
        fact.text = reader->failed ? "" : clean(facts, text, length);
        facts->failed |= !fact.text;
        break;
    case FACT_UNSIGNED:
        fact.number = column_take_varint(reader);
        break;
    case FACT_SIGNED:
        fact.whole = column_take_signed(reader);
        break;
    case FACT_REAL:
        bits = column_take_u64(reader);
        memcpy(&fact.real, &bits, sizeof fact.real);
        break;
    default:
        column_fail(reader);
    }
    if (reader->failed)
        return;
    char *copy = arena_strndup(&facts->memory, key, key_length);
    if (copy)
        add(facts, copy, fact);
    facts->failed |= !copy;
}

void facts_decode(struct facts *facts, struct column_reader *reader) {
    while (column_left(reader) && !reader->failed && !facts->failed)
        decode_one(facts, reader);
}
