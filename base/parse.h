/* What people type: addresses, durations, amounts of memory. */
#ifndef HEAPGLASS_BASE_PARSE_H
#define HEAPGLASS_BASE_PARSE_H

#include "base/err.h"

#include <stdint.h>

/* "0x7f..." or decimal, as id() prints it. ERR_USAGE if it is neither. */
struct err *parse_address(const char *text, uint64_t *address) ERR_CHECK;
/* "200ms", "1.5s", "10m", "8h", "2d": seconds. */
struct err *parse_duration(const char *text, double *seconds) ERR_CHECK;
/* "2G", "512M", "64K" or plain bytes. */
struct err *parse_bytes(const char *text, uint64_t *bytes) ERR_CHECK;

#endif
