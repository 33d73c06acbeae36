/* utf8.c - see utf8.h. */
#include "util/utf8.h"

#include <string.h>

size_t utf8_character(const char *text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;

	if (n < 2) {
		*code = p[0];
		return n;
	}
	*code = p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

bool utf8_is_bad(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
	       c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || (c >= 0xfdd0 && c < 0xfdf0) ||
	       (c & 0xfffe) == 0xfffe;
}

/* Bytes of the character at p that may be shown on a line, or 0. */
static size_t shown(const char *p)
{
	uint32_t code;
	size_t n = utf8_character(p, &code);

	return code < ' ' || utf8_is_bad(code) ? 0 : n;
}

void utf8_print(const char *text, size_t length, FILE *out)
{
	for (size_t i = 0; i < length;) {
		size_t n = shown(text + i);

		if (n && i + n <= length)
			fwrite(text + i, 1, n, out);
		else
			fputc('?', out);
		if (!n) { /* all of what is bad, once */
			uint32_t code;

			n = utf8_character(text + i, &code);
		}
		i += n ? n : 1;
	}
}

void utf8_clean(char *text)
{
	while (*text) {
		size_t n = shown(text);

		if (!n)
			*text = '?';
		text += n ? n : 1;
	}
}
