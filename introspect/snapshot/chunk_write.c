#include "introspect/snapshot/chunk.h"
#include "introspect/snapshot/frame.h"

#include <stdlib.h>
#include <zstd.h>

struct chunk_packer {
    ZSTD_CCtx *zstd; /* NULL: payloads are stored as they are */
};

struct err *chunk_packer_new(int level, struct chunk_packer **ret) {
    struct chunk_packer *packer = calloc(1, sizeof *packer);
    if (!packer)
        return err_no_memory();
    if (level > 0) {
        packer->zstd = ZSTD_createCCtx();
        if (!packer->zstd) {
            free(packer);
            return err_no_memory();
        }
        int most = ZSTD_maxCLevel();
        ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, level < most ? level : most);
    }
    *ret = packer;
    return NULL;
}

void chunk_packer_free(struct chunk_packer *packer) {
    if (!packer)
        return;
    ZSTD_freeCCtx(packer->zstd);
    free(packer);
}

void chunk_packed_free(struct packed_chunk *packed) {
    free(packed->bytes);
    *packed = (struct packed_chunk){0};
}

static bool make_room(struct packed_chunk *packed, size_t needed) {
    if (needed <= packed->capacity)
        return true;
    free(packed->bytes);
    packed->bytes = malloc(needed);
    packed->capacity = packed->bytes ? needed : 0;
    return packed->bytes != NULL;
}

/* Puts the header before a payload that is in its place already. */
static void put_header(struct packed_chunk *packed, const char *tag, uint64_t number,
                       unsigned flags, size_t stored, size_t raw) {
    uint8_t *header = packed->bytes;
    uint32_t flags_le = htole32(flags);
    memcpy(header, tag, 4);
    memcpy(header + 4, &flags_le, 4);
    frame_put64(header + 8, number);
    frame_put64(header + 16, stored);
    frame_put64(header + 24, raw);
    frame_put64(header + 32, frame_sum(header, header + CHUNK_HEADER, stored));
    packed->length = CHUNK_HEADER + stored;
}

struct err *chunk_pack(struct chunk_packer *packer, const char *tag, uint64_t number,
                       unsigned flags, const void *payload, size_t length,
                       struct packed_chunk *ret) {
    ret->length = 0;
    if (length > CHUNK_RAW_MOST)
        return err_new(ERR_FAILED, "a chunk of %zu bytes is more than the format allows", length);
    size_t room = packer->zstd ? ZSTD_compressBound(length) : length;
    if (!make_room(ret, CHUNK_HEADER + room))
        return err_no_memory();
    uint8_t *stored = ret->bytes + CHUNK_HEADER;
    if (packer->zstd && length) {
        size_t packed = ZSTD_compress2(packer->zstd, stored, room, payload, length);
        if (ZSTD_isError(packed))
            return err_new(ERR_FAILED, "zstd: %s", ZSTD_getErrorName(packed));
        if (packed < length) {
            put_header(ret, tag, number, flags | CHUNK_COMPRESSED, packed, length);
            return NULL;
        }
    }
    if (length)
        memcpy(stored, payload, length);
    put_header(ret, tag, number, flags, length, length);
    return NULL;
}

static struct err *write_bytes(struct chunk_writer *writer, const void *bytes, size_t length) {
    TRY(writer->sink.write(writer->sink.context, bytes, length));
    writer->bytes += length;
    return NULL;
}

struct err *chunk_start(struct chunk_writer *writer, struct chunk_sink sink) {
    uint8_t header[CHUNK_FILE_HEADER] = FRAME_MAGIC;
    uint16_t version[] = {htole16(SNAPSHOT_MAJOR), htole16(SNAPSHOT_MINOR)};
    memcpy(header + FRAME_MAGIC_SIZE, version, sizeof version);
    *writer = (struct chunk_writer){.sink = sink};
    writer->headers_sum = frame_sum_headers(0, header, sizeof header);
    return write_bytes(writer, header, sizeof header);
}

struct err *chunk_append(struct chunk_writer *writer, const struct packed_chunk *packed) {
    if (writer->chunks == CHUNKS_MOST)
        return err_new(ERR_FAILED, "the snapshot has more chunks than the format allows");
    TRY(write_bytes(writer, packed->bytes, packed->length));
    writer->headers_sum = frame_sum_headers(writer->headers_sum, packed->bytes, CHUNK_HEADER);
    writer->chunks++;
    return NULL;
}

struct err *chunk_finish(struct chunk_writer *writer) {
    uint8_t bytes[CHUNK_HEADER + FRAME_END_SIZE];
    frame_put64(bytes + CHUNK_HEADER, writer->chunks);
    frame_put64(bytes + CHUNK_HEADER + 8, writer->bytes);
    frame_put64(bytes + CHUNK_HEADER + 16, writer->headers_sum);
    struct packed_chunk packed = {.bytes = bytes};
    put_header(&packed, FRAME_END, 0, CHUNK_NEEDED, FRAME_END_SIZE, FRAME_END_SIZE);
    return write_bytes(writer, bytes, sizeof bytes);
}
