#include "source/mapped_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

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

static struct err *open_checked(pid_t pid, const char *root, const struct map *map,
                                struct elf_file **ret) {
    struct elf_file *file = NULL;
    TRY(elf_file_open(root, map->path, &file));
    if (!is_mapped(pid, map, file)) {
        elf_file_close(file);
        return err_new(ERR_FAILED, "%s is another file now", map->path);
    }
    *ret = file;
    return NULL;
}

struct err *mapped_file_open(pid_t pid, const struct map *map, struct elf_file **ret) {
    char path[96], root[32];
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)pid,
             (unsigned long long)map->start, (unsigned long long)map->end);
    struct err *err = elf_file_open(NULL, path, ret);
    if (!err || err_code(err) == ERR_NO_LAYOUT) /* opened, but no ELF file */
        return err;
    err_free(err);
    snprintf(root, sizeof root, "/proc/%d/root", (int)pid);
    err = open_checked(pid, root, map, ret);
    if (!err)
        return NULL;
    if (err_code(err) == ERR_NO_LAYOUT)
        return err;
    err_free(err);
    err = open_checked(pid, "", map, ret); /* in a chroot the kernel tells paths as we see them */
    if (!err)
        return NULL;
    err_free(err);
    return err_new(ERR_SOURCE,
                   "%s was deleted or replaced while process %d goes on using it, and only root "
                   "(CAP_SYS_ADMIN) may open what it uses: run heapglass as root",
                   map->path, (int)pid);
}
