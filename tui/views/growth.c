/* Growth: what has become more since the baseline: containers by path, types, and objects that came and stayed. */
#include "introspect/analyses/survivors.h"
#include "report/command_line.h"
#include "report/plot.h"
#include "report/units.h"
#include "tui/baseline.h"
#include "tui/history.h"
#include "tui/view.h"

#include <stdlib.h>
#include <string.h>

/* ---- what all pages have -------------------------------------------------------------------------- */

/* The first line: since when. False: there is nothing to compare. */
static bool add_since(const struct view_context *context, struct strbuf *out) {
    unsigned refreshes = context->refresh->number - context->baseline->number;
    if (!baseline_is_there(context)) {
        strbuf_puts(out, "There is nothing to compare with yet: ");
        baseline_advice(context, out);
        strbuf_puts(out, ".\n");
        return false;
    }
    strbuf_puts(out, "Since ");
    baseline_name(context, out);
    if (refreshes > 1)
        strbuf_printf(out, ", over %u refreshes", refreshes);
    strbuf_puts(out, "\n");
    return true;
}

/* The second: what there is more of. */
static void add_totals(const struct view_context *context, struct strbuf *out) {
    const struct heap_totals *then = heap_totals(context->baseline->heap);
    const struct heap_totals *now = heap_totals(context->refresh->heap);
    char before[UNITS_SIZE], after[UNITS_SIZE], bytes[UNITS_SIZE], objects[UNITS_SIZE];
    strbuf_printf(out, "Python objects %s → %s (%s), %s objects\n",
                  units_short(before, then->footprint), units_short(after, now->footprint),
                  units_change_bytes(bytes, (int64_t)(now->footprint - then->footprint)),
                  units_change(objects, (int64_t)(now->objects - then->objects)));
}

/* What a text alone identifies. */
static uint64_t hash(uint64_t before, const char *text) {
    for (; text && *text; text++)
        before = (before ^ (unsigned char)*text) * UINT64_C(0x100000001b3); /* FNV-1a */
    return before;
}

static struct row root(const struct view_context *context, const void *model, uint32_t index) {
    (void)context;
    (void)model;
    return (struct row){.id = index};
}

/* Files can be compared again; of captures that are gone only what comes next can be. */
static void compare_command(const struct view_context *context, const char *source,
                            const char *option, struct strbuf *out) {
    const struct source_info *before = source_info(context->baseline->source);
    if (before->path && baseline_is_there(context)) {
        strbuf_puts(out, "diff ");
        shell_quote(out, before->path);
        strbuf_printf(out, " %s%s -n 0", source, option);
    } else if (source_info(context->refresh->source)->path) {
        strbuf_printf(out, "top %s -n 0", source);
    } else {
        strbuf_printf(out, "growth %s --containers -n 0", source);
    }
}

static void growth_command(const struct view_context *context, const char *source, const char *sort,
                           struct strbuf *out) {
    (void)sort;
    compare_command(context, source, "", out);
}

/* ---- containers ----------------------------------------------------------------------------------- */

enum {
    C_PATH,
    C_TYPE,
    C_BEFORE,
    C_AFTER,
    C_DELTA,
    C_HELD_DELTA,
    C_CONTAINERS,
    C_HELD_AFTER,
    C_HELD_BEFORE,
    C_ADDRESS,
    C_COLUMNS
};

static const struct column *container_columns(const struct view_context *context, size_t *count,
                                              size_t *sort) {
    static const struct column all[C_COLUMNS] = {
        [C_PATH] = {"path", "HOLDS MORE", VALUE_TEXT, COLUMN_SHRINKS},
        [C_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [C_BEFORE] = {"before", "BEFORE", VALUE_COUNT, 0},
        [C_AFTER] = {"after", "NOW", VALUE_COUNT, 0},
        [C_DELTA] = {"delta", "Δ ENTRIES", VALUE_CHANGE, 0},
        [C_HELD_DELTA] = {"footprint_delta", "FOOTPRINT", VALUE_CHANGE_BYTES, 0},
        [C_CONTAINERS] = {"containers", "COUNT", VALUE_COUNT, 0},
        [C_HELD_AFTER] = {"held_after", "IN ALL", VALUE_BYTES, 0},
        [C_HELD_BEFORE] = {"held_before", "", VALUE_BYTES, COLUMN_DATA},
        [C_ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
    };
    (void)context;
    *count = C_COLUMNS;
    *sort = C_HELD_DELTA;
    return all;
}

static void close_containers(void *grown) {
    grown_containers_drop(grown);
}

/* What no root leads to is in no container: it has the last row, if there is more of it. */
static struct err *open_containers(const struct view_context *context, struct work *work,
                                   struct opened_page *ret) {
    struct grown_containers *grown = NULL;
    if (!add_since(context, &ret->heading))
        return NULL;
    add_totals(context, &ret->heading);
    TRY(baseline_containers(context, work, &grown));
    ret->model = grown;
    ret->root_count = (uint32_t)grown->changes.count + (grown->unreached_footprint > 0);
    if (grown->changes.by_path)
        strbuf_puts(&ret->heading,
                    "unrelated processes: containers are compared by path, not by address\n");
    return NULL;
}

/* NULL: it is the row of what no root leads to. */
static const struct container_change *container_of_row(const void *model, struct row row) {
    const struct container_changes *changes = &((const struct grown_containers *)model)->changes;
    return row.id < changes->count ? &changes->items[row.id] : NULL;
}

static void container_cells(const struct view_context *context, const void *model, struct row row,
                            unsigned wanted, struct cells *cells) {
    const struct container_change *change = container_of_row(model, row);
    struct value *values = cells->values;
    (void)context;
    (void)wanted;
    if (!change) {
        values[C_PATH] = value_text("held by nothing: see 8");
        values[C_HELD_DELTA] =
            value_change_bytes(((const struct grown_containers *)model)->unreached_footprint);
        cells->style = ROW_WARNING;
        return;
    }
    values[C_PATH] = value_text(change->path);
    values[C_TYPE] = value_text(change->type);
    values[C_CONTAINERS] = value_count(change->containers);
    values[C_HELD_BEFORE] = value_bytes(change->held_before);
    values[C_HELD_AFTER] = value_bytes(change->held_after);
    values[C_HELD_DELTA] = value_change_bytes((int64_t)(change->held_after - change->held_before));
    if (change->address)
        values[C_ADDRESS] = value_address(change->address);
    if (!change->has_entries)
        return;
    values[C_BEFORE] = value_count(change->entries_before);
    values[C_AFTER] = value_count(change->entries_after);
    values[C_DELTA] = value_change((int64_t)(change->entries_after - change->entries_before));
}

/* The container, or of several the one that has grown most. */
static bool container_about(const struct view_context *context, const void *model, struct row row,
                            struct subject *ret) {
    const struct container_change *change = container_of_row(model, row);
    if (!change)
        return false;
    *ret = subject_at(context->refresh->heap, change->example);
    if (ret->kind == SUBJECT_NONE)
        *ret = subject_of_type_name(context->refresh->heap, change->type);
    return ret->kind != SUBJECT_NONE;
}

static uint64_t container_identity(const struct view_context *context, const void *model,
                                   struct row row) {
    const struct container_change *change = container_of_row(model, row);
    (void)context;
    if (!change)
        return 0;
    return change->address ? change->address : hash(hash(1, change->path), change->type);
}

/* ---- types ---------------------------------------------------------------------------------------- */

enum {
    T_TYPE,
    T_DELTA,
    T_AFTER,
    T_FOOTPRINT_DELTA,
    T_TREND,
    T_SPARK,
    T_RATE,
    T_FOOTPRINT,
    T_BEFORE,
    T_FOOTPRINT_BEFORE,
    T_COLUMNS
};

enum { SPARK_COLUMNS = 8 };

static const struct column *type_columns(const struct view_context *context, size_t *count,
                                         size_t *sort) {
    static const struct column all[T_COLUMNS] = {
        [T_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [T_DELTA] = {"delta", "Δ OBJECTS", VALUE_CHANGE, 0},
        [T_AFTER] = {"after", "OBJECTS", VALUE_COUNT, 0},
        [T_FOOTPRINT_DELTA] = {"footprint_delta", "FOOTPRINT", VALUE_CHANGE_BYTES, 0},
        [T_TREND] = {"trend", "TREND", VALUE_TEXT, 0},
        [T_SPARK] = {"spark", "OVER TIME", VALUE_TEXT, COLUMN_SCREEN},
        [T_RATE] = {"bytes_per_second", "PER SEC", VALUE_CHANGE_BYTES, 0},
        [T_FOOTPRINT] = {"footprint", "IN ALL", VALUE_BYTES, 0},
        [T_BEFORE] = {"before", "", VALUE_COUNT, COLUMN_DATA},
        [T_FOOTPRINT_BEFORE] = {"footprint_before", "", VALUE_BYTES, COLUMN_DATA},
    };
    (void)context;
    *count = T_COLUMNS;
    *sort = T_FOOTPRINT_DELTA;
    return all;
}

static void close_types(void *changes) {
    if (changes)
        type_changes_free(changes);
    free(changes);
}

static bool has_changed(const struct type_change *change) {
    return change->footprint_after != change->footprint_before ||
           change->objects_after != change->objects_before;
}

/* Those that have not changed are left out. */
static struct err *open_types(const struct view_context *context, struct work *work,
                              struct opened_page *ret) {
    struct type_changes *changes = calloc(1, sizeof *changes);
    (void)work;
    if (!changes)
        return err_no_memory();
    ret->model = changes;
    if (!add_since(context, &ret->heading))
        return NULL;
    add_totals(context, &ret->heading);
    bool alive = !source_info(context->refresh->source)->path;
    if (alive && context->refresh->number < TREND_LEAST_ROUNDS)
        strbuf_printf(&ret->heading, "trends take %d refreshes; R captures by itself\n",
                      TREND_LEAST_ROUNDS);
    TRY(type_changes_find(&context->baseline->counts->counts, &context->refresh->counts->counts,
                          changes));
    size_t kept = 0;
    for (size_t i = 0; i < changes->count; i++) {
        if (has_changed(&changes->items[i]))
            changes->items[kept++] = changes->items[i];
    }
    changes->count = kept;
    ret->root_count = (uint32_t)kept;
    return NULL;
}

static const struct type_change *type_of_row(const void *model, struct row row) {
    return &((const struct type_changes *)model)->items[row.id];
}

/* How the type went over all refreshes; a rate means something where there is a direction. */
static void add_trend(struct history *history, const char *name, struct cells *cells) {
    enum { MOST_RATE = 1 << 30 };
    const struct series *series = history_lock(history);
    const struct series_type *type = series_find(series, name);
    struct series_trend trend = {TREND_FLAT, 0};
    if (type)
        trend = series_type_trend(series, type);
    history_unlock(history);
    if (trend.kind == TREND_FLAT)
        return;
    if (*trend_word(trend.kind))
        cells->values[T_TREND] = value_text(trend_word(trend.kind));
    double rate = trend.per_second, most = (double)MOST_RATE * MOST_RATE;
    if (trend.kind != TREND_SAWTOOTH && trend.kind != TREND_STEP && rate < most && rate > -most)
        cells->values[T_RATE] = value_change_bytes((int64_t)rate);
}

static void type_cells(const struct view_context *context, const void *model, struct row row,
                       unsigned wanted, struct cells *cells) {
    const struct type_change *change = type_of_row(model, row);
    struct value *values = cells->values;
    values[T_TYPE] = value_text(change->name);
    values[T_BEFORE] = value_count(change->objects_before);
    values[T_AFTER] = value_count(change->objects_after);
    values[T_DELTA] = value_change((int64_t)(change->objects_after - change->objects_before));
    values[T_FOOTPRINT] = value_bytes(change->footprint_after);
    values[T_FOOTPRINT_BEFORE] = value_bytes(change->footprint_before);
    values[T_FOOTPRINT_DELTA] =
        value_change_bytes((int64_t)(change->footprint_after - change->footprint_before));
    if (wanted & (1u << T_TREND | 1u << T_RATE))
        add_trend(context->history, change->name, cells);
    if (wanted & 1u << T_SPARK) {
        double points[HISTORY_POINTS];
        struct strbuf text = {0};
        size_t count = history_type_points(context->history, change->name, points);
        plot_spark(&text, points, count, SPARK_COLUMNS, context->unicode);
        values[T_SPARK] = cells_text(cells, strbuf_text(&text));
        strbuf_free(&text);
    }
}

static bool type_about(const struct view_context *context, const void *model, struct row row,
                       struct subject *ret) {
    *ret = subject_of_type_name(context->refresh->heap, type_of_row(model, row)->name);
    return ret->kind != SUBJECT_NONE;
}

static uint64_t type_identity(const struct view_context *context, const void *model,
                              struct row row) {
    (void)context;
    return hash(1, type_of_row(model, row)->name);
}

/* ---- survivors ------------------------------------------------------------------------------------ */

enum { S_PATH, S_TYPE, S_COUNT, S_OBJECTS, S_FOOTPRINT, S_COLUMNS };

static const struct column *survivor_columns(const struct view_context *context, size_t *count,
                                             size_t *sort) {
    static const struct column all[S_COLUMNS] = {
        [S_PATH] = {"path", "HELD BY", VALUE_TEXT, COLUMN_SHRINKS},
        [S_TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [S_COUNT] = {"count", "COUNT", VALUE_COUNT, 0},
        [S_OBJECTS] = {"objects", "ALL OBJECTS", VALUE_COUNT, 0},
        [S_FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
    };
    (void)context;
    *count = S_COLUMNS;
    *sort = S_FOOTPRINT;
    return all;
}

static void close_survivors(void *summary) {
    if (summary)
        set_summary_free(summary);
    free(summary);
}

/* With no refresh between the two all that is new is shown. */
static bool may_have_stayed(const struct view_context *context) {
    return context->refresh->number - context->baseline->number > 1;
}

static void add_survivors_heading(const struct view_context *context, const struct object_set *set,
                                  const struct set_summary *summary, struct strbuf *heading) {
    enum { MOST_TYPES = 3 };
    char count[UNITS_SIZE], bytes[UNITS_SIZE];
    strbuf_printf(heading, "%s objects, %s, %s", units_count(count, set->count),
                  units_short(bytes, set->footprint),
                  may_have_stayed(context)
                      ? "came after that and were still there a refresh later"
                      : "came after that; which of them stay the next refresh tells");
    strbuf_puts(heading, "\n");
    for (size_t i = 0; i < summary->type_count && i < MOST_TYPES; i++)
        strbuf_printf(heading, "%s%s %s", i ? ", " : "most are ",
                      units_count(count, summary->types[i].objects), summary->types[i].type->name);
    if (summary->type_count)
        strbuf_puts(heading, "\n");
    if (set->unproven)
        strbuf_printf(heading, "of %s nothing but address, type and size tells that they stayed\n",
                      units_count(count, set->unproven));
}

static struct err *summarise(const struct view_context *context, struct work *work,
                             struct object_set *set, struct opened_page *ret) {
    const struct refresh *refresh = context->refresh;
    unsigned until = may_have_stayed(context) ? refresh->number - 1 : refresh->number;
    struct set_summary *summary = ret->model;
    TRY(first_seen_between(refresh->heap, &refresh->first_seen, context->baseline->number, until,
                           set));
    work_phase(work, "where they hang");
    if (set->count)
        TRY(set_summarise(set, refresh->graph, work_cancel(work), summary));
    add_survivors_heading(context, set, summary, &ret->heading);
    ret->root_count = (uint32_t)summary->path_count;
    return NULL;
}

static struct err *open_survivors(const struct view_context *context, struct work *work,
                                  struct opened_page *ret) {
    struct object_set set = {0};
    ret->model = calloc(1, sizeof(struct set_summary));
    if (!ret->model)
        return err_no_memory();
    if (!add_since(context, &ret->heading))
        return NULL;
    if (!heaps_share_addresses(context->baseline->heap, context->refresh->heap)) {
        strbuf_puts(
            &ret->heading,
            "unrelated processes: no object of one is in the other, none can have stayed\n");
        return NULL;
    }
    struct err *err = summarise(context, work, &set, ret);
    object_set_free(&set);
    return err;
}

static const struct set_path *survivor_of_row(const void *model, struct row row) {
    return &((const struct set_summary *)model)->paths[row.id];
}

static void survivor_cells(const struct view_context *context, const void *model, struct row row,
                           unsigned wanted, struct cells *cells) {
    const struct set_path *path = survivor_of_row(model, row);
    struct value *values = cells->values;
    (void)context;
    (void)wanted;
    values[S_PATH] = value_text(path->path ? path->path : "(no root leads there)");
    values[S_TYPE] = value_text(path->type->name);
    values[S_COUNT] = value_count(path->count);
    values[S_OBJECTS] = value_count(path->objects);
    values[S_FOOTPRINT] = value_bytes(path->footprint);
    if (!path->path)
        cells->style = ROW_FAINT;
}

/* One of them. */
static bool survivor_about(const struct view_context *context, const void *model, struct row row,
                           struct subject *ret) {
    *ret = subject_at(context->refresh->heap, survivor_of_row(model, row)->example);
    return ret->kind != SUBJECT_NONE;
}

static uint64_t survivor_identity(const struct view_context *context, const void *model,
                                  struct row row) {
    const struct set_path *path = survivor_of_row(model, row);
    (void)context;
    return hash(hash(1, path->path), path->type->name);
}

static void survivor_command(const struct view_context *context, const char *source,
                             const char *sort, struct strbuf *out) {
    (void)sort;
    compare_command(context, source, " --only new", out);
}

/* ---- the view ------------------------------------------------------------------------------------- */

static const struct page pages[] = {
    {
        .name = "containers",
        .least_first = 32,
        .export = "growth-containers",
        .needs = PRODUCT_CONTAINERS,
        .baseline_needs = PRODUCT_CONTAINERS,
        .columns = container_columns,
        .open = open_containers,
        .close = close_containers,
        .root = root,
        .cells = container_cells,
        .about = container_about,
        .identity = container_identity,
        .command = growth_command,
    },
    {
        .name = "types",
        .export = "growth-types",
        .columns = type_columns,
        .open = open_types,
        .close = close_types,
        .root = root,
        .cells = type_cells,
        .about = type_about,
        .identity = type_identity,
        .command = growth_command,
    },
    {
        .name = "survivors",
        .least_first = 32,
        .export = "survivors",
        .needs = PRODUCT_GRAPH,
        .columns = survivor_columns,
        .open = open_survivors,
        .close = close_survivors,
        .root = root,
        .cells = survivor_cells,
        .about = survivor_about,
        .identity = survivor_identity,
        .command = survivor_command,
    },
};

extern const struct view view_growth;
const struct view view_growth = {
    .name = "growth",
    .title = "Growth",
    .key = '3',
    .subjects = 1 << SUBJECT_NONE,
    .about_help =
        "What there is more of than at the baseline, the first refresh unless b has made another "
        "one it. Containers: those that hold more, by the path that leads there; Enter shows the "
        "container, of several that which has grown most. Types: how many objects and bytes more "
        "or less, with the trend over all refreshes. Survivors: objects that came after the "
        "baseline and have outlived a refresh since, by what holds them; what leaks is among them.",
    .pages = pages,
    .page_count = sizeof pages / sizeof *pages,
};
