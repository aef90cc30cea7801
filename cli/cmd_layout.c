/* heapglass layout: where the fields of one CPython build lie, and who says so. */
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "cli/derivation.h"
#include "cli/screen.h"
#include "introspect/layout/description.h"
#include "introspect/layout/provider.h"
#include "source/python.h"
#include "source/source.h"

#include <string.h>

/* ---- resolving ------------------------------------------------------------------------------- */

static void cleanup_process(struct process **process) {
    process_destroy(*process);
}

static struct err *resolve_process(pid_t pid, unsigned wanted, struct layout **ret) {
    _cleanup_(cleanup_process) struct process *process = NULL;
    _cleanup_(maps_free) struct maps maps = {0};
    _cleanup_(python_clear) struct python python = {0};
    TRY(process_open(pid, &process));
    TRY(maps_read(pid, &maps));
    TRY(python_find(process, &maps, wanted, &python));
    return python_layout(&python, &maps, ret);
}

/* A file with _PyRuntime, and files of extension modules. */
static struct err *resolve_files(char **paths, int count, struct layout **ret) {
    _cleanup_(cleanup_free) struct layout_module *modules = calloc((size_t)count, sizeof *modules);
    if (!modules)
        return err_no_memory();
    for (int i = 0; i < count; i++)
        modules[i] = (struct layout_module){.path = paths[i], .name = paths[i]};
    const struct layout_query query = {.runtime = modules[0],
                                       .extensions = modules + 1,
                                       .extension_count = (size_t)count - 1,
                                       .root = "",
                                       .use_cache = true};
    return layout_resolve(&query, ret);
}

/* What is looked at: one of them is set but for files. */
struct subject {
    pid_t pid;
    struct source *snapshot;
    struct layout *own; /* NULL of a snapshot, which has it */
    const struct layout *layout;
};

static void cleanup_subject(struct subject *subject) {
    source_close(subject->snapshot);
    layout_destroy(subject->own);
}

static struct err *open_snapshot(struct cli *cli, struct subject *subject) {
    const char *path = cli->arguments[0];
    const struct source_options options = {.totals_only = true, .cancel = cli->cancel};
    TRY(source_open_snapshot(path, &options, &subject->snapshot));
    TRY(err_context(source_layout(subject->snapshot, &subject->layout), "%s", path));
    if (!subject->layout)
        return err_new(ERR_NO_LAYOUT,
                       "%s keeps no layout: it was written before snapshots did; %s of CPython %s",
                       path, "heapglass layout takes the program file",
                       source_info(subject->snapshot)->python);
    return NULL;
}

static struct err *resolve(struct cli *cli, struct subject *subject) {
    bool is_pid = cli_is_pid(cli->arguments[0]);
    bool is_snapshot = !is_pid && source_is_snapshot(cli->arguments[0]);
    struct err *err = NULL;
    if (cli->argument_count > 1 && (is_pid || is_snapshot))
        return err_new(ERR_USAGE, "%s stands alone: its extension modules are known by themselves",
                       is_pid ? "a PID" : "a snapshot");
    if (!is_pid)
        TRY(cli_check_file(cli, cli->arguments[0]));
    if (is_snapshot)
        return open_snapshot(cli, subject);
    if (is_pid) {
        TRY(cli_pid(cli->arguments[0], &subject->pid));
        err = resolve_process(subject->pid, cli->options.python, &subject->own);
    } else {
        err = resolve_files(cli->arguments, cli->argument_count, &subject->own);
    }
    subject->layout = subject->own;
    return err;
}

/* ---- document -------------------------------------------------------------------------------- */

static void add_fields(struct tree *tree, struct node *group, const struct layout *layout,
                       const struct structure_description *structure) {
    struct node *list = tree_list(tree, group, "fields");
    for (size_t i = 0; i < structure->field_count; i++) {
        struct field field = layout_field(layout, structure, i);
        if (!layout_has(field))
            continue;
        struct node *item = tree_group(tree, list, NULL);
        tree_add(tree, item, "name", value_text(structure->fields[i].name));
        tree_add(tree, item, "offset", value_bytes(field.offset));
        tree_add(tree, item, "size", value_bytes(field.size));
        if (field.bit_size) {
            tree_add(tree, item, "bit_offset", value_count(field.bit_offset));
            tree_add(tree, item, "bit_size", value_count(field.bit_size));
        }
    }
}

static void add_structures(struct tree *tree, struct node *group, const struct layout *layout) {
    struct node *list = tree_list(tree, group, "structures");
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        if (!layout_size(layout, structure))
            continue;
        struct node *item = tree_group(tree, list, NULL);
        tree_add(tree, item, "name", value_text(structure->name));
        tree_add(tree, item, "module", value_text(structure->module));
        tree_add(tree, item, "size", value_bytes(layout_size(layout, structure)));
        add_fields(tree, item, layout, structure);
    }
    list = tree_list(tree, group, "missing");
    for (size_t i = 0; i < layout_structure_count; i++) {
        if (!layout_size(layout, &layout_structures[i]))
            tree_add(tree, list, NULL, value_text(layout_structures[i].name));
    }
}

static void add_source(struct tree *tree, const struct subject *subject, const char *path) {
    struct node *source = tree_group(tree, &tree->root, "source");
    const char *kind = subject->pid ? "pid" : subject->snapshot ? "snapshot" : "file";
    tree_add(tree, source, "kind", value_text(kind));
    if (!subject->pid)
        tree_add(tree, source, subject->snapshot ? "file" : "path", value_text(path));
    if (subject->pid || subject->snapshot)
        tree_add(tree, source, "pid",
                 value_id(subject->pid ? subject->pid : source_info(subject->snapshot)->pid));
    tree_add(tree, source, "python", value_text(subject->layout->version));
    tree_add(tree, source, "layout", value_text(subject->layout->provider));
    tree_list(tree, &tree->root, "damage");
}

static void add_document(struct report *report, const struct subject *subject, const char *path) {
    const struct layout *layout = subject->layout;
    struct tree *tree = &report->document;
    add_source(tree, subject, path);
    struct node *group = tree_group(tree, &tree->root, "layout");
    tree_add(tree, group, "architecture", value_text(layout->architecture));
    tree_add(tree, group, "abi_flags", value_text(layout->abi_flags));
    tree_add(tree, group, "build_id", value_text(*layout->build_id ? layout->build_id : NULL));
    struct node *traits = tree_group(tree, group, "traits");
    for (size_t i = 0; i < layout_trait_count; i++)
        tree_add(tree, traits, layout_traits[i].name,
                 value_address(layout_trait(layout, &layout_traits[i])));
    add_structures(tree, group, layout);
    derivation_add(report, group, layout);
}

/* ---- screen ---------------------------------------------------------------------------------- */

enum { TRAIT, TRAIT_VALUE, TRAIT_COLUMNS };

struct traits {
    struct table table;
    const struct layout *layout;
    size_t next;
    char value[24];
};

static const struct column trait_columns[TRAIT_COLUMNS] = {
    [TRAIT] = {"trait", "TRAIT", VALUE_TEXT, 0},
    [TRAIT_VALUE] = {"value", "VALUE", VALUE_TEXT, 0},
};

static bool next_trait(void *context, struct value *cells) {
    struct traits *traits = context;
    if (traits->next >= layout_trait_count)
        return false;
    const struct trait_description *trait = &layout_traits[traits->next++];
    uint64_t value = layout_trait(traits->layout, trait);
    snprintf(traits->value, sizeof traits->value, value < 10 ? "%llu" : "0x%llx",
             (unsigned long long)value);
    cells[TRAIT] = value_text(trait->name);
    cells[TRAIT_VALUE] = value_text(traits->value);
    return true;
}

/* The structures that are not known, by why: the file that would define them was seen, so that
 * there are none in this version, or it was not. */
static void missing_line(struct report *report, const struct layout *layout, bool file_seen) {
    _cleanup_(strbuf_free) struct strbuf names = {0};
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        const char *module = structure->module;
        if (layout_size(layout, structure) ||
            (!module || layout_has_module(layout, module)) != file_seen)
            continue;
        strbuf_printf(&names, "%s%s%s%s", names.length ? ",\t" : "", module ? module : "",
                      module ? "." : "", structure->name);
    }
    if (names.length)
        report_line(report, LINE_PLAIN, "%s:\t%s",
                    file_seen ? "not in this version" : "extension modules not seen",
                    strbuf_text(&names));
}

static void add_screen(struct report *report, const struct layout *layout, const char *what) {
    size_t structures = 0, fields = 0, all_fields = 0;
    for (size_t i = 0; i < layout_structure_count; i++) {
        const struct structure_description *structure = &layout_structures[i];
        structures += layout_size(layout, structure) != 0;
        all_fields += structure->field_count;
        for (size_t k = 0; k < structure->field_count; k++)
            fields += layout_has(layout_field(layout, structure, k));
    }
    report_line(report, LINE_STRONG, "CPython %s%s\t%s\tlayout: %s\t%s", layout->version,
                layout->abi_flags, layout->architecture, layout->provider, what);
    report_line(report, LINE_PLAIN, "build-id %s", *layout->build_id ? layout->build_id : "none");
    report_line(report, LINE_PLAIN, "%zu of %zu structures,\t%zu of %zu fields", structures,
                layout_structure_count, fields, all_fields);
    missing_line(report, layout, true);
    missing_line(report, layout, false);
    derivation_lines(report, layout, true);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_subject) struct subject subject = {0};
    TRY(resolve(cli, &subject));
    const struct layout *layout = subject.layout;
    if (cli->options.emit) {
        _cleanup_(strbuf_free) struct strbuf text = {0};
        layout_emit(layout, &text);
        output_write(cli->output, strbuf_text(&text), text.length);
        return text.failed ? err_no_memory() : NULL;
    }
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.layout/1"};
    _cleanup_(strbuf_free) struct strbuf what = {0};
    const char *argument = cli->arguments[0];
    strbuf_puts(&what, subject.pid ? "pid " : "");
    strbuf_add_escaped(&what, argument, strlen(argument), 4096);
    struct traits traits = {.layout = layout};
    traits.table = (struct table){trait_columns, TRAIT_COLUMNS, next_trait, &traits};
    add_document(&report, &subject, strbuf_text(&what));
    add_screen(&report, layout, strbuf_text(&what));
    report_table(&report, &traits.table);
    TRY(cli_write(cli, &report));
    return what.failed ? err_no_memory() : NULL;
}

extern const struct command command_layout;
const struct command command_layout = {
    .name = "layout",
    .arguments = "SOURCE|BINARY",
    .summary = "Where fields lie, and who says so",
    .details = "BINARY is the file with the interpreter (python3.11, libpython3.11.so.1.0);\n"
               "files of extension modules may follow it. --emit prints a built-in table.\n"
               "Of a snapshot it is the layout that the process was read by.\n",
    .least_arguments = 1,
    .most_arguments = 1000,
    .options = OPTION_JSON | OPTION_EMIT | OPTION_PYTHON,
    .run = run,
};
