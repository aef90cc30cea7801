#include "introspect/analyses/dominator_rows.h"

#include <stdlib.h>

enum { RETAINED, SHARE, FOOTPRINT, TYPE, ADDRESS, VALUE, COLUMNS };

static const struct column columns[COLUMNS] = {
    [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
    [SHARE] = {"share", "SHARE", VALUE_SHARE, COLUMN_SCREEN},
    [FOOTPRINT] = {"footprint", "OWN", VALUE_BYTES, 0},
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
    [ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, 0},
    [VALUE] = {"value", "WHAT", VALUE_TEXT, COLUMN_TAIL},
};

void dominator_root_name(const struct graph *graph, uint32_t id, struct strbuf *out) {
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, id, &count);
    if (!count || roots->root.kind == ROOT_TYPE || roots->root.kind == ROOT_INTERNED)
        return;
    if (roots->root.kind == ROOT_MODULE)
        strbuf_puts(out, "module ");
    root_name(graph->heap, &roots->root, out);
}

/* What a root calls it, or else its value. */
static void describe(struct dominator_rows *rows, uint32_t id) {
    strbuf_clear(&rows->value);
    dominator_root_name(rows->graph, id, &rows->value);
    if (!rows->value.length && rows->values)
        heap_preview(rows->graph->heap, id, &rows->value);
}

static bool next(void *context, struct value *cells) {
    struct dominator_rows *rows = context;
    const struct heap *heap = rows->graph->heap;
    if (rows->next >= rows->count || rows->next >= rows->limit)
        return false;
    uint32_t id = rows->children[rows->next++];
    uint64_t retained = dominators_retained(rows->dominators, id);
    cells[RETAINED] = value_bytes(retained);
    cells[SHARE] = value_share(retained, rows->whole);
    if (id == DOMINATORS_HIDDEN) {
        cells[FOOTPRINT] = value_bytes(0);
        cells[TYPE] = value_text("hidden references");
        cells[ADDRESS] = cells[VALUE] = value_none();
        return true;
    }
    describe(rows, id);
    cells[FOOTPRINT] = value_bytes(heap_footprint(heap, id));
    cells[TYPE] = value_text(heap_type(heap, id)->name);
    cells[ADDRESS] = value_address(heap_address(heap, id));
    cells[VALUE] = rows->value.length ? value_text(rows->value.text) : value_none();
    return true;
}

struct err *dominator_rows_open(struct dominator_rows *rows, const struct graph *graph,
                                const struct dominators *dominators, uint32_t node, size_t limit,
                                bool values) {
    *rows = (struct dominator_rows){.graph = graph,
                                    .dominators = dominators,
                                    .limit = limit,
                                    .whole = dominators_retained(dominators, DOMINATORS_ROOT),
                                    .values = values};
    rows->table = (struct table){columns, COLUMNS, next, rows};
    return dominators_children(dominators, node, &rows->children, &rows->count);
}

void dominator_rows_close(struct dominator_rows *rows) {
    free(rows->children);
    strbuf_free(&rows->value);
    rows->children = NULL;
}
