/* Is a file of a snapshot whole, and what is it made of? Everything in it is read, so that nothing can turn out to be
 * damaged later. */
#ifndef HEAPGLASS_INTROSPECT_SNAPSHOT_SURVEY_H
#define HEAPGLASS_INTROSPECT_SNAPSHOT_SURVEY_H

#include "introspect/snapshot/snapshot.h"

/* All chunks of one tag. */
struct survey_kind {
    char tag[5];     /* "" for those that there was no room for */
    uint64_t chunks; /* how many */
    uint64_t stored; /* bytes in the file, headers included */
    uint64_t raw;    /* bytes of payload, unpacked */
};

enum { SURVEY_KINDS = 24 };

struct snapshot_survey {
    unsigned major, minor; /* of the format */
    bool truncated;        /* the file ends before its closing chunk */
    uint64_t
        whole_bytes;  /* up to the end of the last chunk before it is cut off or makes no sense */
    uint64_t chunks;  /* up to there, without the closing one */
    uint64_t damaged; /* of them, those that do not hold what was written */
    struct survey_kind kinds[SURVEY_KINDS]; /* most bytes first */
    size_t kind_count;
    bool has_totals, values_hidden; /* the latter is known only with totals */
    uint64_t references;            /* of all objects; 0 if the file is not whole */
    struct err *wrong; /* the first thing that is wrong with it; owned; NULL: it is whole */
};

/* Reads all of a file. ERR_DAMAGED_FILE if it does not even begin as a snapshot that we know; else what is wrong is told
 * by the survey, and the snapshot has as much as could be read: facts and totals at most. Close it before the source.
 * Both starts zeroed; snapshot_survey_free. */
struct err *snapshot_examine(struct chunk_source source, const struct snapshot_options *options,
                             struct snapshot_survey *survey, struct snapshot **ret) ERR_CHECK;
void snapshot_survey_free(struct snapshot_survey *survey);

#endif
