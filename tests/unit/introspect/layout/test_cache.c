#include "introspect/layout/internal.h"
#include "tests/unit/fixture_layout.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[] = "/tmp/heapglass-test-XXXXXX";

static void make_home(void) {
    cr_assert_not_null(mkdtemp(home));
    setenv("XDG_CACHE_HOME", home, 1);
}

static void remove_home(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", home);
    cr_assert_eq(system(command), 0);
}

TestSuite(cache, .init = make_home, .fini = remove_home);

/* The only file in the cache folder. */
static void entry_path(char path[512]) {
    char folder[128];
    snprintf(folder, sizeof folder, "%s/heapglass", home);
    DIR *directory = opendir(folder);
    cr_assert_not_null(directory);
    int entries = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, 512, "%s/%s", folder, entry->d_name);
        entries++;
    }
    closedir(directory);
    cr_assert_eq(entries, 1);
}

Test(cache, gives_back_what_was_stored) {
    const struct layout *layout = fixture_layout("3.13.0");
    cr_expect_null(cache_load(layout->build_id));
    cache_store(layout);
    struct layout *loaded = cache_load(layout->build_id);
    cr_assert_not_null(loaded);
    cr_expect_arr_eq(loaded, layout, sizeof *layout);
    cr_expect_null(cache_load("0123456789"));
    layout_destroy(loaded);
}

Test(cache, is_private) {
    cache_store(fixture_layout("3.13.0"));
    char path[512];
    entry_path(path);
    struct stat status;
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);
    *strrchr(path, '/') = '\0';
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0700);
    /* Where others may write, nothing is believed. */
    cr_assert_eq(chmod(path, 0777), 0);
    cr_expect_null(cache_load(fixture_layout("3.13.0")->build_id));
}

Test(cache, ignores_damaged_files) {
    const struct layout *layout = fixture_layout("3.13.0");
    cache_store(layout);
    char path[512];
    entry_path(path);
    FILE *file = fopen(path, "r+");
    cr_assert_eq(fseek(file, 5000, SEEK_SET), 0);
    int byte = fgetc(file);
    fseek(file, 5000, SEEK_SET);
    fputc(byte == '1' ? '2' : '1', file);
    fclose(file);
    cr_expect_null(cache_load(layout->build_id), "its checksum is another");
    static const char *const contents[] = {"", "checksum ", "checksum 0\n", "checksum zz\nend\n",
                                           "checksum cbf29ce484222325\n"};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        file = fopen(path, "w");
        fputs(contents[i], file);
        fclose(file);
        cr_expect_null(cache_load(layout->build_id), "%s", contents[i]);
    }
    cache_store(layout); /* replaces it */
    struct layout *loaded = cache_load(layout->build_id);
    cr_expect_not_null(loaded);
    layout_destroy(loaded);
}

Test(cache, ignores_files_under_another_name) {
    const struct layout *layout = fixture_layout("3.13.0");
    cache_store(layout);
    char path[512], other[512], *id;
    entry_path(path);
    strcpy(other, path);
    id = strrchr(other, '/') + 1;
    id[0] = id[0] == 'a' ? 'b' : 'a';
    cr_assert_eq(rename(path, other), 0);
    char build_id[65];
    strcpy(build_id, layout->build_id);
    build_id[0] = id[0];
    cr_expect_null(cache_load(build_id));
}

Test(cache, is_silent_without_a_folder) {
    const struct layout *layout = fixture_layout("3.13.0");
    setenv("XDG_CACHE_HOME", "/proc/no/such", 1);
    cache_store(layout);
    cr_expect_null(cache_load(layout->build_id));
    setenv("XDG_CACHE_HOME", "relative", 1);
    unsetenv("HOME");
    cache_store(layout);
    cr_expect_null(cache_load(layout->build_id));
}

Test(cache, keeps_no_layout_without_build_id) {
    struct layout layout = *fixture_layout("3.13.0");
    layout.build_id[0] = '\0';
    cache_store(&layout);
    cr_expect_null(cache_load(""));
}
