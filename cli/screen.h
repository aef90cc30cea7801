/* What the commands that show a source have in common: opening it, its envelope, its head and foot.
 */
#ifndef HEAPGLASS_CLI_SCREEN_H
#define HEAPGLASS_CLI_SCREEN_H

#include "cli/command.h"
#include "introspect/graph/dominators.h"
#include "report/report.h"
#include "source/source.h"

enum { SCREEN_WIDTH = 80 };

/* The PID in a command's argument. ERR_USAGE if it is none, with what it is instead. */
struct err *cli_pid(const char *argument, pid_t *pid) ERR_CHECK;

/* Whether an argument is a PID; a file of such a name can be given as ./4711. */
bool cli_is_pid(const char *argument);

/* What a SOURCE is: *pid becomes that of a process, or 0 for a file. ERR_USAGE if it is neither. */
struct err *cli_source_kind(const char *argument, pid_t *pid) ERR_CHECK;

/* ERR_USAGE if an option was given that says how to capture a process: what is looked at is a file. */
struct err *cli_check_file(const struct cli *cli, const char *path) ERR_CHECK;

/* Opens the source that an argument names, a PID or a snapshot, with the capture options, showing progress; keeps
 * it as a snapshot if --save asks for that. */
struct err *cli_open(const struct cli *cli, const char *argument, struct source **ret) ERR_CHECK;

/* Opens the source that the first argument names, with the capture options, showing progress. */
struct err *cli_open_source(const struct cli *cli, struct source **ret) ERR_CHECK;
void cleanup_source(struct source **source);

/* The reference graph of a source's heap, and its dominators, showing progress. */
struct err *cli_build_graph(const struct cli *cli, const struct source *source,
                            struct graph **ret) ERR_CHECK;
struct err *cli_build_dominators(const struct cli *cli, const struct graph *graph,
                                 struct dominators **ret) ERR_CHECK;
void cleanup_graph(struct graph **graph);
void cleanup_dominators(struct dominators **dominators);

/* The object at an address that is an argument. ERR_USAGE if it is no address; ERR_FAILED, with what is
 * there instead, if no object is there. */
struct err *cli_object(const struct source *source, const char *argument, uint32_t *id) ERR_CHECK;

void cleanup_report(struct report *report);

/* A words_line whose context is a report. */
void cli_say(void *report, enum line_style style, const char *text);

/* Adds "source" and "damage" to a report's document. */
void envelope_add(struct report *report, const struct source *source);
/* Adds what "source" has to a group, or an item of a list, of several; and to a list its damage. */
void source_add(struct report *report, struct node *group, const struct source *source);
void damage_add_to(struct report *report, struct node *list, const struct heap *heap);

/* Adds "taken_at". */
void time_add(struct tree *tree, struct node *group, struct timespec taken);

/* Adds what the process uses of the machine's memory: "rss_bytes" ... "cgroup". */
void memory_add(struct tree *tree, struct node *group, const struct memory_use *memory);

/* The line that says what is looked at: command, PID, version, layout, pause. */
void headline_add(struct report *report, const struct source_info *info);
/* The same of any facts: they follow the command, which is shortened to what room they leave. */
void headline_of(struct report *report, const char *command, const struct strbuf *facts);

/* The lines at the end: what makes the answer less than exact, and the damage ("none" is said only
 * if `always`). */
void notes_add(struct report *report, const struct source *source, bool always);

/* Writes the report to standard output in the format that was asked for. */
struct err *cli_write(const struct cli *cli, const struct report *report) ERR_CHECK;

/* The most rows of a table to show: what was asked for, else all in data formats and `screen` on
 * a screen. SIZE_MAX: all. */
size_t cli_limit(const struct cli *cli, size_t screen);

/* Whether standard output is a terminal that shows Unicode's block elements. */
bool cli_draws_blocks(void);

/* Rows of the terminal, 0 if standard output is none. */
unsigned cli_terminal_rows(void);

#endif
