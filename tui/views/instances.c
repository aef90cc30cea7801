/* Instances: the objects of a type, one by one. */
#include "report/command_line.h"
#include "tui/view.h"

#include "base/cancel.h"

#include <stdlib.h>
#include <string.h>

enum { ADDRESS, VALUE, SIZE, RETAINED, REFCOUNT, HIDDEN, FIRST_SEEN, COLUMNS };

/* Since when objects are there is to be told only after a further capture. */
static const struct column *columns(const struct view_context *context, size_t *count,
                                    size_t *sort) {
    static const struct column all[COLUMNS] = {
        [ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, 0},
        [VALUE] = {"value", "VALUE", VALUE_TEXT, COLUMN_TAIL},
        [SIZE] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [RETAINED] = {"retained", "RETAINED", VALUE_BYTES, 0},
        [REFCOUNT] = {"refcount", "REFS", VALUE_COUNT, 0},
        [HIDDEN] = {"hidden", "HIDDEN", VALUE_SIGNED, 0},
        [FIRST_SEEN] = {"first_seen", "SINCE", VALUE_COUNT, 0},
    };
    *count = context->refresh->number > 1 ? COLUMNS : FIRST_SEEN;
    *sort = PAGE_UNSORTED;
    return all;
}

struct model {
    struct vec(uint32_t) ids;
};

static void close_instances(void *opened) {
    struct model *model = opened;
    if (model)
        vec_free(&model->ids);
    free(model);
}

/* Types of the same name are different ones: of modules that were imported anew, of other interpreters. */
static void say_which(const struct heap *heap, const struct type *type, struct strbuf *heading) {
    unsigned others = 0;
    for (uint32_t i = 0; i < heap_type_count(heap); i++)
        others += heap_type_by_id(heap, i) != type && heap_type_sums(heap, i)->objects &&
                  !strcmp(heap_type_by_id(heap, i)->name, type->name);
    if (others)
        strbuf_printf(heading, "of the type at %#llx: %u other%s called so, too\n",
                      (unsigned long long)type->address, others, others == 1 ? " is" : "s are");
}

static struct err *open_instances(const struct view_context *context, struct work *work,
                                  struct opened_page *ret) {
    enum { SLICE = 1 << 20 };
    const struct heap *heap = context->refresh->heap;
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return err_no_memory();
    ret->model = model;
    if (context->type_id == HEAP_NONE) {
        strbuf_puts(&ret->heading, "there is no object of this type any more\n");
        return NULL;
    }
    const struct type *type = heap_type_by_id(heap, context->type_id);
    if (!vec_reserve(&model->ids, heap_type_sums(heap, context->type_id)->objects))
        return err_no_memory();
    say_which(heap, type, &ret->heading);
    for (uint32_t id = 0; id < heap_count(heap); id++) {
        if (id % SLICE == 0) {
            work_share(work, id, heap_count(heap));
            TRY(cancel_check(work_cancel(work)));
        }
        if (heap_type(heap, id) == type && !vec_push(&model->ids, id))
            return err_no_memory();
    }
    ret->root_count = (uint32_t)model->ids.count;
    return NULL;
}

static struct row root(const struct view_context *context, const void *opened, uint32_t index) {
    const struct model *model = opened;
    (void)context;
    return (struct row){.id = model->ids.items[index]};
}

static void cells(const struct view_context *context, const void *model, struct row row,
                  unsigned wanted, struct cells *cells) {
    const struct refresh *refresh = context->refresh;
    const struct heap *heap = refresh->heap;
    struct value *values = cells->values;
    (void)model;
    values[ADDRESS] = value_address(heap_address(heap, row.id));
    values[SIZE] = value_bytes(heap_footprint(heap, row.id));
    if (!(heap_flags(heap, row.id) & OBJECT_IMMORTAL))
        values[REFCOUNT] = value_count(heap_refcount(heap, row.id));
    if (context->products & PRODUCT_DOMINATORS)
        values[RETAINED] = value_bytes(dominators_retained(refresh->dominators, row.id));
    if (wanted & 1u << HIDDEN && context->products & PRODUCT_GRAPH) {
        int64_t hidden = graph_hidden(refresh->graph, row.id);
        if (hidden)
            values[HIDDEN] = value_signed(hidden);
    }
    if (refresh->first_seen.of)
        values[FIRST_SEEN] = value_count(refresh->first_seen.of[row.id]);
    if (wanted & 1u << VALUE) {
        struct strbuf text = {0};
        heap_preview_contents(heap, row.id, &text);
        values[VALUE] = cells_text(cells, strbuf_text(&text));
        strbuf_free(&text);
    }
    if (!(heap_flags(heap, row.id) & OBJECT_REACHABLE))
        cells->style = ROW_WARNING;
}

static bool about(const struct view_context *context, const void *model, struct row row,
                  struct subject *ret) {
    (void)model;
    *ret = subject_of_object(context->refresh->heap, row.id);
    return true;
}

static uint64_t identity(const struct view_context *context, const void *model, struct row row) {
    (void)model;
    return heap_address(context->refresh->heap, row.id);
}

/* A type's name as a pattern that matches nothing else. */
static void add_pattern(const char *name, struct strbuf *out) {
    for (; *name; name++) {
        bool special = strchr("*?[", *name);
        strbuf_printf(out, special ? "[%c]" : "%c", *name);
    }
}

static void command(const struct view_context *context, const char *source, const char *sort,
                    struct strbuf *out) {
    static const char *const sorts[] = {"address", "footprint", "refcount", "retained"};
    struct strbuf pattern = {0};
    const struct type *type = context->type_id == HEAP_NONE
                                  ? NULL
                                  : heap_type_by_id(context->refresh->heap, context->type_id);
    add_pattern(type ? type->name : context->subject.type, &pattern);
    strbuf_printf(out, "objects %s -n 0 --type ", source);
    shell_quote(out, strbuf_text(&pattern));
    for (size_t i = 0; sort && i < sizeof sorts / sizeof *sorts; i++) {
        if (!strcmp(sort, sorts[i]))
            strbuf_printf(out, " --sort %s", sort);
    }
    strbuf_free(&pattern);
}

static const struct page pages[] = {{
    .name = "instances",
    .export = "instances",
    .wants = PRODUCT_DOMINATORS,
    .columns = columns,
    .open = open_instances,
    .close = close_instances,
    .root = root,
    .cells = cells,
    .about = about,
    .identity = identity,
    .command = command,
}};

extern const struct view view_instances;
const struct view view_instances = {
    .name = "instances",
    .title = "Instances",
    .key = '4',
    .subjects = 1 << SUBJECT_TYPE,
    .about_help =
        "The objects of a type, one by one: RETAINED is what would be freed with one, HIDDEN how "
        "many of its references nothing accounts for, SINCE the capture in which it was "
        "there first. Marked ones are reachable from no root: garbage, or leaked. Enter shows the "
        "object.",
    .pages = pages,
    .page_count = 1,
};
