#include "source/snapshot_output.h"

#include "base/cancel.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

enum {
    PIECE = 4 << 20, /* bytes between two looks at `cancel` */
    WAIT = 50,       /* milliseconds, the same */
    ATTEMPTS = 100,  /* at a name that nobody has */
    TEMPORARY = 32,  /* bytes of a temporary name */
};

struct snapshot_output {
    int fd;
    int folder;                /* where the file will be; -1: written to directly */
    char *path;                /* as it was given, for messages */
    const char *name;          /* within the folder; in `path` */
    char temporary[TEMPORARY]; /* its name until it is committed; "": it has none */
    bool regular;
    const volatile int *cancel;
};

static bool cancelled(const struct snapshot_output *output) {
    return cancel_asked(output->cancel);
}

static struct err *cancelled_error(void) {
    return err_new(ERR_CANCELLED, "interrupted");
}

static const char *name_for_people(const struct snapshot_output *output) {
    return strcmp(output->path, "-") ? output->path : "standard output";
}

static struct err *failed(const struct snapshot_output *output, int number) {
    return err_errno(ERR_FAILED, number, "can't write %s", name_for_people(output));
}

/* --- opening --- */

/* What is written to directly: by now it is open. */
static struct err *check_direct(struct snapshot_output *output) {
    struct stat stat;
    if (fstat(output->fd, &stat))
        return failed(output, errno);
    output->regular = S_ISREG(stat.st_mode);
    if (isatty(output->fd))
        return err_new(ERR_USAGE,
                       "a snapshot is binary, and %s is a terminal: name a file, or redirect it",
                       name_for_people(output));
    if (S_ISDIR(stat.st_mode) || S_ISBLK(stat.st_mode))
        return err_new(ERR_USAGE, "%s is a %s: name a file", name_for_people(output),
                       S_ISDIR(stat.st_mode) ? "folder" : "disk");
    return NULL;
}

static struct err *open_descriptor(struct snapshot_output *output, int fd) {
    output->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return output->fd < 0 ? failed(output, errno) : check_direct(output);
}

/* A pipe or device. Of a FIFO that nobody reads yet the reader is waited for. */
static struct err *open_direct(struct snapshot_output *output) {
    const struct timespec moment = {.tv_nsec = WAIT * 1000000};
    while ((output->fd = open(output->path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0) {
        if (errno != ENXIO && errno != EINTR)
            return failed(output, errno);
        if (cancelled(output))
            return cancelled_error();
        struct stat stat_now;
        if (stat(output->path, &stat_now) || !S_ISFIFO(stat_now.st_mode))
            return failed(output, ENXIO);
        nanosleep(&moment, NULL);
    }
    TRY(check_direct(output));
    if (output->regular)
        return err_new(ERR_FAILED, "%s was replaced meanwhile", output->path);
    return NULL;
}

static bool make_temporary_name(struct snapshot_output *output) {
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return false;
    snprintf(output->temporary, sizeof output->temporary, ".heapglass-%016jx", (uintmax_t)number);
    return true;
}

/* A file without a name if the file system has such: then nothing is left even if we are killed. */
static int create_nameless(struct snapshot_output *output) {
    char link[40];
    int fd = openat(output->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (fd >= 0 && access(link, F_OK)) {
        /* Without /proc it would never get one. */
        close(fd);
        return -1;
    }
    return fd;
}

static int create_named(struct snapshot_output *output) {
    int fd = -1;
    errno = EEXIST;
    for (int i = 0; fd < 0 && errno == EEXIST && i < ATTEMPTS; i++) {
        if (!make_temporary_name(output))
            return -1;
        fd = openat(output->folder, output->temporary,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    if (fd < 0)
        output->temporary[0] = '\0';
    return fd;
}

static struct err *open_file(struct snapshot_output *output) {
    char *slash = strrchr(output->path, '/');
    output->name = slash ? slash + 1 : output->path;
    if (!*output->name)
        return err_new(ERR_USAGE, "'%s' names no file", output->path);
    if (slash) {
        char *folder = strndup(output->path, (size_t)(slash - output->path) + 1);
        if (!folder)
            return err_no_memory();
        output->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        free(folder);
    } else {
        output->folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (output->folder < 0)
        return failed(output, errno);
    output->fd = create_nameless(output);
    if (output->fd < 0)
        output->fd = create_named(output);
    if (output->fd < 0)
        return failed(output, errno);
    output->regular = true;
    /* The umask may have taken even our own rights. */
    return fchmod(output->fd, 0600) ? failed(output, errno) : NULL;
}

/* The descriptor that a link such as /dev/stdout leads to; -1 if there is none. A link like that is not to
 * be replaced, even if what it leads to is a file. */
static int standard_file(const char *path, const struct stat *there) {
    struct stat link, stat;
    if (lstat(path, &link) || !S_ISLNK(link.st_mode))
        return -1;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        if (!fstat(fd, &stat) && stat.st_dev == there->st_dev && stat.st_ino == there->st_ino)
            return fd;
    }
    return -1;
}

static struct err *open_path(struct snapshot_output *output) {
    if (!strcmp(output->path, "-"))
        return open_descriptor(output, STDOUT_FILENO);
    struct stat there;
    if (stat(output->path, &there))
        return open_file(output);
    if (S_ISDIR(there.st_mode) || S_ISBLK(there.st_mode))
        return err_new(ERR_USAGE, "%s is a %s: name a file", output->path,
                       S_ISDIR(there.st_mode) ? "folder" : "disk");
    if (!S_ISREG(there.st_mode))
        return open_direct(output);
    int fd = standard_file(output->path, &there);
    return fd >= 0 ? open_descriptor(output, fd) : open_file(output);
}

struct err *snapshot_output_open(const char *path, const volatile int *cancel,
                                 struct snapshot_output **ret) {
    struct snapshot_output *output = calloc(1, sizeof *output);
    if (!output)
        return err_no_memory();
    *output =
        (struct snapshot_output){.fd = -1, .folder = -1, .path = strdup(path), .cancel = cancel};
    struct err *err = output->path ? open_path(output) : err_no_memory();
    if (err)
        snapshot_output_close(output);
    else
        *ret = output;
    return err;
}

/* --- writing --- */

/* Waits until something that is no file takes PIPE_BUF bytes, so that a write does not block: signals
 * would not interrupt it. */
static struct err *wait_until_ready(struct snapshot_output *output) {
    struct pollfd ready = {.fd = output->fd, .events = POLLOUT};
    while (!cancelled(output)) {
        int count = poll(&ready, 1, WAIT);
        if (count < 0 && errno != EINTR)
            return failed(output, errno);
        if (count > 0)
            return NULL;
    }
    return cancelled_error();
}

static struct err *write_all(void *context, const void *bytes, size_t length) {
    struct snapshot_output *output = context;
    size_t most = output->regular ? PIECE : PIPE_BUF;
    for (const char *at = bytes; length;) {
        if (cancelled(output))
            return cancelled_error();
        if (!output->regular)
            TRY(wait_until_ready(output));
        ssize_t written = write(output->fd, at, length < most ? length : most);
        if (written >= 0) {
            at += written;
            length -= (size_t)written;
        } else if (errno == EPIPE) {
            return err_new(ERR_FAILED, "can't write %s: its reader went away",
                           name_for_people(output));
        } else if (errno != EINTR && errno != EAGAIN) {
            return failed(output, errno);
        }
    }
    return NULL;
}

struct chunk_sink snapshot_output_sink(struct snapshot_output *output) {
    return (struct chunk_sink){write_all, output};
}

/* Gives a nameless file a name; -1 and errno if it can't. */
static int give_name(struct snapshot_output *output, const char *name) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", output->fd);
    return linkat(AT_FDCWD, link, output->folder, name, AT_SYMLINK_FOLLOW);
}

/* A temporary name, since only renaming replaces what has the name now. */
static int give_temporary_name(struct snapshot_output *output) {
    int failed = -1;
    errno = EEXIST;
    for (int i = 0; failed && errno == EEXIST && i < ATTEMPTS; i++) {
        if (!make_temporary_name(output))
            break;
        failed = give_name(output, output->temporary);
    }
    if (failed)
        output->temporary[0] = '\0';
    return failed;
}

static int give_final_name(struct snapshot_output *output) {
    if (!*output->temporary) {
        if (!give_name(output, output->name))
            return 0;
        if (errno != EEXIST || give_temporary_name(output))
            return -1;
    }
    if (renameat(output->folder, output->temporary, output->folder, output->name))
        return -1;
    output->temporary[0] = '\0';
    return 0;
}

struct err *snapshot_output_commit(struct snapshot_output *output) {
    if (cancelled(output))
        return cancelled_error();
    if (output->regular && fsync(output->fd))
        return failed(output, errno);
    if (output->folder < 0)
        return NULL;
    if (give_final_name(output))
        return failed(output, errno);
    /* The file is whole either way; this is for its name to outlive a power failure. */
    _cleanup_(cleanup_fd) int folder = openat(output->folder, ".", O_RDONLY | O_CLOEXEC);
    if (folder >= 0)
        fsync(folder);
    return NULL;
}

void snapshot_output_close(struct snapshot_output *output) {
    if (!output)
        return;
    if (*output->temporary)
        unlinkat(output->folder, output->temporary, 0);
    if (output->fd >= 0)
        close(output->fd);
    if (output->folder >= 0)
        close(output->folder);
    free(output->path);
    free(output);
}
