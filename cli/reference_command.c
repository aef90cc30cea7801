#include "cli/reference_command.h"

#include "base/cleanup.h"
#include "cli/screen.h"
#include "report/units.h"
#include "report/width.h"

enum { SCREEN_LIMIT = 20, DOT_DEPTH = 3, LABEL_WIDTH = 34, INDENT = 2 };

struct view {
    const struct cli *cli;
    const struct heap *heap;
    const struct reference_tree *tree;
    bool values;
};

/* ---- document -------------------------------------------------------------------------------- */

static void roots_node(struct report *report, const struct graph *graph, uint32_t id) {
    struct tree *tree = &report->document;
    struct node *list = tree_list(tree, &tree->root, "roots");
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, id, &count);
    for (size_t i = 0; i < count; i++) {
        struct strbuf name = {0};
        struct node *node = tree_group(tree, list, NULL);
        root_name(graph->heap, &roots[i].root, &name);
        tree_add(tree, node, "kind", value_text(root_kind_name(roots[i].root.kind)));
        tree_add(tree, node, "name", value_text(strbuf_text(&name)));
        tree_add(tree, node, "guessed",
                 value_flag(roots[i].root.reference.properties & REFERENCE_GUESSED));
        strbuf_free(&name);
    }
}

static struct node *reference_node_add(const struct view *view, struct tree *tree,
                                       struct node *list, const struct reference_node *node) {
    struct strbuf label = {0}, value = {0};
    struct node *group = tree_group(tree, list, NULL);
    reference_node_label(view->tree, node, false, &label);
    if (view->values && node->id != HEAP_NONE)
        heap_preview(view->heap, node->id, &value);
    tree_add(tree, group, "via", value_text(strbuf_text(&label)));
    tree_add(tree, group, "address", value_address(node->address));
    tree_add(tree, group, "type",
             node->id == HEAP_NONE ? value_none()
                                   : value_text(heap_type(view->heap, node->id)->name));
    tree_add(tree, group, "value", value.length ? value_text(value.text) : value_none());
    tree_add(tree, group, "weak", value_flag(reference_is_weak(&node->reference)));
    tree_add(tree, group, "guessed", value_flag(node->reference.properties & REFERENCE_GUESSED));
    if (node->shown_before)
        tree_add(tree, group, "shown_before", value_flag(true));
    strbuf_free(&label);
    strbuf_free(&value);
    return group;
}

/* The nodes are depth first: each one's list is made when its first child comes. */
static struct err *references_node(const struct view *view, struct report *report,
                                   const char *key) {
    const struct reference_tree *nodes = view->tree;
    struct tree *tree = &report->document;
    struct node **groups = calloc(nodes->count + 1, sizeof *groups);
    struct node **lists = calloc(nodes->count + 1, sizeof *lists);
    struct err *err = groups && lists ? NULL : err_no_memory();
    if (!err)
        lists[0] = tree_list(tree, &tree->root, key);
    for (uint32_t i = 1; i < nodes->count && !err; i++) {
        uint32_t parent = nodes->nodes[i].parent;
        if (!lists[parent])
            lists[parent] = tree_list(tree, groups[parent], "children");
        groups[i] = reference_node_add(view, tree, lists[parent], &nodes->nodes[i]);
    }
    free(groups);
    free(lists);
    return err;
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void left_out_line(struct report *report, unsigned depth, uint64_t count) {
    char number[UNITS_SIZE];
    if (count)
        report_line(report, LINE_FAINT, "%*s... %s more (-n 0 shows all)", (int)depth * INDENT, "",
                    units_count(number, count));
}

static void reference_line(const struct view *view, struct report *report,
                           const struct reference_node *node) {
    struct strbuf label = {0}, text = {0}, value = {0}, line = {0};
    reference_node_label(view->tree, node, true, &label);
    if (view->values && node->id != HEAP_NONE)
        heap_preview(view->heap, node->id, &value);
    strbuf_printf(&text, "%*s", (int)(node->depth - 1) * INDENT, "");
    width_add_fitting(&text, strbuf_text(&label), LABEL_WIDTH, true);
    strbuf_printf(&text, "  %s at %#llx",
                  node->id == HEAP_NONE ? "?" : heap_type(view->heap, node->id)->name,
                  (unsigned long long)node->address);
    if (node->shown_before)
        strbuf_puts(&text, "  (shown above)");
    else if (value.length)
        strbuf_printf(&text, "  %s", value.text);
    width_add_fitting(&line, strbuf_text(&text), SCREEN_WIDTH, false);
    report->document.failed |= line.failed;
    report_line(report, reference_is_weak(&node->reference) ? LINE_FAINT : LINE_PLAIN, "%s",
                strbuf_text(&line));
    strbuf_free(&label);
    strbuf_free(&text);
    strbuf_free(&value);
    strbuf_free(&line);
}

static void root_lines(struct report *report, const struct graph *graph, uint32_t id) {
    size_t count = 0;
    const struct held_root *roots = root_list_of(&graph->roots, id, &count);
    for (size_t i = 0; i < count; i++) {
        struct strbuf name = {0};
        const struct root *root = &roots[i].root;
        root_name(graph->heap, root, &name);
        report_line(report, LINE_PLAIN, "root: %s\t(%s%s)", strbuf_text(&name),
                    root_kind_name(root->kind),
                    root->reference.properties & REFERENCE_GUESSED ? ", guessed" : "");
        strbuf_free(&name);
    }
}

/* What was left out of a node is said below its children. */
static void tree_lines(const struct view *view, struct report *report) {
    const struct reference_tree *tree = view->tree;
    uint32_t open = 0; /* the last node, whose parents' lists go on */
    for (uint32_t i = 1; i <= tree->count; i++) {
        unsigned depth = i < tree->count ? tree->nodes[i].depth : 0;
        for (; tree->nodes[open].depth >= depth; open = tree->nodes[open].parent) {
            left_out_line(report, tree->nodes[open].depth, tree->nodes[open].left_out);
            if (!tree->nodes[open].depth)
                break;
        }
        if (i < tree->count)
            reference_line(view, report, &tree->nodes[i]);
        open = i;
    }
    if (tree->count == 1)
        report_line(report, LINE_PLAIN,
                    tree->direction == TOWARDS_REFERENCES ? "it refers to nothing"
                                                          : "no object refers to it");
}

/* ---- the command ----------------------------------------------------------------------------- */

static struct err *write_dot(struct cli *cli, const struct view *view) {
    _cleanup_(strbuf_free) struct strbuf text = {0};
    TRY(reference_tree_dot(view->tree, view->values, &text));
    output_puts(cli->output, strbuf_text(&text));
    return NULL;
}

static struct err *show(struct cli *cli, const struct source *source, const struct view *view) {
    _cleanup_(cleanup_report) struct report report = {0};
    const struct reference_tree *tree = view->tree;
    bool forward = tree->direction == TOWARDS_REFERENCES;
    uint32_t id = tree->nodes[0].id;
    report.schema = forward ? "heapglass.refs/1" : "heapglass.referrers/1";
    envelope_add(&report, source);
    TRY(references_node(view, &report, forward ? "refs" : "referrers"));
    if (!forward)
        roots_node(&report, tree->graph, id);
    report_line(&report, LINE_STRONG, "%s at %#llx %s", heap_type(view->heap, id)->name,
                (unsigned long long)tree->nodes[0].address,
                forward ? "refers to" : "is referred to by");
    if (!forward)
        root_lines(&report, tree->graph, id);
    tree_lines(view, &report);
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

struct err *reference_command(struct cli *cli, enum reference_direction direction) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(reference_tree_free) struct reference_tree tree = {0};
    const struct options *options = &cli->options;
    uint64_t address = 0, depth = options->depth ? options->depth : options->dot ? DOT_DEPTH : 1;
    uint32_t id = HEAP_NONE;
    TRY(parse_address(cli->arguments[1], &address)); /* before the process is touched */
    TRY(cli_open_source(cli, &source));
    TRY(cli_object(source, cli->arguments[1], &id));
    TRY(cli_build_graph(cli, source, &graph));
    size_t limit =
        options->dot ? (options->limit == UINT64_MAX ? SCREEN_LIMIT : cli_limit(cli, SCREEN_LIMIT))
                     : cli_limit(cli, SCREEN_LIMIT);
    TRY(reference_tree_grow(graph, id, direction, depth < 1000 ? (unsigned)depth : 1000, limit,
                            cli->cancel, &tree));
    const struct view view = {cli, source_heap(source), &tree, !options->no_values};
    return options->dot ? write_dot(cli, &view) : show(cli, source, &view);
}
