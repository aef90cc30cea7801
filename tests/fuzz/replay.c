/* Runs a fuzz target over files, or all files of a folder, without a fuzzer: over the corpus in
 * every build, and over findings. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 1 << 22 };

static unsigned replayed;

static void replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(LIMIT);
    if (!file || !bytes) {
        perror(path);
        exit(1);
    }
    size_t size = fread(bytes, 1, LIMIT, file);
    fclose(file);
    /* Of exactly its size, so that ASan sees reads beyond it. */
    uint8_t *exact = realloc(bytes, size ? size : 1);
    LLVMFuzzerTestOneInput(exact ? exact : bytes, size);
    free(exact ? exact : bytes);
    replayed++;
}

static void replay_folder(const char *folder, DIR *entries) {
    struct dirent *entry;
    while ((entry = readdir(entries))) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            replay_file(path);
    }
}

int main(int argument_count, char **arguments) {
    for (int i = 1; i < argument_count; i++) {
        DIR *entries = opendir(arguments[i]);
        if (entries) {
            replay_folder(arguments[i], entries);
            closedir(entries);
        } else {
            replay_file(arguments[i]);
        }
    }
    printf("%u files\n", replayed);
    return replayed == 0;
}
