#include "introspect/heap/gc_lists.h"

#include "base/cancel.h"

#include <stdlib.h>

enum { GENERATIONS = 3, OLDEST = 2, PERMANENT = 3, POLL_EVERY = 1024 };

static uint64_t link_at(const uint8_t *head, struct field field, uint64_t mask) {
    return field_pointer(head, field) & mask;
}

/* Generations lie side by side: three, or those of 3.14.0 to 3.14.4, one that is young and two, seen and
 * not yet seen, that are old (Include/internal/pycore_interp_structs.h). */
static void walk_list(const struct image *image, const struct layout *layout, uint64_t head,
                      int generation, bool links_are_counts, struct damage_list *damage,
                      struct gc_lists *lists, struct bitmap *of_interpreter) {
    const struct field next = layout->gc_head.gc_next, prev = layout->gc_head.gc_prev;
    const uint64_t mask = layout->trait.gc_pointer_mask, size = layout->gc_head.size;
    const uint8_t *bytes = image_pin(image, head, size);
    uint64_t before = head;
    const int oldest_from = layout_has(layout->gc_state.old) ? 1 : OLDEST;
    for (uint64_t at = bytes ? link_at(bytes, next, mask) : head; at != head;) {
        bytes = image_pin(image, at, size + layout->object.size);
        if (!bytes || at & 7) {
            damage_add(damage, "absent", "gc list", at);
            return;
        }
        uint64_t place = image_place(image, at + size);
        if (!bitmap_set(&lists->tracked, place)) {
            damage_add(damage, "chain", "gc list", at);
            return;
        }
        if (++lists->count % POLL_EVERY == 0 && cancel_asked(lists->cancel))
            return;
        if (of_interpreter)
            bitmap_set(of_interpreter, place);
        if (place & 8)
            bitmap_set(&lists->odd, place);
        if (generation == PERMANENT)
            bitmap_set(&lists->permanent, place);
        else if (generation < oldest_from)
            bitmap_set(&lists->young, place);
        if (!links_are_counts && link_at(bytes, prev, mask) != before)
            damage_add(damage, "back link", "gc list", at);
        before = at;
        at = link_at(bytes, next, mask);
    }
}

static bool tell_interpreters_apart(struct gc_lists *lists, const struct interpreter *interpreters,
                                    size_t count, uint64_t mirror_size) {
    if (count < 2 || interpreters[0].gc == interpreters[1].gc)
        return true;
    lists->of_interpreter = calloc(count, sizeof *lists->of_interpreter);
    lists->interpreter_count = lists->of_interpreter ? count : 0;
    bool fine = lists->of_interpreter;
    for (size_t i = 0; fine && i < count; i++)
        fine = bitmap_init_sparse(&lists->of_interpreter[i], mirror_size);
    return fine;
}

struct err *gc_lists_walk(const struct image *image, const struct layout *layout,
                          const struct runtime *runtime, struct damage_list *damage,
                          const volatile int *cancel, struct gc_lists *lists) {
    *lists = (struct gc_lists){.cancel = cancel};
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    if (!tell_interpreters_apart(lists, interpreters, count, image->mirror_size) ||
        !bitmap_init(&lists->tracked, image->mirror_size) ||
        !bitmap_init_sparse(&lists->young, image->mirror_size) ||
        !bitmap_init_sparse(&lists->permanent, image->mirror_size) ||
        !bitmap_init_sparse(&lists->odd, image->mirror_size)) {
        gc_lists_clear(lists);
        return err_no_memory();
    }
    for (size_t i = 0; i < count; i++) {
        if (i && interpreters[i].gc == interpreters[0].gc)
            break; /* 3.8: one collector, of the runtime, for all interpreters */
        struct bitmap *own = lists->of_interpreter ? &lists->of_interpreter[i] : NULL;
        uint64_t gc = interpreters[i].gc;
        bool collecting = interpreters[i].collecting;
        for (int generation = 0; generation < GENERATIONS; generation++)
            walk_list(image, layout,
                      gc + layout->gc_state.generations.offset +
                          (uint64_t)generation * layout->gc_generation.size,
                      generation, collecting, damage, lists, own);
        walk_list(image, layout, gc + layout->gc_state.permanent_generation.offset, PERMANENT,
                  collecting, damage, lists, own);
    }
    return cancel_check(cancel);
}

void gc_lists_clear(struct gc_lists *lists) {
    bitmap_free(&lists->tracked);
    bitmap_free(&lists->young);
    bitmap_free(&lists->permanent);
    bitmap_free(&lists->odd);
    for (size_t i = 0; i < lists->interpreter_count; i++)
        bitmap_free(&lists->of_interpreter[i]);
    free(lists->of_interpreter);
    *lists = (struct gc_lists){0};
}
