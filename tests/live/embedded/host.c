/* A program with Pythons in it, and no python in its name.
 *
 * usage: host [-]LIBRARY...   loads each libpython by itself (dlmopen) and starts the Python in it,
 *                             unless '-' comes before the path
 *        host                 compiled with -DLINKED: starts the one that it is linked with
 *
 * The n-th makes 1000 n objects of class Mine. Then it says "ready", and waits for the end of its
 * standard input. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct python {
    void (*initialize)(int);
    int (*run)(const char *);
    void *(*save)(void);
};

static void start(const struct python *python, int number) {
    char code[200];
    python->initialize(0);
    snprintf(code, sizeof code, "class Mine: pass\nkept = [Mine() for _ in range(%d)]\n",
             number * 1000);
    if (python->run(code))
        exit(1);
    python->save();
}

#ifdef LINKED
void Py_InitializeEx(int);
int PyRun_SimpleStringFlags(const char *, void *);
void *PyEval_SaveThread(void);

static int run_linked(const char *code) {
    return PyRun_SimpleStringFlags(code, NULL);
}
#endif

static struct python load(const char *path) {
    void *library = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
    if (!library) {
        printf("%s\n", dlerror());
        exit(1);
    }
    return (struct python){
        (void (*)(int))dlsym(library, "Py_InitializeEx"),
        (int (*)(const char *))dlsym(library, "PyRun_SimpleString"),
        (void *(*)(void))dlsym(library, "PyEval_SaveThread"),
    };
}

int main(int argc, char **argv) {
    int count = 0;
#ifdef LINKED
    struct python linked = {Py_InitializeEx, run_linked, PyEval_SaveThread};
    start(&linked, ++count);
#endif
    for (int i = 1; i < argc; i++) {
        int loaded_only = argv[i][0] == '-';
        struct python python = load(argv[i] + loaded_only);
        if (!loaded_only)
            start(&python, ++count);
    }
    printf("ready\n");
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    _exit(0);
}
