/* --pause hold: stop, and bring pages in as they are asked for, until released. */
#include "attach/capture_internal.h"

/* Only memory that the plan wants: a wild pointer must not make us touch a device. */
static bool may_read(const struct capture *capture, uint64_t address, uint64_t end) {
    const struct mapped *final = &capture->final;
    while (address < end) {
        const struct map *map = maps_at(&final->maps, address);
        enum plan_action action = map ? final->actions[map - final->maps.items] : PLAN_IGNORE;
        if (action != PLAN_COPY && action != PLAN_EARLY)
            return false;
        address = map->end;
    }
    return true;
}

static bool read_held(void *context, uint64_t address, void *to, size_t size) {
    struct capture *capture = context;
    if (!tracer_holds(capture->tracer) || !may_read(capture, address, address + size) ||
        !bulk_read_now(capture->bulk, address, to, size))
        return false;
    /* The target may have run on while we read. */
    if (!tracer_holds(capture->tracer))
        return false;
    capture->result.captured_bytes += size;
    return true;
}

static bool never_read(void *context, uint64_t address, void *to, size_t size) {
    (void)context, (void)address, (void)to, (void)size;
    return false;
}

static struct err *release(struct capture *capture) {
    image_set_pager(capture->image, (struct image_pager){never_read, NULL});
    struct err *err = tracer_resume(capture->tracer);
    capture->result.pause_seconds = tracer_pause(capture->tracer);
    return err;
}

static struct err *take_held(struct capture *capture) {
    TRY(collect_plan(capture));
    TRY(collect_zeroes(capture));
    TRY(collect_mark(capture));
    image_set_pager(capture->image, (struct image_pager){read_held, capture});
    return capture_describe(capture);
}

static struct err *take(struct capture *capture) {
    TRY(capture_stop(capture));
    struct err *err = take_held(capture);
    if (err)
        err_free(release(capture));
    return err;
}

const struct capture_strategy capture_hold = {
    .stops = true, .copies = false, .take = take, .release = release};
