/* Showing a heap without what its program works on: strings, bytes, numbers, dict keys, attributes that
 * only setattr names, names of threads. What stays: names of types, modules, functions, files, and of
 * attributes and variables that code of the program names. */
#ifndef HEAPGLASS_INTROSPECT_HEAP_HIDDEN_VALUES_H
#define HEAPGLASS_INTROSPECT_HEAP_HIDDEN_VALUES_H

#include "introspect/heap/heap.h"

/* What stands for a hidden value that has no number. */
#define HIDDEN_VALUE "[#0]"

/* From now on heap_preview, heap_name, labels and names of roots show "[#n]" for values. The heap must have ids of
 * objects. O(objects). Not while other threads use the heap. */
struct err *heap_hide_values(struct heap *heap) ERR_CHECK;

/* Whether an object's preview is hidden. */
bool heap_value_is_hidden(const struct heap *heap, uint32_t id);

/* Adds what stands for the name of a thread, by its place among the threads. */
void add_hidden_thread(size_t index, struct strbuf *out);

#endif
