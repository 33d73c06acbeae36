/* html_put.c - markup with texts in it that cannot become markup. See html.h. */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "render/html.h"
#include "render/marks.h"
#include "util/utf8.h"

static void escaped(FILE *out, const char *text)
{
	const char *p = text, *plain = p;

	while (*p) {
		uint32_t code;
		size_t n = utf8_character(p, &code);
		const char *as = n == 0 || utf8_is_bad(code) ? UTF8_REPLACEMENT
				 : n == 1                    ? mark_for(marks_xml, *p)
							     : NULL;

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
