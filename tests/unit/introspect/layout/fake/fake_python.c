/* What a CPython looks like to those who ask which one it is: VERSION, SIZE of _PyRuntime,
 * and for 3.13 on the numbers of _Py_DebugOffsets. */
#include <stdint.h>

const unsigned long Py_Version = VERSION;

#ifdef OFFSETS
__attribute__((section(".PyRuntime"))) struct {
    char cookie[8];
    uint64_t version, free_threaded, values[70];
    char rest[SIZE - 24 - 70 * 8];
} _PyRuntime = {
    .cookie = "xdebugpy", .version = VERSION, .free_threaded = FREE_THREADED, .values = {OFFSETS}};
#else
__attribute__((section(".PyRuntime"))) char _PyRuntime[SIZE] = {1};
#endif

/* Type objects, of the size of 3.11's. */
#ifdef TYPES
#define TYPE(name) char name[408] = {1}
TYPE(PyType_Type);
TYPE(PyBaseObject_Type);
TYPE(PyDict_Type);
TYPE(PyUnicode_Type);
TYPE(PyList_Type);
TYPE(PyTuple_Type);
TYPE(PyModule_Type);
TYPE(PyCode_Type);
#endif

#ifdef DEBUG_BUILD
void _Py_NegativeRefcount(void);
void _Py_NegativeRefcount(void) {}
#endif
