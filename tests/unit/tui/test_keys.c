#include "tui/keys.h"

#include "tui/terminal.h"

#include <criterion/criterion.h>
#include <string.h>

Test(keys, every_action_is_reached) {
    for (int action = ACTION_NONE + 1; action <= ACTION_QUIT; action++) {
        unsigned found = 0;
        for (int code = 0; code <= KEY_CODE_F12; code = code == 0xff ? KEY_BASE : code + 1)
            found += key_action(code) == (enum action)action;
        cr_expect_gt(found, 0, "action %d has no key", action);
    }
}

Test(keys, none_stands_for_two_actions) {
    for (const struct key_binding *binding = key_bindings; binding->action; binding++) {
        for (size_t i = 0; i < KEY_MAX_CODES; i++) {
            int code = binding->codes[i];
            if (!code)
                continue;
            cr_expect_eq(key_action(code), binding->action, "%s: also of another action",
                         binding->keys);
            cr_expect(code < '0' || code > '9', "%s: digits are views", binding->keys);
            for (size_t j = 0; j < i; j++)
                cr_expect_neq(binding->codes[j], code, "%s: twice", binding->keys);
        }
    }
}

Test(keys, each_action_stands_once_and_is_explained) {
    bool seen[ACTION_QUIT + 1] = {false};
    for (const struct key_binding *binding = key_bindings; binding->action; binding++) {
        cr_expect_not(seen[binding->action], "%s: its action stands twice", binding->keys);
        seen[binding->action] = true;
        cr_expect(binding->keys && *binding->keys);
        cr_expect(binding->help && *binding->help);
        cr_expect(!binding->hint || !strchr(binding->hint, ' '), "%s: one word", binding->hint);
    }
    for (int action = ACTION_NONE + 1; action <= ACTION_QUIT; action++)
        cr_expect(seen[action], "action %d is not in the table", action);
}

Test(keys, digits_are_views_and_the_rest_does_nothing) {
    for (int digit = '0'; digit <= '9'; digit++)
        cr_expect_eq(key_action(digit), ACTION_VIEW);
    cr_expect_eq(key_action(KEY_NOTHING), ACTION_NONE);
    cr_expect_eq(key_action(0), ACTION_NONE);
    cr_expect_eq(key_action('Z'), ACTION_NONE);
    cr_expect_eq(key_action(0x20ac), ACTION_NONE);
}

Test(keys, as_markdown) {
    struct strbuf out = {0};
    size_t lines = 0, bindings = 0;
    keys_markdown(&out);
    for (const char *at = strbuf_text(&out); *at;) {
        size_t length = strcspn(at, "\n"), bars = 0;
        for (size_t i = 0; i < length; i++)
            bars += at[i] == '|';
        cr_expect_eq(bars, 3, "%.*s", (int)length, at);
        cr_expect_eq(at[length], '\n');
        at += length + 1;
        lines++;
    }
    for (const struct key_binding *binding = key_bindings; binding->action; binding++)
        bindings++;
    cr_expect_eq(lines, bindings + 2);
    cr_expect(strstr(strbuf_text(&out), "| `q F10 Ctrl-C` | quit |\n"));
    strbuf_free(&out);
}
