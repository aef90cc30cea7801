#include "report/units.h"

#include <stdio.h>
#include <string.h>

char *units_count(char *buffer, uint64_t count) {
    char digits[UNITS_SIZE];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    char *to = buffer;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return buffer;
}

/* Decimals are shown for values below `exact`; a unit is left before it needs four digits. */
static char *units_scaled(char *buffer, uint64_t bytes, double exact) {
    if (bytes < 1000) {
        snprintf(buffer, UNITS_SIZE, "%u", (unsigned)bytes);
        return buffer;
    }
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
