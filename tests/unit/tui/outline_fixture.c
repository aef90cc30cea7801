#include "tests/unit/tui/outline_fixture.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct refresh refresh = {.references = 1}, baseline = {.references = 1};
struct outline_host host;
struct outline *outline;
char said[256];
unsigned failures;

static void changed(void *context) {
    (void)context;
}

static void say(void *context, const char *message) {
    (void)context;
    snprintf(said, sizeof said, "%s", message);
}

static void failed(void *context, struct err *err) {
    (void)context;
    failures++;
    err_free(err);
}

static void release(void *context, struct refresh *given) {
    (void)context;
    given->references--;
}

void must(struct err *err) {
    cr_assert_null(err, "%s", err ? err_message(err) : "");
}

void outline_setup(void) {
    host = (struct outline_host){
        .changed = changed, .said = say, .failed = failed, .release = release};
    must(worker_create(&host.worker));
    must(worker_create(&host.reader));
    must(outline_create(&host, &outline));
    outline_set_window(outline, WINDOW);
    fake_rows = (struct fake_rows){.count = 1000, .kind = VALUE_COUNT};
}

void outline_teardown(void) {
    outline_destroy(outline);
    worker_destroy(host.worker);
    worker_destroy(host.reader);
    cr_expect_eq(refresh.references, 1, "references to the refresh are left");
    cr_expect_eq(baseline.references, 1);
}

static void wait_for(struct worker *worker) {
    struct pollfd ended = {.fd = worker_fd(worker), .events = POLLIN};
    if (!worker_is_idle(worker))
        poll(&ended, 1, 10000);
    worker_finish(worker);
}

void settle(void) {
    do {
        while (!worker_is_idle(host.worker) || !worker_is_idle(host.reader)) {
            wait_for(host.worker);
            wait_for(host.reader);
        }
    } while (!outline_want_window(outline));
}

void open_later(const struct page *page) {
    const struct view_context context = {.refresh = &refresh, .baseline = &baseline};
    must(outline_open(outline, page, &context));
}

void open_page(const struct page *page) {
    open_later(page);
    settle();
    cr_assert(outline_is_open(outline));
}

struct outline_row at(uint64_t index) {
    return outline_row(outline, index);
}

struct outline_row selected(void) {
    return at(outline_selected(outline));
}

uint64_t three_children(struct row row) {
    return row.kind < 3 ? 3 : 0;
}

uint64_t many_children(struct row row) {
    return row.kind ? 0 : 1234;
}

static atomic_bool held;

static struct err *hold_run(void *context, struct work *work) {
    (void)context, (void)work;
    while (atomic_load(&held))
        usleep(500);
    return NULL;
}

static void hold_done(void *context, struct err *err) {
    (void)context;
    err_free(err);
}

void hold(struct worker *worker) {
    atomic_store(&held, true);
    worker_submit(worker, (struct job){.title = "held", .run = hold_run, .done = hold_done});
}

void let_go(void) {
    atomic_store(&held, false);
    settle();
}
