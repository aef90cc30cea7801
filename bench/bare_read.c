/* What the machine allows: reads all resident private writable memory of a process with
 * process_vm_readv, into huge pages that are faulted in beforehand, and prints the bytes and the
 * best time of several rounds.
 *
 * usage: bare_read PID THREADS ROUNDS [BYTES]      no more than BYTES, if given
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PIECE = 1 << 20, BATCH = 256 };

static struct iovec *runs; /* resident pages, in pieces of up to 1 MB */
static size_t run_count, run_capacity;
static uint64_t total, limit = UINT64_MAX;

static void add_run(uint64_t start, uint64_t end) {
    while (start < end && total < limit) {
        uint64_t length = end - start < PIECE ? end - start : PIECE;
        if (run_count == run_capacity) {
            run_capacity = run_capacity ? run_capacity * 2 : 4096;
            runs = realloc(runs, run_capacity * sizeof *runs);
        }
        runs[run_count++] = (struct iovec){(void *)start, length};
        total += length;
        start += length;
    }
}

/* The present pages of one mapping: bit 63 of their pagemap words. */
static void add_mapping(int pagemap, uint64_t start, uint64_t end) {
    static uint64_t words[65536];
    uint64_t run = 0;
    for (uint64_t at = start; at < end;) {
        size_t pages = (end - at) / PAGE < 65536 ? (end - at) / PAGE : 65536;
        if (pread(pagemap, words, pages * 8, (off_t)(at / PAGE * 8)) != (ssize_t)(pages * 8))
            return;
        for (size_t i = 0; i < pages; i++, at += PAGE) {
            if (words[i] >> 63) {
                if (!run)
                    run = at;
            } else if (run) {
                add_run(run, at);
                run = 0;
            }
        }
    }
    if (run)
        add_run(run, end);
}

static void find_runs(const char *pid) {
    char path[64], line[4096];
    snprintf(path, sizeof path, "/proc/%s/pagemap", pid);
    int pagemap = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "r");
    if (pagemap < 0 || !maps) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) == 3 && strcmp(mode, "rw-p") == 0)
            add_mapping(pagemap, start, end);
    }
    fclose(maps);
    close(pagemap);
}

struct share {
    pid_t pid;
    size_t first, last;
    char *destination;
    uint64_t bytes;
};

static void *read_share(void *argument) {
    struct share *share = argument;
    char *at = share->destination;
    for (size_t i = share->first; i < share->last; i += BATCH) {
        size_t count = share->last - i < BATCH ? share->last - i : BATCH, length = 0;
        for (size_t k = i; k < i + count; k++)
            length += runs[k].iov_len;
        struct iovec local = {at, length};
        ssize_t got = process_vm_readv(share->pid, &local, 1, runs + i, count, 0);
        share->bytes += got > 0 ? (uint64_t)got : 0;
        at += length;
    }
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
    if (count < 4) {
        fprintf(stderr, "usage: bare_read PID THREADS ROUNDS [BYTES]\n");
        return 2;
    }
    enum { MOST = 16 };
    int threads = atoi(arguments[2]), rounds = atoi(arguments[3]);
    threads = threads < 1 ? 1 : threads > MOST ? MOST : threads;
    if (count > 4)
        limit = strtoull(arguments[4], NULL, 10);
    find_runs(arguments[1]);
    char *destination =
        mmap(NULL, total + (2 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (destination == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    madvise(destination, total + (2 << 20), MADV_HUGEPAGE);
    memset(destination, 1, total + (2 << 20));
    struct share shares[MOST];
    double best = 1e9;
    uint64_t bytes = 0;
    for (int round = 0; round < rounds; round++) {
        pthread_t handles[MOST];
        double start = now();
        size_t run = 0;
        char *at = destination;
        for (int i = 0; i < threads; i++) {
            shares[i] = (struct share){atoi(arguments[1]), run, run, at, 0};
            char *until = destination + total / (uint64_t)threads * (uint64_t)(i + 1);
            while (run < run_count && (at < until || i == threads - 1))
                at += runs[run++].iov_len;
            shares[i].last = run;
            pthread_create(&handles[i], NULL, read_share, &shares[i]);
        }
        bytes = 0;
        for (int i = 0; i < threads; i++) {
            pthread_join(handles[i], NULL);
            bytes += shares[i].bytes;
        }
        double time = now() - start;
        best = time < best ? time : best;
    }
    printf("%llu %.6f\n", (unsigned long long)bytes, best);
    return 0;
}
