/* How targets and labels of references become small numbers, and back (docs/snapshot-format.md).
 *
 * The references of an object are a row. What is foreseen for each depends on the object's type and the position in the
 * row, as the object of that type before had it, and on the references before it in the row. Writer and reader
 * go through the same steps. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_REFERENCE_CODES_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_REFERENCE_CODES_H

#include "introspect/heap/heap.h"
#include "introspect/snapshot/column.h"
#include "introspect/snapshot/context.h"

/* What a label needs to be told. */
enum label_need { NEEDS_NOTHING, NEEDS_INDEX, NEEDS_TEXT, NEEDS_OBJECT };

static inline enum label_need label_needs(enum label_kind label) {
    switch (label) {
    case LABEL_ITEM:
    case LABEL_DICT_KEY:
    case LABEL_MEMBER:
    case LABEL_STACK:
    case LABEL_CELL:
    case LABEL_OFFSET:
        return NEEDS_INDEX;
    case LABEL_FIELD:
    case LABEL_SLOT:
    case LABEL_LOCAL:
        return NEEDS_TEXT;
    case LABEL_NAME:
    case LABEL_KEY:
        return NEEDS_OBJECT;
    case LABEL_TYPE:
        break;
    }
    return NEEDS_NOTHING;
}

enum { ROW_LABELS = 16 };

struct row {
    struct contexts *contexts;
    uint32_t owner, type;
    uint32_t position, place; /* of the reference at hand, in the row and in the contexts */
    uint32_t near;            /* the last target of this object's own */
    uint32_t key;             /* target of the reference before, if that is a dict's key */
    uint64_t index[ROW_LABELS];
};

static inline void row_begin(struct row *row, struct contexts *contexts, uint32_t owner,
                             uint32_t type) {
    memset(row, 0, sizeof *row);
    row->contexts = contexts;
    row->owner = row->near = owner;
    row->type = type;
    row->key = HEAP_NONE;
}

ALWAYS_INLINE void row_begin_reference(struct row *row) {
    row->place = context_of_reference(row->type, row->position);
}

ALWAYS_INLINE void row_end_reference(struct row *row, enum label_kind label, uint32_t target) {
    row->key = label == LABEL_DICT_KEY ? target : HEAP_NONE;
    row->position++;
}

/* ---- targets: 0 as before, 1 outside of the heap, else a distance -------------------------------- */

ALWAYS_INLINE uint64_t row_target_code(struct row *row, uint32_t target) {
    if (target == HEAP_NONE)
        return 1;
    uint64_t *before = &row->contexts->target[row->place];
    if (*before == target)
        return 0;
    uint64_t code = 2 + column_zigzag((int64_t)target - row->near);
    *before = row->near = target;
    return code;
}

ALWAYS_INLINE uint32_t row_target(struct row *row, uint64_t code) {
    uint64_t *before = &row->contexts->target[row->place];
    if (code == 0)
        return (uint32_t)*before;
    if (code == 1)
        return HEAP_NONE;
    *before = row->near = (uint32_t)(row->near + (uint64_t)column_unzigzag(code - 2));
    return row->near;
}

/* ---- indices: the distance to one more than the last of that label ------------------------------- */

ALWAYS_INLINE uint64_t row_index_code(struct row *row, enum label_kind label, uint64_t index) {
    uint64_t code = column_zigzag((int64_t)(index - row->index[label]));
    row->index[label] = index + 1;
    return code;
}

ALWAYS_INLINE uint64_t row_index(struct row *row, enum label_kind label, uint64_t code) {
    uint64_t index = row->index[label] + (uint64_t)column_unzigzag(code);
    row->index[label] = index + 1;
    return index;
}

/* ---- texts: 0 as before, else one more than the number of the text ------------------------------- */

ALWAYS_INLINE uint64_t row_text_code(struct row *row, uint64_t text) {
    uint64_t *before = &row->contexts->argument[row->place];
    if (*before == text + 1)
        return 0;
    *before = text + 1;
    return text + 1;
}

ALWAYS_INLINE uint64_t row_text(struct row *row, uint64_t code) {
    uint64_t *before = &row->contexts->argument[row->place];
    if (code)
        *before = code;
    return *before - 1;
}

/* ---- objects: 0 the key just seen, 1 outside, 2 as before, else 3 more than the id ---------------- */

ALWAYS_INLINE uint64_t row_object_code(struct row *row, enum label_kind label, uint32_t id) {
    uint64_t *before = &row->contexts->argument[row->place];
    if (id == HEAP_NONE)
        return 1;
    if (label == LABEL_KEY && id == row->key)
        return 0;
    if (*before == (uint64_t)id + 3)
        return 2;
    *before = (uint64_t)id + 3;
    return *before;
}

ALWAYS_INLINE uint32_t row_object(struct row *row, enum label_kind label, uint64_t code) {
    uint64_t *before = &row->contexts->argument[row->place];
    if (code == 0)
        return label == LABEL_KEY && row->key != HEAP_NONE ? row->key : HEAP_NONE - 1;
    if (code == 1)
        return HEAP_NONE;
    if (code > 2)
        *before = code;
    return *before >= 3 && *before - 3 < HEAP_NONE ? (uint32_t)(*before - 3) : HEAP_NONE - 1;
}

#endif
