#include "introspect/analyses/trend.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Judges values that are ten seconds apart, all of them as points. */
struct watched {
    struct trend_track track;
    double seconds[TREND_MAX_POINTS];
    uint64_t values[TREND_MAX_POINTS];
};

static void watch(struct watched *watched, uint64_t value) {
    watched->seconds[watched->track.count] = 10.0 * (double)watched->track.count;
    watched->values[watched->track.count] = value;
    trend_add(&watched->track, value);
}

static struct trend_points points_of(const struct watched *watched) {
    return (struct trend_points){watched->seconds, watched->values, 1, watched->track.count};
}

static const char *judged(const struct watched *watched) {
    const struct trend_points points = points_of(watched);
    enum trend_kind kind = trend_judge(&watched->track, &points, 1024);
    return kind == TREND_FEW ? "few" : kind == TREND_FLAT ? "flat" : trend_word(kind);
}

/* Deterministic noise, 0 .. range - 1. */
static uint64_t noise(uint64_t *state, uint64_t range) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % range;
}

#define EXPECT(kind, ...)                                                                          \
    do {                                                                                           \
        static const uint64_t values_[] = {__VA_ARGS__};                                           \
        struct watched watched_ = {0};                                                             \
        for (size_t i_ = 0; i_ < sizeof values_ / sizeof *values_; i_++)                           \
            watch(&watched_, values_[i_]);                                                         \
        cr_expect(eq(str, (char *)judged(&watched_), (char *)(kind)));                             \
    } while (0)

Test(trend, plain_cases) {
    EXPECT("flat", 5000, 5000, 5000, 5000, 5000, 5000);
    EXPECT("steady", 10000, 20000, 30000, 40000, 50000);
    EXPECT("steady", 10000, 21000, 29000, 40000, 52000, 60000, 71000, 79000, 90000);
    EXPECT("falling", 90000, 80000, 70000, 60000, 50000, 40000);
    EXPECT("sawtooth", 10000, 50000, 12000, 51000, 9000, 52000, 11000, 53000, 12000, 54000);
    EXPECT("step", 10000, 10000, 10000, 90000, 90000, 90000, 90000, 90000);
    /* A table that doubles. */
    EXPECT("step", 1000, 1000, 2000, 2000, 4000, 4000, 4000, 4000, 8000, 8000);
}

Test(trend, few_rounds_tell_nothing) {
    EXPECT("few", 10000, 20000);
    EXPECT("few", 10000, 20000, 30000, 40000);
    EXPECT("flat", 10000);
    /* They rose each time, but by very different amounts: as noise does by chance. */
    EXPECT("few", 10000, 12000, 25000, 30000, 45000);
}

Test(trend, growth_that_does_not_matter) {
    EXPECT("few", 10000, 10100, 10200, 10300, 10400, 10500, 10600, 10700, 10800, 10900);
}

Test(trend, rare_but_regular_growth_is_steady) {
    struct watched watched = {0};
    for (uint64_t i = 0; i < 40; i++)
        watch(&watched, 100000 + i / 3 * 512);
    cr_expect(eq(str, (char *)judged(&watched), "steady"));
}

Test(trend, growth_with_noise_is_steady) {
    struct watched watched = {0};
    uint64_t state = 1;
    for (uint64_t i = 0; i < 40; i++)
        watch(&watched, 100000 + i * 10000 + noise(&state, 8000));
    cr_expect(eq(str, (char *)judged(&watched), "steady"));
}

Test(trend, sawtooth_with_rising_lows) {
    struct watched watched = {0};
    for (uint64_t i = 0; i < 60; i++)
        watch(&watched, 100000 + i % 6 * 20000 + i / 6 * 8000);
    cr_expect(eq(str, (char *)judged(&watched), "rising"));
}

/* The promise: what only goes up and down is never called steady. 30 types in 1,000 programs. */
Test(trend, noise_is_never_steady) {
    uint64_t state = 42;
    unsigned steady[41] = {0};
    for (unsigned rounds = TREND_LEAST_ROUNDS; rounds <= 40; rounds++) {
        for (unsigned i = 0; i < 30000; i++) {
            struct watched watched = {0};
            for (unsigned k = 0; k < rounds; k++)
                watch(&watched, 100000 + noise(&state, 100000));
            const struct trend_points points = points_of(&watched);
            steady[rounds] += trend_judge(&watched.track, &points, 1024) == TREND_STEADY;
        }
        cr_expect(steady[rounds] <= (rounds == 5  ? 45u
                                     : rounds < 8 ? 6u
                                                  : 3u),
                  "%u of 30,000 in %u rounds", steady[rounds], rounds);
    }
}

/* A queue's length that wanders, from one round to the next by chance: harder to tell from growth. */
Test(trend, what_wanders_is_hardly_ever_steady) {
    uint64_t state = 7;
    for (unsigned rounds = 5; rounds <= 40; rounds += 5) {
        unsigned steady = 0;
        for (unsigned i = 0; i < 10000; i++) {
            struct watched watched = {0};
            uint64_t value = 1000000;
            for (unsigned k = 0; k < rounds; k++)
                watch(&watched, value += noise(&state, 20001) - 10000);
            const struct trend_points points = points_of(&watched);
            steady += trend_judge(&watched.track, &points, 1024) == TREND_STEADY;
        }
        cr_expect(steady <= (rounds == 5 ? 250u : 100u), "%u of 10,000 in %u rounds", steady,
                  rounds);
    }
}

Test(trend, slope_is_the_median) {
    struct watched watched = {0};
    for (uint64_t i = 0; i < 21; i++)
        watch(&watched, i == 7 ? 9000000 : 1000 + 50 * i);
    struct trend_points points = points_of(&watched);
    cr_expect(epsilon_eq(dbl, trend_slope(&points), 5.0, 0.3));
    points.count = 2;
    cr_expect(epsilon_eq(dbl, trend_slope(&points), 5.0, 1e-9));
    points.count = 1;
    cr_expect(eq(dbl, trend_slope(&points), 0));
    points.count = 0;
    cr_expect(eq(dbl, trend_slope(&points), 0));
}

Test(trend, sums_of_all_values) {
    struct watched watched = {0};
    static const uint64_t values[] = {10, 30, 25, 25, 26};
    for (size_t i = 0; i < 5; i++)
        watch(&watched, values[i]);
    const struct trend_track *track = &watched.track;
    cr_expect(eq(u64, track->count, 5));
    cr_expect(eq(u64, track->lowest, 10));
    cr_expect(eq(u64, track->highest, 30));
    cr_expect(eq(u64, track->rose, 21));
    cr_expect(eq(u64, track->fell, 5));
    cr_expect(eq(u64, track->rises, 2));
    cr_expect(eq(u64, track->falls, 1));
    cr_expect(eq(u64, track->largest_rise, 20));
    cr_expect(eq(i64, trend_net(track), 16));
}
