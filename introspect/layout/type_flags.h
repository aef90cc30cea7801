/* Bits of tp_flags (Include/object.h). The names are CPython's, Py_TPFLAGS_...
 *
 * Those of the first group mean the same in every version. Those of the second came with a version,
 * and their bits had other meanings before: ask traits flag_... of the layout for them. */
#ifndef HEAPGLASS_INTROSPECT_LAYOUT_TYPE_FLAGS_H
#define HEAPGLASS_INTROSPECT_LAYOUT_TYPE_FLAGS_H

#include <stdint.h>

#define TPFLAGS_HEAPTYPE         ((uint64_t)1 << 9)
#define TPFLAGS_HAVE_GC          ((uint64_t)1 << 14)
#define TPFLAGS_LONG_SUBCLASS    ((uint64_t)1 << 24)
#define TPFLAGS_TUPLE_SUBCLASS   ((uint64_t)1 << 26)
#define TPFLAGS_UNICODE_SUBCLASS ((uint64_t)1 << 28)
#define TPFLAGS_DICT_SUBCLASS    ((uint64_t)1 << 29)
#define TPFLAGS_TYPE_SUBCLASS    ((uint64_t)1 << 31)

/* For traits.c alone. */
#define TPFLAGS_STATIC_BUILTIN  ((uint64_t)1 << 1) /* _Py_TPFLAGS_STATIC_BUILTIN, 3.12+ */
#define TPFLAGS_INLINE_VALUES   ((uint64_t)1 << 2) /* 3.13+ */
#define TPFLAGS_MANAGED_WEAKREF ((uint64_t)1 << 3) /* 3.12+ */
#define TPFLAGS_MANAGED_DICT    ((uint64_t)1 << 4) /* 3.11+ */

#endif
