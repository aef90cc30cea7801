#include "fake_source.h"

#include "base/cleanup.h"
#include "report/width.h"
#include "tests/unit/introspect/analyses/fake_heap.h"
#include "tests/unit/report/capture_output.h"

#include <criterion/new/assert.h>
#include <fcntl.h>
#include <string.h>

#define main              heapglass_main
#define HEAPGLASS_VERSION "1.2.3"
#include "cli/main.c"
#undef main

struct source_info fake_info = {
    .kind = "pid",
    .pid = 4711,
    .inner_pid = 12,
    .command = "/usr/bin/python3.11 -u /srv/shop/manage.py runserver",
    .python = "3.11.2",
    .layout = "dwarf (cached)",
    .strategy = PAUSE_COPY,
    .capture = {.pause_seconds = 0.0843,
                .captured_bytes = 104857600,
                .thread_count = 3,
                .memory = {.rss = 4000000,
                           .uss = 3900000,
                           .rss_anonymous = 2000000,
                           .rss_file = 1900000,
                           .cgroup_current = 5000000},
                .taken_at = {.tv_sec = 1769860800}},
};
struct err *fake_refusal;
struct source_options fake_options;

struct source {
    struct image *image;
};

struct err *source_open_pid(pid_t pid, const struct source_options *options, struct source **ret) {
    fake_options = *options;
    if (fake_refusal)
        return take_pointer(fake_refusal);
    struct source *source = calloc(1, sizeof *source);
    cr_assert_not_null(source);
    cr_assert_null(image_create(1 << 24, &source->image));
    const struct image_mapping mapping = {.start = 0x10000,
                                          .end = 0x20000,
                                          .readable = true,
                                          .writable = true,
                                          .kind = MAPPING_BRK,
                                          .path = "[heap]"};
    cr_assert_null(image_add_mapping(source->image, &mapping));
    fake_info.pid = pid;
    fake_heap_add_up(&fake_shop);
    *ret = source;
    return NULL;
}

void source_close(struct source *source) {
    if (!source)
        return;
    image_destroy(source->image);
    free(source);
}

const struct source_info *source_info(const struct source *source) {
    (void)source;
    return &fake_info;
}

const struct heap *source_heap(const struct source *source) {
    (void)source;
    return &fake_shop;
}

struct err *source_layout(struct source *source, const struct layout **ret) {
    (void)source;
    *ret = NULL;
    return NULL;
}

const struct image *source_image(const struct source *source) {
    return source->image;
}

int run_program(const char *command_line, char **out, char **errors) {
    char *words = strdup(command_line), *arguments[32] = {"heapglass"}, *rest = words;
    int count = 1;
    for (char *word; (word = strsep(&rest, " "));)
        arguments[count++] = word;
    fflush(stderr);
    int outputs[2] = {memfd_create("out", 0), memfd_create("errors", 0)};
    int saved[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    dup2(outputs[0], STDOUT_FILENO);
    dup2(outputs[1], STDERR_FILENO);
    int status = heapglass_main(count, arguments);
    fflush(stderr);
    dup2(saved[0], STDOUT_FILENO);
    dup2(saved[1], STDERR_FILENO);
    *out = contents_of(outputs[0]);
    *errors = contents_of(outputs[1]);
    for (int i = 0; i < 2; i++) {
        close(outputs[i]);
        close(saved[i]);
    }
    free(words);
    return status;
}

void expect(const char *command_line, const char *expected) {
    char *out, *errors;
    int status = run_program(command_line, &out, &errors);
    cr_expect(eq(str, errors, ""));
    cr_expect(eq(str, out, (char *)expected));
    cr_expect(eq(int, status, 0));
    for (const char *at = out; *at && !strstr(command_line, "--json"); at++) {
        char *end = strchr(at, '\n');
        *end = '\0';
        cr_expect(le(sz, width_of(at), 80), "%s", at);
        at = end;
    }
    free(out);
    free(errors);
}
