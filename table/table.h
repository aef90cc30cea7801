/* Tables as data: described columns and a cursor over rows, which are never all in memory. */
#ifndef HEAPGLASS_TABLE_TABLE_H
#define HEAPGLASS_TABLE_TABLE_H

#include "table/value.h"

enum column_flag {
    COLUMN_SCREEN = 1,  /* for people only: not in JSON and CSV */
    COLUMN_DATA = 2,    /* for programs only: not on a screen */
    COLUMN_SHRINKS = 4, /* text that may be cut in its middle to make the row fit */
    COLUMN_TAIL = 8,    /* as COLUMN_SHRINKS, but cut at its end */
};

struct column {
    const char *key;   /* in JSON and CSV */
    const char *title; /* on a screen */
    enum value_kind kind;
    unsigned flags; /* enum column_flag */
};

struct table {
    const struct column *columns; /* borrowed */
    size_t column_count;
    /* Fills in the next row, a value of the column's kind (or VALUE_NONE) for each column; false
     * at the end. What values point to is good until the next call. */
    bool (*next)(void *context, struct value *cells);
    void *context;
};

enum { TABLE_MAX_COLUMNS = 24 };

#endif
