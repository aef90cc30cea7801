#include "introspect/analyses/container_growth.h"

#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#define NONE      UINT32_MAX
#define AMBIGUOUS (UINT32_MAX - 1)

enum { LEAST_SHARE = 8 /* one of so many dicts and lists has an equal address */ };

/* Those of one type and path; entries and bytes of all of them. */
struct group {
    uint64_t key;
    struct container_change sum;
    uint64_t grown; /* bytes, of those that have grown */
    uint32_t best;  /* the one that has grown most: index after; NONE: none has */
    uint64_t best_bytes;
    bool gone; /* there was one that is no other's before */
};

struct side {
    const struct containers *containers;
    uint64_t *type_keys; /* by type */
    uint32_t *mates;     /* the same container on the other side; NONE */
    uint32_t *into;      /* the container that it is told with: itself or one around it */
    uint64_t *held;      /* with those that are told with it */
};

/* A map from keys to indices. */
struct lookup {
    struct {
        uint64_t key;
        uint32_t value; /* index + 1 */
    } * slots;
    size_t mask;
};

struct finder {
    struct side before, after;
    struct lookup groups_by_key;
    struct vec(struct group) groups;
    struct vec(struct container_change) changes;
};

/* ---- keys ------------------------------------------------------------------------------------ */

static bool lookup_open(struct lookup *lookup, size_t count) {
    size_t size = 64;
    while (size < count * 2)
        size *= 2;
    *lookup = (struct lookup){calloc(size, sizeof *lookup->slots), size - 1};
    return lookup->slots;
}

/* The slot of a key, or where it would be. */
static size_t lookup_slot(const struct lookup *lookup, uint64_t key) {
    size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & lookup->mask;
    while (lookup->slots[at].value && lookup->slots[at].key != key)
        at = (at + 1) & lookup->mask;
    return at;
}

static void lookup_add(struct lookup *lookup, uint64_t key, uint32_t value) {
    size_t at = lookup_slot(lookup, key);
    lookup->slots[at].value = lookup->slots[at].value ? AMBIGUOUS + 1 : value + 1;
    lookup->slots[at].key = key;
}

/* NONE if there is none, or if there are several. */
static uint32_t lookup_get(const struct lookup *lookup, uint64_t key) {
    uint32_t value = lookup->slots[lookup_slot(lookup, key)].value;
    return value && value - 1 != AMBIGUOUS ? value - 1 : NONE;
}

static uint64_t hash_name(const char *name) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static uint64_t type_key(const struct side *side, uint32_t index) {
    return side->type_keys[side->containers->items[index].type];
}

static uint64_t class_key(const struct side *side, uint32_t index) {
    uint64_t key = side->containers->classes[side->containers->items[index].class].key;
    return (key ^ (type_key(side, index) << 1 | type_key(side, index) >> 63)) * 0x9e3779b97f4a7c15u;
}

static uint64_t path_key(const struct side *side, uint32_t index) {
    return side->containers->items[index].path ^ type_key(side, index);
}

static uint64_t address_key(const struct side *side, uint32_t index) {
    return side->containers->items[index].address;
}

static bool side_open(struct side *side, const struct containers *containers) {
    size_t count = containers->count + 1;
    *side = (struct side){
        .containers = containers,
        .type_keys = calloc(containers->type_count + 1, sizeof *side->type_keys),
        .mates = malloc(count * sizeof *side->mates),
        .into = malloc(count * sizeof *side->into),
        .held = calloc(count, sizeof *side->held),
    };
    if (!side->type_keys || !side->mates || !side->into || !side->held)
        return false;
    memset(side->mates, 0xff, count * sizeof *side->mates);
    for (size_t i = 0; i < containers->type_count; i++)
        side->type_keys[i] = containers->types[i] ? hash_name(containers->types[i]) : 0;
    return true;
}

static void side_close(struct side *side) {
    free(side->type_keys);
    free(side->mates);
    free(side->into);
    free(side->held);
}

/* ---- which are the same ---------------------------------------------------------------------- */

typedef uint64_t key_of(const struct side *side, uint32_t index);
typedef bool same(const struct finder *finder, uint32_t before, uint32_t after);

static bool is_same_type(const struct finder *finder, uint32_t before, uint32_t after) {
    return type_key(&finder->before, before) == type_key(&finder->after, after);
}

/* Address and type alone could be another one, which got the memory of the first. */
static bool is_same_object(const struct finder *finder, uint32_t before, uint32_t after) {
    const struct container *old = &finder->before.containers->items[before];
    const struct container *new = &finder->after.containers->items[after];
    return is_same_type(finder, before, after) &&
           (old->path == new->path || (old->first && old->first == new->first) ||
            class_key(&finder->before, before) == class_key(&finder->after, after));
}

/* Pairs those that have a key that nothing else on their side has. False without memory. */
static bool pair_by(struct finder *finder, key_of *key, same *is_same) {
    struct lookup old = {0}, new = {0};
    bool fine = lookup_open(&old, finder->before.containers->count) &&
                lookup_open(&new, finder->after.containers->count);
    for (uint32_t i = 0; fine && i < finder->before.containers->count; i++) {
        if (finder->before.mates[i] == NONE)
            lookup_add(&old, key(&finder->before, i), i);
    }
    for (uint32_t i = 0; fine && i < finder->after.containers->count; i++) {
        if (finder->after.mates[i] == NONE)
            lookup_add(&new, key(&finder->after, i), i);
    }
    for (uint32_t i = 0; fine && i < finder->after.containers->count; i++) {
        uint64_t this = key(&finder->after, i);
        uint32_t mate = lookup_get(&old, this);
        if (finder->after.mates[i] != NONE || mate == NONE || lookup_get(&new, this) != i ||
            !is_same(finder, mate, i))
            continue;
        finder->after.mates[i] = mate;
        finder->before.mates[mate] = i;
    }
    free(old.slots);
    free(new.slots);
    return fine;
}

/* Of processes that are unrelated hardly any dicts and lists have equal addresses; static types may. */
static bool addresses_tell(const struct finder *finder) {
    const struct containers *after = finder->after.containers;
    size_t count = 0, pairs = 0;
    for (uint32_t i = 0; i < after->count; i++) {
        if (after->items[i].entries == (uint32_t)CONTAINER_NO_ENTRIES)
            continue;
        count++;
        pairs += finder->after.mates[i] != NONE;
    }
    return pairs * LEAST_SHARE >= count;
}

static bool pair(struct finder *finder, bool *by_path) {
    if (!pair_by(finder, address_key, is_same_object))
        return false;
    *by_path = !addresses_tell(finder);
    if (*by_path) {
        memset(finder->before.mates, 0xff, finder->before.containers->count * sizeof(uint32_t));
        memset(finder->after.mates, 0xff, finder->after.containers->count * sizeof(uint32_t));
    } else if (!pair_by(finder, path_key, is_same_type)) {
        return false;
    }
    return pair_by(finder, class_key, is_same_type);
}

/* ---- what is told with what ------------------------------------------------------------------ */

static bool entries_differ(const struct side *side, const struct side *other, uint32_t index) {
    return side->containers->items[index].entries !=
           other->containers->items[side->mates[index]].entries;
}

/* What came or went by key or index is part of a container that has more or less entries now. */
static uint32_t told_with(const struct side *side, const struct side *other, uint32_t index) {
    const struct container *container = &side->containers->items[index];
    if (side->mates[index] != NONE || container->parent == (uint32_t)CONTAINER_NONE)
        return index;
    uint32_t around = side->into[container->parent];
    bool by_name = container->depth == side->containers->items[around].depth;
    bool alone = side->mates[around] == NONE;
    return !by_name && (alone || entries_differ(side, other, around)) ? around : index;
}

static void tell(struct side *side, const struct side *other) {
    for (uint32_t i = 0; i < side->containers->count; i++) {
        side->into[i] = told_with(side, other, i);
        side->held[side->into[i]] += side->containers->items[i].held;
    }
}

/* ---- groups ---------------------------------------------------------------------------------- */

static struct group *group_for(struct finder *finder, uint64_t key) {
    size_t at = lookup_slot(&finder->groups_by_key, key);
    if (!finder->groups_by_key.slots[at].value) {
        if (!vec_push(&finder->groups, ((struct group){.key = key, .best = NONE})))
            return NULL;
        finder->groups_by_key.slots[at].key = key;
        finder->groups_by_key.slots[at].value = (uint32_t)finder->groups.count;
    }
    return &finder->groups.items[finder->groups_by_key.slots[at].value - 1];
}

static uint64_t entries_of(const struct containers *containers, uint32_t index) {
    uint32_t entries = containers->items[index].entries;
    return entries == (uint32_t)CONTAINER_NO_ENTRIES ? 0 : entries;
}

/* What one container of `after` has, and had if it was there. */
static struct container_change change_of(const struct finder *finder, uint32_t index) {
    const struct containers *containers = finder->after.containers;
    const struct container *container = &containers->items[index];
    uint32_t mate = finder->after.mates[index];
    struct container_change change = {
        .type = containers->types[container->type],
        .address = container->address,
        .example = container->address,
        .containers = 1,
        .has_entries = container->entries != (uint32_t)CONTAINER_NO_ENTRIES,
        .entries_after = entries_of(containers, index),
        .held_after = finder->after.held[index],
    };
    if (mate != NONE) {
        change.entries_before = entries_of(finder->before.containers, mate);
        change.held_before = finder->before.held[mate];
    }
    return change;
}

static void add_to(struct group *group, const struct container_change *change, uint32_t index) {
    group->sum.containers += change->containers;
    group->gone |= !change->containers;
    group->sum.has_entries |= change->has_entries;
    group->sum.entries_before += change->entries_before;
    group->sum.entries_after += change->entries_after;
    group->sum.held_before += change->held_before;
    group->sum.held_after += change->held_after;
    if (change->type)
        group->sum.type = change->type;
    if (!change->containers || change->held_after < change->held_before)
        return;
    uint64_t bytes = change->held_after - change->held_before;
    group->grown += bytes;
    if (group->best == NONE || bytes > group->best_bytes) {
        group->best = index;
        group->best_bytes = bytes;
    }
}

static bool add_up(struct finder *finder) {
    if (!lookup_open(&finder->groups_by_key,
                     finder->before.containers->count + finder->after.containers->count))
        return false;
    for (uint32_t i = 0; i < finder->after.containers->count; i++) {
        if (finder->after.into[i] != i)
            continue;
        struct group *group = group_for(finder, class_key(&finder->after, i));
        struct container_change change = change_of(finder, i);
        if (!group)
            return false;
        add_to(group, &change, i);
    }
    for (uint32_t i = 0; i < finder->before.containers->count; i++) {
        if (finder->before.into[i] != i || finder->before.mates[i] != NONE)
            continue;
        struct group *group = group_for(finder, class_key(&finder->before, i));
        struct container_change gone = {.entries_before = entries_of(finder->before.containers, i),
                                        .held_before = finder->before.held[i]};
        if (!group)
            return false;
        add_to(group, &gone, NONE);
    }
    return true;
}

/* ---- the result ------------------------------------------------------------------------------ */

static int64_t bytes_more(const struct container_change *change) {
    return (int64_t)(change->held_after - change->held_before);
}

static int64_t entries_more(const struct container_change *change) {
    return (int64_t)(change->entries_after - change->entries_before);
}

static bool has_grown(const struct container_change *change) {
    return bytes_more(change) > 0 || (bytes_more(change) == 0 && entries_more(change) > 0);
}

static bool add_change(struct finder *finder, const struct container_change *change,
                       uint32_t index) {
    const struct containers *after = finder->after.containers;
    struct container_change added = *change;
    struct strbuf path = {0};
    if (!has_grown(change))
        return true;
    if (added.address)
        container_path(after, added.address, &path);
    if (!path.length)
        strbuf_puts(&path, after->classes[after->items[index].class].text);
    added.path = path.text;
    if (!path.failed && path.text && vec_push(&finder->changes, added))
        return true;
    strbuf_free(&path);
    return false;
}

static bool add_group(struct finder *finder, const struct group *group) {
    if (group->best == NONE || !has_grown(&group->sum))
        return true;
    struct container_change best = change_of(finder, group->best), rest = group->sum;
    bool unknown = group->gone && finder->after.mates[group->best] == NONE;
    rest.example = best.address;
    if (rest.containers == 1)
        rest.address = best.address;
    if (unknown || (rest.containers > 1 && group->best_bytes < (group->grown + 1) / 2))
        return add_change(finder, &rest, group->best);
    rest.address = rest.example = 0;
    rest.containers -= best.containers;
    rest.entries_before -= best.entries_before;
    rest.entries_after -= best.entries_after;
    rest.held_before -= best.held_before;
    rest.held_after -= best.held_after;
    if (!add_change(finder, &best, group->best))
        return false;
    return !rest.containers || add_change(finder, &rest, group->best);
}

static int compare_changes(const void *left, const void *right) {
    const struct container_change *a = left, *b = right;
    if (bytes_more(a) != bytes_more(b))
        return bytes_more(a) > bytes_more(b) ? -1 : 1;
    if (entries_more(a) != entries_more(b))
        return entries_more(a) > entries_more(b) ? -1 : 1;
    int order = strcmp(a->path, b->path);
    return order ? order : strcmp(a->type, b->type);
}

static bool find(struct finder *finder, bool *by_path) {
    if (!pair(finder, by_path))
        return false;
    tell(&finder->before, &finder->after);
    tell(&finder->after, &finder->before);
    if (!add_up(finder))
        return false;
    vec_each (group, &finder->groups) {
        if (!add_group(finder, group))
            return false;
    }
    if (finder->changes.count)
        qsort(finder->changes.items, finder->changes.count, sizeof *finder->changes.items,
              compare_changes);
    return true;
}

struct err *container_changes_find(const struct containers *before, const struct containers *after,
                                   struct container_changes *ret) {
    struct finder finder = {0};
    *ret = (struct container_changes){0};
    bool fine = side_open(&finder.before, before);
    fine &= side_open(&finder.after, after);
    fine = fine && find(&finder, &ret->by_path);
    side_close(&finder.before);
    side_close(&finder.after);
    free(finder.groups_by_key.slots);
    vec_free(&finder.groups);
    ret->items = finder.changes.items;
    ret->count = finder.changes.count;
    if (fine)
        return NULL;
    container_changes_free(ret);
    return err_no_memory();
}

void container_changes_free(struct container_changes *changes) {
    for (size_t i = 0; i < changes->count; i++)
        free(changes->items[i].path);
    free(changes->items);
    *changes = (struct container_changes){0};
}

/* ---- table ----------------------------------------------------------------------------------- */

enum {
    PATH,
    TYPE,
    LABEL,
    ADDRESS,
    CONTAINERS,
    BEFORE,
    AFTER,
    DELTA,
    HELD_BEFORE,
    HELD_AFTER,
    FOOTPRINT_DELTA,
    COLUMNS,
};

static const struct column columns[COLUMNS] = {
    [PATH] = {"path", "HOLDS MORE", VALUE_TEXT, COLUMN_SHRINKS},
    [TYPE] = {"type", "TYPE", VALUE_TEXT, COLUMN_DATA},
    [LABEL] = {"label", "TYPE", VALUE_TEXT, COLUMN_SCREEN | COLUMN_SHRINKS},
    [ADDRESS] = {"address", "ADDRESS", VALUE_ADDRESS, COLUMN_DATA},
    [CONTAINERS] = {"containers", "CONTAINERS", VALUE_COUNT, COLUMN_DATA},
    [BEFORE] = {"before", "BEFORE", VALUE_COUNT, 0},
    [AFTER] = {"after", "AFTER", VALUE_COUNT, 0},
    [DELTA] = {"delta", "GROWTH", VALUE_CHANGE, COLUMN_DATA},
    [HELD_BEFORE] = {"held_before", "", VALUE_BYTES, COLUMN_DATA},
    [HELD_AFTER] = {"held_after", "", VALUE_BYTES, COLUMN_DATA},
    [FOOTPRINT_DELTA] = {"footprint_delta", "FOOTPRINT", VALUE_CHANGE_BYTES, 0},
};

static bool next(void *context, struct value *cells) {
    struct container_change_rows *rows = context;
    if (rows->next >= rows->changes->count || rows->next >= rows->limit)
        return false;
    const struct container_change *change = &rows->changes->items[rows->next++];
    bool has = change->has_entries;
    strbuf_clear(&rows->label);
    strbuf_puts(&rows->label, change->type);
    if (change->containers > 1)
        strbuf_printf(&rows->label, " ×%llu", (unsigned long long)change->containers);
    cells[PATH] = value_text(change->path);
    cells[TYPE] = value_text(change->type);
    cells[LABEL] = value_text(strbuf_text(&rows->label));
    cells[ADDRESS] = change->address ? value_address(change->address) : value_none();
    cells[CONTAINERS] = value_count(change->containers);
    cells[BEFORE] = has ? value_count(change->entries_before) : value_none();
    cells[AFTER] = has ? value_count(change->entries_after) : value_none();
    cells[DELTA] = has ? value_change((int64_t)(change->entries_after - change->entries_before))
                       : value_none();
    cells[HELD_BEFORE] = value_bytes(change->held_before);
    cells[HELD_AFTER] = value_bytes(change->held_after);
    cells[FOOTPRINT_DELTA] =
        value_change_bytes((int64_t)(change->held_after - change->held_before));
    return true;
}

void container_change_rows_open(struct container_change_rows *rows,
                                const struct container_changes *changes, size_t limit) {
    *rows = (struct container_change_rows){.changes = changes, .limit = limit};
    rows->table = (struct table){columns, COLUMNS, next, rows};
}

void container_change_rows_close(struct container_change_rows *rows) {
    strbuf_free(&rows->label);
}
