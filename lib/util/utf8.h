/* utf8.h - letters within bytes that may be none, for what writes texts of others. */
#ifndef NB_UTIL_UTF8_H
#define NB_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Stands for what is left out, as Unicode has it (U+FFFD). */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* How many bytes the character at p takes, and which it is; 0 where there is none: a byte that
 * begins no character, one cut off, one written longer than need be, half of a pair. */
size_t utf8_character(const char *p, uint32_t *code);

/* Control characters (but newline and tab), other ends of lines, those that turn the direction of
 * text, and what is no character at all: not fit to be shown. */
bool utf8_is_bad(uint32_t code);

/* Bytes to be shown on a line of a terminal: what is bad there, line breaks and tabs too, as "?".
 */
void utf8_print(const char *text, size_t length, FILE *out);
/* The same in place: one "?" for each byte of what is bad. */
void utf8_clean(char *text);

#endif
