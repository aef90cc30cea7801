#include "attach/scout.h"
#include "parse_maps.h"

#include <criterion/criterion.h>

Test(scout, pointers) {
    struct maps maps;
    struct scout_targets targets = {0};
    cr_assert_null(parse_maps(&maps, "400000-500000 r-xp 0 fd:01 7 /usr/bin/python\n"
                                     "500000-600000 rw-p 0 fd:01 7 /usr/bin/python\n"
                                     "600000-700000 rw-p 0 00:00 0\n"
                                     "900000-a00000 rw-p 0 00:00 0 [heap]\n"
                                     "7f0000000000-7f0000100000 rw-p 0 00:00 0\n"
                                     "7f0000200000-7f0000300000 rw-s 0 00:01 5 /memfd:x\n"
                                     "7f0000400000-7f0000500000 rw-p 0 00:00 0\n"));
    cr_assert(scout_targets_list(&maps, &targets));
    struct {
        uint64_t word;
        bool pointer;
    } cases[] = {{0, false},
                 {0x4ffff8, false}, /* code */
                 {0x500000, true},
                 {0x6ffff8, true},
                 {0x700000, false}, /* between */
                 {0x900008, true},
                 {0x900004, false}, /* not aligned */
                 {0xa00000, false},
                 {0x7f0000000010, true},
                 {0x7f0000200010, false}, /* shared */
                 {0x7f00004ffff8, true},
                 {0x7f0000500000, false},
                 {0x3ff0000000000000, false}, /* 1.0 */
                 {UINT64_MAX, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t words[64] = {0};
        words[63] = cases[i].word;
        cr_expect_eq(scout_has_pointer(&targets, words, 64), cases[i].pointer, "%#lx",
                     (unsigned long)cases[i].word);
    }
    scout_targets_free(&targets);
    maps_free(&maps);
}

Test(scout, one_target) {
    struct maps maps;
    struct scout_targets targets = {0};
    cr_assert_null(parse_maps(&maps, "7f0000000000-7f0000100000 rw-p 0 00:00 0\n"));
    cr_assert(scout_targets_list(&maps, &targets));
    uint64_t inside = 0x7f0000000100, outside = 0x7f0000100000;
    cr_expect(scout_has_pointer(&targets, &inside, 1));
    cr_expect_not(scout_has_pointer(&targets, &outside, 1));
    scout_targets_free(&targets);
    maps_free(&maps);
}
