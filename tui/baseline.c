#include "tui/baseline.h"

#include "report/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool baseline_is_there(const struct view_context *context) {
    return context->baseline != context->refresh;
}

static struct timespec taken_at(const struct refresh *refresh) {
    return source_info(refresh->source)->capture.taken_at;
}

double baseline_seconds(const struct view_context *context) {
    struct timespec then = taken_at(context->baseline), now = taken_at(context->refresh);
    double seconds =
        (double)(now.tv_sec - then.tv_sec) + (double)(now.tv_nsec - then.tv_nsec) / 1e9;
    return seconds > 0 ? seconds : 0;
}

void baseline_name(const struct view_context *context, struct strbuf *out) {
    const struct source_info *info = source_info(context->baseline->source);
    char elapsed[UNITS_SIZE], clock[16] = "";
    struct tm local;
    if (info->path) {
        const char *slash = strrchr(info->path, '/');
        strbuf_puts(out, slash ? slash + 1 : info->path);
    } else if (localtime_r(&info->capture.taken_at.tv_sec, &local) &&
               strftime(clock, sizeof clock, "%H:%M:%S", &local)) {
        strbuf_printf(out, "refresh %u at %s", context->baseline->number, clock);
    }
    strbuf_printf(out, ", %s before", units_elapsed(elapsed, baseline_seconds(context)));
}

void baseline_advice(const struct view_context *context, struct strbuf *out) {
    const struct source_info *info = source_info(context->refresh->source);
    if (info->path)
        strbuf_puts(out, "started with --baseline FILE.hgs this shows what has grown since then");
    else
        strbuf_puts(out, "r captures again, and this shows what has grown since");
}

static struct err *find_grown(const struct view_context *context, struct grown_containers *grown) {
    const struct containers *before = &context->baseline->containers;
    const struct containers *after = &context->refresh->containers;
    atomic_init(&grown->references, 1);
    grown->baseline = context->baseline->number;
    grown->unreached = (int64_t)(after->unreached - before->unreached);
    grown->unreached_footprint =
        (int64_t)(after->unreached_footprint - before->unreached_footprint);
    return container_changes_find(before, after, &grown->changes);
}

struct err *baseline_containers(const struct view_context *context, struct work *work,
                                struct grown_containers **ret) {
    struct refresh *refresh = context->refresh;
    if (!refresh->grown || refresh->grown->baseline != context->baseline->number) {
        struct grown_containers *grown = calloc(1, sizeof *grown);
        work_phase(work, "comparing containers");
        struct err *err = grown ? find_grown(context, grown) : err_no_memory();
        if (err) {
            free(grown);
            return err;
        }
        grown_containers_drop(refresh->grown);
        refresh->grown = grown;
    }
    atomic_fetch_add(&refresh->grown->references, 1);
    *ret = refresh->grown;
    return NULL;
}

struct subject subject_of_type_name(const struct heap *heap, const char *name) {
    struct subject named = {.kind = SUBJECT_TYPE};
    snprintf(named.type, sizeof named.type, "%s", name);
    uint32_t id = type_id_of(heap, &named);
    if (id == HEAP_NONE)
        return (struct subject){0};
    return subject_of_type(heap_type_by_id(heap, id));
}

struct subject subject_at(const struct heap *heap, uint64_t address) {
    uint32_t id = address ? heap_find(heap, address) : HEAP_NONE;
    return id == HEAP_NONE ? (struct subject){0} : subject_of_object(heap, id);
}
