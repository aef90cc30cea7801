#include "report/output.h"

#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void output_open(struct output *output, int fd, const volatile int *cancel) {
    output->fd = fd;
    output->cancel = cancel;
    output->error = 0;
    output->used = 0;
}

bool output_stopped(const struct output *output) {
    return output->error || cancel_asked(output->cancel);
}

static void output_drain(struct output *output) {
    const char *at = output->buffer;
    size_t left = output->used;
    output->used = 0;
    while (left && !output_stopped(output)) {
        /* poll, since it is interrupted by signals where a restarted write would not be. */
        struct pollfd ready = {.fd = output->fd, .events = POLLOUT};
        if (poll(&ready, 1, -1) < 0 && errno == EINTR)
            continue;
        ssize_t written = write(output->fd, at, left);
        if (written >= 0) {
            at += written;
            left -= (size_t)written;
        } else if (errno != EINTR && errno != EAGAIN) {
            output->error = errno;
        }
    }
}

void output_write(struct output *output, const char *bytes, size_t size) {
    while (size > sizeof output->buffer - output->used) {
        size_t part = sizeof output->buffer - output->used;
        memcpy(output->buffer + output->used, bytes, part);
        output->used += part;
        bytes += part;
        size -= part;
        output_drain(output);
    }
    memcpy(output->buffer + output->used, bytes, size);
    output->used += size;
}

void output_puts(struct output *output, const char *text) {
    output_write(output, text, strlen(text));
}

void output_putc(struct output *output, char character) {
    output_write(output, &character, 1);
}

void output_unsigned(struct output *output, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    output_write(output, digits + at, sizeof digits - at);
}

void output_signed(struct output *output, int64_t number) {
    if (number < 0)
        output_putc(output, '-');
    output_unsigned(output, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void output_hex(struct output *output, uint64_t number) {
    char digits[18];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number);
    digits[--at] = 'x';
    digits[--at] = '0';
    output_write(output, digits + at, sizeof digits - at);
}

void output_printf(struct output *output, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0)
        output_write(output, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

struct err *output_flush(struct output *output) {
    output_drain(output);
    if (output->error && output->error != EPIPE)
        return err_errno(ERR_FAILED, output->error, "can't write the output");
    return NULL;
}
