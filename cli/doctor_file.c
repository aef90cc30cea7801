#include "cli/doctor_file.h"

#include "base/cleanup.h"
#include "cli/derivation.h"
#include "cli/progress.h"
#include "cli/screen.h"
#include "report/command_line.h"
#include "report/units.h"
#include "report/width.h"
#include "source/examine.h"

#include <string.h>

struct doctor {
    const char *path; /* escaped */
    struct source *source;
    struct snapshot_survey survey;
    const struct layout *layout; /* NULL: none, or not to be read */
    size_t next;                 /* row of the table */
};

static void cleanup_doctor(struct doctor *doctor) {
    source_close(doctor->source);
    snapshot_survey_free(&doctor->survey);
}

static const char *meaning(const char *tag) {
    static const struct {
        const char *tag, *meaning;
    } known[] = {{"FACT", "the capture"},
                 {"SUMS", "totals"},
                 {"INTP", "interpreters"},
                 {"DAMG", "damage"},
                 {"UNCL", "blocks unclaimed"},
                 {"MAPS", "mappings"},
                 {"TYPE", "types"},
                 {"LAYT", "layout"},
                 {"STAK", "threads"},
                 {"ROOT", "roots"},
                 {"GUES", "guesses"},
                 {"OBJS", "objects"},
                 {"REFS", "references"},
                 {"VALS", "values"},
                 {"NAME", "names"},
                 {"FUNC", "names of functions"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(known[i].tag, tag))
            return known[i].meaning;
    }
    return *tag ? "of a newer version" : "others";
}

/* ---- document -------------------------------------------------------------------------------- */

static void add_kinds(struct tree *tree, struct node *group, const struct snapshot_survey *survey) {
    struct node *list = tree_list(tree, group, "kinds");
    for (size_t i = 0; i < survey->kind_count; i++) {
        const struct survey_kind *kind = &survey->kinds[i];
        struct node *item = tree_group(tree, list, NULL);
        tree_add(tree, item, "tag", *kind->tag ? value_text(kind->tag) : value_none());
        tree_add(tree, item, "chunks", value_count(kind->chunks));
        tree_add(tree, item, "bytes", value_bytes(kind->stored));
        tree_add(tree, item, "unpacked_bytes", value_bytes(kind->raw));
    }
}

static void add_document(struct report *report, const struct doctor *doctor, int status) {
    const struct snapshot_survey *survey = &doctor->survey;
    const struct heap_totals *totals = heap_totals(source_heap(doctor->source));
    const struct layout *layout = doctor->layout;
    struct tree *tree = &report->document;
    char format[24];
    envelope_add(report, doctor->source);
    tree_add(tree, &tree->root, "status", value_count((uint64_t)status));
    struct node *file = tree_group(tree, &tree->root, "file");
    snprintf(format, sizeof format, "%u.%u", survey->major, survey->minor);
    tree_add(tree, file, "ok", value_flag(!survey->wrong));
    tree_add(tree, file, "reason",
             survey->wrong ? value_text(err_message(survey->wrong)) : value_none());
    tree_add(tree, file, "format", value_text(format));
    tree_add(tree, file, "cut_off", value_flag(survey->truncated));
    tree_add(tree, file, "whole_bytes", value_bytes(survey->whole_bytes));
    tree_add(tree, file, "chunks", value_count(survey->chunks));
    tree_add(tree, file, "damaged_chunks", value_count(survey->damaged));
    tree_add(tree, file, "values_hidden",
             survey->has_totals ? value_flag(survey->values_hidden) : value_none());
    add_kinds(tree, file, survey);
    struct node *node = tree_group(tree, &tree->root, "layout");
    tree_add(tree, node, "provider", value_text(layout ? layout->provider : NULL));
    tree_add(tree, node, "build_id", value_text(layout ? layout->build_id : NULL));
    derivation_add(report, node, layout);
    node = tree_group(tree, &tree->root, "totals");
    tree_add(tree, node, "objects",
             survey->has_totals ? value_count(totals->objects) : value_none());
    tree_add(tree, node, "footprint",
             survey->has_totals ? value_bytes(totals->footprint) : value_none());
    tree_add(tree, node, "references",
             survey->wrong ? value_none() : value_count(survey->references));
}

/* ---- screen ---------------------------------------------------------------------------------- */

static void head_line(struct report *report, const struct doctor *doctor) {
    const struct source_info *info = source_info(doctor->source);
    _cleanup_(strbuf_free) struct strbuf command = {0}, line = {0}, facts = {0};
    char taken[32];
    struct tm utc;
    command_shorten(&command, *info->command ? info->command : doctor->path);
    if (info->pid)
        strbuf_printf(&facts, "   pid %d", (int)info->pid);
    if (info->pid && gmtime_r(&info->capture.taken_at.tv_sec, &utc) &&
        strftime(taken, sizeof taken, "%Y-%m-%d %H:%M:%S", &utc))
        strbuf_printf(&facts, "   as of %s UTC", taken);
    strbuf_puts(&facts, doctor->survey.wrong ? "   DAMAGED" : "   whole");
    width_add_fitting(&line, strbuf_text(&command), SCREEN_WIDTH - facts.length, false);
    strbuf_puts(&line, strbuf_text(&facts));
    report->document.failed |= command.failed || line.failed || facts.failed;
    report_line(report, LINE_STRONG, "%s", strbuf_text(&line));
}

static void file_line(struct report *report, const struct doctor *doctor) {
    const struct snapshot_survey *survey = &doctor->survey;
    char size[UNITS_SIZE], count[UNITS_SIZE], damaged[UNITS_SIZE];
    units_short(size, source_info(doctor->source)->file_size);
    units_count(count, survey->chunks);
    if (!survey->wrong)
        report_paragraph(report, LINE_PLAIN,
                         "file     \v%s: %s in %s chunks of format %u.%u, all of them verified and "
                         "decoded",
                         doctor->path, size, count, survey->major, survey->minor);
    else
        report_paragraph(report, LINE_WARNING,
                         "file     \vNO: %s: %s; %s of %s chunks that were found are damaged",
                         doctor->path, err_message(survey->wrong),
                         units_count(damaged, survey->damaged), count);
}

static void capture_lines(struct report *report, const struct doctor *doctor) {
    const struct source_info *info = source_info(doctor->source);
    const struct capture_result *capture = &info->capture;
    const struct layout *layout = doctor->layout;
    char size[UNITS_SIZE], rss[UNITS_SIZE];
    double pause = capture->pause_seconds * 1000;
    report_paragraph(report, LINE_PLAIN, "python   \vCPython %s", info->python);
    report_paragraph(report, LINE_PLAIN, "layout   \vknown from %s; %s",
                     !strncmp(info->layout, "dwarf", 5) ? "debug symbols (DWARF)" : info->layout,
                     layout ? "the file keeps it" : "the file keeps none");
    derivation_lines(report, layout, false);
    if (capture->approximate)
        report_paragraph(report, LINE_WARNING,
                         "capture  \vnot stopped (--pause none), so that it mixes several moments; "
                         "%s of an RSS of %s copied",
                         units_short(size, capture->captured_bytes),
                         units_short(rss, capture->memory.rss));
    else
        report_paragraph(report, LINE_PLAIN,
                         "capture  \v%u thread%s stopped for %.*f ms; %s of an RSS of %s copied",
                         capture->thread_count, capture->thread_count == 1 ? "" : "s", pause < 9.95,
                         pause, units_short(size, capture->captured_bytes),
                         units_short(rss, capture->memory.rss));
}

static void heap_lines(struct report *report, const struct doctor *doctor) {
    const struct snapshot_survey *survey = &doctor->survey;
    const struct heap_totals *totals = heap_totals(source_heap(doctor->source));
    char objects[UNITS_SIZE], size[UNITS_SIZE], references[UNITS_SIZE];
    if (survey->wrong)
        report_paragraph(report, LINE_PLAIN, "objects  \v%s, of %s",
                         units_count(objects, totals->objects),
                         units_short(size, totals->footprint));
    else
        report_paragraph(report, LINE_PLAIN, "objects  \v%s, of %s, with %s references",
                         units_count(objects, totals->objects),
                         units_short(size, totals->footprint),
                         units_count(references, survey->references));
    report_paragraph(report, LINE_PLAIN, "values   \v%s",
                     survey->values_hidden ? "hidden (--no-values)"
                                           : "kept: what the program works on can be read in it");
}

static uint64_t bytes_of(const struct snapshot_survey *survey, const char *tag) {
    for (size_t i = 0; i < survey->kind_count; i++) {
        if (!strcmp(survey->kinds[i].tag, tag))
            return survey->kinds[i].stored;
    }
    return 0;
}

static void disk_line(struct report *report, const struct doctor *doctor) {
    const struct snapshot_survey *survey = &doctor->survey;
    uint64_t objects = heap_totals(source_heap(doctor->source))->objects;
    if (survey->wrong || !objects || !survey->references)
        return;
    report_paragraph(report, LINE_PLAIN,
                     "on disk  \v%.1f bytes an object: %.1f for itself, %.1f for its value, and "
                     "%.1f for each reference",
                     (double)source_info(doctor->source)->file_size / (double)objects,
                     (double)bytes_of(survey, "OBJS") / (double)objects,
                     (double)bytes_of(survey, "VALS") / (double)objects,
                     (double)bytes_of(survey, "REFS") / (double)survey->references);
}

enum { TAG, MEANING, CHUNKS, BYTES, SHARE, UNPACKED, COLUMNS };

static const struct column columns[COLUMNS] = {
    [TAG] = {"tag", "CHUNK", VALUE_TEXT, 0},
    [MEANING] = {"meaning", "WITH", VALUE_TEXT, 0},
    [CHUNKS] = {"chunks", "NUMBER", VALUE_COUNT, 0},
    [BYTES] = {"bytes", "ON DISK", VALUE_BYTES, 0},
    [SHARE] = {"share", "SHARE", VALUE_SHARE, 0},
    [UNPACKED] = {"unpacked_bytes", "UNPACKED", VALUE_BYTES, 0},
};

static bool next_kind(void *context, struct value *cells) {
    struct doctor *doctor = context;
    if (doctor->next == doctor->survey.kind_count)
        return false;
    const struct survey_kind *kind = &doctor->survey.kinds[doctor->next++];
    cells[TAG] = value_text(kind->tag);
    cells[MEANING] = value_text(meaning(kind->tag));
    cells[CHUNKS] = value_count(kind->chunks);
    cells[BYTES] = value_bytes(kind->stored);
    cells[SHARE] = value_share(kind->stored, source_info(doctor->source)->file_size);
    cells[UNPACKED] = value_bytes(kind->raw);
    return true;
}

static void add_screen(struct report *report, const struct doctor *doctor,
                       const struct table *table) {
    head_line(report, doctor);
    file_line(report, doctor);
    if (*source_info(doctor->source)->python)
        capture_lines(report, doctor);
    if (doctor->survey.has_totals)
        heap_lines(report, doctor);
    disk_line(report, doctor);
    notes_add(report, doctor->source, doctor->survey.has_totals);
    if (doctor->survey.kind_count) {
        report_line(report, LINE_PLAIN, "%s", "");
        report_table(report, table);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static struct err *examine(struct cli *cli, const char *path, struct doctor *doctor) {
    struct progress *progress = progress_start(cli->options.quiet);
    const struct source_options options = {
        .cancel = cli->cancel, .progress = progress_phase, .progress_context = progress};
    struct err *err = source_examine_snapshot(path, &options, &doctor->survey, &doctor->source);
    progress_end(progress);
    TRY(err);
    /* If it can't be read, the survey says so. */
    err_free(source_layout(doctor->source, &doctor->layout));
    return NULL;
}

struct err *doctor_file(struct cli *cli, const char *path) {
    _cleanup_(cleanup_doctor) struct doctor doctor = {0};
    _cleanup_(cleanup_report) struct report report = {.schema = "heapglass.doctor/1"};
    _cleanup_(strbuf_free) struct strbuf name = {0};
    TRY(cli_check_file(cli, path));
    strbuf_add_escaped(&name, path, strlen(path), 4096);
    if (name.failed)
        return err_no_memory();
    doctor.path = strbuf_text(&name);
    TRY(examine(cli, path, &doctor));
    struct table table = {columns, COLUMNS, next_kind, &doctor};
    cli->status = doctor.survey.wrong ? ERR_DAMAGED_FILE : 0;
    add_document(&report, &doctor, cli->status);
    add_screen(&report, &doctor, &table);
    return cli_write(cli, &report);
}
