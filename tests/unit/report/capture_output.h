/* Runs a report through a format into a text. */
#ifndef HEAPGLASS_TESTS_CAPTURE_OUTPUT_H
#define HEAPGLASS_TESTS_CAPTURE_OUTPUT_H

#include "report/report.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* All that was written to a memory file; owned. */
static inline char *contents_of(int fd) {
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    cr_assert(text && pread(fd, text, (size_t)size, 0) == size);
    return text;
}

static inline char *written(const struct report *report, const char *format,
                            struct format_options options) {
    static struct output output;
    int fd = memfd_create("output", 0);
    output_open(&output, fd, NULL);
    cr_assert_null(report_write(report, format_find(format), &options, &output));
    cr_assert_null(output_flush(&output));
    char *text = contents_of(fd);
    close(fd);
    return text;
}

#endif
