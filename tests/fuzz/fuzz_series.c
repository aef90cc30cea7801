/* The file of a series. What is read can be judged, shown and drawn. */
#include "tests/fuzz/fuzz.h"

#include "cli/growth_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void show(const struct growth *growth) {
    static const struct format_options options = {.width = 80, .bars = true};
    static struct output output;
    struct growth_summary summary;
    struct report report = {0};
    fuzz_must(growth_summarize(growth, SIZE_MAX, true, &summary));
    growth_head_add(&report, growth);
    growth_span_add(&report, growth);
    growth_plot_add(&report, growth, true);
    growth_summary_add(&report, &summary);
    int fd = memfd_create("shown", MFD_CLOEXEC);
    output_open(&output, fd, NULL);
    fuzz_must(report_write(&report, format_find("text"), &options, &output));
    fuzz_must(output_flush(&output));
    close(fd);
    growth_summary_free(&summary);
    report_clear(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    struct growth growth = {0};
    int fd = memfd_create("series", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct err *err = growth_file_read(path, &growth);
    if (!err)
        show(&growth);
    err_free(err);
    growth_free(&growth);
    close(fd);
    return 0;
}
