#include "attach/file_fill.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool is_the_file(int fd, const struct map *map) {
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_ino == map->inode &&
           ((uint64_t)major(stat.st_dev) << 32 | minor(stat.st_dev)) == map->device;
}

bool file_fill_open(struct file_fill *fill, pid_t pid, const struct map *map) {
    char path[PATH_MAX + 64];
    fill->map = map;
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", pid, (unsigned long long)map->start,
             (unsigned long long)map->end);
    fill->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fill->fd >= 0)
        return true;
    snprintf(path, sizeof path, "/proc/%d/root%s", pid, map->path);
    fill->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fill->fd >= 0 && is_the_file(fill->fd, map))
        return true;
    file_fill_close(fill);
    return false;
}

void file_fill_close(struct file_fill *fill) {
    if (fill->fd >= 0)
        close(fill->fd);
    fill->fd = -1;
}

bool file_fill_range(const struct file_fill *fill, struct image *image, uint64_t start,
                     uint64_t end) {
    while (start < end) {
        size_t length;
        uint8_t *to = image_writable(image, start, end, &length);
        if (!length)
            return false;
        uint64_t offset = fill->map->offset + (start - fill->map->start);
        ssize_t got = pread(fill->fd, to, length, (off_t)offset);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        uint64_t pages = ((uint64_t)got + IMAGE_PAGE_SIZE - 1) & -(uint64_t)IMAGE_PAGE_SIZE;
        image_mark_present(image, start, start + pages);
        start += pages;
    }
    return true;
}
