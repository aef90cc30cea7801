/* The oracle: an extension module that lets a live test tell the whole truth about its own heap.
 *
 * oracle.record(path) forks while it holds the GIL, with the C library's fork(), not os.fork(),
 * which would clean up after other threads. The child has the same objects at the same addresses.
 * Before it creates any object that could be mistaken for one of the parent's, it records in C every
 * object's address, type, refcount and references, then the sizes, and ends. The parent creates
 * nothing at all: it says "recorded" on its standard output and sits in read() on its standard
 * input, in the very same frames, to be inspected from outside until a byte or the end comes.
 *
 * Builds with the headers of any CPython from 3.8 on with a GIL. tests/live/oracle.py reads the recording.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what is recorded: native-endian arrays, see write_recording() --------------------------- */

enum node_flag {
    NODE_GC = 1,        /* has a GC head (Py_TPFLAGS_HAVE_GC and tp_is_gc) */
    NODE_TRACKED = 2,   /* gc.is_tracked() */
    NODE_LISTED = 4,    /* was in gc.get_objects() or frozen */
    NODE_FROZEN = 8,    /* in the permanent generation */
    NODE_IMMORTAL = 16, /* its refcount does not count */
    NODE_NOTED = 32,    /* told of by oracle.note() */
    NODE_GARBAGE = 64,  /* told of by oracle.garbage() or leak(): no root reaches it */
    NODE_SIZE_FAILED = 128,
    NODE_GENERATION_SHIFT = 8,  /* 2 bits: the generation of a listed object */
    NODE_FOREIGN_SIZEOF = 1024, /* a type: its instances' size is not asked for */
};

struct node {
    uint64_t address, type;
    int64_t refcount;
    uint64_t flags;
    int64_t size; /* sys.getsizeof */
    uint64_t first_edge;
    uint64_t traversed, owned; /* edges: first those of tp_traverse, then those known otherwise */
};

enum type_flag {
    TYPE_FOREIGN_SIZEOF = 1, /* __sizeof__ is written in Python, or in C outside of CPython */
};

struct type_record {
    uint64_t address, tp_flags;
    int64_t basicsize, itemsize, dictoffset, weaklistoffset;
    uint64_t flags;
    uint64_t name; /* offset into the names, NUL-terminated */
};

/* ---- growing arrays and the set of addresses: C memory only ---------------------------------- */

struct array {
    void *items;
    size_t count, capacity, item_size;
};

static void fail(const char *what) {
    dprintf(2, "oracle: %s: %s\n", what, strerror(errno));
    _exit(99);
}

static void *append(struct array *array) {
    if (array->count == array->capacity) {
        array->capacity = array->capacity ? array->capacity * 2 : 4096;
        array->items = realloc(array->items, array->capacity * array->item_size);
        if (!array->items)
            fail("memory");
    }
    return (char *)array->items + array->item_size * array->count++;
}

static struct array nodes = {.item_size = sizeof(struct node)};
static struct array edges = {.item_size = sizeof(uint64_t)};
static struct array types = {.item_size = sizeof(struct type_record)};
static struct array names = {.item_size = 1};

static struct node *node_at(size_t index) {
    return (struct node *)nodes.items + index;
}

/* Address -> index of its node + 1, open addressing. */
static uint64_t *slots;
static size_t slot_count;

static size_t slot_of(uint64_t address) {
    size_t slot = (address >> 3) * 0x9e3779b97f4a7c15ull >> 20 & (slot_count - 1);
    while (slots[slot] && node_at(slots[slot] - 1)->address != address)
        slot = (slot + 1) & (slot_count - 1);
    return slot;
}

static void grow_slots(void) {
    slot_count = slot_count ? slot_count * 2 : 1 << 16;
    free(slots);
    slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        fail("memory");
    for (size_t i = 0; i < nodes.count; i++)
        slots[slot_of(node_at(i)->address)] = i + 1;
}

static bool is_tracked(PyObject *object) {
#if PY_VERSION_HEX >= 0x03090000
    return PyObject_GC_IsTracked(object);
#else
    return ((uint64_t *)object)[-2] != 0; /* _gc_next of its PyGC_Head */
#endif
}

/* The index of an object's node; records the object at its first sight. */
static size_t visit_object(PyObject *object) {
    if (nodes.count * 2 >= slot_count)
        grow_slots();
    size_t slot = slot_of((uint64_t)object);
    if (slots[slot])
        return slots[slot] - 1;
    struct node *node = append(&nodes);
    *node = (struct node){.address = (uint64_t)object, .type = (uint64_t)Py_TYPE(object)};
    node->refcount = (int64_t)Py_REFCNT(object);
#if PY_VERSION_HEX >= 0x030c0000
    if (_Py_IsImmortal(object))
        node->flags |= NODE_IMMORTAL;
#endif
    if (PyObject_IS_GC(object)) {
        node->flags |= NODE_GC;
        if (is_tracked(object))
            node->flags |= NODE_TRACKED;
    }
    slots[slot] = nodes.count;
    return nodes.count - 1;
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void add_edge(PyObject *target) {
    if (target)
        *(uint64_t *)append(&edges) = (uint64_t)target;
}

static int traverse_visit(PyObject *target, void *context) {
    (void)context;
    add_edge(target);
    return 0;
}

static void add_code_edges(PyCodeObject *code) {
    add_edge(code->co_consts);
    add_edge(code->co_names);
    add_edge(code->co_filename);
    add_edge(code->co_name);
#if PY_VERSION_HEX >= 0x030b0000
    add_edge(code->co_exceptiontable);
    add_edge(code->co_localsplusnames);
    add_edge(code->co_localspluskinds);
    add_edge(code->co_qualname);
    add_edge(code->co_linetable);
#else
    add_edge(code->co_code);
    add_edge(code->co_varnames);
    add_edge(code->co_cellvars);
    add_edge(code->co_freevars);
#if PY_VERSION_HEX >= 0x030a0000
    add_edge(code->co_linetable);
#else
    add_edge(code->co_lnotab);
#endif
#endif
#if PY_VERSION_HEX >= 0x030c0000
    if (code->_co_cached) {
        add_edge(code->_co_cached->_co_code);
        add_edge(code->_co_cached->_co_varnames);
        add_edge(code->_co_cached->_co_cellvars);
        add_edge(code->_co_cached->_co_freevars);
    }
#elif PY_VERSION_HEX >= 0x030b0000
    add_edge(code->_co_code);
#endif
}

static void add_type_edges(PyTypeObject *type) {
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        PyHeapTypeObject *heap_type = (PyHeapTypeObject *)type;
        add_edge(heap_type->ht_name);
        add_edge(heap_type->ht_qualname);
        add_edge(heap_type->ht_slots);
        add_edge((PyObject *)type->tp_subclasses);
        return;
    }
    /* Of a static type gc sees nothing. */
    add_edge((PyObject *)type->tp_base);
    add_edge(type->tp_bases);
    add_edge(type->tp_mro);
    add_edge(type->tp_dict);
#if PY_VERSION_HEX >= 0x030c0000
    /* A static builtin type's dict belongs to the interpreter: an object, but no edge. */
    if (!type->tp_dict) {
        PyObject *dict = PyType_GetDict(type);
        if (dict) {
            Py_DECREF(dict);
            visit_object(dict);
        }
    }
#endif
}

static bool is_descriptor(PyTypeObject *type) {
    return type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type ||
           type == &PyMemberDescr_Type || type == &PyGetSetDescr_Type ||
           type == &PyWrapperDescr_Type;
}

/* The dict of interned strings, which gc tracks since 3.14, owns none of them. Those that only the cache of
 * looked-up methods holds die while we measure sizes. */
static bool is_dict_of_interned(PyObject *dict) {
    Py_ssize_t position = 0;
    PyObject *key, *value;
    if (!PyDict_CheckExact(dict) || PyDict_GET_SIZE(dict) < 256)
        return false;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (key != value || !PyUnicode_CheckExact(key) || !PyUnicode_CHECK_INTERNED(key))
            return false;
    }
    return true;
}

/* What an object is known to own apart from what its tp_traverse says (and may say again). */
static void add_owned_edges(PyObject *object) {
    if (PyCode_Check(object))
        add_code_edges((PyCodeObject *)object);
    else if (PyType_Check(object))
        add_type_edges((PyTypeObject *)object);
    else if (is_descriptor(Py_TYPE(object))) {
        add_edge(((PyDescrObject *)object)->d_name);
        add_edge(((PyDescrObject *)object)->d_qualname);
    } else if (PyDict_Check(object) && !((PyDictObject *)object)->ma_values) {
        /* Not of a split table: its keys are shared, and its values may lie in the instance. */
        Py_ssize_t position = 0;
        PyObject *key, *value;
        while (PyDict_Next(object, &position, &key, &value)) {
            add_edge(key);
            add_edge(value);
        }
    }
}

static void record_edges(size_t index) {
    PyObject *object = (PyObject *)node_at(index)->address;
    size_t first = edges.count;
    node_at(index)->first_edge = first;
    if (is_dict_of_interned(object))
        return;
    traverseproc traverse = Py_TYPE(object)->tp_traverse;
    if (node_at(index)->flags & NODE_GC && traverse)
        traverse(object, traverse_visit, NULL);
    size_t traversed = edges.count - first;
    add_owned_edges(object);
    struct node *node = node_at(index);
    node->traversed = traversed;
    node->owned = edges.count - first - traversed;
    for (size_t i = first; i < edges.count; i++)
        visit_object((PyObject *)((uint64_t *)edges.items)[i]);
    visit_object((PyObject *)Py_TYPE(object));
}

/* ---- where to begin: gc's lists and what the test told of ------------------------------------ */

/* Callables and constants that are looked up before the fork, so that the child need not. */
static PyObject *disable, *get_objects, *unfreeze, *getsizeof, *getallocatedblocks,
    *debugmallocstats;
static PyObject *generations[3];

enum { NOTED_LIMIT = 65536 };
static struct {
    uint64_t
        complement; /* of the address: a plain one would look as if this extension held the object */
    uint64_t flags;
} noted[NOTED_LIMIT];
static size_t noted_count;

static PyObject *call(PyObject *callable, PyObject *argument) {
    PyObject *result = PyObject_CallFunctionObjArgs(callable, argument, NULL);
    if (!result) {
        PyErr_Print();
        fail("a call failed");
    }
    return result;
}

static struct array listed[4] = {
    {.item_size = 8}, {.item_size = 8}, {.item_size = 8}, {.item_size = 8}};

/* One of gc's generations, as plain addresses: the list is gone, and refcounts are as they were. */
static void list_generation(PyObject *generation, struct array *into) {
    PyObject *list = call(get_objects, generation);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++)
        *(uint64_t *)append(into) = (uint64_t)PyList_GET_ITEM(list, i);
    Py_DECREF(list);
}

static void record_listed(void) {
    for (int generation = 0; generation < 3; generation++)
        list_generation(generations[generation], &listed[generation]);
    /* gc.get_objects() leaves out what gc.freeze() put away; gc.unfreeze() adds it to the oldest. */
    Py_DECREF(call(unfreeze, NULL));
    list_generation(generations[2], &listed[3]);
    for (int generation = 0; generation < 3; generation++)
        for (size_t i = 0; i < listed[generation].count; i++) {
            size_t index = visit_object((PyObject *)((uint64_t *)listed[generation].items)[i]);
            node_at(index)->flags |= NODE_LISTED | (uint64_t)generation << NODE_GENERATION_SHIFT;
        }
    for (size_t i = 0; i < listed[3].count; i++) {
        struct node *node = node_at(visit_object((PyObject *)((uint64_t *)listed[3].items)[i]));
        if (!(node->flags & NODE_LISTED))
            node->flags |= NODE_LISTED | NODE_FROZEN | 2 << NODE_GENERATION_SHIFT;
    }
}

/* ---- names and sizes: may create objects, so they come last ---------------------------------- */

static void record_sizes(void) {
    for (size_t i = 0; i < nodes.count; i++) {
        PyObject *object = (PyObject *)node_at(i)->address;
        bool foreign =
            node_at(visit_object((PyObject *)Py_TYPE(object)))->flags & NODE_FOREIGN_SIZEOF;
        /* what is not CPython's own may change objects that are not measured yet */
        PyObject *size = foreign ? NULL : PyObject_CallFunctionObjArgs(getsizeof, object, NULL);
        struct node *node = node_at(i);
        if (size)
            node->size = PyLong_AsLongLong(size);
        else
            node->flags |= NODE_SIZE_FAILED;
        PyErr_Clear();
        Py_XDECREF(size);
    }
}

static void add_name(const char *text) {
    for (; text && *text; text++)
        *(char *)append(&names) = *text;
}

/* module.qualname; built-in types bare. */
static void add_type_name(PyTypeObject *type) {
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        PyObject *module = type->tp_dict ? PyDict_GetItemString(type->tp_dict, "__module__") : NULL;
        if (module && PyUnicode_Check(module) && PyUnicode_GET_LENGTH(module) &&
            PyUnicode_CompareWithASCIIString(module, "builtins") != 0) {
            add_name(PyUnicode_AsUTF8(module));
            add_name(".");
        }
        add_name(PyUnicode_AsUTF8(((PyHeapTypeObject *)type)->ht_qualname));
    } else {
        const char *name = type->tp_name;
        add_name(strncmp(name, "builtins.", 9) == 0 ? name + 9 : name);
    }
    PyErr_Clear();
    *(char *)append(&names) = 0;
}

/* Whether what defines a method is no class of CPython's: by its module's first name. */
static bool is_foreign(PyObject *class) {
    PyObject *known = PySys_GetObject("stdlib_module_names"); /* borrowed; since 3.10 */
    PyObject *module = PyObject_GetAttrString(class, "__module__");
    PyObject *parts = module ? PyObject_CallMethod(module, "partition", "s", ".") : NULL;
    bool foreign = known && parts && PySequence_Contains(known, PyTuple_GET_ITEM(parts, 0)) == 0;
    Py_XDECREF(parts);
    Py_XDECREF(module);
    return foreign;
}

static bool has_foreign_sizeof(PyObject *type) {
    PyObject *method = PyObject_GetAttrString(type, "__sizeof__");
    PyObject *class = method ? PyObject_GetAttrString(method, "__objclass__") : NULL;
    bool foreign = !class || PyFunction_Check(method) || is_foreign(class);
    PyErr_Clear();
    Py_XDECREF(class);
    Py_XDECREF(method);
    return foreign;
}

static void record_types(void) {
    for (size_t i = 0; i < nodes.count; i++) {
        PyObject *object = (PyObject *)node_at(i)->address;
        if (!PyType_Check(object))
            continue;
        PyTypeObject *type = (PyTypeObject *)object;
        struct type_record *record = append(&types);
        *record = (struct type_record){
            .address = (uint64_t)type,
            .tp_flags = type->tp_flags,
            .basicsize = type->tp_basicsize,
            .itemsize = type->tp_itemsize,
            .dictoffset = type->tp_dictoffset,
            .weaklistoffset = type->tp_weaklistoffset,
        };
        if (has_foreign_sizeof(object)) {
            record->flags |= TYPE_FOREIGN_SIZEOF;
            node_at(i)->flags |= NODE_FOREIGN_SIZEOF;
        }
    }
}

/* After the sizes: PyUnicode_AsUTF8 leaves its bytes in the text, which grows by them. */
static void record_type_names(void) {
    struct type_record *records = types.items;
    for (size_t i = 0; i < types.count; i++) {
        records[i].name = names.count;
        add_type_name((PyTypeObject *)records[i].address);
    }
}

/* ---- the recording --------------------------------------------------------------------------- */

/* "HGORACLE", version hex, allocated blocks, then per array its count; then the arrays. */
static void write_recording(const char *path, int64_t allocated_blocks) {
    FILE *file = fopen(path, "wb");
    if (!file)
        fail(path);
    uint64_t head[6] = {PY_VERSION_HEX, (uint64_t)allocated_blocks,
                        nodes.count,    edges.count,
                        types.count,    names.count};
    const struct array *arrays[] = {&nodes, &edges, &types, &names};
    fwrite("HGORACLE", 8, 1, file);
    fwrite(head, sizeof head, 1, file);
    for (int i = 0; i < 4; i++)
        fwrite(arrays[i]->items, arrays[i]->item_size, arrays[i]->count, file);
    if (ferror(file) | fclose(file))
        fail(path);
}

/* sys._debugmallocstats() prints pymalloc's own view on standard error: into `path`.malloc. */
static void record_malloc(const char *path) {
    char name[4096];
    snprintf(name, sizeof name, "%s.malloc", path);
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644), before = dup(2);
    if (file < 0 || dup2(file, 2) < 0)
        fail(name);
    Py_DECREF(call(debugmallocstats, NULL));
    dup2(before, 2);
    close(before);
    close(file);
}

static void record_child(const char *path) {
    Py_DECREF(call(disable, NULL));
    record_malloc(path);
    PyObject *blocks = call(getallocatedblocks, NULL);
    int64_t allocated_blocks = PyLong_AsLongLong(blocks);
    Py_DECREF(blocks);
    record_listed();
    for (size_t i = 0; i < noted_count; i++)
        node_at(visit_object((PyObject *)~noted[i].complement))->flags |= noted[i].flags;
    for (size_t i = 0; i < nodes.count; i++) /* grows on the way, to the fixed point */
        record_edges(i);
    record_types();
    record_sizes();
    record_type_names();
    write_recording(path, allocated_blocks);
    _exit(0);
}

/* Standard input and output, or, in servers that use these otherwise, the named pipes that the
 * environment names. */
static int channel(const char *variable, int flags, int standard) {
    const char *path = getenv(variable);
    return path ? open(path, flags | O_CLOEXEC) : standard;
}

static PyObject *record(PyObject *module, PyObject *argument) {
    (void)module;
    const char *path = PyUnicode_AsUTF8(argument);
    if (!path)
        return NULL;
    int from = channel("ORACLE_GO", O_RDWR, STDIN_FILENO);
    int to = channel("ORACLE_SAID", O_WRONLY, STDOUT_FILENO);
    int status = 0;
    if (*path) { /* an empty path: only wait */
        pid_t child = fork();
        if (child < 0)
            return PyErr_SetFromErrno(PyExc_OSError);
        if (child == 0)
            record_child(path);
        while (waitpid(child, &status, 0) < 0)
            if (errno != EINTR)
                return PyErr_SetFromErrno(PyExc_OSError);
    }
    const char *word = status == 0 ? "recorded\n" : "failed\n";
    if (write(to, word, strlen(word)) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    char byte;
    while (read(from, &byte, 1) < 0 && errno == EINTR)
        ;
    Py_RETURN_NONE;
}

static PyObject *note_with(PyObject *object, uint64_t flags) {
    if (noted_count == NOTED_LIMIT) {
        PyErr_SetString(PyExc_OverflowError, "too many noted objects");
        return NULL;
    }
    noted[noted_count].complement = ~(uint64_t)object;
    noted[noted_count++].flags = flags;
    Py_RETURN_NONE;
}

static PyObject *note(PyObject *module, PyObject *object) {
    (void)module;
    return note_with(object, NODE_NOTED);
}

static PyObject *garbage(PyObject *module, PyObject *object) {
    (void)module;
    return note_with(object, NODE_NOTED | NODE_GARBAGE);
}

static PyObject *leak(PyObject *module, PyObject *object) {
    Py_INCREF(object);
    return garbage(module, object);
}

static PyMethodDef methods[] = {
    {"record", record, METH_O, "Record the heap into a file, then wait to be inspected."},
    {"note", note, METH_O, "Record this object too, wherever it is held. Takes no reference."},
    {"garbage", garbage, METH_O,
     "Record this object too, which nothing will reach. Takes no reference."},
    {"leak", leak, METH_O, "Take a reference and forget it, as a faulty extension would."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "oracle", NULL, -1, methods, NULL, NULL, NULL, NULL};

static PyObject *attribute_of(const char *module_name, const char *name) {
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *value = module ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return value;
}

PyMODINIT_FUNC PyInit_oracle(void) {
    disable = attribute_of("gc", "disable");
    get_objects = attribute_of("gc", "get_objects");
    unfreeze = attribute_of("gc", "unfreeze");
    getsizeof = attribute_of("sys", "getsizeof");
    getallocatedblocks = attribute_of("sys", "getallocatedblocks");
    debugmallocstats = attribute_of("sys", "_debugmallocstats");
    for (long i = 0; i < 3; i++)
        generations[i] = PyLong_FromLong(i);
    if (PyErr_Occurred())
        return NULL;
    return PyModule_Create(&definition);
}
