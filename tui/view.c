#include "tui/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- subjects ----------------------------------------------------------------------------------- */

struct subject subject_of_type(const struct type *type) {
    struct subject subject = {.kind = SUBJECT_TYPE, .address = type->address};
    snprintf(subject.type, sizeof subject.type, "%s", type->name);
    return subject;
}

struct subject subject_of_object(const struct heap *heap, uint32_t id) {
    struct subject subject = {.kind = SUBJECT_OBJECT, .address = heap_address(heap, id)};
    snprintf(subject.type, sizeof subject.type, "%s", heap_type(heap, id)->name);
    return subject;
}

uint32_t type_id_of(const struct heap *heap, const struct subject *subject) {
    uint32_t by_name = HEAP_NONE;
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        const struct type *type = heap_type_by_id(heap, i);
        bool named = !strncmp(type->name, subject->type, sizeof subject->type - 1);
        if (subject->kind == SUBJECT_TYPE && named && type->address == subject->address)
            return i;
        if (named && (by_name == HEAP_NONE || heap_type_sums(heap, i)->objects))
            by_name = i;
    }
    return by_name;
}

uint32_t object_id_of(const struct heap *heap, const struct subject *subject) {
    uint32_t id = subject->kind == SUBJECT_OBJECT ? heap_find(heap, subject->address) : HEAP_NONE;
    bool same = id != HEAP_NONE &&
                !strncmp(heap_type(heap, id)->name, subject->type, sizeof subject->type - 1);
    return same ? id : HEAP_NONE;
}

/* ---- cells -------------------------------------------------------------------------------------- */

struct value cells_text(struct cells *cells, const char *text) {
    char *copy = text && *text ? arena_strdup(cells->texts, text) : NULL;
    cells->failed |= text && *text && !copy;
    return value_text(copy);
}

struct value cells_object(struct cells *cells, const struct heap *heap, uint32_t id,
                          bool with_type) {
    struct strbuf text = {0}, value = {0};
    heap_preview_contents(heap, id, &value);
    if (with_type)
        strbuf_printf(&text, "%s at ", heap_type(heap, id)->name);
    strbuf_printf(&text, "%#llx%s%s", (unsigned long long)heap_address(heap, id),
                  value.length ? "  " : "", strbuf_text(&value));
    struct value ret = cells_text(cells, strbuf_text(&text));
    cells->failed |= text.failed || value.failed;
    strbuf_free(&value);
    strbuf_free(&text);
    return ret;
}

void add_preview(const struct graph *graph, uint32_t id, struct strbuf *out) {
    enum { FEW_REFERENCES = 4096 };
    if (graph_references(graph, id).count <= FEW_REFERENCES)
        heap_preview_contents(graph->heap, id, out);
    else
        heap_preview(graph->heap, id, out);
}

/* ---- lines -------------------------------------------------------------------------------------- */

static void add(struct lines *lines, struct subject about, enum row_style style, const char *format,
                va_list arguments) {
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    char *kept = text ? arena_strdup(&lines->texts, text) : NULL;
    free(text);
    lines->failed |= !kept || !vec_push(&lines->items, ((struct line){kept, style, about}));
}

void lines_add(struct lines *lines, enum row_style style, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(lines, (struct subject){0}, style, format, arguments);
    va_end(arguments);
}

void lines_add_about(struct lines *lines, struct subject about, enum row_style style,
                     const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(lines, about, style, format, arguments);
    va_end(arguments);
}

struct err *lines_open(struct lines *lines, struct opened_page *ret) {
    struct lines *model = malloc(sizeof *model);
    if (!model || lines->failed) {
        free(model);
        vec_free(&lines->items);
        arena_clear(&lines->texts);
        return err_no_memory();
    }
    *model = *lines;
    *lines = (struct lines){0};
    ret->model = model;
    ret->root_count = (uint32_t)model->items.count;
    return NULL;
}

const struct column *lines_columns(const struct view_context *context, size_t *count,
                                   size_t *sort) {
    static const struct column columns[] = {{"line", "", VALUE_TEXT, COLUMN_TAIL}};
    (void)context;
    *count = 1;
    *sort = PAGE_UNSORTED;
    return columns;
}

void lines_close(void *model) {
    struct lines *lines = model;
    if (!lines)
        return;
    vec_free(&lines->items);
    arena_clear(&lines->texts);
    free(lines);
}

struct row lines_root(const struct view_context *context, const void *model, uint32_t index) {
    (void)context;
    (void)model;
    return (struct row){.id = index};
}

void lines_cells(const struct view_context *context, const void *model, struct row row,
                 unsigned wanted, struct cells *cells) {
    const struct lines *lines = model;
    (void)context;
    (void)wanted;
    cells->values[0] = value_text(lines->items.items[row.id].text);
    cells->style = lines->items.items[row.id].style;
}

bool lines_about(const struct view_context *context, const void *model, struct row row,
                 struct subject *ret) {
    const struct lines *lines = model;
    (void)context;
    *ret = lines->items.items[row.id].about;
    return ret->kind != SUBJECT_NONE;
}
