#include "report/units.h"

#include <stdio.h>
#include <string.h>

char *units_count(char *buffer, uint64_t count) {
    char digits[UNITS_SIZE];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    for (unsigned written = 0; count || !written; written++, count /= 10) {
        if (written && written % 3 == 0)
            digits[--at] = ',';
        digits[--at] = (char)('0' + count % 10);
    }
    return memcpy(buffer, digits + at, sizeof digits - at);
}

/* Decimals are shown for values below `exact`; a unit is left before it needs four digits. */
static char *units_scaled(char *buffer, uint64_t bytes, double exact) {
    if (bytes < 1000)
        return units_count(buffer, bytes);
    double value = (double)bytes;
    const char *unit = "BKMGTPE";
    do {
        value /= 1024;
        unit++;
    } while (value >= 999.95);
    snprintf(buffer, UNITS_SIZE, value < exact ? "%.1f%c" : "%.0f%c", value, *unit);
    return buffer;
}

char *units_bytes(char *buffer, uint64_t bytes) {
    return units_scaled(buffer, bytes, 1000);
}

char *units_short(char *buffer, uint64_t bytes) {
    return units_scaled(buffer, bytes, 9.95);
}

/* A number behind its sign. */
static char *units_signed(char *buffer, int64_t number, char *(*unsigned_text)(char *, uint64_t)) {
    char text[UNITS_SIZE];
    const char *sign = number > 0 ? "+" : number < 0 ? "-" : "";
    unsigned_text(text, number < 0 ? -(uint64_t)number : (uint64_t)number);
    snprintf(buffer, UNITS_SIZE, "%s%.*s", sign, UNITS_SIZE - 2, text);
    return buffer;
}

char *units_change(char *buffer, int64_t count) {
    return units_signed(buffer, count, units_count);
}

char *units_change_bytes(char *buffer, int64_t bytes) {
    return units_signed(buffer, bytes, units_bytes);
}

char *units_elapsed(char *buffer, double seconds) {
    if (seconds < 59.95) {
        snprintf(buffer, UNITS_SIZE, "%.1f s", seconds);
        return buffer;
    }
    uint64_t whole = (uint64_t)(seconds + 0.5);
    unsigned minutes = (unsigned)(whole / 60 % 60), rest = (unsigned)(whole % 60);
    if (whole < 3600)
        snprintf(buffer, UNITS_SIZE, "%u:%02u", minutes, rest);
    else
        snprintf(buffer, UNITS_SIZE, "%llu:%02u:%02u", (unsigned long long)(whole / 3600), minutes,
                 rest);
    return buffer;
}

char *units_percent(char *buffer, double share) {
    if (share > 0 && share < 0.01)
        strcpy(buffer, "<1%");
    else
        snprintf(buffer, UNITS_SIZE, "%.0f%%", share * 100);
    return buffer;
}
