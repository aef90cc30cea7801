#include "introspect/heap/parallel.h"

#include "base/gauge.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

unsigned parallel_threads(unsigned wanted) {
    if (!wanted) {
        cpu_set_t cpus;
        wanted = sched_getaffinity(0, sizeof cpus, &cpus) ? 1 : (unsigned)CPU_COUNT(&cpus);
    }
    return wanted < 1 ? 1 : wanted > PARALLEL_MAX ? PARALLEL_MAX : wanted;
}

struct run {
    void (*body)(void *context);
    void *context;
    struct gauge *gauge; /* of who waits for it */
};

static void *run_thread(void *argument) {
    struct run *run = argument;
    gauge_attach(run->gauge);
    run->body(run->context);
    return NULL;
}

void parallel_run(unsigned threads, void (*body)(void *context), void **contexts) {
    pthread_t ids[PARALLEL_MAX];
    struct run runs[PARALLEL_MAX];
    bool started[PARALLEL_MAX] = {false};
    for (unsigned i = 1; i < threads; i++) {
        runs[i] = (struct run){body, contexts[i], gauge_attached()};
        started[i] = !pthread_create(&ids[i], NULL, run_thread, &runs[i]);
    }
    body(contexts[0]);
    for (unsigned i = 1; i < threads; i++) {
        if (started[i])
            pthread_join(ids[i], NULL);
    }
}

struct loop {
    size_t count, grain;
    size_t *next; /* shared, atomic */
    void (*body)(void *context, size_t first, size_t last);
    void *context;
};

static void loop_part(void *argument) {
    struct loop *loop = argument;
    for (;;) {
        size_t first = __atomic_fetch_add(loop->next, loop->grain, __ATOMIC_RELAXED);
        if (first >= loop->count)
            return;
        size_t last = loop->count - first < loop->grain ? loop->count : first + loop->grain;
        loop->body(loop->context, first, last);
    }
}

void parallel_for(size_t count, size_t grain, unsigned threads,
                  void (*body)(void *context, size_t first, size_t last), void **contexts) {
    struct loop loops[PARALLEL_MAX];
    void *arguments[PARALLEL_MAX];
    size_t next = 0;
    for (unsigned i = 0; i < threads; i++) {
        loops[i] = (struct loop){count, grain, &next, body, contexts[i]};
        arguments[i] = &loops[i];
    }
    parallel_run(count > grain ? threads : 1, loop_part, arguments);
}
