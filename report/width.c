#include "report/width.h"

#include <stdint.h>
#include <string.h>

/* Ranges of Unicode 15's East_Asian_Width W and F, and of what combines with the character before.
 */
static const uint32_t wide_ranges[][2] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},
    {0x26a1, 0x26a1},   {0x26bd, 0x26be},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x2753, 0x2755},   {0x2795, 0x2797},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x4dbf},
    {0x4e00, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},   {0xff01, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18cff}, {0x1b000, 0x1b2fb}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
    {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393},
    {0x1f3a0, 0x1f3ca}, {0x1f3e0, 0x1f3f0}, {0x1f400, 0x1f43e}, {0x1f440, 0x1f4fc},
    {0x1f4ff, 0x1f53d}, {0x1f550, 0x1f567}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5},
    {0x1f6d0, 0x1f6df}, {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f9ff}, {0x1fa70, 0x1faff},
    {0x20000, 0x3fffd},
};
static const uint32_t combining_ranges[][2] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x093c, 0x093c}, {0x0941, 0x0948}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e}, {0x1160, 0x11ff}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x20d0, 0x20ff}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

static bool in_ranges(uint32_t codepoint, const uint32_t (*ranges)[2], size_t count) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (codepoint > ranges[middle][1])
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && codepoint >= ranges[low][0];
}

/* Takes one character off; the text is valid UTF-8 (else each odd byte counts as a character). */
static uint32_t take_character(const char **text) {
    const unsigned char *at = (const unsigned char *)*text;
    uint32_t codepoint = *at;
    size_t length = 1;
    if (codepoint >= 0xc0) {
        size_t need = codepoint >= 0xf0 ? 4 : codepoint >= 0xe0 ? 3 : 2;
        codepoint &= 0x7fu >> need;
        while (length < need && (at[length] & 0xc0) == 0x80)
            codepoint = codepoint << 6 | (at[length++] & 0x3f);
        if (length < need || codepoint < 0x80)
            codepoint = 0xfffd;
    }
    *text += length;
    return codepoint;
}

static size_t columns_of(uint32_t codepoint) {
    if (codepoint < 0x300)
        return 1;
    if (in_ranges(codepoint, combining_ranges, sizeof combining_ranges / sizeof *combining_ranges))
        return 0;
    return in_ranges(codepoint, wide_ranges, sizeof wide_ranges / sizeof *wide_ranges) ? 2 : 1;
}

static size_t next_character(const char **text) {
    return columns_of(take_character(text));
}

size_t width_of(const char *text) {
    size_t columns = 0;
    while (*text)
        columns += next_character(&text);
    return columns;
}

/* Adds the characters that fit; *text is left behind the last of them. */
static size_t add_start(struct strbuf *out, const char **text, size_t columns) {
    const char *start = *text, *next = *text;
    size_t taken = 0;
    while (*next) {
        size_t width = next_character(&next);
        if (taken + width > columns)
            break;
        taken += width;
        *text = next;
    }
    if (out)
        strbuf_add(out, start, (size_t)(*text - start));
    return taken;
}

static size_t add_cut(struct strbuf *out, const char *text, size_t columns, bool middle,
                      const char *ellipsis) {
    size_t width = width_of(text), marked = width_of(ellipsis);
    if (width <= columns) {
        strbuf_puts(out, text);
        return width;
    }
    if (columns < marked)
        return add_start(out, &ellipsis, columns);
    size_t room = columns - marked, ending = middle ? (room + 1) / 2 : 0;
    size_t taken = add_start(out, &text, room - ending) + marked;
    strbuf_puts(out, ellipsis);
    /* Skip until the rest fits. */
    size_t rest = width_of(text);
    while (rest > ending)
        rest -= next_character(&text);
    strbuf_puts(out, text);
    return taken + rest;
}

size_t width_add_fitting(struct strbuf *out, const char *text, size_t columns, bool middle) {
    return add_cut(out, text, columns, middle, "…");
}

/* ---- breaking lines ---------------------------------------------------------------------------- */

void width_add_broken(struct strbuf *out, const char *text, size_t columns) {
    enum { CONTINUATION = 4 }; /* indent of further lines */
    struct strbuf piece = {0};
    size_t column = 0, indent = CONTINUATION;
    for (bool first = true; *text || first; first = false) {
        size_t length = strcspn(text, "\t\v");
        strbuf_clear(&piece);
        strbuf_add(&piece, text, length);
        size_t width = width_of(strbuf_text(&piece));
        bool blank = !first && text[-1] == '\t';
        if (blank && column + 1 + width > columns) {
            strbuf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (blank) {
            strbuf_putc(out, ' ');
            column++;
        }
        strbuf_add(out, text, length);
        column += width;
        text += length;
        if (*text == '\v')
            indent = column;
        text += *text != '\0';
    }
    out->failed |= piece.failed;
    strbuf_free(&piece);
}

/* ---- without UTF-8 --------------------------------------------------------------------------- */

static const char *stand_in(uint32_t codepoint) {
    static const struct {
        uint32_t first, last;
        const char *characters; /* of each; of all where it is but one */
    } stand_ins[] = {
        {0x00b7, 0x00b7, "."},        /* · */
        {0x00d7, 0x00d7, "x"},        /* × */
        {0x0394, 0x0394, "+"},        /* Δ, over numbers that have a sign */
        {0x2010, 0x2015, "-"},        /* dashes */
        {0x203a, 0x203a, ">"},        /* › */
        {0x2190, 0x2193, "<^>v"},     /* ←↑→↓ */
        {0x2500, 0x2501, "-"},        /* ─━ */
        {0x2502, 0x2503, "|"},        /* │┃ */
        {0x250c, 0x2513, "+"},        /* corners above */
        {0x2514, 0x2517, "`"},        /* └, the last branch of a tree */
        {0x2518, 0x251b, "+"},        /* corners below */
        {0x251c, 0x2523, "|"},        /* ├ */
        {0x2524, 0x252b, "|"},        /* ┤ */
        {0x252c, 0x254b, "+"},        /* crossings */
        {0x2581, 0x2588, "_.-~=+*#"}, /* ▁ to █ */
        {0x2589, 0x258f, "####   "},  /* ▉ to ▏: to the nearer end */
        {0x25b2, 0x25b5, "^"},        /* ▲△▴▵ */
        {0x25b6, 0x25bb, ">"},        /* ▶▷▸▹►▻ */
        {0x25bc, 0x25bf, "v"},        /* ▼▽▾▿ */
        {0x25c0, 0x25c5, "<"},        /* ◀◁◂◃◄◅ */
        {0x25cb, 0x25cb, "o"},        /* ○ */
        {0x25cf, 0x25cf, "*"},        /* ● */
    };
    for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++) {
        const char *characters = stand_ins[i].characters;
        if (codepoint >= stand_ins[i].first && codepoint <= stand_ins[i].last)
            return characters[1] ? characters + (codepoint - stand_ins[i].first) : characters;
    }
    return "?";
}

void width_add_ascii(struct strbuf *out, const char *text) {
    while (*text) {
        uint32_t codepoint = take_character(&text);
        size_t columns = columns_of(codepoint);
        if (codepoint == 0x2026) {
            strbuf_puts(out, "...");
        } else if (codepoint < 0x80) {
            strbuf_putc(out, (char)codepoint);
        } else {
            for (size_t i = 0; i < columns; i++)
                strbuf_putc(out, *stand_in(codepoint));
        }
    }
}

size_t width_add_fitting_ascii(struct strbuf *out, const char *text, size_t columns, bool middle) {
    struct strbuf plain = {0};
    width_add_ascii(&plain, text);
    size_t taken = add_cut(out, strbuf_text(&plain), columns, middle, "...");
    out->failed |= plain.failed;
    strbuf_free(&plain);
    return taken;
}
