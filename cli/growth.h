/* What `heapglass growth` has seen so far, and how it is shown: round by round, and at the end. */
#ifndef HEAPGLASS_CLI_GROWTH_H
#define HEAPGLASS_CLI_GROWTH_H

#include "cli/command.h"
#include "introspect/analyses/container_growth.h"
#include "introspect/analyses/series.h"
#include "report/report.h"
#include "source/source.h"

/* The newest round. */
struct growth_round {
    double seconds; /* of its capture, since that of the first */
    double pause_seconds;
    struct timespec taken_at;
    uint64_t measures[MEASURES];
    uint64_t cgroup_max; /* 0: no limit */
    uint64_t damage;     /* things that could not be decoded */
};

enum growth_end {
    GROWTH_CUT,    /* of a series from a file: nothing tells how it ended */
    GROWTH_ROUNDS, /* as many as were asked for */
    GROWTH_MET,    /* a condition of --until */
    GROWTH_EXIT,   /* the process ended */
    GROWTH_EXEC,   /* it runs another program */
    GROWTH_FAILED, /* captures failed, again and again */
    GROWTH_SIGNAL, /* we were asked to stop */
};

/* Starts zeroed; growth_free. */
struct growth {
    struct series series;
    struct growth_round round;
    struct timespec first_taken_at; /* of the first round */
    char *command, *python;         /* of the process; owned; may be NULL */
    pid_t pid, inner_pid;
    double every;     /* seconds between rounds */
    uint64_t skipped; /* rounds that could not begin, for the one before took too long */
    uint64_t failed;  /* captures that failed */
    enum growth_end end;
    bool conditions; /* --until was asked for */
    /* With --containers: those of the first and of the newest round, and which hold more. */
    bool has_containers;
    struct containers oldest, newest;
    struct container_changes changes;
    struct arena texts; /* what changes that were read from a file borrow */
    char *met;          /* the condition that was met; owned; NULL: none, or none was asked for */
};

void growth_free(struct growth *growth);

/* The word for JSON: "rounds", "until", "exit", ...; NULL: not known. */
const char *growth_end_word(enum growth_end end);

/* The first line of the screen: what is looked at. */
void growth_head_add(struct report *report, const struct growth *growth);
/* The titles of the rounds' lines. */
void growth_titles_add(struct report *report);
/* What a series from a file is of, and a picture of it. */
void growth_span_add(struct report *report, const struct growth *growth);
void growth_plot_add(struct report *report, const struct growth *growth, bool unicode);

/* The newest round: a line of the screen, and what JSON says of it. The cursors must live until the
 * report is written; growth_round_rows_close. */
struct growth_round_rows {
    struct table table;
    const struct series *series;
    size_t next;
    struct container_change_rows containers;
};
void growth_round_rows_close(struct growth_round_rows *rows);
void growth_round_add(struct report *report, const struct growth *growth,
                      struct growth_round_rows *rows);

/* All rounds together, as tables. What they show lives here; growth_summary_free. */
enum { GROWTH_SHOWN_ROUNDS = 6, GROWTH_COLUMNS = 16, GROWTH_SPARK = 12 };
struct growth_summary {
    const struct growth *growth;
    bool unicode;
    double unit; /* seconds in the unit of rates */
    struct series_row *rows;
    size_t row_count, limit;
    size_t next_measure, next_type, next_round;
    struct table measures, types, rounds;
    struct column measure_columns[GROWTH_COLUMNS], type_columns[GROWTH_COLUMNS],
        round_columns[GROWTH_COLUMNS];
    char titles[GROWTH_SHOWN_ROUNDS][32];
    struct strbuf spark;
    struct container_change_rows containers;
};
struct err *growth_summarize(const struct growth *growth, size_t limit, bool unicode,
                             struct growth_summary *ret) ERR_CHECK;
void growth_summary_free(struct growth_summary *summary);
void growth_summary_add(struct report *report, struct growth_summary *summary);

#endif
