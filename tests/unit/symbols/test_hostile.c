/* Damaged ELF files and DWARF: any answer is fine, as long as there is one. */
#include "samples.h"
#include "symbols/debuginfo.h"
#include "symbols/dwarf_structs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char *read_sample(const char *name, size_t *size) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SAMPLES, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    static unsigned char buffer[1 << 18];
    *size = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    cr_assert(*size > 1000 && *size < sizeof buffer);
    unsigned char *bytes = malloc(*size);
    memcpy(bytes, buffer, *size);
    return bytes;
}

/* Opens bytes as a file and asks it everything. */
static bool survive(const unsigned char *bytes, size_t size) {
    int fd = memfd_create("hostile", MFD_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct elf_file *file = NULL;
    struct err *err = elf_file_open(NULL, path, &file);
    close(fd);
    if (err) {
        err_free(err);
        return false;
    }
    struct elf_symbol symbols[] = {{.name = "sample_constant"}, {.name = "hidden_static"}};
    elf_file_find_symbols(file, symbols, 2);
    uint64_t value;
    elf_file_read(file, symbols[0].address, &value, sizeof value);
    elf_file_bias(file, 0x400000, 0, &value);
    uint32_t crc;
    elf_file_soname(file);
    elf_file_debuglink(file, &crc);
    struct dwarf_member members[] = {{.paths = "inner.list.tail"}, {.paths = "middle"}};
    struct dwarf_struct wanted[] = {
        {.names = "sample_typedef", .members = members, .member_count = 2},
        {.names = "private_state"}};
    err_free(dwarf_find_structs(file, wanted, 2));
    elf_file_close(file);
    return true;
}

Test(hostile, cut_off_anywhere, .timeout = 60) {
    size_t size;
    unsigned char *bytes = read_sample("libsample_dwarf5.so", &size);
    cr_expect(survive(bytes, size));
    for (size_t length = 0; length < size; length += length < 512 ? 7 : 97)
        survive(bytes, length);
    free(bytes);
}

Test(hostile, garbage_in_headers, .timeout = 60) {
    size_t size;
    unsigned char *bytes = read_sample("libsample_dwarf5.so", &size);
    unsigned char *damaged = malloc(size);
    uint32_t random = 1;
    for (int round = 0; round < 1500; round++) {
        memcpy(damaged, bytes, size);
        for (int flip = 0; flip < 1 + round % 8; flip++) {
            random = random * 1664525 + 1013904223;
            /* ELF header and segments; section headers, at the end; anything */
            size_t at = round % 3 == 0 ? random % 1024 : random % size;
            if (round % 3 == 1)
                at = size - 1 - random % 2560;
            damaged[at] = (unsigned char)(random >> 24);
        }
        survive(damaged, size);
    }
    free(damaged);
    free(bytes);
}
