/* Messages: what was said, the newest first, and the damage in detail. */
#include "tui/messages.h"
#include "report/units.h"
#include "tui/view.h"

#include <time.h>

static void add_message(void *context, const struct message *message) {
    char time[16] = "";
    struct tm local;
    if (localtime_r(&message->time.tv_sec, &local))
        strftime(time, sizeof time, "%H:%M:%S", &local);
    lines_add(context, message->is_error ? ROW_WARNING : ROW_PLAIN, "%s  %s", time, message->text);
}

static void add_damage(struct lines *lines, const struct view_context *context) {
    const struct damage_list *damage = heap_damage(context->refresh->heap);
    char count[UNITS_SIZE];
    lines_add(lines, ROW_STRONG, "Damage");
    for (size_t i = 0; i < damage->count; i++)
        lines_add(lines, ROW_WARNING, "  %s × %s: %s, first at %#llx",
                  units_count(count, damage->items[i].count), damage->items[i].where,
                  damage->items[i].reason, (unsigned long long)damage->items[i].first);
    if (context->file_damaged)
        lines_add(lines, ROW_WARNING,
                  "  parts of the file could not be read: the messages below say which");
    else if (!damage->count)
        lines_add(lines, ROW_PLAIN, "  none: everything that was looked at could be decoded");
}

static struct err *open_messages(const struct view_context *context, struct work *work,
                                 struct opened_page *ret) {
    struct lines lines = {0};
    (void)work;
    add_damage(&lines, context);
    lines_add(&lines, ROW_PLAIN, "%s", "");
    lines_add(&lines, ROW_STRONG, "Messages");
    messages_each(context->messages, add_message, &lines);
    return lines_open(&lines, ret);
}

static const struct page pages[] = {{
    .name = "messages",
    .export = "messages",
    .lines = true,
    .fixed_order = true,
    .follows_messages = true,
    .columns = lines_columns,
    .open = open_messages,
    .close = lines_close,
    .root = lines_root,
    .cells = lines_cells,
}};

extern const struct view view_messages;
const struct view view_messages = {
    .name = "messages",
    .title = "Messages",
    .key = '0',
    .subjects = 1 << SUBJECT_NONE,
    .about_help = "What could not be decoded, with the first address of each kind; and what was "
                  "said, the newest "
                  "first. --log or -v tells more.",
    .pages = pages,
    .page_count = 1,
};
