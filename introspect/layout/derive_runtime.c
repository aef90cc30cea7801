/* Self-checks of the runtime's own structures. Facts: Include/internal/pycore_runtime.h, pycore_interp.h,
 * pycore_gc.h, pycore_obmalloc.h, pycore_typeobject.h, pycore_frame.h, Include/cpython/pystate.h of 3.8 to
 * 3.15; Objects/obmalloc.c. */
#include "introspect/layout/derive.h"

#include "base/cleanup.h"

enum {
    MOST_INTERPRETERS = 1 << 10,
    MOST_THREADS = 1 << 16,
    MOST_THRESHOLD = 1 << 30,
    GENERATIONS = 3,
    LEAST_STATES = 16,
    STATES = 200, /* _Py_MAX_MANAGED_STATIC_BUILTIN_TYPES */
    LEAST_NAMES = 16,
    CACHE_ENTRIES = 1 << 12, /* MCACHE_SIZE_EXP */
    INTERNED = 256,
    STACK_WORDS = 1 << 11,
    STARTED = 4, /* threads that are asked what they were started with */
    THREAD_POINTER =
        16, /* where glibc and musl keep a thread's own address, on x86-64: tcbhead_t.self */
};

static bool is_named(const struct structure_description *structure, const char *name) {
    return !strcmp(structure->name, name);
}

static uint64_t gc_state(const struct derive *derive) {
    const struct layout *layout = derive->layout;
    if (!layout_has(layout->interpreter.gc))
        return layout_has(layout->runtime.gc) ? derive->runtime + layout->runtime.gc.offset : 0;
    return derive->interpreter ? derive->interpreter + layout->interpreter.gc.offset : 0;
}

static uint64_t innermost_frame(const struct derive *derive) {
    const struct layout *layout = derive->layout;
    if (!layout_has(layout->thread.cframe))
        return live_field(&derive->live, derive->thread, layout->thread.current_frame);
    uint64_t cframe = live_field(&derive->live, derive->thread, layout->thread.cframe);
    return live_field(&derive->live, cframe, layout->cframe.current_frame);
}

static uint64_t module(const struct derive *derive, const char *name) {
    struct field modules = derive->layout->interpreter.modules;
    uint64_t found =
        live_dict_get(&derive->live, live_field(&derive->live, derive->interpreter, modules), name);
    return live_is(&derive->live, found, LIVE_MODULE) ? found : 0;
}

/* What a thread was started with: a callable, a tuple and perhaps a dict, and the thread itself; only the first
 * words of its stack, below its pthread, lead there. */
static bool is_bootstate(const struct derive *derive, uint64_t address, uint64_t thread) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t keywords = live_field(live, address, layout->bootstate.kwargs), at = 0;
    if (!live_is(live, live_field(live, address, layout->bootstate.args), LIVE_TUPLE) ||
        !live_is_object(live, live_field(live, address, layout->bootstate.func)) ||
        (keywords && !live_is(live, keywords, LIVE_DICT)))
        return false;
    while (at < layout->bootstate.size && live_word(live, address + at) != thread)
        at += 8;
    return at < layout->bootstate.size;
}

static uint64_t bootstate(const struct derive *derive) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t thread = live_field(live, derive->interpreter, layout->interpreter.threads_head);
    for (int i = 0; thread && thread != derive->thread && i < STARTED; i++) {
        uint64_t words[STACK_WORDS], top = live_field(live, thread, layout->thread.thread_id);
        if (live_read(live, top - sizeof words, words, sizeof words)) {
            for (size_t k = STACK_WORDS; k--;) {
                if (words[k] && !(words[k] & 7) && is_bootstate(derive, words[k], thread))
                    return words[k];
            }
        }
        thread = live_field(live, thread, layout->thread.next);
    }
    return 0;
}

uint64_t derive_structure_address(const struct derive *derive,
                                  const struct structure_description *structure) {
    if (is_named(structure, "bootstate"))
        return bootstate(derive);
    if (is_named(structure, "interpreter"))
        return derive->interpreter;
    if (is_named(structure, "thread"))
        return derive->thread;
    if (is_named(structure, "gc_state"))
        return gc_state(derive);
    if (is_named(structure, "obmalloc_state"))
        return derive_obmalloc(derive);
    if (is_named(structure, "interpreter_frame"))
        return innermost_frame(derive);
    if (is_named(structure, "module"))
        return module(derive, "sys");
    if (is_named(structure, "static_type_state"))
        return derive->interpreter
                   ? derive->interpreter + derive->layout->interpreter.static_builtins.offset
                   : 0;
    return derive->runtime; /* of pools, the check finds some by itself */
}

/* ---- interpreters and threads ---------------------------------------------------------------- */

/* The first thread that was made, which comes last in its interpreter's list; 0 unless all of them point
 * back to it and to each other. */
static uint64_t first_thread(struct derive *derive, uint64_t interpreter, uint64_t thread) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t previous = 0;
    for (int i = 0; thread && i < MOST_THREADS; i++) {
        if (live_field(live, thread, layout->thread.interp) != interpreter ||
            live_field(live, thread, layout->thread.prev) != previous)
            return 0;
        previous = thread;
        thread = live_field(live, thread, layout->thread.next);
    }
    return thread ? 0 : previous;
}

/* `interpreters`: the newest, and behind it the main one, with which the list ends. From now on that one and
 * its first thread are known. */
static bool is_interpreters_head(struct derive *derive, const struct self_check *check,
                                 uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t interpreter = live_word(live, at), main = live_word(live, at + 8), next = 0;
    (void)check;
    for (int i = 0; interpreter && interpreter != main && i < MOST_INTERPRETERS; i++)
        interpreter = live_field(live, interpreter, layout->interpreter.next);
    if (!main || interpreter != main || (main & 7))
        return false;
    next = live_field(live, main, layout->interpreter.next);
    uint64_t head = live_field(live, main, layout->interpreter.threads_head);
    uint64_t thread = next ? 0 : first_thread(derive, main, head);
    if (!thread)
        return false;
    derive->interpreter = main;
    derive->thread = thread;
    return true;
}

static bool is_threads_head(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return first_thread(derive, derive->interpreter, live_word(&derive->live, at)) ==
           derive->thread;
}

static bool is_own_interpreter(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return live_word(&derive->live, at) == derive->interpreter;
}

/* ---- objects in the interpreter's state ------------------------------------------------------ */

static bool is_modules(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t modules = live_word(&derive->live, at);
    (void)check;
    return live_is(&derive->live, live_dict_get(&derive->live, modules, "sys"), LIVE_MODULE) &&
           live_is(&derive->live, live_dict_get(&derive->live, modules, "builtins"), LIVE_MODULE);
}

static uint64_t module_dict(struct derive *derive, const char *name) {
    return live_field(&derive->live, module(derive, name), derive->layout->module.md_dict);
}

/* The dict of a module that says so itself. */
static bool is_module_dict(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t dict = live_word(&derive->live, at);
    return dict && dict == module_dict(derive, check->literal) &&
           live_is_text(&derive->live, live_dict_get(&derive->live, dict, "__name__"),
                        check->literal);
}

/* Of the module `sys`. */
static bool is_md_dict(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t name = live_dict_get(&derive->live, live_word(&derive->live, at), "__name__");
    return live_is_text(&derive->live, name, check->literal);
}

static bool is_module(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t found = live_word(&derive->live, at);
    return found && found == module(derive, check->literal);
}

/* A dict with that key which is no module's own. */
static bool is_dict_copy(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t dict = live_word(&derive->live, at);
    return live_dict_get(&derive->live, dict, check->literal) &&
           dict != module_dict(derive, "sys") && dict != module_dict(derive, "builtins");
}

static bool is_dict_with_key(struct derive *derive, const struct self_check *check, uint64_t at) {
    return live_dict_get(&derive->live, live_word(&derive->live, at), check->literal) != 0;
}

static bool is_list(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return live_is(&derive->live, live_word(&derive->live, at), LIVE_LIST);
}

static bool is_list_or_none(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t word = 1;
    return live_read(&derive->live, at, &word, sizeof word) &&
           (!word || is_list(derive, check, at));
}

/* 3.9 and 3.10, Include/internal/pycore_interp.h: _PY_NSMALLNEGINTS and _PY_NSMALLPOSINTS of them. */
static bool is_small_ints(struct derive *derive, const struct self_check *check, uint64_t at) {
    enum { NEGATIVE = 5, ALL = 262 };
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t type = 0;
    (void)check;
    for (int i = 0; i < ALL; i++) {
        uint64_t object = live_word(live, at + (uint64_t)i * 8);
        int value = i - NEGATIVE;
        uint32_t digit = 0;
        if (!object || object & 7)
            return false;
        if (!i)
            type = live_field(live, object, layout->object.ob_type);
        if (live_field(live, object, layout->object.ob_type) != type ||
            (int64_t)live_field(live, object, layout->var_object.ob_size) !=
                (value > 0) - (value < 0) ||
            !live_read(live, object + layout->integer.ob_digit.offset, &digit, sizeof digit) ||
            (value && digit != (uint32_t)abs(value)))
            return false;
    }
    return true;
}

static bool is_text(struct derive *derive, const struct self_check *check, uint64_t at) {
    return live_is_text(&derive->live, live_word(&derive->live, at), check->literal);
}

static bool is_c_function(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return live_is(&derive->live, live_word(&derive->live, at), LIVE_C_FUNCTION);
}

/* A type of that tp_name. */
static bool is_type_named(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    uint64_t type = live_word(live, at);
    return live_is_object(live, type) &&
           live_is_c_string(live, live_field(live, type, derive->layout->type.tp_name),
                            check->literal);
}

static bool is_interned(struct derive *derive, const struct self_check *check, uint64_t at) {
    struct live_item items[INTERNED];
    size_t count = live_dict_items(&derive->live, live_word(&derive->live, at), items, INTERNED);
    (void)check;
    for (size_t i = 0; i < count; i++) {
        if (items[i].key != items[i].value)
            return false;
    }
    return count > INTERNED / 2 && live_is(&derive->live, items[0].key, LIVE_STR);
}

/* Each state's type knows its index: tp_subclasses is that and 1 (Objects/typeobject.c). */
static bool is_static_builtins(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    int found = 0;
    (void)check;
    for (uint64_t i = 0; i < STATES; i++) {
        uint64_t type = live_field(live, at + i * layout->static_type_state.size,
                                   layout->static_type_state.type);
        if (!type)
            continue;
        if (!live_is_object(live, type) ||
            live_field(live, type, layout->type.tp_subclasses) != i + 1)
            return false;
        found++;
    }
    return found >= LEAST_STATES;
}

/* The states of most types have dicts, with this name in them. */
static bool is_state_dict(struct derive *derive, const struct self_check *check, uint64_t at) {
    int found = 0;
    for (int i = 0; i < STATES && found < LEAST_STATES;
         i++, at += derive->layout->static_type_state.size)
        found += live_dict_get(&derive->live, live_word(&derive->live, at), check->literal) != 0;
    return found == LEAST_STATES;
}

/* Names of attributes, by {version, name, value}; None and NULL are none. */
static bool is_type_cache(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct layout *layout = derive->layout;
    const uint32_t size = layout->type_cache_entry.size;
    _cleanup_(cleanup_free) uint8_t *entries = malloc((size_t)CACHE_ENTRIES * size + 1);
    uint64_t none = 0;
    int names = 0;
    (void)check;
    if (!size || !entries || !live_read(&derive->live, at, entries, (size_t)CACHE_ENTRIES * size))
        return false;
    for (size_t i = 0; i < CACHE_ENTRIES && names < LEAST_NAMES * 4; i++) {
        uint64_t name = field_pointer(entries + i * size, layout->type_cache_entry.name);
        if (live_is(&derive->live, name, LIVE_STR))
            names++;
        else if (name && none && name != none)
            return false;
        else if (name)
            none = name;
    }
    return names >= LEAST_NAMES;
}

/* ---- garbage collector ----------------------------------------------------------------------- */

static bool list_closes(struct derive *derive, uint64_t head) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    const uint64_t mask = layout->trait.gc_pointer_mask;
    uint64_t next = live_field(live, head, layout->gc_head.gc_next);
    uint64_t previous = live_field(live, head, layout->gc_head.gc_prev);
    /* a head has no flags, and may lie at a multiple of 4 */
    return next && previous && live_field(live, next, layout->gc_head.gc_prev) &&
           ((live_field(live, next, layout->gc_head.gc_prev) ^ head) & mask) == 0 &&
           ((live_field(live, previous, layout->gc_head.gc_next) ^ head) & mask) == 0;
}

static bool is_generations(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    (void)check;
    for (int i = 0; i < GENERATIONS; i++, at += layout->gc_generation.size) {
        if (!list_closes(derive, at + layout->gc_generation.head.offset) ||
            live_field(live, at, layout->gc_generation.threshold) > MOST_THRESHOLD ||
            live_field(live, at, layout->gc_generation.count) > MOST_THRESHOLD)
            return false;
    }
    return true;
}

static bool is_closed_list(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return list_closes(derive, at + derive->layout->gc_generation.head.offset);
}

static bool is_gc_state(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct layout *layout = derive->layout;
    return is_closed_list(derive, check, at + layout->gc_state.permanent_generation.offset) &&
           is_list(derive, check, at + layout->gc_state.garbage.offset) &&
           is_list(derive, check, at + layout->gc_state.callbacks.offset);
}

/* Weak, each by itself: they are asked only where the table has them. */
static bool is_flag(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint32_t value;
    (void)check;
    return live_read(&derive->live, at, &value, sizeof value) && value <= 1;
}

static bool is_flags(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint32_t value;
    (void)check;
    return live_read(&derive->live, at, &value, sizeof value) && value < 1 << 6;
}

static bool is_count(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t value;
    (void)check;
    return live_read(&derive->live, at, &value, sizeof value) && !(value >> 40);
}

/* ---- threads --------------------------------------------------------------------------------- */

static bool is_frame(const struct derive *derive, uint64_t frame) {
    const struct layout *layout = derive->layout;
    uint64_t code = live_field(&derive->live, frame, layout->interpreter_frame.f_executable);
    uint64_t globals = live_field(&derive->live, frame, layout->interpreter_frame.f_globals);
    return live_is(&derive->live, code & ~(uint64_t)3, LIVE_CODE) &&
           live_is(&derive->live, globals, LIVE_DICT);
}

static bool is_current_frame(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return is_frame(derive, live_word(&derive->live, at));
}

static bool is_cframe(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct layout *layout = derive->layout;
    (void)check;
    return is_frame(derive, live_field(&derive->live, live_word(&derive->live, at),
                                       layout->cframe.current_frame));
}

static bool is_code(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return live_is(&derive->live, live_word(&derive->live, at) & ~(uint64_t)3, LIVE_CODE);
}

static bool is_dict(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return live_is(&derive->live, live_word(&derive->live, at), LIVE_DICT);
}

/* An _PyErr_StackItem: that of the thread itself, or one whose chain ends with it. */
static bool is_exc_info(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t item = live_word(live, at);
    (void)check;
    for (int i = 0; item && i < MOST_INTERPRETERS; i++) {
        uint64_t value = live_field(live, item, layout->exc_stack_item.exc_value);
        if (value && !live_is_object(live, value))
            return false;
        if (item > derive->thread && item < derive->thread + layout->thread.size)
            return true;
        item = live_field(live, item, layout->exc_stack_item.previous_item);
    }
    return false;
}

static bool is_thread_id(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t thread = live_word(&derive->live, at);
    (void)check;
    return thread && (live_word(&derive->live, thread + THREAD_POINTER) == thread ||
                      live_word(&derive->live, thread) == thread);
}

/* Of every thread: a context or none, its version, and the thread's number, which counts up from the first. */
static bool is_context(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t offset = at - derive->thread, last = UINT32_MAX;
    uint64_t thread = live_field(live, derive->interpreter, layout->interpreter.threads_head);
    (void)check;
    for (int i = 0; thread && i < MOST_THREADS; i++) {
        uint64_t context = live_word(live, thread + offset);
        uint64_t version = live_word(live, thread + offset + 8);
        uint64_t number = live_word(live, thread + offset + 16);
        if ((context && !live_is(live, context, LIVE_CONTEXT)) || !version || version >> 40 ||
            !number || number >= last)
            return false;
        last = number;
        thread = live_field(live, thread, layout->thread.next);
    }
    return last < UINT32_MAX;
}

static bool is_local_dummy(const struct derive *derive, uint64_t object) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t type = live_field(live, object, layout->object.ob_type);
    return live_is_object(live, object) &&
           live_is_c_string(live, live_field(live, type, layout->type.tp_name),
                            "_thread._localdummy");
}

/* Of every thread: both objects that know its end for threading.local, or neither. */
static bool is_local_key(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    uint64_t offset = at - derive->thread;
    uint64_t thread = live_field(live, derive->interpreter, layout->interpreter.threads_head);
    (void)check;
    for (int i = 0; thread && i < MOST_THREADS; i++) {
        uint64_t pair[2] = {1, 1};
        if (!live_read(live, thread + offset, pair, sizeof pair) ||
            ((pair[0] || pair[1]) &&
             !(is_local_dummy(derive, pair[0]) && is_local_dummy(derive, pair[1]))))
            return false;
        thread = live_field(live, thread, layout->thread.next);
    }
    return true;
}

static bool is_local_sentinel(struct derive *derive, const struct self_check *check, uint64_t at) {
    return is_local_key(derive, check, at - 8);
}

static bool is_own_thread(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint64_t thread = live_word(&derive->live, at);
    (void)check;
    return thread &&
           live_field(&derive->live, thread, derive->layout->thread.interp) == derive->interpreter;
}

const struct self_check derive_runtime_checks[] = {
    {"runtime.interpreters_head", is_interpreters_head, "its interpreters' threads point back", 8,
     NULL, false},
    {"interpreter.threads_head", is_threads_head, "its threads point back", 8, NULL, false},
    {"thread.interp", is_own_interpreter, "it points back", 0, NULL, false},
    {"interpreter.modules", is_modules, "a dict with sys and builtins", 8, NULL, false},
    {"module.md_dict", is_md_dict, "the dict of sys says it is", 8, "sys", false},
    {"interpreter.sysdict", is_module_dict, "the dict of sys", 8, "sys", false},
    {"interpreter.builtins", is_module_dict, "the dict of builtins", 8, "builtins", false},
    {"interpreter.builtins_copy", is_dict_copy, "a dict with len", 8, "len", false},
    {"interpreter.importlib", is_module, "the module importlib", 8, "_frozen_importlib", false},
    {"interpreter.modules_by_index", is_list, "a list", 0, NULL, false},
    {"interpreter.import_func", is_c_function, "a built-in function", 0, NULL, false},
    {"interpreter.codec_search_path", is_list, "a list", 0, NULL, false},
    {"interpreter.codec_error_registry", is_dict_with_key, "a dict with strict", 8, "strict",
     false},
    {"interpreter.warnings_filters", is_list, "a list", 0, NULL, false},
    {"interpreter.warnings_default_action", is_text, "default", 8, "default", false},
    {"interpreter.atexit_callbacks", is_list, "a list", 0, NULL, false},
    {"interpreter.audit_hooks", is_list_or_none, "a list, or none", 0, NULL, true},
    {"interpreter.small_ints", is_small_ints, "ints from -5 to 256", 8, NULL, false},
    {"interpreter.gc", is_gc_state, "its lists close", 8, NULL, false},
    {"gc_state.enabled", is_flag, "0 or 1", 0, NULL, false},
    {"gc_state.debug", is_flags, "flags", 0, NULL, false},
    {"gc_state.generations", is_generations, "their lists close", 4, NULL, false},
    {"gc_state.permanent_generation", is_closed_list, "its list closes", 0, NULL, false},
    {"gc_state.collecting", is_flag, "0 or 1", 0, NULL, false},
    {"gc_state.garbage", is_list, "a list", 0, NULL, false},
    {"gc_state.callbacks", is_list, "a list", 0, NULL, false},
    {"gc_state.long_lived_total", is_count, "a count", 0, NULL, false},
    {"gc_state.long_lived_pending", is_count, "a count", 0, NULL, false},
    {"pool_header", derive_is_pool_header, "blocks in use add up", 0, NULL, false},
    {"interpreter.obmalloc", derive_is_obmalloc, "its arenas have the pools", 8, NULL, false},
    {"obmalloc_state.arenas", derive_is_arenas, "they have the pools", 8, NULL, false},
    {"obmalloc_state.maxarenas", derive_is_maxarenas, "no arena is beyond it", 0, NULL, false},
    {"interpreter.interned_strings", is_interned, "a dict from strings to themselves", 8, NULL,
     false},
    {"interpreter.static_builtins", is_static_builtins, "their types have their index", 8, NULL,
     false},
    {"static_type_state", is_static_builtins, "so far apart are their types", 0, NULL, false},
    {"static_type_state.type", is_static_builtins, "they have the state's index", 0, NULL, false},
    {"static_type_state.tp_dict", is_state_dict, "dicts with __doc__", 8, "__doc__", false},
    {"interpreter.type_cache", is_type_cache, "its names are strings", 8, NULL, false},
    {"interpreter.exception_group", is_type_named, "ExceptionGroup", 8, "ExceptionGroup", false},
    {"interpreter.generic_type", is_type_named, "typing.Generic", 8, "typing.Generic", false},
    {"interpreter.typevar_type", is_type_named, "typing.TypeVar", 8, "typing.TypeVar", false},
    {"interpreter.paramspeckwargs_type", is_type_named, "typing.ParamSpecKwargs", 8,
     "typing.ParamSpecKwargs", false},
    {"thread.cframe", is_cframe, "its frame has code", 8, NULL, false},
    {"thread.current_frame", is_current_frame, "it has code", 8, NULL, false},
    {"thread.exc_info", is_exc_info, "it leads to the thread's own", 8, NULL, false},
    {"thread.thread_id", is_thread_id, "it knows itself", 8, NULL, false},
    {"thread.context", is_context, "its version and the thread's number follow", 0, NULL, false},
    {"thread.threading_local_key", is_local_key, "both of the pair, or none", 0, NULL, true},
    {"thread.threading_local_sentinel", is_local_sentinel, "the second of the pair", 0, NULL, true},
    {"bootstate.tstate", is_own_thread, "what a thread was started with", 8, NULL, false},
    {"interpreter_frame.f_executable", is_code, "code", 0, NULL, false},
    {"interpreter_frame.f_globals", is_dict, "a dict", 0, NULL, false},
    {"interpreter_frame.f_builtins", is_dict, "a dict", 0, NULL, false},
    {0},
};
