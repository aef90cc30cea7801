#include "introspect/heap/damage.h"

#include <string.h>

static struct damage *damage_kind(struct damage_list *list, const char *reason, const char *where) {
    for (size_t i = 0; i < list->count; i++) {
        struct damage *damage = &list->items[i];
        if (!strcmp(damage->reason, reason) && !strcmp(damage->where, where))
            return damage;
    }
    if (list->count == DAMAGE_KINDS)
        return &list->items[DAMAGE_KINDS - 1];
    struct damage *fresh = &list->items[list->count++];
    if (list->count == DAMAGE_KINDS)
        *fresh = (struct damage){.reason = "other", .where = "other"};
    else
        *fresh = (struct damage){.reason = reason, .where = where};
    return fresh;
}

static void add(struct damage_list *list, const struct damage *damage) {
    struct damage *kind = damage_kind(list, damage->reason, damage->where);
    if (!kind->count)
        kind->first = damage->first;
    kind->count += damage->count;
}

void damage_add(struct damage_list *list, const char *reason, const char *where, uint64_t address) {
    add(list, &(struct damage){reason, where, 1, address});
}

void damage_merge(struct damage_list *into, const struct damage_list *from) {
    for (size_t i = 0; i < from->count; i++)
        add(into, &from->items[i]);
}
