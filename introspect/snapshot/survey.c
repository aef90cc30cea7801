#include "introspect/snapshot/survey.h"

#include "base/cancel.h"
#include "introspect/snapshot/snapshot_private.h"

#include <stdlib.h>

struct examiner {
    struct snapshot *snapshot;
    struct snapshot_survey *survey;
};

/* Keeps the first damage; hands on whatever else went wrong. */
static struct err *note(struct examiner *examiner, struct err *err) {
    if (!err || err_code(err) != ERR_DAMAGED_FILE)
        return err;
    if (!examiner->survey->wrong)
        examiner->survey->wrong = err;
    else
        err_free(err);
    return NULL;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static struct survey_kind *kind_of(struct snapshot_survey *survey, const char *tag) {
    for (size_t i = 0; i < survey->kind_count; i++) {
        if (!strcmp(survey->kinds[i].tag, tag))
            return &survey->kinds[i];
    }
    if (survey->kind_count == SURVEY_KINDS)
        return kind_of(survey, "");
    struct survey_kind *kind = &survey->kinds[survey->kind_count++];
    if (survey->kind_count < SURVEY_KINDS)
        memcpy(kind->tag, tag, sizeof kind->tag);
    return kind;
}

static int compare_kinds(const void *left, const void *right) {
    const struct survey_kind *a = left, *b = right;
    if (a->stored != b->stored)
        return a->stored < b->stored ? 1 : -1;
    return strcmp(a->tag, b->tag);
}

/* Every chunk's sum, whether we know it or not. */
static struct err *read_chunks(struct examiner *examiner) {
    const struct snapshot *snapshot = examiner->snapshot;
    struct snapshot_survey *survey = examiner->survey;
    for (size_t i = 0; i < snapshot->index.count; i++) {
        const struct chunk_entry *entry = &snapshot->index.entries[i];
        const uint8_t *bytes = NULL;
        TRY(cancel_check(snapshot->options.cancel));
        struct err *err = chunk_read(&snapshot->index, entry, snapshot->unpacker, &bytes);
        survey->damaged += err != NULL;
        TRY(note(examiner, err));
        struct survey_kind *kind = kind_of(survey, entry->tag);
        kind->chunks++;
        kind->stored += CHUNK_HEADER + entry->stored;
        kind->raw += entry->raw;
    }
    qsort(survey->kinds, survey->kind_count, sizeof *survey->kinds, compare_kinds);
    return NULL;
}

/* ---- what is in them ------------------------------------------------------------------------- */

static struct err *read_part(struct examiner *examiner, size_t number) {
    const struct snapshot *snapshot = examiner->snapshot;
    struct reference_part *references = NULL;
    struct value_part *values = NULL;
    uint32_t left = heap_count(snapshot->heap) - (uint32_t)number * PART_OBJECTS;
    TRY(cancel_check(snapshot->options.cancel));
    TRY(references_read(snapshot, number, &references));
    examiner->survey->references += references->first[left < PART_OBJECTS ? left : PART_OBJECTS];
    reference_part_free(references);
    TRY(values_read(snapshot, number, &values));
    value_part_free(values);
    return NULL;
}

static struct err *read_all(struct examiner *examiner) {
    TRY(snapshot_load_objects(examiner->snapshot));
    for (size_t i = 0; i < examiner->snapshot->part_count; i++)
        TRY(read_part(examiner, i));
    return NULL;
}

static struct err *examine(struct examiner *examiner) {
    struct snapshot *snapshot = examiner->snapshot;
    struct snapshot_survey *survey = examiner->survey;
    const struct layout *layout = NULL;
    survey->major = SNAPSHOT_MAJOR;
    survey->minor = snapshot->index.minor;
    survey->truncated = snapshot->index.truncated;
    survey->whole_bytes = snapshot->index.whole_bytes;
    survey->chunks = snapshot->index.count;
    if (survey->truncated)
        TRY(note(examiner, err_new(ERR_DAMAGED_FILE, "cut off: after %llu bytes nothing is whole",
                                   (unsigned long long)survey->whole_bytes)));
    TRY(read_chunks(examiner));
    TRY(note(examiner, snapshot_load_totals(snapshot)));
    survey->has_totals = snapshot->totals.items.count;
    survey->values_hidden = facts_unsigned(&snapshot->totals, "values_hidden");
    TRY(note(examiner, snapshot_layout(snapshot, &layout)));
    if (!survey->wrong)
        TRY(note(examiner, read_all(examiner)));
    if (survey->wrong)
        survey->references = 0;
    return NULL;
}

struct err *snapshot_examine(struct chunk_source source, const struct snapshot_options *options,
                             struct snapshot_survey *survey, struct snapshot **ret) {
    struct examiner examiner = {.survey = survey};
    struct err *err = snapshot_new(options, &examiner.snapshot);
    if (!err) {
        err = chunk_index_salvage(&examiner.snapshot->index, source, snapshot_tags);
        if (examiner.snapshot->index.whole_bytes)
            err = note(&examiner, err);
    }
    if (!err)
        err = examine(&examiner);
    if (err)
        snapshot_close(examiner.snapshot);
    else
        *ret = examiner.snapshot;
    return err;
}

void snapshot_survey_free(struct snapshot_survey *survey) {
    err_free(survey->wrong);
    *survey = (struct snapshot_survey){0};
}
