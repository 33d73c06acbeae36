/* printed.h - what a command's --help or manual page says, as a text to free. */
#ifndef NB_TEST_PRINTED_H
#define NB_TEST_PRINTED_H

#include <stdio.h>

#include "unit.h"
#include "util/options.h"

static char *printed(void (*print)(const struct command *c, FILE *out), const struct command *c)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	print(c, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

#endif
