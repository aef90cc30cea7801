#include "tests/unit/tui/fake_page.h"
#include "tui/arrange.h"

#include <criterion/criterion.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Arranging wants a job to be told about: it is done on a worker. */
struct arranged {
    struct arrange_options options;
    const struct row *rows;
    uint32_t *order, count;
    int done;
};

static const struct view_context context;

static struct err *run(void *argument, struct work *work) {
    struct arranged *arranged = argument;
    const struct row_range range = {
        .page = &fake_page, .context = &context, .rows = arranged->rows, .count = fake_rows.count};
    return arrange(&range, &arranged->options, work, &arranged->order, &arranged->count);
}

static void done(void *argument, struct err *err) {
    cr_expect_null(err);
    ((struct arranged *)argument)->done = 1;
}

static struct arranged arrange_rows(size_t sort, bool descending, const char *filter,
                                    const struct row *rows) {
    struct arranged arranged = {.options = {sort, descending, filter}, .rows = rows};
    struct worker *worker = NULL;
    struct err *err = worker_create(&worker);
    cr_assert_null(err);
    worker_submit(worker,
                  (struct job){.title = "arrange", .run = run, .done = done, .context = &arranged});
    while (!arranged.done) {
        struct pollfd ended = {.fd = worker_fd(worker), .events = POLLIN};
        poll(&ended, 1, 10000);
        worker_finish(worker);
    }
    worker_destroy(worker);
    return arranged;
}

/* ---- a plain reference ------------------------------------------------------------------------- */

static int compare_values(const struct value *a, const struct value *b) {
    switch (a->kind) {
    case VALUE_TEXT: {
        int order = strcasecmp(a->text, b->text);
        return order ? order : strcmp(a->text, b->text);
    }
    case VALUE_SIGNED:
    case VALUE_CHANGE:
    case VALUE_CHANGE_BYTES:
    case VALUE_ID:
        return (a->integer > b->integer) - (a->integer < b->integer);
    case VALUE_SHARE:
    case VALUE_MILLISECONDS:
    case VALUE_REAL:
        return (a->real > b->real) - (a->real < b->real);
    case VALUE_FLAG:
        return a->flag - b->flag;
    case VALUE_ADDRESSES:
        return (a->addresses.count > b->addresses.count) -
               (a->addresses.count < b->addresses.count);
    default:
        return (a->number > b->number) - (a->number < b->number);
    }
}

static struct value value_of(uint32_t row, size_t column) {
    return column == FAKE_NUMBER ? fake_rows.number(row) : value_text(fake_rows.text(row));
}

static bool stands_before(uint32_t left, uint32_t right, size_t column, bool descending) {
    struct value a = value_of(left, column), b = value_of(right, column);
    bool a_empty = a.kind == VALUE_NONE || (a.kind == VALUE_TEXT && !*a.text);
    bool b_empty = b.kind == VALUE_NONE || (b.kind == VALUE_TEXT && !*b.text);
    if (a_empty || b_empty)
        return a_empty == b_empty ? left < right : b_empty;
    int order = compare_values(&a, &b);
    if (!order)
        return left < right;
    return descending ? order > 0 : order < 0;
}

/* In the order that it has to be, each row once. */
static void expect_sorted(const struct arranged *arranged, size_t column, bool descending) {
    cr_assert_not_null(arranged->order);
    cr_assert_eq(arranged->count, fake_rows.count);
    bool *seen = calloc(fake_rows.count + 1, 1);
    for (uint32_t i = 0; i < arranged->count; i++) {
        cr_assert_lt(arranged->order[i], fake_rows.count);
        cr_assert_not(seen[arranged->order[i]], "row %u stands twice", arranged->order[i]);
        seen[arranged->order[i]] = true;
        if (i)
            cr_assert(stands_before(arranged->order[i - 1], arranged->order[i], column, descending),
                      "kind %d, %s: row %u before row %u", (int)fake_rows.kind,
                      descending ? "descending" : "ascending", arranged->order[i - 1],
                      arranged->order[i]);
    }
    free(seen);
}

static void check_sorting(size_t column) {
    for (int descending = 0; descending < 2; descending++) {
        struct arranged arranged = arrange_rows(column, descending, "", NULL);
        expect_sorted(&arranged, column, descending);
        free(arranged.order);
    }
}

/* ---- numbers ------------------------------------------------------------------------------------ */

static uint64_t mixed(uint64_t number) {
    number *= 0x9e3779b97f4a7c15ull;
    number ^= number >> 29;
    number *= 0xbf58476d1ce4e5b9ull;
    return number ^ number >> 32;
}

/* Of all sizes and signs, many equal, some empty. */
static struct value random_number(uint32_t row) {
    uint64_t bits = mixed(row), size = mixed(row + 1000003) % 65;
    bits = size == 64 ? bits : bits & ((UINT64_C(1) << size) - 1);
    if (mixed(row + 77) % 7 == 0)
        return value_none();
    switch (fake_rows.kind) {
    case VALUE_SIGNED:
    case VALUE_CHANGE:
    case VALUE_CHANGE_BYTES:
    case VALUE_ID:
        return (struct value){.kind = fake_rows.kind,
                              .integer = row % 2 ? (int64_t)bits : -(int64_t)(bits >> 1)};
    case VALUE_SHARE:
    case VALUE_MILLISECONDS:
    case VALUE_REAL: {
        double real = (double)(bits % 1000 ? bits : 1) / (size < 30 ? 1e3 : 1e-3);
        return (struct value){.kind = fake_rows.kind, .real = row % 3 ? real : -real};
    }
    case VALUE_FLAG:
        return (struct value){.kind = VALUE_FLAG, .flag = bits & 1};
    case VALUE_ADDRESSES:
        return (struct value){.kind = VALUE_ADDRESSES, .addresses = {NULL, bits % 50}};
    default:
        return (struct value){.kind = fake_rows.kind, .number = bits};
    }
}

Test(arrange, numbers_of_all_kinds, .timeout = 60) {
    static const enum value_kind kinds[] = {VALUE_COUNT,        VALUE_SIGNED, VALUE_CHANGE,
                                            VALUE_CHANGE_BYTES, VALUE_ID,     VALUE_BYTES,
                                            VALUE_ADDRESS,      VALUE_SHARE,  VALUE_MILLISECONDS,
                                            VALUE_REAL,         VALUE_FLAG,   VALUE_ADDRESSES};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        fake_rows = (struct fake_rows){.count = 3000, .kind = kinds[i], .number = random_number};
        check_sorting(FAKE_NUMBER);
    }
}

/* More than a slice of them. */
Test(arrange, many_numbers, .timeout = 60) {
    fake_rows = (struct fake_rows){.count = 50000, .kind = VALUE_BYTES, .number = random_number};
    check_sorting(FAKE_NUMBER);
}

static struct value edge(uint32_t row) {
    static const uint64_t numbers[] = {0,    UINT64_MAX, 1, UINT64_MAX - 1, UINT64_C(1) << 63,
                                       2047, 2048};
    return row == 3 ? value_none() : value_count(numbers[row]);
}

static struct value signed_edge(uint32_t row) {
    static const int64_t numbers[] = {0, INT64_MIN, INT64_MAX, -1, 1, 0};
    return row == 5 ? value_none() : value_signed(numbers[row]);
}

static struct value real_edge(uint32_t row) {
    static const double numbers[] = {0,      -INFINITY, INFINITY, -1e-300,
                                     1e-300, -1e300,    5e-324,   -5e-324};
    return value_real(numbers[row]);
}

Test(arrange, numbers_at_the_edges, .timeout = 60) {
    fake_rows = (struct fake_rows){.count = 7, .kind = VALUE_COUNT, .number = edge};
    check_sorting(FAKE_NUMBER);
    fake_rows = (struct fake_rows){.count = 6, .kind = VALUE_SIGNED, .number = signed_edge};
    check_sorting(FAKE_NUMBER);
    fake_rows = (struct fake_rows){.count = 8, .kind = VALUE_REAL, .number = real_edge};
    check_sorting(FAKE_NUMBER);
}

static struct value all_empty(uint32_t row) {
    (void)row;
    return value_none();
}

Test(arrange, nothing_to_sort_by, .timeout = 60) {
    fake_rows = (struct fake_rows){.count = 100, .kind = VALUE_COUNT, .number = all_empty};
    check_sorting(FAKE_NUMBER);
    fake_rows.count = 0;
    check_sorting(FAKE_NUMBER);
    fake_rows.count = 1;
    check_sorting(FAKE_NUMBER);
}

/* ---- text --------------------------------------------------------------------------------------- */

static const char *random_text(uint32_t row) {
    static const char *const texts[] = {"dict", "Dict",    "DICT",       "list", "a",
                                        "",     "Ünicode", "dictionary", "_",    "zebra",
                                        "list", "",        "B",          "b",    "A"};
    return texts[mixed(row) % (sizeof texts / sizeof *texts)];
}

Test(arrange, texts, .timeout = 60) {
    fake_rows = (struct fake_rows){.count = 3000, .kind = VALUE_COUNT, .text = random_text};
    check_sorting(FAKE_TEXT);
}

/* ---- which are shown ---------------------------------------------------------------------------- */

Test(arrange, nothing_to_do_is_no_order, .timeout = 60) {
    fake_rows = (struct fake_rows){.count = 100, .kind = VALUE_COUNT};
    struct arranged arranged = arrange_rows(PAGE_UNSORTED, false, "", NULL);
    cr_expect_null(arranged.order);
    cr_expect_eq(arranged.count, 100);
    arranged = arrange_rows(7, true, "", NULL);
    cr_expect_null(arranged.order, "there is no such column");
}

Test(arrange, filters_in_whatever_case, .timeout = 60) {
    fake_rows = (struct fake_rows){.count = 3000, .kind = VALUE_COUNT, .text = random_text};
    struct arranged arranged = arrange_rows(PAGE_UNSORTED, false, "DiCt", NULL);
    uint32_t next = 0;
    for (uint32_t row = 0; row < fake_rows.count; row++) {
        if (!strcasestr(random_text(row), "dict"))
            continue;
        cr_assert_lt(next, arranged.count);
        cr_assert_eq(arranged.order[next++], row);
    }
    cr_expect_eq(next, arranged.count);
    free(arranged.order);
    arranged = arrange_rows(PAGE_UNSORTED, false, "no such text", NULL);
    cr_expect_eq(arranged.count, 0);
    free(arranged.order);
    fake_rows.text = NULL;
    arranged = arrange_rows(PAGE_UNSORTED, false, "2,999", NULL);
    cr_expect_eq(arranged.count, 1, "numbers match as they are shown");
    free(arranged.order);
}

Test(arrange, filters_and_sorts, .timeout = 60) {
    fake_rows = (struct fake_rows){
        .count = 3000, .kind = VALUE_BYTES, .number = random_number, .text = random_text};
    struct arranged arranged = arrange_rows(FAKE_NUMBER, true, "list", NULL);
    cr_expect_gt(arranged.count, 100);
    cr_expect_lt(arranged.count, 1000);
    for (uint32_t i = 0; i < arranged.count; i++) {
        cr_expect_str_eq(random_text(arranged.order[i]), "list");
        if (i)
            cr_expect(stands_before(arranged.order[i - 1], arranged.order[i], FAKE_NUMBER, true));
    }
    free(arranged.order);
}

/* Rows that are children: their order is of the list that is given. */
Test(arrange, rows_of_a_list, .timeout = 60) {
    static const struct row rows[] = {{1, 0, 5}, {1, 0, 9}, {1, 0, 1}, {1, 0, 9}};
    fake_rows = (struct fake_rows){.count = 4, .kind = VALUE_COUNT};
    struct arranged arranged = arrange_rows(FAKE_NUMBER, true, "", rows);
    static const uint32_t expected[] = {1, 3, 0, 2};
    cr_assert_eq(arranged.count, 4);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(arranged.order[i], expected[i]);
    free(arranged.order);
}
