/* contains.h - what stands in a text, wherever its lines break. */
#ifndef NB_TESTS_CONTAINS_H
#define NB_TESTS_CONTAINS_H

#include <stdbool.h>

/* Blanks and line breaks count as one. */
static inline bool contains(const char *text, const char *part)
{
	for (; *text; text++) {
		const char *t = text, *p = part;

		while (*p && (*p == *t || (*p == ' ' && (*t == ' ' || *t == '\n')))) {
			if (*p++ == ' ')
				while (t[1] == ' ' || t[1] == '\n')
					t++;
			t++;
		}
		if (!*p)
			return true;
	}
	return false;
}

#endif
