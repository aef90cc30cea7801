/* Roots as people know them. */
#include "introspect/graph/root_list.h"
#include "introspect/heap/heap_private.h"
#include "introspect/heap/hidden_values.h"
#include "introspect/heap/stacks.h"
#include "introspect/objects/code.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/frame.h"
#include "introspect/objects/str.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_LIMIT = 80, MAX_C_NAME = 256 };

static void add_module(struct decode *decode, const struct root *root, struct strbuf *out) {
    const struct type *type = remote_type(decode, root->holder);
    if (type && type->flags & TPFLAGS_UNICODE_SUBCLASS)
        str_escaped(decode, root->holder, NAME_LIMIT, out);
    else
        strbuf_printf(out, "<module at %#llx>", (unsigned long long)root->reference.target);
}

static void add_frame(struct decode *decode, const struct root *root, struct strbuf *out) {
    const struct reference *reference = &root->reference;
    struct frame frame;
    if (!frame_read(decode, root->holder, &frame))
        return;
    if (reference->label == LABEL_LOCAL)
        frame_local_name(decode, &frame, reference->argument, out);
    else if (reference->label == LABEL_STACK)
        strbuf_printf(out, "stack[%llu]", (unsigned long long)reference->argument);
    else
        strbuf_puts(out, (const char *)(uintptr_t)reference->argument);
    strbuf_puts(out, reference->label == LABEL_FIELD ? " of " : " in ");
    code_place(decode, frame.code, frame.instruction, out);
}

static void add_image_thread(const struct heap *heap, const struct image_thread *thread,
                             struct strbuf *out) {
    strbuf_puts(out, "thread \"");
    if (heap->hides_values)
        strbuf_puts(out, HIDDEN_VALUE);
    else
        strbuf_add_escaped(out, thread->name, strnlen(thread->name, sizeof thread->name),
                           NAME_LIMIT);
    strbuf_printf(out, "\" (%d)", (int)thread->tid);
}

static void add_thread_name(const struct heap *heap, size_t thread, struct strbuf *out) {
    strbuf_puts(out, " of thread \"");
    stacks_thread_name(heap, thread, out);
    strbuf_putc(out, '"');
    pid_t native = stacks_native_id(heap, thread);
    if (native)
        strbuf_printf(out, " (%d)", (int)native);
}

static void add_thread(const struct heap *heap, const struct root *root, struct strbuf *out) {
    const char *field = (const char *)(uintptr_t)root->reference.argument;
    if (root->kind == ROOT_THREAD && !strcmp(field, "dict"))
        field = "thread-local data";
    else if (root->kind == ROOT_EXCEPTION && !strcmp(field, "exc_value"))
        field = "handled exception";
    else if (!strcmp(field, "curexc_value") || !strcmp(field, "current_exception"))
        field = "raised exception";
    strbuf_puts(out, field);
    add_thread_name(heap, root->owner, out);
}

static void add_task(const struct heap *heap, const struct root *root, struct strbuf *out) {
    size_t thread = 0;
    strbuf_puts(out, "current task");
    if (stacks_loop_thread(heap, root->holder, &thread))
        add_thread_name(heap, thread, out);
}

static void add_word(const struct heap *heap, const struct root *root, struct strbuf *out) {
    const struct image_module *module = image_module_at(heap->image, root->holder);
    const char *path = module ? module->path : "?";
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    const struct image_symbol *symbol = image_symbol_at(heap->image, root->holder);
    strbuf_add_escaped(out, file, strlen(file), NAME_LIMIT);
    if (symbol) {
        strbuf_puts(out, ": ");
        strbuf_add_escaped(out, symbol->name, strlen(symbol->name), NAME_LIMIT);
        if (root->holder != symbol->address)
            strbuf_printf(out, "+%#llx", (unsigned long long)(root->holder - symbol->address));
    } else {
        strbuf_printf(out, "+%#llx",
                      (unsigned long long)(root->holder - (module ? module->start : 0)));
    }
}

static void add_stack(const struct heap *heap, const struct root *root, struct strbuf *out) {
    size_t count = 0;
    const struct image_thread *threads = image_threads(heap->image, &count);
    strbuf_puts(out, root->kind == ROOT_REGISTER ? "a register of " : "the C stack of ");
    if (root->owner < count)
        add_image_thread(heap, &threads[root->owner], out);
}

static void add_interpreter(const struct root *root, struct strbuf *out) {
    static const struct {
        const char *field, *name;
    } names[] = {
        {"modules", "sys.modules"},
        {"sysdict", "sys.__dict__"},
        {"builtins", "builtins.__dict__"},
        {"modules_by_index", "C modules by index"},
        {"importlib", "importlib"},
        {"dict", "the interpreter's dict"},
        {"codec_search_path", "codec search path"},
        {"codec_search_cache", "codec search cache"},
        {"codec_error_registry", "codec error handlers"},
    };
    const char *field = (const char *)(uintptr_t)root->reference.argument;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(names[i].field, field))
            field = names[i].name;
    }
    strbuf_puts(out, field);
}

/* Of other interpreters than the main one: each has a __main__, a sys.modules, ... */
static void add_owner(const struct heap *heap, const struct root *root, struct strbuf *out) {
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    if (root->owner < count && interpreters[root->owner].id)
        strbuf_printf(out, "interpreter %lld: ", (long long)interpreters[root->owner].id);
}

/* ---- of a snapshot --------------------------------------------------------------------------- */

/* The number that hides a thread's name: its place among Python's threads, 0 for those of C. `id`: "(1234)". */
static size_t thread_number(const struct heap *heap, const struct root *root, const char *id) {
    struct stacks stacks;
    size_t number = 0;
    if (root->kind == ROOT_THREAD || root->kind == ROOT_EXCEPTION)
        return (size_t)root->owner + 1;
    if (root->kind != ROOT_TASK || *id != '(')
        return 0;
    struct err *err = heap_stacks(heap, &stacks);
    if (err) {
        err_free(err);
        return 0;
    }
    for (size_t i = 0; i < stacks.threads.count; i++) {
        if (stacks.threads.items[i].native_id == strtol(id + 1, NULL, 10))
            number = i + 1;
    }
    stacks_free(&stacks);
    return number;
}

/* A name that is known as text alone: what is between the quotes is a thread's name. */
static void add_known(const struct heap *heap, const struct root *root, struct strbuf *out) {
    const char *open = strstr(root->name, "thread \""), *close = open ? strrchr(open, '"') : NULL;
    bool tells_thread = root->kind == ROOT_THREAD || root->kind == ROOT_EXCEPTION ||
                        root->kind == ROOT_TASK || root->kind == ROOT_C_STACK ||
                        root->kind == ROOT_REGISTER;
    if (!heap->hides_values || !tells_thread || !open) {
        strbuf_puts(out, root->name);
        return;
    }
    strbuf_printf(out, "%.*s[#%zu]%s", (int)(open - root->name + (int)strlen("thread \"")),
                  root->name, thread_number(heap, root, close[1] ? close + 2 : ""), close);
}

void root_name(const struct heap *heap, const struct root *root, struct strbuf *out) {
    if (root->name) {
        add_known(heap, root, out);
        return;
    }
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    if (root->kind == ROOT_MODULE || root->kind == ROOT_INTERPRETER)
        add_owner(heap, root, out);
    switch (root->kind) {
    case ROOT_MODULE:
        add_module(&decode, root, out);
        break;
    case ROOT_FRAME:
        add_frame(&decode, root, out);
        break;
    case ROOT_THREAD:
    case ROOT_EXCEPTION:
        add_thread(heap, root, out);
        break;
    case ROOT_TASK:
        add_task(heap, root, out);
        break;
    case ROOT_TYPE: {
        const struct type *type = type_table_get(heap->types, root->reference.target);
        strbuf_puts(out, type ? type->name : "?");
        break;
    }
    case ROOT_INTERNED:
        strbuf_puts(out, "immortal interned strings");
        break;
    case ROOT_C_GLOBAL:
        add_word(heap, root, out);
        break;
    case ROOT_C_MEMORY:
        strbuf_printf(out, "C memory at %#llx", (unsigned long long)root->holder);
        break;
    case ROOT_C_STACK:
    case ROOT_REGISTER:
        add_stack(heap, root, out);
        break;
    default:
        add_interpreter(root, out);
    }
}
