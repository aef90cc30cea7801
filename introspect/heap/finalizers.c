/* What runs when an object goes. */
#include "introspect/heap/heap_private.h"

#include <string.h>

static bool is_generator(const struct type *type) {
    return type->decoder && (!strcmp(type->decoder->name, "generator") ||
                             !strcmp(type->decoder->name, "coroutine") ||
                             !strcmp(type->decoder->name, "async_generator"));
}

/* Whether a generator's frame object stopped at a yield: a running one's stack has no known depth, one that
 * ended is the generator's no more. */
static bool is_suspended_frame(const struct heap *heap, uint64_t frame) {
    const struct layout *layout = heap->layout;
    const uint8_t *bytes = image_pin(heap->image, frame, layout->frame.f_localsplus.offset);
    if (!bytes)
        return false;
    bool stopped = layout_has(layout->frame.f_stackdepth)
                       ? field_signed(bytes, layout->frame.f_stackdepth) >= 0
                       : field_pointer(bytes, layout->frame.f_stacktop) != 0; /* up to 3.9 */
    return stopped && field_signed(bytes, layout->frame.f_lasti) >= 0;
}

/* Of a generator only what it has still to do: one that is suspended is closed, which runs `finally`. */
static bool is_suspended(const struct heap *heap, uint32_t id) {
    const struct layout *layout = heap->layout;
    struct field field = layout->generator.gi_frame_state;
    uint64_t address = heap_address(heap, id), frame = 0;
    int8_t state = 0;
    if (layout_has(layout->generator.gi_frame)) /* up to 3.10 */
        return image_read_u64(heap->image, address + layout->generator.gi_frame.offset, &frame) &&
               frame && is_suspended_frame(heap, frame);
    return layout_has(field) && image_read(heap->image, address + field.offset, &state, 1) &&
           state > (int8_t)layout->trait.frame_created &&
           state < (int8_t)layout->trait.frame_executing;
}

static bool is_weakref(const struct type *type) {
    return type->decoder && !strcmp(type->decoder->name, "weakref");
}

bool type_may_be_pending(const struct type *type) {
    return is_generator(type) || is_weakref(type);
}

static bool has_callback(const struct heap *heap, uint32_t id) {
    const struct layout *layout = heap->layout;
    uint64_t callback = 0;
    return image_read_u64(heap->image, heap_address(heap, id) + layout->weakref.wr_callback.offset,
                          &callback) &&
           callback;
}

bool pending_in_image(const struct heap *heap, uint32_t id) {
    const struct type *type = heap_type(heap, id);
    return is_generator(type) ? is_suspended(heap, id) : is_weakref(type) && has_callback(heap, id);
}

bool heap_has_callback(const struct heap *heap, uint32_t id) {
    return is_weakref(heap_type(heap, id)) && heap->provider->is_pending(heap, id);
}

enum object_finalizer heap_finalizer(const struct heap *heap, uint32_t id) {
    const struct type *type = heap_type(heap, id);
    if (!type->has_finalizer)
        return FINALIZER_NONE;
    if (is_generator(type))
        return heap->provider->is_pending(heap, id) ? FINALIZER_SUSPENDED : FINALIZER_NONE;
    return type->python_class ? FINALIZER_DEL : FINALIZER_C;
}
