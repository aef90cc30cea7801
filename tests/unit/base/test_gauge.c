#include "base/gauge.h"

#include <criterion/criterion.h>

Test(gauge, parts_of_the_whole) {
    struct gauge gauge = {0};
    gauge_add(1); /* none is attached */
    cr_expect_eq(gauge_percent(&gauge), 0);
    gauge_attach(&gauge);
    cr_expect_eq(gauge_attached(), &gauge);
    gauge_part(0, 60, 4);
    cr_expect_eq(gauge_percent(&gauge), 0);
    gauge_add(1);
    cr_expect_eq(gauge_percent(&gauge), 15);
    gauge_add(30);
    cr_expect_eq(gauge_percent(&gauge), 60, "more than was said");
    gauge_part(60, 100, 0);
    cr_expect_eq(gauge_percent(&gauge), 60);
    gauge_part(60, 100, 1 << 15);
    for (uint64_t i = 0; i < 1 << 15; i++) {
        cr_expect_eq(gauge_percent(&gauge), i < 1 << 14 ? 60 : 80);
        gauge_step(i);
    }
    cr_expect_eq(gauge_percent(&gauge), 100);
    gauge_part(0, 0, 0);
    cr_expect_eq(gauge_percent(&gauge), 0);
    gauge_attach(NULL);
}
