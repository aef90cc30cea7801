#include "introspect/heap/fence.h"

uint64_t fence_size(const struct image *image, const struct layout *layout,
                    const struct runtime *runtime) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    uint64_t dict = 0;
    if (!image_read_u64(
            image, interpreters[count - 1].address + layout->interpreter.builtins.offset, &dict))
        return 0;
    return fence_before(image, dict - layout->trait.header_before_gc) ? FENCE_SIZE : 0;
}
