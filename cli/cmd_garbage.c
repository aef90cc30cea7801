/* heapglass garbage: what gc.collect() would find, why it did not, and what gc says of itself. */
#include "base/cancel.h"
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/garbage.h"
#include "introspect/runtime/gc_status.h"
#include "report/units.h"

#include <stdlib.h>
#include <string.h>

enum { SCREEN_SHAPES = 10, MOST_MEMBERS = 20, MOST_TYPES = 6 };

/* What a group looks like to people: many look alike. */
struct shape {
    char *text; /* cycle, then finalizers behind a newline */
    uint64_t gc_objects, objects, groups, footprint;
};

struct view {
    struct garbage garbage;
    struct gc_status gc;
    bool gc_known;
    struct shape *shapes; /* largest footprint first */
    size_t shape_count;
};

static void view_clear(struct view *view) {
    for (size_t i = 0; i < view->shape_count; i++)
        free(view->shapes[i].text);
    free(view->shapes);
    garbage_free(&view->garbage);
}

/* ---- groups that look alike ------------------------------------------------------------------ */

static char *shape_text(struct garbage *garbage, const struct garbage_group *group) {
    struct strbuf text = {0}, finalizers = {0};
    garbage_cycle_text(garbage, group, &text);
    garbage_finalizers(garbage, group, &finalizers);
    strbuf_putc(&text, '\n');
    strbuf_puts(&text, strbuf_text(&finalizers));
    strbuf_free(&finalizers);
    if (!text.failed)
        return text.text;
    strbuf_free(&text);
    return NULL;
}

static int compare_looks(const void *left, const void *right) {
    const struct shape *a = left, *b = right;
    if (a->gc_objects != b->gc_objects)
        return a->gc_objects > b->gc_objects ? -1 : 1;
    if (a->objects != b->objects)
        return a->objects > b->objects ? -1 : 1;
    return strcmp(a->text, b->text);
}

static int compare_sizes(const void *left, const void *right) {
    const struct shape *a = left, *b = right;
    if (a->footprint != b->footprint)
        return a->footprint > b->footprint ? -1 : 1;
    return compare_looks(left, right);
}

static struct err *find_shapes(struct view *view, const volatile int *cancel) {
    struct garbage *garbage = &view->garbage;
    view->shapes = calloc(garbage->group_count + 1, sizeof *view->shapes);
    if (!view->shapes)
        return err_no_memory();
    for (; view->shape_count < garbage->group_count; view->shape_count++) {
        const struct garbage_group *group = &garbage->groups[view->shape_count];
        struct shape *shape = &view->shapes[view->shape_count];
        *shape = (struct shape){shape_text(garbage, group), group->gc_objects, group->objects, 1,
                                group->footprint};
        if (!shape->text)
            return err_no_memory();
        if (cancel_asked(cancel))
            return err_new(ERR_CANCELLED, "interrupted");
    }
    size_t kept = 0;
    if (view->shape_count)
        qsort(view->shapes, view->shape_count, sizeof *view->shapes, compare_looks);
    for (size_t i = 0; i < view->shape_count; i++) {
        if (kept && !compare_looks(&view->shapes[kept - 1], &view->shapes[i])) {
            view->shapes[kept - 1].groups++;
            view->shapes[kept - 1].footprint += view->shapes[i].footprint;
            free(view->shapes[i].text);
        } else {
            view->shapes[kept++] = view->shapes[i];
        }
    }
    view->shape_count = kept;
    if (kept)
        qsort(view->shapes, kept, sizeof *view->shapes, compare_sizes);
    return NULL;
}

/* ---- document -------------------------------------------------------------------------------- */

static void gc_node(struct tree *tree, struct node *parent, const struct view *view) {
    struct node *group = tree_group(tree, parent, "gc");
    const struct gc_status *gc = &view->gc;
    tree_add(tree, group, "enabled", value_flag(gc->enabled));
    tree_add(tree, group, "collecting", value_flag(gc->collecting));
    tree_add(tree, group, "debug", value_id(gc->debug));
    struct node *counts = tree_list(tree, group, "counts");
    struct node *thresholds = tree_list(tree, group, "thresholds");
    struct node *stats = tree_list(tree, group, "stats");
    for (int i = 0; i < GC_GENERATIONS; i++) {
        const struct gc_generation_status *generation = &gc->generations[i];
        tree_add(tree, counts, NULL, value_id(generation->count));
        tree_add(tree, thresholds, NULL, value_id(generation->threshold));
        struct node *of = tree_group(tree, stats, NULL);
        tree_add(tree, of, "collections", value_count(generation->collections));
        tree_add(tree, of, "collected", value_count(generation->collected));
        tree_add(tree, of, "uncollectable", value_count(generation->uncollectable));
    }
    tree_add(tree, group, "frozen", value_count(view->garbage.frozen));
    tree_add(tree, group, "long_lived_total",
             gc->has_long_lived ? value_count(gc->long_lived_total) : value_none());
    tree_add(tree, group, "long_lived_pending",
             gc->has_long_lived ? value_count(gc->long_lived_pending) : value_none());
}

static void group_node(struct tree *tree, struct node *list, struct garbage *garbage,
                       const struct garbage_group *group) {
    struct strbuf cycle = {0}, finalizers = {0};
    struct garbage_type types[MOST_TYPES];
    struct node *node = tree_group(tree, list, NULL);
    garbage_cycle_text(garbage, group, &cycle);
    garbage_finalizers(garbage, group, &finalizers);
    tree_add(tree, node, "gc_objects", value_count(group->gc_objects));
    tree_add(tree, node, "objects", value_count(group->objects));
    tree_add(tree, node, "footprint", value_bytes(group->footprint));
    struct node *type_list = tree_list(tree, node, "types");
    size_t type_count = garbage_types(garbage, group, types, MOST_TYPES);
    for (size_t i = 0; i < type_count; i++) {
        struct node *type = tree_group(tree, type_list, NULL);
        tree_add(tree, type, "type", value_text(types[i].type->name));
        tree_add(tree, type, "objects", value_count(types[i].objects));
    }
    tree_add(tree, node, "finalizers",
             finalizers.length ? value_text(finalizers.text) : value_none());
    tree_add(tree, node, "cycle", cycle.length ? value_text(cycle.text) : value_none());
    struct node *members = tree_list(tree, node, "members");
    for (uint64_t i = 0; i < group->objects && i < MOST_MEMBERS; i++)
        tree_add(
            tree, members, NULL,
            value_address(heap_address(garbage->graph->heap, garbage->members[group->first + i])));
    strbuf_free(&cycle);
    strbuf_free(&finalizers);
}

static void collectable_node(struct tree *tree, struct node *parent, struct garbage *garbage,
                             size_t limit) {
    struct node *node = tree_group(tree, parent, "collectable");
    tree_add(tree, node, "gc_objects", value_count(garbage->gc_objects));
    tree_add(tree, node, "objects", value_count(garbage->member_count));
    tree_add(tree, node, "footprint", value_bytes(garbage->footprint));
    tree_add(tree, node, "group_count", value_count(garbage->group_count));
    struct node *list = tree_list(tree, node, "groups");
    for (size_t i = 0; i < garbage->group_count && i < limit; i++)
        group_node(tree, list, garbage, &garbage->groups[i]);
}

/* What is in gc.garbage already; returns how many. */
static uint64_t uncollectable_node(struct tree *tree, struct node *parent,
                                   const struct graph *graph, const struct gc_status *gc) {
    struct node *list = tree_list(tree, parent, "uncollectable");
    uint32_t id = heap_find(graph->heap, gc->garbage);
    if (id == HEAP_NONE)
        return 0;
    struct graph_references items = graph_references(graph, id);
    uint64_t count = 0;
    for (size_t i = 0; i < items.count; i++) {
        if (!(items.properties[i] & REFERENCE_TRAVERSED))
            continue;
        struct node *item = tree_group(tree, list, NULL);
        count++;
        tree_add(tree, item, "address", value_address(heap_address(graph->heap, items.targets[i])));
        tree_add(tree, item, "type", value_text(heap_type(graph->heap, items.targets[i])->name));
    }
    return count;
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void gc_lines(struct report *report, const struct view *view) {
    const struct gc_status *gc = &view->gc;
    const struct gc_generation_status *of = gc->generations;
    char objects[UNITS_SIZE], pending[UNITS_SIZE], total[UNITS_SIZE];
    const struct garbage *garbage = &view->garbage;
    bool never = !of[0].threshold;
    if (gc->collecting)
        report_line(
            report, LINE_WARNING,
            "gc was in the middle of a collection:\twhat it had found by then is not told here");
    units_count(objects, garbage->gc_objects);
    if (garbage->gc_objects && (!gc->enabled || never))
        report_line(
            report, LINE_WARNING, "gc is %s and %s collectable object%s wait%s",
            gc->enabled ? "on, but its first threshold is 0, so it never runs," : "disabled",
            objects, garbage->gc_objects == 1 ? "" : "s", garbage->gc_objects == 1 ? "s" : "");
    else if (garbage->gc_objects)
        report_line(report, LINE_STRONG, "%s collectable object%s wait%s for gc, which is enabled",
                    objects, garbage->gc_objects == 1 ? "" : "s",
                    garbage->gc_objects == 1 ? "s" : "");
    else
        report_line(report, gc->enabled ? LINE_STRONG : LINE_WARNING,
                    "nothing is collectable; gc is %s", gc->enabled ? "enabled" : "disabled");
    report_line(report, LINE_PLAIN,
                "counts %lld/%lld/%lld of %lld/%lld/%lld;\t%llu full collections, which found %llu",
                (long long)of[0].count, (long long)of[1].count, (long long)of[2].count,
                (long long)of[0].threshold, (long long)of[1].threshold, (long long)of[2].threshold,
                (unsigned long long)of[2].collections, (unsigned long long)of[2].collected);
    if (gc->enabled && gc->has_long_lived && of[2].count > of[2].threshold &&
        gc->long_lived_pending < gc->long_lived_total / 4)
        report_line(report, LINE_PLAIN,
                    "a full collection is due, but waits:\tonly %s objects have grown old since "
                    "the last,\ta quarter of the %s then would be needed",
                    units_count(pending, gc->long_lived_pending),
                    units_count(total, gc->long_lived_total));
    if (garbage->frozen)
        report_line(report, LINE_PLAIN,
                    "%s objects are frozen (gc.freeze):\tgc never looks at them",
                    units_count(objects, garbage->frozen));
    if (gc->debug & GC_DEBUG_SAVEALL)
        report_line(report, LINE_WARNING,
                    "gc.DEBUG_SAVEALL is set:\tall garbage is kept in gc.garbage, which is a leak");
}

static void shape_lines(struct report *report, const struct shape *shape) {
    char groups[UNITS_SIZE], objects[UNITS_SIZE], size[UNITS_SIZE];
    const char *newline = strchr(shape->text, '\n');
    const char *finalizers = newline + 1;
    int cycle = (int)(newline - shape->text);
    units_count(objects, shape->gc_objects);
    units_short(size, shape->footprint);
    if (shape->groups > 1)
        report_line(report, LINE_PLAIN, "  %s × %s objects  %s", units_count(groups, shape->groups),
                    objects, size);
    else
        report_line(report, LINE_PLAIN, "  %s object%s  %s", objects,
                    shape->gc_objects == 1 ? "" : "s", size);
    if (cycle)
        report_paragraph(report, LINE_PLAIN, "      \v%.*s", cycle, shape->text);
    if (*finalizers)
        report_paragraph(report, LINE_PLAIN, "      \v%s", finalizers);
}

static void groups_lines(struct report *report, const struct view *view, size_t limit) {
    char count[UNITS_SIZE], all[UNITS_SIZE], groups[UNITS_SIZE], size[UNITS_SIZE];
    const struct garbage *garbage = &view->garbage;
    if (!garbage->gc_objects)
        return;
    report_line(report, LINE_PLAIN, "%s", "");
    report_line(report, LINE_PLAIN,
                "%s object%s in %s group%s,\twith what only they keep %s,\t%s in all",
                units_count(count, garbage->gc_objects), garbage->gc_objects == 1 ? "" : "s",
                units_count(groups, garbage->group_count), garbage->group_count == 1 ? "" : "s",
                units_count(all, garbage->member_count), units_short(size, garbage->footprint));
    for (size_t i = 0; i < view->shape_count && i < limit; i++)
        shape_lines(report, &view->shapes[i]);
    if (view->shape_count > limit)
        report_line(report, LINE_FAINT, "%s more kinds of groups (-n 0 shows all)",
                    units_count(count, view->shape_count - limit));
}

/* ---- the command ----------------------------------------------------------------------------- */

/* One interpreter: into `parent` of the document, and on the screen. */
static struct err *show(struct cli *cli, struct report *report, struct node *parent,
                        const struct graph *graph, size_t interpreter) {
    _cleanup_(view_clear) struct view view = {0};
    const struct heap *heap = graph->heap;
    struct tree *tree = &report->document;
    char count[UNITS_SIZE];
    TRY(garbage_find(graph, heap_interpreter_id(heap, interpreter), cli->cancel, &view.garbage));
    view.gc_known = heap_gc_status(heap, interpreter, &view.gc);
    if (!strcmp(cli->options.format, "text"))
        TRY(find_shapes(&view, cli->cancel));
    gc_node(tree, parent, &view);
    collectable_node(tree, parent, &view.garbage, cli_limit(cli, 0));
    uint64_t uncollectable = uncollectable_node(tree, parent, graph, &view.gc);
    gc_lines(report, &view);
    groups_lines(report, &view, cli_limit(cli, SCREEN_SHAPES));
    if (uncollectable)
        report_line(report, LINE_WARNING,
                    "%s objects are in gc.garbage already: gc gave them up,\tor DEBUG_SAVEALL "
                    "keeps them",
                    units_count(count, uncollectable));
    return NULL;
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.garbage/1"};
    TRY(cli_open_source(cli, &source));
    TRY(cli_build_graph(cli, source, &graph));
    const struct heap *heap = source_heap(source);
    struct tree *tree = &report.document;
    envelope_add(&report, source);
    TRY(show(cli, &report, &tree->root, graph, 0));
    struct node *others = tree_list(tree, &tree->root, "interpreters");
    for (size_t i = 1; i < heap_interpreter_count(heap); i++) {
        struct node *node = tree_group(tree, others, NULL);
        tree_add(tree, node, "interpreter", value_id(heap_interpreter_id(heap, i)));
        report_line(&report, LINE_PLAIN, "%s", "");
        report_line(&report, LINE_STRONG,
                    "interpreter %lld:", (long long)heap_interpreter_id(heap, i));
        TRY(show(cli, &report, node, graph, i));
    }
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

extern const struct command command_garbage;
const struct command command_garbage = {
    .name = "garbage",
    .arguments = "SOURCE",
    .summary = "What gc.collect() would free, and gc itself",
    .details = "Groups are objects that hang together. Equal ones are shown once on a screen.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options = OPTION_JSON | OPTION_LIMIT | OPTION_CAPTURE,
    .run = run,
};
