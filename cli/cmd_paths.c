/* heapglass paths: which named roots keep an object alive, or all objects of a type. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "introspect/analyses/objects.h"
#include "introspect/analyses/paths.h"
#include "report/units.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SCREEN_PATHS = 10 };

/* ---- what is left out ------------------------------------------------------------------------ */

static bool root_kind_find(const char *name, enum root_kind *kind) {
    for (int i = 0; i < ROOT_KINDS; i++) {
        if (!strcmp(root_kind_name((enum root_kind)i), name)) {
            *kind = (enum root_kind)i;
            return true;
        }
    }
    return false;
}

static struct err *exclude_types(const struct heap *heap, const char *pattern, bool *types) {
    bool *matches = NULL;
    TRY(types_matching(heap, pattern, &matches));
    for (uint32_t i = 0; i < heap_type_count(heap); i++)
        types[i] |= matches[i];
    free(matches);
    return NULL;
}

/* `types` and `attributes` have room for what the options name. */
static struct err *filter_from(const struct options *options, const struct heap *heap, bool *types,
                               const char **attributes, struct path_filter *filter) {
    *filter = (struct path_filter){.attributes = attributes, .barrier = HEAP_NONE};
    for (size_t i = 0; i < options->excluded_count; i++) {
        const char *what = options->excluded[i];
        enum root_kind kind;
        if (*what == '.' || *what == '[') {
            attributes[filter->attribute_count++] = what;
        } else if (!strcmp(what, "guessed")) {
            filter->no_guesses = true;
        } else if (root_kind_find(what, &kind)) {
            filter->roots[kind] = true;
        } else {
            TRY(exclude_types(heap, what, types));
            filter->types = types;
        }
    }
    return NULL;
}

/* ---- to an object ---------------------------------------------------------------------------- */

static struct node *root_node(struct tree *tree, struct node *parent, const struct heap *heap,
                              const struct root *root) {
    struct strbuf name = {0};
    struct node *group = tree_group(tree, parent, "root");
    root_name(heap, root, &name);
    tree_add(tree, group, "kind", value_text(root_kind_name(root->kind)));
    tree_add(tree, group, "name", value_text(strbuf_text(&name)));
    tree_add(tree, group, "guessed", value_flag(root->reference.properties & REFERENCE_GUESSED));
    strbuf_free(&name);
    return group;
}

/* `via` is NULL for what the root refers to. */
static void step_node(const struct cli *cli, struct tree *tree, struct node *steps,
                      const struct heap *heap, uint32_t id, const char *via) {
    struct strbuf value = {0};
    struct node *step = tree_group(tree, steps, NULL);
    if (!cli->options.no_values)
        heap_preview(heap, id, &value);
    tree_add(tree, step, "via", value_text(via));
    tree_add(tree, step, "address", value_address(heap_address(heap, id)));
    tree_add(tree, step, "type", value_text(heap_type(heap, id)->name));
    tree_add(tree, step, "value", value.length ? value_text(value.text) : value_none());
    strbuf_free(&value);
}

static void path_node(const struct cli *cli, struct tree *tree, struct node *list,
                      const struct heap *heap, const struct path *path, const char *text) {
    struct node *group = tree_group(tree, list, NULL);
    tree_add(tree, group, "path", value_text(text));
    root_node(tree, group, heap, &path->root->root);
    struct node *steps = tree_list(tree, group, "steps");
    step_node(cli, tree, steps, heap, path->root->object, NULL);
    for (size_t i = 0; i < path->hop_count; i++) {
        struct strbuf via = {0};
        heap_label(heap, path->hops[i].owner, &path->hops[i].reference, &via);
        step_node(cli, tree, steps, heap, path->hops[i].target, strbuf_text(&via));
        strbuf_free(&via);
    }
}

/* "(guessed C global)" behind a path whose beginning does not speak for itself. */
static const char *kind_note(const struct root *root) {
    static char note[64];
    if (root->kind == ROOT_MODULE || root->kind == ROOT_FRAME)
        return "";
    snprintf(note, sizeof note, "\t(%s%s)", root_kind_name(root->kind),
             root->reference.properties & REFERENCE_GUESSED ? ", guessed" : "");
    return note;
}

static void no_path_lines(struct report *report, const struct graph *graph, uint32_t id,
                          const struct options *options) {
    struct strbuf why = {0};
    if (options->excluded_count || options->via)
        strbuf_puts(&why, "no such path leads there");
    else
        path_none_text(graph, id, &why);
    report_line(report, LINE_PLAIN, "%s", strbuf_text(&why));
    strbuf_free(&why);
}

static struct err *to_object(struct cli *cli, const struct source *source,
                             const struct graph *graph, uint32_t id,
                             const struct path_filter *filter) {
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.paths/1"};
    _cleanup_(paths_free) struct paths paths = {0};
    const struct heap *heap = source_heap(source);
    uint32_t via = HEAP_NONE;
    char count[UNITS_SIZE];
    if (cli->options.via && (via = heap_find(heap, cli->options.via)) == HEAP_NONE)
        return err_new(ERR_FAILED, "--via: %#llx is no object",
                       (unsigned long long)cli->options.via);
    TRY(paths_to_object(graph, id, via, filter, cli_limit(cli, SCREEN_PATHS), cli->cancel, &paths));
    envelope_add(&report, source);
    struct node *list = tree_list(&report.document, &report.document.root, "paths");
    report_line(&report, LINE_STRONG, "%s at %#llx", heap_type(heap, id)->name,
                (unsigned long long)heap_address(heap, id));
    for (size_t i = 0; i < paths.count; i++) {
        _cleanup_(strbuf_free) struct strbuf text = {0};
        path_text(heap, &paths.items[i], &text);
        path_node(cli, &report.document, list, heap, &paths.items[i], strbuf_text(&text));
        report_line(&report, LINE_PLAIN, "%s%s", strbuf_text(&text),
                    kind_note(&paths.items[i].root->root));
    }
    if (!paths.count)
        no_path_lines(&report, graph, id, &cli->options);
    if (paths.all > paths.count)
        report_line(&report, LINE_FAINT, "%s more (-n 0 shows all)",
                    units_count(count, paths.all - paths.count));
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

/* ---- to a type ------------------------------------------------------------------------------- */

static void merged_node(struct tree *tree, struct node *list, const struct heap *heap,
                        const struct merged_path *path, uint64_t of) {
    struct node *group = tree_group(tree, list, NULL);
    tree_add(tree, group, "path", value_text(path->text));
    tree_add(tree, group, "count", value_count(path->count));
    tree_add(tree, group, "of", value_count(of));
    tree_add(tree, group, "retained", value_bytes(path->retained));
    root_node(tree, group, heap, &path->root->root);
    tree_add(tree, group, "holders", value_count(path->owners));
    tree_add(tree, group, "holder",
             path->owner == HEAP_NONE ? value_none()
                                      : value_address(heap_address(heap, path->owner)));
    tree_add(tree, group, "holder_type",
             path->owner == HEAP_NONE ? value_none()
                                      : value_text(heap_type(heap, path->owner)->name));
}

/* "dict {48,912 items}": what the objects are in, if it is one thing. */
static void holder_text(const struct heap *heap, const struct merged_path *path,
                        struct strbuf *out) {
    char count[UNITS_SIZE];
    if (path->owners > 1)
        strbuf_printf(out, ", in %s holders", units_count(count, path->owners));
    else if (path->owner != HEAP_NONE)
        strbuf_printf(out, ", in a %s", heap_type(heap, path->owner)->name);
}

static void merged_line(struct report *report, const struct heap *heap, const char *type,
                        const struct merged_path *path, uint64_t of) {
    char count[UNITS_SIZE], all[UNITS_SIZE], size[UNITS_SIZE];
    struct strbuf holder = {0};
    holder_text(heap, path, &holder);
    report_line(report, LINE_PLAIN, "%s of %s %s: %s\t(retain %s%s)%s",
                units_count(count, path->count), units_count(all, of), type, path->text,
                units_short(size, path->retained), strbuf_text(&holder),
                kind_note(&path->root->root));
    strbuf_free(&holder);
}

static void unreached_lines(struct report *report, const struct merged_paths *paths,
                            const char *type) {
    char count[UNITS_SIZE], all[UNITS_SIZE];
    units_count(all, paths->objects);
    if (paths->hidden)
        report_line(report, LINE_PLAIN, "%s of %s %s: held by hidden references alone\t(see audit)",
                    units_count(count, paths->hidden), all, type);
    if (paths->unreached)
        report_line(report, LINE_PLAIN, "%s of %s %s: garbage, held by nothing\t(see garbage)",
                    units_count(count, paths->unreached), all, type);
}

/* The type's own name, if there is one. */
static const char *short_name(const struct heap *heap, const bool *types, const char *pattern) {
    const char *name = NULL;
    for (uint32_t i = 0; i < heap_type_count(heap); i++) {
        if (types[i] && heap_type_sums(heap, i)->objects) {
            if (name && strcmp(name, heap_type_by_id(heap, i)->name) != 0)
                return pattern;
            name = heap_type_by_id(heap, i)->name;
        }
    }
    const char *dot = name ? strrchr(name, '.') : NULL;
    return dot ? dot + 1 : name ? name : pattern;
}

static struct err *to_type(struct cli *cli, const struct source *source, const struct graph *graph,
                           const bool *types, const struct path_filter *filter) {
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.paths/1"};
    _cleanup_(cleanup_dominators) struct dominators *dominators = NULL;
    _cleanup_(merged_paths_free) struct merged_paths paths = {0};
    const struct heap *heap = source_heap(source);
    char count[UNITS_SIZE];
    TRY(cli_build_dominators(cli, graph, &dominators));
    TRY(paths_to_types(graph, dominators, types, filter, cli->cancel, &paths));
    size_t limit = cli_limit(cli, SCREEN_PATHS);
    const char *name = short_name(heap, types, cli->arguments[1]);
    envelope_add(&report, source);
    struct tree *tree = &report.document;
    struct node *list = tree_list(tree, &tree->root, "merged");
    for (size_t i = 0; i < paths.count && i < limit; i++) {
        merged_node(tree, list, heap, &paths.items[i], paths.objects);
        merged_line(&report, heap, name, &paths.items[i], paths.objects);
    }
    tree_add(tree, &tree->root, "objects", value_count(paths.objects));
    tree_add(tree, &tree->root, "hidden", value_count(paths.hidden));
    tree_add(tree, &tree->root, "unreached", value_count(paths.unreached));
    if (paths.count > limit)
        report_line(&report, LINE_FAINT, "%s more paths (-n 0 shows all)",
                    units_count(count, paths.count - limit));
    unreached_lines(&report, &paths, name);
    if (!paths.objects)
        report_line(&report, LINE_PLAIN, "no object is of that type");
    notes_add(&report, source, false);
    return cli_write(cli, &report);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void cleanup_flags(bool **flags) {
    free(*flags);
}

static struct err *run(struct cli *cli) {
    _cleanup_(cleanup_source) struct source *source = NULL;
    _cleanup_(cleanup_graph) struct graph *graph = NULL;
    _cleanup_(cleanup_flags) bool *types = NULL;
    _cleanup_(cleanup_flags) bool *excluded = NULL;
    const char *attributes[OPTIONS_MAX_EXCLUDED];
    struct path_filter filter;
    uint32_t id = HEAP_NONE;
    bool is_address = isdigit((unsigned char)*cli->arguments[1]);
    TRY(cli_open_source(cli, &source));
    const struct heap *heap = source_heap(source);
    if (is_address)
        TRY(cli_object(source, cli->arguments[1], &id));
    else
        TRY(types_matching(heap, cli->arguments[1], &types));
    if (types && cli->options.via)
        return err_new(ERR_USAGE, "--via is for paths to one object");
    excluded = calloc(heap_type_count(heap) + 1, sizeof *excluded);
    if (!excluded)
        return err_no_memory();
    TRY(filter_from(&cli->options, heap, excluded, attributes, &filter));
    TRY(cli_build_graph(cli, source, &graph));
    return types ? to_type(cli, source, graph, types, &filter)
                 : to_object(cli, source, graph, id, &filter);
}

extern const struct command command_paths;
const struct command command_paths = {
    .name = "paths",
    .arguments = "SOURCE ADDRESS|TYPE",
    .summary = "What keeps an object or a type alive",
    .details = "ADDRESS is what id() returns; TYPE a qualified name such as shop.models.Order,\n"
               "or a glob. WHAT of --exclude: an attribute (.cache), a type, a kind of root\n"
               "(frame, module, thread, 'C global', ...), or guessed; several may be given.\n",
    .least_arguments = 2,
    .most_arguments = 2,
    .options = OPTION_JSON | OPTION_LIMIT | OPTION_CAPTURE | OPTION_VALUES | OPTION_PATHS,
    .run = run,
};
