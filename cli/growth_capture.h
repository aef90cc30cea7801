/* The captures of `growth`: what one costs depends on what is asked for. */
#ifndef HEAPGLASS_CLI_GROWTH_CAPTURE_H
#define HEAPGLASS_CLI_GROWTH_CAPTURE_H

#include "cli/growth.h"

/* Captures a process, no more of it than the options need. */
struct err *growth_capture(const struct cli *cli, pid_t pid, struct source **ret) ERR_CHECK;

/* ERR_USAGE unless --save names a file, which every round can write anew. */
struct err *growth_check_save(const struct options *options) ERR_CHECK;

/* Writes the snapshot of --save: the one of the round before is there until this one is whole. */
struct err *growth_save(const struct cli *cli, struct source *source) ERR_CHECK;

/* Takes a round from a capture: the numbers, types, and containers if they are asked for. Sets all of
 * growth->round but its seconds, which are given. */
struct err *growth_take(const struct cli *cli, const struct source *source, double seconds,
                        struct growth *growth) ERR_CHECK;

#endif
