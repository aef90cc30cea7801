#include "sample/sample.h"
#include "samples.h"
#include "symbols/dwarf_structs.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct variant {
    char name[32];
};

/* DWARF as compilers wrote it over the years; all of one source. */
ParameterizedTestParameters(dwarf_structs, finds_members) {
    static struct variant variants[] = {
        {"libsample_dwarf5.so"}, {"libsample_dwarf4.so"}, {"libsample_dwarf2.so"},
        {"libsample_zlib.so"},   {"libsample_lto.so"},
    };
    return cr_make_param_array(struct variant, variants, sizeof variants / sizeof *variants);
}

static struct elf_file *open_sample(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SAMPLES, name);
    struct elf_file *file = NULL;
    struct err *err = elf_file_open(NULL, path, &file);
    cr_assert_null(err, "%s", err ? err_message(err) : "");
    return file;
}

#define IN(type, member) offsetof(type, member), sizeof(((type *)0)->member)

struct expected {
    const char *path;
    size_t offset, size;
};

static void check(const struct dwarf_struct *found, const struct expected *expected) {
    for (size_t i = 0; i < found->member_count; i++) {
        const struct dwarf_member *member = &found->members[i];
        cr_expect_eq(member->offset, expected[i].offset, "%s.%s: at %u, not %zu", found->names,
                     member->paths, member->offset, expected[i].offset);
        cr_expect_eq(member->size, expected[i].size, "%s.%s: %u bytes, not %zu", found->names,
                     member->paths, member->size, expected[i].size);
    }
}

/* The bits that a bit-field really occupies, seen by writing all ones. */
static uint64_t bits_of(const struct dwarf_member *member, const void *structure) {
    uint64_t value = 0;
    memcpy(&value, (const char *)structure + member->offset, member->size);
    return value >> member->bit_offset & ((1ull << member->bit_size) - 1);
}

static void check_bits(const struct dwarf_struct *found, size_t first) {
    sample_typedef object;
    const struct dwarf_member *members = found->members + first;
    const unsigned widths[] = {5, 7, 17, 2, 1};
    for (int field = 0; field < 5; field++) {
        memset(&object, 0, sizeof object);
        if (field == 0)
            object.plain = 31;
        else if (field == 1)
            object.middle = 127;
        else if (field == 2)
            object.high = 0x1ffff;
        else if (field == 3)
            object.small = 3;
        else
            object.smaller = 1;
        for (int other = 0; other < 5; other++) {
            cr_assert_eq(members[other].bit_size, widths[other], "%s", members[other].paths);
            cr_expect_eq(bits_of(&members[other], &object),
                         other == field ? (1ull << widths[other]) - 1 : 0, "%s in %s",
                         members[other].paths, members[field].paths);
        }
    }
}

ParameterizedTest(struct variant *variant, dwarf_structs, finds_members) {
    static const struct expected of_typedef[] = {
        {"count", IN(sample_typedef, count)},
        {"inner.deep", offsetof(sample_typedef, inner.deep), 2},
        {"inner.as_number", IN(sample_typedef, inner.as_number)},
        {"inner.list.tail", IN(sample_typedef, inner.list.tail)},
        {"row", offsetof(sample_typedef, row), sizeof(struct sample_inner)},
        {"row.list.head", IN(sample_typedef, row[0].list.head)},
        {"grid", offsetof(sample_typedef, grid), sizeof(void *)},
        {"elsewhere", IN(sample_typedef, elsewhere)},
        {"flexible", offsetof(sample_typedef, flexible), sizeof(double)},
        {"missing|count", IN(sample_typedef, count)},
        {"inner.missing", 0, 0},
        {"elsewhere.inside", 0, 0},
        {"count.inside", 0, 0},
    };
    enum { PLAIN = sizeof of_typedef / sizeof *of_typedef };
    static const struct expected of_packed[] = {{"second", 1, 4}};
    struct dwarf_member members[PLAIN + 5] = {0}, alias[] = {{.paths = "count"}},
                                        word[] = {{.paths = "word"}},
                                        packed[] = {{.paths = "second"}};
    for (size_t i = 0; i < PLAIN; i++)
        members[i].paths = of_typedef[i].path;
    static const char *const bit_fields[] = {"plain", "middle", "high", "small", "smaller"};
    for (size_t i = 0; i < 5; i++)
        members[PLAIN + i].paths = bit_fields[i];
    struct dwarf_struct wanted[] = {
        {.names = "sample_typedef", .members = members, .member_count = PLAIN + 5},
        {.names = "no_such|sample_alias", .members = alias, .member_count = 1},
        {.names = "sample_union", .members = word, .member_count = 1},
        {.names = "sample_packed", .members = packed, .member_count = 1},
        {.names = "opaque"},
        {.names = "no_such_struct"},
    };
    struct elf_file *file = open_sample(variant->name);
    cr_assert_null(dwarf_find_structs(file, wanted, sizeof wanted / sizeof *wanted));
    cr_assert_eq(wanted[0].size, sizeof(sample_typedef), "%s", variant->name);
    struct dwarf_struct plain = wanted[0];
    plain.member_count = PLAIN;
    check(&plain, of_typedef);
    check_bits(&wanted[0], PLAIN);
    cr_expect_eq(wanted[1].size, sizeof(sample_typedef));
    cr_expect_eq(wanted[2].size, sizeof(union sample_union));
    cr_expect_eq(word[0].size, 8);
    cr_expect_eq(wanted[3].size, sizeof(struct sample_packed));
    check(&wanted[3], of_packed);
    cr_expect_eq(wanted[4].size, 0, "a declaration is no definition");
    cr_expect_eq(wanted[5].size, 0);
    elf_file_close(file);
}

Test(dwarf_structs, tells_private_structures_by_their_file) {
    struct dwarf_member any[] = {{.paths = "age"}}, one[] = {{.paths = "age"}},
                        two[] = {{.paths = "age"}};
    struct dwarf_struct wanted[] = {
        {.names = "private_state", .members = any, .member_count = 1},
        {.names = "one.c:private_state", .members = one, .member_count = 1},
        {.names = "two.c:private_state", .members = two, .member_count = 1},
        {.names = "wo.c:private_state"},
    };
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    cr_assert_null(dwarf_find_structs(file, wanted, 4));
    cr_expect(wanted[0].ambiguous);
    cr_expect_eq(wanted[0].size, 0);
    cr_expect_eq(any[0].size, 0);
    cr_expect_eq(one[0].offset, 24);
    cr_expect_eq(two[0].offset, 0);
    cr_expect_eq(two[0].size, 4);
    cr_expect_eq(wanted[3].size, 0);
    elf_file_close(file);
}

Test(dwarf_structs, prefers_the_definition_with_the_wanted_members) {
    struct dwarf_member members[] = {{.paths = "wanted"}, {.paths = "other"}};
    struct dwarf_struct wanted[] = {{.names = "best_fit", .members = members, .member_count = 2}};
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    cr_assert_null(dwarf_find_structs(file, wanted, 1));
    cr_expect_not(wanted[0].ambiguous);
    cr_expect_eq(members[0].offset, 8);
    cr_expect_eq(members[1].offset, 12);
    elf_file_close(file);
}

Test(dwarf_structs, says_that_there_is_no_dwarf) {
    struct elf_file *file = open_sample("sample_stripped.so");
    cr_expect_not(dwarf_present(file));
    struct err *err = dwarf_find_structs(file, NULL, 0);
    cr_expect_not_null(err);
    err_free(err);
    elf_file_close(file);
}
