/* Writes a seed for fuzz_heap: from a live process, an object of each type with what decoding
 * reads of them, in an image that is whole enough to be decoded (sparse_image.h).
 *
 * usage: make_seed PID PART PARTS FILE   takes every PARTS-th type, from the PART-th on */
#include "base/vec.h"
#include "introspect/heap/heap.h"
#include "introspect/layout/description.h"
#include "source/source.h"
#include "tests/fuzz/sparse_image.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BEFORE_OBJECT = 32,
    MOST_OF_OBJECT = 160,
    MOST_OF_BLOCK = 128,
    MAX_ARENAS = 4,
    MOST_OF_MAPPING = 4 << IMAGE_PAGE_SHIFT
};

struct word {
    uint64_t address, value;
    size_t order; /* the last one counts */
};

/* A structure that must be there as a whole, though few of its words matter. */
struct extent {
    uint64_t address, size;
};

struct seed {
    const struct image *image;
    const struct layout *layout;
    const struct heap *heap;
    struct vec(struct word) words;
    struct vec(struct extent) extents;
    uint64_t young; /* the head of a list that all chosen objects are put on */
    uint64_t last;
};

static void put_word(struct seed *seed, uint64_t address, uint64_t value) {
    struct word word = {address, value, seed->words.count};
    if (!vec_push(&seed->words, word))
        abort();
}

/* The words that hold a range of memory, as far as it is there. */
static void put_memory(struct seed *seed, uint64_t address, uint64_t size) {
    uint64_t value = 0;
    for (uint64_t at = address & -8ull; at < address + size; at += 8) {
        if (image_read_u64(seed->image, at, &value))
            put_word(seed, at, value);
    }
}

static uint64_t read_word(const struct seed *seed, uint64_t address) {
    uint64_t value = 0;
    return image_read_u64(seed->image, address, &value) ? value : 0;
}

/* The fields of a structure that the layout knows, zeros between. */
static void put_structure(struct seed *seed, const char *name, uint64_t address) {
    const struct structure_description *structure = layout_find_structure(name, strlen(name));
    struct extent extent = {address, layout_size(seed->layout, structure)};
    if (address && !vec_push(&seed->extents, extent))
        abort();
    for (size_t i = 0; address && i < structure->field_count; i++) {
        struct field field = layout_field(seed->layout, structure, i);
        if (field.size)
            put_memory(seed, address + field.offset, field.size < 8 ? field.size : 8);
    }
}

static void put_type(struct seed *seed, const struct type *type) {
    for (; type; type = type->base) {
        put_structure(seed, "object", type->address);
        put_structure(seed, "var_object", type->address);
        put_structure(seed, "type", type->address);
        if (type->heap_type)
            put_structure(seed, "heap_type", type->address);
        put_memory(seed, read_word(seed, type->address + seed->layout->type.tp_name.offset), 48);
    }
}

/* Pool headers, so that the allocator knows of the block. */
static void put_pool(struct seed *seed, uint64_t address) {
    uint64_t pool = address & -seed->layout->trait.pool_size;
    const struct image_mapping *mapping = image_mapping_at(seed->image, address);
    if (mapping && mapping->kind == MAPPING_ANONYMOUS)
        put_memory(seed, pool, seed->layout->pool_header.size);
}

/* An object, and the start of every block of memory that it points to and that is no object. */
static void put_object(struct seed *seed, uint32_t id, unsigned depth) {
    uint64_t address = heap_address(seed->heap, id), size = heap_size(seed->heap, id);
    uint64_t most = depth ? MOST_OF_OBJECT : MOST_OF_OBJECT / 4;
    size = size < most ? size : most;
    put_type(seed, heap_type(seed->heap, id));
    put_pool(seed, address);
    if (heap_type(seed->heap, id)->is_type)
        return;
    put_memory(seed, address - BEFORE_OBJECT, BEFORE_OBJECT + size);
    for (uint64_t at = address - BEFORE_OBJECT; depth && at < address + size; at += 8) {
        uint64_t target = read_word(seed, at);
        uint32_t found = heap_find(seed->heap, target);
        if (found != HEAP_NONE && depth > 1)
            put_object(seed, found, depth - 1);
        else if (found == HEAP_NONE && target > 4096)
            put_memory(seed, target - 16, depth > 1 ? MOST_OF_BLOCK : MOST_OF_BLOCK / 4);
    }
    enum gc_state state = heap_gc_state(seed->heap, id);
    if (depth < 2 || state == GC_NONE || state == GC_UNTRACKED)
        return;
    uint64_t entry = address - seed->layout->trait.header_before_gc;
    put_word(seed, seed->last + seed->layout->gc_head.gc_next.offset, entry);
    put_word(seed, entry + seed->layout->gc_head.gc_prev.offset, seed->last);
    seed->last = entry;
}

static void put_runtime(struct seed *seed, const struct runtime *runtime) {
    const struct layout *layout = seed->layout;
    size_t count = 0;
    put_structure(seed, "runtime", runtime_address(runtime));
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t gc = interpreters[i].gc;
        put_structure(seed, "interpreter", interpreters[i].address);
        put_structure(seed, "gc_state", gc);
        for (int generation = 0; generation < 3; generation++) {
            uint64_t head = gc + layout->gc_state.generations.offset +
                            (uint64_t)generation * layout->gc_generation.size;
            put_word(seed, head + layout->gc_head.gc_next.offset, head);
            put_word(seed, head + layout->gc_head.gc_prev.offset, head);
        }
        uint64_t permanent = gc + layout->gc_state.permanent_generation.offset;
        put_word(seed, permanent + layout->gc_head.gc_next.offset, permanent);
    }
    seed->young = interpreters[0].gc + layout->gc_state.generations.offset;
    seed->last = seed->young;
    const struct thread *threads = runtime_threads(runtime, &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t cframe = read_word(seed, threads[i].address + layout->thread.cframe.offset);
        put_structure(seed, "thread", threads[i].address);
        if (layout_has(layout->thread.cframe))
            put_structure(seed, "cframe", cframe);
        put_memory(seed, threads[i].current_frame, MOST_OF_BLOCK);
    }
}

/* The array of arenas; where it is depends on the version. */
static void put_arenas(struct seed *seed, const struct runtime *runtime) {
    const struct layout *layout = seed->layout;
    const struct image_symbol *symbol = image_find_symbol(seed->image, "arenas", UINT32_MAX);
    const struct image_symbol *maximum = image_find_symbol(seed->image, "maxarenas", UINT32_MAX);
    size_t count = 0;
    uint64_t state = runtime_interpreters(runtime, &count)[0].address;
    state += layout->interpreter.obmalloc.offset;
    if (layout->trait.obmalloc_state == 2)
        state = read_word(seed, state);
    uint64_t array = symbol ? symbol->address : state + layout->obmalloc_state.arenas.offset;
    uint64_t length = maximum ? maximum->address : state + layout->obmalloc_state.maxarenas.offset;
    put_memory(seed, array, 8);
    put_memory(seed, length, 4);
    put_memory(seed, read_word(seed, array), MAX_ARENAS * layout->arena_object.size);
    put_pool(seed, read_word(seed, read_word(seed, array)));
}

static void put_objects(struct seed *seed, uint32_t part, uint32_t parts) {
    const struct heap *heap = seed->heap;
    bool *taken = calloc(heap_type_count(heap), 1);
    for (uint32_t id = heap_count(heap); taken && id-- > 0;) {
        uint32_t type = heap_type(heap, id)->id;
        if (type % parts == part && !taken[type])
            put_object(seed, id, 2);
        taken[type] = true;
    }
    free(taken);
    put_word(seed, seed->last + seed->layout->gc_head.gc_next.offset, seed->young);
    put_word(seed, seed->young + seed->layout->gc_head.gc_prev.offset, seed->last);
}

/* ---- writing --------------------------------------------------------------------------------- */

static int compare_words(const void *left, const void *right) {
    const struct word *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static void write_number(FILE *file, uint64_t value, size_t bytes) {
    fwrite(&value, bytes, 1, file);
}

static void write_address(FILE *file, char tag, uint64_t address) {
    fputc(tag, file);
    write_number(file, address, 6);
}

/* The part of a mapping between its first and last word that is taken, but not too much: what it
 * holds beside objects that are known is searched word by word. */
static bool touched_part(const struct seed *seed, const struct image_mapping *mapping,
                         uint64_t *start, uint64_t *end) {
    *start = UINT64_MAX;
    *end = 0;
    vec_each (word, &seed->words) {
        if (word->address < mapping->start || word->address >= mapping->end)
            continue;
        *start = word->address < *start ? word->address : *start;
        *end = word->address > *end ? word->address : *end;
    }
    *start &= -(uint64_t)IMAGE_PAGE_SIZE;
    *end = (*end & -(uint64_t)IMAGE_PAGE_SIZE) + IMAGE_PAGE_SIZE;
    if (*end > *start + MOST_OF_MAPPING)
        *end = *start + MOST_OF_MAPPING;
    return *start < *end;
}

static uint64_t pages_of(uint64_t start, uint64_t end) {
    uint64_t pages = (end - start) >> IMAGE_PAGE_SHIFT;
    return pages > 0xffff ? 0xffff : pages;
}

static void write_extents(FILE *file, const struct seed *seed) {
    uint64_t last_start = 0, last_end = 0;
    vec_each (extent, &seed->extents) {
        uint64_t start = extent->address & -(uint64_t)IMAGE_PAGE_SIZE;
        uint64_t end = extent->address + extent->size + IMAGE_PAGE_SIZE - 1;
        end &= -(uint64_t)IMAGE_PAGE_SIZE;
        if (start >= last_start && end <= last_end)
            continue;
        write_address(file, 'Z', start);
        write_number(file, pages_of(start, end), 2);
        last_start = start;
        last_end = end;
    }
}

static void write_surroundings(FILE *file, const struct seed *seed, uint64_t runtime) {
    size_t count = 0;
    const struct image_mapping *mappings = image_mappings(seed->image, &count);
    for (size_t i = 0; i < count; i++) {
        const struct image_mapping *mapping = &mappings[i];
        uint64_t start, end;
        if (!mapping->writable || !touched_part(seed, mapping, &start, &end))
            continue;
        write_address(file, 'M', start);
        write_number(file, pages_of(start, end), 2);
        fputc((int)(1u | mapping->kind << 3), file);
    }
    const struct image_module *module = image_module_at(seed->image, runtime);
    write_address(file, 'N', module->start);
    write_number(file, pages_of(module->start, module->end), 2);
    for (size_t i = 0; sparse_symbols[i]; i++) {
        const struct image_symbol *symbol =
            image_find_symbol(seed->image, sparse_symbols[i], UINT32_MAX);
        if (!symbol)
            continue;
        fputc('S', file);
        write_number(file, i, 1);
        write_number(file, symbol->address, 6);
    }
}

/* Pieces of neighbouring words; a single zero word between two others costs less than a new piece.
 */
static void write_words(FILE *file, struct seed *seed) {
    size_t kept = 0, count = seed->words.count;
    struct word *words = seed->words.items;
    qsort(words, count, sizeof *words, compare_words);
    for (size_t i = 0; i < count; i++) {
        if ((i + 1 == count || words[i + 1].address != words[i].address) && words[i].value)
            words[kept++] = words[i];
    }
    for (size_t i = 0, end; i < kept; i = end) {
        for (end = i + 1; end < kept && words[end].address - words[end - 1].address <= 16 &&
                          words[end].address - words[i].address < 4096;)
            end++;
        uint64_t length = words[end - 1].address + 8 - words[i].address;
        write_address(file, 'B', words[i].address);
        write_number(file, length, 2);
        for (size_t k = i; k < end; k++) {
            if (k > i && words[k].address != words[k - 1].address + 8)
                write_number(file, 0, 8);
            write_number(file, words[k].value, 8);
        }
    }
}

int main(int argument_count, char **arguments) {
    struct source *source = NULL;
    struct runtime *runtime = NULL;
    if (argument_count != 5)
        return 2;
    fuzz_must(source_open_pid(atoi(arguments[1]), &(struct source_options){.threads = 1}, &source));
    struct seed seed = {.image = source_image(source), .heap = source_heap(source)};
    fuzz_must(source_layout(source, &seed.layout));
    const struct image_symbol *symbol = image_find_symbol(seed.image, "_PyRuntime", UINT32_MAX);
    FILE *file = fopen(arguments[4], "wb");
    size_t layout = 0;
    while (sparse_layouts[layout] && strcmp(sparse_layouts[layout], seed.layout->version))
        layout++;
    if (!file || !symbol || !sparse_layouts[layout]) {
        fprintf(stderr, "can't write %s of CPython %s\n", arguments[4], seed.layout->version);
        return 1;
    }
    fuzz_must(runtime_read(seed.image, seed.layout, symbol->address, &runtime));
    put_runtime(&seed, runtime);
    put_arenas(&seed, runtime);
    put_objects(&seed, (uint32_t)atoi(arguments[2]), (uint32_t)atoi(arguments[3]));
    write_number(file, layout, 1);
    write_number(file, symbol->address, 6);
    write_surroundings(file, &seed, symbol->address);
    write_extents(file, &seed);
    write_words(file, &seed);
    fclose(file);
    vec_free(&seed.words);
    vec_free(&seed.extents);
    runtime_destroy(runtime);
    source_close(source);
    return 0;
}
