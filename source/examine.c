#include "source/examine.h"

#include "attach/budget.h"
#include "introspect/layout/provider.h"
#include "source/memory_file.h"
#include "source/python.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Bulk reads of another process reach 5 GB/s on one thread of a common server; stopping and
 * releasing a thread takes some 8 microseconds, and all of it no less than 100. */
static const double bytes_per_second = 5e9, seconds_per_thread = 8e-6, least_seconds = 1e-4;

static char *escaped(const char *text) {
    struct strbuf buf = {0};
    strbuf_add_escaped(&buf, text, strlen(text), PATH_MAX);
    if (buf.failed)
        strbuf_free(&buf);
    return buf.text;
}

static struct err *find_layout(struct examination *examination, unsigned wanted) {
    struct maps maps = {0};
    struct python python = {0};
    examination->python = maps_read(examination->process->pid, &maps);
    if (!examination->python)
        examination->python = python_find(examination->process, &maps, wanted, &python);
    if (!examination->python) {
        examination->path = escaped(python.path);
        if (!memory_file_is(python.file))
            examination->through = escaped(elf_file_path(python.file));
        examination->layout_missing = python_layout(&python, &maps, &examination->layout);
        if (!examination->layout_missing)
            examination->python =
                python_check_started(examination->process, &python, examination->layout);
    }
    python_clear(&python);
    maps_free(&maps);
    return examination->python || examination->path ? NULL : err_no_memory();
}

static void estimate(struct examination *examination, uint64_t max_memory) {
    const struct memory_use *memory = &examination->memory;
    examination->copy_bytes = memory->rss_anonymous + memory->swap;
    examination->needed_bytes = budget_needed(examination->copy_bytes);
    examination->pause_seconds = least_seconds +
                                 seconds_per_thread * examination->process->thread_count +
                                 (double)examination->copy_bytes / bytes_per_second;
    examination->budget = budget_check(examination->process, examination->copy_bytes, max_memory);
}

struct err *source_examine(pid_t pid, uint64_t max_memory, unsigned python,
                           struct examination *ret) {
    *ret = (struct examination){0};
    TRY(process_open(pid, &ret->process));
    ret->attach = process_check_attach(ret->process);
    struct err *err = process_memory(ret->process, &ret->memory);
    if (err) {
        err_free(err);
        ret->memory = (struct memory_use){0};
    }
    estimate(ret, max_memory);
    err = find_layout(ret, python);
    if (!err)
        err = place_find(ret->process, &ret->place);
    if (err)
        examination_free(ret);
    return err;
}

void examination_free(struct examination *examination) {
    process_destroy(examination->process);
    err_free(examination->attach);
    err_free(examination->python);
    err_free(examination->layout_missing);
    err_free(examination->budget);
    free(examination->path);
    free(examination->through);
    place_clear(&examination->place);
    layout_destroy(examination->layout);
    *examination = (struct examination){0};
}

const struct err *examination_obstacle(const struct examination *examination) {
    const struct err *const obstacles[] = {examination->attach, examination->python,
                                           examination->layout_missing, examination->budget};
    for (size_t i = 0; i < sizeof obstacles / sizeof *obstacles; i++) {
        if (obstacles[i])
            return obstacles[i];
    }
    return NULL;
}
