/* wrap.c - see wrap.h. */
#include <string.h>

#include "util/utf8.h"
#include "util/wrap.h"

void wrap_print(FILE *out, const char *text, int width, int at, int indent)
{
	const char *p = text;
	int column = at;

	if (width < indent + 8)
		width = indent + 8;
	while (*p) {
		int gap = (int)strspn(p, " ");
		int length = (int)strcspn(p + gap, " \n");

		/* Blanks that open a line are its own indentation; elsewhere one line break
		 * stands for them. */
		if (length && column + gap + length > width && column > indent) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			gap = 0;
			p += strspn(p, " ");
		}
		if (length > width - column - gap)
			length = width - column - gap;
		while (length > 1 && (p[gap + length] & 0xc0) == 0x80)
			length--; /* not within a letter */
		if (length > 0) {
			fprintf(out, "%*s", gap, "");
			utf8_print(p + gap, (size_t)length, out);
			column += gap + length;
		}
		p += gap + (length > 0 ? length : 0);
		if (*p == '\n' && *++p) {
			/* No blanks at the end of an empty line. */
			fprintf(out, "\n%*s", *p == '\n' ? 0 : indent, "");
			column = indent;
		}
	}
	fputc('\n', out);
}
