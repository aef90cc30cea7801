#include "introspect/heap/stacks.h"

#include "introspect/heap/heap_private.h"
#include "introspect/heap/hidden_values.h"
#include "introspect/objects/code.h"
#include "introspect/objects/dict.h"
#include "introspect/objects/fields.h"
#include "introspect/objects/frame.h"
#include "introspect/objects/number.h"
#include "introspect/objects/str.h"
#include "introspect/runtime/chain.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FRAMES = 1 << 20, NAME_LIMIT = 80, PATH_LIMIT = 4096, REFERENCES = 256 };

/* ---- threads --------------------------------------------------------------------------------- */

static const struct thread *thread_at(const struct heap *heap, size_t index) {
    size_t count = 0;
    const struct thread *threads = runtime_threads(heap->runtime, &count);
    return index < count ? &threads[index] : NULL;
}

static size_t thread_count(const struct heap *heap) {
    size_t count = 0;
    runtime_threads(heap->runtime, &count);
    return count;
}

static uint64_t thread_id(const struct heap *heap, size_t index) {
    const struct thread *thread = thread_at(heap, index);
    return thread ? thread->thread_id : 0;
}

static const struct image_thread *image_thread_of(const struct heap *heap, size_t index) {
    const struct thread *thread = thread_at(heap, index);
    size_t count = 0;
    const struct image_thread *threads = image_threads(heap->image, &count);
    for (size_t i = 0; thread && i < count; i++) {
        if (thread->native_thread_id ? (uint64_t)threads[i].tid == thread->native_thread_id
                                     : threads[i].thread_pointer == thread->thread_id)
            return &threads[i];
    }
    return NULL;
}

pid_t stacks_native_id(const struct heap *heap, size_t index) {
    const struct image_thread *thread = image_thread_of(heap, index);
    const struct thread *python = thread_at(heap, index);
    return thread ? thread->tid : python ? (pid_t)python->native_thread_id : 0;
}

static int64_t interpreter_of(const struct heap *heap, size_t index) {
    const struct thread *thread = thread_at(heap, index);
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    return thread && thread->interpreter < count ? interpreters[thread->interpreter].id : 0;
}

/* ---- names of threads ------------------------------------------------------------------------ */

/* An attribute of an instance, wherever it keeps it; 0 if it has none. */
struct attribute_search {
    struct decode *names;
    const char *name;
    uint64_t found;
};

static void find_attribute(void *context, const struct reference *reference) {
    struct attribute_search *search = context;
    const struct layout *layout = search->names->layout;
    if (reference->label == LABEL_NAME &&
        str_equals(search->names->image, layout, reference->argument, search->name))
        search->found = reference->target;
    else if (reference->label == LABEL_FIELD && !search->found &&
             !strcmp((const char *)(uintptr_t)reference->argument, ".__dict__"))
        search->found = dict_find(search->names, reference->target, search->name);
}

static uint64_t attribute_of(const struct heap *heap, struct decode *decode, uint64_t object,
                             const char *name) {
    struct attribute_search search = {decode, name, 0};
    uint32_t id = heap_find(heap, object);
    if (id != HEAP_NONE)
        heap_references(heap, id, find_attribute, &search);
    return search.found;
}

/* threading._active: a dict from ident to Thread. */
static uint64_t threading_active(const struct heap *heap, struct decode *decode, size_t index) {
    const struct thread *thread = thread_at(heap, index);
    size_t count = 0;
    const struct interpreter *interpreters = runtime_interpreters(heap->runtime, &count);
    uint64_t modules = 0, dict = 0;
    if (!thread || thread->interpreter >= count ||
        !image_read_u64(heap->image,
                        interpreters[thread->interpreter].address +
                            heap->layout->interpreter.modules.offset,
                        &modules))
        return 0;
    uint64_t module = dict_find(decode, modules, "threading");
    if (!module ||
        !image_read_u64(heap->image, module + heap->layout->module.md_dict.offset, &dict))
        return 0;
    return dict_find(decode, dict, "_active");
}

static uint64_t thread_object(const struct heap *heap, struct decode *decode, size_t index) {
    uint64_t active = threading_active(heap, decode, index), key, value;
    struct dict_items items;
    if (!active || !dict_items_read(decode, active, &items))
        return 0;
    for (uint64_t i = 0; i < items.count; i++) {
        if (dict_item(&items, i, &key, &value) && int_is(decode, key, thread_id(heap, index)))
            return value;
    }
    return 0;
}

void stacks_thread_name(const struct heap *heap, size_t index, struct strbuf *out) {
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    uint64_t object = thread_object(heap, &decode, index);
    uint64_t name = object ? attribute_of(heap, &decode, object, "_name") : 0;
    const struct type *type = name ? remote_type(&decode, name) : NULL;
    const struct image_thread *thread = image_thread_of(heap, index);
    if (heap->hides_values)
        add_hidden_thread(index, out);
    else if (type && type->flags & TPFLAGS_UNICODE_SUBCLASS)
        str_escaped(&decode, name, NAME_LIMIT, out);
    else if (thread)
        strbuf_add_escaped(out, thread->name, strnlen(thread->name, sizeof thread->name),
                           NAME_LIMIT);
    else
        strbuf_putc(out, '?');
}

/* BaseEventLoop._thread_id (Lib/asyncio/base_events.py). */
bool stacks_loop_thread(const struct heap *heap, uint64_t loop, size_t *thread) {
    struct damage_list ignored;
    struct decode decode;
    heap_decode_init(heap, &decode, &ignored);
    uint64_t ident = attribute_of(heap, &decode, loop, "_thread_id");
    for (size_t i = 0; ident && i < thread_count(heap); i++) {
        if (int_is(&decode, ident, thread_id(heap, i))) {
            *thread = i;
            return true;
        }
    }
    return false;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* What is being filled. */
struct collector {
    struct stacks *stacks;
    struct decode decode;
    const struct frame *frame;
    struct strbuf text;
    bool out_of_memory;
};

/* Keeps the text that was put together. */
static const char *keep_text(struct collector *collector) {
    const char *kept = arena_strdup(&collector->stacks->texts, strbuf_text(&collector->text));
    collector->out_of_memory |= !kept || collector->text.failed;
    strbuf_clear(&collector->text);
    return kept;
}

/* What a variable holds: of one that closures share, what its cell does; 0 if that is empty. */
static uint64_t variable_value(struct decode *decode, const struct frame *frame,
                               const struct reference *reference) {
    if (!code_variable_in_cell(decode, frame->code, reference->argument))
        return reference->target;
    const struct type *type = remote_type(decode, reference->target);
    bool is_cell = type && type->decoder && !strcmp(type->decoder->name, "cell");
    return is_cell ? remote_unsigned(decode, reference->target, decode->layout->cell.ob_ref)
                   : reference->target;
}

static void take_variables(struct decode *decode) {
    struct collector *collector = decode->context;
    for (size_t i = 0; i < decode->reference_count; i++) {
        const struct reference *reference = &decode->references[i];
        uint64_t value = reference->label == LABEL_LOCAL
                             ? variable_value(decode, collector->frame, reference)
                             : 0;
        if (!value)
            continue;
        if (!code_variable(decode, collector->frame->code, reference->argument, &collector->text))
            strbuf_printf(&collector->text, "[%llu]", (unsigned long long)reference->argument);
        struct stack_variable variable = {keep_text(collector), value};
        collector->out_of_memory |= !vec_push(&collector->stacks->variables, variable);
    }
    decode->reference_count = 0;
}

static void take_frame(struct collector *collector, const struct frame *frame) {
    struct decode *decode = &collector->decode;
    struct stacks *stacks = collector->stacks;
    struct stack_frame taken = {.line = code_line(decode, frame->code, frame->instruction),
                                .first_variable = stacks->variables.count};
    code_name(decode, frame->code, NAME_LIMIT, &collector->text);
    taken.function = keep_text(collector);
    code_file(decode, frame->code, PATH_LIMIT, &collector->text);
    taken.file = keep_text(collector);
    collector->frame = frame;
    frame_references(decode, frame, REFERENCE_UNTRAVERSED);
    take_variables(decode);
    taken.variable_count = stacks->variables.count - taken.first_variable;
    collector->out_of_memory |= !vec_push(&stacks->frames, taken);
}

static void take_frames(struct collector *collector, const struct thread *thread) {
    struct chain chain = {0};
    struct frame frame;
    size_t frames = 0;
    for (uint64_t at = thread->current_frame; at; at = frame.previous) {
        if (chain_is_circle(&chain, at) || ++frames > MAX_FRAMES ||
            !frame_read(&collector->decode, at, &frame))
            return;
        if (!frame.shim)
            take_frame(collector, &frame);
    }
}

static void take_thread(struct collector *collector, const struct heap *heap, size_t index) {
    struct stacks *stacks = collector->stacks;
    struct stack_thread taken = {.thread_id = thread_id(heap, index),
                                 .native_id = stacks_native_id(heap, index),
                                 .interpreter = interpreter_of(heap, index),
                                 .first_frame = stacks->frames.count};
    stacks_thread_name(heap, index, &collector->text);
    taken.name = keep_text(collector);
    take_frames(collector, thread_at(heap, index));
    taken.frame_count = stacks->frames.count - taken.first_frame;
    collector->out_of_memory |= !vec_push(&stacks->threads, taken);
}

struct err *stacks_collect(const struct heap *heap, struct stacks *ret) {
    struct reference references[REFERENCES];
    struct damage_list ignored;
    struct collector collector = {.stacks = ret};
    *ret = (struct stacks){0};
    heap_decode_init(heap, &collector.decode, &ignored);
    collector.decode.references = references;
    collector.decode.reference_capacity = REFERENCES;
    collector.decode.flush = take_variables;
    collector.decode.context = &collector;
    for (size_t i = 0; i < thread_count(heap); i++)
        take_thread(&collector, heap, i);
    strbuf_free(&collector.text);
    if (!collector.out_of_memory)
        return NULL;
    stacks_free(ret);
    return err_no_memory();
}

void stacks_free(struct stacks *stacks) {
    vec_free(&stacks->threads);
    vec_free(&stacks->frames);
    vec_free(&stacks->variables);
    arena_clear(&stacks->texts);
}
