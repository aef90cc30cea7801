/* Threads: Python stacks with their variables. */
#include "report/units.h"
#include "tui/view.h"

#include <stdlib.h>

enum { NAME, TYPE, VALUE, RETAINED, SIZE, ADDRESS, COLUMNS };

static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static const struct column all[COLUMNS] = {
        [NAME] = {"name", "NAME", VALUE_TEXT, COLUMN_SHRINKS},
        [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_SHRINKS},
        [VALUE] = {"value", "VALUE", VALUE_TEXT, COLUMN_TAIL},
        [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [SIZE] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
    };
    (void)context;
    *count = COLUMNS;
    *sort = PAGE_UNSORTED;
    return all;
}

#define NONE UINT32_MAX

/* Kinds of rows; ids are indices into the lists of struct stacks. */
enum kind { THREAD, FRAME, VARIABLE };

struct model {
    const struct stacks *stacks;
    uint32_t first; /* the thread that comes first, expanded */
};

/* The main thread, if it runs Python code. */
static uint32_t first_to_show(const struct stacks *stacks, pid_t pid) {
    uint32_t found = NONE;
    for (uint32_t i = 0; i < stacks->threads.count; i++) {
        const struct stack_thread *thread = &stacks->threads.items[i];
        if (thread->frame_count && (found == NONE || thread->native_id == pid))
            found = i;
    }
    return found;
}

static struct err *open_threads(const struct view_context *context, struct work *work,
                                struct opened_page *ret) {
    const struct refresh *refresh = context->refresh;
    struct model *model = calloc(1, sizeof *model);
    (void)work;
    if (!model)
        return err_no_memory();
    ret->model = model;
    model->stacks = &refresh->stacks;
    model->first = first_to_show(model->stacks, source_info(refresh->source)->pid);
    ret->root_count = (uint32_t)model->stacks->threads.count;
    return NULL;
}

static struct row root(const struct view_context *context, const void *opened, uint32_t index) {
    const struct model *model = opened;
    (void)context;
    if (model->first != NONE && index <= model->first)
        index = index ? index - 1 : model->first;
    return (struct row){.kind = THREAD, .id = index};
}

static void thread_cells(const struct stack_thread *thread, unsigned wanted, struct cells *cells) {
    struct strbuf text = {0};
    char count[UNITS_SIZE];
    cells->style = ROW_STRONG;
    if (wanted & 1u << NAME) {
        strbuf_printf(&text, "\"%s\" (%d)", thread->name, (int)thread->native_id);
        cells->values[NAME] = cells_text(cells, strbuf_text(&text));
    }
    if (wanted & 1u << VALUE) {
        strbuf_clear(&text);
        if (thread->frame_count)
            strbuf_printf(&text, "%s frame%s", units_count(count, thread->frame_count),
                          thread->frame_count == 1 ? "" : "s");
        else
            strbuf_puts(&text, "runs no Python code");
        if (thread->interpreter)
            strbuf_printf(&text, ", of interpreter %lld", (long long)thread->interpreter);
        cells->values[VALUE] = cells_text(cells, strbuf_text(&text));
    }
    cells->failed |= text.failed;
    strbuf_free(&text);
}

static void frame_cells(const struct stack_frame *frame, unsigned wanted, struct cells *cells) {
    struct strbuf text = {0};
    if (wanted & 1u << NAME) {
        strbuf_printf(&text, "%s()", frame->function);
        cells->values[NAME] = cells_text(cells, strbuf_text(&text));
    }
    if (wanted & 1u << VALUE) {
        strbuf_clear(&text);
        strbuf_puts(&text, frame->file);
        if (frame->line)
            strbuf_printf(&text, ":%d", frame->line);
        cells->values[VALUE] = cells_text(cells, strbuf_text(&text));
    }
    cells->failed |= text.failed;
    strbuf_free(&text);
}

static void variable_cells(const struct view_context *context,
                           const struct stack_variable *variable, unsigned wanted,
                           struct cells *cells) {
    const struct refresh *refresh = context->refresh;
    const struct heap *heap = refresh->heap;
    struct value *values = cells->values;
    uint32_t id = heap_find(heap, variable->address);
    values[NAME] = value_text(variable->name);
    values[ADDRESS] = value_address(variable->address);
    if (id == HEAP_NONE) {
        values[TYPE] = value_text("?");
        cells->style = ROW_FAINT;
        return;
    }
    values[TYPE] = value_text(heap_type(heap, id)->name);
    values[SIZE] = value_bytes(heap_footprint(heap, id));
    if (context->products & PRODUCT_DOMINATORS)
        values[RETAINED] = value_bytes(dominators_retained(refresh->dominators, id));
    if (wanted & 1u << VALUE) {
        struct strbuf text = {0};
        heap_preview_contents(heap, id, &text);
        values[VALUE] = cells_text(cells, strbuf_text(&text));
        strbuf_free(&text);
    }
}

static void cells(const struct view_context *context, const void *opened, struct row row,
                  unsigned wanted, struct cells *cells) {
    const struct model *model = opened;
    const struct stacks *stacks = model->stacks;
    if (row.kind == THREAD)
        thread_cells(&stacks->threads.items[row.id], wanted, cells);
    else if (row.kind == FRAME)
        frame_cells(&stacks->frames.items[row.id], wanted, cells);
    else
        variable_cells(context, &stacks->variables.items[row.id], wanted, cells);
}

/* What a row has below it, in the list of the next kind. */
static size_t children_of(const struct stacks *stacks, struct row row, size_t *first) {
    if (row.kind == THREAD) {
        *first = stacks->threads.items[row.id].first_frame;
        return stacks->threads.items[row.id].frame_count;
    }
    if (row.kind == FRAME) {
        *first = stacks->frames.items[row.id].first_variable;
        return stacks->frames.items[row.id].variable_count;
    }
    return 0;
}

static bool expands(const struct view_context *context, const void *opened, struct row row,
                    bool *from_the_start) {
    const struct model *model = opened;
    size_t first;
    (void)context;
    const struct stacks *stacks = model->stacks;
    *from_the_start =
        model->first != NONE &&
        (row.kind == THREAD ? row.id == model->first
                            : row.id == stacks->threads.items[model->first].first_frame);
    return children_of(stacks, row, &first) > 0;
}

static struct err *children(const struct view_context *context, const void *opened, struct row row,
                            uint64_t first, size_t limit, struct row_list *to) {
    const struct model *model = opened;
    size_t start, count = children_of(model->stacks, row, &start);
    (void)context;
    for (uint64_t i = first; i < count && limit--; i++) {
        struct row child = {row.kind == THREAD ? FRAME : VARIABLE, (uint32_t)(start + i), 0};
        if (!vec_push(to, child))
            return err_no_memory();
    }
    return NULL;
}

static bool about(const struct view_context *context, const void *opened, struct row row,
                  struct subject *ret) {
    const struct model *model = opened;
    const struct heap *heap = context->refresh->heap;
    if (row.kind != VARIABLE)
        return false;
    uint32_t id = heap_find(heap, model->stacks->variables.items[row.id].address);
    if (id == HEAP_NONE)
        return false;
    *ret = subject_of_object(heap, id);
    return true;
}

/* The same thread in another refresh. */
static uint64_t identity(const struct view_context *context, const void *opened, struct row row) {
    const struct model *model = opened;
    (void)context;
    return row.kind == THREAD ? model->stacks->threads.items[row.id].thread_id : 0;
}

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    (void)context;
    (void)sort;
    strbuf_printf(out, "threads %s -n 0", source);
}

static const struct page pages[] = {{
    .name = "threads",
    .export = "threads",
    .needs = PRODUCT_STACKS,
    .wants = PRODUCT_DOMINATORS,
    .fixed_order = true,
    .columns = columns,
    .open = open_threads,
    .close = free,
    .root = root,
    .cells = cells,
    .expands = expands,
    .children = children,
    .about = about,
    .identity = identity,
    .command = command,
}};

extern const struct view view_threads;
const struct view view_threads = {
    .name = "threads",
    .title = "Threads",
    .key = '9',
    .subjects = 1 << SUBJECT_NONE,
    .about_help =
        "What each thread runs: its frames, the innermost first, and their variables with what "
        "would be freed with them (RETAINED). → shows the frames of a thread and the variables of "
        "a frame; Enter on a variable leads to its object.",
    .pages = pages,
    .page_count = 1,
};
