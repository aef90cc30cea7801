#include "tui/arrange.h"

#include "base/cancel.h"
#include "report/cell.h"

#include <stdlib.h>
#include <string.h>

enum { SLICE = 16384, DIGIT_BITS = 11, DIGITS = 6 };

struct row row_at(const struct row_range *range, uint32_t index) {
    return range->rows ? range->rows[index]
                       : range->page->root(range->context, range->model, index);
}

static const struct column *column_of(const struct row_range *range, size_t column) {
    size_t count, sort;
    const struct column *columns = range->page->columns(range->context, &count, &sort);
    return column < count ? &columns[column] : NULL;
}

static unsigned searched_columns(const struct row_range *range) {
    size_t count, sort;
    unsigned shown = 0;
    const struct column *columns = range->page->columns(range->context, &count, &sort);
    for (size_t i = 0; i < count; i++) {
        if (!(columns[i].flags & COLUMN_DATA) && !(range->page->unsearched >> i & 1))
            shown |= 1u << i;
    }
    return shown;
}

/* ---- matching ----------------------------------------------------------------------------------- */

bool row_matches(const struct row_range *range, struct row row, const char *text) {
    unsigned wanted = searched_columns(range);
    struct arena texts = {0};
    struct cells cells = {.texts = &texts};
    struct strbuf shown = {0};
    bool found = false;
    range->page->cells(range->context, range->model, row, wanted, &cells);
    for (size_t i = 0; !found && wanted >> i; i++) {
        if (!(wanted >> i & 1))
            continue;
        strbuf_clear(&shown);
        cell_text(&shown, &cells.values[i]);
        found = strcasestr(strbuf_text(&shown), text) != NULL;
    }
    strbuf_free(&shown);
    arena_clear(&texts);
    return found;
}

/* ---- keys --------------------------------------------------------------------------------------- */

/* What a row is sorted by. */
struct keyed {
    union {
        uint64_t number;
        const char *text;
    };
    uint32_t index;
    bool empty; /* such rows come last, whichever way */
};

struct keys {
    const struct row_range *range;
    size_t column;
    struct keyed *items;
    struct arena texts;
    const volatile int *cancel;
    bool failed;
};

/* Numbers of all kinds in one order. */
static uint64_t order_of(const struct value *value) {
    uint64_t bits;
    switch (value->kind) {
    case VALUE_SIGNED:
    case VALUE_CHANGE:
    case VALUE_CHANGE_BYTES:
    case VALUE_ID:
        return (uint64_t)value->integer ^ UINT64_C(1) << 63;
    case VALUE_SHARE:
    case VALUE_MILLISECONDS:
    case VALUE_REAL:
        memcpy(&bits, &value->real, sizeof bits);
        return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63; /* IEEE 754 sorts as integers do */
    case VALUE_FLAG:
        return value->flag;
    case VALUE_ADDRESSES:
        return value->addresses.count;
    default:
        return value->number;
    }
}

static void fill_keys(void *context, size_t first, size_t last) {
    struct keys *keys = context;
    const struct row_range *range = keys->range;
    struct arena texts = {0};
    if (cancel_asked(keys->cancel))
        return;
    for (size_t i = first; i < last; i++) {
        struct keyed *key = &keys->items[i];
        struct cells cells = {.texts = &texts};
        range->page->cells(range->context, range->model, row_at(range, key->index),
                           1u << keys->column, &cells);
        const struct value *value = &cells.values[keys->column];
        key->empty = value->kind == VALUE_NONE;
        if (key->empty)
            key->number = 0;
        else if (value->kind != VALUE_TEXT)
            key->number = order_of(value);
        else if (!(key->text = arena_strdup(&keys->texts, value->text)))
            keys->failed = true;
        if (texts.blocks)
            arena_clear(&texts);
    }
}

static int compare_texts(const void *left, const void *right) {
    const struct keyed *a = left, *b = right;
    if (a->empty != b->empty)
        return a->empty ? 1 : -1;
    int order = a->empty ? 0 : strcasecmp(a->text, b->text);
    if (!order && !a->empty)
        order = strcmp(a->text, b->text);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* By least significant digits first: stable, and digits that are the same everywhere cost one look. */
static struct err *sort_numbers(struct keyed *items, size_t count, const volatile int *cancel) {
    struct keyed *from = items, *to = malloc((count ? count : 1) * sizeof *to), *spare = to;
    if (!to)
        return err_no_memory();
    for (unsigned digit = 0; digit <= DIGITS; digit++) { /* the last one: whether it is empty */
        size_t starts[1 << DIGIT_BITS] = {0}, sum = 0;
        unsigned shift = digit * DIGIT_BITS;
#define DIGIT_OF(key)                                                                              \
    (digit == DIGITS ? (size_t)(key).empty : (key).number >> shift & ((1 << DIGIT_BITS) - 1))
        for (size_t i = 0; i < count; i++)
            starts[DIGIT_OF(from[i])]++;
        if (cancel_asked(cancel))
            break;
        if (!count || starts[DIGIT_OF(from[0])] == count)
            continue;
        for (size_t value = 0; value < 1 << DIGIT_BITS; value++) {
            size_t next = sum + starts[value];
            starts[value] = sum;
            sum = next;
        }
        for (size_t i = 0; i < count; i++)
            to[starts[DIGIT_OF(from[i])]++] = from[i];
#undef DIGIT_OF
        struct keyed *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
    free(spare);
    return cancel_check(cancel);
}

static struct err *sort_keys(struct keys *keys, size_t count, bool descending) {
    const struct column *column = column_of(keys->range, keys->column);
    if (column->kind == VALUE_TEXT) {
        qsort(keys->items, count, sizeof *keys->items, compare_texts);
    } else {
        for (size_t i = 0; descending && i < count; i++)
            keys->items[i].number = ~keys->items[i].number; /* what is equal stays in order */
        return sort_numbers(keys->items, count, keys->cancel);
    }
    size_t filled = count;
    while (filled && keys->items[filled - 1].empty)
        filled--;
    for (size_t i = 0; descending && i < filled / 2; i++) {
        struct keyed swap = keys->items[i];
        keys->items[i] = keys->items[filled - 1 - i];
        keys->items[filled - 1 - i] = swap;
    }
    return NULL;
}

/* ---- arranging ---------------------------------------------------------------------------------- */

static struct err *filter(const struct row_range *range, const char *text, struct work *work,
                          uint32_t *order, uint32_t *count) {
    *count = 0;
    for (uint32_t i = 0; i < range->count; i++) {
        if (i % SLICE == 0) {
            work_share(work, i, range->count);
            TRY(cancel_check(work_cancel(work)));
        }
        if (row_matches(range, row_at(range, i), text))
            order[(*count)++] = i;
    }
    return NULL;
}

static struct err *sort(const struct row_range *range, const struct arrange_options *options,
                        struct work *work, uint32_t *order, uint32_t count) {
    struct keys keys = {.range = range, .column = options->sort, .cancel = work_cancel(work)};
    keys.items = malloc((count ? (size_t)count : 1) * sizeof *keys.items);
    if (!keys.items)
        return err_no_memory();
    for (uint32_t i = 0; i < count; i++)
        keys.items[i].index = order[i];
    struct err *err = NULL;
    for (size_t first = 0; !err && first < count; first += SLICE) {
        fill_keys(&keys, first, first + SLICE < count ? first + SLICE : count);
        work_share(work, first, count);
        err = cancel_check(keys.cancel);
    }
    if (!err && keys.failed)
        err = err_no_memory();
    if (!err)
        err = sort_keys(&keys, count, options->descending);
    for (uint32_t i = 0; !err && i < count; i++)
        order[i] = keys.items[i].index;
    free(keys.items);
    arena_clear(&keys.texts);
    return err;
}

struct err *arrange(const struct row_range *range, const struct arrange_options *options,
                    struct work *work, uint32_t **order, uint32_t *count) {
    bool sorted = options->sort != PAGE_UNSORTED && column_of(range, options->sort);
    *order = NULL;
    *count = range->count;
    if (!sorted && !*options->filter)
        return NULL;
    uint32_t *made = malloc((range->count ? (size_t)range->count : 1) * sizeof *made);
    struct err *err = made ? NULL : err_no_memory();
    for (uint32_t i = 0; !err && i < range->count; i++)
        made[i] = i;
    if (!err && *options->filter) {
        work_phase(work, "filtering");
        err = filter(range, options->filter, work, made, count);
    }
    if (!err && sorted) {
        work_phase(work, "sorting");
        err = sort(range, options, work, made, *count);
    }
    if (err)
        free(made);
    else
        *order = made;
    return err;
}
