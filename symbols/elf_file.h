/* One ELF file, opened with suspicion: it may be another container's, cut off or a forgery.
 *
 * Read with pread, never mapped, so that a file that shrinks while it is read is an error and not a
 * SIGBUS. Only 64-bit little-endian files are taken. Addresses in here are those of the file;
 * elf_file_bias tells what to add for a mapped one. Not for several threads at once. */
#ifndef HEAPGLASS_SYMBOLS_ELF_FILE_H
#define HEAPGLASS_SYMBOLS_ELF_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file;

enum { ELF_BUILD_ID_MAX = 32 };

struct elf_section {
    uint64_t address, offset, size; /* size: 0 bytes in the file if !in_file */
    bool in_file;
};

/* A name to look up, and what was found. */
struct elf_symbol {
    const char *name;       /* set by the caller; clean: "arenas" also finds "arenas.lto_priv.0" */
    uint64_t address, size; /* of the first match, in the file's own addresses */
    unsigned matches;       /* 0: not found; more than 1: several statics share the clean name */
    bool exact;             /* found without a suffix; then those with one do not count */
};

/* True if the environment variable HEAPGLASS_HIDE, a list with commas, has the word. Tests, and
 * people who wonder, make us do without something: here "symtab" (look-ups see .dynsym only) and
 * "dwarf" (no separate debug files are found), elsewhere more. */
bool symbols_hidden(const char *word);

/* Opens a regular file. With `root` other than "" or NULL ("/proc/PID/root"), `path` and every link
 * on its way are looked up inside of it. ERR_FAILED if it can't be opened or is no ELF file we
 * take. */
struct err *elf_file_open(const char *root, const char *path, struct elf_file **ret) ERR_CHECK;
void elf_file_close(struct elf_file *file); /* NULL is fine */

const char *elf_file_path(const struct elf_file *file); /* with the root; borrowed */
const char *
elf_file_architecture(const struct elf_file *file); /* "x86_64", "aarch64", ...; a literal */

/* Which file of this machine it is: device (major << 32 | minor) and inode. */
bool elf_file_identity(const struct elf_file *file, uint64_t *device, uint64_t *inode);

/* The build-id; NULL and *size 0 if there is none. Borrowed. */
const uint8_t *elf_file_build_id(const struct elf_file *file, size_t *size);

/* Writes the build-id in hex, "" if there is none. */
void elf_file_build_id_text(const struct elf_file *file, char text[2 * ELF_BUILD_ID_MAX + 1]);

/* What to add to the file's addresses, given a mapping of it: where the mapping starts and at which
 * offset in the file. False if no loadable segment covers that offset. */
bool elf_file_bias(const struct elf_file *file, uint64_t mapping_start, uint64_t mapping_offset,
                   uint64_t *bias);

/* Fills in those of `wanted` that .dynsym or .symtab defines, in one pass over each; names that are
 * found already (matches != 0) are left alone. */
void elf_file_find_symbols(struct elf_file *file, struct elf_symbol *wanted, size_t count);

/* Called with a symbol's clean name, which does not end with a NUL, and its place in the file. */
typedef void elf_data_visit(void *context, const char *name, size_t length, uint64_t address,
                            uint64_t size);

/* Every symbol of data that the program may write, of a word at least, from .symtab or, where that was
 * stripped, .dynsym; one may come twice. False if there was no .symtab: a debug file would know more. */
bool elf_file_visit_data(struct elf_file *file, elf_data_visit *visit, void *context);

/* A section by its name. */
bool elf_file_section(struct elf_file *file, const char *name, struct elf_section *section);

/* Copies bytes at an address of the file, as they are before the program runs (zero where the
 * segment has no bytes in the file). False if no loadable segment covers them. */
bool elf_file_read(const struct elf_file *file, uint64_t address, void *to, size_t size);

/* Copies bytes at an offset of the file. */
bool elf_file_read_at(const struct elf_file *file, uint64_t offset, void *to, size_t size);

/* DT_SONAME, NULL if there is none; and the name and CRC in .gnu_debuglink. Owned by the file. */
const char *elf_file_soname(struct elf_file *file);
const char *elf_file_debuglink(struct elf_file *file, uint32_t *crc);

/* The CRC-32 of the whole file, as .gnu_debuglink has it. */
bool elf_file_crc(const struct elf_file *file, uint32_t *crc);

/* The libelf handle, for libdw. Borrowed. */
struct Elf;
struct Elf *elf_file_handle(struct elf_file *file);

#endif
