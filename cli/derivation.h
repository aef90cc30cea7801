/* How a layout is known that the table of another release became: what was proven on the process, and what
 * was not. Of any other layout there is nothing to say. */
#ifndef HEAPGLASS_CLI_DERIVATION_H
#define HEAPGLASS_CLI_DERIVATION_H

#include "introspect/layout/layout.h"
#include "report/report.h"

/* Adds "derived" to a group of the report's document: null for other layouts, and for NULL. */
void derivation_add(struct report *report, struct node *group, const struct layout *layout);

/* The same for people, in paragraphs. Without `names`, fields that follow others and structures that nothing
 * speaks of are counted only. */
void derivation_lines(struct report *report, const struct layout *layout, bool names);

#endif
