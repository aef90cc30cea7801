/* A line that is typed at the bottom of the screen. */
#ifndef HEAPGLASS_TUI_PROMPT_H
#define HEAPGLASS_TUI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

enum { PROMPT_SIZE = 512 };

struct prompt {
    const char *label;      /* NULL: nothing is asked */
    char text[PROMPT_SIZE]; /* UTF-8 */
    size_t length, cursor;  /* bytes */
};

enum prompt_state { PROMPT_OPEN, PROMPT_ENTERED, PROMPT_LEFT };

void prompt_start(struct prompt *prompt, const char *label, const char *text);
/* Takes a key. When it is entered or left the label is NULL, and the text stays. */
enum prompt_state prompt_key(struct prompt *prompt, int code);
/* Draws it, with the cursor. */
void prompt_draw(const struct prompt *prompt, unsigned row, unsigned columns);

#endif
