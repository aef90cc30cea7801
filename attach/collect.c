#include "attach/capture_internal.h"

#include "base/cancel.h"
#include "base/vec.h"

#include <string.h>

static bool mapped_room(struct mapped *mapped, size_t count) {
    if (count <= mapped->capacity)
        return true;
    count += count / 2 + 16;
    enum plan_action *actions = reallocarray(mapped->actions, count, sizeof *actions);
    mapped->actions = actions ? actions : mapped->actions;
    struct map_use *uses = reallocarray(mapped->uses, count, sizeof *uses);
    mapped->uses = uses ? uses : mapped->uses;
    bool *filled = reallocarray(mapped->filled, count, sizeof *filled);
    mapped->filled = filled ? filled : mapped->filled;
    if (!actions || !uses || !filled)
        return false;
    mapped->capacity = count;
    return true;
}

struct err *collect_maps(struct capture *capture, struct mapped *mapped) {
    TRY(maps_read(capture->process->pid, &mapped->maps));
    size_t count = mapped->maps.count;
    if (!count)
        return err_new(ERR_SOURCE, "process %d has ended", capture->process->pid);
    if (!mapped_room(mapped, count))
        return err_no_memory();
    plan_decide(&mapped->maps, mapped->actions);
    memset(mapped->uses, 0, count * sizeof *mapped->uses);
    memset(mapped->filled, 0, count * sizeof *mapped->filled);
    return NULL;
}

void collect_count(struct map_use *use, struct page_ranges *ranges) {
    vec_each (range, ranges) {
        uint64_t bytes = range->end - range->start;
        if (range->flags & PAGE_SWAPPED)
            use->swapped += bytes;
        if (!(range->flags & PAGE_PRESENT) || range->flags & PAGE_OF_ZERO)
            continue;
        use->resident += bytes;
        if (!(range->flags & PAGE_OF_FILE))
            use->anonymous += bytes;
    }
}

static bool visit_ranges(struct capture *capture, uint64_t start, uint64_t end, visit_pages *visit,
                         visit_pages *visit_gap) {
    uint64_t gap = start;
    vec_each (range, &capture->ranges) {
        if (range->flags & PAGE_OF_ZERO)
            continue; /* as good as never touched */
        if (gap < range->start && !visit_gap(capture, gap, range->start))
            return false;
        gap = range->end;
        if (!visit(capture, range->start, range->end))
            return false;
    }
    return gap >= end || visit_gap(capture, gap, end);
}

bool collect_pages(struct capture *capture, const struct map *map, struct map_use *use,
                   visit_pages *visit, visit_pages *visit_gap) {
    uint64_t at = map->start, start, end;
    while (plan_next_wanted(&capture->behind, at, map->end, &start, &end)) {
        capture->ranges.count = 0;
        if (!pagemap_scan(&capture->pagemap, start, end, &capture->ranges))
            return false;
        collect_count(use, &capture->ranges);
        if (!visit_ranges(capture, start, end, visit, visit_gap))
            return false;
        at = end;
    }
    return true;
}

bool collect_add(struct capture *capture, uint64_t start, uint64_t end) {
    while (start < end) {
        uint64_t chunk_end = (start | CHUNK_MASK) + 1;
        uint64_t piece_end = end < chunk_end ? end : chunk_end;
        size_t length;
        bool shared = sharing_at(&capture->sharing, start);
        uint8_t *to = image_writable(capture->image, start, piece_end, &length);
        if (length && !bulk_add(capture->bulk, (struct piece){start, to, length, shared}))
            return false;
        start = piece_end;
    }
    return true;
}

/* ---- at the stop ----------------------------------------------------------------------------- */

/* What was known of the same mapping before the stop: filled or not. False if it is new. */
static bool known_mapping(const struct capture *capture, const struct map *map, bool *filled) {
    const struct map *early = maps_at(&capture->early.maps, map->start);
    if (!early || !map_same(early, map))
        return false;
    *filled = capture->early.filled[early - capture->early.maps.items];
    return true;
}

/* False after an exec: nothing is where it was. */
static bool same_program(const struct capture *capture) {
    const struct maps *maps = &capture->final.maps;
    for (size_t i = 0; i < maps->count; i++) {
        bool filled;
        if (maps->items[i].executable && maps->items[i].kind == MAPPING_FILE &&
            known_mapping(capture, &maps->items[i], &filled))
            return true;
    }
    return false;
}

struct err *collect_plan(struct capture *capture) {
    struct mapped *final = &capture->final;
    TRY(collect_maps(capture, final));
    if (!same_program(capture))
        return err_new(ERR_SOURCE, "process %d has just started another program; try again",
                       capture->process->pid);
    for (size_t i = 0; i < final->maps.count; i++) {
        const struct map *map = &final->maps.items[i];
        if (final->actions[i] != PLAN_COPY && final->actions[i] != PLAN_EARLY)
            continue;
        bool known = known_mapping(capture, map, &final->filled[i]);
        /* What was planned has its places; growth and new mappings get them now. */
        if (!known && !plan_any_behind(&capture->behind, map->start, map->end))
            TRY(image_reserve(capture->image, map->start, map->end));
        /* Immutable and copied already. */
        if (final->actions[i] == PLAN_EARLY && !known)
            final->actions[i] = PLAN_COPY;
    }
    return NULL;
}

static bool append(struct page_ranges *ranges, uint64_t start, uint64_t end) {
    struct page_range *last = ranges->count ? &ranges->items[ranges->count - 1] : NULL;
    if (last && last->end == start) {
        last->end = end;
        return true;
    }
    return vec_push(ranges, ((struct page_range){.start = start, .end = end}));
}

static bool copy_range(struct capture *capture, uint64_t start, uint64_t end) {
    return append(&capture->copied, start, end) && collect_add(capture, start, end);
}

static bool note_zero(struct capture *capture, uint64_t start, uint64_t end) {
    return append(&capture->zeroes, start, end);
}

static bool skip_range(struct capture *capture, uint64_t start, uint64_t end) {
    (void)capture, (void)start, (void)end;
    return true;
}

/* What to do with absent pages: private anonymous ones are zero; those of a private file have the
 * file's bytes, which are read unless that was done before; those of shared memory are unknown. */
static visit_pages *gap_visitor(const struct map *map, bool filled) {
    if (map->shared)
        return skip_range;
    if (!plan_is_file(map))
        return note_zero;
    return filled || map_size(map) > PLAN_SCOUT_SIZE ? skip_range : copy_range;
}

static bool keep_going(const void *context) {
    const struct capture *capture = context;
    return (!capture->tracer || tracer_holds(capture->tracer)) &&
           !cancel_asked(capture->options.cancel);
}

static struct err *not_copied(const struct capture *capture) {
    if (cancel_asked(capture->options.cancel))
        return err_new(ERR_CANCELLED, "cancelled");
    if (capture->tracer && !tracer_holds(capture->tracer))
        return NULL; /* tracer_resume says why */
    return err_no_memory();
}

static bool collect_all(struct capture *capture, visit_pages *visit) {
    struct mapped *final = &capture->final;
    capture->copied.count = capture->zeroes.count = 0;
    for (size_t i = 0; i < final->maps.count; i++) {
        const struct map *map = &final->maps.items[i];
        if (final->actions[i] != PLAN_COPY)
            continue;
        visit_pages *visit_gap = gap_visitor(map, final->filled[i]);
        if (visit_gap == copy_range)
            visit_gap = visit;
        if (!collect_pages(capture, map, &final->uses[i], visit, visit_gap))
            return false;
    }
    return true;
}

struct err *collect_copy(struct capture *capture) {
    bulk_begin(capture->bulk, keep_going, capture);
    bool collected = collect_all(capture, copy_range);
    bool read = bulk_finish(capture->bulk);
    capture->result.captured_bytes += bulk_bytes(capture->bulk);
    if (collected && read)
        return NULL;
    return read ? err_no_memory() : not_copied(capture);
}

struct err *collect_zeroes(struct capture *capture) {
    return collect_all(capture, skip_range) ? NULL : err_no_memory();
}

/* ---- after it -------------------------------------------------------------------------------- */

static int by_start(const void *left, const void *right) {
    const struct hole *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

struct err *collect_mark(struct capture *capture) {
    size_t count, next = 0;
    const struct hole *found = bulk_holes(capture->bulk, &count);
    struct hole *holes = calloc(count + 1, sizeof *holes);
    if (!holes)
        return err_no_memory();
    if (count)
        memcpy(holes, found, count * sizeof *holes);
    qsort(holes, count, sizeof *holes, by_start);
    vec_each (range, &capture->copied) {
        uint64_t at = range->start;
        for (; next < count && holes[next].start < range->end; next++) {
            image_mark_present(capture->image, at, holes[next].start);
            at = holes[next].end;
        }
        if (at < range->end)
            image_mark_present(capture->image, at, range->end);
    }
    vec_each (range, &capture->zeroes) {
        image_mark_present(capture->image, range->start, range->end);
    }
    free(holes);
    return NULL;
}
