/* How much waits for the garbage collector and why, and how it has fared, in sentences. */
#include "introspect/analyses/garbage_shapes.h"

struct speech {
    const struct garbage *garbage;
    const struct gc_status *gc;
    garbage_say *say;
    void *context;
    struct strbuf sentence;
    bool failed;
};

static void end(struct speech *speech, enum garbage_tone tone) {
    speech->failed |= speech->sentence.failed;
    speech->say(speech->context, tone, strbuf_text(&speech->sentence));
    strbuf_clear(&speech->sentence);
}

static void say_what_waits(struct speech *speech) {
    const struct gc_status *gc = speech->gc;
    struct strbuf *out = &speech->sentence;
    uint64_t objects = speech->garbage->gc_objects;
    const char *plural = objects == 1 ? "" : "s", *verb = objects == 1 ? "s" : "";
    bool never = gc && !gc->generations[0].threshold;
    if (!objects) {
        strbuf_puts(out, "nothing is collectable");
        if (gc)
            strbuf_printf(out, "; gc is %s", gc->enabled ? "enabled" : "disabled");
        end(speech, gc && gc->enabled ? GARBAGE_GOOD : GARBAGE_WARNING);
    } else if (gc && (!gc->enabled || never)) {
        strbuf_printf(out, "gc is %s and ",
                      gc->enabled ? "on, but its first threshold is 0, so it never runs,"
                                  : "disabled");
        strbuf_add_count(out, objects);
        strbuf_printf(out, " collectable object%s wait%s", plural, verb);
        end(speech, GARBAGE_WARNING);
    } else {
        strbuf_add_count(out, objects);
        strbuf_printf(out, " collectable object%s wait%s for gc%s", plural, verb,
                      gc ? ", which is enabled" : "");
        end(speech, GARBAGE_GOOD);
    }
}

static void say_whether_it_runs(struct speech *speech) {
    bool enabled = speech->gc->enabled;
    strbuf_printf(&speech->sentence, "gc is %s; what waits for it is not worked out yet",
                  enabled ? "enabled" : "disabled");
    end(speech, enabled ? GARBAGE_GOOD : GARBAGE_WARNING);
}

static void say_how_it_fared(struct speech *speech) {
    const struct gc_status *gc = speech->gc;
    const struct gc_generation_status *of = gc->generations;
    struct strbuf *out = &speech->sentence;
    strbuf_printf(out,
                  "counts %lld/%lld/%lld of %lld/%lld/%lld;\t%llu full collections, "
                  "which found %llu",
                  (long long)of[0].count, (long long)of[1].count, (long long)of[2].count,
                  (long long)of[0].threshold, (long long)of[1].threshold,
                  (long long)of[2].threshold, (unsigned long long)of[2].collections,
                  (unsigned long long)of[2].collected);
    end(speech, GARBAGE_PLAIN);
    if (gc->enabled && gc->has_long_lived && of[2].count > of[2].threshold &&
        gc->long_lived_pending < gc->long_lived_total / 4) {
        strbuf_puts(out, "a full collection is due, but waits:\tonly ");
        strbuf_add_count(out, gc->long_lived_pending);
        strbuf_puts(out, " objects have grown old since the last,\ta quarter of the ");
        strbuf_add_count(out, gc->long_lived_total);
        strbuf_puts(out, " then would be needed");
        end(speech, GARBAGE_PLAIN);
    }
}

struct err *garbage_gc_words(const struct garbage *garbage, const struct gc_status *gc,
                             garbage_say *say, void *context) {
    struct speech speech = {.garbage = garbage, .gc = gc, .say = say, .context = context};
    struct strbuf *out = &speech.sentence;
    if (gc && gc->collecting) {
        strbuf_puts(out, "gc was in the middle of a collection:\twhat it had found by then is not "
                         "told here");
        end(&speech, GARBAGE_WARNING);
    }
    if (garbage)
        say_what_waits(&speech);
    else if (gc)
        say_whether_it_runs(&speech);
    if (gc) {
        say_how_it_fared(&speech);
    } else {
        strbuf_puts(out, "what gc says of itself could not be read");
        end(&speech, GARBAGE_WARNING);
    }
    if (garbage && garbage->frozen) {
        strbuf_add_count(out, garbage->frozen);
        strbuf_puts(out, " objects are frozen (gc.freeze):\tgc never looks at them");
        end(&speech, GARBAGE_PLAIN);
    }
    if (gc && gc->debug & GC_DEBUG_SAVEALL) {
        strbuf_puts(out, "gc.DEBUG_SAVEALL is set:\tall garbage is kept in gc.garbage, which is "
                         "a leak");
        end(&speech, GARBAGE_WARNING);
    }
    strbuf_free(out);
    return speech.failed ? err_no_memory() : NULL;
}
