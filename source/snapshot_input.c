#include "source/snapshot_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct snapshot_input {
    int fd;
    uint64_t size;
};

static struct err *refusal(const char *path, int number) {
    struct stat there;
    if (number == EACCES && !stat(path, &there))
        return err_new(ERR_SOURCE, "can't open %s: %s; it belongs to uid %u: be that user, or root",
                       path, strerror(number), (unsigned)there.st_uid);
    return err_errno(ERR_SOURCE, number, "can't open %s", path);
}

static struct err *open_input(struct snapshot_input *input, const char *path) {
    /* Not to wait for the writer of a FIFO. */
    input->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat there;
    if (input->fd < 0 || fstat(input->fd, &there))
        return refusal(path, errno);
    if (!S_ISREG(there.st_mode))
        return err_new(ERR_SOURCE, "can't read a snapshot from %s: it is no regular file%s", path,
                       S_ISFIFO(there.st_mode) ? "; write the pipe to one first" : "");
    input->size = (uint64_t)there.st_size;
    return NULL;
}

struct err *snapshot_input_open(const char *path, struct snapshot_input **ret) {
    struct snapshot_input *input = calloc(1, sizeof *input);
    if (!input)
        return err_no_memory();
    struct err *err = open_input(input, path);
    if (err)
        snapshot_input_close(input);
    else
        *ret = input;
    return err;
}

void snapshot_input_close(struct snapshot_input *input) {
    if (!input)
        return;
    if (input->fd >= 0)
        close(input->fd);
    free(input);
}

static struct err *read_at(void *context, uint64_t offset, void *bytes, size_t length) {
    struct snapshot_input *input = context;
    for (char *at = bytes; length;) {
        ssize_t got = pread(input->fd, at, length, (off_t)offset);
        if (got == 0)
            return err_new(ERR_DAMAGED_FILE, "the file was cut off while it was read");
        if (got < 0 && errno != EINTR)
            return err_errno(ERR_FAILED, errno, "can't read the snapshot");
        if (got > 0) {
            at += got;
            offset += (uint64_t)got;
            length -= (size_t)got;
        }
    }
    return NULL;
}

struct chunk_source snapshot_input_source(struct snapshot_input *input) {
    return (struct chunk_source){read_at, input, input->size};
}
