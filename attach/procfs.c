#include "attach/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct err *proc_check(void) {
    char link[32] = "", ours[32];
    ssize_t length = readlink("/proc/self", link, sizeof link - 1);
    if (length < 0 && access("/proc/filesystems", F_OK) != 0)
        return err_new(ERR_SOURCE, "/proc is not mounted here, and all that is known of processes "
                                   "comes from it: mount -t proc proc /proc");
    snprintf(ours, sizeof ours, "%d", (int)getpid());
    if (!strcmp(link, ours))
        return NULL;
    return err_new(ERR_SOURCE,
                   "/proc shows another PID namespace than heapglass is in, so that its "
                   "numbers are not ours: enter both (nsenter --pid --mount), or mount "
                   "one of its own (unshare --mount-proc)");
}

ssize_t proc_read_path(const char *path, char *to, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t length = 0;
    ssize_t got = 0;
    while (length < size - 1 && (got = read(fd, to + length, size - 1 - length)) > 0)
        length += (size_t)got;
    int number = errno;
    close(fd);
    errno = number;
    to[length] = '\0';
    return got < 0 && !length ? -1 : (ssize_t)length;
}

static void proc_path(char *path, size_t size, pid_t pid, const char *name) {
    if (pid)
        snprintf(path, size, "/proc/%d/%s", pid, name);
    else
        snprintf(path, size, "/proc/self/%s", name);
}

ssize_t proc_read(pid_t pid, const char *name, char *to, size_t size) {
    char path[96];
    proc_path(path, sizeof path, pid, name);
    return proc_read_path(path, to, size);
}

int proc_open_memory(pid_t pid) {
    char path[64];
    proc_path(path, sizeof path, pid, "mem");
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool proc_read_memory(pid_t pid, uint64_t address, void *to, size_t size) {
    int fd = proc_open_memory(pid);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, to, size, (off_t)address);
    close(fd);
    return got == (ssize_t)size;
}

ssize_t proc_read_all(pid_t pid, const char *name, char **text, size_t *capacity) {
    char path[96];
    proc_path(path, sizeof path, pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0) {
        if (*capacity - length < 8192) {
            size_t larger = *capacity * 2 + 65536;
            char *moved = realloc(*text, larger);
            if (!moved) {
                close(fd);
                errno = ENOMEM;
                return -1;
            }
            *text = moved;
            *capacity = larger;
        }
        got = read(fd, *text + length, *capacity - length - 1);
        if (got > 0)
            length += (size_t)got;
    }
    int number = errno;
    close(fd);
    errno = number;
    (*text)[length] = '\0';
    return got < 0 ? -1 : (ssize_t)length;
}

const char *proc_field(const char *text, const char *key) {
    size_t length = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            line += length + 1;
            return line + strspn(line, " \t");
        }
    }
    return NULL;
}

bool proc_number(const char *text, const char *key, uint64_t *value) {
    const char *field = proc_field(text, key);
    char *end;
    if (!field || *field < '0' || *field > '9')
        return false;
    *value = strtoull(field, &end, 10);
    if (strncmp(end, " kB", 3) == 0)
        *value *= 1024;
    return true;
}

bool proc_hex(const char *text, const char *key, uint64_t *value) {
    const char *field = proc_field(text, key);
    if (!field)
        return false;
    *value = strtoull(field, NULL, 16);
    return true;
}

bool proc_parse_stat(const char *text, struct proc_stat *stat) {
    const char *at = strrchr(text, ')');
    unsigned long long flags = 0, start_time = 0;
    char state;
    /* Fields 3 (state), 9 (flags) and 22 (starttime) of proc(5). */
    if (!at || sscanf(at + 1,
                      " %c %*d %*d %*d %*d %*d %llu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
                      "%*d %llu",
                      &state, &flags, &start_time) != 3)
        return false;
    *stat = (struct proc_stat){state, flags, start_time};
    return true;
}

char proc_state(pid_t pid, pid_t tid) {
    char name[48], text[1024];
    if (tid)
        snprintf(name, sizeof name, "task/%d/stat", tid);
    else
        snprintf(name, sizeof name, "stat");
    if (proc_read(pid, name, text, sizeof text) <= 0)
        return '\0';
    const char *at = strrchr(text, ')');
    return at && at[1] == ' ' ? at[2] : '\0';
}
