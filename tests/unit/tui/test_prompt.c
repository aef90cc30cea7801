#include "tui/prompt.h"

#include "tui/terminal.h"

#include <criterion/criterion.h>
#include <string.h>

#define CONTROL(letter) ((letter)&31)

static struct prompt prompt;

static void start(const char *text) {
    prompt_start(&prompt, "Search:", text);
}

static void keys(const int *codes, size_t count) {
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(prompt_key(&prompt, codes[i]), PROMPT_OPEN);
}

#define KEYS(...) keys((int[]){__VA_ARGS__}, sizeof(int[]){__VA_ARGS__} / sizeof(int))

static void expect(const char *text, size_t cursor) {
    cr_expect_str_eq(prompt.text, text);
    cr_expect_eq(prompt.length, strlen(text));
    cr_expect_eq(prompt.cursor, cursor, "%s: the cursor is at %zu", text, prompt.cursor);
}

Test(prompt, starts_behind_what_is_there) {
    start("heap.hgs");
    cr_expect_str_eq(prompt.label, "Search:");
    expect("heap.hgs", 8);
    KEYS('.', 'b');
    expect("heap.hgs.b", 10);
}

Test(prompt, moves_and_cuts_by_characters) {
    start("");
    KEYS('a', 0xe9, 0x20ac, 0x1f600, 'z'); /* of one to four bytes */
    expect("aé€😀z", 11);
    KEYS(KEY_CODE_LEFT);
    expect("aé€😀z", 10);
    KEYS(KEY_CODE_LEFT);
    expect("aé€😀z", 6);
    KEYS(KEY_CODE_BACKSPACE);
    expect("aé😀z", 3);
    KEYS(KEY_CODE_DELETE);
    expect("aéz", 3);
    KEYS(KEY_CODE_LEFT, KEY_CODE_RIGHT);
    expect("aéz", 3);
    KEYS(KEY_CODE_HOME, KEY_CODE_LEFT, KEY_CODE_BACKSPACE);
    expect("aéz", 0);
    KEYS(KEY_CODE_RIGHT, 0xfc);
    expect("aüéz", 3);
    KEYS(KEY_CODE_END, KEY_CODE_RIGHT, KEY_CODE_DELETE);
    expect("aüéz", 6);
    KEYS(CONTROL('A'), CONTROL('E'), KEY_CODE_LEFT, CONTROL('U'));
    expect("z", 0);
}

Test(prompt, takes_no_control_characters_nor_other_keys) {
    start("x");
    KEYS('\t', 1 + 1, KEY_CODE_F1, KEY_CODE_UP, KEY_CODE_MOUSE, 0x7f, 0x9b, 0xd800);
    expect("x", 1);
}

Test(prompt, is_left_or_entered) {
    start("abc");
    cr_expect_eq(prompt_key(&prompt, KEY_CODE_ENTER), PROMPT_ENTERED);
    cr_expect_null(prompt.label);
    cr_expect_str_eq(prompt.text, "abc");
    start("abc");
    cr_expect_eq(prompt_key(&prompt, KEY_CODE_ESCAPE), PROMPT_LEFT);
    cr_expect_null(prompt.label);
    start("abc");
    cr_expect_eq(prompt_key(&prompt, CONTROL('G')), PROMPT_LEFT);
    start("a");
    KEYS(KEY_CODE_BACKSPACE);
    cr_expect_eq(prompt_key(&prompt, KEY_CODE_BACKSPACE), PROMPT_LEFT,
                 "there is nothing to delete");
}

Test(prompt, ends_where_it_is_full) {
    start("");
    for (int i = 0; i < PROMPT_SIZE + 10; i++)
        KEYS(i % 2 ? 0x20ac : 'a');
    cr_expect_lt(prompt.length, PROMPT_SIZE);
    cr_expect_geq(prompt.length, PROMPT_SIZE - 4);
    cr_expect_eq(prompt.length, strlen(prompt.text));
    cr_expect_eq(prompt.cursor, prompt.length);
    size_t length = prompt.length;
    KEYS(KEY_CODE_LEFT, 0x20ac, 0x20ac);
    cr_expect_leq(prompt.length, length + 3, "no half characters");
}

Test(prompt, cuts_what_is_too_long_to_start_with_between_characters) {
    char text[2 * PROMPT_SIZE];
    size_t at = 0;
    while (at + 3 < sizeof text) {
        memcpy(text + at, "€", 3);
        at += 3;
    }
    text[at] = '\0';
    start(text);
    cr_expect_eq(prompt.length, strlen(prompt.text));
    cr_expect_lt(prompt.length, PROMPT_SIZE);
    cr_expect_eq(prompt.length % 3, 0, "%zu bytes are no whole characters", prompt.length);
}
