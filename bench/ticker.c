/* A thread that should wake every millisecond, inside the benchmark's target: the largest gap between
 * two wakes is the pause as the target feels it. Not a Python thread: it never waits for the GIL.
 * The gap lies in a shared file, so that the benchmark reads and resets it without disturbing the target. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct ticks {
    volatile uint64_t largest_gap_ns, count;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *tick(void *argument) {
    struct ticks *ticks = argument;
    const struct timespec interval = {0, 1000000};
    for (uint64_t last = now();;) {
        nanosleep(&interval, NULL);
        uint64_t time = now(), gap = time - last;
        if (gap > ticks->largest_gap_ns)
            ticks->largest_gap_ns = gap;
        ticks->count++;
        last = time;
    }
    return NULL;
}

/* Starts the thread; `path` is a file of at least 16 bytes. 0 if all went well. */
int ticker_start(const char *path) {
    int file = open(path, O_RDWR);
    if (file < 0)
        return 1;
    void *ticks = mmap(NULL, sizeof(struct ticks), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    pthread_t thread;
    return ticks == MAP_FAILED || pthread_create(&thread, NULL, tick, ticks) != 0;
}
