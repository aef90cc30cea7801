/* Digits of numbers for people. */
#ifndef HEAPGLASS_BASE_DIGITS_H
#define HEAPGLASS_BASE_DIGITS_H

#include <stdint.h>

enum { DIGITS_GROUPED = 26 }; /* the most that digits_grouped writes */

/* Writes "1,798,786" so that it ends before `end`, without a NUL; returns where it begins. */
static inline char *digits_grouped(char *end, uint64_t number) {
    char *at = end;
    for (unsigned written = 0; number || !written; written++, number /= 10) {
        if (written && written % 3 == 0)
            *--at = ',';
        *--at = (char)('0' + number % 10);
    }
    return at;
}

#endif
