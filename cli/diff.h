/* The ways to compare that `heapglass diff` has. */
#ifndef HEAPGLASS_CLI_DIFF_H
#define HEAPGLASS_CLI_DIFF_H

#include "cli/screen.h"

/* A report of several sources. */
struct diff_report {
    struct report report;
    struct node *sources, *damage;
};

void cleanup_diff_report(struct diff_report *diff);

/* Opens the source of an argument, and adds it to the document and the screen's head. */
struct err *diff_open(const struct cli *cli, struct diff_report *diff, int argument,
                      struct source **ret) ERR_CHECK;

/* "12 more types (-n 0 shows all)" if there are more than are shown. */
void diff_more_line(struct report *report, uint64_t count, size_t shown, const char *what);

/* A B --only: what came, or went. */
struct err *diff_only(struct cli *cli) ERR_CHECK;
/* A B C: what came after A and is still there in C. */
struct err *diff_survivors(struct cli *cli) ERR_CHECK;
/* A B --hidden. */
struct err *diff_hidden(struct cli *cli) ERR_CHECK;

#endif
