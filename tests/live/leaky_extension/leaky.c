/* A faulty extension: it forgets what it owns, and keeps a list where no Python object leads to. For
 * tests/live/test_audit.py. Builds with the headers of any CPython from 3.9 on. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *kept_list;

/* Each of these makes `count` new objects and lacks a Py_DECREF. */

static PyObject *leak_floats(PyObject *module, PyObject *arguments) {
    Py_ssize_t count;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "n", &count))
        return NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *number = PyFloat_FromDouble((double)i + 0.5);
        if (!number || PyFloat_AsDouble(number) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *leak_bytes(PyObject *module, PyObject *arguments) {
    Py_ssize_t count, size;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "nn", &count, &size))
        return NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *buffer = PyBytes_FromStringAndSize(NULL, size); /* its pages are never touched */
        if (!buffer)
            return NULL;
        PyBytes_AS_STRING(buffer)[0] = 0;
    }
    Py_RETURN_NONE;
}

static PyObject *leak_instances(PyObject *module, PyObject *arguments) {
    PyObject *type;
    Py_ssize_t count;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "On", &type, &count))
        return NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!PyObject_CallObject(type, NULL))
            return NULL;
    }
    Py_RETURN_NONE;
}

/* One reference too many to an object that others hold, too. */
static PyObject *overcount(PyObject *module, PyObject *object) {
    (void)module;
    Py_INCREF(object);
    Py_RETURN_NONE;
}

/* Keeps a list in a static variable. */
static PyObject *keep(PyObject *module, PyObject *list) {
    (void)module;
    Py_INCREF(list);
    Py_XSETREF(kept_list, list);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"leak_floats", leak_floats, METH_VARARGS, "leak_floats(count)"},
    {"leak_bytes", leak_bytes, METH_VARARGS, "leak_bytes(count, size)"},
    {"leak_instances", leak_instances, METH_VARARGS, "leak_instances(type, count)"},
    {"overcount", overcount, METH_O, "Takes a reference and forgets it."},
    {"keep", keep, METH_O, "Keeps a list in a static variable."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "leaky", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_leaky(void) {
    return PyModule_Create(&definition);
}
