#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct err *parse_address(const char *text, uint64_t *address) {
    char *end;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    errno = 0;
    *address = strtoull(digits, &end, hex ? 16 : 10);
    if (!isxdigit((unsigned char)*digits) || end == digits || *end || errno)
        return err_new(ERR_USAGE, "'%s' is not an address: 0x... or the number that id() gives",
                       text);
    return NULL;
}

/* A plain decimal number with or without a fraction: no sign, no exponent, no "inf". */
static bool parse_decimal(const char *text, const char **end, double *number) {
    size_t length = strspn(text, "0123456789.");
    char digits[64], *stop;
    if (!length || length >= sizeof digits)
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    *number = strtod(digits, &stop);
    *end = text + length;
    return !*stop;
}

struct err *parse_duration(const char *text, double *seconds) {
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    const char *unit = "";
    double number = 0;
    bool good = parse_decimal(text, &unit, &number) && number > 0;
    for (size_t i = 0; good && i < sizeof units / sizeof *units; i++) {
        if (!strcmp(unit, units[i].name)) {
            *seconds = number * units[i].seconds;
            return NULL;
        }
    }
    return err_new(ERR_USAGE, "'%s' is not a duration such as 200ms, 1.5s or 8h", text);
}

struct err *parse_bytes(const char *text, uint64_t *bytes) {
    static const char units[] = "KMGT";
    const char *unit = "", *known = units;
    double number = 0;
    bool good = parse_decimal(text, &unit, &number) && number >= 1;
    if (good && *unit) {
        known = strchr(units, toupper((unsigned char)*unit));
        good = known && !unit[1];
        for (ptrdiff_t power = good ? known - units : -1; power >= 0; power--)
            number *= 1024;
    }
    if (!good || number >= 0x1p62)
        return err_new(ERR_USAGE, "'%s' is not an amount of memory such as 512M or 2G", text);
    *bytes = (uint64_t)number;
    return NULL;
}
