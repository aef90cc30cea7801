#include "tui/audit_page.h"

#include "introspect/analyses/audit.h"
#include "report/units.h"

#include <stdlib.h>

enum {
    TYPE,
    OBJECTS,
    UNEXPLAINED,
    GUESSED,
    KNOWN,
    FOOTPRINT,
    HIDDEN,
    REFCOUNT,
    FOUND,
    ADDRESS,
    COLUMNS,
};

const struct column *audit_page_columns(const struct view_context *context, size_t *count,
                                        size_t *sort) {
    static const struct column all[COLUMNS] = {
        [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_TAIL},
        [OBJECTS] = {"objects", "OBJECTS", VALUE_COUNT, 0},
        [UNEXPLAINED] = {"unexplained", "UNEXPLAINED", VALUE_COUNT, 0},
        [GUESSED] = {"guessed", "GUESSED", VALUE_COUNT, 0},
        [KNOWN] = {"known", "WHAT IS KNOWN", VALUE_TEXT, COLUMN_TAIL},
        [FOOTPRINT] = {"footprint", "FOOTPRINT", VALUE_BYTES, 0},
        [HIDDEN] = {"hidden", "", VALUE_SIGNED, COLUMN_DATA}, /* the sum of both */
        [REFCOUNT] = {"refcount", "", VALUE_COUNT, COLUMN_DATA},
        [FOUND] = {"found", "", VALUE_COUNT, COLUMN_DATA},
        [ADDRESS] = {"address", "", VALUE_ADDRESS, COLUMN_DATA},
    };
    (void)context;
    *count = COLUMNS;
    *sort = UNEXPLAINED; /* what is equal stays in the audit's order */
    return all;
}

/* Kinds of rows; their `detail` is the part: 0 for what is hidden, 1 for what is overcounted. */
enum kind {
    A_TYPE,    /* id: in audit_part.types */
    AN_OBJECT, /* id: in audit_part.objects */
    UNLISTED,  /* id: the type's */
};

enum { PARTS = 2 };

/* The objects of a part by type: audit.objects are in the order of all. */
struct part {
    const struct audit_part *audit;
    uint32_t *objects; /* indices, by type */
    size_t *first;     /* by type, in audit_part.types; one more at the end */
};

struct model {
    const struct graph *graph;
    struct part parts[PARTS];
};

void audit_page_close(void *opened) {
    struct model *model = opened;
    for (size_t i = 0; model && i < PARTS; i++) {
        free(model->parts[i].objects);
        free(model->parts[i].first);
    }
    free(model);
}

/* ---- opening ---------------------------------------------------------------------------------- */

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

static void add_heading(const struct audit *audit, struct strbuf *out) {
    const struct audit_part *hidden = &audit->hidden, *over = &audit->overcounted;
    char count[UNITS_SIZE], objects[UNITS_SIZE];
    if (hidden->unexplained_objects)
        strbuf_printf(out, "unexplained: %s reference%s to %s object%s, leaked or held from C\n",
                      units_count(count, hidden->unexplained), plural(hidden->unexplained),
                      units_count(objects, hidden->unexplained_objects),
                      plural(hidden->unexplained_objects));
    else
        strbuf_puts(out, "nothing unexplained: each reference was found, or a word in C that may "
                         "be it\n");
    uint64_t guessed = (uint64_t)hidden->hidden - hidden->unexplained;
    if (hidden->guessed_objects)
        strbuf_printf(
            out, "guessed: %s reference%s to %s object%s that words in C may be, by looks\n",
            units_count(count, guessed), plural(guessed),
            units_count(objects, hidden->guessed_objects), plural(hidden->guessed_objects));
    if (over->all_objects)
        strbuf_printf(out,
                      "%s object%s ha%s fewer references than were found: a missing Py_INCREF?\n",
                      units_count(objects, over->all_objects), plural(over->all_objects),
                      over->all_objects == 1 ? "s" : "ve");
}

/* Puts the objects of each type side by side, in their order. */
static struct err *open_part(const struct heap *heap, struct part *part) {
    const struct audit_part *audit = part->audit;
    size_t *place = calloc(heap_type_count(heap) + 1, sizeof *place); /* by type id */
    part->objects = calloc(audit->object_count + 1, sizeof *part->objects);
    part->first = calloc(audit->type_count + 1, sizeof *part->first);
    if (!place || !part->objects || !part->first) {
        free(place);
        return err_no_memory();
    }
    for (size_t i = 0; i < audit->object_count; i++)
        place[heap_type(heap, audit->objects[i].id)->id]++;
    for (size_t i = 0; i < audit->type_count; i++) {
        size_t *counted = &place[audit->types[i].type->id];
        part->first[i + 1] = part->first[i] + *counted;
        *counted = part->first[i];
    }
    for (size_t i = 0; i < audit->object_count; i++)
        part->objects[place[heap_type(heap, audit->objects[i].id)->id]++] = (uint32_t)i;
    free(place);
    return NULL;
}

struct err *audit_page_open(const struct view_context *context, struct work *work,
                            struct opened_page *ret) {
    const struct audit *audit = &context->refresh->audit;
    struct model *model = calloc(1, sizeof *model);
    (void)work;
    if (!model)
        return err_no_memory();
    ret->model = model;
    model->graph = context->refresh->graph;
    model->parts[0].audit = &audit->hidden;
    model->parts[1].audit = &audit->overcounted;
    for (size_t i = 0; i < PARTS; i++)
        TRY(open_part(context->refresh->heap, &model->parts[i]));
    ret->root_count = (uint32_t)(audit->hidden.type_count + audit->overcounted.type_count);
    add_heading(audit, &ret->heading);
    return NULL;
}

/* ---- rows ------------------------------------------------------------------------------------- */

struct row audit_page_root(const struct view_context *context, const void *opened, uint32_t index) {
    const struct model *model = opened;
    (void)context;
    size_t hidden = model->parts[0].audit->type_count;
    return index < hidden ? (struct row){A_TYPE, index, 0}
                          : (struct row){A_TYPE, (uint32_t)(index - hidden), 1};
}

static void separate(struct strbuf *text) {
    if (text->length)
        strbuf_puts(text, "; ");
}

static void type_cells(const struct audit_type *type, bool overcounted, unsigned wanted,
                       struct cells *cells) {
    struct value *values = cells->values;
    uint64_t unexplained = type->by[AUDIT_UNEXPLAINED];
    values[TYPE] = value_text(type->type->name);
    values[OBJECTS] = value_count(type->objects);
    values[HIDDEN] = value_signed(type->hidden);
    values[ADDRESS] = value_address(type->type->address);
    if (unexplained || overcounted)
        cells->style = ROW_WARNING;
    if (overcounted) {
        values[KNOWN] = value_text("more references than its refcount: a missing Py_INCREF?");
        return;
    }
    if (unexplained)
        values[UNEXPLAINED] = value_count(unexplained);
    if ((uint64_t)type->hidden > unexplained)
        values[GUESSED] = value_count((uint64_t)type->hidden - unexplained);
    if (!(wanted & 1u << KNOWN))
        return;
    struct strbuf text = {0}, guesses = {0};
    if (unexplained)
        audit_say_unexplained(type, &text);
    audit_say_guesses(type, &guesses);
    if (guesses.length) {
        separate(&text);
        strbuf_printf(&text, "may be in: %s", strbuf_text(&guesses));
    }
    values[KNOWN] = cells_text(cells, strbuf_text(&text));
    strbuf_free(&guesses);
    strbuf_free(&text);
}

static void say_object(const struct model *model, const struct audit_object *object,
                       struct strbuf *out) {
    struct strbuf holders = {0};
    if (object->hidden < 0) {
        strbuf_printf(out, "%llu found, refcount %llu", (unsigned long long)object->found,
                      (unsigned long long)heap_refcount(model->graph->heap, object->id));
        return;
    }
    if (!(heap_flags(model->graph->heap, object->id) & OBJECT_REACHABLE))
        strbuf_puts(out, "reachable from nothing");
    else if (object->unexplained)
        strbuf_puts(out, object->found ? "others hold it, too" : "");
    audit_say_holders(model->graph, object, &holders);
    if (holders.length) {
        separate(out);
        strbuf_printf(out, "may be in: %s", strbuf_text(&holders));
    }
    strbuf_free(&holders);
}

static void object_cells(const struct model *model, const struct audit_object *object,
                         unsigned wanted, struct cells *cells) {
    const struct heap *heap = model->graph->heap;
    struct value *values = cells->values;
    values[HIDDEN] = value_signed(object->hidden);
    if (object->unexplained)
        values[UNEXPLAINED] = value_count(object->unexplained);
    if (object->hidden > 0 && (uint64_t)object->hidden > object->unexplained)
        values[GUESSED] = value_count((uint64_t)object->hidden - object->unexplained);
    values[FOOTPRINT] = value_bytes(heap_footprint(heap, object->id));
    values[REFCOUNT] = value_count(heap_refcount(heap, object->id));
    values[FOUND] = value_count(object->found);
    values[ADDRESS] = value_address(heap_address(heap, object->id));
    if (wanted & 1u << TYPE)
        values[TYPE] = cells_object(cells, heap, object->id, false);
    if (wanted & 1u << KNOWN) {
        struct strbuf text = {0};
        say_object(model, object, &text);
        values[KNOWN] = cells_text(cells, strbuf_text(&text));
        strbuf_free(&text);
    }
}

/* Objects of a type that are in the list, which has an end. */
static size_t listed(const struct part *part, uint32_t type) {
    return part->first[type + 1] - part->first[type];
}

void audit_page_cells(const struct view_context *context, const void *opened, struct row row,
                      unsigned wanted, struct cells *cells) {
    const struct model *model = opened;
    const struct part *part = &model->parts[row.detail];
    (void)context;
    if (row.kind == A_TYPE) {
        type_cells(&part->audit->types[row.id], row.detail, wanted, cells);
    } else if (row.kind == AN_OBJECT) {
        object_cells(model, &part->audit->objects[row.id], wanted, cells);
    } else {
        cells->style = ROW_FAINT;
        cells->values[TYPE] = value_text("objects that are not listed one by one");
        cells->values[OBJECTS] =
            value_count(part->audit->types[row.id].objects - listed(part, row.id));
    }
}

bool audit_page_expands(const struct view_context *context, const void *opened, struct row row,
                        bool *from_the_start) {
    (void)context;
    (void)opened;
    (void)from_the_start;
    return row.kind == A_TYPE;
}

struct err *audit_page_children(const struct view_context *context, const void *opened,
                                struct row row, uint64_t first, size_t limit, struct row_list *to) {
    const struct model *model = opened;
    const struct part *part = &model->parts[row.detail];
    (void)context;
    size_t count = listed(part, row.id);
    for (uint64_t i = first; i < count && limit; i++, limit--) {
        struct row object = {AN_OBJECT, part->objects[part->first[row.id] + i], row.detail};
        if (!vec_push(to, object))
            return err_no_memory();
    }
    struct row rest = {UNLISTED, row.id, row.detail};
    bool more = count < part->audit->types[row.id].objects;
    return limit && more && first <= count && !vec_push(to, rest) ? err_no_memory() : NULL;
}

bool audit_page_about(const struct view_context *context, const void *opened, struct row row,
                      struct subject *ret) {
    const struct model *model = opened;
    const struct audit_part *audit = model->parts[row.detail].audit;
    *ret = row.kind == AN_OBJECT
               ? subject_of_object(context->refresh->heap, audit->objects[row.id].id)
               : subject_of_type(audit->types[row.id].type);
    return true;
}

uint64_t audit_page_identity(const struct view_context *context, const void *opened,
                             struct row row) {
    const struct model *model = opened;
    (void)context;
    return row.kind == A_TYPE ? model->parts[row.detail].audit->types[row.id].type->address : 0;
}

void audit_page_command(const struct view_context *context, const char *source, const char *sort,
                        struct strbuf *out) {
    (void)context;
    (void)sort;
    strbuf_printf(out, "audit %s -n 0", source);
}
