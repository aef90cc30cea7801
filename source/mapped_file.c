#include "source/mapped_file.h"

#include "base/log.h"
#include "source/memory_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* The same inode, or else the same first page (of headers and, in most files, the build-id): overlayfs and btrfs show other numbers in maps than in stat. */
static bool is_mapped(pid_t pid, const struct map *map, const struct elf_file *file) {
    uint64_t device, inode;
    if (elf_file_identity(file, &device, &inode) && inode == map->inode && device == map->device)
        return true;
    uint8_t mapped[4096], read[4096];
    struct iovec local = {mapped, sizeof mapped};
    struct iovec remote = {(void *)(uintptr_t)map->start, sizeof mapped};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)sizeof mapped &&
           elf_file_read_at(file, map->offset, read, sizeof read) &&
           !memcmp(mapped, read, sizeof read);
}

static struct err *open_checked(pid_t pid, const char *root, const char *path,
                                const struct map *map, struct elf_file **ret) {
    struct elf_file *file = NULL;
    TRY(elf_file_open(root, path, &file));
    if (!is_mapped(pid, map, file)) {
        elf_file_close(file);
        return err_new(ERR_FAILED, "%s is another file now", map->path);
    }
    *ret = file;
    return NULL;
}

/* Ways to the file that need no more than the right to trace. */
static struct err *open_otherwise(pid_t pid, const struct map *map, struct elf_file **ret) {
    char root[32], exe[32];
    snprintf(root, sizeof root, "/proc/%d/root", (int)pid);
    snprintf(exe, sizeof exe, "/proc/%d/exe", (int)pid);
    const char *const ways[][2] = {
        {root, map->path},
        {NULL, map->path}, /* in a chroot the kernel tells paths as we see them */
        {NULL, exe},       /* deleted or replaced: this leads to it all the same */
    };
    bool no_elf = false; /* data, or another file by now */
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct err *err = open_checked(pid, ways[i][0], ways[i][1], map, ret);
        if (!err)
            return NULL;
        no_elf |= err_code(err) == ERR_NO_LAYOUT;
        err_free(err);
    }
    struct err *err = memory_file_open(pid, map, ret);
    if (!err)
        log_line(LOG_ELF, "%s cannot be opened: taken from memory", map->path);
    if (!err || err_code(err) == ERR_NO_LAYOUT)
        return err;
    err_free(err);
    if (no_elf)
        return err_new(ERR_NO_LAYOUT, "%s is not an ELF file", map->path);
    return err_new(ERR_SOURCE,
                   "%s was deleted or replaced while process %d goes on using it, and only "
                   "CAP_SYS_ADMIN may open what it uses: run heapglass %s",
                   map->path, (int)pid,
                   geteuid() ? "as root" : "on the host, or in a privileged container");
}

struct err *mapped_file_open(pid_t pid, const struct map *map, struct elf_file **ret) {
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)pid,
             (unsigned long long)map->start, (unsigned long long)map->end);
    struct err *err = elf_file_open(NULL, path, ret);
    if (!err || err_code(err) == ERR_NO_LAYOUT) /* opened, but no ELF file */
        return err;
    err_free(err);
    return open_otherwise(pid, map, ret);
}
