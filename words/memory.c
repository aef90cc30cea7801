#include "words/words.h"

#include "report/units.h"

static void say(struct strbuf *text, words_line *line, void *context) {
    line(context, LINE_PLAIN, text->failed ? NULL : strbuf_text(text));
    strbuf_clear(text);
}

void words_memory_split(const struct memory_split *split, uint64_t swap, words_line *line,
                        void *context) {
    struct strbuf text = {0};
    char size[UNITS_SIZE], share[UNITS_SIZE];
    double part = split->rss ? (double)split->objects / (double)split->rss : 0;
    strbuf_printf(&text, "RSS %s =", units_short(size, split->rss));
    strbuf_printf(&text, " Python objects %s (%s)", units_short(size, split->objects),
                  units_percent(share, part));
    const struct {
        const char *name;
        uint64_t bytes;
    } parts[] = {
        {"free in pymalloc", split->pymalloc_free},
        {"other anonymous", split->other_anonymous},
        {"files", split->files},
        {"rest", split->rest},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].bytes)
            strbuf_printf(&text, "\t+ %s %s", parts[i].name, units_short(size, parts[i].bytes));
    }
    if (swap)
        strbuf_printf(&text, "\t(and %s swapped out)", units_short(size, swap));
    say(&text, line, context);
    strbuf_free(&text);
}

void words_heap_totals(const struct heap_totals *totals, words_line *line, void *context) {
    struct strbuf text = {0};
    char objects[UNITS_SIZE], tracked[UNITS_SIZE], reached[UNITS_SIZE], alone[UNITS_SIZE];
    strbuf_printf(&text, "%s objects: %s tracked by gc,\t%s reached,\t%s held only from C",
                  units_count(objects, totals->objects), units_count(tracked, totals->tracked),
                  units_count(reached, totals->reachable), units_count(alone, totals->allocator));
    say(&text, line, context);
    if (totals->unreachable) {
        strbuf_printf(&text, "%s of them can't be reached from any root:\tgarbage, or held from C",
                      units_count(objects, totals->unreachable));
        say(&text, line, context);
    }
    strbuf_free(&text);
}
