/* A process that runs: it is captured, and its heap decoded. */
#include "attach/procfs.h"
#include "base/log.h"
#include "introspect/layout/provider.h"
#include "introspect/runtime/runtime.h"
#include "source/source_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    COLLECTING_RETRIES = 20, /* a collection of 10^6 objects takes about 0.1 s */
    MAX_INTERPRETERS = 64,   /* whose gc.collecting is watched */
};

/* ---- before the stop ------------------------------------------------------------------------- */

/* The words that are not zero while a garbage collection runs, of each interpreter. */
static size_t collecting_words(const struct source *source, struct capture_condition *conditions) {
    const struct layout *layout = source->layout;
    pid_t pid = source->process->pid;
    struct field collecting = layout->gc_state.collecting;
    if (!layout_has(layout->interpreter.gc)) {
        conditions[0] = (struct capture_condition){
            source->python.runtime + layout->runtime.gc.offset + collecting.offset,
            collecting.size};
        return 1;
    }
    size_t count = 0;
    uint64_t at = 0;
    proc_read_memory(pid, source->python.runtime + layout->runtime.interpreters_head.offset, &at,
                     sizeof at);
    while (at && count < MAX_INTERPRETERS) {
        conditions[count++] = (struct capture_condition){
            at + layout->interpreter.gc.offset + collecting.offset, collecting.size};
        if (!proc_read_memory(pid, at + layout->interpreter.next.offset, &at, sizeof at))
            break;
    }
    return count;
}

static struct err *prepare(struct source *source, pid_t pid, const struct source_options *options) {
    source_progress(options, "symbols");
    source->doing = "its symbols were looked up";
    TRY(process_open(pid, &source->process));
    TRY(process_check_attach(source->process));
    TRY(maps_read(pid, &source->maps));
    TRY(python_find(source->process, &source->maps, options->python, &source->python));
    TRY(python_layout(&source->python, &source->maps, &source->layout));
    TRY(python_check_started(source->process, &source->python, source->layout));
    python_find_symbols(&source->python, source->layout);
    return options->names ? data_symbols_find(pid, &source->maps, &source->data_symbols) : NULL;
}

/* ---- the capture and after ------------------------------------------------------------------- */

static struct err *add_symbols(struct source *source, struct image *image) {
    for (size_t i = 0; i < source->python.symbol_count; i++) {
        const struct python_symbol *found = &source->python.symbols[i];
        struct image_symbol symbol = {
            .name = found->name, .address = found->address, .size = found->size};
        TRY(image_add_symbol(image, &symbol));
    }
    return data_symbols_add(&source->data_symbols, image);
}

static struct err *capture(struct source *source, const struct source_options *options) {
    source_progress(options, "capture");
    source->doing = "its memory was captured";
    struct capture_condition conditions[MAX_INTERPRETERS];
    struct capture_options capture_options = {
        .strategy = options->strategy,
        .max_pause = options->max_pause,
        .max_memory = options->max_memory,
        .conditions = conditions,
        .condition_count = collecting_words(source, conditions),
        .retries = COLLECTING_RETRIES,
        .cancel = options->cancel,
    };
    TRY(capture_prepare(source->process, &capture_options, &source->capture));
    TRY(capture_take(source->capture));
    return add_symbols(source, capture_image(source->capture));
}

static struct err *decode_image(struct source *source, const struct source_options *options) {
    const struct image *image = capture_image(source->capture);
    TRY(runtime_read(image, source->layout, source->python.runtime, &source->runtime));
    struct heap_options heap_options = {.threads = options->threads,
                                        .totals_only = options->totals_only,
                                        .cancel = options->cancel};
    TRY(heap_build(image, source->layout, source->runtime, &heap_options, &source->heap));
    /* A held process that died took with it what had not been read yet. */
    if (options->strategy == PAUSE_HOLD && !process_alive(source->process))
        return err_new(ERR_SOURCE, "process %d ended while it was held", source->process->pid);
    return NULL;
}

static struct err *decode(struct source *source, const struct source_options *options) {
    source_progress(options, "decode");
    source->doing = "its memory was decoded";
    struct err *err = decode_image(source, options);
    struct err *released = capture_release(source->capture);
    if (!released || (err && err_code(err) == ERR_CANCELLED)) {
        err_free(released);
        return err;
    }
    err_free(err); /* a consequence: pages that were still needed are missing */
    return released;
}

static void fill_info(struct source *source, const struct source_options *options) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(source->runtime, &count);
    source->info = (struct source_info){
        .kind = "pid",
        .pid = source->process->pid,
        .inner_pid = source->process->inner_pid,
        .start_time = source->process->start_time,
        .command = source->process->command,
        .python = source->layout->version,
        .layout = source->layout->provider,
        .strategy = options->strategy,
        .capture = *capture_result(source->capture),
    };
    for (size_t i = 0; i < count; i++)
        source->info.collecting |= interpreters[i].collecting;
}

/* What went wrong with a process that is gone by now, went wrong because it is gone. */
static struct err *explain(const struct source *source, struct err *err) {
    const struct process *process = source->process;
    enum err_code code = err_code(err);
    if (!process || process->state == 'Z' || code == ERR_CANCELLED || process_alive(process))
        return err;
    struct err *ended = err_new(ERR_SOURCE, "process %d (%s) ended while %s%s%s", process->pid,
                                process->name, source->doing, code == ERR_SOURCE ? "" : ": ",
                                code == ERR_SOURCE ? "" : err_message(err));
    err_free(err);
    return ended;
}

struct err *source_open_pid(pid_t pid, const struct source_options *options, struct source **ret) {
    struct source *source = calloc(1, sizeof *source);
    if (!source)
        return err_no_memory();
    struct err *err = prepare(source, pid, options);
    if (!err)
        err = capture(source, options);
    if (!err)
        err = decode(source, options);
    if (err) {
        err = explain(source, err);
        source_close(source);
        return err;
    }
    fill_info(source, options);
    *ret = source;
    return NULL;
}
