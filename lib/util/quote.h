/* quote.h - words that a shell takes as one. */
#ifndef NB_UTIL_QUOTE_H
#define NB_UTIL_QUOTE_H

#include <stddef.h>

/* The word as it is where that is safe, else within single quotes; cut to fit.
 * Returns buf. */
char *shell_quote(char *buf, size_t size, const char *word);

#endif
