/* A source behind the functions of source/source.h that never leaves this process. */
#ifndef HEAPGLASS_TESTS_FAKE_SOURCE_H
#define HEAPGLASS_TESTS_FAKE_SOURCE_H

#include "cli/command.h"
#include "report/output.h"
#include "source/source.h"

/* What source_open_pid "finds"; starts as a web worker with the fake shop on its heap. */
extern struct source_info fake_info;
extern struct err *fake_refusal;           /* if not NULL, opening fails with this */
extern struct source_options fake_options; /* those of the last opening */

/* Runs the program as main does; what it printed is in the two texts (owned), the exit status is
 * returned. */
int run_program(const char *command_line, char **out, char **errors);

/* Runs the program: that it prints exactly this and no error. What is for people has lines of at most 80 columns. */
void expect(const char *command_line, const char *expected);

#endif
