/* What the commands and the terminal UI both say in words of what was found. In each line a tab stands where it
 * may be broken, as in report_line. */
#ifndef HEAPGLASS_WORDS_WORDS_H
#define HEAPGLASS_WORDS_WORDS_H

#include "introspect/analyses/garbage.h"
#include "introspect/analyses/memory_split.h"
#include "introspect/runtime/gc_status.h"
#include "report/report.h"

/* Takes a line; the text is good until it returns. NULL: there was no memory for it. */
typedef void words_line(void *context, enum line_style style, const char *text);

/* "RSS 812M = Python objects 602M (74%) + ...", with what is swapped out. */
void words_memory_split(const struct memory_split *split, uint64_t swap, words_line *line,
                        void *context);
/* How many objects there are, and how they were found. */
void words_heap_totals(const struct heap_totals *totals, words_line *line, void *context);
/* How much waits for the garbage collector and why, and how it has fared. What is NULL is not known. */
void words_gc(const struct garbage *garbage, const struct gc_status *gc, words_line *line,
              void *context);
/* "121 objects in 71 groups, ...": how much is garbage. */
void words_garbage(const struct garbage *garbage, words_line *line, void *context);

#endif
