#include "introspect/runtime/gc_status.h"

static uint64_t number_at(const struct image *image, uint64_t structure, struct field field) {
    const void *bytes = field.size ? image_pin(image, structure + field.offset, field.size) : NULL;
    struct field at_zero = field;
    at_zero.offset = 0;
    return bytes ? field_unsigned(bytes, at_zero) : 0;
}

static int64_t signed_at(const struct image *image, uint64_t structure, struct field field) {
    uint64_t number = number_at(image, structure, field);
    return field.size == 4 ? (int32_t)number : (int64_t)number;
}

static void read_generation(const struct image *image, const struct layout *layout, uint64_t gc,
                            unsigned index, struct gc_generation_status *ret) {
    uint64_t generation =
        gc + layout->gc_state.generations.offset + index * (uint64_t)layout->gc_generation.size;
    uint64_t stats = gc + layout->gc_state.generation_stats.offset +
                     index * (uint64_t)layout->gc_generation_stats.size;
    ret->count = signed_at(image, generation, layout->gc_generation.count);
    ret->threshold = signed_at(image, generation, layout->gc_generation.threshold);
    ret->collections = number_at(image, stats, layout->gc_generation_stats.collections);
    ret->collected = number_at(image, stats, layout->gc_generation_stats.collected);
    ret->uncollectable = number_at(image, stats, layout->gc_generation_stats.uncollectable);
}

bool gc_status_read(const struct image *image, const struct layout *layout,
                    const struct interpreter *interpreter, struct gc_status *ret) {
    uint64_t gc = interpreter->gc;
    if (!gc || !image_pin(image, gc, layout->gc_state.size))
        return false;
    *ret = (struct gc_status){
        .enabled = number_at(image, gc, layout->gc_state.enabled),
        .collecting = number_at(image, gc, layout->gc_state.collecting),
        .debug = (uint32_t)number_at(image, gc, layout->gc_state.debug),
        .has_long_lived = layout_has(layout->gc_state.long_lived_total),
        .long_lived_total = number_at(image, gc, layout->gc_state.long_lived_total),
        .long_lived_pending = number_at(image, gc, layout->gc_state.long_lived_pending),
        .garbage = number_at(image, gc, layout->gc_state.garbage),
    };
    for (unsigned i = 0; i < GC_GENERATIONS; i++)
        read_generation(image, layout, gc, i, &ret->generations[i]);
    return true;
}
