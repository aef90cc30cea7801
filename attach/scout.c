#include "attach/scout.h"

#include "attach/tracer_process.h"
#include "base/log.h"
#include "base/malloc_chunk.h"
#include "base/vec.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>

enum {
    SECTION = 4 << 20,
    SECTIONS_MOST = 1 << 16,
    SLOTS = 16,       /* samples of a section */
    BLOCK = 64 << 10, /* what stays behind is cut in blocks */
    BATCH = 64,       /* samples read at once */
    MARGIN = 1 << 20, /* copied around a section with pointers: an allocator's arena may straddle */
    SPARSE_FROM = 1 << 30, /* larger mappings get no places for sections that were never touched */
};

#define SCAN_SECONDS   2.0 /* for reading in full, all mappings together */
#define FOLLOW_SECONDS 1.0 /* then along the chunks of one */

enum section_state { SECTION_UNTOUCHED, SECTION_SUSPECT, SECTION_WANTED };

struct section {
    uint8_t state;
    bool read;                                    /* in full */
    uint64_t wanted_blocks[SECTION / BLOCK / 64]; /* of a suspect section that was read in full */
};

struct scouting {
    struct capture *capture;
    const struct map *map;
    const struct scout_targets *targets;
    uint64_t first;        /* where the first section starts */
    uint64_t section_size; /* a multiple of SECTION */
    size_t count;
    struct section *sections;
    atomic_size_t next; /* section to be read in full */
    uint64_t deadline;
};

/* ---- pointers -------------------------------------------------------------------------------- */

static void find_clusters(struct scout_targets *targets) {
    size_t split = 0;
    uint64_t widest = 0;
    for (size_t i = 1; i < targets->count; i++) {
        uint64_t gap = targets->items[i].start - targets->items[i - 1].end;
        if (gap > widest) {
            widest = gap;
            split = i;
        }
    }
    size_t last = targets->count - 1;
    targets->low_start = targets->items[0].start;
    targets->low_size = targets->items[split ? split - 1 : last].end - targets->low_start;
    targets->high_start = targets->items[split].start;
    targets->high_size = targets->items[last].end - targets->high_start;
}

bool scout_targets_list(const struct maps *maps, struct scout_targets *targets) {
    for (size_t i = 0; i < maps->count; i++) {
        const struct map *map = &maps->items[i];
        struct address_range *last = targets->count ? &targets->items[targets->count - 1] : NULL;
        if (!map->writable || map->shared)
            continue;
        if (last && last->end == map->start)
            last->end = map->end;
        else if (!vec_push(targets, ((struct address_range){map->start, map->end})))
            return false;
    }
    if (targets->count)
        find_clusters(targets);
    return true;
}

void scout_targets_free(struct scout_targets *targets) {
    vec_free(targets);
}

static bool is_target(const struct scout_targets *targets, uint64_t word) {
    size_t low = 0, high = targets->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (targets->items[middle].end <= word)
            low = middle + 1;
        else
            high = middle;
    }
    return low < targets->count && targets->items[low].start <= word;
}

bool scout_has_pointer(const struct scout_targets *targets, const uint64_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t word = words[i];
        bool near = word - targets->low_start < targets->low_size ||
                    word - targets->high_start < targets->high_size;
        if (near && !(word & 7) && is_target(targets, word))
            return true;
    }
    return false;
}

/* ---- samples --------------------------------------------------------------------------------- */

struct samples {
    size_t count;
    uint64_t address[BATCH];
    size_t section[BATCH];
    uint64_t words[BATCH][IMAGE_PAGE_SIZE / 8];
};

static void look_at_samples(struct scouting *scouting, struct samples *samples) {
    struct iovec local = {samples->words, samples->count * IMAGE_PAGE_SIZE}, remote[BATCH];
    for (size_t i = 0; i < samples->count; i++)
        remote[i] = (struct iovec){(void *)(uintptr_t)samples->address[i], IMAGE_PAGE_SIZE};
    const struct capture *capture = scouting->capture;
    bool shared = false;
    for (size_t i = 0; i < samples->count; i++)
        shared |= sharing_at(&capture->sharing, samples->address[i]);
    ssize_t got = 0;
    if (samples->count && !shared)
        got = process_vm_readv(capture->process->pid, &local, 1, remote, samples->count, 0);
    for (size_t i = 0; i < samples->count; i++) {
        bool seen = shared ? bulk_read_now(capture->bulk, samples->address[i], samples->words[i],
                                           IMAGE_PAGE_SIZE)
                           : got >= (ssize_t)((i + 1) * IMAGE_PAGE_SIZE);
        /* What cannot be looked at is copied. */
        if (!seen || scout_has_pointer(scouting->targets, samples->words[i], IMAGE_PAGE_SIZE / 8))
            scouting->sections[samples->section[i]].state = SECTION_WANTED;
    }
    samples->count = 0;
}

static uint64_t scatter(uint64_t number) {
    number *= 0x9e3779b97f4a7c15u;
    return number >> 32;
}

/* One page of each part of the range in the given slot of its section. */
static void sample_range(struct scouting *scouting, struct samples *samples,
                         const struct page_range *range, unsigned slot) {
    uint64_t slot_size = scouting->section_size / SLOTS;
    size_t section = (range->start - scouting->first) / scouting->section_size;
    for (;; section++) {
        uint64_t start = scouting->first + section * scouting->section_size + slot * slot_size;
        uint64_t end = start + slot_size;
        if (start >= range->end)
            return;
        start = start > range->start ? start : range->start;
        end = end < range->end ? end : range->end;
        if (start >= end)
            continue;
        struct section *state = &scouting->sections[section];
        if (state->state == SECTION_WANTED)
            continue;
        state->state = SECTION_SUSPECT;
        uint64_t page = scatter(start) % ((end - start) >> IMAGE_PAGE_SHIFT);
        samples->address[samples->count] = start + (page << IMAGE_PAGE_SHIFT);
        samples->section[samples->count++] = section;
        if (samples->count == BATCH)
            look_at_samples(scouting, samples);
    }
}

/* A page that would have to come back from swap is no sample; its section is copied. */
static void take_samples(struct scouting *scouting, struct page_ranges *ranges) {
    struct samples samples;
    samples.count = 0;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        vec_each (range, ranges) {
            if (range->flags & PAGE_SWAPPED) {
                uint64_t last = (range->end - 1 - scouting->first) / scouting->section_size;
                for (uint64_t i = (range->start - scouting->first) / scouting->section_size;
                     i <= last; i++)
                    scouting->sections[i].state = SECTION_WANTED;
            } else if (!(range->flags & PAGE_OF_ZERO)) {
                sample_range(scouting, &samples, range, slot);
            }
        }
        look_at_samples(scouting, &samples);
    }
}

/* ---- reading in full ------------------------------------------------------------------------- */

/* Reads memory while the target runs; shared pages stay so. Bytes: fewer where the mapping ends. */
static size_t read_running(const struct capture *capture, uint64_t at, void *to, size_t size) {
    if (sharing_at(&capture->sharing, at))
        return bulk_read_now(capture->bulk, at, to, size) ? size : 0;
    struct iovec local = {to, size}, remote = {(void *)(uintptr_t)at, size};
    ssize_t got = process_vm_readv(capture->process->pid, &local, 1, &remote, 1, 0);
    return got > 0 ? (size_t)got : 0;
}

/* Whether one of malloc's own mappings begins in a block: mappings side by side look like one, and what lies in the
 * next may begin without pointers, as the hash index of a big dict does. */
static bool begins_chunk(const uint64_t *block) {
    for (size_t i = 0; i < BLOCK / 8; i += IMAGE_PAGE_SIZE / 8) {
        if (malloc_mapped_chunk_end(0, block[i], block[i + 1]))
            return true;
    }
    return false;
}

static void scan_section(struct scouting *scouting, size_t index) {
    uint64_t block[BLOCK / 8];
    struct section *section = &scouting->sections[index];
    uint64_t at = scouting->first + index * scouting->section_size;
    size_t wanted = 0;
    for (size_t i = 0; i < SECTION / BLOCK; i++, at += BLOCK) {
        size_t got = read_running(scouting->capture, at, block, BLOCK);
        bool outside = at < scouting->map->start || at + BLOCK > scouting->map->end;
        if ((got == BLOCK || outside) && !scout_has_pointer(scouting->targets, block, got / 8) &&
            !(got == BLOCK && begins_chunk(block)))
            continue;
        section->wanted_blocks[i / 64] |= (uint64_t)1 << i % 64;
        wanted++;
    }
    if (wanted > SECTION / BLOCK / 2)
        section->state = SECTION_WANTED;
    section->read = true;
}

/* Where there was no time to read sections in full, chains of malloc's blocks, each of which tells where the next one begins,
 * and the first words of pages until one is found, still tell where objects are. */
static void follow_chunks(struct scouting *scouting) {
    uint64_t deadline = tracer_now() + (uint64_t)(FOLLOW_SECONDS * 1e9), at = scouting->map->start;
    while (at < scouting->map->end && tracer_now() < deadline) {
        size_t index = (at - scouting->first) / SECTION;
        uint64_t start = scouting->first + index * SECTION, words[2] = {0};
        struct section *section = &scouting->sections[index];
        if (section->state != SECTION_SUSPECT || section->read) {
            at = start + SECTION;
            continue;
        }
        if (read_running(scouting->capture, at, words, sizeof words) != sizeof words) {
            section->state = SECTION_WANTED; /* what cannot be looked at is copied */
            continue;
        }
        uint64_t end = malloc_mapped_chunk_end(at, words[0], words[1]),
                 block = (at - start) / BLOCK;
        if (end)
            section->wanted_blocks[block / 64] |= (uint64_t)1 << block % 64;
        at = end ? end : at + IMAGE_PAGE_SIZE;
    }
    if (at < scouting->map->end)
        log_line(LOG_CAPTURE, "no time to look through %#llx-%#llx from %#llx on: samples decide",
                 (unsigned long long)scouting->map->start, (unsigned long long)scouting->map->end,
                 (unsigned long long)at);
}

static void *scan_sections(void *argument) {
    struct scouting *scouting = argument;
    size_t index;
    while ((index = atomic_fetch_add(&scouting->next, 1)) < scouting->count &&
           tracer_now() < scouting->deadline) {
        if (scouting->sections[index].state == SECTION_SUSPECT)
            scan_section(scouting, index);
    }
    return NULL;
}

static void scan_suspects(struct scouting *scouting) {
    bool any = false;
    for (size_t i = 0; i < scouting->count; i++)
        any |= scouting->sections[i].state == SECTION_SUSPECT;
    /* Larger sections are those of a mapping too big to be read in full. */
    if (!any || scouting->section_size != SECTION)
        return;
    pthread_t helper;
    bool helped = pthread_create(&helper, NULL, scan_sections, scouting) == 0;
    scan_sections(scouting);
    if (helped)
        pthread_join(helper, NULL);
    follow_chunks(scouting);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static bool leave(struct scouting *scouting, uint64_t start, uint64_t end) {
    struct behind *behind = &scouting->capture->behind;
    uint64_t edge_start = scouting->map->start + PLAN_EDGE;
    uint64_t edge_end = scouting->map->end - PLAN_EDGE;
    start = start > edge_start ? start : edge_start;
    end = end < edge_end ? end : edge_end;
    if (start >= end)
        return true;
    struct address_range *last = behind->count ? &behind->items[behind->count - 1] : NULL;
    if (last && last->end == start) {
        last->end = end;
        return true;
    }
    return vec_push(behind, ((struct address_range){start, end}));
}

static bool leave_blocks(struct scouting *scouting, size_t index, uint64_t from, uint64_t to) {
    const struct section *section = &scouting->sections[index];
    uint64_t start = scouting->first + index * scouting->section_size;
    if (scouting->section_size != SECTION)
        return leave(scouting, from, to);
    for (size_t i = 0; i < SECTION / BLOCK; i++) {
        uint64_t block = start + i * BLOCK, end = block + BLOCK;
        if (section->wanted_blocks[i / 64] >> i % 64 & 1)
            continue;
        block = block > from ? block : from;
        end = end < to ? end : to;
        if (block < end && !leave(scouting, block, end))
            return false;
    }
    return true;
}

static bool judge(struct scouting *scouting) {
    const struct section *sections = scouting->sections;
    bool sparse = map_size(scouting->map) > SPARSE_FROM;
    for (size_t i = 0; i < scouting->count; i++) {
        uint64_t start = scouting->first + i * scouting->section_size;
        uint64_t end = start + scouting->section_size;
        if (sections[i].state == SECTION_WANTED ||
            (sections[i].state == SECTION_UNTOUCHED && !sparse))
            continue;
        if (i && sections[i - 1].state == SECTION_WANTED)
            start += MARGIN;
        if (i + 1 < scouting->count && sections[i + 1].state == SECTION_WANTED)
            end -= MARGIN;
        if (!leave_blocks(scouting, i, start, end))
            return false;
    }
    return true;
}

static bool scout_mapping(struct scouting *scouting) {
    const struct map *map = scouting->map;
    struct page_ranges *ranges = &scouting->capture->ranges;
    uint64_t size = SECTION;
    while (map_size(map) / size >= SECTIONS_MOST)
        size *= 2;
    scouting->section_size = size;
    scouting->first = map->start & -(uint64_t)SECTION;
    scouting->count = (map->end - scouting->first + size - 1) / size;
    scouting->sections = calloc(scouting->count, sizeof *scouting->sections);
    ranges->count = 0;
    bool ok = scouting->sections &&
              pagemap_scan(&scouting->capture->pagemap, map->start, map->end, ranges);
    if (ok) {
        take_samples(scouting, ranges);
        scan_suspects(scouting);
        ok = judge(scouting);
    }
    free(scouting->sections);
    return ok;
}

struct err *scout_mappings(struct capture *capture) {
    const struct mapped *early = &capture->early;
    struct scout_targets targets = {0};
    uint64_t begin = tracer_now();
    bool ok = true, any = false;
    for (size_t i = 0; ok && i < early->maps.count; i++) {
        const struct map *map = &early->maps.items[i];
        if (early->actions[i] != PLAN_COPY || map_size(map) <= PLAN_SCOUT_SIZE || map->shared)
            continue;
        ok = targets.count || scout_targets_list(&early->maps, &targets);
        struct scouting scouting = {.capture = capture,
                                    .map = map,
                                    .targets = &targets,
                                    .deadline = begin + (uint64_t)(SCAN_SECONDS * 1e9)};
        ok = ok && scout_mapping(&scouting);
        any = true;
    }
    scout_targets_free(&targets);
    if (any)
        log_line(LOG_CAPTURE, "scouted big mappings in %.1f ms: %zu ranges stay behind",
                 (double)(tracer_now() - begin) / 1e6, capture->behind.count);
    return ok ? NULL : err_no_memory();
}
