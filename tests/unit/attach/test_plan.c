#include "attach/plan.h"
#include "parse_maps.h"

#include <criterion/criterion.h>

#define PYTHON "fd:01 7 /usr/bin/python\n"

static void expect_actions(const char *text, const enum plan_action *wanted, size_t count) {
    struct maps maps;
    enum plan_action actions[32];
    cr_assert_null(parse_maps(&maps, text));
    cr_assert_eq(maps.count, count);
    plan_decide(&maps, actions);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(actions[i], wanted[i], "mapping %zu (%s): %d", i, maps.items[i].path,
                     actions[i]);
    maps_free(&maps);
}

#define EXPECT(text, ...)                                                                          \
    do {                                                                                           \
        enum plan_action wanted_[] = {__VA_ARGS__};                                                \
        expect_actions(text, wanted_, sizeof wanted_ / sizeof *wanted_);                           \
    } while (0)

Test(plan, segments_of_a_module) {
    EXPECT("400000-420000 r--p 0 " PYTHON      /* headers, symbols */
           "420000-700000 r-xp 20000 " PYTHON  /* code */
           "700000-900000 r--p 300000 " PYTHON /* .rodata */
           "900000-901000 r--p 4ff000 " PYTHON /* .data.rel.ro */
           "901000-a00000 rw-p 500000 " PYTHON /* .data */
           "a00000-a40000 rw-p 0 00:00 0\n",   /* .bss */
           PLAN_EARLY, PLAN_IGNORE, PLAN_EARLY, PLAN_EARLY, PLAN_COPY, PLAN_COPY);
}

Test(plan, constants_beside_the_code) {
    EXPECT("400000-700000 r-xp 0 " PYTHON "900000-a00000 rw-p 300000 " PYTHON, PLAN_EARLY,
           PLAN_COPY);
}

Test(plan, same_inode_on_another_device_is_no_relative) {
    EXPECT("400000-420000 r--p 0 fd:01 7 /a\n"
           "420000-700000 r-xp 0 fd:02 7 /b\n",
           PLAN_IGNORE, PLAN_EARLY);
}

Test(plan, data_files) {
    EXPECT("7f0000000000-7f0000100000 r--p 0 fd:01 8 /usr/lib/locale/locale-archive\n"
           "7f0000200000-7f0000300000 r--s 0 fd:01 9 /var/cache/x\n"
           "7f0000400000-7f0000500000 rw-s 0 fd:01 10 /var/lib/data.mmap\n"
           "7f0000600000-7f0000700000 rw-p 0 fd:01 10 /var/lib/data.mmap\n",
           PLAN_IGNORE, PLAN_IGNORE, PLAN_IGNORE, PLAN_COPY);
}

Test(plan, anonymous_memory) {
    EXPECT("1000000-2000000 rw-p 0 00:00 0 [heap]\n"
           "7f0000000000-7f0000001000 ---p 0 00:00 0\n"
           "7f0000001000-7f0000801000 rw-p 0 00:00 0\n"
           "7f0000801000-7f0000802000 r--p 0 00:00 0\n"
           "7f0000802000-7f0000803000 r-xp 0 00:00 0\n"
           "7f0000803000-7f0000804000 rwxp 0 00:00 0\n"
           "7f0000900000-7f0000901000 rw-p 0 00:00 0 [anon:arena]\n"
           "7f0000a00000-7f0000c00000 rw-p 0 00:0f 77 /anon_hugepage (deleted)\n"
           "7ffc00000000-7ffc00021000 rw-p 0 00:00 0 [stack]\n",
           PLAN_COPY, PLAN_IGNORE, PLAN_COPY, PLAN_COPY, PLAN_IGNORE, PLAN_COPY, PLAN_COPY,
           PLAN_COPY, PLAN_COPY);
}

Test(plan, shared_memory) {
    EXPECT("7f0000000000-7f0000001000 rw-s 0 00:01 5 /memfd:x (deleted)\n"
           "7f0001000000-7f0005000000 rw-s 0 00:01 6 /memfd:64M (deleted)\n"
           "7f0010000000-7f0010001000 rw-s 0 00:01 7 /dev/zero (deleted)\n"
           "7f0020000000-7f0020001000 rw-s 0 00:01 8 /SYSV00000000 (deleted)\n"
           "7f0030000000-7f0030001000 r--s 0 00:01 9 /memfd:y (deleted)\n"
           "7f0040000000-7f0040001000 rw-s 0 00:15 10 /dev/shm/psm_1234\n",
           PLAN_COPY, PLAN_IGNORE, PLAN_COPY, PLAN_COPY, PLAN_IGNORE, PLAN_IGNORE);
}

Test(plan, devices_are_never_touched) {
    EXPECT("7f0000000000-7f0000001000 rw-s 0 00:06 5 /dev/dri/renderD128\n"
           "7f0000002000-7f0000003000 rw-p 0 00:06 6 /dev/mem\n"
           "7f0000004000-7f0000005000 rw-s 0 00:0e 7 anon_inode:[perf_event]\n"
           "7f0000006000-7f0000007000 rw-s 0 00:0e 7 anon_inode:i915.gem\n"
           "7f0000008000-7f0000009000 ---p 0 00:06 6 /dev/nvidia0\n",
           PLAN_DEVICE, PLAN_DEVICE, PLAN_DEVICE, PLAN_DEVICE, PLAN_DEVICE);
}

Test(plan, special_mappings) {
    EXPECT("7ffc00100000-7ffc00104000 r--p 0 00:00 0 [vvar]\n"
           "7ffc00104000-7ffc00106000 r-xp 0 00:00 0 [vdso]\n"
           "ffffffffff600000-ffffffffff601000 r-xp 0 00:00 0 [vsyscall]\n",
           PLAN_IGNORE, PLAN_IGNORE, PLAN_IGNORE);
}

Test(plan, wanted_parts) {
    struct address_range ranges[] = {{0x3000, 0x5000}, {0x5000, 0x6000}, {0x8000, 0xa000}};
    struct behind behind = {ranges, 3, 3};
    uint64_t start, end;
    cr_assert(plan_next_wanted(&behind, 0x1000, 0x9000, &start, &end));
    cr_expect(start == 0x1000 && end == 0x3000);
    cr_assert(plan_next_wanted(&behind, end, 0x9000, &start, &end));
    cr_expect(start == 0x6000 && end == 0x8000);
    cr_expect_not(plan_next_wanted(&behind, end, 0x9000, &start, &end));
    cr_assert(plan_next_wanted(&behind, 0x9000, 0xc000, &start, &end));
    cr_expect(start == 0xa000 && end == 0xc000);
    cr_expect_not(plan_next_wanted(&behind, 0x3000, 0x6000, &start, &end));
    cr_expect(plan_any_behind(&behind, 0x2000, 0x3001));
    cr_expect_not(plan_any_behind(&behind, 0x2000, 0x3000));
    cr_expect_not(plan_any_behind(&behind, 0x6000, 0x8000));
    cr_expect_not(plan_any_behind(&behind, 0xa000, 0xb000));
}
