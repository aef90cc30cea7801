/* heapglass ps: the Python processes of this machine. */
#include "base/cleanup.h"
#include "cli/screen.h"
#include "report/command_line.h"
#include "report/width.h"
#include "source/discover.h"

#include <string.h>

enum {
    PID,
    INNER_PID,
    PYTHON,
    RSS,
    USS,
    SWAP,
    ATTACH,
    REFUSAL,
    CGROUP,
    UNIT,
    CGROUP_CURRENT,
    CGROUP_MAX,
    COMMAND,
    SHORT_COMMAND,
    COLUMNS,
};

enum { UNIT_COLUMNS = 18 }; /* of a cgroup's name on the screen: often a long hash */

static const struct column all_columns[COLUMNS] = {
    [PID] = {"pid", "PID", VALUE_ID, 0},
    [INNER_PID] = {"inner_pid", "INSIDE", VALUE_ID, COLUMN_DATA},
    [PYTHON] = {"python", "PYTHON", VALUE_TEXT, 0},
    [RSS] = {"rss_bytes", "RSS", VALUE_BYTES, 0},
    [USS] = {"uss_bytes", "USS", VALUE_BYTES, 0},
    [SWAP] = {"swap_bytes", "SWAP", VALUE_BYTES, COLUMN_DATA},
    [ATTACH] = {"attach", "ATTACH", VALUE_FLAG, 0},
    [REFUSAL] = {"reason", "REASON", VALUE_TEXT, COLUMN_DATA},
    [CGROUP] = {"cgroup", "CGROUP", VALUE_TEXT, COLUMN_DATA},
    [UNIT] = {"unit", "CGROUP", VALUE_TEXT, COLUMN_SCREEN},
    [CGROUP_CURRENT] = {"cgroup_current", "", VALUE_BYTES, COLUMN_DATA},
    [CGROUP_MAX] = {"cgroup_max", "", VALUE_BYTES, COLUMN_DATA},
    [COMMAND] = {"command", "COMMAND", VALUE_TEXT, COLUMN_DATA},
    [SHORT_COMMAND] = {"short_command", "COMMAND", VALUE_TEXT, COLUMN_SCREEN | COLUMN_TAIL},
};

struct list {
    struct table table;
    struct column columns[COLUMNS];
    struct discovery *discovery;
    size_t next, limit;
    struct strbuf command, unit;
};

static void cleanup_list(struct list *list) {
    strbuf_free(&list->command);
    strbuf_free(&list->unit);
}

/* The last part of a cgroup's path names the service or container. */
static const char *unit_name(const char *cgroup) {
    const char *slash = cgroup ? strrchr(cgroup, '/') : NULL;
    return slash && slash[1] ? slash + 1 : cgroup;
}

static struct value known_bytes(uint64_t bytes) {
    return bytes ? value_bytes(bytes) : value_none();
}

static bool next_process(void *context, struct value *cells) {
    struct list *list = context;
    if (list->next >= list->discovery->processes.count || list->next >= list->limit)
        return false;
    const struct python_process *found = &list->discovery->processes.items[list->next++];
    const struct process *process = found->process;
    const char *unit = unit_name(process->cgroup);
    strbuf_clear(&list->command);
    strbuf_clear(&list->unit);
    if (unit)
        width_add_fitting(&list->unit, unit, UNIT_COLUMNS, true);
    command_shorten(&list->command, process->command);
    cells[PID] = value_id(process->pid);
    cells[INNER_PID] = value_id(process->inner_pid);
    cells[PYTHON] = *found->version ? value_text(found->version) : value_none();
    cells[RSS] = known_bytes(found->memory.rss);
    cells[USS] = known_bytes(found->memory.uss);
    cells[SWAP] = value_bytes(found->memory.swap);
    cells[ATTACH] = value_flag(!found->refusal);
    cells[REFUSAL] = value_text(found->refusal);
    cells[CGROUP] = value_text(process->cgroup);
    cells[UNIT] = value_text(strbuf_text(&list->unit));
    cells[CGROUP_CURRENT] = known_bytes(found->memory.cgroup_current);
    cells[CGROUP_MAX] = known_bytes(found->memory.cgroup_max);
    cells[COMMAND] = value_text(process->command);
    cells[SHORT_COMMAND] = value_text(strbuf_text(&list->command));
    return true;
}

/* Columns that say the same of every process are left out of the screen. */
static void choose_columns(struct list *list) {
    memcpy(list->columns, all_columns, sizeof all_columns);
    bool any_unit = false;
    vec_each (found, &list->discovery->processes) {
        if (found->process->inner_pid != found->process->pid)
            list->columns[INNER_PID].flags = 0;
        const char *unit = unit_name(found->process->cgroup);
        any_unit |= unit && strcmp(unit, "/") != 0;
    }
    if (!any_unit)
        list->columns[UNIT].flags |= COLUMN_DATA;
}

static void refusal_lines(struct report *report, struct discovery *discovery) {
    size_t refused = 0;
    const char *first = NULL;
    vec_each (found, &discovery->processes) {
        refused += found->refusal != NULL;
        first = first ? first : found->refusal;
    }
    if (first)
        report_paragraph(report, LINE_WARNING, "%zu can't be attached to: %s%s", refused, first,
                         refused > 1 ? "; heapglass doctor PID tells why, one by one" : "");
}

static int compare_by_rss(const void *left, const void *right) {
    const struct python_process *a = left, *b = right;
    if (a->memory.rss != b->memory.rss)
        return a->memory.rss > b->memory.rss ? -1 : 1;
    return a->process->pid < b->process->pid ? -1 : a->process->pid > b->process->pid;
}

static struct err *run(struct cli *cli) {
    _cleanup_(discovery_free) struct discovery discovery = {0};
    _cleanup_(cleanup_list) struct list list = {.discovery = &discovery};
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.ps/1"};
    TRY(discover(cli->cancel, &discovery));
    if (discovery.processes.count)
        qsort(discovery.processes.items, discovery.processes.count,
              sizeof *discovery.processes.items, compare_by_rss);
    choose_columns(&list);
    list.limit = cli_limit(cli, SIZE_MAX);
    list.table = (struct table){list.columns, COLUMNS, next_process, &list};
    report.rows = &list.table;
    tree_table(&report.document, &report.document.root, "processes", &list.table);
    if (discovery.processes.count)
        report_table(&report, &list.table);
    else
        report_line(&report, LINE_PLAIN, "no Python process that we may see runs here");
    refusal_lines(&report, &discovery);
    TRY(cli_write(cli, &report));
    return list.command.failed || list.unit.failed ? err_no_memory() : NULL;
}

extern const struct command command_ps;
const struct command command_ps = {
    .name = "ps",
    .arguments = "",
    .summary = "Python processes: may we attach?",
    .options = OPTION_JSON | OPTION_CSV | OPTION_LIMIT,
    .run = run,
};
