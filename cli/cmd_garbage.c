/* heapglass garbage: what gc.collect() would find, why it did not, and what gc says of itself. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/garbage_shapes.h"
#include "report/units.h"
#include "words/words.h"

#include <string.h>

enum { SCREEN_SHAPES = 10, MOST_MEMBERS = 20, MOST_TYPES = 6 };

struct view {
    struct garbage garbage;
    struct garbage_search search;
    struct garbage_shapes shapes; /* for people */
    struct gc_status gc;
    bool gc_known;
};

static void view_clear(struct view *view) {
    garbage_shapes_free(&view->shapes);
    garbage_search_end(&view->search);
    garbage_free(&view->garbage);
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

static void group_node(struct tree *tree, struct node *list, struct view *view,
                       const struct garbage_group *group) {
    const struct garbage *garbage = &view->garbage;
    struct strbuf cycle = {0}, finalizers = {0};
    struct garbage_type types[MOST_TYPES];
    struct node *node = tree_group(tree, list, NULL);
    garbage_cycle_text(&view->search, group, &cycle);
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

static void collectable_node(struct tree *tree, struct node *parent, struct view *view,
                             size_t limit) {
    const struct garbage *garbage = &view->garbage;
    struct node *node = tree_group(tree, parent, "collectable");
    tree_add(tree, node, "gc_objects", value_count(garbage->gc_objects));
    tree_add(tree, node, "objects", value_count(garbage->member_count));
    tree_add(tree, node, "footprint", value_bytes(garbage->footprint));
    tree_add(tree, node, "group_count", value_count(garbage->group_count));
    struct node *list = tree_list(tree, node, "groups");
    for (size_t i = 0; i < garbage->group_count && i < limit; i++)
        group_node(tree, list, view, &garbage->groups[i]);
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

static void shape_lines(struct report *report, const struct garbage_shape *shape) {
    char groups[UNITS_SIZE], objects[UNITS_SIZE], size[UNITS_SIZE];
    units_count(objects, shape->gc_objects);
    units_short(size, shape->footprint);
    if (shape->group_count > 1)
        report_line(report, LINE_PLAIN, "  %s × %s objects  %s",
                    units_count(groups, shape->group_count), objects, size);
    else
        report_line(report, LINE_PLAIN, "  %s object%s  %s", objects,
                    shape->gc_objects == 1 ? "" : "s", size);
    if (*shape->cycle)
        report_paragraph(report, LINE_PLAIN, "      \v%s", shape->cycle);
    if (*shape->finalizers)
        report_paragraph(report, LINE_PLAIN, "      \v%s", shape->finalizers);
}

static void groups_lines(struct report *report, const struct view *view, size_t limit) {
    char count[UNITS_SIZE];
    const struct garbage *garbage = &view->garbage;
    if (!garbage->gc_objects)
        return;
    report_line(report, LINE_PLAIN, "%s", "");
    words_garbage(garbage, cli_say, report);
    for (size_t i = 0; i < view->shapes.count && i < limit; i++)
        shape_lines(report, &view->shapes.items[i]);
    if (view->shapes.count > limit)
        report_line(report, LINE_FAINT, "%s more kinds of groups (-n 0 shows all)",
                    units_count(count, view->shapes.count - limit));
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
        TRY(garbage_shapes_find(&view.garbage, cli->cancel, &view.shapes));
    TRY(garbage_search_start(&view.garbage, &view.search));
    gc_node(tree, parent, &view);
    collectable_node(tree, parent, &view, cli_limit(cli, 0));
    uint64_t uncollectable = uncollectable_node(tree, parent, graph, &view.gc);
    words_gc(&view.garbage, view.gc_known ? &view.gc : NULL, cli_say, report);
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
