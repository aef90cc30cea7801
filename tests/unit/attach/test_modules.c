#include "attach/modules.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <string.h>
#include <unistd.h>

static size_t add_note(uint8_t *to, uint32_t type, const char *name, uint32_t name_size,
                       const void *body, uint32_t size) {
    Elf64_Nhdr header = {name_size, size, type};
    memcpy(to, &header, sizeof header);
    memcpy(to + sizeof header, name, name_size);
    size_t at = sizeof header + ((name_size + 3) & ~3u);
    memcpy(to + at, body, size);
    return at + ((size + 3) & ~3u);
}

Test(modules, build_id_behind_another_note) {
    uint8_t notes[256] = {0}, id[32];
    size_t size = add_note(notes, NT_GNU_PROPERTY_TYPE_0, "GNU", 4, "abcde", 5);
    size += add_note(notes + size, NT_GNU_BUILD_ID, "GNU", 4, "0123456789abcdefghij", 20);
    cr_assert_eq(module_build_id(notes, size, id), 20);
    cr_expect_eq(memcmp(id, "0123456789abcdefghij", 20), 0);
}

Test(modules, notes_that_lie) {
    uint8_t notes[64] = {0}, id[32];
    cr_expect_eq(module_build_id(notes, 0, id), 0);
    cr_expect_eq(module_build_id(notes, 11, id), 0);
    Elf64_Nhdr huge = {0xffffffff, 0xffffffff, NT_GNU_BUILD_ID};
    memcpy(notes, &huge, sizeof huge);
    cr_expect_eq(module_build_id(notes, sizeof notes, id), 0);
    huge.n_namesz = 4;
    memcpy(notes, &huge, sizeof huge);
    cr_expect_eq(module_build_id(notes, sizeof notes, id), 0);
    uint8_t body[40] = {1};
    size_t size = add_note(notes, NT_GNU_BUILD_ID, "GNU", 4, body, 40);
    cr_expect_eq(module_build_id(notes, size, id), 32); /* cut */
}

struct found {
    size_t count;
    bool holds_us;
    uint64_t last;
};

static struct err *note_module(void *context, const struct image_module *module) {
    struct found *found = context;
    uint64_t us = (uintptr_t)note_module;
    found->count++;
    cr_expect_gt(module->end, module->start);
    cr_expect_gt(module->start, found->last);
    found->last = module->start;
    if (us >= module->start && us < module->end) {
        found->holds_us = true;
        cr_expect_eq(module->bias, module->start); /* position independent */
        cr_expect_gt(module->build_id_size, 0);
    }
    return NULL;
}

Test(modules, of_our_own) {
    struct maps maps = {0};
    struct found found = {0};
    cr_assert_null(maps_read(getpid(), &maps));
    cr_assert_null(modules_find(getpid(), &maps, note_module, &found));
    cr_expect_geq(found.count, 3); /* this program, libc, the loader */
    cr_expect(found.holds_us);
    maps_free(&maps);
}
