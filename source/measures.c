#include "source/measures.h"

#include "introspect/analyses/memory_split.h"

void source_measures(const struct source *source, uint64_t measures[MEASURES]) {
    const struct memory_use *memory = &source_info(source)->capture.memory;
    const struct heap *heap = source_heap(source);
    const struct memory_split split = memory_split(
        heap, (struct memory_resident){memory->rss, memory->rss_anonymous, memory->rss_file});
    measures[MEASURE_OBJECTS] = heap_totals(heap)->objects;
    measures[MEASURE_FOOTPRINT] = heap_totals(heap)->footprint;
    measures[MEASURE_RSS] = split.rss;
    measures[MEASURE_SPLIT_OBJECTS] = split.objects;
    measures[MEASURE_SPLIT_FREE] = split.pymalloc_free;
    measures[MEASURE_SPLIT_OTHER] = split.other_anonymous;
    measures[MEASURE_SPLIT_FILES] = split.files;
    measures[MEASURE_SPLIT_REST] = split.rest;
    measures[MEASURE_USS] = memory->uss;
    measures[MEASURE_SWAP] = memory->swap;
    measures[MEASURE_CGROUP] = memory->cgroup_current;
}
