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
    SAMPLES = 64,
    MOST_POOL = 1 << 14,
    SIZE_CLASSES = 32,
    LEAST_STATES = 16,
    STATES = 200, /* _Py_MAX_MANAGED_STATIC_BUILTIN_TYPES */
    LEAST_NAMES = 16,
    CACHE_ENTRIES = 1 << 12, /* MCACHE_SIZE_EXP */
    INTERNED = 256,
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

static uint64_t obmalloc(const struct derive *derive) {
    const struct layout *layout = derive->layout;
    uint64_t at = derive->interpreter + layout->interpreter.obmalloc.offset;
    if (!derive->interpreter || layout->trait.obmalloc_state == OBMALLOC_STATIC)
        return 0;
    return layout->trait.obmalloc_state == OBMALLOC_POINTER ? live_word(&derive->live, at) : at;
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

uint64_t derive_structure_address(const struct derive *derive,
                                  const struct structure_description *structure) {
    if (is_named(structure, "interpreter"))
        return derive->interpreter;
    if (is_named(structure, "thread"))
        return derive->thread;
    if (is_named(structure, "gc_state"))
        return gc_state(derive);
    if (is_named(structure, "obmalloc_state"))
        return obmalloc(derive);
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
    int names = 0;
    (void)check;
    if (!size || !entries || !live_read(&derive->live, at, entries, (size_t)CACHE_ENTRIES * size))
        return false;
    for (size_t i = 0; i < CACHE_ENTRIES; i++) {
        uint64_t name = field_pointer(entries + i * size, layout->type_cache_entry.name);
        if (name & 7 || (name && name < 0x1000))
            return false;
        if (name && names < LEAST_NAMES * 4)
            names += live_is(&derive->live, name, LIVE_STR) ? 1 : 0;
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

/* ---- pymalloc -------------------------------------------------------------------------------- */

struct pool {
    uint64_t address, arena_index;
};

/* In every pool the blocks that were handed out so far, less those on its free list, are those in use. */
static bool pool_accounts(const struct layout *layout, const uint8_t *bytes, uint64_t pool) {
    const uint64_t header = layout->pool_header.size, size = layout->trait.pool_size;
    uint64_t class = field_unsigned(bytes, layout->pool_header.szidx);
    uint64_t end = field_unsigned(bytes, layout->pool_header.nextoffset);
    uint64_t free = field_pointer(bytes, layout->pool_header.freeblock), block = (class + 1) * 16;
    if (class >= SIZE_CLASSES || end < header || end > size || (end - header) % block)
        return false;
    uint64_t used = (end - header) / block;
    for (; free && used; used--) {
        uint64_t offset = free - pool;
        if (offset < header || offset >= end || (offset - header) % block)
            return false;
        free = load_u64(bytes + offset);
    }
    return !free && used && used == field_unsigned(bytes, layout->pool_header.ref_count);
}

/* Might that be a pool at all? */
static bool is_pool_like(const struct layout *layout, const uint8_t *bytes) {
    uint64_t end = field_unsigned(bytes, layout->pool_header.nextoffset);
    return field_unsigned(bytes, layout->pool_header.szidx) < SIZE_CLASSES &&
           end >= layout->pool_header.size && end <= layout->trait.pool_size;
}

/* Pools that account, of those that modules lie in, if pymalloc is what they were allocated by; and how many
 * places were looked at that can't be any. */
static size_t sample_pools(struct derive *derive, struct pool pools[SAMPLES], size_t *others) {
    const struct layout *layout = derive->layout;
    const uint64_t size = layout->trait.pool_size;
    struct live_item items[SAMPLES];
    size_t found = 0;
    *others = 0;
    size_t count = live_dict_items(
        &derive->live, live_field(&derive->live, derive->interpreter, layout->interpreter.modules),
        items, SAMPLES);
    for (size_t i = 0; i < count && size <= MOST_POOL; i++) {
        uint8_t bytes[MOST_POOL];
        uint64_t pool = items[i].value & -size;
        if (!live_read(&derive->live, pool, bytes, size) || !is_pool_like(layout, bytes))
            (*others)++;
        else if (pool_accounts(layout, bytes, pool))
            pools[found++] =
                (struct pool){pool, field_unsigned(bytes, layout->pool_header.arenaindex)};
    }
    return found;
}

/* Where no module has a pool there is no pymalloc: then nothing is read by this structure. */
static bool is_pool_header(struct derive *derive, const struct self_check *check, uint64_t at) {
    struct pool pools[SAMPLES];
    size_t others, found = sample_pools(derive, pools, &others);
    (void)check;
    (void)at;
    return found > others / 2 || (!found && others >= LEAST_STATES);
}

/* Of pools whose arena is known by its index, each lies in it. */
static bool has_pools(struct derive *derive, uint64_t arenas, uint64_t most) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    struct pool pools[SAMPLES];
    size_t others, count = sample_pools(derive, pools, &others);
    for (size_t i = 0; i < count; i++) {
        uint64_t arena = arenas + pools[i].arena_index * layout->arena_object.size;
        uint64_t address = live_field(live, arena, layout->arena_object.address);
        if (pools[i].arena_index >= most || !address || pools[i].address < address ||
            pools[i].address - address >= layout->trait.arena_size)
            return false;
    }
    return count || (!arenas && !most);
}

static bool is_obmalloc(struct derive *derive, const struct self_check *check, uint64_t at) {
    const struct live *live = &derive->live;
    const struct layout *layout = derive->layout;
    (void)check;
    if (layout->trait.obmalloc_state == OBMALLOC_POINTER)
        at = live_word(live, at);
    uint64_t arenas = live_field(live, at, layout->obmalloc_state.arenas);
    return arenas &&
           has_pools(derive, arenas, live_field(live, at, layout->obmalloc_state.maxarenas));
}

static bool is_arenas(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return has_pools(
        derive, live_word(&derive->live, at),
        live_field(&derive->live, obmalloc(derive), derive->layout->obmalloc_state.maxarenas));
}

static bool is_maxarenas(struct derive *derive, const struct self_check *check, uint64_t at) {
    uint32_t most;
    (void)check;
    return live_read(&derive->live, at, &most, sizeof most) &&
           has_pools(
               derive,
               live_field(&derive->live, obmalloc(derive), derive->layout->obmalloc_state.arenas),
               most);
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

static bool is_context(struct derive *derive, const struct self_check *check, uint64_t at) {
    (void)check;
    return live_is(&derive->live, live_word(&derive->live, at), LIVE_CONTEXT);
}

const struct self_check derive_runtime_checks[] = {
    {"runtime.interpreters_head", is_interpreters_head, "its interpreters' threads point back", 8,
     NULL},
    {"interpreter.threads_head", is_threads_head, "its threads point back", 8, NULL},
    {"thread.interp", is_own_interpreter, "it points back", 0, NULL},
    {"interpreter.modules", is_modules, "a dict with sys and builtins", 8, NULL},
    {"module.md_dict", is_md_dict, "the dict of sys says it is", 8, "sys"},
    {"interpreter.sysdict", is_module_dict, "the dict of sys", 8, "sys"},
    {"interpreter.builtins", is_module_dict, "the dict of builtins", 8, "builtins"},
    {"interpreter.builtins_copy", is_dict_copy, "a dict with len", 8, "len"},
    {"interpreter.importlib", is_module, "the module importlib", 8, "_frozen_importlib"},
    {"interpreter.modules_by_index", is_list, "a list", 0, NULL},
    {"interpreter.import_func", is_c_function, "a built-in function", 0, NULL},
    {"interpreter.codec_search_path", is_list, "a list", 0, NULL},
    {"interpreter.codec_error_registry", is_dict_with_key, "a dict with strict", 8, "strict"},
    {"interpreter.warnings_filters", is_list, "a list", 0, NULL},
    {"interpreter.gc", is_gc_state, "its lists close", 8, NULL},
    {"gc_state.enabled", is_flag, "0 or 1", 0, NULL},
    {"gc_state.debug", is_flags, "flags", 0, NULL},
    {"gc_state.generations", is_generations, "their lists close", 4, NULL},
    {"gc_state.permanent_generation", is_closed_list, "its list closes", 0, NULL},
    {"gc_state.collecting", is_flag, "0 or 1", 0, NULL},
    {"gc_state.garbage", is_list, "a list", 0, NULL},
    {"gc_state.callbacks", is_list, "a list", 0, NULL},
    {"gc_state.long_lived_total", is_count, "a count", 0, NULL},
    {"gc_state.long_lived_pending", is_count, "a count", 0, NULL},
    {"pool_header", is_pool_header, "blocks in use add up", 0, NULL},
    {"interpreter.obmalloc", is_obmalloc, "its arenas have the pools", 8, NULL},
    {"obmalloc_state.arenas", is_arenas, "they have the pools", 8, NULL},
    {"obmalloc_state.maxarenas", is_maxarenas, "no arena is beyond it", 0, NULL},
    {"interpreter.interned_strings", is_interned, "a dict from strings to themselves", 8, NULL},
    {"interpreter.static_builtins", is_static_builtins, "their types have their index", 8, NULL},
    {"static_type_state", is_static_builtins, "so far apart are their types", 0, NULL},
    {"static_type_state.type", is_static_builtins, "they have the state's index", 0, NULL},
    {"static_type_state.tp_dict", is_state_dict, "dicts with __doc__", 8, "__doc__"},
    {"interpreter.type_cache", is_type_cache, "its names are strings", 8, NULL},
    {"interpreter.exception_group", is_type_named, "ExceptionGroup", 8, "ExceptionGroup"},
    {"interpreter.generic_type", is_type_named, "typing.Generic", 8, "typing.Generic"},
    {"interpreter.typevar_type", is_type_named, "typing.TypeVar", 8, "typing.TypeVar"},
    {"interpreter.paramspeckwargs_type", is_type_named, "typing.ParamSpecKwargs", 8,
     "typing.ParamSpecKwargs"},
    {"thread.cframe", is_cframe, "its frame has code", 8, NULL},
    {"thread.current_frame", is_current_frame, "it has code", 8, NULL},
    {"thread.exc_info", is_exc_info, "it leads to the thread's own", 8, NULL},
    {"thread.thread_id", is_thread_id, "it knows itself", 8, NULL},
    {"thread.context", is_context, "a context", 0, NULL},
    {"interpreter_frame.f_executable", is_code, "code", 0, NULL},
    {"interpreter_frame.f_globals", is_dict, "a dict", 0, NULL},
    {"interpreter_frame.f_builtins", is_dict, "a dict", 0, NULL},
    {0},
};
