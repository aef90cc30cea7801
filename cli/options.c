#include "cli/options.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "report/report.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

struct option_row {
    unsigned group; /* enum option_bit */
    char letter;    /* 0: none */
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *help;
    struct err *(*take)(struct options *options, const char *value);
};

/* ---- values ---------------------------------------------------------------------------------- */

static struct err *parse_number(const char *text, uint64_t *number) {
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno)
        return err_new(ERR_USAGE, "'%s' is not a number", text);
    return NULL;
}

/* ---- one function for each option ------------------------------------------------------------ */

static struct err *take_limit(struct options *options, const char *value) {
    return parse_number(value, &options->limit);
}

static struct err *take_sort(struct options *options, const char *value) {
    options->sort = value;
    return NULL;
}

static struct err *take_pause(struct options *options, const char *value) {
    options->capture = "--pause";
    if (!strcmp(value, "copy"))
        options->pause = PAUSE_COPY;
    else if (!strcmp(value, "hold"))
        options->pause = PAUSE_HOLD;
    else if (!strcmp(value, "none"))
        options->pause = PAUSE_NONE;
    else
        return err_new(ERR_USAGE, "'%s' is not a way to pause: copy, hold or none", value);
    return NULL;
}

static struct err *take_max_pause(struct options *options, const char *value) {
    options->capture = "--max-pause";
    return parse_duration(value, &options->max_pause);
}

static struct err *take_max_memory(struct options *options, const char *value) {
    options->capture = "--max-memory";
    return parse_bytes(value, &options->max_memory);
}

static struct err *take_python(struct options *options, const char *value) {
    uint64_t number = 0;
    TRY(parse_number(value, &number));
    if (!number || number > UINT_MAX)
        return err_new(ERR_USAGE, "the Pythons of a process are counted from 1 on");
    options->python = (unsigned)number;
    options->capture = "--python";
    return NULL;
}

static struct err *take_interpreter(struct options *options, const char *value) {
    uint64_t number = 0;
    TRY(parse_number(value, &number));
    if (number > INT64_MAX)
        return err_new(ERR_USAGE, "'%s' is no interpreter's id", value);
    options->interpreter = (int64_t)number;
    return NULL;
}

static struct err *take_no_values(struct options *options, const char *value) {
    (void)value;
    options->no_values = true;
    return NULL;
}

static struct err *take_save(struct options *options, const char *value) {
    options->save = value;
    return NULL;
}

static struct err *take_type(struct options *options, const char *value) {
    options->type = value;
    return NULL;
}

static struct err *take_unreachable(struct options *options, const char *value) {
    (void)value;
    options->unreachable = true;
    return NULL;
}

static struct err *take_refs(struct options *options, const char *value) {
    (void)value;
    options->refs = true;
    return NULL;
}

static struct err *take_emit(struct options *options, const char *value) {
    (void)value;
    options->emit = true;
    return NULL;
}

static struct err *take_dot(struct options *options, const char *value) {
    (void)value;
    options->dot = true;
    return NULL;
}

static struct err *take_depth(struct options *options, const char *value) {
    TRY(parse_number(value, &options->depth));
    return options->depth ? NULL : err_new(ERR_USAGE, "a tree has at least one level");
}

static struct err *take_via(struct options *options, const char *value) {
    return parse_address(value, &options->via);
}

static struct err *take_by(struct options *options, const char *value) {
    if (strcmp(value, "type") != 0 && strcmp(value, "holder") != 0)
        return err_new(ERR_USAGE, "'%s' is not a way to group: type or holder", value);
    options->by = value;
    return NULL;
}

static struct err *take_exclude(struct options *options, const char *value) {
    if (options->excluded_count == OPTIONS_MAX_EXCLUDED)
        return err_new(ERR_USAGE, "no more than %d can be left out", OPTIONS_MAX_EXCLUDED);
    options->excluded[options->excluded_count++] = value;
    return NULL;
}

static struct err *take_every(struct options *options, const char *value) {
    return parse_duration(value, &options->every);
}

static struct err *take_rounds(struct options *options, const char *value) {
    TRY(parse_number(value, &options->rounds));
    return options->rounds ? NULL : err_new(ERR_USAGE, "there is at least one round");
}

static struct err *take_until(struct options *options, const char *value) {
    if (options->until_count == OPTIONS_MAX_UNTIL)
        return err_new(ERR_USAGE, "no more than %d conditions", OPTIONS_MAX_UNTIL);
    options->until[options->until_count++] = value;
    return NULL;
}

static struct err *take_containers(struct options *options, const char *value) {
    (void)value;
    options->containers = true;
    return NULL;
}

static struct err *take_output(struct options *options, const char *value) {
    options->output = value;
    return *value ? NULL : err_new(ERR_USAGE, "a file has a name");
}

static struct err *take_only(struct options *options, const char *value) {
    if (strcmp(value, "new") != 0 && strcmp(value, "gone") != 0)
        return err_new(ERR_USAGE, "'%s' is neither new nor gone", value);
    options->only = value;
    return NULL;
}

static struct err *take_hidden(struct options *options, const char *value) {
    (void)value;
    options->hidden = true;
    return NULL;
}

static struct err *take_quiet(struct options *options, const char *value) {
    (void)value;
    options->quiet = true;
    return NULL;
}

static struct err *take_verbose(struct options *options, const char *value) {
    (void)options, (void)value;
    log_enable("all");
    return NULL;
}

static struct err *take_log(struct options *options, const char *value) {
    (void)options;
    if (log_enable(value))
        return NULL;
    struct strbuf names = {0};
    for (int domain = 0; domain < LOG_DOMAINS; domain++)
        strbuf_printf(&names, "%s, ", log_domain_name((enum log_domain)domain));
    struct err *err =
        err_new(ERR_USAGE, "'%s' is not a list of log domains: %sall", value, strbuf_text(&names));
    strbuf_free(&names);
    return err;
}

static struct err *take_color(struct options *options, const char *value) {
    if (!strcmp(value, "auto"))
        options->color = COLOR_AUTO;
    else if (!strcmp(value, "always"))
        options->color = COLOR_ALWAYS;
    else if (!strcmp(value, "never"))
        options->color = COLOR_NEVER;
    else
        return err_new(ERR_USAGE, "'%s' is not a choice of color: auto, always or never", value);
    return NULL;
}

static struct err *take_help(struct options *options, const char *value) {
    (void)value;
    options->help = true;
    return NULL;
}

static struct err *take_baseline(struct options *options, const char *value) {
    options->baseline = value;
    return NULL;
}

static struct err *take_no_mouse(struct options *options, const char *value) {
    (void)value;
    options->no_mouse = true;
    return NULL;
}

static const struct option_row rows[] = {
    {OPTION_LIMIT, 'n', "limit", "LIMIT", "show so many rows; 0: all", take_limit},
    {OPTION_SORT, 0, "sort", "COLUMN", "sort by this column", take_sort},
    {OPTION_FILTER | OPTION_TYPE, 0, "type", "GLOB", "only types whose qualified name matches",
     take_type},
    {OPTION_FILTER, 0, "unreachable", NULL, "only objects that no root reaches", take_unreachable},
    {OPTION_INTERPRETER, 0, "interpreter", "ID", "only objects of this one (0: the main one)",
     take_interpreter},
    {OPTION_REFS, 0, "refs", NULL, "with each object's references (JSON, CSV)", take_refs},
    {OPTION_BY, 0, "by", "WHAT", "group by type (default) or holder", take_by},
    {OPTION_DEPTH, 0, "depth", "N", "a tree of so many levels", take_depth},
    {OPTION_DOT, 0, "dot", NULL, "write a graph for Graphviz", take_dot},
    {OPTION_PATHS, 0, "exclude", "WHAT", "no paths through an .attribute, TYPE, root",
     take_exclude},
    {OPTION_PATHS, 0, "via", "ADDRESS", "only paths through this object", take_via},
    {OPTION_DIFF, 0, "only", "WHAT", "only objects that are new, or gone", take_only},
    {OPTION_DIFF, 0, "hidden", NULL, "which hidden references have become more", take_hidden},
    {OPTION_VALUES | OPTION_CAPTURE, 0, "no-values", NULL,
     "neither show nor save what objects contain", take_no_values},
    {OPTION_CAPTURE, 0, "save", "FILE", "keep the capture as a snapshot, too", take_save},
    {OPTION_EMIT, 0, "emit", NULL, "write the layout as a built-in table", take_emit},
    {OPTION_ROUNDS, 0, "every", "TIME", "from start to start of rounds (default: 10s)", take_every},
    {OPTION_ROUNDS, 0, "rounds", "N", "so many; without it until Ctrl-C or the process ends",
     take_rounds},
    {OPTION_ROUNDS, 0, "until", "WHEN", "rss>2G, cgroup>90%, +20% of RSS, 8h, ...; repeatable",
     take_until},
    {OPTION_ROUNDS, 0, "containers", NULL, "which containers grow, too (takes longer)",
     take_containers},
    {OPTION_TUI, 0, "baseline", "FILE", "a snapshot that growth is measured from", take_baseline},
    {OPTION_TUI, 0, "every", "TIME", "capture again so often (R there sets it, too)", take_every},
    {OPTION_TUI, 0, "no-mouse", NULL, "leave the mouse to the terminal", take_no_mouse},
    {OPTION_OUTPUT, 'o', "output", "FILE", "keep the series, for growth FILE", take_output},
    {OPTION_CAPTURE, 0, "pause", "HOW", "copy (default), hold (longer stop, less copied), none",
     take_pause},
    {OPTION_CAPTURE, 0, "max-pause", "TIME", "give up if the pause would take longer (200ms, 1s)",
     take_max_pause},
    {OPTION_CAPTURE | OPTION_MEMORY, 0, "max-memory", "BYTES",
     "use no more memory than this (512M, 2G)", take_max_memory},
    {OPTION_CAPTURE | OPTION_PYTHON, 0, "python", "N", "which of several Pythons in the process",
     take_python},
    {OPTION_COMMON, 0, "color", "WHEN", "auto (default), always or never", take_color},
    {OPTION_COMMON, 'q', "quiet", NULL, "no progress on standard error", take_quiet},
    {OPTION_COMMON, 'v', "verbose", NULL, "log all that is done", take_verbose},
    {OPTION_COMMON, 0, "log", "DOMAINS", "log some of it (attach,capture,elf,dwarf,...)", take_log},
    {OPTION_COMMON, 'h', "help", NULL, "show this", take_help},
};

enum { ROWS = sizeof rows / sizeof *rows, MAX_OPTIONS = ROWS + 16, FIRST_VALUE = 1 << 8 };

/* ---- parsing --------------------------------------------------------------------------------- */

/* Which commands have a format: all that write documents, or those that have a table. */
static unsigned format_group(const struct format *format) {
    return format->needs_rows ? OPTION_CSV : OPTION_JSON;
}

static bool is_option(const struct format *format) {
    return strcmp(format->name, "text") != 0;
}

/* getopt's tables for the accepted options. A row's value is its index, a format's follows. */
static void fill_getopt(unsigned accepted, struct option *longs, char *letters) {
    size_t count = 0;
    *letters++ = ':';
    for (int i = 0; i < ROWS; i++) {
        if (!(rows[i].group & accepted))
            continue;
        longs[count++] =
            (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument, NULL,
                            FIRST_VALUE + i};
        if (rows[i].letter) {
            *letters++ = rows[i].letter;
            if (rows[i].argument)
                *letters++ = ':';
        }
    }
    for (int i = 0; format_registry[i] && count + 1 < MAX_OPTIONS; i++) {
        if (is_option(format_registry[i]) && (format_group(format_registry[i]) & accepted))
            longs[count++] = (struct option){format_registry[i]->name, no_argument, NULL,
                                             FIRST_VALUE + ROWS + i};
    }
    longs[count] = (struct option){0};
    *letters = '\0';
}

/* Why getopt did not take an option. */
static struct err *refuse(const char *command, const char *given, bool missing_value) {
    if (missing_value)
        return err_new(ERR_USAGE, "%s needs a value; see heapglass %s --help", given, command);
    size_t length = strcspn(given, "=");
    const char *name = given + strspn(given, "-");
    size_t name_length = length > (size_t)(name - given) ? length - (size_t)(name - given) : 0;
    bool known = false;
    for (int i = 0; i < ROWS; i++)
        known |= strlen(rows[i].name) == name_length && !memcmp(rows[i].name, name, name_length);
    for (int i = 0; format_registry[i]; i++)
        known |= strlen(format_registry[i]->name) == name_length &&
                 !memcmp(format_registry[i]->name, name, name_length);
    return err_new(ERR_USAGE, "%s %.*s; see heapglass %s --help",
                   known ? "this command has no option" : "unknown option", (int)length, given,
                   command);
}

static struct err *take_option(struct options *options, int value, const char *argument) {
    if (value >= FIRST_VALUE + ROWS) {
        const char *format = format_registry[value - FIRST_VALUE - ROWS]->name;
        if (strcmp(options->format, "text") != 0 && strcmp(options->format, format) != 0)
            return err_new(ERR_USAGE, "--%s and --%s exclude each other", options->format, format);
        options->format = format;
        return NULL;
    }
    if (value >= FIRST_VALUE)
        return err_context(rows[value - FIRST_VALUE].take(options, argument), "--%s",
                           rows[value - FIRST_VALUE].name);
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].letter == value)
            return err_context(rows[i].take(options, argument), "-%c", rows[i].letter);
    }
    return NULL;
}

struct err *options_parse(struct options *options, unsigned accepted, const char *command,
                          int count, char **arguments, int *first) {
    struct option longs[MAX_OPTIONS + 1];
    char letters[2 * ROWS + 2];
    *options = (struct options){.format = "text", .limit = UINT64_MAX, .interpreter = -1};
    fill_getopt(accepted | OPTION_COMMON, longs, letters);
    optind = 0;
    opterr = 0;
    for (;;) {
        int value = getopt_long(count, arguments, letters, longs, NULL);
        if (value < 0)
            break;
        if (value == '?' || value == ':') {
            const char *given = arguments[optind - 1];
            char letter[] = {'-', (char)optopt, '\0'};
            bool is_letter = optopt > 0 && optopt < FIRST_VALUE;
            return refuse(command, is_letter ? letter : given, value == ':');
        }
        TRY(take_option(options, value, optarg));
    }
    *first = optind;
    return NULL;
}

void options_help(unsigned accepted, struct strbuf *out) {
    accepted |= OPTION_COMMON;
    for (int i = 0; format_registry[i]; i++) {
        const struct format *format = format_registry[i];
        if (is_option(format) && (format_group(format) & accepted))
            strbuf_printf(out, "      --%-18s %s\n", format->name, format->summary);
    }
    for (int i = 0; i < ROWS; i++) {
        if (!(rows[i].group & accepted))
            continue;
        char name[40];
        snprintf(name, sizeof name, "%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        if (rows[i].letter)
            strbuf_printf(out, "  -%c, --%-18s %s\n", rows[i].letter, name, rows[i].help);
        else
            strbuf_printf(out, "      --%-18s %s\n", name, rows[i].help);
    }
}
