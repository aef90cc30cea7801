#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool strbuf_room(struct strbuf *buf, size_t more) {
    if (buf->failed || more > SIZE_MAX / 4 - buf->length)
        return !(buf->failed = true);
    size_t needed = buf->length + more + 1;
    if (needed <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity * 2 : 64;
    if (capacity < needed)
        capacity = needed;
    char *text = realloc(buf->text, capacity);
    if (!text)
        return !(buf->failed = true);
    buf->text = text;
    buf->capacity = capacity;
    return true;
}

void strbuf_add(struct strbuf *buf, const char *text, size_t length) {
    if (!strbuf_room(buf, length))
        return;
    memcpy(buf->text + buf->length, text, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text) {
    strbuf_add(buf, text, strlen(text));
}

void strbuf_putc(struct strbuf *buf, char character) {
    strbuf_add(buf, &character, 1);
}

void strbuf_blanks(struct strbuf *buf, size_t count) {
    if (!strbuf_room(buf, count))
        return;
    memset(buf->text + buf->length, ' ', count);
    buf->length += count;
    buf->text[buf->length] = '\0';
}

void strbuf_add_unsigned(struct strbuf *buf, uint64_t number) {
    char text[20], *at = text + sizeof text;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    strbuf_add(buf, at, (size_t)(text + sizeof text - at));
}

/* Mostly there is room, and once is enough. */
void strbuf_printf(struct strbuf *buf, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t room = buf->text && !buf->failed ? buf->capacity - buf->length : 0;
    int length = vsnprintf(room ? buf->text + buf->length : NULL, room, format, arguments);
    va_end(arguments);
    bool fits = length >= 0 && (size_t)length < room;
    if (!fits && length >= 0 && strbuf_room(buf, (size_t)length)) {
        vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
        fits = true;
    }
    if (fits)
        buf->length += (size_t)length;
    else if (room)
        buf->text[buf->length] = '\0';
    va_end(again);
}

void strbuf_add_codepoint(struct strbuf *buf, unsigned codepoint) {
    bool direction = (codepoint >= 0x200b && codepoint <= 0x200f) ||
                     (codepoint >= 0x2028 && codepoint <= 0x202e) ||
                     (codepoint >= 0x2060 && codepoint <= 0x206f) || codepoint == 0xfeff;
    if (codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0)) {
        strbuf_printf(buf, "\\x%02x", codepoint);
    } else if (codepoint > 0x10ffff) {
        strbuf_printf(buf, "\\U%08x", codepoint);
    } else if (direction || (codepoint >= 0xd800 && codepoint <= 0xdfff)) {
        strbuf_printf(buf, "\\u%04x", codepoint);
    } else if (codepoint < 0x80) {
        strbuf_putc(buf, (char)codepoint);
    } else if (codepoint < 0x800) {
        strbuf_add(buf, (char[]){(char)(0xc0 | codepoint >> 6), (char)(0x80 | (codepoint & 63))},
                   2);
    } else if (codepoint < 0x10000) {
        strbuf_add(buf,
                   (char[]){(char)(0xe0 | codepoint >> 12), (char)(0x80 | (codepoint >> 6 & 63)),
                            (char)(0x80 | (codepoint & 63))},
                   3);
    } else {
        strbuf_add(buf,
                   (char[]){(char)(0xf0 | codepoint >> 18), (char)(0x80 | (codepoint >> 12 & 63)),
                            (char)(0x80 | (codepoint >> 6 & 63)), (char)(0x80 | (codepoint & 63))},
                   4);
    }
}

/* Length of the valid UTF-8 sequence at bytes, 0 if there is none (RFC 3629: no overlong forms). */
static size_t utf8_sequence(const unsigned char *bytes, size_t length, unsigned *codepoint) {
    unsigned char first = bytes[0];
    size_t need = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (!need || need > length || first > 0xf4)
        return 0;
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned value = first & mask[need];
    for (size_t i = 1; i < need; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < smallest[need] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *codepoint = value;
    return need;
}

void strbuf_add_escaped(struct strbuf *buf, const char *bytes, size_t length, size_t limit) {
    const unsigned char *at = (const unsigned char *)bytes;
    size_t left = length > limit ? limit : length;
    while (left) {
        unsigned codepoint = 0;
        size_t used = utf8_sequence(at, left, &codepoint);
        if (used) {
            strbuf_add_codepoint(buf, codepoint);
        } else {
            strbuf_printf(buf, "\\x%02x", at[0]);
            used = 1;
        }
        at += used;
        left -= used;
    }
    if (length > limit)
        strbuf_puts(buf, "...");
}

void strbuf_clear(struct strbuf *buf) {
    buf->length = 0;
    buf->failed = false;
    if (buf->text)
        buf->text[0] = '\0';
}

void strbuf_free(struct strbuf *buf) {
    free(buf->text);
    *buf = (struct strbuf){0};
}

const char *strbuf_text(const struct strbuf *buf) {
    return buf->text ? buf->text : "";
}
