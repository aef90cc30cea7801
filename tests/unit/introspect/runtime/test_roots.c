#include "introspect/heap/type_table.h"
#include "introspect/runtime/roots.h"
#include "tests/unit/introspect/heap/each_version.h"

#include <criterion/criterion.h>

enum { MOST = 4096 };

static struct root roots[MOST];
static size_t root_count, lost;
static struct damage_list damage;
static struct type_table *types;

static void take(void *context, const struct root *root) {
    (void)context;
    if (root_count < MOST)
        roots[root_count++] = *root;
    else
        lost++;
}

static void collect(struct fake_heap *heap,
                    void list(const struct decode *decode, const struct runtime *runtime,
                              root_visit *visit, void *context)) {
    if (!heap->runtime)
        fake_heap_finish(heap);
    root_count = lost = 0;
    damage = (struct damage_list){0};
    cr_assert_null(type_table_create(heap->image, heap->layout, heap->runtime_address, &types));
    struct decode decode = {
        .image = heap->image, .layout = heap->layout, .types = types, .damage = &damage};
    list(&decode, heap->runtime, take, NULL);
    type_table_destroy(types);
}

static const struct root *find(uint64_t target) {
    for (size_t i = 0; i < root_count; i++) {
        if (roots[i].reference.target == target)
            return &roots[i];
    }
    return NULL;
}

/* The thread runs the frame at that address. */
static void run_frame(struct fake_heap *heap, uint64_t frame) {
    const struct layout *layout = heap->layout;
    if (layout_has(layout->thread.current_frame)) {
        fake_set(&heap->fake, heap->thread, layout->thread.current_frame, frame);
        return;
    }
    uint64_t cframe = fake_alloc(&heap->fake, layout->cframe.size);
    fake_set(&heap->fake, cframe, layout->cframe.current_frame, frame);
    fake_set(&heap->fake, heap->thread, layout->thread.cframe, cframe);
}

static uint64_t make_frame(struct fake_heap *heap, uint64_t function) {
    uint64_t frame = fake_alloc(&heap->fake, heap->layout->interpreter_frame.size);
    fake_set(&heap->fake, frame, heap->layout->interpreter_frame.f_funcobj, function);
    return frame;
}

Test(roots, fields_of_interpreter_and_thread) {
    EACH_VERSION(heap) {
        uint64_t dict = fake_heap_dict(heap, 0, NULL), garbage = fake_heap_list(heap, 0, NULL);
        fake_set(&heap->fake, heap->thread, heap->layout->thread.dict, dict);
        fake_set(&heap->fake, heap->interpreter + heap->layout->interpreter.gc.offset,
                 heap->layout->gc_state.garbage, garbage);
        collect(heap, roots_exact);
        const struct root *root = find(dict);
        cr_assert_not_null(root);
        cr_expect_str_eq((const char *)(uintptr_t)root->reference.argument, "dict");
        cr_expect_eq(root->reference.properties, REFERENCE_UNTRAVERSED);
        root = find(garbage);
        cr_assert_not_null(root);
        cr_expect_str_eq((const char *)(uintptr_t)root->reference.argument, "gc.garbage");
        cr_expect_not_null(find(heap->builtins));
        cr_expect_eq(damage.count, 0);
    }
}

Test(roots, frames) {
    EACH_VERSION(heap) {
        uint64_t inner = fake_heap_list(heap, 0, NULL), outer = fake_heap_list(heap, 0, NULL);
        uint64_t frame = make_frame(heap, inner);
        fake_set(&heap->fake, frame, heap->layout->interpreter_frame.previous,
                 make_frame(heap, outer));
        run_frame(heap, frame);
        collect(heap, roots_exact);
        cr_expect_not_null(find(inner));
        cr_expect_not_null(find(outer));
    }
}

Test(roots, circular_frames) {
    EACH_VERSION(heap) {
        uint64_t function = fake_heap_list(heap, 0, NULL);
        uint64_t first = make_frame(heap, function), second = make_frame(heap, function);
        fake_set(&heap->fake, first, heap->layout->interpreter_frame.previous, second);
        fake_set(&heap->fake, second, heap->layout->interpreter_frame.previous, first);
        run_frame(heap, first);
        collect(heap, roots_exact);
        cr_expect_not_null(find(function));
        cr_expect_eq(lost, 0);
        cr_expect_eq(fake_heap_damage(&damage, "chain"), 1);
    }
}

Test(roots, frames_that_are_not_there) {
    EACH_VERSION(heap) {
        run_frame(heap, FAKE_WILD);
        collect(heap, roots_exact);
        cr_expect_eq(fake_heap_damage(&damage, "absent"), 1);
    }
}

Test(roots, circular_stack_of_exceptions) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        uint64_t item = fake_alloc(&heap->fake, layout->exc_stack_item.size);
        uint64_t exception = fake_heap_list(heap, 0, NULL);
        fake_set(&heap->fake, item, layout->exc_stack_item.exc_value, exception);
        fake_set(&heap->fake, item, layout->exc_stack_item.previous_item, item);
        fake_set(&heap->fake, heap->thread, layout->thread.exc_info, item);
        collect(heap, roots_exact);
        cr_expect_not_null(find(exception));
        cr_expect_eq(lost, 0);
        cr_expect_eq(fake_heap_damage(&damage, "chain"), 1);
    }
}

Test(roots, guesses_in_data_and_on_stacks) {
    EACH_VERSION(heap) {
        uint64_t objects[4];
        for (int i = 0; i < 4; i++)
            objects[i] = fake_heap_list(heap, 0, NULL);
        fake_word(&heap->fake, heap->foreign + 8, objects[0]);
        fake_word(&heap->fake, heap->stack + FAKE_STACK - 8, objects[1]);
        fake_word(&heap->fake, heap->malloc_start + FAKE_MALLOC - 64, objects[2]);
        fake_bytes(&heap->fake, heap->foreign + 20, &objects[3], 8); /* not aligned */
        collect(heap, roots_guessed);
        cr_assert_not_null(find(objects[0]));
        cr_expect(find(objects[0])->reference.properties & REFERENCE_GUESSED);
        cr_expect_eq(find(objects[0])->holder, heap->foreign + 8);
        cr_expect_not_null(find(objects[1]));
        cr_expect_null(find(objects[2]));
        cr_expect_null(find(objects[3]));
        cr_expect_null(find(FAKE_WILD));
    }
}

/* Below the stack pointer lies what calls that have returned left there. */
Test(roots, only_the_live_part_of_a_stack_and_registers) {
    EACH_VERSION(heap) {
        uint64_t dead = fake_heap_list(heap, 0, NULL), live = fake_heap_list(heap, 0, NULL);
        uint64_t held = fake_heap_list(heap, 0, NULL);
        fake_word(&heap->fake, heap->stack + 4096, dead);
        fake_word(&heap->fake, heap->stack + 4096 + 64, live);
        heap->stack_pointer = heap->stack + 4096 + 8;
        heap->a_register = held;
        collect(heap, roots_guessed);
        cr_expect_null(find(dead));
        cr_expect_not_null(find(live));
        cr_expect_not_null(find(held));
    }
}

Test(roots, free_lists_are_none) {
    EACH_VERSION(heap) {
        const struct layout *layout = heap->layout;
        uint64_t parked = fake_heap_list(heap, 0, NULL);
        struct field lists = layout_has(layout->interpreter.free_lists)
                                 ? layout->interpreter.free_lists
                                 : layout->interpreter.free_list_tuples;
        fake_word(&heap->fake, heap->interpreter + lists.offset + 8, parked);
        collect(heap, roots_guessed);
        cr_expect_null(find(parked));
        fake_word(&heap->fake, heap->interpreter + lists.offset - 8, parked);
        collect(heap, roots_guessed);
        cr_expect_not_null(find(parked));
    }
}

static uint64_t make_module(struct fake_heap *heap, uint64_t type, uint64_t dict) {
    uint64_t module = fake_heap_object(heap, type, heap->layout->module.size);
    fake_set(&heap->fake, module, heap->layout->module.md_dict, dict);
    return module;
}

/* The dict of sys.modules counts the modules; what runs refers to their own dicts. */
Test(roots, modules_by_name_and_the_current_task_of_a_loop) {
    EACH_VERSION(heap) {
        uint64_t type = fake_heap_static_type(
            heap, &(struct fake_type){.name = "module", .basicsize = heap->layout->module.size});
        uint64_t task = fake_heap_list(heap, 0, NULL), loop = fake_heap_str(heap, "a loop");
        uint64_t other = fake_heap_list(heap, 0, NULL);
        uint64_t current = fake_heap_dict(heap, 1, (uint64_t[]){loop, task});
        uint64_t names =
            fake_heap_dict(heap, 1, (uint64_t[]){fake_heap_str(heap, "_current_tasks"), current});
        uint64_t no_names =
            fake_heap_dict(heap, 1, (uint64_t[]){fake_heap_str(heap, "_current_tasks"), other});
        uint64_t shop = fake_heap_str(heap, "shop.cache"), shop_module;
        uint64_t items[] = {fake_heap_str(heap, "asyncio.tasks"), make_module(heap, type, names),
                            shop, shop_module = make_module(heap, type, no_names)};
        uint64_t modules = fake_heap_dict(heap, 2, items);
        fake_heap_finish(heap);
        fake_set(&heap->fake, heap->interpreter, heap->layout->interpreter.modules, modules);
        collect(heap, roots_exact);
        const struct root *root = find(shop_module);
        cr_assert_not_null(root);
        cr_expect_eq(root->kind, ROOT_MODULE);
        cr_expect_eq(root->holder, shop);
        cr_expect_eq(root->reference.properties, REFERENCE_RETAINS);
        root = find(no_names);
        cr_assert_not_null(root);
        cr_expect_eq(root->kind, ROOT_MODULE);
        cr_expect_eq(root->reference.properties, REFERENCE_WEAK);
        root = find(task);
        cr_assert_not_null(root);
        cr_expect_eq(root->kind, ROOT_TASK);
        cr_expect_eq(root->holder, loop);
        cr_expect_eq(root->reference.properties, REFERENCE_RETAINS);
        cr_expect_null(find(other));
        /* Neither what is no dict nor what is no place brings anything but silence. */
        fake_set(&heap->fake, items[1], heap->layout->module.md_dict, other);
        collect(heap, roots_exact);
        cr_expect_null(find(task));
        fake_set(&heap->fake, items[1], heap->layout->module.md_dict, FAKE_WILD);
        collect(heap, roots_exact);
        cr_expect_null(find(task));
    }
}
