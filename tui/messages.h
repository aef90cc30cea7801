/* The newest messages and lines of the log, for all threads. */
#ifndef HEAPGLASS_TUI_MESSAGES_H
#define HEAPGLASS_TUI_MESSAGES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { MESSAGES_KEPT = 1000 };

struct messages;

struct message {
    struct timespec time; /* wall clock */
    bool is_error;
    char *text;
};

/* From now on the log goes there, until it is destroyed. There is one. */
struct err *messages_create(struct messages **ret) ERR_CHECK;
void messages_destroy(struct messages *messages); /* NULL is fine */

void messages_add(struct messages *messages, bool is_error, const char *text);
/* How many there ever were: so that a change is seen. */
size_t messages_count(struct messages *messages);
/* Calls `each` for those that are kept, the newest first. It must not call these functions. */
void messages_each(struct messages *messages, void (*each)(void *context, const struct message *),
                   void *context);

#endif
