/* Small files of /proc, read whole. Errors are errno values: what a miss means is the caller's to
 * say. */
#ifndef HEAPGLASS_ATTACH_PROCFS_H
#define HEAPGLASS_ATTACH_PROCFS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ERR_SOURCE where /proc cannot be used: not mounted, or it shows the processes of another PID
 * namespace than ours, under other numbers than those that ptrace takes. */
struct err *proc_check(void) ERR_CHECK;

/* Reads /proc/PID/name (pid 0: /proc/self/name) into `to`, cut at size - 1 bytes and
 * NUL-terminated. Returns the length, or -1 with errno set. Allocates nothing. */
ssize_t proc_read(pid_t pid, const char *name, char *to, size_t size);

/* The same for any path. */
ssize_t proc_read_path(const char *path, char *to, size_t size);

/* The whole of /proc/PID/name in a buffer that grows and may be reused: *text has *capacity bytes,
 * owned by the caller. Returns the length (NUL-terminated), or -1 with errno set. */
ssize_t proc_read_all(pid_t pid, const char *name, char **text, size_t *capacity);

/* Reads memory of a process by /proc/PID/mem, which, unlike process_vm_readv, leaves pages shared
 * that are so since a fork. False if not all of it could be read. */
bool proc_read_memory(pid_t pid, uint64_t address, void *to, size_t size);

/* For many reads: a descriptor of it to pread from, at addresses; -1 with errno set. */
int proc_open_memory(pid_t pid);

/* The number behind "key:" at the start of a line; kilobytes ("kB") are turned into bytes. */
bool proc_number(const char *text, const char *key, uint64_t *value);

/* The same in base 16, for capability sets and signal masks. */
bool proc_hex(const char *text, const char *key, uint64_t *value);

/* What follows "key:" and blanks at the start of a line, up to the line's end; NULL if not there.
 */
const char *proc_field(const char *text, const char *key);

/* The fields of /proc/PID/stat behind the name in parentheses (which may hold anything). */
struct proc_stat {
    char state;
    uint64_t flags; /* PF_ of the kernel */
    uint64_t start_time;
};
bool proc_parse_stat(const char *text, struct proc_stat *stat);

/* The state letter of a process (tid 0) or of one of its threads, '\0' if it is gone. */
char proc_state(pid_t pid, pid_t tid);

#endif
