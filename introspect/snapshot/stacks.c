/* Chunk STAK: threads, each followed by its frames, each followed by its variables. */
#include "introspect/snapshot/snapshot_private.h"

enum { ROW_THREAD, ROW_FRAME, ROW_VARIABLE };

static void add_text(struct column_buffer *buffer, const char *text) {
    column_text(buffer, text, strlen(text));
}

static void add_frame(struct rows *rows, const struct stacks *stacks,
                      const struct stack_frame *frame) {
    struct column_buffer *buffer = rows_next(rows);
    column_u8(buffer, ROW_FRAME);
    add_text(buffer, frame->function);
    add_text(buffer, frame->file);
    column_signed(buffer, frame->line);
    for (size_t i = 0; i < frame->variable_count; i++) {
        const struct stack_variable *variable = &stacks->variables.items[frame->first_variable + i];
        buffer = rows_next(rows);
        column_u8(buffer, ROW_VARIABLE);
        add_text(buffer, variable->name);
        column_varint(buffer, variable->address);
    }
}

struct err *stacks_save(struct saver *saver) {
    struct rows rows = {.saver = saver, .tag = "STAK"};
    struct stacks stacks = {0};
    TRY(heap_stacks(saver->heap, &stacks));
    vec_each (thread, &stacks.threads) {
        struct column_buffer *buffer = rows_next(&rows);
        column_u8(buffer, ROW_THREAD);
        add_text(buffer, thread->name);
        column_varint(buffer, thread->thread_id);
        column_signed(buffer, thread->native_id);
        column_signed(buffer, thread->interpreter);
        for (size_t i = 0; i < thread->frame_count; i++)
            add_frame(&rows, &stacks, &stacks.frames.items[thread->first_frame + i]);
    }
    stacks_free(&stacks);
    return rows_finish(&rows);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_thread(struct snapshot *snapshot, struct column_reader *reader) {
    struct stacks *stacks = &snapshot->stacks;
    struct stack_thread thread = {.first_frame = stacks->frames.count};
    thread.name = take_text(reader, &snapshot->memory);
    thread.thread_id = column_take_varint(reader);
    thread.native_id = (pid_t)column_take_signed(reader);
    thread.interpreter = column_take_signed(reader);
    snapshot->out_of_memory |= !vec_push(&stacks->threads, thread);
}

static void read_frame(struct snapshot *snapshot, struct column_reader *reader) {
    struct stacks *stacks = &snapshot->stacks;
    struct stack_frame frame = {.first_variable = stacks->variables.count};
    frame.function = take_text(reader, &snapshot->memory);
    frame.file = take_text(reader, &snapshot->memory);
    frame.line = (int)column_take_signed(reader);
    if (!stacks->threads.count)
        column_fail(reader);
    else
        stacks->threads.items[stacks->threads.count - 1].frame_count++;
    snapshot->out_of_memory |= !vec_push(&stacks->frames, frame);
}

static void read_variable(struct snapshot *snapshot, struct column_reader *reader) {
    struct stacks *stacks = &snapshot->stacks;
    struct stack_variable variable = {.name = take_text(reader, &snapshot->memory)};
    variable.address = column_take_varint(reader);
    if (!stacks->frames.count)
        column_fail(reader);
    else
        stacks->frames.items[stacks->frames.count - 1].variable_count++;
    snapshot->out_of_memory |= !vec_push(&stacks->variables, variable);
}

static void read_stack_row(struct snapshot *snapshot, struct column_reader *reader) {
    uint8_t kind = column_take_u8(reader);
    if (kind == ROW_THREAD)
        read_thread(snapshot, reader);
    else if (kind == ROW_FRAME)
        read_frame(snapshot, reader);
    else if (kind == ROW_VARIABLE)
        read_variable(snapshot, reader);
    else
        column_fail(reader);
}

struct err *stacks_load(struct snapshot *snapshot) {
    return rows_read(snapshot, "STAK", read_stack_row);
}
