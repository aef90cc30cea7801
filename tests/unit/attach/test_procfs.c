#include "attach/procfs.h"

#include <criterion/criterion.h>
#include <unistd.h>

Test(procfs, stat_with_a_hostile_name) {
    struct proc_stat stat;
    cr_assert(proc_parse_stat("12 (a) R 1) b) S 1 2 3 4 5 2129984 7 8 9 10 11 12 13 14 15 16 17 18 "
                              "4711 20 21\n",
                              &stat));
    cr_expect_eq(stat.state, 'S');
    cr_expect_eq(stat.flags, 2129984);
    cr_expect_eq(stat.start_time, 4711);
}

Test(procfs, stat_cut_short) {
    struct proc_stat stat;
    cr_expect_not(proc_parse_stat("", &stat));
    cr_expect_not(proc_parse_stat("12 (a", &stat));
    cr_expect_not(proc_parse_stat("12 (a) S 1 2 3", &stat));
}

Test(procfs, fields_of_status) {
    const char *text =
        "Name:\tUid:\nVmRSS:\t    1024 kB\nUid:\t7\t8\t9\t10\nCapEff:\t00000000000000ff\n"
        "Bad:\tx\n";
    uint64_t value = 0;
    cr_expect(proc_number(text, "VmRSS", &value));
    cr_expect_eq(value, 1024 * 1024);
    cr_expect(proc_number(text, "Uid", &value));
    cr_expect_eq(value, 7);
    cr_expect(proc_hex(text, "CapEff", &value));
    cr_expect_eq(value, 0xff);
    cr_expect_not(proc_number(text, "Bad", &value));
    cr_expect_not(proc_number(text, "Vm", &value));
    cr_expect_not(proc_number(text, "RSS", &value));
}

Test(procfs, own_process) {
    char text[64];
    cr_expect_gt(proc_read(0, "stat", text, sizeof text), 0);
    cr_expect_leq(proc_read(0, "stat", text, 8), 7);
    cr_expect_eq(proc_state(getpid(), 0), 'R');
    cr_expect_eq(proc_state(getpid(), getpid()), 'R');
    cr_expect_eq(proc_state(0x7ffffffe, 0), '\0');
}
