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

char *units_percent(char *buffer, double share) {
    if (share > 0 && share < 0.01)
        strcpy(buffer, "<1%");
    else
        snprintf(buffer, UNITS_SIZE, "%.0f%%", share * 100);
    return buffer;
}
