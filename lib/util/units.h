/* units.h - numbers as people write and read them.
 *
 * Inside and in JSON everything is bytes, seconds, bytes per second. These
 * functions stand at the two edges where a person types or reads.
 *
 * What parsing puts into e says what would be right and does not repeat the
 * text: err_within(e, rc, "option '--size %s'", text) makes a sentence of it.
 */
#ifndef NB_UTIL_UNITS_H
#define NB_UTIL_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

/* "65536", "64KiB", "64MiB", "2GiB", "64MB", "2GB" (K, M, G, T; iB is 1024,
 * B alone 1000). At least 1. -EINVAL or -ERANGE with e. */
int parse_size(uint64_t *bytes, const char *text, struct err *e);

/* "50GB/s", "1.2TB/s", "900MiB/s": the unit is needed. More than 0, below 1e18. */
int parse_rate(double *bytes_per_second, const char *text, struct err *e);

/* "30", "30s", "500ms", "140ns", "2m". Greater than 0, at most 7 days. */
int parse_seconds(double *seconds, const char *text, struct err *e);

/* A whole number from low to high. */
int parse_int(int *value, const char *text, int low, int high, struct err *e);

/* Fill buf and return it. */
char *format_size(char *buf, size_t n, uint64_t bytes);    /* "64 MiB", "1.5 GiB" */
char *format_seconds(char *buf, size_t n, double seconds); /* "89 ns", "2.8 us", "1.2 s" */

/* What a counted word ends in. */
static inline const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

#endif
