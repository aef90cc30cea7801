/* _thread: locks, thread-local data, thread handles; queue.SimpleQueue
 * (Modules/_threadmodule.c, Modules/_queuemodule.c). */
#include "introspect/objects/fields.h"

/* ---- locks: an allocated semaphore, since 3.13.1 a mutex in the object ----------------------- */

STRUCTURE_SIZE(thread_lock);

static void thread_lock_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    (void)measure;
    buffer_add_lock(decode, object_pointer(object, decode->layout->thread_lock.lock_lock));
}

static void thread_lock_preview(struct decode *decode, const struct object *object,
                                struct strbuf *out) {
    const struct layout *layout = decode->layout;
    bool locked = object_unsigned(object, layout->thread_lock.locked) ||
                  object_unsigned(object, layout->thread_lock.lock_bits) & 1;
    strbuf_puts(out, locked ? "locked" : "unlocked");
}

static const struct decoder thread_lock_decoder = {
    .name = "thread_lock",
    .types = TYPES("_thread.lock"),
    .least_size = thread_lock_least_size,
    .measure = thread_lock_measure,
    .preview = thread_lock_preview,
};

STRUCTURE_SIZE(thread_rlock);

static void thread_rlock_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    (void)measure;
    buffer_add_lock(decode, object_pointer(object, decode->layout->thread_rlock.rlock_lock));
}

static void thread_rlock_preview(struct decode *decode, const struct object *object,
                                 struct strbuf *out) {
    const struct layout *layout = decode->layout;
    bool locked = object_unsigned(object, layout->thread_rlock.rlock_count) ||
                  object_unsigned(object, layout->thread_rlock.mutex_bits) & 1;
    strbuf_puts(out, locked ? "locked" : "unlocked");
}

static const struct decoder thread_rlock_decoder = {
    .name = "thread_rlock",
    .types = TYPES("_thread.RLock"),
    .least_size = thread_rlock_least_size,
    .measure = thread_rlock_measure,
    .preview = thread_rlock_preview,
};

/* ---- threading.local: a thread's dict is a value of `dummies`, from 3.13 on of `localdicts` -- */

FIELDS_DECODER(thread_local_data, TYPES("_thread._local"),
               OWNS(thread_local_data, key, REFERENCE_UNTRAVERSED, "->key"),
               OWNS(thread_local_data, args, REFERENCE_STRONG, "->args"),
               OWNS(thread_local_data, kw, REFERENCE_STRONG, "->kw"),
               OWNS(thread_local_data, dummies, REFERENCE_STRONG, "->dummies"),
               OWNS(thread_local_data, wr_callback, REFERENCE_UNTRAVERSED, "->wr_callback"),
               OWNS(thread_local_data, localdicts, REFERENCE_STRONG, "->localdicts"),
               OWNS(thread_local_data, thread_watchdogs, REFERENCE_STRONG, "->thread_watchdogs"));

/* Its localdict is borrowed. */
PLAIN_DECODER(thread_local_dummy, TYPES("_thread._localdummy"), NULL);

static void thread_handle_measure(struct decode *decode, const struct object *object,
                                  struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    if (layout->thread_handle.size)
        buffer_add(decode, object_pointer(object, layout->thread_handle_object.handle),
                   layout->thread_handle.size);
}

PLAIN_DECODER(thread_handle_object, TYPES("_thread._ThreadHandle"), thread_handle_measure);

/* ---- queue.SimpleQueue: a list, since 3.13 a ring of its own --------------------------------- */

STRUCTURE_SIZE(simple_queue);

static void simple_queue_references(struct decode *decode, const struct object *object) {
    const struct layout *layout = decode->layout;
    reference_field(decode, object, layout->simple_queue.lst, REFERENCE_STRONG, "->lst");
    uint64_t items = object_pointer(object, layout->simple_queue.items);
    uint64_t capacity = object_unsigned(object, layout->simple_queue.items_cap);
    uint64_t count = object_unsigned(object, layout->simple_queue.num_items);
    uint64_t first = object_unsigned(object, layout->simple_queue.get_idx);
    if (!count)
        return;
    if (count > capacity || first >= capacity || capacity >> (IMAGE_ADDRESS_BITS - 3)) {
        decode_damage(decode, "length", "SimpleQueue", object->address);
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t item, at = items + (first + i) % capacity * 8;
        if (!image_read_u64(decode->image, at, &item)) {
            decode_damage(decode, "absent", "SimpleQueue", at);
            return;
        }
        reference_add(decode, item, REFERENCE_STRONG, LABEL_ITEM, i);
    }
}

static void simple_queue_measure(struct decode *decode, const struct object *object,
                                 struct measure *measure) {
    const struct layout *layout = decode->layout;
    buffer_add_lock(decode, object_pointer(object, layout->simple_queue.lock));
    uint64_t items =
        buffer_add_array(decode, object_pointer(object, layout->simple_queue.items),
                         object_unsigned(object, layout->simple_queue.items_cap), 8, "SimpleQueue");
    measure->body_size = measure->size;
    if (layout->trait.simple_queue_sized)
        measure->size = layout->simple_queue.size + items;
}

static const struct decoder simple_queue_decoder = {
    .name = "simple_queue",
    .types = TYPES("_queue.SimpleQueue"),
    .least_size = simple_queue_least_size,
    .references = simple_queue_references,
    .measure = simple_queue_measure,
};

extern const struct decoder *const thread_decoders[];
const struct decoder *const thread_decoders[] = {
    &thread_lock_decoder,
    &thread_rlock_decoder,
    &thread_local_data_decoder,
    &thread_local_dummy_decoder,
    &thread_handle_object_decoder,
    &simple_queue_decoder,
    NULL,
};
