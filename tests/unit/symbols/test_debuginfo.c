#include "samples.h"
#include "symbols/debuginfo.h"
#include "symbols/dwarf_structs.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A root of its own, with what a test puts in. */
static char root[] = "/tmp/heapglass-test-XXXXXX";

static void make_root(void) {
    cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
}

TestSuite(debuginfo, .init = make_root, .fini = remove_root);

/* Copies a file of the build into the root, folders made. */
static void put(const char *sample, const char *path) {
    char command[2048];
    snprintf(command, sizeof command, "mkdir -p \"$(dirname %s%s)\" && cp %s/%s %s%s", root, path,
             SAMPLES, sample, root, path);
    cr_assert_eq(system(command), 0);
}

static struct elf_file *open_sample(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SAMPLES, name);
    struct elf_file *file = NULL;
    struct err *err = elf_file_open(NULL, path, &file);
    cr_assert_null(err, "%s", err ? err_message(err) : "");
    return file;
}

static void build_id_path(struct elf_file *file, char path[256]) {
    char text[2 * ELF_BUILD_ID_MAX + 1];
    elf_file_build_id_text(file, text);
    snprintf(path, 256, "/usr/lib/debug/.build-id/%.2s/%s.debug", text, text + 2);
}

Test(debuginfo, by_build_id) {
    struct elf_file *file = open_sample("sample_stripped.so");
    cr_assert_null(debuginfo_find(file, root, "/opt/sample.so"));
    char path[256];
    build_id_path(file, path);
    put("sample.debug", path);
    struct elf_file *debug = debuginfo_find(file, root, NULL);
    cr_assert_not_null(debug);
    cr_expect(dwarf_present(debug));
    struct elf_symbol wanted[] = {{.name = "sample_constant"}, {.name = "hidden_static"}};
    debuginfo_find_symbols(file, root, NULL, 0x10000, wanted, 2);
    cr_expect_eq(wanted[0].matches, 1);
    cr_expect_eq(wanted[1].matches, 1, "only .symtab of the debug file has it");
    struct elf_symbol unbiased[] = {{.name = "hidden_static"}};
    elf_file_find_symbols(debug, unbiased, 1);
    cr_expect_eq(wanted[1].address, unbiased[0].address + 0x10000);
    elf_file_close(debug);
    elf_file_close(file);
}

Test(debuginfo, never_of_another_build) {
    struct elf_file *file = open_sample("sample_stripped.so");
    char path[256];
    build_id_path(file, path);
    put("other.debug", path);
    put("other.debug", "/opt/.debug/sample.debug");
    cr_expect_null(debuginfo_find(file, root, "/opt/sample.so"));
    elf_file_close(file);
}

Test(debuginfo, by_link) {
    static const char *const places[] = {"/opt/sample.debug", "/opt/.debug/sample.debug",
                                         "/usr/lib/debug/opt/sample.debug"};
    struct elf_file *file = open_sample("sample_stripped.so");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        put("sample.debug", places[i]);
        struct elf_file *debug = debuginfo_find(file, root, "/opt/sample.so");
        cr_assert_not_null(debug, "%s", places[i]);
        char path[128];
        snprintf(path, sizeof path, "%s%s", root, places[i]);
        cr_expect_str_eq(elf_file_path(debug), path);
        elf_file_close(debug);
        unlink(path);
    }
    elf_file_close(file);
}

Test(debuginfo, by_link_and_checksum_without_build_id) {
    struct elf_file *file = open_sample("anonymous_stripped.so");
    size_t size;
    cr_assert_null(elf_file_build_id(file, &size));
    put("anonymous.debug", "/opt/anonymous.debug");
    struct elf_file *debug = debuginfo_find(file, root, "/opt/anonymous.so");
    cr_expect_not_null(debug);
    elf_file_close(debug);
    char path[128];
    snprintf(path, sizeof path, "%s/opt/anonymous.debug", root);
    FILE *append = fopen(path, "a");
    fputc('x', append);
    fclose(append);
    cr_expect_null(debuginfo_find(file, root, "/opt/anonymous.so"), "its checksum is another");
    elf_file_close(file);
}

struct data {
    const char *name;
    unsigned found;
    uint64_t address, size;
};

static void take_data(void *context, const char *name, size_t length, uint64_t address,
                      uint64_t size) {
    for (struct data *data = context; data->name; data++) {
        if (strlen(data->name) != length || memcmp(data->name, name, length) != 0)
            continue;
        data->found++;
        data->address = address;
        data->size = size;
    }
}

/* Only what is written to while the program runs, and can hold a pointer. */
static void check_data(const struct data *data, const char *what) {
    cr_expect_geq(data[0].found, 1, "%s", what);
    cr_expect_eq(data[0].size, 8, "%s", what);
    cr_expect_eq(data[1].found, 1, "%s: a static, by its clean name", what);
    for (int i = 2; i < 6; i++)
        cr_expect_eq(data[i].found, 0, "%s: %s", what, data[i].name);
}

static const struct data no_data[] = {{.name = "sample_pointer"},
                                      {.name = "kept_word"},
                                      {.name = "sample_constant"},
                                      {.name = "sample_relocated"},
                                      {.name = "hidden_static"},
                                      {.name = "sample_function"},
                                      {.name = NULL}};

Test(debuginfo, data_of_a_file_and_of_its_debug_file) {
    struct data whole[7], exported[7], stripped[7];
    memcpy(whole, no_data, sizeof whole);
    memcpy(exported, no_data, sizeof exported);
    memcpy(stripped, no_data, sizeof stripped);
    struct elf_file *file = open_sample("libsample_dwarf5.so");
    cr_expect(elf_file_visit_data(file, take_data, whole));
    check_data(whole, "whole");
    elf_file_close(file);
    file = open_sample("sample_stripped.so");
    cr_expect_not(elf_file_visit_data(file, take_data, exported));
    cr_expect_eq(exported[0].found, 1);
    cr_expect_eq(exported[1].found, 0, "only .symtab has it");
    char path[256];
    build_id_path(file, path);
    put("sample.debug", path);
    debuginfo_visit_data(file, root, NULL, take_data, stripped);
    check_data(stripped, "stripped");
    cr_expect_eq(stripped[0].address, exported[0].address);
    elf_file_close(file);
}
