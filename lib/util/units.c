/* units.c - see units.h. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/units.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KB", 1e3 },
	{ "MB", 1e6 },
	{ "GB", 1e9 },
	{ "TB", 1e12 },
	{ "KiB", 1024.0 },
	{ "MiB", 1024.0 * 1024 },
	{ "GiB", 1024.0 * 1024 * 1024 },
	{ "TiB", 1024.0 * 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static const struct unit time_units[] = {
	{ "", 1 },      { "s", 1 },  { "ms", 1e-3 }, { "us", 1e-6 },
	{ "ns", 1e-9 }, { "m", 60 }, { "h", 3600 },  { NULL, 0 },
};

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

/* Decimal digits with at most one point, read without the locale, which could take "1,5" for a
 * number. Returns what follows, or NULL when there is no digit. */
static const char *take_decimal(const char *p, double *value)
{
	double scale = 1;
	bool digits = false;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++, digits = true)
		*value = *value * 10 + (*p - '0');
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++, digits = true) {
			scale *= 10;
			*value = *value * 10 + (*p - '0');
		}
	}
	*value /= scale;
	return digits ? p : NULL;
}

int parse_size(uint64_t *bytes, const char *text, struct err *e)
{
	double number;
	const char *rest = take_decimal(text, &number);
	const struct unit *unit = rest ? find_unit(size_units, rest) : NULL;
	double value;

	if (!unit)
		return err_set(e, -EINVAL, "not a size; write 65536, 64KiB or 64MB");
	value = number * unit->factor;
	if (!(value < 0x1p63))
		return err_set(e, -ERANGE, "too large a size; at most 8388607TiB");
	if (unit->factor <= 1 && strchr(text, '.'))
		return err_set(e, -EINVAL, "a size in bytes is a whole number");
	if (value < 1)
		return err_set(e, -ERANGE, "too small a size; at least 1");
	*bytes = (uint64_t)value;
	return 0;
}

int parse_rate(double *bytes_per_second, const char *text, struct err *e)
{
	double number;
	const char *rest = take_decimal(text, &number), *end = rest ? strstr(rest, "/s") : NULL;
	const struct unit *unit = NULL;
	char name[8];

	if (end && end > rest && end[2] == '\0' && (size_t)(end - rest) < sizeof name) {
		snprintf(name, sizeof name, "%.*s", (int)(end - rest), rest);
		unit = find_unit(size_units, name);
	}
	if (!unit)
		return err_set(e, -EINVAL, "not a rate; write 50GB/s, 1.2TB/s or 900MiB/s");
	if (!(number * unit->factor > 0) || !(number * unit->factor < 1e18))
		return err_set(e, -ERANGE, "not more than 0 and below 1e18 bytes a second");
	*bytes_per_second = number * unit->factor;
	return 0;
}

int parse_seconds(double *seconds, const char *text, struct err *e)
{
	const double longest = 7 * 24 * 3600.0;
	double number;
	const char *rest = take_decimal(text, &number);
	const struct unit *unit = rest ? find_unit(time_units, rest) : NULL;
	double value;

	if (!unit)
		return err_set(e, -EINVAL, "not a time; write 30, 30s, 500ms or 2m");
	value = number * unit->factor;
	if (!(value > 0) || value > longest)
		return err_set(e, -ERANGE, "not more than 0 and at most 7 days");
	*seconds = value;
	return 0;
}

int parse_int(int *value, const char *text, int low, int high, struct err *e)
{
	const char *p = text + (*text == '-');
	long long v = 0;

	if (*p < '0' || *p > '9')
		return err_set(e, -EINVAL, "not a whole number from %d to %d", low, high);
	for (; *p >= '0' && *p <= '9'; p++)
		if (v <= INT32_MAX) /* enough to know that it is too large */
			v = v * 10 + (*p - '0');
	if (*p)
		return err_set(e, -EINVAL, "not a whole number from %d to %d", low, high);
	if (*text == '-')
		v = -v;
	if (v < low || v > high)
		return err_set(e, -ERANGE, "not a whole number from %d to %d", low, high);
	*value = (int)v;
	return 0;
}

char *format_size(char *buf, size_t n, uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t step = 0;
	double v = (double)bytes;

	while (step < 6 && v >= 1024) {
		v /= 1024;
		step++;
	}
	/* 1023.96 KiB would print as "1024.0 KiB". */
	if (step && step < 6 && v >= 1023.95) {
		v /= 1024;
		step++;
	}
	if (fabs(v - nearbyint(v)) < 0.05)
		snprintf(buf, n, "%.0f %s", v, names[step]);
	else
		snprintf(buf, n, "%.1f %s", v, names[step]);
	return buf;
}

char *format_seconds(char *buf, size_t n, double seconds)
{
	static const struct unit units[] = {
		{ "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 }, { NULL, 0 },
	};
	const struct unit *u = units;
	double v;

	if (!(fabs(seconds) < 1e15)) { /* in 30 million years */
		snprintf(buf, n, "unknown");
		return buf;
	}
	if (fabs(seconds) >= 119.5) {
		long long whole = llround(seconds);

		snprintf(buf, n, "%lld min %lld s", whole / 60, llabs(whole % 60));
		return buf;
	}
	while (u[1].name && fabs(seconds) < u->factor * 0.9995)
		u++;
	v = seconds / u->factor;
	if (fabs(v) < 9.95 && fabs(v - nearbyint(v)) >= 0.05)
		snprintf(buf, n, "%.1f %s", v, u->name);
	else
		snprintf(buf, n, "%.0f %s", v, u->name);
	return buf;
}
