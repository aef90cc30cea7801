/* Paths: what keeps an object alive, the shortest paths first; or all objects of a type, by path. */
#include "introspect/analyses/paths.h"
#include "introspect/graph/path_text.h"
#include "report/command_line.h"
#include "report/units.h"
#include "report/width.h"
#include "tui/view.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    FIRST_PATHS = 10, /* further ones are below a last row */
    PATHS_KEPT = 128,
    WIDE = 110, /* columns of a screen that has room for addresses */
};

/* ---- columns ------------------------------------------------------------------------------------ */

enum { PATH, TYPE, RETAINED, ADDRESS, SHOWN_ADDRESS, COLUMNS };                /* of an object */
enum { MERGED_PATH, OBJECTS, MERGED_RETAINED, ROOT, HOLDERS, MERGED_COLUMNS }; /* of a type */

static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static const struct column of_object[COLUMNS] = {
        [PATH] = {"path", "PATH", VALUE_TEXT, COLUMN_SHRINKS},
        [TYPE] = {"type", "ROOT, TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
        [SHOWN_ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, COLUMN_SCREEN},
    };
    static const struct column of_type[MERGED_COLUMNS] = {
        [MERGED_PATH] = {"path", "PATH", VALUE_TEXT, COLUMN_SHRINKS},
        [OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
        [MERGED_RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [ROOT] = {"root", "ROOT", VALUE_TEXT, COLUMN_SHRINKS},
        [HOLDERS] = {"holders", "HOLDERS", VALUE_COUNT, 0},
    };
    bool type = context->subject.kind == SUBJECT_TYPE;
    *count = type ? MERGED_COLUMNS : context->width < WIDE ? SHOWN_ADDRESS : COLUMNS;
    *sort = type ? OBJECTS : PAGE_UNSORTED;
    return type ? of_type : of_object;
}

/* ---- model -------------------------------------------------------------------------------------- */

/* ROW_STEP: `id` is the path's index, `detail` the object's place on it, 0 behind the root. */
enum row_kind { ROW_PATH, ROW_FURTHER, ROW_STEP, ROW_MERGED, ROW_EXAMPLE };

struct model {
    struct path_ways *ways;     /* of an object; NULL: it is gone */
    struct merged_paths merged; /* of a type */
    /* Paths that were shown last, by their index modulo PATHS_KEPT. */
    pthread_mutex_t lock;
    struct {
        size_t index;
        bool known;
        struct path path;
    } kept[PATHS_KEPT];
};

static void close_paths(void *opened) {
    struct model *model = opened;
    if (!model)
        return;
    for (size_t i = 0; i < PATHS_KEPT; i++)
        path_free(&model->kept[i].path);
    path_ways_destroy(model->ways);
    merged_paths_free(&model->merged);
    pthread_mutex_destroy(&model->lock);
    free(model);
}

/* A path, made now or before: to be used under the lock. NULL without memory. */
static const struct path *path_at(struct model *model, size_t index) {
    size_t place = index % PATHS_KEPT;
    if (model->kept[place].known && model->kept[place].index == index)
        return &model->kept[place].path;
    path_free(&model->kept[place].path);
    model->kept[place].known = false;
    struct err *err = path_ways_path(model->ways, index, &model->kept[place].path);
    if (err) {
        err_free(err);
        return NULL;
    }
    model->kept[place].known = true;
    model->kept[place].index = index;
    return &model->kept[place].path;
}

/* ---- opening ------------------------------------------------------------------------------------ */

static struct err *open_object(const struct view_context *context, struct model *model,
                               struct work *work, struct opened_page *ret) {
    const struct graph *graph = context->refresh->graph;
    char count[UNITS_SIZE];
    if (context->object == HEAP_NONE) {
        strbuf_puts(&ret->heading, "this object is not there any more\n");
        return NULL;
    }
    work_phase(work, "shortest paths");
    TRY(path_ways_find(graph, context->object, HEAP_NONE, NULL, work_cancel(work), &model->ways));
    size_t paths = path_ways_count(model->ways);
    ret->root_count = paths <= FIRST_PATHS ? (uint32_t)paths : FIRST_PATHS + 1;
    struct strbuf value = {0};
    add_preview(graph, context->object, &value);
    width_add_fitting(&ret->heading, strbuf_text(&value), context->width, false);
    strbuf_free(&value);
    if (ret->heading.length)
        strbuf_putc(&ret->heading, '\n');
    if (paths)
        strbuf_printf(&ret->heading, "%s way%s: by each last referrer the shortest, those first\n",
                      units_count(count, paths), paths == 1 ? "" : "s");
    else
        path_none_text(graph, context->object, &ret->heading);
    for (size_t i = 0; i < ret->heading.length; i++) {
        if (ret->heading.text[i] == '\t')
            ret->heading.text[i] = ' ';
    }
    if (!paths)
        strbuf_putc(&ret->heading, '\n');
    return NULL;
}

static struct err *open_type(const struct view_context *context, struct model *model,
                             struct work *work, struct opened_page *ret) {
    const struct path_filter filter = {.barrier = HEAP_NONE};
    const struct heap *heap = context->refresh->heap;
    char count[UNITS_SIZE];
    if (context->type_id == HEAP_NONE) {
        strbuf_puts(&ret->heading, "there is no object of this type any more\n");
        return NULL;
    }
    bool *types = calloc(heap_type_count(heap) + 1, sizeof *types);
    if (!types)
        return err_no_memory();
    types[context->type_id] = true;
    work_phase(work, "shortest paths");
    struct err *err =
        paths_to_types(context->refresh->graph,
                       context->products & PRODUCT_DOMINATORS ? context->refresh->dominators : NULL,
                       types, &filter, work_cancel(work), &model->merged);
    free(types);
    if (err)
        return err;
    const struct merged_paths *merged = &model->merged;
    ret->root_count = (uint32_t)merged->count;
    strbuf_printf(&ret->heading, "%s objects, by the path that each is found on",
                  units_count(count, merged->objects));
    if (merged->hidden)
        strbuf_printf(&ret->heading, "; %s held by hidden references alone",
                      units_count(count, merged->hidden));
    if (merged->unreached)
        strbuf_printf(&ret->heading, "; %s garbage", units_count(count, merged->unreached));
    strbuf_putc(&ret->heading, '\n');
    return NULL;
}

static struct err *open_paths(const struct view_context *context, struct work *work,
                              struct opened_page *ret) {
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return err_no_memory();
    pthread_mutex_init(&model->lock, NULL);
    ret->model = model;
    return context->subject.kind == SUBJECT_TYPE ? open_type(context, model, work, ret)
                                                 : open_object(context, model, work, ret);
}

static struct row root(const struct view_context *context, const void *model, uint32_t index) {
    (void)model;
    if (context->subject.kind == SUBJECT_TYPE)
        return (struct row){.kind = ROW_MERGED, .id = index};
    return (struct row){.kind = index < FIRST_PATHS ? ROW_PATH : ROW_FURTHER, .id = index};
}

/* ---- children ----------------------------------------------------------------------------------- */

static bool expands(const struct view_context *context, const void *opened, struct row row,
                    bool *from_the_start) {
    const struct model *model = opened;
    (void)context;
    *from_the_start = row.kind == ROW_PATH && path_ways_count(model->ways) == 1;
    return row.kind != ROW_STEP && row.kind != ROW_EXAMPLE;
}

static uint64_t child_count(const struct model *model, struct row row) {
    switch ((enum row_kind)row.kind) {
    case ROW_PATH:
        return path_ways_length(model->ways, row.id) + 1;
    case ROW_FURTHER:
        return path_ways_count(model->ways) - FIRST_PATHS;
    case ROW_MERGED:
        return model->merged.items[row.id].count < MERGED_EXAMPLES
                   ? model->merged.items[row.id].count
                   : MERGED_EXAMPLES;
    default:
        return 0;
    }
}

static struct err *children(const struct view_context *context, const void *opened, struct row row,
                            uint64_t first, size_t limit, struct row_list *to) {
    const struct model *model = opened;
    uint64_t count = child_count(model, row);
    (void)context;
    for (uint64_t i = first; i < count && i - first < limit; i++) {
        struct row child = {.kind = ROW_STEP, .id = row.id, .detail = i};
        if (row.kind == ROW_FURTHER)
            child = (struct row){.kind = ROW_PATH, .id = (uint32_t)(FIRST_PATHS + i)};
        else if (row.kind == ROW_MERGED)
            child.kind = ROW_EXAMPLE;
        if (!vec_push(to, child))
            return err_no_memory();
    }
    return NULL;
}

/* ---- cells -------------------------------------------------------------------------------------- */

static struct value kind_of_root(const struct root *root, struct cells *cells) {
    struct strbuf text = {0};
    strbuf_puts(&text, root_kind_name(root->kind));
    if (root->reference.properties & REFERENCE_GUESSED)
        strbuf_puts(&text, " (guessed)");
    struct value value = cells_text(cells, strbuf_text(&text));
    strbuf_free(&text);
    return value;
}

/* "['SALES'] = {10: ...}" */
static void add_value(const struct graph *graph, uint32_t id, struct strbuf *out) {
    size_t before = out->length;
    if (before)
        strbuf_puts(out, " = ");
    size_t start = out->length;
    add_preview(graph, id, out);
    if (before && out->length == start)
        out->text[out->length = before] = '\0';
}

static void path_cells(const struct view_context *context, struct model *model, struct row row,
                       unsigned wanted, struct cells *cells) {
    struct strbuf text = {0};
    const struct held_root *held = path_ways_root(model->ways, row.id);
    cells->values[TYPE] = kind_of_root(&held->root, cells);
    bool sorting = wanted == 1u << PATH;
    if (!(wanted & 1u << PATH) || (sorting && row.id >= FIRST_PATHS))
        return; /* the further ones stay as they are: to make them all may take hours */
    pthread_mutex_lock(&model->lock);
    const struct path *path = path_at(model, row.id);
    if (path)
        path_text(context->refresh->heap, path, &text);
    cells->failed |= !path;
    pthread_mutex_unlock(&model->lock);
    cells->values[PATH] = cells_text(cells, strbuf_text(&text));
    strbuf_free(&text);
}

/* The object that a step leads to; how, is added to `out`. HEAP_NONE without memory. */
static uint32_t step_of(const struct view_context *context, struct model *model, struct row row,
                        struct strbuf *out) {
    const struct heap *heap = context->refresh->heap;
    uint32_t id = HEAP_NONE;
    pthread_mutex_lock(&model->lock);
    const struct path *path = path_at(model, row.id);
    if (path && !row.detail) {
        id = path->root->object;
        if (out)
            root_name(heap, &path->root->root, out);
    } else if (path) {
        const struct path_hop *hop = &path->hops[row.detail - 1];
        id = hop->target;
        if (out)
            heap_label(heap, hop->owner, &hop->reference, out);
    }
    pthread_mutex_unlock(&model->lock);
    return id;
}

static void object_cells(const struct view_context *context, uint32_t id, struct cells *cells) {
    const struct heap *heap = context->refresh->heap;
    cells->values[TYPE] = value_text(heap_type(heap, id)->name);
    cells->values[ADDRESS] = cells->values[SHOWN_ADDRESS] = value_address(heap_address(heap, id));
    if (context->products & PRODUCT_DOMINATORS)
        cells->values[RETAINED] =
            value_bytes(dominators_retained(context->refresh->dominators, id));
}

static void merged_cells(const struct view_context *context, const struct merged_path *path,
                         struct cells *cells) {
    cells->values[MERGED_PATH] = value_text(path->text);
    cells->values[OBJECTS] = value_count(path->count);
    cells->values[ROOT] = kind_of_root(&path->root->root, cells);
    if (path->owners)
        cells->values[HOLDERS] = value_count(path->owners);
    if (context->products & PRODUCT_DOMINATORS)
        cells->values[MERGED_RETAINED] = value_bytes(path->retained);
}

static void example_cells(const struct view_context *context, uint32_t id, struct cells *cells) {
    const struct graph *graph = context->refresh->graph;
    struct strbuf text = {0};
    strbuf_printf(&text, "%#llx", (unsigned long long)heap_address(graph->heap, id));
    add_value(graph, id, &text);
    cells->values[MERGED_PATH] = cells_text(cells, strbuf_text(&text));
    if (context->products & PRODUCT_DOMINATORS)
        cells->values[MERGED_RETAINED] =
            value_bytes(dominators_retained(context->refresh->dominators, id));
    strbuf_free(&text);
}

static void cells(const struct view_context *context, const void *opened, struct row row,
                  unsigned wanted, struct cells *cells) {
    struct model *model = (struct model *)opened; /* the paths that it keeps have a lock */
    struct strbuf text = {0};
    char count[UNITS_SIZE];
    uint32_t id;
    switch ((enum row_kind)row.kind) {
    case ROW_PATH:
        path_cells(context, model, row, wanted, cells);
        break;
    case ROW_FURTHER:
        strbuf_printf(&text, "%s further paths",
                      units_count(count, path_ways_count(model->ways) - FIRST_PATHS));
        cells->values[PATH] = cells_text(cells, strbuf_text(&text));
        cells->style = ROW_FAINT;
        break;
    case ROW_STEP:
        id = step_of(context, model, row, &text);
        cells->failed |= id == HEAP_NONE;
        if (id == HEAP_NONE)
            break;
        object_cells(context, id, cells);
        if (wanted & 1u << PATH)
            add_value(context->refresh->graph, id, &text);
        cells->values[PATH] = cells_text(cells, strbuf_text(&text));
        break;
    case ROW_MERGED:
        merged_cells(context, &model->merged.items[row.id], cells);
        break;
    case ROW_EXAMPLE:
        example_cells(context, model->merged.items[row.id].examples[row.detail], cells);
        break;
    }
    strbuf_free(&text);
}

/* Of many paths in one what holds all those objects, if that is one thing. */
static bool about(const struct view_context *context, const void *opened, struct row row,
                  struct subject *ret) {
    struct model *model = (struct model *)opened;
    uint32_t id = HEAP_NONE;
    if (row.kind == ROW_STEP)
        id = step_of(context, model, row, NULL);
    else if (row.kind == ROW_MERGED)
        id = model->merged.items[row.id].owner;
    else if (row.kind == ROW_EXAMPLE)
        id = model->merged.items[row.id].examples[row.detail];
    if (id == HEAP_NONE)
        return false;
    *ret = subject_of_object(context->refresh->heap, id);
    return true;
}

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    (void)sort;
    strbuf_printf(out, "paths %s ", source);
    if (context->subject.kind == SUBJECT_OBJECT)
        strbuf_printf(out, "%#llx", (unsigned long long)context->subject.address);
    else
        shell_quote(out, context->subject.type);
    strbuf_puts(out, " -n 0");
}

static const struct page pages[] = {{
    .name = "paths",
    .export = "paths",
    .needs = PRODUCT_GRAPH,
    .wants = PRODUCT_DOMINATORS,
    .columns = columns,
    .open = open_paths,
    .close = close_paths,
    .root = root,
    .cells = cells,
    .expands = expands,
    .children = children,
    .about = about,
    .command = command,
}};

extern const struct view view_paths;
const struct view view_paths = {
    .name = "paths",
    .title = "Paths",
    .key = '6',
    .subjects = 1 << SUBJECT_TYPE | 1 << SUBJECT_OBJECT,
    .about_help =
        "What keeps an object alive: the names by which it is reached, the shortest first. → shows "
        "the objects on a path, Enter goes to one. Of a type: the paths of all its objects, with "
        "keys and indices as *, and how many are found on each; → shows some of them, Enter goes "
        "to what holds them.",
    .pages = pages,
    .page_count = 1,
};
