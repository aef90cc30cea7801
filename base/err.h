/* Errors as values: a function that can fail returns `struct err *`, NULL when all is well.
 * An error is owned by whoever receives it: hand it up (with context) or free it. */
#ifndef HEAPGLASS_BASE_ERR_H
#define HEAPGLASS_BASE_ERR_H

#include <stdarg.h>

/* What a caller may branch on. The values are also the command's exit statuses (docs/json.md). */
enum err_code {
    ERR_FAILED = 1,       /* it failed, nothing more special applies */
    ERR_USAGE = 2,        /* the request itself is wrong */
    ERR_SOURCE = 3,       /* the process or snapshot is not there, or we may not look at it */
    ERR_NO_LAYOUT = 4,    /* not a Python, or no layout for this build */
    ERR_DAMAGED_FILE = 5, /* a file is damaged */
    ERR_BUDGET = 6,       /* a budget (pause, memory) would be or was exceeded */
    ERR_CANCELLED = 7,    /* the user asked to stop; never an exit status by itself */
};

struct err;

#define ERR_CHECK               __attribute__((warn_unused_result))
#define ERR_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* A new error with a one-line message. Never NULL: without memory a static error is returned. */
struct err *err_new(enum err_code code, const char *format, ...) ERR_CHECK ERR_PRINTF(2, 3);

/* As err_new, followed by ": " and the text of the errno value given. */
struct err *err_errno(enum err_code code, int number, const char *format, ...) ERR_CHECK
    ERR_PRINTF(3, 4);

/* Puts "context: " before the message of a non-NULL error; NULL stays NULL. Consumes and returns. */
struct err *err_context(struct err *err, const char *format, ...) ERR_CHECK ERR_PRINTF(2, 3);

/* The static out-of-memory error. */
struct err *err_no_memory(void) ERR_CHECK;

enum err_code err_code(const struct err *err);
const char *err_message(const struct err *err); /* borrowed, one line */
void err_free(struct err *err);                 /* NULL is fine */

/* Returns early with the error of an expression that fails. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        struct err *try_err_ = (expression);                                                       \
        if (try_err_)                                                                              \
            return try_err_;                                                                       \
    } while (0)

#endif
