/* The roots of a heap, by object, and their names. */
#include "introspect/graph/root_list.h"
#include "tests/unit/introspect/heap/each_version.h"

#include <criterion/criterion.h>

static struct root_list list;

static void collect(struct fake_heap *heap) {
    if (!heap->heap)
        fake_heap_build(heap, 1);
    cr_assert_null(root_list_collect(heap->heap, &list));
}

/* The root of that kind that holds an object; NULL if there is none. */
static const struct root *root_of(struct fake_heap *heap, uint64_t object, enum root_kind kind) {
    size_t count = 0;
    const struct held_root *held = root_list_of(&list, heap_find(heap->heap, object), &count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(held[i].root.reference.target, object);
        if (held[i].root.kind == kind)
            return &held[i].root;
    }
    return NULL;
}

static void expect_name(struct fake_heap *heap, uint64_t object, enum root_kind kind,
                        const char *name) {
    const struct root *root = root_of(heap, object, kind);
    struct strbuf text = {0};
    cr_assert_not_null(root, "%s", name);
    root_name(heap->heap, root, &text);
    cr_expect_str_eq(strbuf_text(&text), name);
    strbuf_free(&text);
}

/* A list that GC knows, so that it is an object of the heap by all means. */
static uint64_t tracked_list(struct fake_heap *heap) {
    uint64_t object = fake_heap_list(heap, 0, NULL);
    fake_heap_track(heap, object);
    return object;
}

Test(root_list, c_globals_by_symbol) {
    EACH_VERSION(heap) {
        uint64_t named = tracked_list(heap), within = tracked_list(heap);
        uint64_t nameless = tracked_list(heap), interior = tracked_list(heap);
        struct image_symbol symbol = {.name = "leaked_list", .size = 32};
        symbol.address = heap->foreign + 64;
        cr_assert_null(image_add_data_symbol(heap->image, &symbol));
        fake_word(&heap->fake, heap->foreign + 64, named);
        fake_word(&heap->fake, heap->foreign + 80, within);
        fake_word(&heap->fake, heap->foreign + 96, nameless);
        fake_word(&heap->fake, heap->foreign + 128, interior + 8);
        collect(heap);
        expect_name(heap, named, ROOT_C_GLOBAL, "extension.so: leaked_list");
        expect_name(heap, within, ROOT_C_GLOBAL, "extension.so: leaked_list+0x10");
        expect_name(heap, nameless, ROOT_C_GLOBAL, "extension.so+0x60");
        cr_expect_null(root_of(heap, interior, ROOT_C_GLOBAL), "only its start is an object");
        unsigned properties = root_of(heap, named, ROOT_C_GLOBAL)->reference.properties;
        cr_expect_eq(properties, REFERENCE_RETAINS | REFERENCE_COUNTED | REFERENCE_GUESSED);
        root_list_clear(&list);
    }
}

Test(root_list, stacks_registers_threads_and_the_interpreter) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        uint64_t on_stack = tracked_list(heap), local = fake_heap_dict(heap, 0, NULL);
        uint64_t codecs = fake_heap_dict(heap, 0, NULL);
        fake_word(&heap->fake, heap->stack + 512, on_stack);
        heap->a_register = on_stack;
        fake_set(&heap->fake, heap->thread, layout->thread.dict, local);
        fake_set(&heap->fake, heap->interpreter, layout->interpreter.codec_search_cache, codecs);
        collect(heap);
        expect_name(heap, on_stack, ROOT_C_STACK, "the C stack of thread \"\" (4711)");
        expect_name(heap, on_stack, ROOT_REGISTER, "a register of thread \"\" (4711)");
        expect_name(heap, local, ROOT_THREAD, "thread-local data of thread \"?\"");
        expect_name(heap, codecs, ROOT_CODEC, "codec search cache");
        expect_name(heap, heap->builtins, ROOT_INTERPRETER, "builtins.__dict__");
        expect_name(heap, heap->list_type, ROOT_TYPE, "list");
        root_list_clear(&list);
    }
}

/* By object; of one object's roots those first that people should see first. */
Test(root_list, order) {
    EACH_VERSION(heap) {
        uint64_t object = tracked_list(heap);
        fake_word(&heap->fake, heap->stack + 512, object);
        fake_word(&heap->fake, heap->foreign + 72, object);
        fake_word(&heap->fake, heap->foreign + 64, object);
        fake_set(&heap->fake, heap->interpreter + heap->layout->interpreter.gc.offset,
                 heap->layout->gc_state.garbage, object);
        collect(heap);
        size_t count = 0;
        const struct held_root *held = root_list_of(&list, heap_find(heap->heap, object), &count);
        cr_assert_eq(count, 4);
        cr_expect_eq(held[0].root.kind, ROOT_GC);
        cr_expect_eq(held[1].root.holder, heap->foreign + 64);
        cr_expect_eq(held[2].root.holder, heap->foreign + 72);
        cr_expect_eq(held[3].root.kind, ROOT_C_STACK);
        for (size_t i = 1; i < list.count; i++)
            cr_assert_leq(list.items[i - 1].object, list.items[i].object);
        root_list_of(&list, heap_find(heap->heap, fake_heap_list(heap, 0, NULL)), &count);
        cr_expect_eq(count, 0);
        root_list_clear(&list);
    }
}
