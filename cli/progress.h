/* Says on a terminal what takes long: a line on standard error that goes away by itself. */
#ifndef HEAPGLASS_CLI_PROGRESS_H
#define HEAPGLASS_CLI_PROGRESS_H

#include <stdbool.h>

struct progress;

/* NULL if there is nothing to show progress on (fine for the other functions). */
struct progress *progress_start(bool quiet);
void progress_phase(void *progress, const char *phase); /* phase: a literal */
void progress_end(struct progress *progress);

#endif
