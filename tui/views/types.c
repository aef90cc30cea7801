/* Types: how many objects of each there are, what they take and keep, and how that changes. */
#include "report/plot.h"
#include "report/units.h"
#include "tui/history.h"
#include "tui/view.h"

#include <stdlib.h>
#include <string.h>

enum {
    TYPE,
    OBJECTS,
    OBJECTS_SINCE_BASELINE,
    OBJECTS_SINCE_LAST,
    FOOTPRINT,
    FOOTPRINT_SINCE_BASELINE,
    FOOTPRINT_SINCE_LAST,
    RETAINED,
    HELD_BY,
    SHARE,
    TREND,
    TYPE_ADDRESS,
    HELD_BY_PATH,
    HELD_BY_SHARE,
    COLUMNS,
};

enum { COLUMN_NOWHERE = COLUMN_SCREEN | COLUMN_DATA };

enum { SPARK_COLUMNS = 8 };

/* Without an earlier refresh nothing has changed: those columns are left out. */
static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static const struct column alone[COLUMNS] = {
        [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
        [OBJECTS_SINCE_BASELINE] = {"objects_since_baseline", "", VALUE_CHANGE, COLUMN_DATA},
        [OBJECTS_SINCE_LAST] = {"objects_since_last", "", VALUE_CHANGE, COLUMN_DATA},
        [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [FOOTPRINT_SINCE_BASELINE] = {"footprint_since_baseline", "", VALUE_CHANGE_BYTES,
                                      COLUMN_DATA},
        [FOOTPRINT_SINCE_LAST] = {"footprint_since_last", "", VALUE_CHANGE_BYTES, COLUMN_DATA},
        [SHARE] = {"share", "SHARE", VALUE_SHARE, 0},
        [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [HELD_BY] = {"held_by_text", "HELD BY", VALUE_TEXT, COLUMN_SHRINKS | COLUMN_SCREEN},
        [TREND] = {"trend", "", VALUE_TEXT, COLUMN_NOWHERE},
        [TYPE_ADDRESS] = {"type_address", "", VALUE_ADDRESS, COLUMN_DATA},
        [HELD_BY_PATH] = {"held_by", "", VALUE_TEXT, COLUMN_DATA},
        [HELD_BY_SHARE] = {"held_by_share", "", VALUE_SHARE, COLUMN_DATA},
    };
    static const struct column changing[COLUMNS] = {
        [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
        [OBJECTS_SINCE_BASELINE] = {"objects_since_baseline", "Δ BASE", VALUE_CHANGE, 0},
        [OBJECTS_SINCE_LAST] = {"objects_since_last", "Δ LAST", VALUE_CHANGE, 0},
        [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [FOOTPRINT_SINCE_BASELINE] = {"footprint_since_baseline", "Δ BASE", VALUE_CHANGE_BYTES, 0},
        [FOOTPRINT_SINCE_LAST] = {"footprint_since_last", "Δ LAST", VALUE_CHANGE_BYTES, 0},
        [TREND] = {"trend", "TREND", VALUE_TEXT, COLUMN_TAIL | COLUMN_SCREEN},
        [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [SHARE] = {"share", "SHARE", VALUE_SHARE, 0},
        [HELD_BY] = {"held_by_text", "HELD BY", VALUE_TEXT, COLUMN_SHRINKS | COLUMN_SCREEN},
        [TYPE_ADDRESS] = {"type_address", "", VALUE_ADDRESS, COLUMN_DATA},
        [HELD_BY_PATH] = {"held_by", "", VALUE_TEXT, COLUMN_DATA},
        [HELD_BY_SHARE] = {"held_by_share", "", VALUE_SHARE, COLUMN_DATA},
    };
    *count = COLUMNS;
    *sort = FOOTPRINT;
    return context->refresh->previous ? changing : alone;
}

/* The counts before, and the rows of types that are there no more. */
struct model {
    const struct type_counts *baseline, *last; /* NULL: there is no such refresh */
    uint64_t whole;                            /* footprint of all */
};

static struct err *open_types(const struct view_context *context, struct work *work,
                              struct opened_page *ret) {
    const struct refresh *refresh = context->refresh;
    struct model *model = calloc(1, sizeof *model);
    (void)work;
    if (!model)
        return err_no_memory();
    model->whole = heap_totals(refresh->heap)->footprint;
    if (refresh->previous) {
        model->last = &refresh->previous->counts;
        model->baseline = &context->baseline->counts->counts;
    }
    ret->model = model;
    ret->root_count = (uint32_t)refresh->types.count;
    return NULL;
}

static struct row root(const struct view_context *context, const void *model, uint32_t index) {
    (void)context;
    (void)model;
    return (struct row){.id = index};
}

static int compare_names(const void *name, const void *count) {
    return strcmp(name, ((const struct type_count *)count)->name);
}

static struct type_count count_of(const struct type_counts *counts, const char *name) {
    const struct type_count *found = counts->count ? bsearch(name, counts->items, counts->count,
                                                             sizeof *counts->items, compare_names)
                                                   : NULL;
    return found ? *found : (struct type_count){.name = name};
}

static void add_changes(const struct type_counts *before, const struct type_sums *now,
                        struct value *objects, struct value *footprint) {
    struct type_count then = count_of(before, now->type->name);
    *objects = value_change((int64_t)(now->objects - then.objects));
    *footprint = value_change_bytes((int64_t)(now->footprint - then.footprint));
}

static struct value spark(const struct view_context *context, const char *type,
                          struct cells *cells) {
    double points[HISTORY_POINTS];
    struct strbuf text = {0};
    size_t count = history_type_points(context->history, type, points);
    plot_spark(&text, points, count, SPARK_COLUMNS, context->unicode);
    struct value value = cells_text(cells, strbuf_text(&text));
    strbuf_free(&text);
    return value;
}

/* Where most of them hang: "97% shop.cache.ORDERS[*]" on the screen. */
static void add_holder(const struct type_holder *holder, uint64_t objects, struct cells *cells) {
    char percent[UNITS_SIZE];
    struct strbuf text = {0};
    if (!holder->path)
        return;
    cells->values[HELD_BY_PATH] = value_text(holder->path);
    cells->values[HELD_BY_SHARE] = value_share(holder->objects, objects);
    strbuf_printf(&text, "%s %s", units_percent(percent, cells->values[HELD_BY_SHARE].real),
                  holder->path);
    cells->values[HELD_BY] = cells_text(cells, strbuf_text(&text));
    strbuf_free(&text);
}

static void cells(const struct view_context *context, const void *opened, struct row row,
                  unsigned wanted, struct cells *cells) {
    const struct model *model = opened;
    const struct refresh *refresh = context->refresh;
    const struct type_sums *sums = &refresh->types.rows[row.id];
    struct value *values = cells->values;
    values[TYPE] = value_text(sums->type->name);
    values[OBJECTS] = value_count(sums->objects);
    values[FOOTPRINT] = value_bytes(sums->footprint);
    values[SHARE] = value_share(sums->footprint, model->whole);
    values[TYPE_ADDRESS] = value_address(sums->type->address);
    if (context->products & PRODUCT_DOMINATORS)
        values[RETAINED] = value_bytes(refresh->retained[sums->type->id]);
    if (context->products & PRODUCT_HELD_BY)
        add_holder(&refresh->held_by.of[sums->type->id], sums->objects, cells);
    if (model->baseline && wanted & (1u << OBJECTS_SINCE_BASELINE | 1u << FOOTPRINT_SINCE_BASELINE))
        add_changes(model->baseline, sums, &values[OBJECTS_SINCE_BASELINE],
                    &values[FOOTPRINT_SINCE_BASELINE]);
    if (model->last && wanted & (1u << OBJECTS_SINCE_LAST | 1u << FOOTPRINT_SINCE_LAST))
        add_changes(model->last, sums, &values[OBJECTS_SINCE_LAST], &values[FOOTPRINT_SINCE_LAST]);
    if (model->last && wanted & 1u << TREND)
        values[TREND] = spark(context, sums->type->name, cells);
}

static bool about(const struct view_context *context, const void *model, struct row row,
                  struct subject *ret) {
    (void)model;
    *ret = subject_of_type(context->refresh->types.rows[row.id].type);
    return true;
}

/* The same type in another refresh. */
static uint64_t identity(const struct view_context *context, const void *model, struct row row) {
    (void)model;
    return context->refresh->types.rows[row.id].type->address;
}

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    static const char *const sorts[] = {"objects", "retained", "type"};
    (void)context;
    strbuf_printf(out, "top %s -n 0", source);
    for (size_t i = 0; sort && i < sizeof sorts / sizeof *sorts; i++) {
        if (!strcmp(sort, sorts[i]))
            strbuf_printf(out, " --sort %s", sort);
    }
}

static const struct page pages[] = {{
    .name = "types",
    .export = "types",
    .unsearched = 1u << HELD_BY | 1u << TREND,
    .wants = PRODUCT_DOMINATORS | PRODUCT_HELD_BY,
    .columns = columns,
    .open = open_types,
    .close = free,
    .root = root,
    .cells = cells,
    .about = about,
    .identity = identity,
    .command = command,
}};

extern const struct view view_types;
const struct view view_types = {
    .name = "types",
    .title = "Types",
    .key = '2',
    .subjects = 1 << SUBJECT_NONE,
    .about_help =
        "How many objects of each type there are, the memory that they really occupy (with their "
        "buffers), what would be freed with all of them (RETAINED), and where most of them hang "
        "(HELD BY: so many of them, by that path). After a further capture: what has changed since "
        "the baseline and since the "
        "last "
        "one. Enter shows the instances.",
    .pages = pages,
    .page_count = 1,
};
