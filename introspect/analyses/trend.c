#include "introspect/analyses/trend.h"

#include <stdlib.h>

/* One-sided, in standard deviations: of Kendall's score, p of about 0.0005; of the mean slope. */
#define SIGNIFICANT 3.3
#define AGREE       4.0

enum {
    SETBACKS = 5,      /* falls of a steady growth together: at most its rises' fifth part */
    FEW_ROUNDS = 8,    /* below this Kendall's test can't be significant */
    LOWS = 4,          /* parts of the time whose lows are compared */
    LEAST_FOR_LOWS = 3 /* points in each of them */
};

void trend_add(struct trend_track *track, uint64_t value) {
    uint64_t before = track->last;
    if (!track->count++) {
        *track = (struct trend_track){
            .count = 1, .first = value, .last = value, .lowest = value, .highest = value};
        return;
    }
    track->last = value;
    if (value > before) {
        uint64_t rise = value - before;
        track->rises++;
        track->rose += rise;
        track->largest_rise = rise > track->largest_rise ? rise : track->largest_rise;
    } else if (value < before) {
        uint64_t fall = before - value;
        track->falls++;
        track->fell += fall;
    }
    track->lowest = value < track->lowest ? value : track->lowest;
    track->highest = value > track->highest ? value : track->highest;
}

static uint64_t value_at(const struct trend_points *points, size_t index) {
    return points->values[index * points->stride];
}

/* Kendall's test: whether the values rise more than chance would have it. Ties are left in the
 * variance, which makes it stricter; one is the correction for continuity. */
static bool rises_significantly(const struct trend_points *points) {
    double n = (double)points->count, score = -1;
    for (size_t i = 0; i < points->count; i++) {
        for (size_t k = i + 1; k < points->count; k++) {
            uint64_t a = value_at(points, i), b = value_at(points, k);
            score += (b > a) - (b < a);
        }
    }
    double variance = n * (n - 1) * (2 * n + 5) / 18;
    return score > 0 && score * score >= SIGNIFICANT * SIGNIFICANT * variance;
}

static double slope_between(const struct trend_points *points, size_t i, size_t k) {
    double seconds = points->seconds[k] - points->seconds[i];
    return seconds > 0 ? ((double)value_at(points, k) - (double)value_at(points, i)) / seconds : 0;
}

/* Of few rounds, all of which are points: each rose, about as fast as all together. */
static bool all_rose_alike(const struct trend_points *points) {
    double whole = slope_between(points, 0, points->count - 1);
    for (size_t i = 1; i < points->count; i++) {
        double slope = slope_between(points, i - 1, i);
        if (!(slope > 0) || slope < whole / 2)
            return false;
    }
    return true;
}

/* Whether the lowest values of the first, second, ... part of the time rise from one to the next. */
static bool lows_rise(const struct trend_points *points) {
    uint64_t before = 0;
    if (points->count < LOWS * LEAST_FOR_LOWS)
        return false;
    for (size_t part = 0; part < LOWS; part++) {
        uint64_t low = UINT64_MAX;
        for (size_t i = part * points->count / LOWS; i < (part + 1) * points->count / LOWS; i++) {
            uint64_t value = value_at(points, i);
            low = value < low ? value : low;
        }
        if (part && low <= before)
            return false;
        before = low;
    }
    return true;
}

/* Student's test of the slopes from point to point: what only wanders does not pass it. */
static bool slopes_agree(const struct trend_points *points) {
    double sum = 0, squares = 0, n = (double)points->count - 1;
    for (size_t i = 1; i < points->count; i++) {
        double slope = slope_between(points, i - 1, i);
        sum += slope;
        squares += slope * slope;
    }
    double variance = (squares - sum * sum / n) / (n - 1); /* of one slope */
    return sum > 0 && sum * sum >= AGREE * AGREE * variance * n;
}

static enum trend_kind judge_growth(const struct trend_track *track,
                                    const struct trend_points *points, bool enough) {
    bool few_setbacks = track->fell <= track->rose / SETBACKS;
    bool one_step = track->largest_rise >= track->rose / 2;
    if (few_setbacks && one_step)
        return TREND_STEP;
    if (enough && track->count < FEW_ROUNDS && all_rose_alike(points))
        return TREND_STEADY;
    bool significant = enough && rises_significantly(points);
    if (significant && few_setbacks && slopes_agree(points))
        return TREND_STEADY;
    if (significant && lows_rise(points))
        return TREND_RISING;
    return few_setbacks ? TREND_FEW : TREND_SAWTOOTH;
}

enum trend_kind trend_judge(const struct trend_track *track, const struct trend_points *points,
                            uint64_t least) {
    if (track->lowest == track->highest)
        return TREND_FLAT;
    if (track->count < TREND_LEAST_ROUNDS)
        return TREND_FEW;
    if (track->last > track->first)
        return judge_growth(track, points, track->last - track->first >= least);
    if (track->last < track->first && track->rose <= track->fell / SETBACKS)
        return TREND_FALLING;
    return TREND_SAWTOOTH;
}

/* ---- slope ----------------------------------------------------------------------------------- */

/* The k-th smallest, by Hoare's selection; reorders. */
static double select_smallest(double *values, ptrdiff_t count, ptrdiff_t k) {
    ptrdiff_t low = 0, high = count - 1;
    while (low < high) {
        double pivot = values[k];
        ptrdiff_t left = low, right = high;
        while (left <= right) {
            while (values[left] < pivot)
                left++;
            while (values[right] > pivot)
                right--;
            if (left > right)
                break;
            double swapped = values[left];
            values[left++] = values[right];
            values[right--] = swapped;
        }
        low = right < k ? left : low;
        high = k < left ? right : high;
    }
    return values[k];
}

double trend_slope(const struct trend_points *points) {
    size_t pairs = points->count < 2 ? 0 : points->count * (points->count - 1) / 2;
    ptrdiff_t count = 0;
    double *slopes = pairs ? malloc(pairs * sizeof *slopes) : NULL;
    double slope = 0;
    for (size_t i = 0; slopes && i < points->count; i++) {
        for (size_t k = i + 1; k < points->count; k++) {
            if (points->seconds[k] > points->seconds[i])
                slopes[count++] = slope_between(points, i, k);
        }
    }
    if (count)
        slope = select_smallest(slopes, count, count / 2);
    free(slopes);
    return slope;
}

const char *trend_word(enum trend_kind kind) {
    static const char *const words[] = {
        [TREND_FLAT] = "",          [TREND_FEW] = "",      [TREND_STEADY] = "steady",
        [TREND_RISING] = "rising",  [TREND_STEP] = "step", [TREND_SAWTOOTH] = "sawtooth",
        [TREND_FALLING] = "falling"};
    return words[kind];
}
