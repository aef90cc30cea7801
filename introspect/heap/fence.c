#include "introspect/heap/fence.h"

uint64_t fence_size(const struct image *image, const struct layout *layout,
                    const struct runtime *runtime) {
    uint64_t interpreter = runtime_main_interpreter(runtime)->address, dict = 0;
    if (!image_read_u64(image, interpreter + layout->interpreter.builtins.offset, &dict))
        return 0;
    return fence_before(image, dict - layout->trait.header_before_gc) ? FENCE_SIZE : 0;
}
