/* Where a process is: what its program and its root are, which namespaces it is in. */
#ifndef HEAPGLASS_ATTACH_PLACE_H
#define HEAPGLASS_ATTACH_PLACE_H

#include "attach/process.h"

enum { PLACE_NAMESPACES = 3 };

struct place {
    char *executable; /* where /proc/PID/exe leads; escaped, NULL if that can't be told */
    char *root;       /* where /proc/PID/root leads; "/" unless it is in a chroot; the same */
    /* "PID", "mount", "user": literals, those that differ from ours; NULL behind them */
    const char *namespaces[PLACE_NAMESPACES + 1];
};

struct err *place_find(const struct process *process, struct place *place) ERR_CHECK;
void place_clear(struct place *place);

/* Whether a link in /proc/PID leads elsewhere than ours; false if that can't be told. */
bool place_differs(pid_t pid, const char *name);

#endif
