/* Overview: where the memory is, what waits for gc, what has grown, what holds most; and how that went. */
#include "introspect/analyses/garbage_shapes.h"
#include "introspect/analyses/memory_split.h"
#include "report/plot.h"
#include "report/units.h"
#include "report/width.h"
#include "tui/baseline.h"
#include "tui/history.h"
#include "words/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_PLOT = 7, /* rows of the smallest plot */
    MOST_PLOT = 18,
    ROOMY = 28,        /* rows of a screen that shows more than what is needed */
    LEAST_LISTS = 6,   /* rows of both lists, with what is above each */
    WIDE = 64,         /* columns where more than bytes and names is shown */
    LEAST_WITHIN = 20, /* columns of a path */
    TYPE_WITHIN = 24,
};

struct overview {
    const struct view_context *context;
    struct work *work;
    struct lines lines;
};

static size_t rows_left(const struct overview *overview) {
    size_t height = overview->context->height, used = overview->lines.items.count;
    return height > used ? height - used : 0;
}

/* ---- lines that are said elsewhere, too --------------------------------------------------------- */

static void add_broken(void *context, enum line_style style, const char *text) {
    static const enum row_style styles[] = {[LINE_PLAIN] = ROW_PLAIN,
                                            [LINE_STRONG] = ROW_STRONG,
                                            [LINE_FAINT] = ROW_FAINT,
                                            [LINE_WARNING] = ROW_WARNING};
    struct overview *overview = context;
    struct strbuf broken = {0};
    width_add_broken(&broken, text ? text : "", overview->context->width);
    overview->lines.failed |= !text || broken.failed;
    for (char *rest = broken.text, *line; (line = strsep(&rest, "\n"));)
        lines_add(&overview->lines, styles[style], "%s", line);
    strbuf_free(&broken);
}

static void keep_text(void *text, enum line_style style, const char *line) {
    (void)style;
    if (line)
        strbuf_puts(text, line);
    else
        ((struct strbuf *)text)->failed = true;
}

/* The split, and behind it what else the kernel counts. */
static void add_memory(struct overview *overview) {
    const struct refresh *refresh = overview->context->refresh;
    const struct memory_use *memory = &source_info(refresh->source)->capture.memory;
    const struct memory_split split =
        memory_split(refresh->heap, (struct memory_resident){memory->rss, memory->rss_anonymous,
                                                             memory->rss_file});
    struct strbuf text = {0};
    char size[UNITS_SIZE], whole[UNITS_SIZE];
    words_memory_split(&split, memory->swap, keep_text, &text);
    if (memory->uss)
        strbuf_printf(&text, ";\tUSS %s", units_short(size, memory->uss));
    if (memory->cgroup_current)
        strbuf_printf(&text, ";\tits cgroup %s", units_short(size, memory->cgroup_current));
    if (memory->cgroup_current && memory->cgroup_max)
        strbuf_printf(&text, " of %s", units_short(whole, memory->cgroup_max));
    add_broken(overview, LINE_PLAIN, text.failed ? NULL : strbuf_text(&text));
    strbuf_free(&text);
}

/* Where there is little room, of what is merely told the first sentence alone. */
struct brief {
    struct overview *overview;
    unsigned sentences;
};

static void add_briefly(void *context, enum line_style style, const char *text) {
    struct brief *brief = context;
    bool roomy = brief->overview->context->height >= ROOMY;
    if (style != LINE_PLAIN || roomy || !brief->sentences++)
        add_broken(brief->overview, style, text);
}

static void add_totals(struct overview *overview) {
    struct brief brief = {.overview = overview};
    words_heap_totals(heap_totals(overview->context->refresh->heap), add_briefly, &brief);
}

static void add_gc(struct overview *overview) {
    const struct view_context *context = overview->context;
    const struct refresh *refresh = context->refresh;
    bool known = context->products & PRODUCT_GARBAGE;
    struct gc_status gc;
    struct brief brief = {.overview = overview};
    char count[UNITS_SIZE];
    size_t interpreters = heap_interpreter_count(refresh->heap);
    bool readable = heap_gc_status(refresh->heap, 0, &gc);
    words_gc(known ? &refresh->garbage[0] : NULL, readable ? &gc : NULL, add_briefly, &brief);
    if (interpreters > 1)
        lines_add(&overview->lines, ROW_FAINT, "%s interpreters; gc is that of the main one",
                  units_count(count, interpreters));
}

/* ---- lists -------------------------------------------------------------------------------------- */

/* "   1.2M  45%   12,345 objects  NAME  KIND": the name is cut in its middle. */
static void add_entry(struct overview *overview, struct subject about, const char *amounts,
                      const char *name, const char *kind) {
    struct strbuf line = {0};
    size_t taken = width_of(amounts) + (*kind ? strlen("  ") + width_of(kind) : 0);
    size_t width = overview->context->width;
    strbuf_puts(&line, amounts);
    width_add_fitting(&line, name, width > taken + LEAST_WITHIN ? width - taken : LEAST_WITHIN,
                      true);
    strbuf_printf(&line, "%s%s", *kind ? "  " : "", kind);
    overview->lines.failed |= line.failed;
    lines_add_about(&overview->lines, about, ROW_PLAIN, "%s", strbuf_text(&line));
    strbuf_free(&line);
}

/* Beside the bytes, where there is room. */
static bool has_room(const struct overview *overview) {
    return overview->context->width >= WIDE;
}

static void add_amount(struct overview *overview, struct subject about, uint64_t footprint,
                       uint64_t objects, const char *name, const char *kind) {
    char bytes[UNITS_SIZE], share[UNITS_SIZE], count[UNITS_SIZE], amounts[4 * UNITS_SIZE];
    uint64_t whole = heap_totals(overview->context->refresh->heap)->footprint;
    int length = snprintf(amounts, sizeof amounts, "%8s  ", units_bytes(bytes, footprint));
    if (has_room(overview))
        snprintf(amounts + length, sizeof amounts - (size_t)length, "%3s %11s objects  ",
                 units_percent(share, whole ? (double)footprint / (double)whole : 0),
                 units_count(count, objects));
    add_entry(overview, about, amounts, name, kind);
}

static void add_change(struct overview *overview, struct subject about, int64_t footprint,
                       int64_t count, const char *unit, const char *name, const char *kind) {
    char bytes[UNITS_SIZE], more[UNITS_SIZE] = "", amounts[4 * UNITS_SIZE];
    int length = snprintf(amounts, sizeof amounts, "%8s  ", units_change_bytes(bytes, footprint));
    if (*unit)
        units_change(more, count);
    if (has_room(overview))
        snprintf(amounts + length, sizeof amounts - (size_t)length, "%10s %-7s  ", more, unit);
    add_entry(overview, about, amounts, name, kind);
}

/* Adds "dict", or "dict ×600" for several of one name. */
static void add_kind(struct strbuf *out, const char *type, uint64_t count) {
    char text[UNITS_SIZE];
    width_add_fitting(out, type, TYPE_WITHIN, false);
    if (count > 1)
        strbuf_printf(out, " ×%s", units_count(text, count));
}

static void add_holder(struct overview *overview, const struct holder *holder) {
    struct strbuf kind = {0};
    if (holder->type)
        add_kind(&kind, holder->type->name, holder->containers);
    add_amount(overview, subject_at(overview->context->refresh->heap, holder->address),
               holder->footprint, holder->objects, holder_label(holder), strbuf_text(&kind));
    overview->lines.failed |= kind.failed;
    strbuf_free(&kind);
}

/* What holds most, on `rows` lines with the title. */
static void add_holders(struct overview *overview, size_t rows) {
    const struct view_context *context = overview->context;
    const struct holders *holders = &context->refresh->holders;
    if (!(context->products & PRODUCT_HOLDERS)) {
        lines_add(&overview->lines, ROW_STRONG, "Most is held by");
        lines_add(&overview->lines, ROW_FAINT, "   not worked out yet%s",
                  context->refresh->number > 1 ? "; longer intervals (R) leave time for that" : "");
        return;
    }
    lines_add(&overview->lines, ROW_STRONG, "Most is held by");
    for (size_t i = 0; i < holders->count && i + 1 < rows; i++)
        add_holder(overview, &holders->items[i]);
}

static void add_biggest_types(struct overview *overview, size_t rows) {
    const struct types *types = &overview->context->refresh->types;
    lines_add(&overview->lines, ROW_STRONG, "Biggest types");
    for (size_t i = 0; i < types->count && i + 1 < rows; i++)
        add_amount(overview, subject_of_type(types->rows[i].type), types->rows[i].footprint,
                   types->rows[i].objects, types->rows[i].type->name, "");
}

/* ---- what has grown ----------------------------------------------------------------------------- */

static void add_growth_title(struct overview *overview) {
    const struct view_context *context = overview->context;
    const struct source_info *before = source_info(context->baseline->source);
    const struct source_info *after = source_info(context->refresh->source);
    const struct heap_totals *then = heap_totals(context->baseline->heap);
    const struct heap_totals *now = heap_totals(context->refresh->heap);
    struct strbuf name = {0};
    char footprint[UNITS_SIZE], rss[UNITS_SIZE];
    baseline_name(context, &name);
    lines_add(
        &overview->lines, ROW_STRONG, "Since %s: Python %s, RSS %s; by", strbuf_text(&name),
        units_change_bytes(footprint, (int64_t)(now->footprint - then->footprint)),
        units_change_bytes(rss, (int64_t)(after->capture.memory.rss - before->capture.memory.rss)));
    strbuf_free(&name);
}

static int64_t held_more(const struct container_change *change) {
    return (int64_t)(change->held_after - change->held_before);
}

static void add_container(struct overview *overview, const struct container_change *change) {
    struct strbuf kind = {0};
    add_kind(&kind, change->type, change->containers);
    add_change(overview, subject_at(overview->context->refresh->heap, change->example),
               held_more(change), (int64_t)(change->entries_after - change->entries_before),
               change->has_entries ? "entries" : "", change->path, strbuf_text(&kind));
    overview->lines.failed |= kind.failed;
    strbuf_free(&kind);
}

/* What no root leads to is in no container, but may be what has grown most. */
static struct err *add_grown_containers(struct overview *overview, size_t limit) {
    const struct view_context *context = overview->context;
    struct grown_containers *grown = NULL;
    size_t next = 0;
    if (!(context->products & context->baseline_products & PRODUCT_CONTAINERS))
        return NULL;
    TRY(baseline_containers(context, overview->work, &grown));
    int64_t unreached = grown->unreached_footprint;
    for (size_t row = 0; row < limit; row++) {
        const struct container_change *change =
            next < grown->changes.count ? &grown->changes.items[next] : NULL;
        if (unreached > (change ? held_more(change) : 0)) {
            add_change(overview, (struct subject){0}, unreached, grown->unreached, "objects",
                       "(held by nothing: see 8)", "");
            unreached = 0;
        } else if (change) {
            add_container(overview, change);
            next++;
        }
    }
    grown_containers_drop(grown);
    return NULL;
}

static struct err *add_grown_types(struct overview *overview, size_t limit) {
    const struct view_context *context = overview->context;
    struct type_changes changes = {0};
    TRY(type_changes_find(&context->baseline->counts->counts, &context->refresh->counts->counts,
                          &changes));
    for (size_t i = 0; i < changes.grown && i < limit; i++) {
        const struct type_change *change = &changes.items[i];
        add_change(overview, subject_of_type_name(context->refresh->heap, change->name),
                   (int64_t)(change->footprint_after - change->footprint_before),
                   (int64_t)(change->objects_after - change->objects_before), "objects",
                   change->name, "");
    }
    if (!changes.grown)
        lines_add(&overview->lines, ROW_FAINT, "   no type: there is not more of any");
    type_changes_free(&changes);
    return NULL;
}

/* Containers say where, types say what. */
static struct err *add_growth(struct overview *overview, size_t rows) {
    add_growth_title(overview);
    size_t before = overview->lines.items.count;
    TRY(add_grown_containers(overview, rows / 2));
    size_t taken = overview->lines.items.count - before + 1;
    return add_grown_types(overview, rows > taken ? rows - taken : 1);
}

/* ---- the plot ----------------------------------------------------------------------------------- */

/* The measures over the refreshes. */
struct points {
    size_t count;
    double seconds[HISTORY_POINTS];
    double rss[HISTORY_POINTS], uss[HISTORY_POINTS], python[HISTORY_POINTS];
};

static void read_points(struct history *history, struct points *points) {
    const struct series *series = history_lock(history);
    points->count = series->kept;
    memcpy(points->seconds, series->kept_seconds, sizeof points->seconds);
    series_measure_points(series, MEASURE_RSS, points->rss);
    series_measure_points(series, MEASURE_USS, points->uss);
    series_measure_points(series, MEASURE_FOOTPRINT, points->python);
    history_unlock(history);
}

static void add_plot(struct overview *overview, const struct points *points, size_t rows) {
    const struct plot_line lines[] = {
        {"RSS", points->rss}, {"USS", points->uss}, {"Python", points->python}};
    unsigned width = overview->context->width;
    const struct plot plot = {.seconds = points->seconds,
                              .count = points->count,
                              .lines = lines,
                              .line_count = sizeof lines / sizeof *lines,
                              .width = width < PLOT_MAX_WIDTH ? width : PLOT_MAX_WIDTH,
                              .height = (unsigned)rows,
                              .unicode = overview->context->unicode};
    struct strbuf text = {0};
    plot_draw(&text, &plot);
    overview->lines.failed |= text.failed;
    for (char *rest = text.text, *line; (line = strsep(&rest, "\n")) && rest;)
        lines_add(&overview->lines, ROW_PLAIN, "%s", line);
    strbuf_free(&text);
}

/* ---- the page ----------------------------------------------------------------------------------- */

/* Of `left` rows half are the plot's, if that leaves room enough. */
static size_t plot_rows(const struct points *points, size_t left) {
    if (points->count < 2 || left < LEAST_PLOT + LEAST_LISTS)
        return 0;
    size_t half = left / 2 > LEAST_PLOT ? left / 2 : LEAST_PLOT;
    return half < MOST_PLOT ? half : MOST_PLOT;
}

static struct err *add_all(struct overview *overview, const struct points *points) {
    add_memory(overview);
    add_totals(overview);
    add_gc(overview);
    size_t above = overview->lines.items.count, left = rows_left(overview);
    size_t plot = plot_rows(points, left);
    size_t lists = left > plot + LEAST_LISTS ? left - plot : LEAST_LISTS;
    if (baseline_is_there(overview->context))
        TRY(add_growth(overview, (lists + 1) / 2));
    else
        add_biggest_types(overview, (lists + 1) / 2);
    size_t first = overview->lines.items.count - above;
    add_holders(overview, first + 2 < lists ? lists - first : 2);
    size_t rest = rows_left(overview);
    if (rest > plot)
        rest = rest < MOST_PLOT ? rest : MOST_PLOT;
    if (plot)
        add_plot(overview, points, rest > plot ? rest : plot);
    return NULL;
}

static struct err *open_overview(const struct view_context *context, struct work *work,
                                 struct opened_page *ret) {
    struct overview overview = {.context = context, .work = work};
    struct points *points = malloc(sizeof *points);
    if (!points)
        return err_no_memory();
    read_points(context->history, points);
    struct err *err = add_all(&overview, points);
    free(points);
    if (!err)
        return lines_open(&overview.lines, ret);
    vec_free(&overview.lines.items);
    arena_clear(&overview.lines.texts);
    return err;
}

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    (void)context;
    (void)sort;
    strbuf_printf(out, "top %s", source);
}

static const struct page pages[] = {{
    .name = "overview",
    .export = "overview",
    .lines = true,
    .fixed_order = true,
    .sized = true,
    .wants = PRODUCT_GARBAGE | PRODUCT_CONTAINERS | PRODUCT_HOLDERS,
    .baseline_wants = PRODUCT_CONTAINERS,
    .columns = lines_columns,
    .open = open_overview,
    .close = lines_close,
    .root = lines_root,
    .cells = lines_cells,
    .about = lines_about,
    .command = command,
}};

extern const struct view view_overview;
const struct view view_overview = {
    .name = "overview",
    .title = "Overview",
    .key = '1',
    .subjects = 1 << SUBJECT_NONE,
    .about_help =
        "Where the process's resident memory is, whether its garbage collector runs and what waits "
        "for it, what has grown most since the baseline, and what holds most. After a further "
        "capture a plot shows RSS, USS (what it shares with nobody) and the memory of all Python "
        "objects over time. Enter on a line leads to its type or container.",
    .pages = pages,
    .page_count = 1,
};
