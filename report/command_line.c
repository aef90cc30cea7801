#include "report/command_line.h"

#include <stdbool.h>
#include <string.h>

/* The part of a word behind its last slash, if it looks like a path. */
static const char *word_without_directories(const char *word, size_t *length) {
    const char *slash = *word == '/' ? memrchr(word, '/', *length) : NULL;
    if (slash && slash + 1 < word + *length) {
        *length -= (size_t)(slash + 1 - word);
        return slash + 1;
    }
    return word;
}

/* Adds a word, with the line ends of a program given by -c (escaped by now) as blanks. */
static void add_word(struct strbuf *out, const char *word, size_t length) {
    static const char newline[] = "\\x0a";
    for (size_t i = 0; i < length; i++) {
        if (length - i >= strlen(newline) && !memcmp(word + i, newline, strlen(newline))) {
            if (out->length && out->text[out->length - 1] != ' ')
                strbuf_putc(out, ' ');
            i += strlen(newline) - 1;
        } else {
            strbuf_putc(out, word[i]);
        }
    }
}

void command_shorten(struct strbuf *out, const char *command) {
    bool interpreter = false, first = true, started = false;
    while (*command) {
        size_t whole = strcspn(command, " "), length = whole;
        const char *word = word_without_directories(command, &length);
        bool is_last = !command[whole];
        if (first)
            interpreter = length >= 6 && !memcmp(word, "python", 6) && !is_last;
        /* An interpreter and its flags without arguments say nothing; -c, -W and -X take one. */
        bool is_flag = length == 2 && word[0] == '-' && !strchr("cWX", word[1]);
        bool skipped = interpreter && !started && !is_last && (first || is_flag);
        if (!skipped && length) {
            if (started)
                strbuf_putc(out, ' ');
            add_word(out, word, length);
            started = true;
        }
        first = false;
        command += whole;
        command += *command == ' ';
    }
}

void shell_quote(struct strbuf *out, const char *word) {
    static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789@%+=:,./_-";
    if (*word && !word[strspn(word, harmless)]) {
        strbuf_puts(out, word);
        return;
    }
    strbuf_putc(out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            strbuf_puts(out, "'\\''");
        else
            strbuf_putc(out, *word);
    }
    strbuf_putc(out, '\'');
}
