#include "attach/capture_internal.h"

#include "attach/budget.h"
#include "attach/modules.h"
#include "attach/procfs.h"
#include "attach/tracer_process.h"
#include "base/log.h"
#include "base/vec.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { RETRY_FIRST = 2, RETRY_LONGEST = 50 }; /* milliseconds between tries of a stop */

static const struct capture_strategy *strategy_of(enum pause_strategy strategy) {
    switch (strategy) {
    case PAUSE_HOLD:
        return &capture_hold;
    case PAUSE_NONE:
        return &capture_none;
    default:
        return &capture_copy;
    }
}

static struct err *take_options(struct capture *capture, const struct capture_options *options) {
    capture->options = *options;
    capture->options.conditions = NULL;
    if (!(options->max_pause > 0))
        capture->options.max_pause = CAPTURE_DEFAULT_MAX_PAUSE;
    size_t size = options->condition_count * sizeof *options->conditions;
    struct capture_condition *conditions = malloc(size + 1);
    if (!conditions)
        return err_no_memory();
    if (size)
        memcpy(conditions, options->conditions, size);
    capture->options.conditions = conditions;
    capture->strategy = strategy_of(options->strategy);
    return NULL;
}

static struct err *prepare_all(struct capture *capture, const struct capture_options *options) {
    TRY(take_options(capture, options));
    budget_volunteer();
    /* First of all, so that it is small and what follows is not shared with it. */
    if (capture->strategy->stops)
        TRY(tracer_create(capture->process->pid, capture->options.max_pause, options->cancel,
                          &capture->tracer));
    TRY(bulk_create(capture->process->pid, &capture->bulk));
    return prepare(capture);
}

struct err *capture_prepare(const struct process *process, const struct capture_options *options,
                            struct capture **ret) {
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return err_no_memory();
    capture->process = process;
    capture->pagemap.fd = -1;
    struct err *err = prepare_all(capture, options);
    if (err)
        capture_destroy(capture);
    else
        *ret = capture;
    return err;
}

struct err *capture_take(struct capture *capture) {
    return capture->strategy->take(capture);
}

struct err *capture_release(struct capture *capture) {
    return capture->strategy->release ? capture->strategy->release(capture) : NULL;
}

static void free_mapped(struct mapped *mapped) {
    maps_free(&mapped->maps);
    free(mapped->actions);
    free(mapped->uses);
    free(mapped->filled);
}

void capture_destroy(struct capture *capture) {
    if (!capture)
        return;
    tracer_destroy(capture->tracer);
    bulk_destroy(capture->bulk);
    pagemap_close(&capture->pagemap);
    image_destroy(capture->image);
    free_mapped(&capture->early);
    free_mapped(&capture->final);
    vec_free(&capture->behind);
    sharing_free(&capture->sharing);
    vec_free(&capture->ranges);
    vec_free(&capture->zeroes);
    vec_free(&capture->copied);
    free((void *)capture->options.conditions);
    free(capture);
}

struct image *capture_image(struct capture *capture) {
    return capture->image;
}

const struct capture_result *capture_result(const struct capture *capture) {
    return &capture->result;
}

/* ---- the stop -------------------------------------------------------------------------------- */

static bool conditions_hold(struct capture *capture) {
    for (size_t i = 0; i < capture->options.condition_count; i++) {
        const struct capture_condition *condition = &capture->options.conditions[i];
        uint64_t value = 0;
        size_t size = condition->size < sizeof value ? condition->size : sizeof value;
        if (bulk_read_now(capture->bulk, condition->address, &value, size) && value)
            return false;
    }
    return true;
}

static void keep_longest_pause(struct capture *capture) {
    double pause = tracer_pause(capture->tracer);
    if (pause > capture->result.pause_seconds)
        capture->result.pause_seconds = pause;
}

static void sleep_milliseconds(unsigned milliseconds) {
    struct timespec time = {0, (long)milliseconds * 1000000};
    nanosleep(&time, NULL);
}

/* Another process may have got the PID since. */
static struct err *check_same_process(struct capture *capture) {
    if (process_alive(capture->process))
        return NULL;
    return err_new(ERR_SOURCE, "process %d ended while it was being stopped",
                   capture->process->pid);
}

struct err *capture_stop(struct capture *capture) {
    unsigned wait = RETRY_FIRST;
    for (unsigned tries = 0;; tries++) {
        TRY(tracer_stop(capture->tracer));
        TRY(check_same_process(capture));
        capture->result.conditions_failed = !conditions_hold(capture);
        if (!capture->result.conditions_failed || tries >= capture->options.retries)
            break;
        TRY(tracer_resume(capture->tracer));
        keep_longest_pause(capture);
        sleep_milliseconds(wait);
        wait = wait * 2 < RETRY_LONGEST ? wait * 2 : RETRY_LONGEST;
    }
    capture->result.was_stopped = tracer_was_stopped(capture->tracer);
    clock_gettime(CLOCK_REALTIME, &capture->result.taken_at);
    return NULL;
}

/* ---- what the image says of the process ------------------------------------------------------ */

static void read_thread_name(pid_t pid, struct image_thread *thread) {
    char name[48];
    snprintf(name, sizeof name, "task/%d/comm", thread->tid);
    ssize_t length = proc_read(pid, name, thread->name, sizeof thread->name);
    if (length > 0 && thread->name[length - 1] == '\n')
        thread->name[length - 1] = '\0';
}

static uint64_t stack_pointer(const struct tracer_thread *thread) {
#ifdef __x86_64__
    enum { INDEX = 19 }; /* rsp in struct user_regs_struct */
#elif defined __aarch64__
    enum { INDEX = 31 }; /* sp in struct user_pt_regs */
#else
#error "no register layout for this architecture"
#endif
    return thread->register_count > INDEX ? thread->registers[INDEX] : 0;
}

static struct err *describe_threads(struct capture *capture) {
    size_t count = 0;
    const struct tracer_thread *threads =
        capture->tracer ? tracer_threads(capture->tracer, &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct image_thread thread = {.tid = threads[i].tid,
                                      .register_count = threads[i].register_count,
                                      .stack_pointer = stack_pointer(&threads[i]),
                                      .thread_pointer = threads[i].thread_pointer};
        if (!threads[i].register_count)
            continue; /* it ended before it stopped */
        memcpy(thread.registers, threads[i].registers, sizeof thread.registers);
        read_thread_name(capture->process->pid, &thread);
        TRY(image_add_thread(capture->image, &thread));
        capture->result.thread_count++;
    }
    if (!capture->tracer)
        capture->result.thread_count = capture->process->thread_count;
    return NULL;
}

static struct err *add_module(void *context, const struct image_module *module) {
    return image_add_module(context, module);
}

/* Counts all pages, those that were of no interest at the stop included. */
static bool count_all(struct capture *capture, const struct map *map, struct map_use *use) {
    struct page_ranges *ranges = &capture->ranges;
    *use = (struct map_use){0};
    if (map->end >> IMAGE_ADDRESS_BITS)
        return true; /* [vsyscall], the kernel's own page */
    ranges->count = 0;
    if (!pagemap_scan(&capture->pagemap, map->start, map->end, ranges))
        return false;
    collect_count(use, ranges);
    return true;
}

/* A mapping of which not everything was looked at during the stop. What does not change was counted
 * before, and a held target must not wait for counting. */
static bool count_rest(struct capture *capture, const struct map *map, enum plan_action action,
                       struct map_use *use) {
    const struct map *early = maps_at(&capture->early.maps, map->start);
    if (capture->strategy->copies && action != PLAN_EARLY)
        return count_all(capture, map, use);
    if (early && map_same(early, map))
        *use = capture->early.uses[early - capture->early.maps.items];
    return true;
}

struct err *capture_count_early(struct capture *capture) {
    struct mapped *early = &capture->early;
    for (size_t i = 0; i < early->maps.count; i++) {
        if (!count_all(capture, &early->maps.items[i], &early->uses[i]))
            return err_no_memory();
    }
    return process_memory(capture->process, &capture->result.memory);
}

static enum mapping_state state_of(enum plan_action action) {
    switch (action) {
    case PLAN_DEVICE:
        return MAPPING_DEVICE;
    case PLAN_COPY:
    case PLAN_EARLY:
        return MAPPING_CAPTURED;
    default:
        return MAPPING_IGNORED;
    }
}

static struct err *describe_mapping(struct capture *capture, size_t i) {
    const struct map *map = &capture->final.maps.items[i];
    struct map_use *use = &capture->final.uses[i];
    struct image_mapping mapping = {.start = map->start,
                                    .end = map->end,
                                    .readable = map->readable,
                                    .writable = map->writable,
                                    .executable = map->executable,
                                    .shared = map->shared,
                                    .kind = map->kind,
                                    .state = state_of(capture->final.actions[i]),
                                    .offset = map->offset,
                                    .inode = map->inode,
                                    .path = map->path};
    enum plan_action action = capture->final.actions[i];
    bool behind = action == PLAN_COPY && plan_any_behind(&capture->behind, map->start, map->end);
    uint64_t copied = use->resident;
    if ((behind || action != PLAN_COPY) && !count_rest(capture, map, action, use))
        return err_no_memory();
    if (behind && use->resident > copied) {
        mapping.state = MAPPING_BEHIND;
        capture->result.behind_bytes += use->resident - copied;
    }
    mapping.resident_bytes = use->resident;
    mapping.anonymous_bytes = use->anonymous;
    mapping.swapped_bytes = use->swapped;
    return image_add_mapping(capture->image, &mapping);
}

struct err *capture_describe(struct capture *capture) {
    for (size_t i = 0; i < capture->final.maps.count; i++)
        TRY(describe_mapping(capture, i));
    TRY(describe_threads(capture));
    TRY(modules_find(capture->process->pid, &capture->final.maps, add_module, capture->image));
    /* A process that ended right after the stop has been captured all the same. */
    if (capture->strategy->copies)
        err_free(process_memory(capture->process, &capture->result.memory));
    log_line(LOG_CAPTURE, "pause %.3f ms, %llu KiB copied, %llu KiB stayed behind, %u threads",
             capture->result.pause_seconds * 1e3,
             (unsigned long long)capture->result.captured_bytes >> 10,
             (unsigned long long)capture->result.behind_bytes >> 10, capture->result.thread_count);
    return NULL;
}
