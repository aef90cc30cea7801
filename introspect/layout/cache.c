/* Layouts that were read from DWARF, kept by build-id: reading DWARF takes a good part of a second.
 *
 * One file per build-id and per list of fields (its fingerprint is in the name), so that another
 * heapglass neither reads nor overwrites it. What is read is checked like any foreign text. */
#include "base/cleanup.h"
#include "base/log.h"
#include "introspect/layout/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHE_FILE_MAX = 1 << 20, PATH_SIZE = 4096 };

static uint64_t checksum(const char *text, size_t length) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash;
}

static bool format_path(char path[PATH_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool format_path(char path[PATH_SIZE], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(path, PATH_SIZE, format, arguments);
    va_end(arguments);
    return length > 0 && length < PATH_SIZE;
}

/* The folder above heapglass's own: $XDG_CACHE_HOME or ~/.cache. */
static bool cache_home(char path[PATH_SIZE]) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return format_path(path, "%s", cache);
    return home && home[0] == '/' && format_path(path, "%s/.cache", home);
}

/* Our own folder, opened; -1 if it is not there (and not to be made) or not ours alone to write:
 * under sudo HOME may be another's. */
static int open_folder(bool make) {
    char path[PATH_SIZE], folder[PATH_SIZE];
    if (!cache_home(path) || !format_path(folder, "%.4000s/heapglass", path))
        return -1;
    if (make) {
        mkdir(path, 0700);
        mkdir(folder, 0700);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    if (fd >= 0 && (fstat(fd, &status) || status.st_uid != geteuid() || (status.st_mode & 022))) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool format_name(char name[PATH_SIZE], const char *build_id) {
    return *build_id && format_path(name, "%s-%016llx.layout", build_id,
                                    (unsigned long long)layout_fingerprint());
}

static bool read_all(int fd, struct strbuf *text) {
    char buffer[16384];
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 && !text->failed;
        strbuf_add(text, buffer, (size_t)got);
        if (text->length > CACHE_FILE_MAX)
            return false;
    }
}

struct layout *cache_load(const char *build_id) {
    char name[PATH_SIZE];
    _cleanup_(cleanup_fd) int folder = open_folder(false);
    if (folder < 0 || !format_name(name, build_id))
        return NULL;
    _cleanup_(cleanup_fd) int fd =
        openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode))
        return NULL;
    _cleanup_(strbuf_free) struct strbuf text = {0};
    unsigned long long sum;
    int start = 0;
    struct layout *layout = NULL;
    if (!read_all(fd, &text) ||
        sscanf(strbuf_text(&text), "checksum %16llx\n%n", &sum, &start) < 1 || start <= 0 ||
        checksum(text.text + start, text.length - (size_t)start) != sum) {
        log_line(LOG_LAYOUT, "ignoring the damaged cache file %s", name);
        return NULL;
    }
    struct err *err = layout_parse(text.text + start, text.length - (size_t)start, &layout);
    if (!err && strcmp(layout->build_id, build_id)) {
        layout_destroy(layout);
        layout = NULL;
    }
    err_free(err);
    return layout;
}

static bool write_all(int fd, const struct strbuf *text) {
    for (size_t done = 0; done < text->length;) {
        ssize_t wrote = write(fd, text->text + done, text->length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    return true;
}

void cache_store(const struct layout *layout) {
    char name[PATH_SIZE], temporary[PATH_SIZE];
    _cleanup_(cleanup_fd) int folder = open_folder(true);
    if (folder < 0 || !format_name(name, layout->build_id) ||
        !format_path(temporary, "%.200s.%d", name, (int)getpid()))
        return;
    _cleanup_(strbuf_free) struct strbuf body = {0}, text = {0};
    layout_emit(layout, &body);
    strbuf_printf(&text, "checksum %016llx\n",
                  (unsigned long long)checksum(strbuf_text(&body), body.length));
    strbuf_add(&text, strbuf_text(&body), body.length);
    if (body.failed || text.failed)
        return;
    _cleanup_(cleanup_fd) int fd =
        openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (!write_all(fd, &text) || renameat(folder, temporary, folder, name))
        unlinkat(folder, temporary, 0);
}
