#include "attach/budget.h"
#include "attach/capture_internal.h"
#include "attach/file_fill.h"
#include "attach/scout.h"
#include "base/cancel.h"
#include "base/log.h"
#include "base/vec.h"

#include <sys/mman.h>

enum {
    SLACK_FROM = 1 << 20,   /* mappings that big may grow before the stop */
    SLACK_LEAST = 8 << 20,  /* by so much, */
    SLACK_MOST = 128 << 20, /* or by a sixteenth of their size, but not more than this */
    CAPACITY_SPARE = 1 << 30,
    HUGE_PAGE_FROM = IMAGE_CHUNK_SIZE / 2, /* bytes wanted of a chunk to get it in one piece */
};

static bool wanted(const struct capture *capture, size_t i) {
    return capture->early.actions[i] == PLAN_COPY || capture->early.actions[i] == PLAN_EARLY;
}

/* ---- places ---------------------------------------------------------------------------------- */

struct reservations {
    struct address_range *items;
    size_t count, capacity;
    uint64_t bytes;
};

/* Ranges come in address order; those whose chunks touch are joined, so that they lie side by side.
 */
static bool add_reservation(struct reservations *list, uint64_t start, uint64_t end) {
    uint64_t limit = (uint64_t)1 << IMAGE_ADDRESS_BITS;
    start &= ~CHUNK_MASK;
    end = end + CHUNK_MASK < limit ? (end + CHUNK_MASK) & ~CHUNK_MASK : limit - 1;
    struct address_range *last = list->count ? &list->items[list->count - 1] : NULL;
    if (last && start <= last->end) {
        if (end > last->end) {
            list->bytes += end - last->end;
            last->end = end;
        }
        return true;
    }
    list->bytes += end - start;
    return vec_push(list, ((struct address_range){start, end}));
}

static uint64_t slack_of(const struct map *map) {
    if (!map->writable || map->kind == MAPPING_FILE || map_size(map) < SLACK_FROM)
        return 0;
    uint64_t slack = map_size(map) / 16;
    return slack < SLACK_LEAST ? SLACK_LEAST : slack > SLACK_MOST ? SLACK_MOST : slack;
}

static bool list_reservations(struct capture *capture, struct reservations *list) {
    for (size_t i = 0; i < capture->early.maps.count; i++) {
        const struct map *map = &capture->early.maps.items[i];
        uint64_t at = map->start, start, end, slack = slack_of(map);
        while (wanted(capture, i) &&
               plan_next_wanted(&capture->behind, at, map->end, &start, &end)) {
            at = end;
            /* The heap grows up, the area of mmap grows down. */
            if (start == map->start)
                start = start > slack ? start - slack : 0;
            if (end == map->end)
                end += slack;
            if (!add_reservation(list, start, end))
                return false;
        }
    }
    return true;
}

static struct err *make_places(struct capture *capture) {
    struct reservations list = {0};
    struct err *err = list_reservations(capture, &list) ? NULL : err_no_memory();
    uint64_t capacity = list.bytes + list.bytes / 2 + CAPACITY_SPARE;
    if (!err)
        err = image_create(capacity, &capture->image);
    /* Whoever forks while the image exists neither copies its page tables nor makes us copy it. */
    if (!err)
        madvise(capture->image->mirror, capacity, MADV_DONTFORK);
    for (size_t i = 0; !err && i < list.count; i++)
        err = image_reserve(capture->image, list.items[i].start, list.items[i].end);
    vec_free(&list);
    return err;
}

/* ---- the destination ------------------------------------------------------------------------- */

static bool foresee(struct capture *capture, uint64_t start, uint64_t end) {
    return vec_push(&capture->copied, ((struct page_range){.start = start, .end = end}));
}

static bool skip(struct capture *capture, uint64_t start, uint64_t end) {
    (void)capture, (void)start, (void)end;
    return true;
}

/* Lists what would be copied if the stop were now. */
static struct err *list_pages(struct capture *capture, uint64_t *bytes) {
    for (size_t i = 0; i < capture->early.maps.count; i++) {
        if (wanted(capture, i) && !collect_pages(capture, &capture->early.maps.items[i],
                                                 &capture->early.uses[i], foresee, skip))
            return err_no_memory();
        *bytes += wanted(capture, i) ? capture->early.uses[i].resident : 0;
    }
    return NULL;
}

/* Chunks that will be nearly full get huge pages. */
static void want_huge_pages(struct capture *capture) {
    uint64_t chunk = UINT64_MAX, bytes = 0;
    vec_each (range, &capture->copied) {
        for (uint64_t at = range->start, next; at < range->end; at = next) {
            next = (at | CHUNK_MASK) + 1 < range->end ? (at | CHUNK_MASK) + 1 : range->end;
            uint64_t place = image_place(capture->image, at);
            if (place == UINT64_MAX)
                continue;
            if (place >> IMAGE_CHUNK_SHIFT != chunk)
                bytes = 0;
            chunk = place >> IMAGE_CHUNK_SHIFT;
            bytes += next - at;
            if (bytes >= HUGE_PAGE_FROM)
                madvise(capture->image->mirror + (chunk << IMAGE_CHUNK_SHIFT), IMAGE_CHUNK_SIZE,
                        MADV_HUGEPAGE);
        }
    }
}

static bool keep_going(const void *context) {
    const struct capture *capture = context;
    return !cancel_asked(capture->options.cancel);
}

static void fault_in_destination(struct capture *capture) {
    want_huge_pages(capture);
    bulk_begin_prefault(capture->bulk, keep_going, capture);
    vec_each (range, &capture->copied) {
        if (!collect_add(capture, range->start, range->end))
            break;
    }
    bulk_finish(capture->bulk); /* what is not faulted in now will be in time */
}

/* ---- what does not change -------------------------------------------------------------------- */

static bool read_pages(struct capture *capture, uint64_t start, uint64_t end) {
    return vec_push(&capture->copied, ((struct page_range){.start = start, .end = end})) &&
           collect_add(capture, start, end);
}

static bool read_gap(struct capture *capture, uint64_t start, uint64_t end) {
    return vec_push(&capture->zeroes, ((struct page_range){.start = start, .end = end}));
}

/* Absent pages of a file: from the file, without making the target fault them in. */
static void fill_gaps(struct capture *capture, size_t i) {
    const struct map *map = &capture->early.maps.items[i];
    struct file_fill fill;
    if (!capture->zeroes.count) {
        capture->early.filled[i] = true;
        return;
    }
    if (map_size(map) > PLAN_SCOUT_SIZE || !file_fill_open(&fill, capture->process->pid, map))
        return;
    bool filled = true;
    vec_each (range, &capture->zeroes) {
        filled &= file_fill_range(&fill, capture->image, range->start, range->end);
    }
    file_fill_close(&fill);
    capture->early.filled[i] = filled;
}

static struct err *copy_early(struct capture *capture) {
    capture->copied.count = 0;
    bulk_begin(capture->bulk, keep_going, capture);
    bool ok = true;
    for (size_t i = 0; ok && i < capture->early.maps.count; i++) {
        const struct map *map = &capture->early.maps.items[i];
        struct map_use use = {0};
        bool early = capture->early.actions[i] == PLAN_EARLY;
        if (!early && (capture->early.actions[i] != PLAN_COPY || !plan_is_file(map) || map->shared))
            continue;
        capture->zeroes.count = 0;
        ok = collect_pages(capture, map, &use, early ? read_pages : skip, read_gap);
        if (ok)
            fill_gaps(capture, i);
        /* No file to be had: the process's own view, which its kernel completes. */
        if (ok && early && !capture->early.filled[i] && map_size(map) <= PLAN_SCOUT_SIZE) {
            vec_each (range, &capture->zeroes) {
                ok &= read_pages(capture, range->start, range->end);
            }
        }
    }
    capture->zeroes.count = 0;
    ok &= bulk_finish(capture->bulk);
    capture->result.captured_bytes += bulk_bytes(capture->bulk);
    return ok ? collect_mark(capture) : err_no_memory();
}

/* ---- what is shared ---------------------------------------------------------------------------- */

static struct err *find_sharing(struct capture *capture) {
    for (size_t i = 0; i < capture->early.maps.count; i++) {
        const struct map *map = &capture->early.maps.items[i];
        if (!wanted(capture, i) || map->shared)
            continue;
        capture->ranges.count = 0;
        if (!pagemap_scan(&capture->pagemap, map->start, map->end, &capture->ranges) ||
            !sharing_add(&capture->sharing, &capture->pagemap, &capture->ranges))
            return err_no_memory();
    }
    uint64_t bytes = 0;
    vec_each (range, &capture->sharing) {
        bytes += range->end - range->start;
    }
    if (bytes)
        log_line(LOG_CAPTURE, "%llu MiB have pages that are shared since a fork",
                 (unsigned long long)bytes >> 20);
    return NULL;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Memory that the stop itself must not have to allocate. */
static struct err *make_room(struct capture *capture) {
    size_t pieces = capture->copied.count + (capture->image->mirror_size >> IMAGE_CHUNK_SHIFT);
    if (!maps_spare(&capture->final.maps, &capture->early.maps) ||
        !vec_reserve(&capture->copied, capture->copied.count * 2 + 256) ||
        !vec_reserve(&capture->zeroes, capture->early.maps.count * 4 + 256))
        return err_no_memory();
    return bulk_reserve(capture->bulk, pieces * 2 + 256);
}

struct err *prepare(struct capture *capture) {
    bool copies = capture->strategy->copies;
    TRY(collect_maps(capture, &capture->early));
    pagemap_open(&capture->pagemap, capture->process->pid);
    TRY(find_sharing(capture));
    TRY(scout_mappings(capture));
    uint64_t bytes = 0;
    if (copies)
        TRY(list_pages(capture, &bytes));
    else
        TRY(capture_count_early(capture));
    TRY(budget_check(capture->process, bytes, capture->options.max_memory));
    TRY(make_places(capture));
    TRY(make_room(capture));
    if (copies)
        fault_in_destination(capture);
    if (!keep_going(capture))
        return err_new(ERR_CANCELLED, "cancelled");
    TRY(copy_early(capture));
    log_line(LOG_CAPTURE, "planned: %zu mappings, %llu KiB to copy, %llu KiB of places",
             capture->early.maps.count, (unsigned long long)bytes >> 10,
             (unsigned long long)capture->image->mirror_size >> 10);
    return NULL;
}
