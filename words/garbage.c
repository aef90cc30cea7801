/* How much waits for the garbage collector and why, and how it has fared, in sentences. */
#include "words/words.h"

#include "report/units.h"

struct speech {
    const struct garbage *garbage;
    const struct gc_status *gc;
    words_line *line;
    void *context;
    struct strbuf sentence;
};

static void end(struct speech *speech, enum line_style style) {
    struct strbuf *sentence = &speech->sentence;
    speech->line(speech->context, style, sentence->failed ? NULL : strbuf_text(sentence));
    strbuf_clear(sentence);
}

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

static void say_what_waits(struct speech *speech) {
    const struct gc_status *gc = speech->gc;
    struct strbuf *out = &speech->sentence;
    uint64_t objects = speech->garbage->gc_objects;
    char count[UNITS_SIZE];
    const char *verb = objects == 1 ? "s" : "";
    bool never = gc && !gc->generations[0].threshold;
    units_count(count, objects);
    if (!objects) {
        strbuf_puts(out, "nothing is collectable");
        if (gc)
            strbuf_printf(out, "; gc is %s", gc->enabled ? "enabled" : "disabled");
        end(speech, gc && gc->enabled ? LINE_STRONG : LINE_WARNING);
    } else if (gc && (!gc->enabled || never)) {
        strbuf_printf(out, "gc is %s and %s collectable object%s wait%s",
                      gc->enabled ? "on, but its first threshold is 0, so it never runs,"
                                  : "disabled",
                      count, plural(objects), verb);
        end(speech, LINE_WARNING);
    } else {
        strbuf_printf(out, "%s collectable object%s wait%s for gc%s", count, plural(objects), verb,
                      gc ? ", which is enabled" : "");
        end(speech, LINE_STRONG);
    }
}

static void say_whether_it_runs(struct speech *speech) {
    bool enabled = speech->gc->enabled;
    strbuf_printf(&speech->sentence, "gc is %s; what waits for it is not worked out yet",
                  enabled ? "enabled" : "disabled");
    end(speech, enabled ? LINE_STRONG : LINE_WARNING);
}

static void say_how_it_fared(struct speech *speech) {
    const struct gc_status *gc = speech->gc;
    const struct gc_generation_status *of = gc->generations;
    struct strbuf *out = &speech->sentence;
    char pending[UNITS_SIZE], total[UNITS_SIZE];
    strbuf_printf(out,
                  "counts %lld/%lld/%lld of %lld/%lld/%lld;\t%llu full collections, "
                  "which found %llu",
                  (long long)of[0].count, (long long)of[1].count, (long long)of[2].count,
                  (long long)of[0].threshold, (long long)of[1].threshold,
                  (long long)of[2].threshold, (unsigned long long)of[2].collections,
                  (unsigned long long)of[2].collected);
    end(speech, LINE_PLAIN);
    if (gc->enabled && gc->has_long_lived && of[2].count > of[2].threshold &&
        gc->long_lived_pending < gc->long_lived_total / 4) {
        strbuf_printf(out,
                      "a full collection is due, but waits:\tonly %s objects have grown old since "
                      "the last,\ta quarter of the %s then would be needed",
                      units_count(pending, gc->long_lived_pending),
                      units_count(total, gc->long_lived_total));
        end(speech, LINE_PLAIN);
    }
}

void words_gc(const struct garbage *garbage, const struct gc_status *gc, words_line *line,
              void *context) {
    struct speech speech = {.garbage = garbage, .gc = gc, .line = line, .context = context};
    struct strbuf *out = &speech.sentence;
    char count[UNITS_SIZE];
    if (gc && gc->collecting) {
        strbuf_puts(out, "gc was in the middle of a collection:\twhat it had found by then is not "
                         "told here");
        end(&speech, LINE_WARNING);
    }
    if (garbage)
        say_what_waits(&speech);
    else if (gc)
        say_whether_it_runs(&speech);
    if (gc) {
        say_how_it_fared(&speech);
    } else {
        strbuf_puts(out, "what gc says of itself could not be read");
        end(&speech, LINE_WARNING);
    }
    if (garbage && garbage->frozen) {
        strbuf_printf(out, "%s objects are frozen (gc.freeze):\tgc never looks at them",
                      units_count(count, garbage->frozen));
        end(&speech, LINE_PLAIN);
    }
    if (gc && gc->debug & GC_DEBUG_SAVEALL) {
        strbuf_puts(out, "gc.DEBUG_SAVEALL is set:\tall garbage is kept in gc.garbage, which is "
                         "a leak");
        end(&speech, LINE_WARNING);
    }
    strbuf_free(out);
}

void words_garbage(const struct garbage *garbage, words_line *line, void *context) {
    char count[UNITS_SIZE], all[UNITS_SIZE], groups[UNITS_SIZE], size[UNITS_SIZE];
    struct speech speech = {.line = line, .context = context};
    strbuf_printf(&speech.sentence,
                  "%s object%s in %s group%s,\twith what only they keep %s,\t%s in all",
                  units_count(count, garbage->gc_objects), plural(garbage->gc_objects),
                  units_count(groups, garbage->group_count), plural(garbage->group_count),
                  units_count(all, garbage->member_count), units_short(size, garbage->footprint));
    end(&speech, LINE_PLAIN);
    strbuf_free(&speech.sentence);
}
