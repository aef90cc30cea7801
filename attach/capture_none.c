/* --pause none: copy while the target runs; what is read is not of one moment. */
#include "attach/capture_internal.h"

static struct err *take(struct capture *capture) {
    capture->result.approximate = true;
    clock_gettime(CLOCK_REALTIME, &capture->result.taken_at);
    TRY(collect_plan(capture));
    TRY(collect_copy(capture));
    TRY(collect_mark(capture));
    if (!process_alive(capture->process))
        return err_new(ERR_SOURCE, "process %d ended while it was being copied",
                       capture->process->pid);
    return capture_describe(capture);
}

const struct capture_strategy capture_none = {.stops = false, .copies = true, .take = take};
