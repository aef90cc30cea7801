#include "tests/unit/tui/fake_page.h"

#include <stdio.h>

struct fake_rows fake_rows;

static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static struct column all[FAKE_COLUMNS];
    (void)context;
    struct column number = {"number", "NUMBER", fake_rows.kind, 0};
    struct column text = {"text", "TEXT", VALUE_TEXT, COLUMN_SHRINKS};
    if (all[FAKE_NUMBER].kind != number.kind) {
        all[FAKE_NUMBER] = number;
        all[FAKE_TEXT] = text;
    }
    *count = FAKE_COLUMNS;
    *sort = PAGE_UNSORTED;
    return all;
}

static struct err *open_page(const struct view_context *context, struct work *work,
                             struct opened_page *ret) {
    (void)context;
    work_phase(work, "making rows");
    if (fake_rows.fails)
        return err_new(ERR_FAILED, "as it has to");
    ret->root_count = fake_rows.count;
    strbuf_printf(&ret->heading, "%u rows\n", fake_rows.count);
    return NULL;
}

static void close_page(void *model) {
    (void)model;
}

static struct row root(const struct view_context *context, const void *model, uint32_t index) {
    (void)context, (void)model;
    return (struct row){.id = index};
}

static void cells(const struct view_context *context, const void *model, struct row row,
                  unsigned wanted, struct cells *cells) {
    char text[64];
    (void)context, (void)model;
    if (wanted >> FAKE_NUMBER & 1)
        cells->values[FAKE_NUMBER] = row.kind           ? value_count(row.detail)
                                     : fake_rows.number ? fake_rows.number(row.id)
                                                        : value_count(row.id);
    if (!(wanted >> FAKE_TEXT & 1))
        return;
    if (row.kind)
        snprintf(text, sizeof text, "child %llu", (unsigned long long)row.detail);
    else
        snprintf(text, sizeof text, "%s%u", "row ", row.id);
    cells->values[FAKE_TEXT] =
        cells_text(cells, !row.kind && fake_rows.text ? fake_rows.text(row.id) : text);
}

static bool expands(const struct view_context *context, const void *model, struct row row,
                    bool *from_the_start) {
    (void)context, (void)model;
    *from_the_start = fake_rows.open_first;
    return fake_rows.children && fake_rows.children(row);
}

static struct err *children(const struct view_context *context, const void *model, struct row row,
                            uint64_t first, size_t limit, struct row_list *to) {
    (void)context, (void)model;
    uint64_t count = fake_rows.children ? fake_rows.children(row) : 0;
    for (uint64_t i = first; i < count && i - first < limit; i++) {
        if (!vec_push(to, ((struct row){row.kind + 1, row.id, i})))
            return err_no_memory();
    }
    return NULL;
}

static bool about(const struct view_context *context, const void *model, struct row row,
                  struct subject *ret) {
    (void)context, (void)model;
    *ret = (struct subject){.kind = SUBJECT_OBJECT, .address = row.id * 16};
    return true;
}

static uint64_t identity(const struct view_context *context, const void *model, struct row row) {
    (void)context, (void)model;
    return row.id + fake_rows.moved;
}

#define FAKE_PAGE                                                                                  \
    .export = "numbers", .columns = columns, .open = open_page, .close = close_page, .root = root, \
    .cells = cells, .expands = expands, .children = children, .about = about

const struct page fake_page = {FAKE_PAGE, .identity = identity};
const struct page fake_page_without_identity = {FAKE_PAGE};
const struct page fake_groups = {FAKE_PAGE, .identity = identity, .fixed_order = true};
