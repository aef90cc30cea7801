#include "introspect/runtime/roots.h"

#include "introspect/heap/type.h"
#include "introspect/layout/type_flags.h"
#include "introspect/objects/dict.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/frame.h"
#include "introspect/objects/str.h"
#include "introspect/runtime/chain.h"

#include <string.h>

/* More frames than all threads together have, deeper than generators nest. */
enum {
    MAX_FRAMES = 1 << 22,
    MAX_EXCEPTION_STACK = 1 << 16,
    REFERENCES = 64,
    TYPE_CACHE_ENTRIES = 1 << 12, /* MCACHE_SIZE_EXP, Include/internal/pycore_typeobject.h */
    MAX_AST_STATE = 1 << 14,
    SMALL_INTS = 257 + 5, /* _PY_NSMALLPOSINTS and _PY_NSMALLNEGINTS */
    LATIN1 = 256,
    TUPLE_LISTS = 20, /* PyTuple_MAXSAVESIZE */
    MAX_IDENTIFIERS = 1 << 16,
};

const char *root_kind_name(enum root_kind kind) {
    static const char *const names[ROOT_KINDS] = {
        [ROOT_MODULE] = "module",
        [ROOT_FRAME] = "frame",
        [ROOT_TASK] = "task",
        [ROOT_THREAD] = "thread",
        [ROOT_EXCEPTION] = "exception",
        [ROOT_INTERPRETER] = "interpreter",
        [ROOT_CODEC] = "codec",
        [ROOT_ATEXIT] = "atexit",
        [ROOT_GC] = "gc",
        [ROOT_TYPE] = "static type",
        [ROOT_INTERNED] = "interned",
        [ROOT_C_GLOBAL] = "C global",
        [ROOT_C_MEMORY] = "C memory",
        [ROOT_C_STACK] = "C stack",
        [ROOT_REGISTER] = "register",
    };
    return names[kind];
}

/* References become roots of what is being walked: decode.context. */
struct walk {
    struct decode decode;
    struct reference references[REFERENCES];
    root_visit *visit;
    void *context;
    struct root root; /* of which each differs by its reference */
    size_t frames;
};

static void pass_on(struct decode *decode) {
    struct walk *walk = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        walk->root.reference = decode->references[i];
        walk->visit(walk->context, &walk->root);
    }
    decode->reference_count = 0;
}

/* What follows are roots of that kind. */
static void begin(struct walk *walk, enum root_kind kind, uint64_t holder) {
    pass_on(&walk->decode);
    walk->root.kind = kind;
    walk->root.holder = holder;
    walk->root.word = 0;
}

static void root_field_as(struct walk *walk, enum root_kind kind, uint64_t structure,
                          struct field field, unsigned properties, const char *name) {
    uint64_t target = 0;
    begin(walk, kind, structure);
    walk->root.word = structure + field.offset;
    if (field.size == 8 && image_read_u64(walk->decode.image, walk->root.word, &target))
        reference_add(&walk->decode, target, properties, LABEL_FIELD, field_label(name));
}

/* A pointer field of a structure that is not an object, as a root. */
static void root_field(struct walk *walk, enum root_kind kind, uint64_t structure,
                       struct field field, const char *name) {
    root_field_as(walk, kind, structure, field, REFERENCE_UNTRAVERSED, name);
}

/* ---- modules --------------------------------------------------------------------------------- */

static bool is_dict(struct walk *walk, uint64_t address) {
    const struct type *type = address ? remote_type(&walk->decode, address) : NULL;
    return type && type->flags & TPFLAGS_DICT_SUBCLASS;
}

/* Which task each event loop runs at this moment: asyncio.tasks._current_tasks, whether tasks are those
 * of _asyncio or of Python (Lib/asyncio/tasks.py; Modules/_asynciomodule.c, up to 3.13). */
static void task_roots(struct walk *walk, uint64_t asyncio_tasks) {
    uint64_t tasks = is_dict(walk, asyncio_tasks)
                         ? dict_find(&walk->decode, asyncio_tasks, "_current_tasks")
                         : 0;
    struct dict_items items;
    if (!is_dict(walk, tasks) || !dict_items_read(&walk->decode, tasks, &items))
        return;
    for (uint64_t i = 0; i < items.count; i++) {
        uint64_t loop = 0, task = 0;
        if (!dict_item(&items, i, &loop, &task))
            continue;
        begin(walk, ROOT_TASK, loop);
        reference_add(&walk->decode, task, REFERENCE_RETAINS, LABEL_FIELD,
                      field_label("current task"));
    }
}

/* Every module by its name. Its dict is the module's own, but most of what runs refers to that one. */
static void module_roots(struct walk *walk, uint64_t modules) {
    struct decode *decode = &walk->decode;
    const struct layout *layout = decode->layout;
    struct dict_items items;
    if (!is_dict(walk, modules) || !dict_items_read(decode, modules, &items))
        return;
    for (uint64_t i = 0; i < items.count; i++) {
        uint64_t name = 0, module = 0, dict = 0;
        if (!dict_item(&items, i, &name, &module))
            continue;
        begin(walk, ROOT_MODULE, name);
        reference_add(decode, module, REFERENCE_RETAINS, LABEL_KEY, name);
        const struct type *type = remote_type(decode, module);
        if (type && type->decoder && !strcmp(type->decoder->name, "module") &&
            image_read_u64(decode->image, module + layout->module.md_dict.offset, &dict))
            reference_add(decode, dict, REFERENCE_WEAK, LABEL_FIELD, field_label(".__dict__"));
        if (dict && str_equals(decode->image, layout, name, "asyncio.tasks"))
            task_roots(walk, dict);
    }
}

/* atexit.register's functions (Modules/atexitmodule.c): an array, since 3.14 a list object. */
static void atexit_roots(struct walk *walk, uint64_t interpreter) {
    const struct image *image = walk->decode.image;
    const struct layout *layout = walk->decode.layout;
    uint64_t array = 0, callback = 0;
    uint32_t count = 0;
    if (!layout_has(layout->interpreter.atexit_count))
        root_field(walk, ROOT_ATEXIT, interpreter, layout->interpreter.atexit_callbacks, "atexit");
    if (!layout_has(layout->interpreter.atexit_count) ||
        !layout_has(layout->atexit_callback.func) ||
        !image_read_u64(image, interpreter + layout->interpreter.atexit_callbacks.offset, &array) ||
        !image_read(image, interpreter + layout->interpreter.atexit_count.offset, &count,
                    sizeof count))
        return;
    for (uint32_t i = 0; i < count && image_read_u64(image, array + i * 8ull, &callback); i++) {
        root_field(walk, ROOT_ATEXIT, callback, layout->atexit_callback.func, "atexit");
        root_field(walk, ROOT_ATEXIT, callback, layout->atexit_callback.args, "atexit args");
        root_field(walk, ROOT_ATEXIT, callback, layout->atexit_callback.kwargs, "atexit kwargs");
    }
}

/* Names that were looked up in types, one in each entry of a cache, whose values are borrowed
 * (Objects/typeobject.c: _PyType_Lookup). Many are held by nothing else. */
static void type_cache_roots(struct walk *walk, uint64_t interpreter) {
    const struct layout *layout = walk->decode.layout;
    uint64_t entry = interpreter + layout->interpreter.type_cache.offset;
    if (!layout_has(layout->interpreter.type_cache)) { /* up to 3.9 one for all interpreters */
        const struct image_symbol *cache =
            image_find_symbol(walk->decode.image, "method_cache", UINT32_MAX);
        if (!cache || walk->root.owner ||
            cache->size < TYPE_CACHE_ENTRIES * (uint64_t)layout->type_cache_entry.size)
            return;
        entry = cache->address;
    }
    for (unsigned i = 0; i < TYPE_CACHE_ENTRIES; i++, entry += layout->type_cache_entry.size)
        root_field(walk, ROOT_INTERPRETER, entry, layout->type_cache_entry.name, "type_cache");
}

/* The strings that C code keeps by _Py_IDENTIFIER (Objects/unicodeobject.c: _PyUnicode_FromId). */
static void identifier_roots(struct walk *walk, uint64_t interpreter) {
    const struct image *image = walk->decode.image;
    const struct layout *layout = walk->decode.layout;
    uint64_t array = 0, count = 0;
    if (!layout_has(layout->interpreter.unicode_ids_count) ||
        !image_read_u64(image, interpreter + layout->interpreter.unicode_ids.offset, &array) ||
        !image_read_u64(image, interpreter + layout->interpreter.unicode_ids_count.offset, &count))
        return;
    const struct field item = {.offset = 0, .size = 8};
    for (uint64_t i = 0; array && i < count && i < MAX_IDENTIFIERS; i++)
        root_field(walk, ROOT_INTERPRETER, array + i * 8, item, "identifiers");
}

/* Pointers side by side from `word` on. */
static void pointer_roots(struct walk *walk, uint64_t interpreter, struct field word,
                          uint32_t count, const char *name) {
    for (; layout_has(word) && count; count--, word.offset += word.size)
        root_field(walk, ROOT_INTERPRETER, interpreter, word, name);
}

/* The empty tuple is kept among the free lists, up to 3.9 the variable of as many in tupleobject.c. */
static void empty_tuple_root(struct walk *walk, uint64_t interpreter) {
    const struct layout *layout = walk->decode.layout;
    const struct image *image = walk->decode.image;
    uint64_t list = interpreter + layout->interpreter.free_list_tuples.offset, tuple = 0;
    size_t count = 0;
    const struct image_symbol *symbols = image_symbols(image, &count);
    if (!layout->trait.empty_tuple_parked)
        return;
    for (size_t i = 0; !layout_has(layout->interpreter.free_list_tuples) && i < count; i++) {
        if (!strcmp(symbols[i].name, "free_list") && symbols[i].size == TUPLE_LISTS * 8)
            list = walk->root.owner ? 0 : symbols[i].address;
    }
    const struct field first = {.offset = 0, .size = 8};
    const struct type *type =
        image_read_u64(image, list, &tuple) && tuple ? remote_type(&walk->decode, tuple) : NULL;
    if (type && type->flags & TPFLAGS_TUPLE_SUBCLASS)
        root_field(walk, ROOT_INTERPRETER, list, first, "empty_tuple");
}

/* Objects that all code shares: small numbers, strings and bytes of one letter, what is empty; up to 3.10.
 * Then the types of syntax trees and their fields' names (Include/internal/pycore_ast_state.h). */
static void shared_roots(struct walk *walk, uint64_t interpreter) {
    const struct layout *layout = walk->decode.layout;
#define ROOTS(field, count)                                                                        \
    pointer_roots(walk, interpreter, layout->interpreter.field, count, #field)
    ROOTS(small_ints, SMALL_INTS);
    ROOTS(empty_bytes, 1);
    ROOTS(characters, LATIN1);
    ROOTS(empty_string, 1);
    ROOTS(latin1, LATIN1);
#undef ROOTS
    empty_tuple_root(walk, interpreter);
    if (layout->interpreter.ast.size <= MAX_AST_STATE)
        pointer_roots(walk, interpreter, layout->interpreter.ast_first,
                      (layout->interpreter.ast.offset + layout->interpreter.ast.size -
                       layout->interpreter.ast_first.offset) /
                          8,
                      "ast");
}

/* PyInterpreterState (Include/internal/pycore_interp.h) and its garbage collector's state. */
static void interpreter_roots(struct walk *walk, const struct interpreter *interpreter) {
    const struct layout *layout = walk->decode.layout;
    uint64_t at = interpreter->address;
#define ROOT(kind, field) root_field(walk, kind, at, layout->interpreter.field, #field)
    ROOT(ROOT_INTERPRETER, modules);
    ROOT(ROOT_INTERPRETER, modules_by_index);
    ROOT(ROOT_INTERPRETER, importlib);
    ROOT(ROOT_INTERPRETER, import_func);
    ROOT(ROOT_INTERPRETER, lazy_import_func); /* 3.15 */
    ROOT(ROOT_INTERPRETER, lazy_imports_filter);
    ROOT(ROOT_INTERPRETER, lazy_modules);
    ROOT(ROOT_INTERPRETER, lazy_pending_submodules);
    ROOT(ROOT_INTERPRETER, sysdict);
    ROOT(ROOT_INTERPRETER, builtins);
    ROOT(ROOT_INTERPRETER, sysdict_copy);
    ROOT(ROOT_INTERPRETER, builtins_copy);
    ROOT(ROOT_INTERPRETER, dict);
    ROOT(ROOT_CODEC, codec_search_path);
    ROOT(ROOT_CODEC, codec_search_cache);
    ROOT(ROOT_CODEC, codec_error_registry);
    ROOT(ROOT_INTERPRETER, before_forkers);
    ROOT(ROOT_INTERPRETER, after_forkers_parent);
    ROOT(ROOT_INTERPRETER, after_forkers_child);
    ROOT(ROOT_INTERPRETER, audit_hooks);
    ROOT(ROOT_INTERPRETER, warnings_filters);
    ROOT(ROOT_INTERPRETER, warnings_once_registry);
    ROOT(ROOT_INTERPRETER, warnings_default_action);
    ROOT(ROOT_INTERPRETER, warnings_context); /* 3.14 */
    ROOT(ROOT_INTERPRETER, interned_strings);
    ROOT(ROOT_INTERPRETER, errnomap);
    ROOT(ROOT_INTERPRETER, exception_group);
    ROOT(ROOT_INTERPRETER, not_shareable_error);
    ROOT(ROOT_INTERPRETER, pickle_dumps); /* 3.15 */
    ROOT(ROOT_INTERPRETER, pickle_loads);
    ROOT(ROOT_INTERPRETER, interpreter_trampoline);
    ROOT(ROOT_INTERPRETER, generic_type);
    ROOT(ROOT_INTERPRETER, typevar_type);
    ROOT(ROOT_INTERPRETER, typevartuple_type);
    ROOT(ROOT_INTERPRETER, paramspec_type);
    ROOT(ROOT_INTERPRETER, paramspecargs_type);
    ROOT(ROOT_INTERPRETER, paramspeckwargs_type);
    ROOT(ROOT_INTERPRETER, constevaluator_type); /* 3.14 */
    ROOT(ROOT_INTERPRETER, dict_descriptor);     /* 3.15 */
    ROOT(ROOT_INTERPRETER, weakref_descriptor);
#undef ROOT
    identifier_roots(walk, at);
    shared_roots(walk, at);
    type_cache_roots(walk, at);
    atexit_roots(walk, at);
    if (layout_has(layout->interpreter.gc) || !walk->root.owner) { /* up to 3.8 one for all */
        root_field(walk, ROOT_GC, interpreter->gc, layout->gc_state.garbage, "gc.garbage");
        root_field(walk, ROOT_GC, interpreter->gc, layout->gc_state.callbacks, "gc.callbacks");
    }
    uint64_t modules = 0;
    if (image_read_u64(walk->decode.image, at + layout->interpreter.modules.offset, &modules))
        module_roots(walk, modules);
}

/* The chain of exceptions being handled (_PyErr_StackItem, Include/cpython/pystate.h). Its first
 * items lie in generators, which count them; the last one in the thread state. */
static void exception_roots(struct walk *walk, uint64_t item) {
    const struct layout *layout = walk->decode.layout;
    struct chain chain = {0};
    for (size_t steps = 0; item && steps < MAX_EXCEPTION_STACK; steps++) {
        uint64_t previous = 0;
        if (chain_is_circle(&chain, item)) {
            decode_damage(&walk->decode, "chain", "exception stack", item);
            return;
        }
        if (!image_read_u64(walk->decode.image, item + layout->exc_stack_item.previous_item.offset,
                            &previous))
            break;
        unsigned properties = previous ? REFERENCE_RETAINS : REFERENCE_UNTRAVERSED;
        root_field_as(walk, ROOT_EXCEPTION, item, layout->exc_stack_item.exc_type, properties,
                      "exc_type");
        root_field_as(walk, ROOT_EXCEPTION, item, layout->exc_stack_item.exc_value, properties,
                      "exc_value");
        root_field_as(walk, ROOT_EXCEPTION, item, layout->exc_stack_item.exc_traceback, properties,
                      "exc_traceback");
        item = previous;
    }
}

static void frame_roots(struct walk *walk, const struct thread *thread) {
    struct decode *decode = &walk->decode;
    struct chain chain = {0};
    uint64_t at = thread->current_frame;
    while (at) {
        struct frame frame;
        if (chain_is_circle(&chain, at) || ++walk->frames > MAX_FRAMES) {
            decode_damage(decode, "chain", "frame", at);
            break;
        }
        if (!frame_read(decode, at, &frame))
            break;
        begin(walk, ROOT_FRAME, at);
        /* A running generator is the one that counts what its frame refers to. */
        if (!frame.shim)
            frame_references(decode, &frame,
                             frame.in_object ? REFERENCE_RETAINS : REFERENCE_UNTRAVERSED);
        at = frame.previous;
    }
}

static void thread_roots(struct walk *walk, const struct thread *thread) {
    const struct layout *layout = walk->decode.layout;
    uint64_t at = thread->address;
#define ROOT(kind, field) root_field(walk, kind, at, layout->thread.field, #field)
    ROOT(ROOT_THREAD, dict);
    ROOT(ROOT_THREAD, c_profileobj);
    ROOT(ROOT_THREAD, c_traceobj);
    ROOT(ROOT_EXCEPTION, curexc_type);
    ROOT(ROOT_EXCEPTION, curexc_value);
    ROOT(ROOT_EXCEPTION, curexc_traceback);
    ROOT(ROOT_EXCEPTION, current_exception);
    ROOT(ROOT_THREAD, async_exc);
    ROOT(ROOT_THREAD, async_gen_firstiter);
    ROOT(ROOT_THREAD, async_gen_finalizer);
    ROOT(ROOT_THREAD, context);
    ROOT(ROOT_THREAD, on_delete_data); /* a weak reference to the lock of its Thread */
    ROOT(ROOT_THREAD, threading_local_key);
    ROOT(ROOT_THREAD, threading_local_sentinel);
#undef ROOT
    uint64_t item = 0;
    if (layout_has(layout->thread.exc_info) &&
        image_read_u64(walk->decode.image, at + layout->thread.exc_info.offset, &item))
        exception_roots(walk, item);
    frame_roots(walk, thread);
}

void roots_exact(const struct decode *decode, const struct runtime *runtime, root_visit *visit,
                 void *context) {
    struct walk walk = {.decode = *decode, .visit = visit, .context = context};
    walk.decode.references = walk.references;
    walk.decode.reference_count = 0;
    walk.decode.reference_capacity = REFERENCES;
    walk.decode.flush = pass_on;
    walk.decode.context = &walk;
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(runtime, &count);
    for (size_t i = 0; i < count; i++) {
        pass_on(&walk.decode);
        walk.root.owner = (uint32_t)i;
        interpreter_roots(&walk, &interpreters[i]);
    }
    const struct thread *threads = runtime_threads(runtime, &count);
    for (size_t i = 0; i < count; i++) {
        pass_on(&walk.decode);
        walk.root.owner = (uint32_t)i;
        thread_roots(&walk, &threads[i]);
    }
    pass_on(&walk.decode);
}
