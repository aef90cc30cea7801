#include "capture_output.h"

#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

static struct output output;

Test(output, more_than_the_buffer) {
    int fd = memfd_create("output", 0);
    output_open(&output, fd, NULL);
    char piece[1000];
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 1000; i++)
        output_write(&output, piece, sizeof piece);
    output_unsigned(&output, UINT64_MAX);
    output_putc(&output, ' ');
    output_signed(&output, INT64_MIN);
    output_putc(&output, ' ');
    output_hex(&output, 0);
    cr_assert_null(output_flush(&output));
    char *text = contents_of(fd);
    cr_assert(eq(str, text + 1000000, "18446744073709551615 -9223372036854775808 0x0"));
    free(text);
    close(fd);
}

Test(output, full_device_is_an_error) {
    int fd = open("/dev/full", O_WRONLY);
    cr_assert(ge(int, fd, 0));
    output_open(&output, fd, NULL);
    output_puts(&output, "text");
    struct err *err = output_flush(&output);
    cr_assert_not_null(err);
    cr_assert(eq(int, err_code(err), ERR_FAILED));
    cr_assert_not_null(strstr(err_message(err), "No space left"));
    cr_assert(output_stopped(&output));
    err_free(err);
    close(fd);
}

Test(output, reader_that_left_is_no_error) {
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    cr_assert(zero(int, pipe(ends)));
    close(ends[0]);
    output_open(&output, ends[1], NULL);
    output_puts(&output, "text");
    cr_assert_null(output_flush(&output));
    cr_assert(output_stopped(&output));
    close(ends[1]);
}

Test(output, cancelled_is_not_written) {
    volatile int cancel = 1;
    int fd = memfd_create("output", 0);
    output_open(&output, fd, &cancel);
    output_puts(&output, "text");
    cr_assert_null(output_flush(&output));
    cr_assert(zero(sz, (size_t)lseek(fd, 0, SEEK_END)));
    close(fd);
}
