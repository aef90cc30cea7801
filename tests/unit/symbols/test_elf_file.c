#include "samples.h"
#include "symbols/elf_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct elf_file *open_sample(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SAMPLES, name);
    struct elf_file *file = NULL;
    struct err *err = elf_file_open(NULL, path, &file);
    cr_assert_null(err, "%s", err ? err_message(err) : "");
    return file;
}

Test(elf_file, finds_symbols_by_clean_name) {
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    struct elf_symbol wanted[] = {{.name = "sample_constant"}, {.name = "hidden_static"},
                                  {.name = "suffixed"},        {.name = "sample_function"},
                                  {.name = "no_such_name"},    {.name = ""}};
    elf_file_find_symbols(file, wanted, 6);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(wanted[i].matches, 1, "%s: %u", wanted[i].name, wanted[i].matches);
    cr_expect_eq(wanted[0].size, 8);
    cr_expect_eq(wanted[4].matches, 0);
    cr_expect_eq(wanted[5].matches, 0);
    uint64_t value = 0;
    cr_assert(elf_file_read(file, wanted[0].address, &value, sizeof value));
    cr_expect_eq(value, 0x1122334455667788u);
    elf_file_close(file);
}

/* Two statics of one clean name are two matches, unless one has exactly that name; the pieces of a
 * function are none. */
Test(elf_file, tells_when_a_clean_name_is_ambiguous) {
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    struct elf_symbol wanted[] = {{.name = "twice"}, {.name = "once"}, {.name = "pieces"}};
    elf_file_find_symbols(file, wanted, 3);
    cr_expect_eq(wanted[0].matches, 2);
    cr_expect_not(wanted[0].exact);
    cr_expect_eq(wanted[1].matches, 1);
    cr_expect(wanted[1].exact);
    int value = 0;
    cr_assert(elf_file_read(file, wanted[1].address, &value, sizeof value));
    cr_expect_eq(value, 30);
    cr_expect_eq(wanted[2].matches, 0);
    elf_file_close(file);
}

Test(elf_file, leaves_found_symbols_alone) {
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    struct elf_symbol wanted[] = {{.name = "sample_constant", .address = 42, .matches = 1}};
    elf_file_find_symbols(file, wanted, 1);
    cr_expect_eq(wanted[0].address, 42);
    elf_file_close(file);
}

Test(elf_file, reads_zero_where_the_file_has_no_bytes) {
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    struct elf_symbol wanted[] = {{.name = "sample_union_object"}};
    elf_file_find_symbols(file, wanted, 1);
    cr_assert_eq(wanted[0].matches, 1);
    uint64_t value = 1;
    cr_assert(elf_file_read(file, wanted[0].address, &value, sizeof value));
    cr_expect_eq(value, 0);
    cr_expect_not(elf_file_read(file, UINT64_MAX - 3, &value, sizeof value));
    cr_expect_not(elf_file_read_at(file, UINT64_MAX - 3, &value, sizeof value));
    elf_file_close(file);
}

Test(elf_file, knows_build_id_section_and_architecture) {
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    size_t size;
    cr_expect_not_null(elf_file_build_id(file, &size));
    cr_expect_eq(size, 20);
    char text[2 * ELF_BUILD_ID_MAX + 1];
    elf_file_build_id_text(file, text);
    cr_expect_eq(strlen(text), 40);
    struct elf_section section;
    cr_expect(elf_file_section(file, ".debug_info", &section) && section.in_file && section.size);
    cr_expect(elf_file_section(file, ".bss", &section) && !section.in_file);
    cr_expect_not(elf_file_section(file, ".no_such", &section));
    cr_expect_str_eq(elf_file_soname(file), "libsample_dwarf5.so");
    cr_expect_str_neq(elf_file_architecture(file), "unknown");
    elf_file_close(file);
}

/* This very program is mapped: its own symbols must come out where they are. */
Test(elf_file, bias_of_a_mapping) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[1024], self[512] = {0};
    cr_assert(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    struct elf_file *file = NULL;
    cr_assert_null(elf_file_open("", "/proc/self/exe", &file));
    struct elf_symbol wanted[] = {{.name = "elf_file_open"}};
    elf_file_find_symbols(file, wanted, 1);
    cr_assert_geq(wanted[0].matches, 1);
    int mappings = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long long start, end, offset;
        if (!strstr(line, self) || sscanf(line, "%llx-%llx %*s %llx", &start, &end, &offset) != 3)
            continue;
        uint64_t bias = 0;
        cr_assert(elf_file_bias(file, start, offset, &bias), "%s", line);
        cr_expect_eq(wanted[0].address + bias, (uint64_t)(uintptr_t)elf_file_open, "%s", line);
        mappings++;
    }
    cr_expect_gt(mappings, 2);
    uint64_t bias;
    cr_expect_not(elf_file_bias(file, 0x1000, 1ull << 40, &bias));
    fclose(maps);
    elf_file_close(file);
}

Test(elf_file, refuses_what_is_no_elf_file) {
    struct elf_file *file = NULL;
    const struct {
        const char *path;
        enum err_code code;
    } cases[] = {{"/no/such/file", ERR_FAILED},
                 {"/etc/passwd", ERR_NO_LAYOUT},
                 {"/dev/null", ERR_FAILED},
                 {"/usr", ERR_FAILED},
                 {"", ERR_FAILED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err *err = elf_file_open(NULL, cases[i].path, &file);
        cr_assert_not_null(err, "%s", cases[i].path);
        cr_expect_eq(err_code(err), cases[i].code, "%s", err_message(err));
        err_free(err);
    }
}

Test(elf_file, does_not_wait_for_a_fifo, .timeout = 10) {
    char folder[] = "/tmp/heapglass-test-XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fifo", folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    struct elf_file *file = NULL;
    struct err *err = elf_file_open(NULL, path, &file);
    cr_expect_not_null(err);
    err_free(err);
    unlink(path);
    rmdir(folder);
}

/* A link in another's root must not lead out of it. */
Test(elf_file, stays_in_the_root) {
    char folder[] = "/tmp/heapglass-test-XXXXXX", link[64], inside[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(link, sizeof link, "%s/escape", folder);
    snprintf(inside, sizeof inside, "%s%s", folder, "/proc");
    cr_assert_eq(symlink("/proc/self/exe", link), 0);
    struct elf_file *file = NULL;
    struct err *err = elf_file_open(folder, "/escape", &file);
    cr_expect_not_null(err);
    err_free(err);
    err = elf_file_open(folder, "/../../../../proc/self/exe", &file);
    cr_expect_not_null(err);
    err_free(err);
    unlink(link);
    rmdir(folder);
}
