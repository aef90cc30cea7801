#include "attach/modules.h"

#include "attach/file_fill.h"

#include <elf.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEADERS_MOST = 64, NOTES_MOST = 4096 };

struct module_reader {
    pid_t pid;
    const struct map *map; /* the one with offset 0 */
    uint64_t bias;
    bool by_file; /* the memory cannot be read */
};

static bool read_memory(pid_t pid, uint64_t address, void *to, size_t size) {
    struct iovec local = {to, size}, remote = {(void *)(uintptr_t)address, size};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool read_file(const struct module_reader *reader, uint64_t offset, void *to, size_t size) {
    struct file_fill file;
    if (!file_fill_open(&file, reader->pid, reader->map))
        return false;
    bool ok = pread(file.fd, to, size, (off_t)offset) == (ssize_t)size;
    file_fill_close(&file);
    return ok;
}

/* Bytes at an offset that the first mapping holds. */
static bool read_start(struct module_reader *reader, uint64_t offset, void *to, size_t size) {
    const struct map *map = reader->map;
    if (!reader->by_file && offset + size <= map_size(map) &&
        read_memory(reader->pid, map->start + offset, to, size))
        return true;
    reader->by_file = true;
    return read_file(reader, offset, to, size);
}

size_t module_build_id(const uint8_t *notes, size_t size, uint8_t build_id[32]) {
    size_t at = 0;
    while (size - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof note);
        at += sizeof note;
        size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
        size_t body = ((size_t)note.n_descsz + 3) & ~(size_t)3;
        if (name > size - at || body > size - at - name)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + at, "GNU", 4) == 0) {
            size_t length = note.n_descsz < 32 ? note.n_descsz : 32;
            memcpy(build_id, notes + at + name, length);
            return length;
        }
        at += name + body;
    }
    return 0;
}

static void find_build_id(struct module_reader *reader, const Elf64_Phdr *headers, size_t count,
                          struct image_module *module) {
    uint8_t notes[NOTES_MOST];
    for (size_t i = 0; i < count && !module->build_id_size; i++) {
        const Elf64_Phdr *header = &headers[i];
        if (header->p_type != PT_NOTE || !header->p_filesz || header->p_filesz > NOTES_MOST)
            continue;
        if (read_memory(reader->pid, reader->bias + header->p_vaddr, notes, header->p_filesz) ||
            read_file(reader, header->p_offset, notes, header->p_filesz))
            module->build_id_size = module_build_id(notes, header->p_filesz, module->build_id);
    }
}

static bool is_elf(const Elf64_Ehdr *header) {
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_phentsize == sizeof(Elf64_Phdr) &&
           header->e_phnum && header->e_phnum <= HEADERS_MOST;
}

/* False if the mapping does not begin an ELF file. */
static bool read_module(struct module_reader *reader, struct image_module *module) {
    Elf64_Ehdr header;
    Elf64_Phdr headers[HEADERS_MOST];
    if (!read_start(reader, 0, &header, sizeof header) || !is_elf(&header) ||
        !read_start(reader, header.e_phoff, headers, header.e_phnum * sizeof *headers))
        return false;
    const Elf64_Phdr *first = NULL;
    uint64_t last = 0;
    for (size_t i = 0; i < header.e_phnum; i++) {
        uint64_t end = headers[i].p_vaddr + headers[i].p_memsz;
        if (headers[i].p_type != PT_LOAD)
            continue;
        first = first ? first : &headers[i];
        last = end > last ? end : last;
    }
    if (!first)
        return false;
    /* The mapping is the start of the first segment. */
    reader->bias = reader->map->start - (first->p_vaddr - first->p_offset);
    uint64_t page = IMAGE_PAGE_SIZE - 1, end = (reader->bias + last + page) & ~page;
    module->bias = reader->bias;
    module->end = end > reader->map->end && end >> IMAGE_ADDRESS_BITS == 0 ? end : reader->map->end;
    find_build_id(reader, headers, header.e_phnum, module);
    return true;
}

static bool may_be_module(const struct maps *maps, size_t i) {
    const struct map *map = &maps->items[i];
    if (map->kind != MAPPING_FILE || map->offset || !map->inode || map->shared || !map->readable ||
        strncmp(map->path, "/dev/", 5) == 0)
        return false;
    if (map->executable)
        return true;
    /* Data files are mapped once; a module has its code beside it. */
    for (size_t k = i + 1; k < maps->count && k < i + 8; k++) {
        const struct map *other = &maps->items[k];
        if (other->executable && other->inode == map->inode && other->device == map->device)
            return true;
    }
    return false;
}

struct err *modules_find(pid_t pid, const struct maps *maps, module_found *found, void *context) {
    for (size_t i = 0; i < maps->count; i++) {
        struct module_reader reader = {.pid = pid, .map = &maps->items[i]};
        struct image_module module = {.path = reader.map->path, .start = reader.map->start};
        if (!may_be_module(maps, i) || !read_module(&reader, &module))
            continue;
        TRY(found(context, &module));
    }
    return NULL;
}
