/* Pages of a mapped file that the process has not in memory, read from the file itself: reading
 * them through the process would make it fault them in. */
#ifndef HEAPGLASS_ATTACH_FILE_FILL_H
#define HEAPGLASS_ATTACH_FILE_FILL_H

#include "attach/maps.h"

struct file_fill {
    int fd;
    const struct map *map; /* borrowed */
};

/* Opens a mapping's file: by /proc/PID/map_files (root), else by its path in the process's root
 * directory if that is still the same file. False if there is none to be had. */
bool file_fill_open(struct file_fill *fill, pid_t pid, const struct map *map);
void file_fill_close(struct file_fill *fill);

/* Reads the file's bytes of [start, end) of the mapping into the image, and marks them present.
 * Beyond the file's end a page is zero, whole pages beyond it stay absent. False on an error. */
bool file_fill_range(const struct file_fill *fill, struct image *image, uint64_t start,
                     uint64_t end);

#endif
