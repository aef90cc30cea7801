/* The options of all commands: one table (options.c), of which each command takes a part. */
#ifndef HEAPGLASS_CLI_OPTIONS_H
#define HEAPGLASS_CLI_OPTIONS_H

#include "attach/capture.h"
#include "base/err.h"
#include "base/parse.h"

/* Which groups of options a command takes, a bit set. -q, -v, --log, --color and --help are
 * everybody's. */
enum option_bit {
    OPTION_JSON = 1 << 0,
    OPTION_CSV = 1 << 1,
    OPTION_LIMIT = 1 << 2, /* -n */
    OPTION_SORT = 1 << 3,
    OPTION_CAPTURE = 1 << 4,      /* --pause, --max-pause, --max-memory, --python, --save */
    OPTION_VALUES = 1 << 5,       /* --no-values */
    OPTION_FILTER = 1 << 6,       /* --type, --unreachable */
    OPTION_REFS = 1 << 7,         /* --refs */
    OPTION_EMIT = 1 << 8,         /* --emit */
    OPTION_MEMORY = 1 << 9,       /* --max-memory alone */
    OPTION_DEPTH = 1 << 10,       /* --depth */
    OPTION_PATHS = 1 << 11,       /* --exclude, --via */
    OPTION_BY = 1 << 12,          /* --by */
    OPTION_DOT = 1 << 13,         /* --dot */
    OPTION_TYPE = 1 << 14,        /* --type alone */
    OPTION_PYTHON = 1 << 15,      /* --python alone */
    OPTION_INTERPRETER = 1 << 16, /* --interpreter */
    OPTION_COMMON = 1 << 17,
    OPTION_ROUNDS = 1 << 18, /* --every, --rounds, --until, --containers */
    OPTION_OUTPUT = 1 << 19, /* -o */
    OPTION_DIFF = 1 << 20,   /* --only, --hidden */
    OPTION_TUI = 1 << 21,    /* --baseline, --every, --no-mouse */
};

enum { OPTIONS_MAX_EXCLUDED = 16, OPTIONS_MAX_UNTIL = 8 };

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
    const char *format; /* "text", "json", "csv": the name of a report format */
    uint64_t limit;     /* rows; UINT64_MAX: not given; 0: all */
    const char *sort;   /* a column's key; NULL: not given */
    enum pause_strategy pause;
    double max_pause;    /* seconds; 0: not given */
    uint64_t max_memory; /* bytes; 0: not given */
    unsigned python;     /* from 1 on; 0: not given */
    const char *capture; /* "--pause": one that only a capture can follow; NULL: none given */
    int64_t interpreter; /* an id; -1: not given */
    const char *save;    /* a snapshot to write; NULL: not given */
    bool no_values, quiet, help;
    enum color_choice color;
    const char *type; /* a glob over qualified names; NULL: all */
    bool unreachable, refs, emit, dot;
    uint64_t depth; /* levels of a tree; 0: not given */
    uint64_t via;   /* an address; 0: not given */
    const char *by; /* "type", "holder"; NULL: not given */
    const char *excluded[OPTIONS_MAX_EXCLUDED];
    size_t excluded_count;
    double every;    /* seconds from one round's start to the next; 0: not given */
    uint64_t rounds; /* 0: not given */
    const char *until[OPTIONS_MAX_UNTIL];
    size_t until_count;
    bool containers;
    const char *output; /* a file; NULL: not given */
    const char *only;   /* "new", "gone"; NULL: not given */
    bool hidden;
    const char *baseline; /* a snapshot; NULL: not given */
    bool no_mouse;
};

/* Fills in `options` from the arguments behind the command's name, which getopt_long reorders;
 * *first becomes the index of the first that is no option. ERR_USAGE names what is wrong. */
struct err *options_parse(struct options *options, unsigned accepted, const char *command,
                          int count, char **arguments, int *first) ERR_CHECK;

/* Adds the help lines of the accepted options. */
struct strbuf;
void options_help(unsigned accepted, struct strbuf *out);

#endif
