#include "attach/bulk_read.h"

#include "base/vec.h"
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    BATCH_PIECES = 64,
    BATCH_BYTES = 2 << 20,
    HURRY_NICE = -15,
    HOLE_RUN = 16, /* after so many unreadable pages in a row the rest of a piece is given up */
};

enum round { ROUND_NONE, ROUND_READ, ROUND_PREFAULT, ROUND_QUIT };

struct bulk_read {
    pid_t pid;
    int memory; /* /proc/PID/mem, -1 until needed */
    atomic_bool by_file;
    pthread_t helper;
    bool has_helper;
    int usual_nice; /* of this program */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    pid_t helper_tid; /* 0 until it runs */
    enum round round;
    bool complete; /* no more pieces will come */
    bool given_up;
    unsigned in_flight; /* batches that are being worked on */
    struct vec(struct piece) pieces;
    size_t next;
    struct vec(struct hole) holes;
    uint64_t bytes;
    bulk_keep_going *keep_going;
    const void *context;
};

static ssize_t read_vector(struct bulk_read *bulk, const struct piece *pieces, size_t count) {
    struct iovec local[BATCH_PIECES], remote[BATCH_PIECES];
    for (size_t i = 0; i < count; i++) {
        local[i] = (struct iovec){pieces[i].to, pieces[i].length};
        remote[i] = (struct iovec){(void *)(uintptr_t)pieces[i].address, pieces[i].length};
    }
    return process_vm_readv(bulk->pid, local, count, remote, count, 0);
}

static int memory_file(struct bulk_read *bulk) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", bulk->pid);
    pthread_mutex_lock(&bulk->lock);
    if (bulk->memory < 0)
        bulk->memory = open(path, O_RDONLY | O_CLOEXEC);
    int fd = bulk->memory;
    pthread_mutex_unlock(&bulk->lock);
    return fd;
}

/* Reads some of one range; the number of bytes, or -1. */
static ssize_t read_some(struct bulk_read *bulk, uint64_t address, void *to, size_t length,
                         bool shared) {
    if (!bulk->by_file && (!shared || memory_file(bulk) < 0)) {
        struct piece piece = {address, to, length, false};
        ssize_t got = read_vector(bulk, &piece, 1);
        if (got >= 0 || (errno != ENOSYS && errno != EPERM))
            return got;
        bulk->by_file = true; /* a filter forbids the call */
    }
    return pread(memory_file(bulk), to, length, (off_t)address);
}

bool bulk_read_now(struct bulk_read *bulk, uint64_t address, void *to, size_t length) {
    return read_some(bulk, address, to, length, true) == (ssize_t)length;
}

static void add_hole(struct bulk_read *bulk, uint64_t start, uint64_t end) {
    pthread_mutex_lock(&bulk->lock);
    struct hole *last = bulk->holes.count ? &bulk->holes.items[bulk->holes.count - 1] : NULL;
    if (last && last->end == start)
        last->end = end;
    else if (!vec_push(&bulk->holes, ((struct hole){start, end})))
        bulk->given_up = true;
    pthread_mutex_unlock(&bulk->lock);
}

/* Reads a piece of which something is missing: what is there, page by page around what is not. */
static uint64_t read_around_holes(struct bulk_read *bulk, struct piece piece) {
    uint64_t done = 0, at = 0;
    unsigned run = 0;
    while (at < piece.length) {
        /* Single pages only while they fail. */
        size_t length = run ? IMAGE_PAGE_SIZE : piece.length - at;
        ssize_t got = read_some(bulk, piece.address + at, piece.to + at, length, piece.shared);
        if (got >= IMAGE_PAGE_SIZE) {
            uint64_t whole = (uint64_t)got & -(uint64_t)IMAGE_PAGE_SIZE;
            done += whole;
            at += whole;
            run = 0;
            continue;
        }
        uint64_t end = at + (++run < HOLE_RUN ? (uint64_t)IMAGE_PAGE_SIZE : piece.length - at);
        add_hole(bulk, piece.address + at, piece.address + end);
        at = end;
    }
    return done;
}

static uint64_t read_batch(struct bulk_read *bulk, const struct piece *pieces, size_t count) {
    uint64_t wanted = 0, done = 0;
    for (size_t i = 0; i < count; i++)
        wanted += pieces[i].length;
    ssize_t got = bulk->by_file || pieces[0].shared ? -1 : read_vector(bulk, pieces, count);
    if (got == (ssize_t)wanted)
        return wanted;
    uint64_t left = got > 0 ? (uint64_t)got : 0;
    for (size_t i = 0; i < count; i++) {
        if (left >= pieces[i].length) {
            left -= pieces[i].length;
            done += pieces[i].length;
        } else {
            left = 0;
            done += read_around_holes(bulk, pieces[i]);
        }
    }
    return done;
}

/* Kernels before 5.14 lack MADV_POPULATE_WRITE. */
static void fault_in(struct piece piece) {
#ifdef MADV_POPULATE_WRITE
    if (madvise(piece.to, piece.length, MADV_POPULATE_WRITE) == 0)
        return;
#endif
    for (size_t at = 0; at < piece.length; at += IMAGE_PAGE_SIZE)
        *(volatile uint8_t *)(piece.to + at) = 0;
}

/* Takes the next pieces, all shared or none; 0 when there are none now. */
static size_t take_batch(struct bulk_read *bulk, struct piece batch[BATCH_PIECES]) {
    size_t count = 0, bytes = 0;
    while (bulk->next < bulk->pieces.count && count < BATCH_PIECES) {
        const struct piece *piece = &bulk->pieces.items[bulk->next];
        if (count && (bytes + piece->length > BATCH_BYTES || piece->shared != batch[0].shared))
            break;
        bytes += piece->length;
        batch[count++] = *piece;
        bulk->next++;
    }
    return count;
}

/* Works until nothing is left; called and left with the lock held. */
static void work(struct bulk_read *bulk) {
    struct piece batch[BATCH_PIECES];
    size_t count;
    while (!bulk->given_up && (count = take_batch(bulk, batch))) {
        enum round round = bulk->round;
        bulk->in_flight++;
        pthread_mutex_unlock(&bulk->lock);
        uint64_t bytes = 0;
        bool going = !bulk->keep_going || bulk->keep_going(bulk->context);
        if (going && round == ROUND_READ)
            bytes = read_batch(bulk, batch, count);
        for (size_t i = 0; going && round == ROUND_PREFAULT && i < count; i++)
            fault_in(batch[i]);
        pthread_mutex_lock(&bulk->lock);
        bulk->bytes += bytes;
        bulk->given_up |= !going;
        if (--bulk->in_flight == 0)
            pthread_cond_broadcast(&bulk->changed);
    }
}

static void *helper_main(void *argument) {
    struct bulk_read *bulk = argument;
    pthread_mutex_lock(&bulk->lock);
    bulk->helper_tid = (pid_t)syscall(SYS_gettid);
    while (bulk->round != ROUND_QUIT) {
        work(bulk);
        if (bulk->round == ROUND_QUIT)
            break;
        if (bulk->round == ROUND_NONE || bulk->complete || bulk->given_up) {
            pthread_cond_wait(&bulk->changed, &bulk->lock);
            continue;
        }
        /* More will come any moment: stay awake. */
        pthread_mutex_unlock(&bulk->lock);
        sched_yield();
        pthread_mutex_lock(&bulk->lock);
    }
    pthread_mutex_unlock(&bulk->lock);
    return NULL;
}

struct err *bulk_create(pid_t pid, struct bulk_read **ret) {
    struct bulk_read *bulk = calloc(1, sizeof *bulk);
    if (!bulk)
        return err_no_memory();
    bulk->pid = pid;
    bulk->memory = -1;
    bulk->usual_nice = getpriority(PRIO_PROCESS, 0);
    pthread_mutex_init(&bulk->lock, NULL);
    pthread_cond_init(&bulk->changed, NULL);
    /* Without a second processor a helper would only be in the way. */
    bulk->has_helper = sysconf(_SC_NPROCESSORS_ONLN) > 1 &&
                       pthread_create(&bulk->helper, NULL, helper_main, bulk) == 0;
    *ret = bulk;
    return NULL;
}

void bulk_hurry(struct bulk_read *bulk, bool hurry) {
    int nice = hurry && bulk->usual_nice > HURRY_NICE ? HURRY_NICE : bulk->usual_nice;
    pthread_mutex_lock(&bulk->lock);
    pid_t helper = bulk->helper_tid;
    pthread_mutex_unlock(&bulk->lock);
    /* On Linux this is of the thread alone. */
    setpriority(PRIO_PROCESS, 0, nice);
    if (helper)
        setpriority(PRIO_PROCESS, (id_t)helper, nice);
}

static void start_round(struct bulk_read *bulk, enum round round) {
    pthread_mutex_lock(&bulk->lock);
    bulk->round = round;
    bulk->complete = bulk->given_up = false;
    bulk->pieces.count = bulk->next = bulk->holes.count = 0;
    bulk->bytes = 0;
    pthread_cond_broadcast(&bulk->changed);
    pthread_mutex_unlock(&bulk->lock);
}

void bulk_destroy(struct bulk_read *bulk) {
    if (!bulk)
        return;
    if (bulk->has_helper) {
        start_round(bulk, ROUND_QUIT);
        pthread_join(bulk->helper, NULL);
    }
    if (bulk->memory >= 0)
        close(bulk->memory);
    vec_free(&bulk->pieces);
    vec_free(&bulk->holes);
    pthread_mutex_destroy(&bulk->lock);
    pthread_cond_destroy(&bulk->changed);
    free(bulk);
}

struct err *bulk_reserve(struct bulk_read *bulk, size_t pieces) {
    pthread_mutex_lock(&bulk->lock);
    bool ok =
        pieces <= bulk->pieces.capacity || vec_reserve(&bulk->pieces, pieces - bulk->pieces.count);
    pthread_mutex_unlock(&bulk->lock);
    return ok ? NULL : err_no_memory();
}

void bulk_begin(struct bulk_read *bulk, bulk_keep_going *keep_going, const void *context) {
    bulk->keep_going = keep_going;
    bulk->context = context;
    start_round(bulk, ROUND_READ);
}

void bulk_begin_prefault(struct bulk_read *bulk, bulk_keep_going *keep_going, const void *context) {
    bulk->keep_going = keep_going;
    bulk->context = context;
    start_round(bulk, ROUND_PREFAULT);
}

bool bulk_add(struct bulk_read *bulk, struct piece piece) {
    pthread_mutex_lock(&bulk->lock);
    bool ok = vec_push(&bulk->pieces, piece);
    bulk->given_up |= !ok;
    pthread_mutex_unlock(&bulk->lock);
    return ok;
}

bool bulk_finish(struct bulk_read *bulk) {
    pthread_mutex_lock(&bulk->lock);
    bulk->complete = true;
    work(bulk);
    while (bulk->in_flight)
        pthread_cond_wait(&bulk->changed, &bulk->lock);
    bulk->round = ROUND_NONE;
    bool ok = !bulk->given_up;
    pthread_mutex_unlock(&bulk->lock);
    return ok;
}

uint64_t bulk_bytes(const struct bulk_read *bulk) {
    return bulk->bytes;
}

const struct hole *bulk_holes(const struct bulk_read *bulk, size_t *count) {
    *count = bulk->holes.count;
    return bulk->holes.items;
}
