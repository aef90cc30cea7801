#include "symbols/elf_file.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    SEGMENTS_MAX = 64, /* loadable ones; real files have 4 to 12 */
    SYMBOLS_MAX = 1 << 24,
    NOTES_MAX = 1 << 16, /* bytes of one note section or segment */
};

struct elf_file {
    int fd;
    Elf *elf;
    char *path;
    uint64_t file_size;
    unsigned machine;
    GElf_Phdr loads[SEGMENTS_MAX];
    size_t load_count;
    GElf_Phdr relro; /* what is read-only once it was relocated; zero if there is none */
    uint8_t build_id[ELF_BUILD_ID_MAX];
    size_t build_id_size;
    struct arena arena; /* soname, debuglink */
};

bool symbols_hidden(const char *word) {
    const char *list = getenv("HEAPGLASS_HIDE");
    while (list && *list) {
        size_t length = strcspn(list, ",");
        if (length == strlen(word) && !memcmp(list, word, length))
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_in_root(const char *root, const char *path) {
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY; /* a FIFO must not make us wait */
    if (!root || !*root)
        return open(path, flags);
    _cleanup_(cleanup_fd) int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -1;
    struct open_how how = {.flags = (uint64_t)flags,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != ENOSYS)
        return fd;
    while (*path == '/')
        path++;
    return openat(directory, path, flags | O_NOFOLLOW);
}

static bool range_in_file(const struct elf_file *file, uint64_t offset, uint64_t size) {
    return offset <= file->file_size && size <= file->file_size - offset;
}

static void read_note(struct elf_file *file, Elf_Data *data) {
    size_t at = 0, name_at, description_at;
    GElf_Nhdr note;
    while (at < data->d_size &&
           (at = gelf_getnote(data, at, &note, &name_at, &description_at)) > 0) {
        const char *bytes = data->d_buf;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
            !memcmp(bytes + name_at, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) && note.n_descsz > 0 &&
            note.n_descsz <= ELF_BUILD_ID_MAX) {
            memcpy(file->build_id, bytes + description_at, note.n_descsz);
            file->build_id_size = note.n_descsz;
            return;
        }
    }
}

static void read_segments(struct elf_file *file) {
    size_t count = 0;
    if (elf_getphdrnum(file->elf, &count))
        return;
    for (size_t i = 0; i < count && i < 4096; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(file->elf, (int)i, &header))
            return;
        if (header.p_type == PT_LOAD && file->load_count < SEGMENTS_MAX) {
            file->loads[file->load_count++] = header;
        } else if (header.p_type == PT_GNU_RELRO) {
            file->relro = header;
        } else if (header.p_type == PT_NOTE && !file->build_id_size &&
                   header.p_filesz <= NOTES_MAX &&
                   range_in_file(file, header.p_offset, header.p_filesz)) {
            Elf_Data *data =
                elf_getdata_rawchunk(file->elf, (int64_t)header.p_offset, header.p_filesz,
                                     header.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
            if (data && data->d_buf)
                read_note(file, data);
        }
    }
}

/* The segments of a separate debug file describe bytes that it does not hold: there, and where
 * section headers are all we have, the note section is what counts. */
static void read_build_id_section(struct elf_file *file) {
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE ||
            header.sh_size > NOTES_MAX || !range_in_file(file, header.sh_offset, header.sh_size))
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        if (data && data->d_buf)
            read_note(file, data);
        if (file->build_id_size)
            return;
    }
}

static struct err *read_headers(struct elf_file *file) {
    struct stat status;
    if (fstat(file->fd, &status))
        return err_errno(ERR_FAILED, errno, "%s", file->path);
    if (!S_ISREG(status.st_mode))
        return err_new(ERR_FAILED, "%s: not a regular file", file->path);
    file->file_size = (uint64_t)status.st_size;
    file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
    if (!file->elf || elf_kind(file->elf) != ELF_K_ELF)
        return err_new(ERR_NO_LAYOUT, "%s: not an ELF file", file->path);
    GElf_Ehdr header;
    if (!gelf_getehdr(file->elf, &header))
        return err_new(ERR_NO_LAYOUT, "%s: damaged ELF header", file->path);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
        return err_new(ERR_NO_LAYOUT, "%s: not a 64-bit little-endian ELF file", file->path);
    file->machine = header.e_machine;
    read_build_id_section(file);
    read_segments(file);
    return NULL;
}

struct err *elf_file_open(const char *root, const char *path, struct elf_file **ret) {
    if (elf_version(EV_CURRENT) == EV_NONE)
        return err_new(ERR_FAILED, "libelf is of another version than its headers");
    struct elf_file *file = calloc(1, sizeof *file);
    if (!file)
        return err_no_memory();
    file->fd = -1;
    struct err *err = NULL;
    if (asprintf(&file->path, "%s%s", root ? root : "", path) < 0) {
        file->path = NULL;
        err = err_no_memory();
    } else if ((file->fd = open_in_root(root, path)) < 0) {
        err = err_errno(ERR_FAILED, errno, "%s", path);
    } else {
        err = read_headers(file);
    }
    if (err) {
        elf_file_close(file);
        return err;
    }
    *ret = file;
    return NULL;
}

void elf_file_close(struct elf_file *file) {
    if (!file)
        return;
    if (file->elf)
        elf_end(file->elf);
    if (file->fd >= 0)
        close(file->fd);
    arena_clear(&file->arena);
    free(file->path);
    free(file);
}

/* ---- simple facts ---------------------------------------------------------------------------- */

const char *elf_file_path(const struct elf_file *file) {
    return file->path;
}

struct Elf *elf_file_handle(struct elf_file *file) {
    return file->elf;
}

const char *elf_file_architecture(const struct elf_file *file) {
    switch (file->machine) {
    case EM_X86_64:
        return "x86_64";
    case EM_AARCH64:
        return "aarch64";
    case EM_RISCV:
        return "riscv64";
    case EM_PPC64:
        return "ppc64le";
    case EM_LOONGARCH:
        return "loongarch64";
    default:
        return "unknown";
    }
}

bool elf_file_identity(const struct elf_file *file, uint64_t *device, uint64_t *inode) {
    struct stat status;
    if (fstat(file->fd, &status))
        return false;
    *device = (uint64_t)major(status.st_dev) << 32 | minor(status.st_dev);
    *inode = status.st_ino;
    return true;
}

const uint8_t *elf_file_build_id(const struct elf_file *file, size_t *size) {
    *size = file->build_id_size;
    return file->build_id_size ? file->build_id : NULL;
}

void elf_file_build_id_text(const struct elf_file *file, char text[2 * ELF_BUILD_ID_MAX + 1]) {
    static const char digits[] = "0123456789abcdef";
    char *at = text;
    for (size_t i = 0; i < file->build_id_size; i++) {
        *at++ = digits[file->build_id[i] >> 4];
        *at++ = digits[file->build_id[i] & 15];
    }
    *at = '\0';
}

bool elf_file_bias(const struct elf_file *file, uint64_t mapping_start, uint64_t mapping_offset,
                   uint64_t *bias) {
    const GElf_Phdr *found = NULL;
    for (size_t i = 0; i < file->load_count; i++) {
        const GElf_Phdr *load = &file->loads[i];
        uint64_t page = load->p_offset & ~(uint64_t)4095;
        /* Neighbours may share a page of the file: a segment that starts there is the one meant. */
        if (mapping_offset == page ||
            (!found && mapping_offset > page && mapping_offset - load->p_offset < load->p_filesz))
            found = load;
    }
    if (found)
        *bias = mapping_start - mapping_offset - (found->p_vaddr - found->p_offset);
    return found != NULL;
}

bool elf_file_read_at(const struct elf_file *file, uint64_t offset, void *to, size_t size) {
    if (!range_in_file(file, offset, size))
        return false;
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(file->fd, (char *)to + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

bool elf_file_read(const struct elf_file *file, uint64_t address, void *to, size_t size) {
    for (size_t i = 0; i < file->load_count; i++) {
        const GElf_Phdr *load = &file->loads[i];
        uint64_t skip = address - load->p_vaddr;
        if (address < load->p_vaddr || skip > load->p_memsz || size > load->p_memsz - skip)
            continue;
        size_t in_file = skip >= load->p_filesz ? 0 : (size_t)(load->p_filesz - skip);
        if (in_file > size)
            in_file = size;
        memset((char *)to + in_file, 0, size - in_file);
        return elf_file_read_at(file, load->p_offset + skip, to, in_file);
    }
    return false;
}

/* ---- sections -------------------------------------------------------------------------------- */

static Elf_Scn *find_section(struct elf_file *file, const char *name, GElf_Shdr *header) {
    size_t names = 0;
    if (elf_getshdrstrndx(file->elf, &names))
        return NULL;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
        if (!gelf_getshdr(section, header))
            continue;
        const char *text = elf_strptr(file->elf, names, header->sh_name);
        if (text && !strcmp(text, name))
            return section;
    }
    return NULL;
}

bool elf_file_section(struct elf_file *file, const char *name, struct elf_section *section) {
    GElf_Shdr header;
    if (!find_section(file, name, &header))
        return false;
    *section = (struct elf_section){
        .address = header.sh_addr,
        .offset = header.sh_offset,
        .size = header.sh_size,
        .in_file =
            header.sh_type != SHT_NOBITS && range_in_file(file, header.sh_offset, header.sh_size),
    };
    return true;
}

const char *elf_file_soname(struct elf_file *file) {
    GElf_Shdr header;
    Elf_Scn *section = find_section(file, ".dynamic", &header);
    if (!section || header.sh_type != SHT_DYNAMIC ||
        !range_in_file(file, header.sh_offset, header.sh_size))
        return NULL;
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Dyn entry;
    for (int i = 0; data && i < 4096 && gelf_getdyn(data, i, &entry); i++) {
        if (entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag != DT_SONAME)
            continue;
        const char *name = elf_strptr(file->elf, header.sh_link, entry.d_un.d_val);
        return name ? arena_strdup(&file->arena, name) : NULL;
    }
    return NULL;
}

const char *elf_file_debuglink(struct elf_file *file, uint32_t *crc) {
    struct elf_section section;
    if (!elf_file_section(file, ".gnu_debuglink", &section) || !section.in_file ||
        section.size < 8 || section.size > 4096)
        return NULL;
    char *name = arena_alloc(&file->arena, section.size + 1);
    if (!name || !elf_file_read_at(file, section.offset, name, section.size))
        return NULL;
    size_t crc_at = (strlen(name) + 4) & ~(size_t)3; /* behind the name and its padding */
    if (crc_at + sizeof *crc > section.size || strchr(name, '/'))
        return NULL;
    memcpy(crc, name + crc_at, sizeof *crc);
    return name;
}

bool elf_file_crc(const struct elf_file *file, uint32_t *crc) {
    uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        table[i] = value;
    }
    uint32_t value = UINT32_MAX;
    uint8_t buffer[16384];
    for (uint64_t at = 0; at < file->file_size;) {
        size_t size = sizeof buffer;
        if (size > file->file_size - at)
            size = (size_t)(file->file_size - at);
        if (!elf_file_read_at(file, at, buffer, size))
            return false;
        for (size_t i = 0; i < size; i++)
            value = table[(value ^ buffer[i]) & 255] ^ value >> 8;
        at += size;
    }
    *crc = ~value;
    return true;
}

/* ---- symbols --------------------------------------------------------------------------------- */

/* Length of a symbol's clean name: without what the compiler appends (".lto_priv.0", ".isra.1").
 * 0 for pieces that it cut out of a function. */
static size_t clean_length(const char *name, size_t length) {
    const char *dot = memchr(name + 1, '.', length - 1);
    if (!dot)
        return length;
    return strstr(dot, ".cold") || strstr(dot, ".part") ? 0 : (size_t)(dot - name);
}

static void offer_symbol(struct elf_symbol *wanted, size_t count, const char *name, size_t length,
                         const Elf64_Sym *symbol) {
    size_t clean = clean_length(name, length);
    bool exact = clean == length;
    for (size_t i = 0; i < count; i++) {
        struct elf_symbol *want = &wanted[i];
        if (strncmp(want->name, name, clean) || want->name[clean] || !clean ||
            (want->exact && !exact))
            continue;
        if (exact && !want->exact)
            *want = (struct elf_symbol){.name = want->name, .exact = true};
        if (want->matches && want->address == symbol->st_value)
            continue; /* the same once more */
        if (!want->matches++) {
            want->address = symbol->st_value;
            want->size = symbol->st_size;
        }
    }
}

static bool wanted_kind(const Elf64_Sym *symbol) {
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
           (type == STT_OBJECT || type == STT_FUNC || type == STT_NOTYPE);
}

/* A symbol table and its names, as they are in the file. */
struct symbol_table {
    const char *symbols, *names;
    size_t count, names_size;
};

/* Tables are plain arrays in the file's byte order, which is ours. */
static bool read_table(struct elf_file *file, Elf_Scn *section, const GElf_Shdr *header,
                       struct symbol_table *table) {
    GElf_Shdr names_header;
    Elf_Scn *names_section = elf_getscn(file->elf, header->sh_link);
    if (!names_section || !gelf_getshdr(names_section, &names_header) ||
        names_header.sh_type != SHT_STRTAB ||
        !range_in_file(file, header->sh_offset, header->sh_size) ||
        !range_in_file(file, names_header.sh_offset, names_header.sh_size))
        return false;
    Elf_Data *symbols = elf_rawdata(section, NULL), *names = elf_rawdata(names_section, NULL);
    if (!symbols || !names || !symbols->d_buf || !names->d_buf)
        return false;
    size_t count = symbols->d_size / sizeof(Elf64_Sym);
    *table = (struct symbol_table){symbols->d_buf, names->d_buf,
                                   count < SYMBOLS_MAX ? count : SYMBOLS_MAX, names->d_size};
    return true;
}

/* Its name; NULL if that is empty or does not end within the table. */
static const char *symbol_at(const struct symbol_table *table, size_t index, Elf64_Sym *symbol,
                             size_t *length) {
    memcpy(symbol, table->symbols + index * sizeof *symbol, sizeof *symbol);
    if (symbol->st_name >= table->names_size)
        return NULL;
    const char *name = table->names + symbol->st_name;
    *length = strnlen(name, table->names_size - symbol->st_name);
    return *length && *length < table->names_size - symbol->st_name ? name : NULL;
}

static void scan_table(struct elf_file *file, Elf_Scn *section, const GElf_Shdr *header,
                       struct elf_symbol *wanted, size_t count) {
    struct symbol_table table;
    if (!read_table(file, section, header, &table))
        return;
    bool first_letter[256] = {false};
    for (size_t i = 0; i < count; i++)
        first_letter[(unsigned char)wanted[i].name[0]] = true;
    for (size_t i = 1; i < table.count; i++) {
        Elf64_Sym symbol;
        size_t length = 0;
        memcpy(&symbol, table.symbols + i * sizeof symbol, sizeof symbol);
        if (symbol.st_name >= table.names_size || !wanted_kind(&symbol) ||
            !first_letter[(unsigned char)table.names[symbol.st_name]])
            continue;
        const char *name = symbol_at(&table, i, &symbol, &length);
        if (name)
            offer_symbol(wanted, count, name, length, &symbol);
    }
}

/* True for data that the program may write as long as it runs: .data.rel.ro is none. */
static bool is_writable_data(const struct elf_file *file, const Elf64_Sym *symbol) {
    if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || symbol->st_shndx == SHN_UNDEF ||
        symbol->st_shndx == SHN_ABS || symbol->st_size < sizeof(uint64_t) ||
        symbol->st_value - file->relro.p_vaddr < file->relro.p_memsz)
        return false;
    for (size_t i = 0; i < file->load_count; i++) {
        const GElf_Phdr *load = &file->loads[i];
        uint64_t skip = symbol->st_value - load->p_vaddr;
        if (load->p_flags & PF_W && skip < load->p_memsz && symbol->st_size <= load->p_memsz - skip)
            return true;
    }
    return false;
}

/* Those of all tables of one kind; how many there were. */
static size_t visit_data(struct elf_file *file, unsigned kind, elf_data_visit *visit,
                         void *context) {
    GElf_Shdr header;
    struct symbol_table table;
    size_t count = 0;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
        if (!gelf_getshdr(section, &header) || header.sh_type != kind ||
            !read_table(file, section, &header, &table))
            continue;
        count += table.count;
        for (size_t i = 1; i < table.count; i++) {
            Elf64_Sym symbol;
            size_t length = 0;
            const char *name = symbol_at(&table, i, &symbol, &length);
            if (!name || !is_writable_data(file, &symbol))
                continue;
            size_t clean = clean_length(name, length);
            visit(context, name, clean ? clean : length, symbol.st_value, symbol.st_size);
        }
    }
    return count;
}

bool elf_file_visit_data(struct elf_file *file, elf_data_visit *visit, void *context) {
    /* .symtab has all that .dynsym has. */
    if (!symbols_hidden("symtab") && visit_data(file, SHT_SYMTAB, visit, context))
        return true;
    visit_data(file, SHT_DYNSYM, visit, context);
    return false;
}

void elf_file_find_symbols(struct elf_file *file, struct elf_symbol *wanted, size_t count) {
    /* .dynsym first: it is small, and what is exported is what other files mean by a name. */
    static const unsigned kinds[] = {SHT_DYNSYM, SHT_SYMTAB};
    size_t kind_count = symbols_hidden("symtab") ? 1 : 2;
    for (size_t kind = 0; kind < kind_count; kind++) {
        _cleanup_(cleanup_free) struct elf_symbol *missing = calloc(count + 1, sizeof *missing);
        _cleanup_(cleanup_free) size_t *index = calloc(count + 1, sizeof *index);
        size_t missing_count = 0;
        for (size_t i = 0; missing && index && i < count; i++) {
            if (wanted[i].matches || !wanted[i].name[0])
                continue;
            index[missing_count] = i;
            missing[missing_count++] = (struct elf_symbol){.name = wanted[i].name};
        }
        if (!missing_count)
            return;
        GElf_Shdr header;
        for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
            if (gelf_getshdr(section, &header) && header.sh_type == kinds[kind])
                scan_table(file, section, &header, missing, missing_count);
        }
        for (size_t i = 0; i < missing_count; i++)
            wanted[index[i]] = missing[i];
    }
}
