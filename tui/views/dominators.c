/* Dominators: what each object alone keeps alive, the biggest first, as a tree that expands in place. */
#include "base/cancel.h"
#include "introspect/analyses/dominator_rows.h"
#include "introspect/analyses/reference_labels.h"
#include "report/units.h"
#include "tui/view.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECT, TYPE, RETAINED, SHARE, OWN, ADDRESS, SHOWN_ADDRESS, COLUMNS };

enum {
    FEW_REFERENCES = 4096, /* that are looked through for the name of a single child */
    MOST_NAMED = 4096,     /* children of an owner of more that are named, together */
    NAME_BATCHES = 64,
    WIDE = 110, /* columns of a screen that has room for addresses */
};

static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static const struct column all[COLUMNS] = {
        [OBJECT] = {"object", "OBJECT", VALUE_TEXT, COLUMN_TAIL},
        [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [SHARE] = {"share", "SHARE", VALUE_SHARE, COLUMN_SCREEN},
        [OWN] = {"footprint", "OWN", VALUE_BYTES, 0},
        [ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
        [SHOWN_ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, COLUMN_SCREEN},
    };
    *count = context->width < WIDE ? SHOWN_ADDRESS : COLUMNS;
    *sort = RETAINED;
    return all;
}

/* How some children are named by the one that they hang from, which has so many references that they are not looked
 * through for each of them. */
struct name_batch {
    uint32_t owner;
    size_t count;
    struct child_name {
        uint32_t child;
        struct reference reference; /* target 0: it has none to it */
    } * items;                      /* by child */
};

struct model {
    struct vec(uint32_t) roots; /* by id */
    struct reference_labels *labels;
    uint64_t whole;
    pthread_mutex_t lock; /* over what follows */
    /* The children that were asked for last: further ones follow. */
    uint32_t node, *children;
    size_t child_count;
    struct name_batch batches[NAME_BATCHES];
    size_t next_batch;
};

/* ---- opening ------------------------------------------------------------------------------------ */

static void close_dominators(void *opened) {
    struct model *model = opened;
    if (!model)
        return;
    for (size_t i = 0; i < NAME_BATCHES; i++)
        free(model->batches[i].items);
    free(model->children);
    vec_free(&model->roots);
    reference_labels_destroy(model->labels);
    pthread_mutex_destroy(&model->lock);
    free(model);
}

static void add_heading(const struct view_context *context, uint32_t node, struct strbuf *out) {
    const struct heap *heap = context->refresh->heap;
    const struct dominators *dominators = context->refresh->dominators;
    char size[UNITS_SIZE], all[UNITS_SIZE];
    uint64_t kept = dominators_retained(dominators, node), whole = heap_totals(heap)->footprint;
    if (node == DOMINATORS_ROOT) {
        strbuf_printf(out, "%s of %s are kept alive; below, what single objects keep alone",
                      units_short(size, kept), units_short(all, whole));
        if (whole > kept)
            strbuf_printf(out, "; %s are garbage", units_short(size, whole - kept));
        strbuf_putc(out, '\n');
        return;
    }
    uint32_t parent = dominators_parent(dominators, node);
    strbuf_printf(out, "it keeps %s alone, itself included; ", units_short(size, kept));
    if (parent == HEAP_NONE)
        strbuf_puts(out, "nothing keeps it: garbage\n");
    else if (parent == DOMINATORS_HIDDEN)
        strbuf_puts(out, "hidden references keep it\n");
    else if (parent == DOMINATORS_ROOT)
        strbuf_puts(out, "no single object keeps it\n");
    else
        strbuf_printf(out, "%s at %#llx keeps it alone\n", heap_type(heap, parent)->name,
                      (unsigned long long)heap_address(heap, parent));
}

static struct err *collect_roots(const struct view_context *context, struct model *model,
                                 uint32_t node, struct work *work) {
    enum { SLICE = 1 << 20 };
    const struct dominators *dominators = context->refresh->dominators;
    uint32_t count = heap_count(context->refresh->heap);
    for (uint32_t id = 0; id < count; id++) {
        if (id % SLICE == 0) {
            work_share(work, id, count);
            TRY(cancel_check(work_cancel(work)));
        }
        if (dominators_parent(dominators, id) == node && !vec_push(&model->roots, id))
            return err_no_memory();
    }
    if (node == DOMINATORS_ROOT && dominators_retained(dominators, DOMINATORS_HIDDEN) &&
        !vec_push(&model->roots, DOMINATORS_HIDDEN))
        return err_no_memory();
    return NULL;
}

static struct err *open_dominators(const struct view_context *context, struct work *work,
                                   struct opened_page *ret) {
    bool about_object = context->subject.kind == SUBJECT_OBJECT;
    uint32_t node = about_object ? context->object : DOMINATORS_ROOT;
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return err_no_memory();
    pthread_mutex_init(&model->lock, NULL);
    ret->model = model;
    model->node = HEAP_NONE;
    model->whole = dominators_retained(context->refresh->dominators, DOMINATORS_ROOT);
    TRY(reference_labels_create(context->refresh->graph, &model->labels));
    if (node == HEAP_NONE) {
        strbuf_puts(&ret->heading, "this object is not there any more\n");
        return NULL;
    }
    add_heading(context, node, &ret->heading);
    TRY(collect_roots(context, model, node, work));
    ret->root_count = (uint32_t)model->roots.count;
    return NULL;
}

/* ---- names -------------------------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = ((const struct child_name *)right)->child;
    return a < b ? -1 : a > b;
}

/* The first reference of an owner of few to its child. */
static bool name_of_few(struct model *model, const struct graph *graph, uint32_t owner,
                        uint32_t child, struct reference *ret) {
    struct graph_references references = graph_references(graph, owner);
    for (size_t i = 0; i < references.count; i++) {
        if (references.targets[i] == child && references.properties[i] & REFERENCE_RETAINS)
            return reference_label_at(model->labels, owner, TOWARDS_REFERENCES, i, ret);
    }
    return false;
}

static bool name_of(struct model *model, const struct graph *graph, uint32_t owner, uint32_t child,
                    struct reference *ret) {
    bool found = false;
    if (graph_references(graph, owner).count <= FEW_REFERENCES)
        return name_of_few(model, graph, owner, child, ret);
    pthread_mutex_lock(&model->lock);
    for (size_t i = 0; i < NAME_BATCHES && !found; i++) {
        const struct name_batch *batch = &model->batches[i];
        const struct child_name *name =
            batch->items && batch->owner == owner
                ? bsearch(&child, batch->items, batch->count, sizeof *batch->items, compare_names)
                : NULL;
        if (name && name->reference.target) {
            *ret = name->reference;
            found = true;
        }
    }
    pthread_mutex_unlock(&model->lock);
    return found;
}

struct naming {
    const struct name_batch *batch;
    uint8_t *wanted; /* a bit for each id */
};

static void keep_name(void *context, size_t position, uint32_t target,
                      const struct reference *reference) {
    const struct naming *naming = context;
    const struct name_batch *batch = naming->batch;
    (void)position;
    if (!(naming->wanted[target / 8] >> target % 8 & 1))
        return;
    struct child_name *name =
        bsearch(&target, batch->items, batch->count, sizeof *batch->items, compare_names);
    if (name && !name->reference.target && reference->properties & REFERENCE_RETAINS)
        name->reference = *reference;
}

static int compare_children(const void *left, const void *right) {
    uint32_t a = ((const struct child_name *)left)->child,
             b = ((const struct child_name *)right)->child;
    return a < b ? -1 : a > b;
}

/* Of many references at once; without memory they stay without names. */
static void name_children(struct model *model, const struct graph *graph, uint32_t owner,
                          const uint32_t *children, size_t count) {
    struct graph_references references = graph_references(graph, owner);
    if (references.count <= FEW_REFERENCES || count > MOST_NAMED)
        return;
    struct name_batch batch = {owner, count, calloc(count, sizeof *batch.items)};
    struct naming naming = {&batch, calloc((size_t)graph->object_count / 8 + 1, 1)};
    if (!batch.items || !naming.wanted) {
        free(batch.items);
        free(naming.wanted);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        batch.items[i].child = children[i];
        naming.wanted[children[i] / 8] |= (uint8_t)(1 << children[i] % 8);
    }
    qsort(batch.items, count, sizeof *batch.items, compare_children);
    graph_labelled_part(graph, owner, 0, references.count, keep_name, &naming);
    free(naming.wanted);
    struct name_batch *place = &model->batches[model->next_batch++ % NAME_BATCHES];
    free(place->items);
    *place = batch;
}

/* ---- rows --------------------------------------------------------------------------------------- */

static struct row root(const struct view_context *context, const void *opened, uint32_t index) {
    const struct model *model = opened;
    (void)context;
    return (struct row){.id = model->roots.items[index]};
}

/* "['orders'] = {48,912 items}": how the one that it hangs from calls it, or a root; and its value. */
static void describe(const struct view_context *context, struct model *model, uint32_t id,
                     struct strbuf *out) {
    const struct graph *graph = context->refresh->graph;
    uint32_t parent = dominators_parent(context->refresh->dominators, id);
    struct reference reference;
    struct strbuf value = {0};
    if (parent < graph->object_count && name_of(model, graph, parent, id, &reference))
        heap_label(graph->heap, parent, &reference, out);
    else
        dominator_root_name(graph, id, out);
    bool is_module = !strncmp(strbuf_text(out), "module ", strlen("module "));
    if (!is_module) /* whose name says it all */
        add_preview(graph, id, &value);
    if (value.length)
        strbuf_printf(out, "%s%s", out->length ? " = " : "", value.text);
    out->failed |= value.failed;
    strbuf_free(&value);
}

static void cells(const struct view_context *context, const void *opened, struct row row,
                  unsigned wanted, struct cells *cells) {
    struct model *model = (struct model *)opened; /* its caches have a lock */
    const struct heap *heap = context->refresh->heap;
    struct value *values = cells->values;
    uint64_t retained = dominators_retained(context->refresh->dominators, row.id);
    values[RETAINED] = value_bytes(retained);
    values[SHARE] = value_share(retained, model->whole);
    if (row.id == DOMINATORS_HIDDEN) {
        values[OBJECT] = value_text("hidden references");
        cells->style = ROW_WARNING;
        return;
    }
    values[TYPE] = value_text(heap_type(heap, row.id)->name);
    values[OWN] = value_bytes(heap_footprint(heap, row.id));
    values[ADDRESS] = values[SHOWN_ADDRESS] = value_address(heap_address(heap, row.id));
    if (wanted & 1u << OBJECT) {
        struct strbuf text = {0};
        describe(context, model, row.id, &text);
        values[OBJECT] = cells_text(cells, strbuf_text(&text));
        strbuf_free(&text);
    }
}

static bool expands(const struct view_context *context, const void *model, struct row row,
                    bool *from_the_start) {
    (void)model;
    *from_the_start = false;
    uint64_t own = row.id == DOMINATORS_HIDDEN ? 0 : heap_footprint(context->refresh->heap, row.id);
    return dominators_retained(context->refresh->dominators, row.id) > own;
}

/* All of a node, in the model until those of another one are asked for. */
static struct err *load_children(const struct view_context *context, struct model *model,
                                 uint32_t node) {
    if (model->children && model->node == node)
        return NULL;
    free(model->children);
    model->children = NULL;
    model->child_count = 0;
    model->node = node;
    return dominators_children(context->refresh->dominators, node, &model->children,
                               &model->child_count);
}

static struct err *children(const struct view_context *context, const void *opened, struct row row,
                            uint64_t first, size_t limit, struct row_list *to) {
    struct model *model = (struct model *)opened;
    pthread_mutex_lock(&model->lock);
    struct err *err = load_children(context, model, row.id);
    size_t left = first < model->child_count ? model->child_count - (size_t)first : 0;
    size_t count = left < limit ? left : limit;
    if (!err && !vec_reserve(to, count))
        err = err_no_memory();
    for (size_t i = 0; !err && i < count; i++)
        to->items[to->count++] = (struct row){.id = model->children[first + i]};
    if (!err && count && row.id != DOMINATORS_HIDDEN)
        name_children(model, context->refresh->graph, row.id, model->children + first, count);
    pthread_mutex_unlock(&model->lock);
    return err;
}

static bool about(const struct view_context *context, const void *model, struct row row,
                  struct subject *ret) {
    (void)model;
    if (row.id == DOMINATORS_HIDDEN)
        return false;
    *ret = subject_of_object(context->refresh->heap, row.id);
    return true;
}

static uint64_t identity(const struct view_context *context, const void *model, struct row row) {
    (void)model;
    return row.id == DOMINATORS_HIDDEN ? 1 : heap_address(context->refresh->heap, row.id);
}

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    (void)sort;
    strbuf_printf(out, "dominators %s", source);
    if (context->subject.kind == SUBJECT_OBJECT)
        strbuf_printf(out, " %#llx", (unsigned long long)context->subject.address);
    strbuf_puts(out, " -n 0");
}

static const struct page pages[] = {{
    .name = "dominators",
    .export = "dominators",
    .needs = PRODUCT_DOMINATORS,
    .columns = columns,
    .open = open_dominators,
    .close = close_dominators,
    .root = root,
    .cells = cells,
    .expands = expands,
    .children = children,
    .about = about,
    .identity = identity,
    .command = command,
}};

extern const struct view view_dominators;
const struct view view_dominators = {
    .name = "dominators",
    .title = "Dominators",
    .key = '7',
    .subjects = 1 << SUBJECT_NONE | 1 << SUBJECT_OBJECT,
    .about_help =
        "What each object alone keeps alive, the biggest first: RETAINED is what would be freed if "
        "it went, OWN what it occupies itself. → shows what that consists of, as a disk usage tool "
        "does with folders; each object hangs from the nearest one without which it would be gone. "
        "d on any object begins there.",
    .pages = pages,
    .page_count = 1,
};
