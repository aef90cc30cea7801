/* heapglass audit: which objects have references that no Python object accounts for? */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/audit.h"
#include "introspect/analyses/objects.h"
#include "report/units.h"

#include <string.h>

enum { SCREEN_TYPES = 15, SCREEN_OBJECTS = 6, SCREEN_ASKED_OBJECTS = 20 };

struct tables {
    struct audit_rows types, objects, overcounted_types, overcounted_objects; /* the document's */
    struct audit_rows unexplained, guessed;                                   /* the screen's */
};

static void cleanup_tables(struct tables *tables) {
    audit_rows_close(&tables->types);
    audit_rows_close(&tables->objects);
    audit_rows_close(&tables->overcounted_types);
    audit_rows_close(&tables->overcounted_objects);
    audit_rows_close(&tables->unexplained);
    audit_rows_close(&tables->guessed);
}

static void cleanup_audit(struct audit *audit) {
    audit_free(audit);
}

/* ---- document -------------------------------------------------------------------------------- */

static void add_totals(struct tree *tree, struct node *parent, const struct audit_part *part) {
    struct node *group = tree_group(tree, parent, "totals");
    tree_add(tree, group, "objects", value_count(part->all_objects));
    tree_add(tree, group, "hidden", value_signed(part->hidden));
    tree_add(tree, group, "unexplained", value_count(part->unexplained));
    tree_add(tree, group, "unexplained_objects", value_count(part->unexplained_objects));
}

static void add_document(struct report *report, const struct audit *audit,
                         const struct tables *tables) {
    struct tree *tree = &report->document;
    add_totals(tree, &tree->root, &audit->hidden);
    tree_table(tree, &tree->root, "types", &tables->types.table);
    tree_table(tree, &tree->root, "objects", &tables->objects.table);
    struct node *group = tree_group(tree, &tree->root, "overcounted");
    add_totals(tree, group, &audit->overcounted);
    tree_table(tree, group, "types", &tables->overcounted_types.table);
    tree_table(tree, group, "objects", &tables->overcounted_objects.table);
}

/* ---- screen ---------------------------------------------------------------------------------- */

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

static void more_line(struct report *report, uint64_t count, size_t limit, const char *what) {
    char number[UNITS_SIZE];
    if (count > limit)
        report_line(report, LINE_FAINT, "%s more %s%s (-n 0 shows all)",
                    units_count(number, count - limit), what, plural(count - limit));
}

static uint64_t count_types(const struct audit_part *part, bool unexplained) {
    uint64_t count = 0;
    for (size_t i = 0; i < part->type_count; i++)
        count += unexplained ? part->types[i].unexplained_objects != 0
                             : part->types[i].guessed_objects != 0;
    return count;
}

static void unexplained_screen(struct report *report, const struct audit *audit,
                               const struct tables *tables) {
    const struct audit_part *part = &audit->hidden;
    char count[UNITS_SIZE];
    if (!part->unexplained_objects) {
        report_line(report, LINE_PLAIN,
                    "nothing unexplained: each reference that a refcount counts was found,\tor a "
                    "word in C that may be it");
        return;
    }
    report_line(report, LINE_WARNING,
                "%s object%s ha%s more references than all that could be found:\tleaked, or held "
                "from C",
                units_count(count, part->unexplained_objects), plural(part->unexplained_objects),
                part->unexplained_objects == 1 ? "s" : "ve");
    report_table(report, &tables->unexplained.table);
    more_line(report, count_types(part, true), tables->unexplained.limit, "type");
}

static void guessed_screen(struct report *report, const struct audit *audit,
                           const struct tables *tables) {
    const struct audit_part *part = &audit->hidden;
    char count[UNITS_SIZE];
    if (!part->guessed_objects)
        return;
    report_line(report, LINE_PLAIN, "%s", "");
    report_line(report, LINE_PLAIN,
                "%s object%s ha%s hidden references that words in C may be, by their looks:",
                units_count(count, part->guessed_objects), plural(part->guessed_objects),
                part->guessed_objects == 1 ? "s" : "ve");
    report_table(report, &tables->guessed.table);
    more_line(report, count_types(part, false), tables->guessed.limit, "type");
}

static void overcounted_screen(struct report *report, const struct audit *audit,
                               const struct tables *tables) {
    const struct audit_part *part = &audit->overcounted;
    char count[UNITS_SIZE];
    if (!part->all_objects)
        return;
    report_line(report, LINE_PLAIN, "%s", "");
    report_line(report, LINE_WARNING,
                "%s object%s ha%s fewer references than were found:\ta missing Py_INCREF, or an "
                "error of heapglass",
                units_count(count, part->all_objects), plural(part->all_objects),
                part->all_objects == 1 ? "s" : "ve");
    report_table(report, &tables->overcounted_objects.table);
    more_line(report, part->all_objects, tables->overcounted_objects.limit, "object");
}

/* One by one they are worth the room if somebody asked for a type, or nothing accounts for them. */
static void objects_screen(struct report *report, const struct audit *audit,
                           const struct tables *tables, bool asked) {
    const struct audit_part *part = &audit->hidden;
    uint64_t count = asked ? part->all_objects : part->unexplained_objects;
    if (!count)
        return;
    report_line(report, LINE_PLAIN, "%s", "");
    report_table(report, &tables->objects.table);
    more_line(report, count, tables->objects.limit, "object");
}

static void open_tables(const struct cli *cli, const struct audit *audit, struct tables *tables) {
    bool values = !cli->options.no_values, text = !strcmp(cli->options.format, "text");
    bool asked = cli->options.type;
    size_t types = cli_limit(cli, SCREEN_TYPES);
    size_t objects = cli_limit(cli, asked ? SCREEN_ASKED_OBJECTS : SCREEN_OBJECTS);
    audit_types_open(&tables->types, audit, &audit->hidden, types);
    audit_types_open(&tables->overcounted_types, audit, &audit->overcounted, types);
    audit_objects_open(&tables->overcounted_objects, audit, &audit->overcounted, objects, values,
                       false);
    if (text && !asked && audit->hidden.unexplained_objects < objects)
        objects = audit->hidden.unexplained_objects;
    audit_objects_open(&tables->objects, audit, &audit->hidden, objects, values, asked);
    audit_unexplained_open(&tables->unexplained, audit, types);
    audit_guessed_open(&tables->guessed, audit, types);
}

static struct err *show(const struct cli *cli, const struct source *source,
                        const struct audit *audit) {
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.audit/1"};
    _cleanup_(cleanup_tables) struct tables tables = {0};
    open_tables(cli, audit, &tables);
    envelope_add(&report, source);
    add_document(&report, audit, &tables);
    report.rows = &tables.types.table;
    headline_add(&report, source_info(source));
    unexplained_screen(&report, audit, &tables);
    objects_screen(&report, audit, &tables, cli->options.type);
    overcounted_screen(&report, audit, &tables);
    guessed_screen(&report, audit, &tables);
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_audit) struct audit audit = {0};
    _cleanup_(cleanup_free) bool *wanted = NULL;
    TRY(cli_open_source(cli, &source));
    if (cli->options.type)
        TRY(types_matching(source_heap(source), cli->options.type, &wanted));
    TRY(cli_build_graph(cli, source, &graph));
    TRY(audit_collect(graph, wanted, cli_limit(cli, SCREEN_ASKED_OBJECTS), cli->cancel, &audit));
    return show(cli, source, &audit);
}

extern const struct command command_audit;
const struct command command_audit = {
    .name = "audit",
    .arguments = "SOURCE",
    .summary = "References that nothing accounts for: leaks",
    .details = "Hidden references are the refcount less all references found. Words in C that may\n"
               "be them are guessed by their looks; what has not even such is most likely leaked.\n"
               "GLOB is a qualified name such as shop.models.Order, with * ? [ ] as in a shell.\n",
    .least_arguments = 1,
    .most_arguments = 1,
    .options =
        OPTION_JSON | OPTION_CSV | OPTION_LIMIT | OPTION_CAPTURE | OPTION_TYPE | OPTION_VALUES,
    .run = run,
};
