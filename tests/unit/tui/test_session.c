/* A session over the snapshots of the terminal UI's tests, which stand in their folder. */
#include "tui/session.h"

#include "tui/history.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct session *session;
static unsigned refreshed_count, made_count, failure_count;
static char said[512];

static void refreshed(void *context) {
    (void)context;
    refreshed_count++;
}

static void made(void *context) {
    (void)context;
    made_count++;
}

static void say(void *context, const char *message) {
    (void)context;
    snprintf(said, sizeof said, "%s", message);
}

static void failed(void *context, struct err *err) {
    (void)context;
    failure_count++;
    err_free(err);
}

static void settle(void) {
    struct worker *worker = session_worker(session);
    while (!worker_is_idle(worker)) {
        struct pollfd ended = {.fd = worker_fd(worker), .events = POLLIN};
        poll(&ended, 1, 10000);
        worker_finish(worker);
    }
}

static void open_session(const char *path, const char *before) {
    const struct session_options options = {.argument = path, .baseline = before};
    const struct session_events events = {NULL, refreshed, made, say, failed};
    struct err *err = session_create(&options, &events, &session);
    cr_assert_null(err);
}

static void teardown(void) {
    session_destroy(session);
}

TestSuite(session, .fini = teardown, .timeout = 100);

#define BEFORE SNAPSHOTS "/before.hgs"
#define AFTER  SNAPSHOTS "/after.hgs"

Test(session, captures_and_compares) {
    open_session(AFTER, BEFORE);
    cr_expect_null(session_current(session));
    settle();
    cr_expect_eq(refreshed_count, 1);
    struct refresh *current = session_current(session), *baseline = session_baseline(session);
    cr_assert_not_null(current);
    cr_assert_not_null(baseline);
    cr_expect_neq(current, baseline);
    cr_expect_eq(current->number, 2);
    cr_expect_eq(baseline->number, 1);
    cr_expect_not_null(current->previous);
    cr_expect_null(session_failure(session));
    cr_expect_lt(session_tick(session), 0);
    session_refresh(session);
    cr_expect(strstr(said, "does not change"));
    session_set_baseline(session);
    cr_expect_eq(session_baseline(session), current);
    cr_expect_eq(refreshed_count, 2);
    settle();
}

Test(session, keeps_history) {
    double points[HISTORY_POINTS];
    open_session(AFTER, BEFORE);
    settle();
    struct history *history = session_history(session);
    cr_expect_eq(history_type_points(history, "no such type", points), 0);
    cr_expect_eq(history_type_points(history, "dict", points), 2);
    const struct series *series = history_lock(history);
    cr_expect_eq(series->rounds, 2);
    cr_expect_gt(series->seconds, 0);
    cr_expect_eq(series_measure_points(series, MEASURE_OBJECTS, points), 2);
    cr_expect_eq((uint64_t)points[1], heap_totals(session_current(session)->heap)->objects);
    cr_expect_eq((uint64_t)points[0], heap_totals(session_baseline(session)->heap)->objects);
    history_unlock(history);
}

Test(session, products_are_made_once) {
    open_session(AFTER, NULL);
    settle();
    struct refresh *current = session_current(session);
    cr_expect_eq(session_baseline(session), current);
    cr_expect_not(session_require(session, current, PRODUCT_DOMINATORS));
    cr_expect_not(session_require(session, current, PRODUCT_DOMINATORS | PRODUCT_STACKS));
    settle();
    cr_expect_eq(made_count, 3, "with the graph that they stand on");
    cr_expect(
        session_require(session, current, PRODUCT_GRAPH | PRODUCT_DOMINATORS | PRODUCT_STACKS));
    cr_expect_not_null(current->dominators);
    session_want(session, current, PRODUCTS_ALL);
    settle();
    cr_expect(session_require(session, current, PRODUCTS_ALL));
    cr_expect_eq(made_count, __builtin_popcount(PRODUCTS_ALL));
    cr_expect_eq(failure_count, 0);
}

Test(session, cancelled_products_may_be_tried_again) {
    open_session(AFTER, NULL);
    settle();
    struct refresh *current = session_current(session);
    cr_expect_not(session_cancel(session), "nothing runs");
    session_require(session, current, PRODUCT_CONTAINERS);
    cr_expect(session_cancel(session));
    settle();
    cr_expect(session_failed_products(current, PRODUCT_CONTAINERS));
    cr_expect_not(session_require(session, current, PRODUCT_CONTAINERS));
    cr_expect(worker_is_idle(session_worker(session)), "not until it is asked for");
    session_forgive(current);
    session_require(session, current, PRODUCT_CONTAINERS);
    settle();
    cr_expect(session_require(session, current, PRODUCT_CONTAINERS));
}

Test(session, saves_but_never_over_what_is_there) {
    char folder[] = "/tmp/heapglass-session-XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/copy.hgs", folder);
    open_session(AFTER, NULL);
    settle();
    uint64_t objects = heap_totals(session_current(session)->heap)->objects;
    session_save(session, path);
    settle();
    cr_expect_eq(failure_count, 0);
    cr_expect(strstr(said, "saved: "));
    session_save(session, path);
    settle();
    cr_expect_eq(failure_count, 1);
    session_destroy(session);
    open_session(path, NULL);
    settle();
    cr_assert_not_null(session_current(session));
    cr_expect_eq(heap_totals(session_current(session)->heap)->objects, objects);
    unlink(path);
    rmdir(folder);
}

Test(session, a_file_that_is_not_there) {
    open_session("/nowhere/heap.hgs", NULL);
    settle();
    cr_expect_null(session_current(session));
    cr_expect_not_null(session_failure(session));
    cr_expect_eq(refreshed_count, 1, "so that the screen looks");
}

Test(session, ended_while_it_works) {
    open_session(AFTER, BEFORE);
    session_destroy(session); /* before it has begun */
    open_session(AFTER, BEFORE);
    settle();
    session_require(session, session_current(session), PRODUCTS_ALL);
    session_save(session, "/tmp/heapglass-session-never.hgs");
    session_set_baseline(session);
    session_destroy(session);
    session = NULL;
    unlink("/tmp/heapglass-session-never.hgs");
}
