/* Traits: what a build does that is not the offset of a field. Derived from the fields where these
 * tell, else from the version: this file alone compares versions. The facts of a version are to be
 * checked in its sources before it is added to `known`; docs/HOWTO-version.md says how. */
#include "introspect/layout/internal.h"
#include "introspect/layout/type_flags.h"

#define HEX(major, minor) ((uint32_t)(major) << 24 | (uint32_t)(minor) << 16)

/* Minor versions whose traits below were checked. An unknown one is refused: a trait that is wrong
 * would give wrong answers where a missing field gives none. */
static const uint32_t known[] = {HEX(3, 8),  HEX(3, 9),  HEX(3, 10), HEX(3, 11),
                                 HEX(3, 12), HEX(3, 13), HEX(3, 14), HEX(3, 15)};

static bool is_known(uint32_t hex) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if ((hex & 0xffff0000) == known[i])
            return true;
    }
    return false;
}

static bool is_free_threaded(const struct layout *layout) {
    return strchr(layout->abi_flags, 't') != NULL;
}

static void object_header(struct layout *layout) {
    /* Objects/obmalloc.c, Include/internal/pycore_gc.h: a PyGC_Head before each GC object. */
    layout->trait.header_before_gc = is_free_threaded(layout) ? 0 : layout->gc_head.size;
    /* Include/internal/pycore_gc.h: the two low bits of _gc_prev are flags; of _gc_next bit 0 is,
     * in the middle of a collection (Modules/gcmodule.c, Python/gc.c). */
    layout->trait.gc_pointer_mask = ~(uint64_t)3;
    /* Include/object.h: since 3.12 (PEP 683) the low 32 bits count, and immortal objects have
     * _Py_IMMORTAL_REFCNT there, of which bit 31 is what _Py_IsImmortal looks at. */
    bool immortal = layout->version_hex >= HEX(3, 12);
    layout->trait.refcount_mask = immortal ? UINT32_MAX : UINT64_MAX;
    layout->trait.immortal_bit = immortal ? (uint64_t)1 << 31 : 0;
}

/* Builds of distributions that have the change below in an older version. */
static const char *const patched_builds[] = {
    "7e8d5f6d0cd6cd1e9bff2a775c11d398cecca758", /* Debian 3.13.5-2+deb13u5, x86-64 */
};

/* Objects/dictobject.c, PyObject_VisitManagedDict: changed in 3.13.13 and 3.14.4. */
static bool visits_managed_dict(const struct layout *layout) {
    for (size_t i = 0; i < sizeof patched_builds / sizeof *patched_builds; i++) {
        if (!strcmp(layout->build_id, patched_builds[i]))
            return true;
    }
    uint32_t since = layout->version_hex >= HEX(3, 14) ? HEX(3, 14) | 4 << 8 : HEX(3, 13) | 13 << 8;
    return layout->version_hex >= since;
}

static void managed_dicts(struct layout *layout) {
    /* Include/internal/pycore_object.h. Two words before the GC head: values and dict (3.11), weak
     * references and "dict or values" (3.12), weak references and dict (3.13, where the values are
     * embedded in the object: Include/internal/pycore_dict.h has a flag for it). */
    bool has_managed_dicts = layout->version_hex >= HEX(3, 11);
    layout->trait.preheader = has_managed_dicts ? 16 : 0;
    if (!has_managed_dicts)
        layout->trait.managed_dict_values = VALUES_NONE;
    else if (layout_has(layout->dict_values.embedded))
        layout->trait.managed_dict_values = VALUES_INLINE;
    else
        layout->trait.managed_dict_values =
            layout->version_hex >= HEX(3, 12) ? VALUES_TAGGED : VALUES_POINTER;
    layout->trait.managed_dict_visited = visits_managed_dict(layout);
    /* Include/object.h */
    layout->trait.flag_managed_dict = has_managed_dicts ? TPFLAGS_MANAGED_DICT : 0;
    layout->trait.flag_managed_weakref =
        layout->version_hex >= HEX(3, 12) ? TPFLAGS_MANAGED_WEAKREF : 0;
    layout->trait.flag_inline_values =
        layout_has(layout->dict_values.embedded) ? TPFLAGS_INLINE_VALUES : 0;
    layout->trait.flag_static_builtin =
        layout->version_hex >= HEX(3, 12) ? TPFLAGS_STATIC_BUILTIN : 0;
}

static void allocator(struct layout *layout) {
    /* Objects/obmalloc.c, Include/internal/pycore_obmalloc.h: ARENA_BITS and POOL_BITS grew with
     * the radix tree of arenas, which 64-bit builds have since 3.10. */
    bool radix_tree = layout->version_hex >= HEX(3, 10);
    layout->trait.pool_size = radix_tree ? 16384 : 4096;
    layout->trait.arena_size = radix_tree ? 1 << 20 : 256 << 10;
    /* Include/internal/pycore_interp.h: statics of obmalloc.c before 3.12, then a member of
     * PyInterpreterState, a pointer to one from 3.13 on. */
    uint32_t size = layout->interpreter.obmalloc.size;
    layout->trait.obmalloc_state = is_free_threaded(layout) ? OBMALLOC_MIMALLOC
                                   : size == 0              ? OBMALLOC_STATIC
                                   : size > 8               ? OBMALLOC_EMBEDDED
                                                            : OBMALLOC_POINTER;
}

/* Objects/mimalloc, Python/gc_free_threading.c: for what a build without the GIL does otherwise, heap/
 * has no strategies yet. */
static struct err *refuse_free_threaded(const struct layout *layout) {
    if (layout->trait.obmalloc_state != OBMALLOC_MIMALLOC)
        return NULL;
    return err_new(
        ERR_NO_LAYOUT,
        "this is a free-threaded CPython (%st): those are not supported yet, builds with "
        "the GIL are",
        layout->version);
}

struct err *traits_derive(struct layout *layout) {
    if (!is_known(layout->version_hex))
        return err_new(ERR_NO_LAYOUT, "CPython %s is not supported yet (3.8 to 3.15 are)",
                       layout->version);
    object_header(layout);
    managed_dicts(layout);
    allocator(layout);
    TRY(refuse_free_threaded(layout));
    /* Python/sysmodule.c: _PySys_GetSizeOf adds _PyType_PreHeaderSize since 3.11, and leaves static
     * types of the metatype `type` itself out since 3.13. */
    layout->trait.getsizeof_by_type = layout->version_hex >= HEX(3, 11);
    layout->trait.getsizeof_spares_static = layout->version_hex >= HEX(3, 13);
    /* Include/cpython/longintrepr.h: _PyLongValue with lv_tag since 3.12. */
    layout->trait.compact_int = layout_has(layout->integer.lv_tag);
    /* Objects/longobject.c: int___sizeof___impl since 3.11. */
    layout->trait.zero_has_digit = layout->version_hex >= HEX(3, 11);
    /* Objects/tupleobject.c: tuple_alloc. */
    layout->trait.empty_tuple_parked = layout->version_hex < HEX(3, 11);
    /* Include/cpython/frameobject.h: f_lasti became an index of instructions in 3.10. */
    layout->trait.lasti_unit = layout->version_hex >= HEX(3, 10) ? 2 : 1;
    /* Include/internal/pycore_frame.h: enum _framestate got FRAME_SUSPENDED_YIELD_FROM in 3.13, and
     * begins with 0 since 3.15. */
    layout->trait.frame_created = layout->version_hex >= HEX(3, 15)   ? 0
                                  : layout->version_hex >= HEX(3, 13) ? 0xFD
                                                                      : 0xFE;
    layout->trait.frame_executing = layout->version_hex >= HEX(3, 15) ? 4 : 0;
    layout->trait.frame_cleared = layout->version_hex >= HEX(3, 15) ? 5 : 4;
    /* Modules/_queuemodule.c: SimpleQueue.__sizeof__ since 3.15. */
    layout->trait.simple_queue_sized = layout->version_hex >= HEX(3, 15);
    /* Modules/_operator.c: methodcallerobject. */
    layout->trait.methodcaller_tuple = layout->version_hex >= HEX(3, 14);
    /* Include/internal/pycore_stackref.h: _PyStackRef in frames since 3.14. */
    layout->trait.stackref = layout->version_hex >= HEX(3, 14);
    return NULL;
}
