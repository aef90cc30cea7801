#include "source/memory_file.h"

#include "attach/procfs.h"
#include "base/cleanup.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    HEADERS_MAX = 64,
    DYNAMIC_MAX = 4096, /* entries */
    SEGMENT_MAX = 64 << 20,
    PIECE = 1 << 20,
};

struct memory_file {
    pid_t pid;
    uint64_t bias;
    Elf64_Ehdr header;
    Elf64_Phdr segments[HEADERS_MAX];
    int fd; /* the copy */
    uint64_t end;
};

static bool write_at(struct memory_file *file, uint64_t offset, const void *from, size_t size) {
    if (pwrite(file->fd, from, size, (off_t)offset) != (ssize_t)size)
        return false;
    file->end = offset + size > file->end ? offset + size : file->end;
    return true;
}

static bool read_headers(struct memory_file *file, const struct map *map) {
    Elf64_Ehdr *header = &file->header;
    if (!proc_read_memory(file->pid, map->start, header, sizeof *header) ||
        memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_phentsize != sizeof(Elf64_Phdr) || !header->e_phnum ||
        header->e_phnum > HEADERS_MAX || header->e_phoff > map_size(map) ||
        !proc_read_memory(file->pid, map->start + header->e_phoff, file->segments,
                          header->e_phnum * sizeof(Elf64_Phdr)))
        return false;
    for (size_t i = 0; i < header->e_phnum; i++) {
        const Elf64_Phdr *segment = &file->segments[i];
        if (segment->p_type != PT_LOAD)
            continue;
        file->bias = map->start - (segment->p_vaddr - segment->p_offset);
        return segment->p_offset < 4096;
    }
    return false;
}

/* Code behind the first segment stays behind: reading it would only make it resident there. */
static bool is_wanted(const Elf64_Phdr *segment) {
    return segment->p_type == PT_LOAD && segment->p_filesz <= SEGMENT_MAX &&
           segment->p_offset <= SEGMENT_MAX * (uint64_t)HEADERS_MAX &&
           (!(segment->p_flags & PF_X) || segment->p_offset == 0);
}

static struct err *copy_segments(struct memory_file *file) {
    _cleanup_(cleanup_free) char *piece = malloc(PIECE);
    if (!piece)
        return err_no_memory();
    for (size_t i = 0; i < file->header.e_phnum; i++) {
        const Elf64_Phdr *segment = &file->segments[i];
        for (uint64_t done = 0, size; is_wanted(segment) && done < segment->p_filesz;
             done += size) {
            size = segment->p_filesz - done < PIECE ? segment->p_filesz - done : PIECE;
            if (!proc_read_memory(file->pid, file->bias + segment->p_vaddr + done, piece, size))
                memset(piece, 0, size); /* it may have changed its protection */
            if (!write_at(file, segment->p_offset + done, piece, size))
                return err_errno(ERR_FAILED, errno, "no room for a copy of an ELF file");
        }
    }
    return NULL;
}

/* The offset in the file of an address, as the file has it or, where the C library relocated its
 * dynamic section, in the process. 0: none. */
static uint64_t offset_of(const struct memory_file *file, uint64_t address, uint64_t *room) {
    const uint64_t tried[] = {address, address - file->bias};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < file->header.e_phnum; i++) {
            const Elf64_Phdr *segment = &file->segments[i];
            uint64_t skip = tried[k] - segment->p_vaddr;
            if (!is_wanted(segment) || tried[k] < segment->p_vaddr || skip >= segment->p_filesz)
                continue;
            *room = segment->p_filesz - skip;
            return segment->p_offset + skip;
        }
    }
    return 0;
}

enum { NO_SECTION, DYNSYM, DYNSTR, DYNAMIC, NAMES, SECTIONS };

/* Where the dynamic section says that symbols and names are. They follow each other in every file
 * that GNU ld, gold and lld make, so that the one's start is the other's end. */
static void find_dynamic(struct memory_file *file, const Elf64_Phdr *dynamic, Elf64_Shdr *headers) {
    uint64_t symbols = 0, names = 0, names_size = 0, room = 0;
    for (size_t i = 0; i < DYNAMIC_MAX && i < dynamic->p_memsz / sizeof(Elf64_Dyn); i++) {
        Elf64_Dyn entry;
        if (!proc_read_memory(file->pid, file->bias + dynamic->p_vaddr + i * sizeof entry, &entry,
                              sizeof entry) ||
            entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag == DT_SYMTAB)
            symbols = offset_of(file, entry.d_un.d_ptr, &room);
        else if (entry.d_tag == DT_STRTAB)
            names = offset_of(file, entry.d_un.d_ptr, &room);
        else if (entry.d_tag == DT_STRSZ)
            names_size = entry.d_un.d_val;
    }
    if (!symbols || names <= symbols)
        return;
    headers[DYNSYM].sh_offset = symbols;
    headers[DYNSYM].sh_size = (names - symbols) / sizeof(Elf64_Sym) * sizeof(Elf64_Sym);
    headers[DYNSTR].sh_offset = names;
    headers[DYNSTR].sh_size = names_size < SEGMENT_MAX ? names_size : 0;
    headers[DYNAMIC].sh_addr = dynamic->p_vaddr;
    headers[DYNAMIC].sh_offset = dynamic->p_offset;
    headers[DYNAMIC].sh_size = dynamic->p_filesz;
}

static bool write_sections(struct memory_file *file) {
    static const char names[] = "\0.dynsym\0.dynstr\0.dynamic\0.shstrtab";
    Elf64_Shdr headers[SECTIONS] = {
        [DYNSYM] = {.sh_name = 1, .sh_type = SHT_DYNSYM, .sh_link = DYNSTR, .sh_entsize = 24},
        [DYNSTR] = {.sh_name = 9, .sh_type = SHT_STRTAB},
        [DYNAMIC] = {.sh_name = 17, .sh_type = SHT_DYNAMIC, .sh_link = DYNSTR, .sh_entsize = 16},
        [NAMES] = {.sh_name = 26, .sh_type = SHT_STRTAB, .sh_size = sizeof names},
    };
    for (size_t i = 0; i < file->header.e_phnum; i++) {
        if (file->segments[i].p_type == PT_DYNAMIC)
            find_dynamic(file, &file->segments[i], headers);
    }
    for (int i = 0; i < SECTIONS; i++)
        headers[i].sh_addralign = 1;
    headers[NAMES].sh_offset = file->end;
    if (!write_at(file, file->end, names, sizeof names))
        return false;
    file->header.e_shoff = (file->end + 7) & ~(uint64_t)7;
    file->header.e_shentsize = sizeof(Elf64_Shdr);
    file->header.e_shnum = SECTIONS;
    file->header.e_shstrndx = NAMES;
    return write_at(file, file->header.e_shoff, headers, sizeof headers) &&
           write_at(file, 0, &file->header, sizeof file->header);
}

static const char opened_by[] = "/proc/self/fd/";

bool memory_file_is(const struct elf_file *file) {
    return !strncmp(elf_file_path(file), opened_by, strlen(opened_by));
}

static struct err *rebuild(struct memory_file *file, struct elf_file **ret) {
    char path[32];
    TRY(copy_segments(file));
    if (!write_sections(file))
        return err_errno(ERR_FAILED, errno, "no room for a copy of an ELF file");
    snprintf(path, sizeof path, "%s%d", opened_by, file->fd);
    return elf_file_open(NULL, path, ret);
}

struct err *memory_file_open(pid_t pid, const struct map *map, struct elf_file **ret) {
    struct memory_file file = {.pid = pid};
    if (map->offset || !read_headers(&file, map))
        return err_new(ERR_NO_LAYOUT, "%s is not an ELF file", map->path);
    file.fd = memfd_create("heapglass", MFD_CLOEXEC);
    if (file.fd < 0)
        return err_errno(ERR_FAILED, errno, "no room for a copy of %s", map->path);
    struct err *err = rebuild(&file, ret);
    close(file.fd);
    return err;
}
