/* html_put.c - markup with texts in it that cannot become markup. See html.h. */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "render/html.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the UTF-8 character at p; 0 where there is none. */
static size_t character(const unsigned char *p, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
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

/* Control characters, those that turn the direction of text, and what is no character at all. */
static bool is_bad(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x200e ||
	       c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       (c >= 0xfdd0 && c < 0xfdf0) || (c & 0xfffe) == 0xfffe;
}

static const char *entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void escaped(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text, *plain = p;

	while (*p) {
		uint32_t code;
		size_t n = character(p, &code);
		const char *as = n == 0 || is_bad(code) ? REPLACEMENT : n == 1 ? entity(*p) : NULL;

		if (as) {
			fwrite(plain, 1, (size_t)(p - plain), out);
			fputs(as, out);
			plain = p + (n ? n : 1);
		}
		p += n ? n : 1;
	}
	fwrite(plain, 1, (size_t)(p - plain), out);
}

/* One conversion, from its '%' on; returns what follows it. */
static const char *convert(FILE *out, const char *p, va_list *args)
{
	int precision = 6;
	bool size = false;

	for (p++; *p; p++) {
		if (*p == '.' && p[1] == '*') {
			precision = va_arg(*args, int);
			p++;
		} else if (*p == '.') {
			precision = p[1] - '0';
			p++;
		} else if (*p == 'z') {
			size = true;
		} else {
			break;
		}
	}
	switch (*p) {
	case 's':
		escaped(out, va_arg(*args, const char *));
		break;
	case 'd':
		fprintf(out, "%d", va_arg(*args, int));
		break;
	case 'u':
		if (size)
			fprintf(out, "%zu", va_arg(*args, size_t));
		else
			fprintf(out, "%u", va_arg(*args, unsigned));
		break;
	case 'f':
		fprintf(out, "%.*f", precision, va_arg(*args, double));
		break;
	case 'g':
		fprintf(out, "%.*g", precision, va_arg(*args, double));
		break;
	default:
		fputc('%', out);
		break;
	}
	return p + 1;
}

void html_put(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	while (*fmt) {
		size_t n = strcspn(fmt, "%");

		fwrite(fmt, 1, n, out);
		fmt += n;
		if (*fmt)
			fmt = convert(out, fmt, &args);
	}
	va_end(args);
}
