#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err {
    enum err_code code;
    char *message;
};

static struct err out_of_memory = {ERR_FAILED, (char[]){"out of memory"}};

struct err *err_no_memory(void) {
    return &out_of_memory;
}

static struct err *err_of(enum err_code code, char *message) {
    struct err *err = message ? malloc(sizeof *err) : NULL;
    if (!err) {
        free(message);
        return &out_of_memory;
    }
    *err = (struct err){code, message};
    return err;
}

static char *format_message(const char *format, va_list arguments) {
    char *message = NULL;
    return vasprintf(&message, format, arguments) < 0 ? NULL : message;
}

struct err *err_new(enum err_code code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = format_message(format, arguments);
    va_end(arguments);
    return err_of(code, message);
}

struct err *err_errno(enum err_code code, int number, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *what = format_message(format, arguments);
    va_end(arguments);
    char *message = NULL;
    if (what && asprintf(&message, "%s: %s", what, strerror(number)) < 0)
        message = NULL;
    free(what);
    return err_of(code, message);
}

struct err *err_context(struct err *err, const char *format, ...) {
    if (!err || err == &out_of_memory)
        return err;
    va_list arguments;
    va_start(arguments, format);
    char *context = format_message(format, arguments);
    va_end(arguments);
    char *message = NULL;
    if (context && asprintf(&message, "%s: %s", context, err->message) >= 0) {
        free(err->message);
        err->message = message;
    }
    free(context);
    return err;
}

enum err_code err_code(const struct err *err) {
    return err->code;
}

const char *err_message(const struct err *err) {
    return err->message;
}

void err_free(struct err *err) {
    if (!err || err == &out_of_memory)
        return;
    free(err->message);
    free(err);
}
