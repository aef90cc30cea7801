/* Object: one object, and its references and referrers as trees that expand in place. */
#include "introspect/analyses/object.h"
#include "introspect/analyses/objects.h"
#include "introspect/analyses/reference_labels.h"
#include "introspect/graph/path_text.h"
#include "report/units.h"
#include "report/width.h"
#include "tui/view.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL, TYPE, VALUE, RETAINED, SIZE, ADDRESS, SHOWN_ADDRESS, COLUMNS };

static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static const struct column all[COLUMNS] = {
        [LABEL] = {"via", "REFERENCE", VALUE_TEXT, COLUMN_SHRINKS},
        [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [VALUE] = {"value", "VALUE", VALUE_TEXT, COLUMN_TAIL},
        [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [SIZE] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
        [SHOWN_ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, COLUMN_SCREEN},
    };
    enum { WIDE = 110 }; /* columns of a screen that has room for addresses */
    *count = context->width < WIDE ? SHOWN_ADDRESS : COLUMNS;
    *sort = PAGE_UNSORTED;
    return all;
}

/* ---- rows ---------------------------------------------------------------------------------------
 * A row of a tree is known by what is expanded above it (an index into `opened` of the model), the object at its end
 * and the position of the reference among those of the object above. */

enum row_kind { ROW_REFERENCES, ROW_REFERRERS, ROW_ROOT, ROW_REFERENCE, ROW_REFERRER };

enum {
    KIND_BITS = 3,
    ABOVE = 1 << KIND_BITS, /* the object is one of those that the row hangs under */
    OPENED_SHIFT = KIND_BITS + 1,
    MOST_OPENED = 1 << 24,
};

static enum row_kind kind_of(struct row row) {
    return (enum row_kind)(row.kind & ((1 << KIND_BITS) - 1));
}

/* An object whose references or referrers are shown. */
struct opened_node {
    struct row row; /* where it is itself */
    uint32_t id;
    uint32_t above; /* index of what it hangs under; its own: the object that the view is about */
};

struct model {
    struct row groups[2];
    uint32_t group_count;
    struct reference_labels *labels;
    pthread_mutex_t lock;
    struct vec(struct opened_node) opened; /* under the lock */
};

static enum reference_direction direction_of(struct row row) {
    return kind_of(row) == ROW_REFERENCE || kind_of(row) == ROW_REFERENCES ? TOWARDS_REFERENCES
                                                                           : TOWARDS_REFERRERS;
}

static struct opened_node opened_of(struct model *model, struct row row) {
    pthread_mutex_lock(&model->lock);
    struct opened_node node = model->opened.items[row.kind >> OPENED_SHIFT];
    pthread_mutex_unlock(&model->lock);
    return node;
}

/* ---- heading ------------------------------------------------------------------------------------ */

static void add_sizes(const struct view_context *context, uint32_t id, struct strbuf *out) {
    const struct heap *heap = context->refresh->heap;
    unsigned flags = heap_flags(heap, id);
    char number[UNITS_SIZE];
    strbuf_printf(out, "size %s%s", units_count(number, heap_size(heap, id)),
                  flags & OBJECT_SIZE_INEXACT ? " (by its layout)" : "");
    strbuf_printf(out, ", footprint %s", units_count(number, heap_footprint(heap, id)));
    if (context->products & PRODUCT_DOMINATORS)
        strbuf_printf(out, ", retains %s",
                      units_count(number, dominators_retained(context->refresh->dominators, id)));
    strbuf_printf(out, ", gc: %s%s%s\n", gc_state_name(heap_gc_state(heap, id)),
                  flags & OBJECT_STATIC ? ", static: no heap memory" : "",
                  flags & OBJECT_REACHABLE ? "" : ", reachable from no root");
}

static struct err *add_refcount(const struct view_context *context, struct model *model,
                                uint32_t id, struct strbuf *out) {
    const struct heap *heap = context->refresh->heap;
    struct object_details details = {0};
    char count[UNITS_SIZE], found[UNITS_SIZE];
    TRY(object_details_from_graph(context->refresh->graph, model->labels, id, &details));
    units_count(found, details.found);
    units_count(count, heap_refcount(heap, id));
    if (!refcount_tells(heap, id)) {
        strbuf_printf(out, "immortal: never freed, %s references to it found\n", found);
    } else if (details.hidden < 0) {
        strbuf_printf(out, "refcount %s, but %s references found: some are guesses, or wrong\n",
                      count, found);
    } else {
        strbuf_printf(out, "refcount %s", count);
        if (details.hidden) /* at the end of the sum it may be cut off */
            strbuf_printf(out, ", %lld hidden", (long long)details.hidden);
        strbuf_puts(out, ": ");
        object_refcount_text(&details, out);
        strbuf_putc(out, '\n');
    }
    object_details_free(&details);
    return NULL;
}

/* Who alone keeps it. */
static void add_keeper(const struct view_context *context, uint32_t id, struct strbuf *out) {
    const struct heap *heap = context->refresh->heap;
    size_t count = 0;
    const struct held_root *roots = root_list_of(&context->refresh->graph->roots, id, &count);
    struct strbuf name = {0};
    if (!(context->products & PRODUCT_DOMINATORS))
        return;
    uint32_t parent = dominators_parent(context->refresh->dominators, id);
    if (count)
        root_name(heap, &roots->root, &name);
    if (parent == HEAP_NONE) {
        strbuf_puts(out, "held by nothing that lives: garbage (8 shows it)\n");
    } else if (parent == DOMINATORS_HIDDEN) {
        strbuf_puts(out, "held by hidden references alone\n");
    } else if (parent == DOMINATORS_ROOT && count) {
        strbuf_printf(out, "held by a root: %s%s\n",
                      roots->root.kind == ROOT_MODULE ? "module " : "", strbuf_text(&name));
    } else if (parent == DOMINATORS_ROOT) {
        strbuf_puts(out, "held by several, none of them alone (p shows the paths)\n");
    } else {
        strbuf_printf(out, "held only through %s at %#llx", heap_type(heap, parent)->name,
                      (unsigned long long)heap_address(heap, parent));
        strbuf_clear(&name);
        heap_preview(heap, parent, &name);
        strbuf_printf(out, "%s%s\n", name.length ? " " : "", strbuf_text(&name));
    }
    strbuf_free(&name);
}

static struct err *add_heading(const struct view_context *context, struct model *model, uint32_t id,
                               struct strbuf *out) {
    const struct heap *heap = context->refresh->heap;
    const char *type = heap_type(heap, id)->name;
    struct strbuf value = {0}, line = {0};
    add_preview(context->refresh->graph, id, &value);
    if (strncmp(strbuf_text(&value), type, strlen(type)) != 0)
        strbuf_printf(&line, "%s at ", type);
    strbuf_printf(&line, "%#llx%s%s", (unsigned long long)heap_address(heap, id),
                  value.length ? ": " : "", strbuf_text(&value));
    width_add_fitting(out, strbuf_text(&line), context->width, false);
    strbuf_putc(out, '\n');
    out->failed |= value.failed | line.failed;
    strbuf_free(&value);
    strbuf_free(&line);
    add_sizes(context, id, out);
    add_keeper(context, id, out);
    return add_refcount(context, model, id, out); /* which may be long */
}

/* ---- opening ------------------------------------------------------------------------------------ */

static void close_object(void *opened) {
    struct model *model = opened;
    if (!model)
        return;
    reference_labels_destroy(model->labels);
    vec_free(&model->opened);
    pthread_mutex_destroy(&model->lock);
    free(model);
}

/* What is short comes first, so that both can be seen. */
static void add_groups(const struct view_context *context, struct model *model, uint32_t id) {
    enum { FEW = 8 };
    const struct graph *graph = context->refresh->graph;
    size_t references = graph_references(graph, id).count, roots = 0;
    size_t referrers = graph_referrers(graph, id).count;
    root_list_of(&graph->roots, id, &roots);
    bool swapped = references > FEW && referrers + roots < references;
    model->groups[swapped] = (struct row){.kind = ROW_REFERENCES};
    model->groups[!swapped] = (struct row){.kind = ROW_REFERRERS};
    model->group_count = 2;
}

static struct err *open_object(const struct view_context *context, struct work *work,
                               struct opened_page *ret) {
    struct model *model = calloc(1, sizeof *model);
    (void)work;
    if (!model)
        return err_no_memory();
    pthread_mutex_init(&model->lock, NULL);
    ret->model = model;
    TRY(reference_labels_create(context->refresh->graph, &model->labels));
    if (context->object == HEAP_NONE) {
        strbuf_printf(&ret->heading, "gone: there is no %s at %#llx any more\n",
                      context->subject.type, (unsigned long long)context->subject.address);
        return NULL;
    }
    struct opened_node first = {.id = context->object};
    if (!vec_push(&model->opened, first))
        return err_no_memory();
    add_groups(context, model, context->object);
    ret->root_count = model->group_count;
    return add_heading(context, model, context->object, &ret->heading);
}

static struct row root(const struct view_context *context, const void *opened, uint32_t index) {
    const struct model *model = opened;
    (void)context;
    return model->groups[index];
}

/* ---- children ----------------------------------------------------------------------------------- */

static bool expands(const struct view_context *context, const void *model, struct row row,
                    bool *from_the_start) {
    const struct graph *graph = context->refresh->graph;
    size_t roots = 0;
    (void)model;
    *from_the_start = kind_of(row) <= ROW_REFERRERS;
    switch (kind_of(row)) {
    case ROW_REFERENCES:
        return graph_references(graph, context->object).count;
    case ROW_REFERRERS:
        root_list_of(&graph->roots, context->object, &roots);
        return roots || graph_referrers(graph, context->object).count;
    case ROW_REFERENCE:
        return !(row.kind & ABOVE) && graph_references(graph, row.id).count;
    case ROW_REFERRER:
        root_list_of(&graph->roots, row.id, &roots);
        return !(row.kind & ABOVE) && (roots || graph_referrers(graph, row.id).count);
    default:
        return false;
    }
}

static bool rows_equal(struct row a, struct row b) {
    return a.kind == b.kind && a.id == b.id && a.detail == b.detail;
}

/* The index of the row's object among those that are opened; UINT32_MAX without memory. Under the lock. */
static uint32_t open_node(struct model *model, struct row row) {
    if (kind_of(row) <= ROW_REFERRERS)
        return 0;
    for (uint32_t i = 1; i < model->opened.count; i++) {
        if (rows_equal(model->opened.items[i].row, row))
            return i;
    }
    struct opened_node node = {row, row.id, row.kind >> OPENED_SHIFT};
    if (model->opened.count == MOST_OPENED || !vec_push(&model->opened, node))
        return UINT32_MAX;
    return (uint32_t)model->opened.count - 1;
}

static bool is_above(const struct model *model, uint32_t opened, uint32_t id) {
    for (;;) {
        const struct opened_node *node = &model->opened.items[opened];
        if (node->id == id)
            return true;
        if (!opened)
            return false;
        opened = node->above;
    }
}

/* What stands below an object: its references; or the first roots that hold it, its referrers, further roots. */
struct below {
    uint64_t first_roots, roots, count;
};

static struct below below_of(const struct graph *graph, uint32_t id, bool forward) {
    enum { FIRST_ROOTS = 10 }; /* more are such as the type cache's, of None */
    size_t roots = 0;
    if (forward)
        return (struct below){.count = graph_references(graph, id).count};
    root_list_of(&graph->roots, id, &roots);
    return (struct below){.first_roots = roots < FIRST_ROOTS ? roots : FIRST_ROOTS,
                          .roots = roots,
                          .count = roots + graph_referrers(graph, id).count};
}

static struct row child_at(const struct graph *graph, uint32_t id, bool forward,
                           const struct below *below, uint64_t index) {
    struct graph_referrers referrers = graph_referrers(graph, id);
    if (forward)
        return (struct row){ROW_REFERENCE, graph_references(graph, id).targets[index], index};
    if (index < below->first_roots)
        return (struct row){ROW_ROOT, id, index};
    index -= below->first_roots;
    if (index < referrers.count)
        return (struct row){ROW_REFERRER, referrer_id(referrers.items[index]), index};
    return (struct row){ROW_ROOT, id, index - referrers.count + below->first_roots};
}

static struct err *children(const struct view_context *context, const void *opened, struct row row,
                            uint64_t first, size_t limit, struct row_list *to) {
    struct model *model = (struct model *)opened; /* what changes in it has a lock */
    const struct graph *graph = context->refresh->graph;
    bool forward = direction_of(row) == TOWARDS_REFERENCES;
    pthread_mutex_lock(&model->lock);
    uint32_t at = open_node(model, row);
    if (at == UINT32_MAX) {
        pthread_mutex_unlock(&model->lock);
        return err_no_memory();
    }
    uint32_t id = model->opened.items[at].id;
    struct below below = below_of(graph, id, forward);
    bool fine = true;
    for (uint64_t i = first; fine && i < below.count && i - first < limit; i++) {
        struct row child = child_at(graph, id, forward, &below, i);
        child.kind |= at << OPENED_SHIFT;
        if (kind_of(child) != ROW_ROOT && is_above(model, at, child.id))
            child.kind |= ABOVE;
        fine = vec_push(to, child);
    }
    pthread_mutex_unlock(&model->lock);
    return fine ? NULL : err_no_memory();
}

/* ---- cells -------------------------------------------------------------------------------------- */

static void group_cells(const struct view_context *context, struct row row, struct cells *cells) {
    const struct graph *graph = context->refresh->graph;
    char count[UNITS_SIZE], more[UNITS_SIZE];
    struct strbuf text = {0};
    size_t roots = 0;
    if (kind_of(row) == ROW_REFERENCES) {
        strbuf_printf(&text, "References (%s)",
                      units_count(count, graph_references(graph, context->object).count));
    } else {
        root_list_of(&graph->roots, context->object, &roots);
        size_t referrers = graph_referrers(graph, context->object).count;
        strbuf_puts(&text, "Referrers (");
        if (referrers || !roots)
            strbuf_puts(&text, units_count(count, referrers));
        if (roots)
            strbuf_printf(&text, "%s%s root%s", referrers ? " + " : "", units_count(more, roots),
                          roots == 1 ? "" : "s");
        strbuf_putc(&text, ')');
    }
    cells->values[LABEL] = cells_text(cells, strbuf_text(&text));
    cells->style = ROW_STRONG;
    strbuf_free(&text);
}

static void root_cells(const struct view_context *context, struct row row, struct cells *cells) {
    size_t count = 0;
    const struct graph *graph = context->refresh->graph;
    const struct held_root *roots = root_list_of(&graph->roots, row.id, &count);
    struct strbuf text = {0};
    if (row.detail >= count)
        return;
    const struct root *root = &roots[row.detail].root;
    strbuf_puts(&text, "root ");
    root_name(graph->heap, root, &text);
    if (root->reference.properties & REFERENCE_GUESSED)
        strbuf_puts(&text, " (guessed)");
    cells->values[LABEL] = cells_text(cells, strbuf_text(&text));
    cells->values[TYPE] = value_text(root_kind_name(root->kind));
    if (!(root->reference.properties & REFERENCE_RETAINS))
        cells->style = ROW_FAINT;
    strbuf_free(&text);
}

/* The tuple of a closure or of defaults has indices; the function, a level further, knows names. */
static void add_entry_name(const struct view_context *context, struct model *model,
                           const struct opened_node *node, struct row row,
                           const struct reference *reference, struct strbuf *out) {
    const struct heap *heap = context->refresh->heap;
    struct reference into;
    struct strbuf name = {0};
    if (kind_of(node->row) <= ROW_REFERRERS)
        return;
    struct opened_node further = opened_of(model, node->row);
    if (!reference_label_at(model->labels, further.id, direction_of(row), node->row.detail, &into))
        return;
    if (direction_of(row) == TOWARDS_REFERENCES)
        path_entry(heap, further.id, &into, reference, &name);
    else
        path_entry(heap, row.id, reference, &into, &name);
    if (name.length)
        strbuf_printf(out, " (%s)", name.text);
    strbuf_free(&name);
}

static void label_cell(const struct view_context *context, struct model *model, struct row row,
                       struct cells *cells) {
    struct opened_node node = opened_of(model, row);
    struct reference reference;
    struct strbuf text = {0};
    enum reference_direction direction = direction_of(row);
    if (reference_label_at(model->labels, node.id, direction, row.detail, &reference)) {
        uint32_t owner = direction == TOWARDS_REFERENCES ? node.id : row.id;
        heap_label(context->refresh->heap, owner, &reference, &text);
        add_entry_name(context, model, &node, row, &reference, &text);
        reference_add_marks(&reference, &text);
        if (reference_is_weak(&reference))
            cells->style = ROW_FAINT;
    } else {
        strbuf_puts(&text, "?");
    }
    if (row.kind & ABOVE)
        strbuf_puts(&text, context->unicode ? " ↑ above" : " ^ above");
    cells->values[LABEL] = cells_text(cells, strbuf_text(&text));
    strbuf_free(&text);
}

static void value_cell(const struct graph *graph, uint32_t id, struct cells *cells) {
    struct strbuf text = {0};
    add_preview(graph, id, &text);
    cells->values[VALUE] = cells_text(cells, strbuf_text(&text));
    strbuf_free(&text);
}

static void cells(const struct view_context *context, const void *opened, struct row row,
                  unsigned wanted, struct cells *cells) {
    struct model *model = (struct model *)opened;
    const struct heap *heap = context->refresh->heap;
    struct value *values = cells->values;
    if (kind_of(row) <= ROW_REFERRERS) {
        group_cells(context, row, cells);
        return;
    }
    if (kind_of(row) == ROW_ROOT) {
        root_cells(context, row, cells);
        return;
    }
    values[TYPE] = value_text(heap_type(heap, row.id)->name);
    values[SIZE] = value_bytes(heap_footprint(heap, row.id));
    values[ADDRESS] = values[SHOWN_ADDRESS] = value_address(heap_address(heap, row.id));
    if (context->products & PRODUCT_DOMINATORS)
        values[RETAINED] = value_bytes(dominators_retained(context->refresh->dominators, row.id));
    if (wanted & 1u << LABEL)
        label_cell(context, model, row, cells);
    if (wanted & 1u << VALUE)
        value_cell(context->refresh->graph, row.id, cells);
}

static bool about(const struct view_context *context, const void *model, struct row row,
                  struct subject *ret) {
    (void)model;
    if (kind_of(row) != ROW_REFERENCE && kind_of(row) != ROW_REFERRER)
        return false;
    *ret = subject_of_object(context->refresh->heap, row.id);
    return true;
}

/* ---- elsewhere ---------------------------------------------------------------------------------- */

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    (void)sort;
    strbuf_printf(out, "object %s %#llx", source, (unsigned long long)context->subject.address);
}

/* What it refers to, some levels deep. */
static struct err *dot(const struct view_context *context, struct work *work, struct strbuf *out) {
    enum { DEPTH = 3, LIMIT = 20 };
    struct reference_tree tree = {0};
    if (context->object == HEAP_NONE)
        return err_new(ERR_FAILED, "the object is not there any more");
    TRY(reference_tree_grow(context->refresh->graph, context->object, TOWARDS_REFERENCES, DEPTH,
                            LIMIT, work_cancel(work), &tree));
    struct err *err = reference_tree_dot(&tree, true, out);
    reference_tree_free(&tree);
    return err;
}

static const struct page pages[] = {{
    .name = "object",
    .export = "object",
    .needs = PRODUCT_GRAPH,
    .wants = PRODUCT_DOMINATORS,
    .fixed_order = true,
    .columns = columns,
    .open = open_object,
    .close = close_object,
    .root = root,
    .cells = cells,
    .expands = expands,
    .children = children,
    .about = about,
    .command = command,
    .dot = dot,
}};

extern const struct view view_object;
const struct view view_object = {
    .name = "object",
    .title = "Object",
    .key = '5',
    .subjects = 1 << SUBJECT_OBJECT,
    .about_help =
        "One object: its value, how its refcount adds up (\"hidden\" is what no known reference "
        "accounts for), what it refers to and what refers to it. → opens the references of a "
        "reference, the referrers of a referrer; weak ones are faint; \"above\" marks a cycle. "
        "Enter goes to the other object, Backspace returns.",
    .pages = pages,
    .page_count = 1,
};
