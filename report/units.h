/* Numbers for people. Buffers take UNITS_SIZE bytes; each returns its buffer. */
#ifndef HEAPGLASS_REPORT_UNITS_H
#define HEAPGLASS_REPORT_UNITS_H

#include <stdint.h>

enum { UNITS_SIZE = 32 };

char *units_count(char *buffer, uint64_t count);       /* "1,798,786" */
char *units_bytes(char *buffer, uint64_t bytes);       /* for columns: "101.2M", powers of 1024 */
char *units_short(char *buffer, uint64_t bytes);       /* in prose: "812M", "5.1M" */
char *units_change(char *buffer, int64_t count);       /* "+1,234", "-5", "0" */
char *units_change_bytes(char *buffer, int64_t bytes); /* "+101.2M" */
char *units_elapsed(char *buffer, double seconds);     /* "12.5 s", "2:05", "8:00:00" */
char *units_percent(char *buffer, double share);       /* "17%", "<1%" */

#endif
