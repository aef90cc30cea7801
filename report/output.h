/* Buffered output to a file descriptor that remembers what went wrong, to be asked once at the end.
 * A reader that went away (EPIPE) is no error: the rest is dropped. */
#ifndef HEAPGLASS_REPORT_OUTPUT_H
#define HEAPGLASS_REPORT_OUTPUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
    int fd;
    const volatile int *cancel; /* non-zero: stop waiting for a slow reader; may be NULL */
    int error;                  /* errno of the first failed write */
    size_t used;
    char buffer[1 << 16];
};

void output_open(struct output *output, int fd, const volatile int *cancel);
void output_write(struct output *output, const char *bytes, size_t size);
void output_puts(struct output *output, const char *text);
void output_putc(struct output *output, char character);
void output_unsigned(struct output *output, uint64_t number);
void output_signed(struct output *output, int64_t number);
void output_hex(struct output *output, uint64_t number); /* "0x" and lower-case digits */
void output_printf(struct output *output, const char *format, ...) ERR_PRINTF(2, 3);

/* True when more output is pointless: the reader is gone, a write failed, or we shall stop. */
bool output_stopped(const struct output *output);

/* Writes what is buffered. An error if any write failed other than for a reader that left. */
struct err *output_flush(struct output *output) ERR_CHECK;

#endif
