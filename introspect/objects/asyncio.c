/* asyncio: futures and tasks (Modules/_asynciomodule.c). The registries of all tasks are weak and
 * no part of them. */
#include "introspect/objects/fields.h"

FIELDS(future, OWNS(future, fut_loop, REFERENCE_STRONG, "._loop"),
       OWNS(future, fut_callback0, REFERENCE_STRONG, "->fut_callback0"),
       OWNS(future, fut_context0, REFERENCE_STRONG, "->fut_context0"),
       OWNS(future, fut_callbacks, REFERENCE_STRONG, "->fut_callbacks"),
       OWNS(future, fut_result, REFERENCE_STRONG, "._result"),
       OWNS(future, fut_exception, REFERENCE_STRONG, "._exception"),
       OWNS(future, fut_exception_tb, REFERENCE_STRONG, "->fut_exception_tb"),
       OWNS(future, fut_source_tb, REFERENCE_STRONG, "._source_traceback"),
       OWNS(future, fut_cancel_msg, REFERENCE_STRONG, "._cancel_message"),
       OWNS(future, fut_cancelled_exc, REFERENCE_STRONG, "->fut_cancelled_exc"),
       /* 3.9 and 3.10 */
       OWNS(future, cancelled_exc_type, REFERENCE_STRONG, "->fut_cancelled_exc_state.exc_type"),
       OWNS(future, cancelled_exc_value, REFERENCE_STRONG, "->fut_cancelled_exc_state.exc_value"),
       OWNS(future, cancelled_exc_traceback, REFERENCE_STRONG,
            "->fut_cancelled_exc_state.exc_traceback"),
       OWNS(future, fut_awaited_by, REFERENCE_STRONG, "._asyncio_awaited_by"),
       OWNS(future, dict, REFERENCE_STRONG, ".__dict__"));

static void future_preview(struct decode *decode, const struct object *object, struct strbuf *out) {
    static const char *const states[] = {"pending", "cancelled", "finished"}; /* enum fut_state */
    uint64_t state = object_unsigned(object, decode->layout->future.fut_state);
    if (state < sizeof states / sizeof *states)
        strbuf_puts(out, states[state]);
}

static const struct decoder future_decoder = {
    .name = "future",
    .types = TYPES("_asyncio.Future"),
    .least_size = future_least_size,
    .references = future_references,
    .preview = future_preview,
};

/* A task begins as a future does. */
static const struct pointer_field task_fields[] = {
    OWNS(task, task_coro, REFERENCE_STRONG, "._coro"),
    OWNS(task, task_fut_waiter, REFERENCE_STRONG, "._fut_waiter"),
    OWNS(task, task_name, REFERENCE_STRONG, "->task_name"),
    OWNS(task, task_context, REFERENCE_STRONG, "->task_context"),
};

STRUCTURE_SIZE(task);

static void task_references(struct decode *decode, const struct object *object) {
    fields_references(decode, object, task_fields, sizeof task_fields / sizeof *task_fields);
    future_references(decode, object);
}

static const struct decoder task_decoder = {
    .name = "task",
    .types = TYPES("_asyncio.Task"),
    .least_size = task_least_size,
    .references = task_references,
    .preview = future_preview,
};

FIELDS_DECODER(future_iterator, TYPES("_asyncio.FutureIter"),
               OWNS(future_iterator, future, REFERENCE_STRONG, "->future"));

FIELDS_DECODER(task_step_method, TYPES("TaskStepMethWrapper", "_asyncio.TaskStepMethWrapper"),
               OWNS(task_step_method, sw_task, REFERENCE_STRONG, "->sw_task"),
               OWNS(task_step_method, sw_arg, REFERENCE_STRONG, "->sw_arg"));

/* up to 3.9 */
FIELDS_DECODER(task_wakeup_method, TYPES("TaskWakeupMethWrapper"),
               OWNS(task_wakeup_method, ww_task, REFERENCE_STRONG, "->ww_task"));

FIELDS_DECODER(running_loop_holder, TYPES("_RunningLoopHolder"),
               OWNS(running_loop_holder, rl_loop, REFERENCE_UNTRAVERSED, "->rl_loop"));

extern const struct decoder *const asyncio_decoders[];
const struct decoder *const asyncio_decoders[] = {
    &future_decoder,
    &task_decoder,
    &future_iterator_decoder,
    &task_step_method_decoder,
    &task_wakeup_method_decoder,
    &running_loop_holder_decoder,
    NULL,
};
