/* Garbage: what gc.collect() would find, groups that look alike together; and references that nothing accounts
 * for (tui/audit_page.c). */
#include "introspect/analyses/garbage_shapes.h"
#include "tui/audit_page.h"
#include "words/words.h"

#include <stdlib.h>
#include <string.h>

enum { WHAT, GROUPS, OBJECTS, FOOTPRINT, INTERPRETER, FINALIZERS, ALL_OBJECTS, ADDRESS, COLUMNS };

static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static const struct column one[COLUMNS] = {
        [WHAT] = {"cycle", "CYCLE", VALUE_TEXT, COLUMN_TAIL},
        [GROUPS] = {"groups", "GROUPS", VALUE_COUNT, 0},
        [OBJECTS] = {"gc_objects", "OBJECTS", VALUE_COUNT, 0},
        [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [INTERPRETER] = {"interpreter", "", VALUE_ID, COLUMN_DATA},
        [FINALIZERS] = {"finalizers", "RUNS WHEN FREED", VALUE_TEXT, COLUMN_TAIL},
        [ALL_OBJECTS] = {"objects", "", VALUE_COUNT, COLUMN_DATA},
        [ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
    };
    static const struct column several[COLUMNS] = {
        [WHAT] = {"cycle", "CYCLE", VALUE_TEXT, COLUMN_TAIL},
        [GROUPS] = {"groups", "GROUPS", VALUE_COUNT, 0},
        [OBJECTS] = {"gc_objects", "OBJECTS", VALUE_COUNT, 0},
        [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [INTERPRETER] = {"interpreter", "INTERPRETER", VALUE_ID, 0},
        [FINALIZERS] = {"finalizers", "RUNS WHEN FREED", VALUE_TEXT, COLUMN_TAIL},
        [ALL_OBJECTS] = {"objects", "", VALUE_COUNT, COLUMN_DATA},
        [ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
    };
    *count = COLUMNS;
    *sort = FOOTPRINT;
    return heap_interpreter_count(context->refresh->heap) > 1 ? several : one;
}

/* Kinds of rows; their `detail` is the part. */
enum kind {
    SHAPE,  /* id: in garbage_shapes.items */
    GROUP,  /* id: in garbage.groups */
    MEMBER, /* id: the object's */
    LIST,   /* gc.garbage; id: the list's */
    ITEM,   /* of it; id: the object's */
};

/* What one interpreter has. */
struct part {
    const struct garbage *garbage;
    struct garbage_shapes shapes;
    int64_t interpreter;
    uint32_t list; /* gc.garbage; HEAP_NONE: it has none, or it is empty */
    uint64_t list_count;
};

struct model {
    const struct graph *graph;
    struct part *parts;
    size_t part_count;
    struct vec(struct row) roots;
};

static void close_garbage(void *opened) {
    struct model *model = opened;
    if (!model)
        return;
    for (size_t i = 0; i < model->part_count; i++)
        garbage_shapes_free(&model->parts[i].shapes);
    free(model->parts);
    vec_free(&model->roots);
    free(model);
}

/* ---- the heading ------------------------------------------------------------------------------ */

struct heading {
    struct strbuf *out;
    const struct part *part;
    bool several, summed;
};

static void add_line(void *out, enum line_style style, const char *text) {
    struct strbuf *heading = out;
    (void)style;
    heading->failed |= !text;
    for (; text && *text; text++)
        strbuf_putc(heading, *text == '\t' ? ' ' : *text);
    strbuf_putc(heading, '\n');
}

/* What matters most first: only some lines are shown. */
static void add_gc_line(void *context, enum line_style style, const char *text) {
    struct heading *heading = context;
    if (style == LINE_PLAIN && !heading->summed && heading->part->garbage->gc_objects) {
        heading->summed = true;
        words_garbage(heading->part->garbage, add_line, heading->out);
    }
    if (heading->several)
        strbuf_printf(heading->out, "interpreter %lld: ", (long long)heading->part->interpreter);
    add_line(heading->out, style, text);
}

static void add_heading(const struct heap *heap, size_t index, const struct part *part,
                        struct strbuf *out) {
    struct gc_status gc;
    bool known = heap_gc_status(heap, index, &gc);
    bool several = heap_interpreter_count(heap) > 1; /* then there are lines enough */
    struct heading heading = {out, part, several, several};
    words_gc(part->garbage, known ? &gc : NULL, add_gc_line, &heading);
}

/* ---- opening ---------------------------------------------------------------------------------- */

/* What gc gave up, or was asked to keep. */
static struct err *find_list(const struct view_context *context, size_t index,
                             struct model *model) {
    const struct heap *heap = context->refresh->heap;
    struct part *part = &model->parts[index];
    struct gc_status gc;
    part->list =
        heap_gc_status(heap, index, &gc) ? heap_find(heap, gc.garbage) : (uint32_t)HEAP_NONE;
    if (part->list == HEAP_NONE)
        return NULL;
    struct graph_references items = graph_references(model->graph, part->list);
    for (size_t i = 0; i < items.count; i++)
        part->list_count += (items.properties[i] & REFERENCE_TRAVERSED) != 0;
    struct row row = {LIST, part->list, index};
    return !part->list_count || vec_push(&model->roots, row) ? NULL : err_no_memory();
}

static struct err *open_part(const struct view_context *context, struct work *work, size_t index,
                             struct model *model) {
    struct part *part = &model->parts[index];
    part->garbage = &context->refresh->garbage[index];
    part->interpreter = heap_interpreter_id(context->refresh->heap, index);
    TRY(find_list(context, index, model));
    TRY(garbage_shapes_find(part->garbage, work_cancel(work), &part->shapes));
    for (size_t i = 0; i < part->shapes.count; i++) {
        struct row row = {SHAPE, (uint32_t)i, index};
        if (!vec_push(&model->roots, row))
            return err_no_memory();
    }
    return NULL;
}

static struct err *open_garbage(const struct view_context *context, struct work *work,
                                struct opened_page *ret) {
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return err_no_memory();
    ret->model = model;
    model->graph = context->refresh->graph;
    size_t count = heap_interpreter_count(context->refresh->heap);
    model->parts = calloc(count + 1, sizeof *model->parts);
    if (!model->parts)
        return err_no_memory();
    work_phase(work, "groups that look alike");
    for (; model->part_count < count; model->part_count++) {
        work_share(work, model->part_count, count);
        TRY(open_part(context, work, model->part_count, model));
        add_heading(context->refresh->heap, model->part_count, &model->parts[model->part_count],
                    &ret->heading);
    }
    ret->root_count = (uint32_t)model->roots.count;
    return NULL;
}

/* ---- rows ------------------------------------------------------------------------------------- */

static struct row root(const struct view_context *context, const void *opened, uint32_t index) {
    const struct model *model = opened;
    (void)context;
    return model->roots.items[index];
}

/* The group of a row that is one, or the first of many alike. */
static const struct garbage_group *group_of(const struct model *model, struct row row) {
    const struct part *part = &model->parts[row.detail];
    uint32_t index =
        row.kind == SHAPE ? part->shapes.groups[part->shapes.items[row.id].first] : row.id;
    return &part->garbage->groups[index];
}

/* The object that a row shows, or the one to look at first in what it shows. */
static uint32_t object_of(const struct model *model, struct row row) {
    return row.kind == SHAPE || row.kind == GROUP
               ? garbage_first_object(model->parts[row.detail].garbage, group_of(model, row))
               : row.id;
}

static void shape_cells(const struct garbage_shape *shape, struct cells *cells) {
    struct value *values = cells->values;
    values[WHAT] =
        value_text(*shape->cycle ? shape->cycle : "objects that keep each other, in no cycle");
    values[GROUPS] = value_count(shape->group_count);
    values[OBJECTS] = value_count(shape->gc_objects * shape->group_count);
    values[ALL_OBJECTS] = value_count(shape->objects * shape->group_count);
    values[FOOTPRINT] = value_bytes(shape->footprint);
    if (*shape->finalizers)
        values[FINALIZERS] = value_text(shape->finalizers);
}

static void group_cells(const struct garbage_group *group, struct cells *cells) {
    struct value *values = cells->values;
    values[OBJECTS] = value_count(group->gc_objects);
    values[ALL_OBJECTS] = value_count(group->objects);
    values[FOOTPRINT] = value_bytes(group->footprint);
}

static void object_cells(const struct model *model, struct row row, struct cells *cells) {
    static const char *const words[] = {
        [FINALIZER_NONE] = NULL,
        [FINALIZER_DEL] = "__del__",
        [FINALIZER_SUSPENDED] = "suspended: it is closed",
        [FINALIZER_C] = "a finalizer in C",
    };
    const struct heap *heap = model->graph->heap;
    const struct garbage *garbage = model->parts[row.detail].garbage;
    cells->values[FOOTPRINT] = value_bytes(heap_footprint(heap, row.id));
    cells->values[FINALIZERS] = value_text(words[heap_finalizer(heap, row.id)]);
    if (row.kind == MEMBER && garbage->state[row.id] == GARBAGE_DEPENDENT)
        cells->style = ROW_FAINT; /* gc does not know it: it goes with those that do */
}

static void cells(const struct view_context *context, const void *opened, struct row row,
                  unsigned wanted, struct cells *cells) {
    const struct model *model = opened;
    const struct part *part = &model->parts[row.detail];
    struct value *values = cells->values;
    (void)context;
    values[INTERPRETER] = value_id(part->interpreter);
    if (row.kind == SHAPE)
        shape_cells(&part->shapes.items[row.id], cells);
    else if (row.kind == GROUP)
        group_cells(group_of(model, row), cells);
    else if (row.kind != LIST)
        object_cells(model, row, cells);
    if (row.kind == LIST) {
        cells->style = ROW_WARNING;
        values[WHAT] = value_text("gc.garbage: what gc gave up, or DEBUG_SAVEALL keeps");
        values[OBJECTS] = value_count(part->list_count);
    } else if (row.kind != SHAPE && wanted & 1u << WHAT) {
        values[WHAT] = cells_object(cells, model->graph->heap, object_of(model, row), true);
    }
    if (wanted & 1u << ADDRESS)
        values[ADDRESS] = value_address(heap_address(model->graph->heap, object_of(model, row)));
}

static bool expands(const struct view_context *context, const void *opened, struct row row,
                    bool *from_the_start) {
    (void)context;
    (void)opened;
    (void)from_the_start;
    return row.kind == SHAPE || row.kind == GROUP || row.kind == LIST;
}

static bool add_items(const struct model *model, struct row row, uint64_t first, size_t limit,
                      struct row_list *to) {
    struct graph_references items = graph_references(model->graph, row.id);
    uint64_t position = 0;
    for (size_t i = 0; i < items.count && limit; i++) {
        struct row item = {ITEM, items.targets[i], row.detail};
        if (!(items.properties[i] & REFERENCE_TRAVERSED) || position++ < first)
            continue;
        limit--;
        if (!vec_push(to, item))
            return false;
    }
    return true;
}

static bool add_groups(const struct part *part, struct row row, uint64_t first, size_t limit,
                       struct row_list *to) {
    const struct garbage_shape *shape = &part->shapes.items[row.id];
    for (uint64_t i = first; i < shape->group_count && limit--; i++) {
        struct row group = {GROUP, part->shapes.groups[shape->first + i], row.detail};
        if (!vec_push(to, group))
            return false;
    }
    return true;
}

static bool add_members(const struct part *part, const struct garbage_group *group, struct row row,
                        uint64_t first, size_t limit, struct row_list *to) {
    for (uint64_t i = first; i < group->objects && limit--; i++) {
        struct row member = {MEMBER, part->garbage->members[group->first + i], row.detail};
        if (!vec_push(to, member))
            return false;
    }
    return true;
}

/* A group that no other looks like needs no row of its own. */
static struct err *children(const struct view_context *context, const void *opened, struct row row,
                            uint64_t first, size_t limit, struct row_list *to) {
    const struct model *model = opened;
    const struct part *part = &model->parts[row.detail];
    bool fine;
    (void)context;
    if (row.kind == LIST)
        fine = add_items(model, row, first, limit, to);
    else if (row.kind == SHAPE && part->shapes.items[row.id].group_count > 1)
        fine = add_groups(part, row, first, limit, to);
    else
        fine = add_members(part, group_of(model, row), row, first, limit, to);
    return fine ? NULL : err_no_memory();
}

static bool about(const struct view_context *context, const void *opened, struct row row,
                  struct subject *ret) {
    *ret = subject_of_object(context->refresh->heap, object_of(opened, row));
    return true;
}

/* Shapes are the same by their looks. */
static uint64_t identity(const struct view_context *context, const void *opened, struct row row) {
    const struct model *model = opened;
    (void)context;
    uint64_t hash = (uint64_t)model->parts[row.detail].interpreter + 1;
    if (row.kind != SHAPE)
        return hash;
    const struct garbage_shape *shape = &model->parts[row.detail].shapes.items[row.id];
    for (const char *at = shape->cycle; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
    return (hash ^ shape->objects) * 0x100000001b3;
}

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    (void)context;
    (void)sort;
    strbuf_printf(out, "garbage %s -n 0", source);
}

static const struct page pages[] = {
    {
        .name = "garbage",
        .export = "garbage",
        .needs = PRODUCT_GARBAGE,
        .columns = columns,
        .open = open_garbage,
        .close = close_garbage,
        .root = root,
        .cells = cells,
        .expands = expands,
        .children = children,
        .about = about,
        .identity = identity,
        .command = command,
    },
    {
        .name = "audit",
        .export = "audit",
        .needs = PRODUCT_AUDIT,
        .columns = audit_page_columns,
        .open = audit_page_open,
        .close = audit_page_close,
        .root = audit_page_root,
        .cells = audit_page_cells,
        .expands = audit_page_expands,
        .children = audit_page_children,
        .about = audit_page_about,
        .identity = audit_page_identity,
        .command = audit_page_command,
    },
};

extern const struct view view_garbage;
const struct view view_garbage = {
    .name = "garbage",
    .title = "Garbage",
    .key = '8',
    .subjects = 1 << SUBJECT_NONE,
    .about_help =
        "What gc.collect() would free now: objects that keep each other alive although nobody else "
        "refers to them. Groups that look alike share a row; → shows them, and then their objects; "
        "faint ones are those that gc does not track, but that only garbage keeps. "
        "Tab shows the audit: objects whose refcounts are higher than all references that were "
        "found. What not even a word in C explains is most likely leaked by a C extension.",
    .pages = pages,
    .page_count = sizeof pages / sizeof *pages,
};
