#include "introspect/snapshot/chunk.h"
#include "introspect/snapshot/frame.h"

#include "base/strbuf.h"
#include "base/vec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

struct err *chunk_damaged(const struct chunk_entry *entry, const char *format, ...) {
    struct strbuf text = {0};
    char what[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    /* A tag is printable by the time that there is an entry; what the text quotes may not be. */
    strbuf_add_escaped(&text, what, strlen(what), sizeof what);
    struct err *err =
        err_new(ERR_DAMAGED_FILE, "damaged: chunk '%s' %" PRIu64 " at offset %" PRIu64 ": %s",
                entry->tag, entry->number, entry->offset, strbuf_text(&text));
    strbuf_free(&text);
    return err;
}

/* --- the index --- */

struct walk {
    struct chunk_index *index;
    struct vec(struct chunk_entry) entries;
    uint64_t offset;
    uint64_t headers_sum;
};

static struct err *read_at(const struct chunk_index *index, uint64_t offset, void *bytes,
                           size_t length) {
    return index->source.read_at(index->source.context, offset, bytes, length);
}

bool chunk_is_snapshot(struct chunk_source source) {
    uint8_t magic[FRAME_MAGIC_SIZE];
    if (source.size < sizeof magic)
        return false;
    struct err *err = source.read_at(source.context, 0, magic, sizeof magic);
    bool is_one = !err && !memcmp(magic, FRAME_MAGIC, sizeof magic);
    err_free(err);
    return is_one;
}

static struct err *check_file_header(struct chunk_index *index, uint64_t *headers_sum) {
    uint8_t header[CHUNK_FILE_HEADER] = {0};
    size_t there = index->source.size < sizeof header ? (size_t)index->source.size : sizeof header;
    TRY(read_at(index, 0, header, there));
    size_t of_magic = there < FRAME_MAGIC_SIZE ? there : FRAME_MAGIC_SIZE;
    if (!there || memcmp(header, FRAME_MAGIC, of_magic) != 0)
        return err_new(ERR_DAMAGED_FILE, "%s", there ? "it is no snapshot" : "the file is empty");
    if (there < sizeof header)
        return err_new(ERR_DAMAGED_FILE, "damaged: cut off after %zu bytes", there);
    uint32_t version = frame_get32(header + FRAME_MAGIC_SIZE);
    unsigned major = version & 0xffff;
    if (major > SNAPSHOT_MAJOR)
        return err_new(ERR_DAMAGED_FILE,
                       "written by a newer heapglass (format %u); this one reads %u", major,
                       SNAPSHOT_MAJOR);
    if (major < SNAPSHOT_MAJOR || frame_get32(header + 12))
        return err_new(ERR_DAMAGED_FILE, "damaged: its first %d bytes are no header",
                       CHUNK_FILE_HEADER);
    index->minor = version >> 16;
    *headers_sum = frame_sum_headers(0, header, sizeof header);
    return NULL;
}

/* What can be said of a chunk by its header alone. */
static struct err *check_lengths(const struct chunk_entry *entry) {
    if (entry->raw > CHUNK_RAW_MOST)
        return chunk_damaged(entry, "%" PRIu64 " bytes are more than the format allows",
                             entry->raw);
    if (entry->stored > entry->raw ||
        (!(entry->flags & CHUNK_COMPRESSED) && entry->stored != entry->raw))
        return chunk_damaged(entry, "%" PRIu64 " bytes cannot be stored as %" PRIu64, entry->raw,
                             entry->stored);
    return NULL;
}

static struct err *check_closing(struct walk *walk, const struct chunk_entry *entry,
                                 const uint8_t *header) {
    uint8_t payload[FRAME_END_SIZE];
    if (entry->flags != CHUNK_NEEDED || entry->number || entry->raw != sizeof payload)
        return chunk_damaged(entry, "it is no closing chunk");
    TRY(read_at(walk->index, entry->offset + CHUNK_HEADER, payload, sizeof payload));
    if (frame_sum(header, payload, sizeof payload) != frame_get64(header + FRAME_SUMMED))
        return chunk_damaged(entry, "its checksum does not match");
    if (frame_get64(payload) != walk->entries.count || frame_get64(payload + 8) != entry->offset ||
        frame_get64(payload + 16) != walk->headers_sum)
        return chunk_damaged(entry, "the chunks before it are not those that were written");
    uint64_t end = entry->offset + CHUNK_HEADER + sizeof payload;
    if (walk->index->source.size != end)
        return chunk_damaged(entry, "%" PRIu64 " more bytes follow it",
                             walk->index->source.size - end);
    return NULL;
}

/* Takes the chunk at the offset. Sets `last` at the closing one, and where the file ends early. */
static struct err *walk_chunk(struct walk *walk, bool *last) {
    struct chunk_index *index = walk->index;
    uint64_t left = index->source.size - walk->offset;
    uint8_t header[CHUNK_HEADER];
    *last = index->truncated = left < sizeof header;
    if (*last)
        return NULL;
    TRY(read_at(index, walk->offset, header, sizeof header));
    if (!frame_tag_valid((const char *)header))
        return err_new(ERR_DAMAGED_FILE, "damaged: no chunk begins at offset %" PRIu64,
                       walk->offset);
    struct chunk_entry entry = {
        .flags = frame_get32(header + 4),
        .number = frame_get64(header + 8),
        .offset = walk->offset,
        .stored = frame_get64(header + 16),
        .raw = frame_get64(header + 24),
    };
    memcpy(entry.tag, header, 4);
    TRY(check_lengths(&entry));
    *last = index->truncated = left - sizeof header < entry.stored;
    if (*last)
        return NULL;
    if (!strcmp(entry.tag, FRAME_END)) {
        *last = true;
        TRY(check_closing(walk, &entry, header));
    } else if (walk->entries.count == CHUNKS_MOST) {
        return chunk_damaged(&entry, "there are more chunks than the format allows");
    } else if (!vec_push(&walk->entries, entry)) {
        return err_no_memory();
    }
    walk->headers_sum = frame_sum_headers(walk->headers_sum, header, sizeof header);
    walk->offset += sizeof header + entry.stored;
    return NULL;
}

static int compare_entries(const void *left, const void *right) {
    const struct chunk_entry *a = left, *b = right;
    int by_tag = memcmp(a->tag, b->tag, 4);
    if (by_tag || a->number == b->number)
        return by_tag;
    return a->number < b->number ? -1 : 1;
}

static bool is_known(const char *tag, const char *const *known) {
    while (*known && strcmp(*known, tag) != 0)
        known++;
    return *known != NULL;
}

static struct err *check_entries(const struct chunk_index *index, const char *const *known) {
    for (size_t i = 0; i < index->count; i++) {
        const struct chunk_entry *entry = &index->entries[i];
        if (i && !compare_entries(entry - 1, entry))
            return chunk_damaged(entry, "it is there twice");
        if ((entry->flags & CHUNK_NEEDED) && !is_known(entry->tag, known))
            return err_new(ERR_DAMAGED_FILE,
                           "written by a newer heapglass: this one does not understand '%s'",
                           entry->tag);
    }
    return NULL;
}

static struct err *open_index(struct chunk_index *index, const char *const *known) {
    struct walk walk = {.index = index, .offset = CHUNK_FILE_HEADER};
    TRY(check_file_header(index, &walk.headers_sum));
    struct err *err = NULL;
    for (bool last = false; !err && !last;)
        err = walk_chunk(&walk, &last);
    index->entries = walk.entries.items;
    index->count = walk.entries.count;
    index->whole_bytes = walk.offset;
    if (index->count)
        qsort(index->entries, index->count, sizeof *index->entries, compare_entries);
    TRY(err);
    return check_entries(index, known);
}

struct err *chunk_index_open(struct chunk_index *index, struct chunk_source source,
                             const char *const *known) {
    struct err *err = chunk_index_salvage(index, source, known);
    if (err)
        chunk_index_close(index);
    return err;
}

struct err *chunk_index_salvage(struct chunk_index *index, struct chunk_source source,
                                const char *const *known) {
    *index = (struct chunk_index){.source = source};
    return open_index(index, known);
}

void chunk_index_close(struct chunk_index *index) {
    free(index->entries);
    *index = (struct chunk_index){0};
}

/* The first entry that is not before the tag and number. */
static size_t lower_bound(const struct chunk_index *index, const char *tag, uint64_t number) {
    struct chunk_entry wanted = {.number = number};
    memcpy(wanted.tag, tag, 4);
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_entries(&index->entries[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct chunk_entry *chunk_find(const struct chunk_index *index, const char *tag,
                                     uint64_t number) {
    size_t at = lower_bound(index, tag, number);
    if (at == index->count)
        return NULL;
    const struct chunk_entry *entry = &index->entries[at];
    return entry->number == number && !memcmp(entry->tag, tag, 4) ? entry : NULL;
}

const struct chunk_entry *chunk_find_all(const struct chunk_index *index, const char *tag,
                                         size_t *ret_count) {
    size_t first = lower_bound(index, tag, 0), end = first;
    while (end < index->count && !memcmp(index->entries[end].tag, tag, 4))
        end++;
    *ret_count = end - first;
    return end > first ? &index->entries[first] : NULL;
}

/* --- payloads --- */

struct growing {
    uint8_t *bytes;
    size_t capacity;
};

struct chunk_unpacker {
    ZSTD_DCtx *zstd;
    struct growing stored, raw;
};

struct err *chunk_unpacker_new(struct chunk_unpacker **ret) {
    struct chunk_unpacker *unpacker = calloc(1, sizeof *unpacker);
    if (!unpacker)
        return err_no_memory();
    unpacker->zstd = ZSTD_createDCtx();
    if (!unpacker->zstd) {
        free(unpacker);
        return err_no_memory();
    }
    *ret = unpacker;
    return NULL;
}

void chunk_unpacker_free(struct chunk_unpacker *unpacker) {
    if (!unpacker)
        return;
    ZSTD_freeDCtx(unpacker->zstd);
    free(unpacker->stored.bytes);
    free(unpacker->raw.bytes);
    free(unpacker);
}

static struct err *make_room(struct growing *growing, size_t needed) {
#ifdef HEAPGLASS_ARENA_MALLOC
    growing->capacity = 0; /* of exactly its size, so that ASan sees reads beyond it */
#endif
    if (needed <= growing->capacity)
        return NULL;
    free(growing->bytes);
    growing->bytes = malloc(needed);
    growing->capacity = growing->bytes ? needed : 0;
    return growing->bytes ? NULL : err_no_memory();
}

static struct err *unpack(const struct chunk_entry *entry, struct chunk_unpacker *unpacker,
                          const uint8_t *payload, const uint8_t **ret) {
    if (ZSTD_getFrameContentSize(payload, entry->stored) != entry->raw)
        return chunk_damaged(entry, "what is compressed is not of its length");
    TRY(make_room(&unpacker->raw, entry->raw ? entry->raw : 1));
    size_t unpacked = ZSTD_decompressDCtx(unpacker->zstd, unpacker->raw.bytes, entry->raw, payload,
                                          entry->stored);
    if (ZSTD_isError(unpacked))
        return chunk_damaged(entry, "zstd: %s", ZSTD_getErrorName(unpacked));
    if (unpacked != entry->raw)
        return chunk_damaged(entry, "what is compressed is not of its length");
    *ret = unpacker->raw.bytes;
    return NULL;
}

struct err *chunk_read(const struct chunk_index *index, const struct chunk_entry *entry,
                       struct chunk_unpacker *unpacker, const uint8_t **ret) {
    size_t length = CHUNK_HEADER + entry->stored;
    TRY(make_room(&unpacker->stored, length));
    uint8_t *header = unpacker->stored.bytes, *payload = header + CHUNK_HEADER;
    TRY(read_at(index, entry->offset, header, length));
    if (frame_sum(header, payload, entry->stored) != frame_get64(header + FRAME_SUMMED))
        return chunk_damaged(entry, "its checksum does not match");
    if (memcmp(header, entry->tag, 4) != 0 || frame_get32(header + 4) != entry->flags ||
        frame_get64(header + 8) != entry->number || frame_get64(header + 16) != entry->stored ||
        frame_get64(header + 24) != entry->raw)
        return chunk_damaged(entry, "the file was changed meanwhile");
    if (entry->flags & ~(uint32_t)(CHUNK_COMPRESSED | CHUNK_NEEDED))
        return chunk_damaged(entry, "its flags 0x%" PRIx32 " are not understood", entry->flags);
    if (entry->flags & CHUNK_COMPRESSED)
        return unpack(entry, unpacker, payload, ret);
    *ret = payload;
    return NULL;
}
