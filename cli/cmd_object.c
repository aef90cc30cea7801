/* heapglass object: one object decoded, who holds it, and its refcount added up. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/object.h"
#include "introspect/analyses/objects.h"
#include "report/units.h"
#include "report/width.h"

#include <string.h>

enum { MOST_ROOTS = 4, SCREEN_ROWS = 20, ADDRESS_WIDTH = 22 };

/* ---- the object ------------------------------------------------------------------------------ */

static void object_node(struct report *report, const struct object_details *details,
                        const char *value, const struct table *fields,
                        const struct table *holders) {
    const struct heap *heap = details->heap;
    uint32_t id = details->id;
    unsigned flags = heap_flags(heap, id);
    struct tree *tree = &report->document;
    struct node *group = tree_group(tree, &tree->root, "object");
    tree_add(tree, group, "address", value_address(heap_address(heap, id)));
    tree_add(tree, group, "type", value_text(heap_type(heap, id)->name));
    tree_add(tree, group, "refcount", value_count(heap_refcount(heap, id)));
    tree_add(tree, group, "immortal", value_flag(flags & OBJECT_IMMORTAL));
    tree_add(tree, group, "gc", value_text(gc_state_name(heap_gc_state(heap, id))));
    tree_add(tree, group, "size", value_bytes(heap_size(heap, id)));
    tree_add(tree, group, "size_exact", value_flag(!(flags & OBJECT_SIZE_INEXACT)));
    tree_add(tree, group, "footprint", value_bytes(heap_footprint(heap, id)));
    tree_add(tree, group, "interpreter", value_id(heap_interpreter(heap, id)));
    tree_add(tree, group, "reachable", value_flag(flags & OBJECT_REACHABLE));
    tree_add(tree, group, "found", value_text(object_found_name(heap_found(heap, id))));
    tree_add(tree, group, "guessed", value_flag(flags & OBJECT_GUESSED));
    tree_add(tree, group, "value", value ? value_text(value) : value_none());
    tree_add(tree, group, "references_found", value_count(details->found));
    tree_add(tree, group, "hidden",
             flags & OBJECT_IMMORTAL ? value_none() : value_signed(details->hidden));
    tree_table(tree, group, "fields", fields);
    struct strbuf sum = {0};
    object_refcount_text(details, &sum);
    tree_add(tree, group, "refcount_is", value_text(strbuf_text(&sum)));
    strbuf_free(&sum);
    tree_table(tree, group, "held_by", holders);
    struct node *roots = tree_list(tree, group, "roots");
    vec_each (root, &details->roots) {
        struct node *node = tree_group(tree, roots, NULL);
        struct strbuf name = {0};
        root_name(heap, root, &name);
        tree_add(tree, node, "kind", value_text(root_kind_name(root->kind)));
        tree_add(tree, node, "name", value_text(strbuf_text(&name)));
        tree_add(tree, node, "guessed", value_flag(root->reference.properties & REFERENCE_GUESSED));
        strbuf_free(&name);
    }
}

static void refcount_line(struct report *report, const struct object_details *details) {
    char count[UNITS_SIZE], found[UNITS_SIZE];
    units_count(found, details->found);
    if (!refcount_tells(details->heap, details->id)) {
        report_line(report, LINE_PLAIN, "immortal: never freed,\t%s references to it found", found);
        return;
    }
    units_count(count, heap_refcount(details->heap, details->id));
    if (details->hidden < 0) {
        report_line(report, LINE_WARNING,
                    "refcount %s, but %s references found:\tsome of them are guesses, or are wrong",
                    count, found);
        return;
    }
    struct strbuf sum = {0};
    object_refcount_text(details, &sum);
    report_paragraph(report, LINE_PLAIN, "refcount %s = \v%s", count, strbuf_text(&sum));
    strbuf_free(&sum);
}

/* A line of one text that may be long, cut in its middle or at its end; then " at ADDRESS", if any.
 */
static void fitting_line(struct report *report, enum line_style style, const char *text,
                         size_t columns, bool middle, uint64_t address) {
    struct strbuf line = {0};
    width_add_fitting(&line, text, columns, middle);
    if (address)
        strbuf_printf(&line, " at %#llx", (unsigned long long)address);
    report->document.failed |= line.failed;
    report_line(report, style, "%s", strbuf_text(&line));
    strbuf_free(&line);
}

static void head_lines(struct report *report, const struct object_details *details,
                       const char *value) {
    const struct heap *heap = details->heap;
    uint32_t id = details->id;
    unsigned flags = heap_flags(heap, id);
    char size[UNITS_SIZE], footprint[UNITS_SIZE];
    fitting_line(report, LINE_STRONG, heap_type(heap, id)->name, SCREEN_WIDTH - ADDRESS_WIDTH, true,
                 heap_address(heap, id));
    if (value && *value)
        report_paragraph(report, LINE_PLAIN, "%s", value);
    report_line(
        report, LINE_PLAIN, "size %s%s,\tfootprint %s,\tgc: %s%s%s",
        units_count(size, heap_size(heap, id)),
        flags & OBJECT_SIZE_INEXACT ? " (by its layout; it has a __sizeof__ of its own)" : "",
        units_count(footprint, heap_footprint(heap, id)), gc_state_name(heap_gc_state(heap, id)),
        flags & OBJECT_STATIC ? ",\tstatic: no heap memory" : "",
        flags & OBJECT_REACHABLE ? "" : ",\treachable from no root");
    refcount_line(report, details);
}

static void root_lines(struct report *report, const struct object_details *details) {
    size_t shown = 0;
    vec_each (root, &details->roots) {
        struct strbuf name = {0};
        bool guessed = root->reference.properties & REFERENCE_GUESSED;
        if (shown++ == MOST_ROOTS)
            break;
        root_name(details->heap, root, &name);
        report_line(report, LINE_PLAIN, "root: %s\t(%s%s)", strbuf_text(&name),
                    root_kind_name(root->kind), guessed ? ", guessed" : "");
        strbuf_free(&name);
    }
}

static void more_line(struct report *report, size_t count, size_t limit) {
    char number[UNITS_SIZE];
    if (count > limit)
        report_line(report, LINE_FAINT, "%s more (-n 0 shows all)",
                    units_count(number, count - limit));
}

static struct err *show(const struct cli *cli, const struct source *source,
                        const struct object_details *details) {
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.object/1"};
    _cleanup_(object_rows_close) struct object_rows fields = {0};
    _cleanup_(object_rows_close) struct object_rows holders = {0};
    _cleanup_(strbuf_free) struct strbuf value = {0};
    bool values = !cli->options.no_values;
    size_t limit = cli_limit(cli, SCREEN_ROWS);
    object_fields_open(&fields, details, limit, values);
    object_holders_open(&holders, details, limit, values);
    if (values)
        heap_preview_contents(details->heap, details->id, &value);
    const char *shown = value.length ? value.text : NULL;

    envelope_add(&report, source);
    object_node(&report, details, shown, &fields.table, &holders.table);

    head_lines(&report, details, shown);
    root_lines(&report, details);
    if (details->holders.count) {
        report_line(&report, LINE_PLAIN, "%s", "");
        report_table(&report, &holders.table);
        more_line(&report, details->holders.count, limit);
    }
    if (details->references.count) {
        report_line(&report, LINE_PLAIN, "%s", "");
        report_table(&report, &fields.table);
        more_line(&report, details->references.count, limit);
    }
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(object_details_free) struct object_details details = {0};
    uint32_t id = HEAP_NONE;
    uint64_t address = 0;
    TRY(parse_address(cli->arguments[1], &address)); /* before the process is touched */
    TRY(cli_open_source(cli, &source));
    TRY(cli_object(source, cli->arguments[1], &id));
    TRY(object_details_collect(source_heap(source), id, 0, cli->cancel, &details));
    return show(cli, source, &details);
}

extern const struct command command_object;
const struct command command_object = {
    .name = "object",
    .arguments = "SOURCE ADDRESS",
    .summary = "One object, who holds it, its refcount",
    .details = "ADDRESS is what id() returns, as 0x... or decimal.\n",
    .least_arguments = 2,
    .most_arguments = 2,
    .options = OPTION_JSON | OPTION_LIMIT | OPTION_CAPTURE | OPTION_VALUES,
    .run = run,
};
