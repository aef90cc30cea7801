#include "tui/messages.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct messages {
    pthread_mutex_t lock;
    struct message items[MESSAGES_KEPT]; /* a ring */
    size_t count;                        /* ever */
};

static void take_log(void *context, enum log_domain domain, const char *line) {
    struct strbuf text = {0};
    strbuf_printf(&text, "%s: %s", log_domain_name(domain), line);
    messages_add(context, false, strbuf_text(&text));
    strbuf_free(&text);
}

struct err *messages_create(struct messages **ret) {
    struct messages *messages = calloc(1, sizeof *messages);
    if (!messages)
        return err_no_memory();
    pthread_mutex_init(&messages->lock, NULL);
    log_set_sink(take_log, messages);
    *ret = messages;
    return NULL;
}

void messages_destroy(struct messages *messages) {
    if (!messages)
        return;
    log_set_sink(NULL, NULL);
    for (size_t i = 0; i < MESSAGES_KEPT; i++)
        free(messages->items[i].text);
    pthread_mutex_destroy(&messages->lock);
    free(messages);
}

void messages_add(struct messages *messages, bool is_error, const char *text) {
    struct message message = {.is_error = is_error, .text = strdup(text)};
    if (!message.text)
        return;
    clock_gettime(CLOCK_REALTIME, &message.time);
    pthread_mutex_lock(&messages->lock);
    struct message *place = &messages->items[messages->count++ % MESSAGES_KEPT];
    free(place->text);
    *place = message;
    pthread_mutex_unlock(&messages->lock);
}

size_t messages_count(struct messages *messages) {
    pthread_mutex_lock(&messages->lock);
    size_t count = messages->count;
    pthread_mutex_unlock(&messages->lock);
    return count;
}

void messages_each(struct messages *messages, void (*each)(void *context, const struct message *),
                   void *context) {
    pthread_mutex_lock(&messages->lock);
    size_t kept = messages->count < MESSAGES_KEPT ? messages->count : MESSAGES_KEPT;
    for (size_t i = 1; i <= kept; i++)
        each(context, &messages->items[(messages->count - i) % MESSAGES_KEPT]);
    pthread_mutex_unlock(&messages->lock);
}
