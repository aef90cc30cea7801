#include "tui/prompt.h"

#include "base/strbuf.h"
#include "report/width.h"
#include "tui/terminal.h"

#include <string.h>

#define CONTROL(letter) ((letter)&31)

static bool continues_character(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

void prompt_start(struct prompt *prompt, const char *label, const char *text) {
    size_t length = strlen(text);
    if (length >= sizeof prompt->text) {
        length = sizeof prompt->text - 1;
        while (length && continues_character(text[length]))
            length--;
    }
    prompt->label = label;
    memcpy(prompt->text, text, length);
    prompt->text[length] = '\0';
    prompt->length = prompt->cursor = length;
}

static size_t before(const struct prompt *prompt, size_t at) {
    while (at && continues_character(prompt->text[--at])) {
    }
    return at;
}

static size_t after(const struct prompt *prompt, size_t at) {
    if (at < prompt->length)
        at++;
    while (at < prompt->length && continues_character(prompt->text[at]))
        at++;
    return at;
}

static void cut(struct prompt *prompt, size_t first, size_t last) {
    memmove(prompt->text + first, prompt->text + last, prompt->length - last + 1);
    prompt->length -= last - first;
    prompt->cursor = first;
}

static void insert(struct prompt *prompt, int code) {
    struct strbuf character = {0};
    strbuf_add_codepoint(&character, (unsigned)code);
    size_t length = character.length;
    bool escaped = code != '\\' && *strbuf_text(&character) == '\\'; /* it is no character */
    if (length && !escaped && prompt->length + length < sizeof prompt->text) {
        char *at = prompt->text + prompt->cursor;
        memmove(at + length, at, prompt->length - prompt->cursor + 1);
        memcpy(at, strbuf_text(&character), length);
        prompt->length += length;
        prompt->cursor += length;
    }
    strbuf_free(&character);
}

enum prompt_state prompt_key(struct prompt *prompt, int code) {
    size_t cursor = prompt->cursor;
    switch (code) {
    case KEY_CODE_ENTER:
        prompt->label = NULL;
        return PROMPT_ENTERED;
    case KEY_CODE_ESCAPE:
    case CONTROL('G'):
        prompt->label = NULL;
        return PROMPT_LEFT;
    case KEY_CODE_LEFT:
        prompt->cursor = before(prompt, cursor);
        break;
    case KEY_CODE_RIGHT:
        prompt->cursor = after(prompt, cursor);
        break;
    case KEY_CODE_HOME:
    case CONTROL('A'):
        prompt->cursor = 0;
        break;
    case KEY_CODE_END:
    case CONTROL('E'):
        prompt->cursor = prompt->length;
        break;
    case KEY_CODE_BACKSPACE:
        if (!prompt->length) {
            prompt->label = NULL;
            return PROMPT_LEFT;
        }
        cut(prompt, before(prompt, cursor), cursor);
        break;
    case KEY_CODE_DELETE:
        cut(prompt, cursor, after(prompt, cursor));
        prompt->cursor = cursor;
        break;
    case CONTROL('U'):
        cut(prompt, 0, cursor);
        break;
    default:
        if (code < KEY_BASE)
            insert(prompt, code);
    }
    return PROMPT_OPEN;
}

void prompt_draw(const struct prompt *prompt, unsigned row, unsigned columns) {
    struct strbuf left = {0};
    unsigned start = terminal_text(row, 0, columns, PAINT_STRONG, prompt->label) + 1;
    size_t first = 0;
    strbuf_add(&left, prompt->text, prompt->cursor);
    /* What does not fit goes out at the left. */
    while (first < prompt->cursor && start + width_of(strbuf_text(&left) + first) + 1 >= columns)
        first = after(prompt, first);
    unsigned taken = (unsigned)width_of(strbuf_text(&left) + (left.length ? first : 0));
    if (start < columns)
        terminal_text(row, start, columns - start, PAINT_PLAIN, prompt->text + first);
    terminal_cursor(row, start + taken < columns ? start + taken : columns - 1);
    strbuf_free(&left);
}
