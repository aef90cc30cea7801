/* Things known by a name: what was captured, from where, when; totals. A reader takes those that it knows. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_FACTS_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_FACTS_H

#include "base/arena.h"
#include "base/vec.h"
#include "introspect/snapshot/column.h"

enum fact_kind { FACT_TEXT, FACT_UNSIGNED, FACT_SIGNED, FACT_REAL };

struct fact {
    const char *key;
    enum fact_kind kind;
    const char *text; /* UTF-8, never NULL */
    uint64_t number;
    int64_t whole;
    double real;
};

/* Starts zeroed. Running out of memory is remembered. */
struct facts {
    struct vec(struct fact) items;
    struct arena memory;
    bool failed;
};

/* Keys and texts are copied. */
void facts_add_text(struct facts *facts, const char *key, const char *text);
void facts_add_unsigned(struct facts *facts, const char *key, uint64_t value);
void facts_add_signed(struct facts *facts, const char *key, int64_t value);
void facts_add_real(struct facts *facts, const char *key, double value);
void facts_free(struct facts *facts);

/* "" or 0 where there is no such fact, or one of another kind. */
const char *facts_text(const struct facts *facts, const char *key);
uint64_t facts_unsigned(const struct facts *facts, const char *key);
int64_t facts_signed(const struct facts *facts, const char *key);
double facts_real(const struct facts *facts, const char *key);

/* As the payload of a chunk. Facts of an unknown kind make the reader fail. */
void facts_encode(const struct facts *facts, struct column_buffer *buffer);
void facts_decode(struct facts *facts, struct column_reader *reader);

#endif
