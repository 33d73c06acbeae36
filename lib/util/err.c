/* err.c - see err.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/err.h"

/* A newline, or anything else that would move a terminal's cursor, would make two lines of one. */
static void keep_to_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list args;

	if (!e)
		return code;
	va_start(args, fmt);
	if (vsnprintf(e->text, sizeof e->text, fmt, args) < 0)
		e->text[0] = '\0';
	va_end(args);
	keep_to_one_line(e->text);
	return code;
}

int err_within(struct err *e, int code, const char *fmt, ...)
{
	struct err inner;
	va_list args;
	size_t used;

	if (!e)
		return code;
	inner = *e;
	va_start(args, fmt);
	if (vsnprintf(e->text, sizeof e->text, fmt, args) < 0)
		e->text[0] = '\0';
	va_end(args);
	used = strlen(e->text);
	snprintf(e->text + used, sizeof e->text - used, "%s%s", inner.text[0] ? ": " : "",
		 inner.text);
	keep_to_one_line(e->text);
	return code;
}
