/* ELF files, which may be another container's: everything that is read of them but DWARF. */
#include "tests/fuzz/fuzz.h"

#include "symbols/elf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void read_everything(struct elf_file *file) {
    struct elf_symbol symbols[] = {{.name = "_PyRuntime"}, {.name = "arenas"}, {.name = ""}};
    struct elf_section section;
    char build_id[2 * ELF_BUILD_ID_MAX + 1];
    uint64_t bias = 0;
    uint32_t crc = 0;
    uint8_t bytes[64];
    elf_file_find_symbols(file, symbols, sizeof symbols / sizeof *symbols);
    elf_file_build_id_text(file, build_id);
    elf_file_architecture(file);
    elf_file_soname(file);
    elf_file_debuglink(file, &crc);
    elf_file_crc(file, &crc);
    elf_file_bias(file, 0x7f0000001000, 0x1000, &bias);
    if (elf_file_section(file, ".data", &section))
        elf_file_read(file, section.address, bytes, sizeof bytes);
    for (size_t i = 0; i < 2; i++)
        elf_file_read(file, symbols[i].address, bytes, sizeof bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    struct elf_file *file = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct err *err = elf_file_open("", path, &file);
    if (!err)
        read_everything(file);
    err_free(err);
    elf_file_close(file);
    close(fd);
    return 0;
}
