/* --pause copy: stop, copy, run on. */
#include "attach/capture_internal.h"

static struct err *take_stopped(struct capture *capture) {
    TRY(collect_plan(capture));
    return collect_copy(capture);
}

/* The memory of a process that is killed while it stands still is gone from one read to the next. */
static struct err *check_whole(const struct capture *capture) {
    size_t holes = 0;
    bulk_holes(capture->bulk, &holes);
    if (!holes || process_alive(capture->process))
        return NULL;
    return err_new(ERR_SOURCE, "process %d ended while it was being copied", capture->process->pid);
}

static struct err *take(struct capture *capture) {
    bulk_hurry(capture->bulk, true);
    struct err *err = capture_stop(capture);
    if (!err)
        err = take_stopped(capture);
    struct err *released = tracer_resume(capture->tracer);
    bulk_hurry(capture->bulk, false);
    double pause = tracer_pause(capture->tracer);
    if (pause > capture->result.pause_seconds)
        capture->result.pause_seconds = pause;
    if (err) {
        err_free(released);
        return err;
    }
    TRY(released);
    TRY(check_whole(capture));
    TRY(collect_mark(capture));
    return capture_describe(capture);
}

const struct capture_strategy capture_copy = {.stops = true, .copies = true, .take = take};
