/* From a PID to an image: the short act during which the target is stopped.
 *
 * Everything slow comes before the stop (maps, plan, destination memory faulted in); after it, the
 * target runs on whatever happens to us (tracer.h). Nothing here knows Python. */
#ifndef HEAPGLASS_ATTACH_CAPTURE_H
#define HEAPGLASS_ATTACH_CAPTURE_H

#include "attach/process.h"
#include "image/image.h"

enum pause_strategy {
    PAUSE_COPY, /* stop, copy, run on */
    PAUSE_HOLD, /* stop until the capture is destroyed; pages are copied when they are read */
    PAUSE_NONE, /* never stop: approximate */
};

/* Remote memory that must hold zero for the moment to be a good one (gc.collecting). */
struct capture_condition {
    uint64_t address;
    uint32_t size;
};

struct capture_options {
    enum pause_strategy strategy;
    double max_pause;    /* seconds; 0: the default, CAPTURE_DEFAULT_MAX_PAUSE */
    uint64_t max_memory; /* bytes we may use; 0: no limit but what the machine has */
    const struct capture_condition *conditions;
    size_t condition_count;
    unsigned retries;           /* how often to try again when a condition does not hold */
    const volatile int *cancel; /* non-zero: give up as soon as possible; may be NULL */
};

struct capture_result {
    double pause_seconds; /* first thread stopped to last one running again; 0 if never stopped */
    uint64_t captured_bytes; /* copied from the target */
    uint64_t behind_bytes;   /* resident bytes of mappings that stayed behind */
    unsigned thread_count;
    bool conditions_failed;   /* every try met a condition that did not hold */
    bool was_stopped;         /* the target was stopped already, and was left so */
    bool approximate;         /* it was not stopped */
    struct memory_use memory; /* RSS, USS, ... at the capture */
    struct timespec taken_at; /* wall clock */
};

/* One capture at a time and process: not thread-safe. */
struct capture;

/* Plans: reads maps, scouts, checks the memory we will need, prepares the destination. The target
 * is not touched yet but for reads. `process` must outlive the capture; the conditions are copied.
 * ERR_BUDGET with advice if memory is short. Our own oom_score_adj becomes 1000. */
struct err *capture_prepare(const struct process *process, const struct capture_options *options,
                            struct capture **ret) ERR_CHECK;

/* Does it, once. The image belongs to the capture: mappings, threads, and a module for every mapped
 * ELF file are filled in, symbols are not. ERR_SOURCE if the process ended, ERR_BUDGET if it could
 * not be stopped, or not long enough; the target runs on (or is as stopped as it was) after any
 * error. With PAUSE_HOLD the target stays stopped until capture_release or capture_destroy. */
struct err *capture_take(struct capture *capture) ERR_CHECK;

/* Lets a held target run on; sets the pause of the result. An error if it had to run on before (the
 * longest pause was over, ...): pages that were asked for since are missing from the image. Does
 * nothing otherwise. */
struct err *capture_release(struct capture *capture) ERR_CHECK;
void capture_destroy(struct capture *capture);

struct image *capture_image(struct capture *capture); /* borrowed */
const struct capture_result *capture_result(const struct capture *capture);

#define CAPTURE_DEFAULT_MAX_PAUSE 10.0
#define CAPTURE_STOP_DEADLINE     1.0 /* for all threads to stop, seconds */

#endif
