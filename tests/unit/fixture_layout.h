/* Layouts for unit tests, out of the built-in tables. */
#ifndef HEAPGLASS_TESTS_UNIT_FIXTURE_LAYOUT_H
#define HEAPGLASS_TESTS_UNIT_FIXTURE_LAYOUT_H

#include "introspect/layout/layout.h"

/* The layout of a built-in table ("3.11.2", "3.13.0"): parsed once, never freed. Aborts with a
 * message if there is no such table. */
const struct layout *fixture_layout(const char *version);

#endif
