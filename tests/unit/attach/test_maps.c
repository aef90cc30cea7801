#include "parse_maps.h"

#include <criterion/criterion.h>

Test(maps, real_lines) {
    struct maps maps;
    struct err *err = parse_maps(
        &maps, "00400000-00423000 r--p 00000000 fd:01 1056112    /usr/bin/python3.11\n"
               "00a5c000-00a5d000 rw-p 0065b000 fd:01 1056112    /usr/bin/my program (deleted)\n"
               "01c3c000-01f00000 rw-p 00000000 00:00 0          [heap]\n"
               "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n"
               "7f0000021000-7f0000022000 rw-p 00000000 00:00 0\n"
               "7f0000100000-7f0000200000 rw-s 00001000 00:05 98 /memfd:x (deleted)\n"
               "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0  [stack]\n"
               "7ffc00100000-7ffc00104000 r--p 00000000 00:00 0  [vvar]\n"
               "7ffc00200000-7ffc00204000 rw-p 00000000 00:00 0  [anon:glibc: malloc]\n"
               "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n");
    cr_assert_null(err);
    cr_assert_eq(maps.count, 10);
    const struct map *first = &maps.items[0];
    cr_expect_eq(first->start, 0x400000);
    cr_expect_eq(first->end, 0x423000);
    cr_expect(first->readable && !first->writable && !first->executable && !first->shared);
    cr_expect_eq(first->device, (uint64_t)0xfd << 32 | 1);
    cr_expect_eq(first->inode, 1056112);
    cr_expect_eq(first->kind, MAPPING_FILE);
    cr_expect_eq(maps.items[1].offset, 0x65b000);
    cr_expect_str_eq(maps.items[1].path, "/usr/bin/my program (deleted)");
    cr_expect_eq(maps.items[2].kind, MAPPING_BRK);
    cr_expect_eq(maps.items[3].kind, MAPPING_ANONYMOUS);
    cr_expect_str_eq(maps.items[3].path, "");
    cr_expect_eq(maps.items[4].kind, MAPPING_ANONYMOUS);
    cr_expect(maps.items[5].shared && maps.items[5].kind == MAPPING_FILE);
    cr_expect_eq(maps.items[6].kind, MAPPING_STACK);
    cr_expect_eq(maps.items[7].kind, MAPPING_SPECIAL);
    cr_expect_eq(maps.items[8].kind, MAPPING_ANONYMOUS);
    cr_expect(maps.items[9].executable && !maps.items[9].readable);
    maps_free(&maps);
}

Test(maps, last_line_without_newline) {
    struct maps maps;
    cr_assert_null(parse_maps(&maps, "1000-2000 rw-p 0 00:00 0"));
    cr_expect_eq(maps.count, 1);
    maps_free(&maps);
}

Test(maps, lines_that_are_none) {
    const char *hostile[] = {
        "\n",
        "1000-2000\n",
        "1000-2000 rw-p\n",
        "1000-2000 rw-p 0 00:00\n",
        "1000-2000 rw-p 0 00:00 \n",
        "1000-2000 rw-p 0 00:00 1x\n",
        "1000-2000 rwzp 0 00:00 0\n",
        "1000-2000 rw-- 0 00:00 0\n",
        "1000-2000 rw-p0 00:00 0\n",
        "1000-2000 r",
        "-2000 rw-p 0 00:00 0\n",
        "2000-1000 rw-p 0 00:00 0\n",
        "1000-1000 rw-p 0 00:00 0\n",
        "1001-2000 rw-p 0 00:00 0\n",
        "10000000000001000-2000 rw-p 0 00:00 0\n",
        "0x1000-2000 rw-p 0 00:00 0\n",
        " 1000-2000 rw-p 0 00:00 0\n",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct maps maps;
        struct err *err = parse_maps(&maps, hostile[i]);
        cr_expect_not_null(err, "taken for a mapping: %s", hostile[i]);
        err_free(err);
        maps_free(&maps);
    }
}

Test(maps, overlaps_are_left_out) {
    struct maps maps;
    cr_assert_null(parse_maps(&maps, "1000-4000 rw-p 0 00:00 0\n"
                                     "3000-5000 rw-p 0 00:00 0\n"
                                     "2000-3000 rw-p 0 00:00 0\n"
                                     "4000-5000 rw-p 0 00:00 0\n"));
    cr_assert_eq(maps.count, 2);
    cr_expect_eq(maps.items[1].start, 0x4000);
    maps_free(&maps);
}

Test(maps, find_by_address) {
    struct maps maps;
    cr_assert_null(parse_maps(&maps, "1000-2000 rw-p 0 00:00 0\n"
                                     "3000-5000 rw-p 0 00:00 0\n"));
    cr_expect_null(maps_at(&maps, 0xfff));
    cr_expect_eq(maps_at(&maps, 0x1000), &maps.items[0]);
    cr_expect_null(maps_at(&maps, 0x2000));
    cr_expect_eq(maps_at(&maps, 0x4fff), &maps.items[1]);
    cr_expect_null(maps_at(&maps, 0x5000));
    maps_free(&maps);
}

Test(maps, own_process_twice_without_new_memory) {
    struct maps maps = {0};
    cr_assert_null(maps_read(getpid(), &maps));
    cr_assert_gt(maps.count, 5);
    cr_assert(maps_spare(&maps, &maps));
    const void *items = maps.items, *text = maps.text;
    cr_assert_null(maps_read(getpid(), &maps));
    cr_expect_eq(maps.items, items);
    cr_expect_eq(maps.text, text);
    const struct map *stack = maps_at(&maps, (uintptr_t)&maps);
    cr_expect(stack && stack->writable);
    maps_free(&maps);
}

Test(maps, process_that_is_not_there) {
    struct maps maps = {0};
    struct err *err = maps_read(0x7ffffffe, &maps);
    cr_assert_not_null(err);
    cr_expect_eq(err_code(err), ERR_SOURCE);
    err_free(err);
    maps_free(&maps);
}
