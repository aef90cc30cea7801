/* What a container engine does with file systems, for a process that is in new namespaces already.
 *
 * usage: container [--read-only] ROOT COMMAND [ARGUMENT]...
 *
 * Makes ROOT the root, with a /proc of this PID namespace and nothing else of what was mounted, and runs
 * the command there. Linked statically it needs nothing of either root. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check(int status, const char *what) {
    if (status) {
        perror(what);
        exit(1);
    }
}

int main(int argc, char **argv) {
    char proc[4096];
    int read_only = argc > 1 && !strcmp(argv[1], "--read-only");
    argv += 1 + read_only;
    if (argc < 3 + read_only)
        return 2;
    snprintf(proc, sizeof proc, "%s/proc", argv[0]);
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
    check(mount(argv[0], argv[0], NULL, MS_BIND | MS_REC, NULL), "bind mount");
    check(mount("proc", proc, "proc", 0, NULL), "mount of proc");
    check(chdir(argv[0]), "chdir");
    check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "umount");
    check(chdir("/"), "chdir");
    if (read_only)
        check(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "remount");
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 1;
}
