#include "source/source.h"

#include "base/gauge.h"
#include "introspect/heap/hidden_values.h"
#include "introspect/layout/provider.h"
#include "source/source_private.h"

#include <stdlib.h>

void source_progress(const struct source_options *options, const char *phase) {
    gauge_part(0, 0, 0);
    if (options->progress)
        options->progress(options->progress_context, phase);
}

struct err *source_take_error(struct source *source) {
    if (!source->snapshot)
        return NULL;
    return err_context(snapshot_take_error(source->snapshot), "%s", source->info.path);
}

void source_close(struct source *source) {
    if (!source)
        return;
    if (source->late_error && !*source->late_error)
        *source->late_error = source_take_error(source);
    if (source->snapshot)
        snapshot_close(source->snapshot); /* with the heap */
    else
        heap_destroy(source->heap);
    snapshot_input_close(source->input);
    free(source->path);
    runtime_destroy(source->runtime);
    capture_destroy(source->capture);
    layout_destroy(source->layout);
    data_symbols_clear(&source->data_symbols);
    python_clear(&source->python);
    maps_free(&source->maps);
    process_destroy(source->process);
    free(source);
}

struct err *source_hide_values(struct source *source) {
    TRY(heap_hide_values(source->heap));
    source->info.command = HIDDEN_VALUE;
    return NULL;
}

const struct source_info *source_info(const struct source *source) {
    return &source->info;
}
const struct heap *source_heap(const struct source *source) {
    return source->heap;
}
const struct image *source_image(const struct source *source) {
    return source->snapshot ? snapshot_image(source->snapshot) : capture_image(source->capture);
}
struct err *source_layout(struct source *source, const struct layout **ret) {
    if (source->snapshot)
        return snapshot_layout(source->snapshot, ret);
    *ret = source->layout;
    return NULL;
}
