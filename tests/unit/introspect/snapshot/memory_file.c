#include "memory_file.h"

#include <criterion/criterion.h>
#include <string.h>

static struct err *write_memory(void *context, const void *bytes, size_t length) {
    struct memory_file *file = context;
    if (file->most && file->content.length + length > file->most)
        return err_new(ERR_FAILED, "full");
    column_bytes(&file->content, bytes, length);
    return NULL;
}

static struct err *read_memory(void *context, uint64_t offset, void *bytes, size_t length) {
    struct memory_file *file = context;
    cr_assert_leq(offset, file->content.length);
    cr_assert_leq(length, file->content.length - offset);
    if (length)
        memcpy(bytes, file->content.bytes + offset, length);
    file->read += length;
    return NULL;
}

struct chunk_sink memory_sink(struct memory_file *file) {
    return (struct chunk_sink){write_memory, file};
}

struct chunk_source memory_source(struct memory_file *file) {
    return (struct chunk_source){read_memory, file, file->content.length};
}

void must(struct err *err) {
    cr_assert_null(err, "%s", err ? err_message(err) : "");
}

void append(struct chunk_writer *writer, int level, const char *tag, uint64_t number,
            unsigned flags, const void *payload, size_t length) {
    struct chunk_packer *packer;
    struct packed_chunk packed = {0};
    must(chunk_packer_new(level, &packer));
    must(chunk_pack(packer, tag, number, flags, payload, length, &packed));
    must(chunk_append(writer, &packed));
    chunk_packed_free(&packed);
    chunk_packer_free(packer);
}

const char *const small_known[] = {"META", "OBJS", NULL};

static const struct {
    const char *tag, *content;
    uint64_t number;
    unsigned flags;
    int level;
} small[SMALL_CHUNKS] = {
    {"META", "python=3.11.2", 0, CHUNK_NEEDED, 1},
    {"OBJS", "list list list list list list list list list list list list list", 1, 0, 1},
    {"OBJS", "dict dict", UINT64_MAX, 0, 0},
    {"OBJS", "", 2, 0, 1},
};

void write_small_file(struct memory_file *file) {
    struct chunk_writer writer;
    must(chunk_start(&writer, memory_sink(file)));
    for (size_t i = 0; i < SMALL_CHUNKS; i++)
        append(&writer, small[i].level, small[i].tag, small[i].number, small[i].flags,
               small[i].content, strlen(small[i].content));
    must(chunk_finish(&writer));
}

static struct err *read_small_chunks(const struct chunk_index *index,
                                     struct chunk_unpacker *unpacker, size_t *ret_chunks) {
    for (size_t i = 0; i < SMALL_CHUNKS; i++) {
        const struct chunk_entry *entry = chunk_find(index, small[i].tag, small[i].number);
        if (!entry)
            continue;
        const uint8_t *bytes;
        TRY(chunk_read(index, entry, unpacker, &bytes));
        cr_assert_eq(entry->raw, strlen(small[i].content));
        cr_assert(!memcmp(bytes, small[i].content, entry->raw));
        ++*ret_chunks;
    }
    return NULL;
}

struct err *read_small_file(struct memory_file *file, size_t *ret_chunks, bool *ret_truncated) {
    struct chunk_index index;
    struct chunk_unpacker *unpacker;
    *ret_chunks = 0;
    must(chunk_unpacker_new(&unpacker));
    struct err *err = chunk_index_open(&index, memory_source(file), small_known);
    *ret_truncated = !err && index.truncated;
    if (!err)
        err = read_small_chunks(&index, unpacker, ret_chunks);
    chunk_index_close(&index);
    chunk_unpacker_free(unpacker);
    return err;
}
