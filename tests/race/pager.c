/* Several threads read an image whose pages are fetched on first use. Criterion's runner does not
 * start under ThreadSanitizer, so this is a program of its own: 0 is success. */
#include "image/image.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGES = 3 * IMAGE_CHUNK_SIZE / IMAGE_PAGE_SIZE, THREADS = 4 };

#define START 0x7f1234400000ull

static struct image *image;
static uint64_t brought; /* bytes; not atomic: the image promises one call at a time */
static atomic_uint wrong;

static uint64_t word_at(uint64_t address) {
    return address * 0x9e3779b97f4a7c15ull;
}

static bool read_pages(void *context, uint64_t address, void *to, size_t size) {
    (void)context;
    brought += size;
    for (size_t i = 0; i < size / 8; i++)
        ((uint64_t *)to)[i] = word_at(address + 8 * i);
    return true;
}

/* Reads every page, in an order of its own, in pieces that cross pages and chunks. */
static void *read_all(void *context) {
    uint64_t stride = *(const uint64_t *)context;
    for (uint64_t i = 0; i < PAGES; i++) {
        uint64_t page = i * stride % PAGES;
        uint64_t address =
            START + page * IMAGE_PAGE_SIZE + (page + 1 < PAGES ? IMAGE_PAGE_SIZE - 8 : 0);
        const uint64_t *words = image_pin(image, address, 16);
        if (!words || words[0] != word_at(address) || words[1] != word_at(address + 8))
            wrong++;
    }
    return NULL;
}

static void must(struct err *err) {
    if (!err)
        return;
    fprintf(stderr, "%s\n", err_message(err));
    exit(1);
}

int main(void) {
    pthread_t threads[THREADS];
    uint64_t strides[THREADS] = {1, 1, 5, PAGES - 1}; /* coprime to the number of pages */
    must(image_create(8ull * IMAGE_CHUNK_SIZE, &image));
    must(image_reserve(image, START, START + (uint64_t)PAGES * IMAGE_PAGE_SIZE));
    image_set_pager(image, (struct image_pager){.read = read_pages});
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, read_all, &strides[i]))
            return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    image_destroy(image);
    brought /= IMAGE_PAGE_SIZE;
    printf("%u reads went wrong, %u pages brought of %d\n", wrong, (unsigned)brought, PAGES);
    return wrong || brought != PAGES;
}
