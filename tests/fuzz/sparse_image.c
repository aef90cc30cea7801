#include "tests/fuzz/sparse_image.h"

#include "tests/unit/fixture_layout.h"

/* Beyond it pieces are left out, so that an input costs little time. */
enum { MAX_IMAGE = 48 * IMAGE_CHUNK_SIZE, MAX_MAPPED_PAGES = 64, ADDRESS = 6 };

const char *const sparse_symbols[] = {"_PyRuntime", "arenas", "maxarenas", "interned", NULL};
const char *const sparse_layouts[] = {"3.11.2", "3.13.0", NULL};

/* Runtimes are found by their symbols' names; the image's lists are in order of address. */
struct reader {
    struct sparse_image *sparse;
    uint64_t mapping_end, module_end, mapped_pages;
    uint32_t module_count;
};

static void read_mapping(struct reader *reader, struct input *input) {
    uint64_t start = input_take(input, ADDRESS) & -(uint64_t)IMAGE_PAGE_SIZE;
    uint64_t end = start + (input_take(input, 2) << IMAGE_PAGE_SHIFT);
    uint64_t flags = input_take(input, 1);
    reader->mapped_pages += (end - start) >> IMAGE_PAGE_SHIFT;
    if (start < reader->mapping_end || end <= start || reader->mapped_pages > MAX_MAPPED_PAGES)
        return;
    reader->mapping_end = end;
    fuzz_must(image_add_mapping(reader->sparse->image,
                                &(struct image_mapping){
                                    .start = start,
                                    .end = end,
                                    .readable = true,
                                    .writable = flags & 1,
                                    .executable = flags & 2,
                                    .shared = flags & 4,
                                    .kind = (enum mapping_kind)((flags >> 3) % 5),
                                    .state = flags & 64 ? MAPPING_BEHIND : MAPPING_CAPTURED,
                                }));
}

static void read_module(struct reader *reader, struct input *input) {
    uint64_t start = input_take(input, ADDRESS) & -(uint64_t)IMAGE_PAGE_SIZE;
    uint64_t end = start + (input_take(input, 2) << IMAGE_PAGE_SHIFT);
    if (start < reader->module_end || end <= start)
        return;
    reader->module_end = end;
    reader->module_count++;
    struct image_module module = {.path = "/usr/bin/python3", .start = start, .end = end};
    fuzz_must(image_add_module(reader->sparse->image, &module));
}

static void read_symbol(struct reader *reader, struct input *input) {
    size_t count = sizeof sparse_symbols / sizeof *sparse_symbols - 1;
    struct image_symbol symbol = {.name = sparse_symbols[input_take(input, 1) % count]};
    symbol.address = input_take(input, ADDRESS);
    symbol.size = 8;
    if (reader->module_count)
        fuzz_must(image_add_symbol(reader->sparse->image, &symbol));
}

/* False if the image is full. */
static bool read_zeros(struct reader *reader, struct input *input) {
    struct image *image = reader->sparse->image;
    uint64_t start = input_take(input, ADDRESS) & -(uint64_t)IMAGE_PAGE_SIZE;
    uint64_t end = start + (input_take(input, 2) << IMAGE_PAGE_SHIFT);
    struct err *err = image_reserve(image, start, end);
    bool full = err && err_code(err) == ERR_BUDGET;
    if (!err)
        image_mark_present(image, start, end);
    err_free(err);
    return !full;
}

static bool read_piece(struct reader *reader, struct input *input) {
    uint64_t address = input_take(input, ADDRESS);
    size_t length = input_take(input, 2);
    if (length > input->left)
        length = input->left;
    struct err *err = image_add_bytes(reader->sparse->image, address, input->at, length);
    input->at += length;
    input->left -= length;
    bool full = err && err_code(err) == ERR_BUDGET;
    err_free(err);
    return !full;
}

void sparse_image_read(struct input *input, struct sparse_image *sparse) {
    struct reader reader = {.sparse = sparse};
    size_t layouts = sizeof sparse_layouts / sizeof *sparse_layouts - 1;
    fuzz_must(image_create(MAX_IMAGE, &sparse->image));
    sparse->layout = fixture_layout(sparse_layouts[input_take(input, 1) % layouts]);
    sparse->runtime = input_take(input, ADDRESS);
    bool more = true;
    while (more && input->left) {
        switch (input_take(input, 1)) {
        case 'M':
            read_mapping(&reader, input);
            break;
        case 'N':
            read_module(&reader, input);
            break;
        case 'S':
            read_symbol(&reader, input);
            break;
        case 'Z':
            more = read_zeros(&reader, input);
            break;
        case 'B':
            more = read_piece(&reader, input);
            break;
        default:
            more = false;
        }
    }
}

void sparse_image_free(struct sparse_image *sparse) {
    image_destroy(sparse->image);
}
