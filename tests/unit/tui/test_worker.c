#include "tui/worker.h"

#include "base/cancel.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

/* A job that says what became of it. */
struct told {
    int number;
    bool waits;          /* until it is cancelled */
    atomic_bool started; /* on the worker */
    int ran, done;
    enum err_code code;     /* 0: no error */
    struct worker *next_on; /* where `done` submits `next` */
    struct told *next;
};

static int order[64];
static size_t order_count;

static struct err *run(void *context, struct work *work) {
    struct told *told = context;
    told->ran++;
    atomic_store(&told->started, true);
    work_phase(work, "waiting");
    work_share(work, 1, 4);
    while (told->waits && !cancel_asked(work_cancel(work)))
        usleep(1000);
    return told->waits ? cancel_check(work_cancel(work)) : NULL;
}

static struct err *fail(void *context, struct work *work) {
    (void)work;
    ((struct told *)context)->ran++;
    return err_new(ERR_FAILED, "as it has to");
}

static void submit(struct worker *worker, struct told *told);

static void done(void *context, struct err *err) {
    struct told *told = context;
    told->done++;
    told->code = err ? err_code(err) : 0;
    order[order_count++] = told->number;
    err_free(err);
    if (told->next)
        submit(told->next_on, told->next);
}

/* The same, to be told apart. */
static void other_done(void *context, struct err *err) {
    done(context, err);
}

static void submit(struct worker *worker, struct told *told) {
    worker_submit(worker, (struct job){.title = "told", .run = run, .done = done, .context = told});
}

static struct worker *create(void) {
    struct worker *worker = NULL;
    struct err *err = worker_create(&worker);
    cr_assert_null(err);
    return worker;
}

static void wait_for_start(struct told *told) {
    while (!atomic_load(&told->started))
        usleep(1000);
}

static void finish_all(struct worker *worker) {
    while (!worker_is_idle(worker)) {
        struct pollfd ended = {.fd = worker_fd(worker), .events = POLLIN};
        cr_assert_geq(poll(&ended, 1, 10000), 0);
        worker_finish(worker);
    }
}

static bool is_readable(struct worker *worker) {
    struct pollfd ended = {.fd = worker_fd(worker), .events = POLLIN};
    return poll(&ended, 1, 0) > 0;
}

Test(worker, one_after_the_other, .timeout = 60) {
    enum { COUNT = 20 };
    struct told told[COUNT] = {0};
    struct worker *worker = create();
    cr_expect(worker_is_idle(worker));
    for (int i = 0; i < COUNT; i++) {
        told[i].number = i;
        submit(worker, &told[i]);
    }
    cr_expect_not(worker_is_idle(worker));
    finish_all(worker);
    cr_expect_not(is_readable(worker));
    cr_assert_eq(order_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        cr_expect_eq(order[i], i);
        cr_expect_eq(told[i].ran, 1);
        cr_expect_eq(told[i].done, 1);
        cr_expect_eq(told[i].code, 0);
    }
    worker_destroy(worker);
    cr_expect_eq(order_count, COUNT, "done twice");
}

Test(worker, an_error_reaches_who_submitted, .timeout = 60) {
    struct told told = {0};
    struct worker *worker = create();
    worker_submit(worker,
                  (struct job){.title = "fails", .run = fail, .done = done, .context = &told});
    finish_all(worker);
    cr_expect_eq(told.done, 1);
    cr_expect_eq(told.code, ERR_FAILED);
    worker_destroy(worker);
}

Test(worker, cancels_what_runs_and_what_waits, .timeout = 60) {
    struct told running = {.number = 1, .waits = true}, waiting = {.number = 2},
                after = {.number = 3};
    struct worker *worker = create();
    submit(worker, &running);
    wait_for_start(&running);
    submit(worker, &waiting);
    worker_cancel(worker, NULL);
    submit(worker, &after);
    finish_all(worker);
    cr_expect_eq(running.code, ERR_CANCELLED);
    cr_expect_eq(waiting.code, ERR_CANCELLED);
    cr_expect_eq(waiting.ran, 0);
    cr_expect_eq(after.code, 0, "it came later");
    cr_expect_eq(after.ran, 1);
    cr_expect_eq(running.done + waiting.done + after.done, 3);
    worker_destroy(worker);
}

Test(worker, cancels_those_of_one_kind, .timeout = 60) {
    struct told running = {.number = 1, .waits = true}, same = {.number = 2}, other = {.number = 3};
    struct worker *worker = create();
    submit(worker, &running);
    wait_for_start(&running);
    worker_submit(
        worker, (struct job){.title = "other", .run = run, .done = other_done, .context = &other});
    submit(worker, &same);
    worker_cancel(worker, other_done);
    usleep(5000);
    cr_expect_not(is_readable(worker), "what runs was not meant");
    worker_cancel(worker, done);
    finish_all(worker);
    cr_expect_eq(running.code, ERR_CANCELLED);
    cr_expect_eq(other.code, ERR_CANCELLED);
    cr_expect_eq(other.ran, 0);
    cr_expect_eq(same.code, ERR_CANCELLED);
    cr_expect_eq(order[0], 1);
    cr_expect_eq(order[1], 3);
    cr_expect_eq(order[2], 2);
    worker_destroy(worker);
}

Test(worker, some_run_even_if_they_are_cancelled, .timeout = 60) {
    struct told running = {.waits = true}, must = {0};
    struct worker *worker = create();
    submit(worker, &running);
    wait_for_start(&running);
    worker_submit(
        worker, (struct job){
                    .title = "must", .run = run, .done = done, .context = &must, .must_run = true});
    worker_cancel(worker, NULL);
    finish_all(worker);
    cr_expect_eq(must.ran, 1);
    cr_expect_eq(must.done, 1);
    cr_expect_eq(must.code, 0);
    worker_destroy(worker);
}

Test(worker, destroyed_with_jobs_waiting, .timeout = 60) {
    struct told running = {.number = 1, .waits = true}, waiting = {.number = 2},
                late = {.number = 3};
    struct worker *worker = create();
    running.next_on = worker;
    running.next = &late; /* by then nobody is there to run it */
    submit(worker, &running);
    wait_for_start(&running);
    submit(worker, &waiting);
    worker_destroy(worker);
    cr_expect_eq(running.done, 1);
    cr_expect_eq(running.code, ERR_CANCELLED);
    cr_expect_eq(waiting.done, 1);
    cr_expect_eq(waiting.ran, 0);
    cr_expect_eq(late.done, 1);
    cr_expect_eq(late.ran, 0);
    cr_expect_eq(late.code, ERR_CANCELLED);
    worker_destroy(NULL);
}

Test(worker, done_may_submit_the_next, .timeout = 60) {
    struct told first = {.number = 1}, second = {.number = 2};
    struct worker *worker = create();
    first.next_on = worker;
    first.next = &second;
    submit(worker, &first);
    finish_all(worker);
    cr_expect_eq(second.ran, 1);
    cr_expect_eq(second.done, 1);
    worker_destroy(worker);
}

Test(worker, says_what_it_does, .timeout = 60) {
    struct told told = {.waits = true};
    struct worker *worker = create();
    struct worker_status status = worker_status(worker);
    cr_expect_not(status.running);
    submit(worker, &told);
    do
        status = worker_status(worker);
    while (status.share <= 0);
    cr_expect(status.running);
    cr_expect_str_eq(status.title, "told");
    cr_expect_str_eq(status.phase, "waiting");
    cr_expect_float_eq(status.share, 0.25, 1e-9);
    cr_expect_geq(status.seconds, 0);
    worker_cancel(worker, NULL);
    finish_all(worker);
    cr_expect_not(worker_status(worker).running);
    worker_destroy(worker);
}
