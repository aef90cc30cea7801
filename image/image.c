#include "image/image.h"

#include "base/arena.h"
#include "base/vec.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    PAGES_PER_CHUNK = IMAGE_CHUNK_SIZE / IMAGE_PAGE_SIZE,
    READ_AHEAD = 64 << 10, /* bytes asked of the pager at once, at most */
};

struct image_private {
    uint64_t chunk_count, chunk_capacity;
    struct image_pager pager;
    pthread_mutex_t pager_lock;
    struct arena names;
    struct vec(struct image_mapping) mappings;
    struct vec(struct image_module) modules;
    struct vec(struct image_symbol) symbols, data_symbols;
    struct vec(struct image_thread) threads;
};

/* Stands where nothing is mirrored, so that image_place needs no test for it. */
static struct image_node empty_node;

struct err *image_create(uint64_t capacity, struct image **ret) {
    struct image *image = calloc(1, sizeof *image);
    struct image_private *private = calloc(1, sizeof *private);
    if (!image || !private) {
        free(image);
        free(private);
        return err_no_memory();
    }
    for (size_t i = 0; i < 1 << IMAGE_ROOT_BITS; i++)
        image->root[i] = &empty_node;
    image->private = private;
    pthread_mutex_init(&private->pager_lock, NULL);
    uint64_t chunks = (capacity >> IMAGE_CHUNK_SHIFT) + 1;
    private->chunk_capacity = chunks;
    image->pages = calloc(chunks * PAGES_PER_CHUNK / 64, sizeof *image->pages);
    image->chunk_address = calloc(chunks, sizeof *image->chunk_address);
    /* One chunk more than needed, to align the start to a huge page. */
    size_t reservation = (chunks + 1) << IMAGE_CHUNK_SHIFT;
    uint8_t *memory =
        mmap(NULL, reservation, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || !image->pages || !image->chunk_address) {
        if (memory != MAP_FAILED)
            munmap(memory, reservation);
        image_destroy(image);
        return err_no_memory();
    }
    uintptr_t aligned = ((uintptr_t)memory + IMAGE_CHUNK_SIZE - 1) & -(uintptr_t)IMAGE_CHUNK_SIZE;
    size_t before = aligned - (uintptr_t)memory;
    if (before)
        munmap(memory, before);
    munmap((uint8_t *)aligned + (chunks << IMAGE_CHUNK_SHIFT), IMAGE_CHUNK_SIZE - before);
    image->mirror = (uint8_t *)aligned;
    *ret = image;
    return NULL;
}

void image_destroy(struct image *image) {
    if (!image)
        return;
    struct image_private *private = image->private;
    if (image->mirror)
        munmap(image->mirror, private->chunk_capacity << IMAGE_CHUNK_SHIFT);
    for (size_t i = 0; i < 1 << IMAGE_ROOT_BITS; i++) {
        if (image->root[i] != &empty_node)
            free(image->root[i]);
    }
    free(image->pages);
    free(image->chunk_address);
    vec_free(&private->mappings);
    vec_free(&private->modules);
    vec_free(&private->symbols);
    vec_free(&private->data_symbols);
    vec_free(&private->threads);
    arena_clear(&private->names);
    pthread_mutex_destroy(&private->pager_lock);
    free(private);
    free(image);
}

static struct err *reserve_chunk(struct image *image, uint64_t address) {
    struct image_private *private = image->private;
    struct image_node **node = &image->root[address >> (IMAGE_CHUNK_SHIFT + IMAGE_NODE_BITS)];
    if (*node == &empty_node) {
        struct image_node *fresh = calloc(1, sizeof *fresh);
        if (!fresh)
            return err_no_memory();
        *node = fresh;
    }
    uint32_t *chunk =
        &(*node)->chunk[(address >> IMAGE_CHUNK_SHIFT) & ((1u << IMAGE_NODE_BITS) - 1)];
    if (*chunk)
        return NULL;
    if (private->chunk_count == private->chunk_capacity)
        return err_new(
            ERR_BUDGET,
            "the process has grown beyond the %llu MiB foreseen for its image; try again",
            (unsigned long long)(private->chunk_capacity << IMAGE_CHUNK_SHIFT >> 20));
    uint8_t *local = image->mirror + (private->chunk_count << IMAGE_CHUNK_SHIFT);
    if (mprotect(local, IMAGE_CHUNK_SIZE, PROT_READ | PROT_WRITE))
        return err_no_memory();
    image->chunk_address[private->chunk_count] = address & -(uint64_t)IMAGE_CHUNK_SIZE;
    *chunk = (uint32_t)++ private->chunk_count;
    image->mirror_size = private->chunk_count << IMAGE_CHUNK_SHIFT;
    return NULL;
}

struct err *image_reserve(struct image *image, uint64_t start, uint64_t end) {
    if (end >> IMAGE_ADDRESS_BITS || start > end)
        return err_new(ERR_FAILED, "address range %#llx-%#llx is outside of user space",
                       (unsigned long long)start, (unsigned long long)end);
    for (uint64_t at = start & -(uint64_t)IMAGE_CHUNK_SIZE; at < end; at += IMAGE_CHUNK_SIZE)
        TRY(reserve_chunk(image, at));
    return NULL;
}

/* How many bytes from place on lie in chunks that are neighbours both here and in the process. */
static uint64_t contiguous(const struct image *image, uint64_t place, uint64_t wanted) {
    const uint64_t *address = image->chunk_address;
    uint64_t chunk = place >> IMAGE_CHUNK_SHIFT;
    uint64_t length = IMAGE_CHUNK_SIZE - (place & (IMAGE_CHUNK_SIZE - 1));
    while (length < wanted && chunk + 1 < image->private->chunk_count &&
           address[chunk + 1] == address[chunk] + IMAGE_CHUNK_SIZE) {
        length += IMAGE_CHUNK_SIZE;
        chunk++;
    }
    return length < wanted ? length : wanted;
}

void *image_writable(struct image *image, uint64_t start, uint64_t end, size_t *length) {
    uint64_t place = image_place(image, start);
    *length = 0;
    if (place == UINT64_MAX || end <= start)
        return NULL;
    *length = contiguous(image, place, end - start);
    return image->mirror + place;
}

static void mark_page(struct image *image, uint64_t place) {
    uint64_t page = place >> IMAGE_PAGE_SHIFT;
    __atomic_fetch_or(&image->pages[page / 64], (uint64_t)1 << page % 64, __ATOMIC_RELEASE);
}

void image_mark_present(struct image *image, uint64_t start, uint64_t end) {
    uint64_t at = (start + IMAGE_PAGE_SIZE - 1) & -(uint64_t)IMAGE_PAGE_SIZE;
    while (at + IMAGE_PAGE_SIZE <= end) {
        uint64_t place = image_place(image, at);
        uint64_t chunk_end = (at & -(uint64_t)IMAGE_CHUNK_SIZE) + IMAGE_CHUNK_SIZE;
        uint64_t stop = chunk_end < end ? chunk_end : end;
        if (place == UINT64_MAX) {
            at = stop;
            continue;
        }
        for (; at + IMAGE_PAGE_SIZE <= stop; at += IMAGE_PAGE_SIZE, place += IMAGE_PAGE_SIZE)
            mark_page(image, place);
    }
}

struct err *image_add_bytes(struct image *image, uint64_t address, const void *bytes, size_t size) {
    if (!size)
        return NULL;
    TRY(image_reserve(image, address, address + size));
    const uint8_t *from = bytes;
    uint64_t at = address;
    while (at < address + size) {
        size_t length = 0;
        void *to = image_writable(image, at, address + size, &length);
        memcpy(to, from, length);
        from += length;
        at += length;
    }
    image_mark_present(image, address & -(uint64_t)IMAGE_PAGE_SIZE,
                       (address + size + IMAGE_PAGE_SIZE - 1) & -(uint64_t)IMAGE_PAGE_SIZE);
    return NULL;
}

void image_set_pager(struct image *image, struct image_pager pager) {
    image->private->pager = pager;
}

static bool ask_pager(struct image *image, uint64_t place, uint64_t end) {
    struct image_pager *pager = &image->private->pager;
    if (!pager->read(pager->context, image_address_of_place(image, place), image->mirror + place,
                     end - place))
        return false;
    for (; place < end; place += IMAGE_PAGE_SIZE)
        mark_page(image, place);
    return true;
}

/* Brings the page, and with it the absent ones around it: a call costs as much as 64 KiB. */
static bool fetch_page(struct image *image, uint64_t place) {
    struct image_private *private = image->private;
    if (!private->pager.read)
        return false;
    uint64_t page = place & -(uint64_t)IMAGE_PAGE_SIZE, first = page, end = page + IMAGE_PAGE_SIZE;
    uint64_t block = place & -(uint64_t)READ_AHEAD;
    pthread_mutex_lock(&private->pager_lock);
    bool there = image_page_present(image, page);
    while (!there && first > block && !image_page_present(image, first - IMAGE_PAGE_SIZE))
        first -= IMAGE_PAGE_SIZE;
    while (!there && end < block + READ_AHEAD && !image_page_present(image, end))
        end += IMAGE_PAGE_SIZE;
    there = there || ask_pager(image, first, end) || ask_pager(image, page, page + IMAGE_PAGE_SIZE);
    pthread_mutex_unlock(&private->pager_lock);
    return there;
}

const void *image_pin_some(const struct image *image, uint64_t address, size_t size,
                           size_t *available) {
    uint64_t place = image_place(image, address);
    *available = 0;
    if (place == UINT64_MAX || !size)
        return NULL;
    uint64_t length = contiguous(image, place, size);
    uint64_t at = place;
    while (at < place + length) {
        uint64_t page = at >> IMAGE_PAGE_SHIFT;
        if (page % 64 == 0 &&
            __atomic_load_n(&image->pages[page / 64], __ATOMIC_ACQUIRE) == ~(uint64_t)0) {
            at = (page + 64) << IMAGE_PAGE_SHIFT;
        } else if (image_page_present(image, at) || fetch_page((struct image *)image, at)) {
            at = (at & -(uint64_t)IMAGE_PAGE_SIZE) + IMAGE_PAGE_SIZE;
        } else {
            break;
        }
    }
    uint64_t found = at - place;
    *available = found < length ? found : length;
    return *available ? image->mirror + place : NULL;
}

const void *image_pin_slow(const struct image *image, uint64_t address, size_t size) {
    size_t available = 0;
    const void *bytes = image_pin_some(image, address, size ? size : 1, &available);
    return available >= size ? bytes : NULL;
}

bool image_read_string(const struct image *image, uint64_t address, char *to, size_t size) {
    size_t available = 0;
    const char *text = image_pin_some(image, address, size, &available);
    const char *end = text ? memchr(text, '\0', available) : NULL;
    if (!end)
        return false;
    memcpy(to, text, (size_t)(end - text) + 1);
    return true;
}

/* ---- what the image says of the process ------------------------------------------------------ */

#define ADD(list, item) (vec_push(&image->private->list, item) ? NULL : err_no_memory())

struct err *image_add_mapping(struct image *image, const struct image_mapping *mapping) {
    struct image_mapping copy = *mapping;
    copy.path = arena_strdup(&image->private->names, mapping->path ? mapping->path : "");
    return copy.path ? ADD(mappings, copy) : err_no_memory();
}

struct err *image_add_module(struct image *image, const struct image_module *module) {
    struct image_module copy = *module;
    copy.path = arena_strdup(&image->private->names, module->path);
    return copy.path ? ADD(modules, copy) : err_no_memory();
}

struct err *image_add_symbol(struct image *image, const struct image_symbol *symbol) {
    struct image_symbol copy = *symbol;
    copy.name = arena_strdup(&image->private->names, symbol->name);
    return copy.name ? ADD(symbols, copy) : err_no_memory();
}

struct err *image_add_data_symbol(struct image *image, const struct image_symbol *symbol) {
    struct image_symbol copy = *symbol;
    copy.name = arena_strdup(&image->private->names, symbol->name);
    return copy.name ? ADD(data_symbols, copy) : err_no_memory();
}

struct err *image_add_thread(struct image *image, const struct image_thread *thread) {
    return ADD(threads, *thread);
}

const struct image_mapping *image_mappings(const struct image *image, size_t *count) {
    *count = image->private->mappings.count;
    return image->private->mappings.items;
}

const struct image_module *image_modules(const struct image *image, size_t *count) {
    *count = image->private->modules.count;
    return image->private->modules.items;
}

const struct image_thread *image_threads(const struct image *image, size_t *count) {
    *count = image->private->threads.count;
    return image->private->threads.items;
}

const struct image_mapping *image_mapping_at(const struct image *image, uint64_t address) {
    size_t low = 0, high = image->private->mappings.count;
    const struct image_mapping *items = image->private->mappings.items;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < image->private->mappings.count && items[low].start <= address ? &items[low] : NULL;
}

const struct image_module *image_module_at(const struct image *image, uint64_t address) {
    size_t low = 0, high = image->private->modules.count;
    const struct image_module *items = image->private->modules.items;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < image->private->modules.count && items[low].start <= address ? &items[low] : NULL;
}

const struct image_symbol *image_find_symbol(const struct image *image, const char *name,
                                             uint32_t module) {
    vec_each (symbol, &image->private->symbols) {
        if ((module == UINT32_MAX || symbol->module == module) && !strcmp(symbol->name, name))
            return symbol;
    }
    return NULL;
}

const struct image_symbol *image_symbols(const struct image *image, size_t *count) {
    *count = image->private->symbols.count;
    return image->private->symbols.items;
}

const struct image_symbol *image_symbol_at(const struct image *image, uint64_t address) {
    size_t low = 0, high = image->private->data_symbols.count;
    const struct image_symbol *items = image->private->data_symbols.items;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low && address - items[low - 1].address < items[low - 1].size ? &items[low - 1] : NULL;
}
