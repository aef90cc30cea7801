/* What a quantity does from round to round: does it grow steadily, go up and down, or stay? Plain
 * arithmetic over numbers; knows no heap.
 *
 * The question is statistical and the answer must not cry wolf: of a hundred types that only go up and
 * down, one rises several rounds in a row by chance. So "steady" takes Kendall's test at one in two
 * thousand, against what jumps about; Student's test of the slopes, against what wanders; and setbacks
 * that are small against the growth. Or, of few rounds, rises without any setback that are nearly equal. */
#ifndef HEAPGLASS_INTROSPECT_ANALYSES_TREND_H
#define HEAPGLASS_INTROSPECT_ANALYSES_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trend_kind {
    TREND_FLAT,     /* never changed */
    TREND_FEW,      /* too few rounds to tell */
    TREND_STEADY,   /* grows, nearly without setbacks */
    TREND_RISING,   /* goes up and down, but its lows rise */
    TREND_STEP,     /* grew, most of it at once, and fell little */
    TREND_SAWTOOTH, /* goes up and down */
    TREND_FALLING,  /* shrinks, nearly without rises */
};

/* Fewer rounds never tell. */
enum { TREND_LEAST_ROUNDS = 5, TREND_MAX_POINTS = 256 };

/* Sums over all values of a quantity, in order of time; starts zeroed. */
struct trend_track {
    uint64_t count, first, last, lowest, highest;
    uint64_t rose, fell; /* all rises added up, all falls */
    uint64_t largest_rise;
    uint64_t rises, falls; /* how many */
};

void trend_add(struct trend_track *track, uint64_t value);

/* Some of the values, evenly chosen from all, with their times in seconds, which grow. */
struct trend_points {
    const double *seconds;
    const uint64_t *values;
    size_t stride; /* in `values`, from one to the next */
    size_t count;  /* at most TREND_MAX_POINTS */
};

/* `least`: growth below this is never steady or rising, however regular. */
enum trend_kind trend_judge(const struct trend_track *track, const struct trend_points *points,
                            uint64_t least);

/* The median of the slopes between all pairs of points (Theil and Sen), per second: half of all
 * values may be off, and it stays. 0 for fewer than two points. */
double trend_slope(const struct trend_points *points);

/* "steady", "rising", ...; "" for TREND_FLAT and TREND_FEW. */
const char *trend_word(enum trend_kind kind);

static inline int64_t trend_net(const struct trend_track *track) {
    return (int64_t)(track->last - track->first);
}

#endif
