/* Text that grows. Running out of memory is remembered (`failed`) and checked once, at the end. */
#ifndef HEAPGLASS_BASE_STRBUF_H
#define HEAPGLASS_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
    char *text; /* NUL-terminated once anything was added; owned, strbuf_free */
    size_t length, capacity;
    bool failed;
};

void strbuf_add(struct strbuf *buf, const char *text, size_t length);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_putc(struct strbuf *buf, char character);
void strbuf_blanks(struct strbuf *buf, size_t count);
void strbuf_add_unsigned(struct strbuf *buf, uint64_t number); /* in decimal */
void strbuf_printf(struct strbuf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds foreign bytes made safe for a terminal: control characters and what is not valid UTF-8
 * become \xNN, backslash itself stays. At most `limit` bytes of input are taken; "..." marks a cut. */
void strbuf_add_escaped(struct strbuf *buf, const char *bytes, size_t length, size_t limit);

/* Adds one code point as UTF-8, escaped (\xNN, \uNNNN) where it is a control character,
 * a surrogate or a direction mark that would disturb a terminal. */
void strbuf_add_codepoint(struct strbuf *buf, unsigned codepoint);

void strbuf_clear(struct strbuf *buf); /* keeps the memory */
void strbuf_free(struct strbuf *buf);
const char *strbuf_text(const struct strbuf *buf); /* never NULL; borrowed */

#endif
