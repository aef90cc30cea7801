/* What a series of rounds keeps of a source as a whole. */
#ifndef HEAPGLASS_SOURCE_MEASURES_H
#define HEAPGLASS_SOURCE_MEASURES_H

#include "introspect/analyses/series.h"
#include "source/source.h"

/* Sets each of them. */
void source_measures(const struct source *source, uint64_t measures[MEASURES]);

#endif
