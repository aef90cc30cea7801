/* Rows sorted by a column: stable, texts without regard to case first. Keys are made on all threads. */
#include "tui/arrange_private.h"

#include "base/cancel.h"
#include "base/gauge.h"

#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGIT_VALUES = 1 << DIGIT_BITS, DIGITS = 6, FEW = 16, MANY = 4096 };

/* What a row is sorted by. */
struct keyed {
    uint64_t number;   /* of a text: the eight bytes that are looked at */
    uint32_t position; /* among the rows, before */
    bool empty;        /* such rows come last, whichever way */
};

struct sorting {
    const struct row_range *range;
    const uint32_t *rows; /* their indices; NULL: all */
    size_t column;
    bool by_text, descending;
    struct keyed *items, *spare;
    const char **texts; /* by position */
    const volatile int *cancel;
};

/* ---- keys --------------------------------------------------------------------------------------- */

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

/* One thread's share of making keys. */
struct filler {
    struct sorting *sorting;
    struct arena texts;
    bool failed;
};

static void fill_key(struct filler *filler, size_t position, const struct value *value) {
    const struct sorting *sorting = filler->sorting;
    struct keyed *key = &sorting->items[position];
    *key = (struct keyed){.position = (uint32_t)position, .empty = value->kind == VALUE_NONE};
    if (key->empty)
        return;
    if (!sorting->by_text)
        key->number = sorting->descending ? ~order_of(value) : order_of(value);
    else if (!(sorting->texts[position] = arena_strdup(&filler->texts, value->text)))
        filler->failed = true;
}

static void fill_keys(void *context, size_t first, size_t last) {
    struct filler *filler = context;
    const struct sorting *sorting = filler->sorting;
    const struct row_range *range = sorting->range;
    struct arena scratch = {0};
    if (cancel_asked(sorting->cancel))
        return;
    for (size_t i = first; i < last; i++) {
        struct cells cells = {.texts = &scratch};
        uint32_t index = sorting->rows ? sorting->rows[i] : (uint32_t)i;
        range->page->cells(range->context, range->model, row_at(range, index),
                           1u << sorting->column, &cells);
        fill_key(filler, i, &cells.values[sorting->column]);
        filler->failed |= cells.failed;
        arena_reuse(&scratch);
    }
    arena_clear(&scratch);
    gauge_add(last - first);
}

/* ---- by number ---------------------------------------------------------------------------------- */

/* By least significant digits first, all counted in one go; digits that are the same everywhere cost nothing. */
static void sort_many(struct keyed *items, size_t count, struct keyed *spare) {
    static const size_t zero[DIGITS][DIGIT_VALUES];
    size_t starts[DIGITS][DIGIT_VALUES];
    memcpy(starts, zero, sizeof starts);
    for (size_t i = 0; i < count; i++) {
        for (unsigned digit = 0; digit < DIGITS; digit++)
            starts[digit][items[i].number >> digit * DIGIT_BITS & (DIGIT_VALUES - 1)]++;
    }
    struct keyed *from = items, *to = spare;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        unsigned shift = digit * DIGIT_BITS;
        size_t *start = starts[digit], sum = 0;
        if (start[from[0].number >> shift & (DIGIT_VALUES - 1)] == count)
            continue;
        for (size_t value = 0; value < DIGIT_VALUES; value++) {
            size_t next = sum + start[value];
            start[value] = sum;
            sum = next;
        }
        for (size_t i = 0; i < count; i++)
            to[start[from[i].number >> shift & (DIGIT_VALUES - 1)]++] = from[i];
        struct keyed *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}

static void sort_few(struct keyed *items, size_t count) {
    for (size_t i = 1; i < count; i++) {
        struct keyed item = items[i];
        size_t at = i;
        for (; at && items[at - 1].number > item.number; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* What is equal stays in order. */
static void sort_numbers(struct keyed *items, size_t count, struct keyed *spare) {
    if (count <= FEW) {
        sort_few(items, count);
        return;
    }
    if (count >= MANY) {
        sort_many(items, count, spare);
        return;
    }
    size_t half = count / 2, left = 0, right = half;
    sort_numbers(items, half, spare);
    sort_numbers(items + half, count - half, spare);
    memcpy(spare, items, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        bool take_left =
            right == count || (left < half && spare[left].number <= spare[right].number);
        items[i] = spare[take_left ? left++ : right++];
    }
}

/* ---- by text ------------------------------------------------------------------------------------ */

/* Eight bytes of a text, the first one as the most significant; behind its end zeros. */
static uint64_t bytes_at(const char *text, bool fold) {
    uint64_t number = 0;
    for (unsigned i = 0; i < 8; i++) {
        unsigned char byte = (unsigned char)*text;
        text += byte != 0;
        number = number << 8 | (fold && byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    return number;
}

/* Items whose texts are the same before `offset`: by the next bytes, and by those behind them where they are
 * the same. In the end it is case that tells. */
static void sort_texts(struct sorting *sorting, size_t first, size_t count, size_t offset,
                       bool fold) {
    struct keyed *items = sorting->items + first;
    uint64_t mask = sorting->descending ? UINT64_MAX : 0;
    if (count > MANY && cancel_asked(sorting->cancel))
        return;
    for (size_t i = 0; i < count; i++)
        items[i].number = bytes_at(sorting->texts[items[i].position] + offset, fold) ^ mask;
    sort_numbers(items, count, sorting->spare);
    for (size_t start = 0, end; start < count; start = end) {
        uint64_t number = items[start].number;
        for (end = start + 1; end < count && items[end].number == number; end++)
            ;
        bool ended = !((number ^ mask) & 0xff);
        if (end - start > 1 && (fold || !ended))
            sort_texts(sorting, first + start, end - start, ended ? 0 : offset + 8, fold && !ended);
    }
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* Puts what has no value behind what has; returns how many have. */
static size_t separate_empty(struct sorting *sorting, size_t count) {
    size_t filled = 0, empty = 0;
    for (size_t i = 0; i < count; i++) {
        if (sorting->items[i].empty)
            sorting->spare[empty++] = sorting->items[i];
        else
            sorting->items[filled++] = sorting->items[i];
    }
    if (empty)
        memcpy(sorting->items + filled, sorting->spare, empty * sizeof *sorting->items);
    return filled;
}

static struct err *sort(struct sorting *sorting, size_t count, struct filler *fillers,
                        unsigned threads) {
    void *contexts[PARALLEL_MAX];
    for (unsigned i = 0; i < threads; i++) {
        fillers[i].sorting = sorting;
        contexts[i] = &fillers[i];
    }
    gauge_part(0, 80, count);
    parallel_for(count, ARRANGE_SLICE, threads, fill_keys, contexts);
    for (unsigned i = 0; i < threads; i++) {
        if (fillers[i].failed)
            return err_no_memory();
    }
    TRY(cancel_check(sorting->cancel));
    gauge_part(80, 100, 1);
    size_t filled = separate_empty(sorting, count);
    if (filled && sorting->by_text)
        sort_texts(sorting, 0, filled, 0, true);
    else if (filled)
        sort_numbers(sorting->items, filled, sorting->spare);
    return cancel_check(sorting->cancel);
}

struct err *arrange_sort(const struct row_range *range, const struct column *column, size_t index,
                         bool descending, const volatile int *cancel, uint32_t *order,
                         size_t count) {
    struct sorting sorting = {.range = range,
                              .rows = order,
                              .column = index,
                              .by_text = column->kind == VALUE_TEXT,
                              .descending = descending,
                              .cancel = cancel};
    struct filler fillers[PARALLEL_MAX] = {0};
    if (!count)
        return NULL;
    sorting.items = malloc(count * sizeof *sorting.items);
    sorting.spare = malloc(count * sizeof *sorting.spare);
    sorting.texts = sorting.by_text ? malloc(count * sizeof *sorting.texts) : NULL;
    bool fine = sorting.items && sorting.spare && (sorting.texts || !sorting.by_text);
    struct err *err =
        fine ? sort(&sorting, count, fillers, arrange_threads(count)) : err_no_memory();
    uint32_t *sorted = (uint32_t *)sorting.spare; /* the order itself is read until the end */
    for (size_t i = 0; !err && i < count; i++)
        sorted[i] = order[sorting.items[i].position];
    if (!err)
        memcpy(order, sorted, count * sizeof *order);
    for (unsigned i = 0; i < PARALLEL_MAX; i++)
        arena_clear(&fillers[i].texts);
    free(sorting.texts);
    free(sorting.spare);
    free(sorting.items);
    return err;
}
