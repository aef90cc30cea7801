/* A heap kept in a file: opened again, or written. What is known of the capture is kept as facts. */
#include "introspect/runtime/runtime.h"
#include "source/examine.h"
#include "source/snapshot_output.h"
#include "source/source_private.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- facts ----------------------------------------------------------------------------------- */

/* Numbers of struct source_info by the names that they have in a file. */
struct number {
    const char *key;
    size_t offset;
};

#define CAPTURE(member) offsetof(struct source_info, capture.member)

static const struct number numbers[] = {
    {"start_time", offsetof(struct source_info, start_time)},
    {"captured_bytes", CAPTURE(captured_bytes)},
    {"behind_bytes", CAPTURE(behind_bytes)},
    {"rss_bytes", CAPTURE(memory.rss)},
    {"uss_bytes", CAPTURE(memory.uss)},
    {"swap_bytes", CAPTURE(memory.swap)},
    {"rss_anonymous_bytes", CAPTURE(memory.rss_anonymous)},
    {"rss_file_bytes", CAPTURE(memory.rss_file)},
    {"rss_shmem_bytes", CAPTURE(memory.rss_shmem)},
    {"cgroup_current_bytes", CAPTURE(memory.cgroup_current)},
    {"cgroup_max_bytes", CAPTURE(memory.cgroup_max)},
};

static const struct number flags[] = {
    {"collecting", offsetof(struct source_info, collecting)},
    {"was_stopped", CAPTURE(was_stopped)},
    {"approximate", CAPTURE(approximate)},
};

enum { NUMBERS = sizeof numbers / sizeof *numbers, FLAGS = sizeof flags / sizeof *flags };

static void add_facts(struct facts *facts, const struct source_info *info) {
    const char *bytes = (const char *)info;
    facts_add_text(facts, "command", info->command);
    facts_add_text(facts, "python", info->python);
    facts_add_text(facts, "layout", info->layout);
    facts_add_signed(facts, "pid", info->pid);
    facts_add_signed(facts, "inner_pid", info->inner_pid);
    facts_add_unsigned(facts, "pause", (uint64_t)info->strategy);
    facts_add_real(facts, "pause_seconds", info->capture.pause_seconds);
    facts_add_unsigned(facts, "threads", info->capture.thread_count);
    facts_add_signed(facts, "taken_at", info->capture.taken_at.tv_sec);
    facts_add_signed(facts, "taken_at_nanoseconds", info->capture.taken_at.tv_nsec);
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t value;
        memcpy(&value, bytes + numbers[i].offset, sizeof value);
        facts_add_unsigned(facts, numbers[i].key, value);
    }
    for (size_t i = 0; i < FLAGS; i++)
        facts_add_unsigned(facts, flags[i].key, *(const bool *)(bytes + flags[i].offset));
}

static void take_facts(struct source_info *info, const struct facts *facts) {
    char *bytes = (char *)info;
    uint64_t pause = facts_unsigned(facts, "pause");
    info->command = facts_text(facts, "command");
    info->python = facts_text(facts, "python");
    info->layout = facts_text(facts, "layout");
    info->pid = (pid_t)facts_signed(facts, "pid");
    info->inner_pid = (pid_t)facts_signed(facts, "inner_pid");
    info->strategy = pause <= PAUSE_NONE ? (enum pause_strategy)pause : PAUSE_COPY;
    info->capture.pause_seconds = facts_real(facts, "pause_seconds");
    info->capture.thread_count = (unsigned)facts_unsigned(facts, "threads");
    info->capture.taken_at.tv_sec = facts_signed(facts, "taken_at");
    info->capture.taken_at.tv_nsec = (long)facts_signed(facts, "taken_at_nanoseconds");
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t value = facts_unsigned(facts, numbers[i].key);
        memcpy(bytes + numbers[i].offset, &value, sizeof value);
    }
    for (size_t i = 0; i < FLAGS; i++)
        *(bool *)(bytes + flags[i].offset) = facts_unsigned(facts, flags[i].key);
}

/* ---- opening --------------------------------------------------------------------------------- */

bool source_is_snapshot(const char *path) {
    struct snapshot_input *input = NULL;
    struct err *err = snapshot_input_open(path, &input);
    bool is_one = !err && chunk_is_snapshot(snapshot_input_source(input));
    err_free(err);
    snapshot_input_close(input);
    return is_one;
}

/* With a survey it is examined, too. */
static struct err *open_file(struct source *source, const char *path,
                             const struct source_options *options, struct snapshot_survey *survey) {
    const struct snapshot_options snapshot_options = {.threads = options->threads,
                                                      .cancel = options->cancel};
    source_progress(options, "snapshot");
    TRY(snapshot_input_open(path, &source->input));
    struct chunk_source input = snapshot_input_source(source->input);
    struct err *err =
        survey ? snapshot_examine(input, &snapshot_options, survey, &source->snapshot)
               : snapshot_open(input, &snapshot_options, options->totals_only, &source->snapshot);
    TRY(err_context(err, "%s", path));
    source->heap = snapshot_heap(source->snapshot);
    source->path = strdup(path);
    if (!source->path)
        return err_no_memory();
    source->info =
        (struct source_info){.kind = "snapshot", .path = source->path, .file_size = input.size};
    take_facts(&source->info, snapshot_facts(source->snapshot));
    source->late_error = options->late_error;
    return NULL;
}

static struct err *open_source(const char *path, const struct source_options *options,
                               struct snapshot_survey *survey, struct source **ret) {
    struct source *source = calloc(1, sizeof *source);
    if (!source)
        return err_no_memory();
    struct err *err = open_file(source, path, options, survey);
    if (err) {
        source_close(source);
        return err;
    }
    *ret = source;
    return NULL;
}

struct err *source_open_snapshot(const char *path, const struct source_options *options,
                                 struct source **ret) {
    return open_source(path, options, NULL, ret);
}

struct err *source_examine_snapshot(const char *path, const struct source_options *options,
                                    struct snapshot_survey *survey, struct source **ret) {
    return open_source(path, options, survey, ret);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct err *source_save(struct source *source, struct snapshot_output *output,
                        const struct source_options *options) {
    struct snapshot_options snapshot_options = {.threads = options->threads,
                                                .cancel = options->cancel};
    struct facts facts = {0};
    source_progress(options, "saving");
    TRY(source_layout(source, &snapshot_options.layout));
    add_facts(&facts, &source->info);
    struct err *err = snapshot_write(source->heap, source_image(source), &facts, &snapshot_options,
                                     snapshot_output_sink(output));
    facts_free(&facts);
    TRY(err);
    TRY(source_take_error(source));
    return snapshot_output_commit(output);
}
