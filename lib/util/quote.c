#include "util/quote.h"

#include <stdio.h>
#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789%+,-./:=@_";

char *shell_quote(char *buf, size_t size, const char *word)
{
	size_t n = 0;

	if (*word && !word[strspn(word, plain)]) {
		snprintf(buf, size, "%s", word);
		return buf;
	}
	n = (size_t)snprintf(buf, size, "'");
	for (; *word && n < size; word++)
		n += (size_t)snprintf(buf + n, size - n, *word == '\'' ? "'\\''" : "%c", *word);
	if (n < size)
		snprintf(buf + n, size - n, "'");
	return buf;
}
