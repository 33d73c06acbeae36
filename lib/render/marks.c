/* marks.c - see marks.h. */
#include <stdlib.h>
#include <string.h>

#include "render/marks.h"
#include "render/text.h"
#include "result/judge.h"
#include "util/utf8.h"

const struct mark marks_xml[] = {
	{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { 0, NULL }
};

const char *mark_for(const struct mark *marks, char c)
{
	while (marks->c && marks->c != c)
		marks++;
	return marks->as;
}

void marks_print(FILE *out, const char *text, const struct mark *marks)
{
	for (; *text; text++) {
		const char *as = mark_for(marks, *text);

		if (as)
			fputs(as, out);
		else if (*text == '\n' || *text == '\t')
			fputc(' ', out);
		else
			fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
	}
}

void marks_print_letters(FILE *out, const char *text, const struct mark *marks)
{
	while (*text) {
		const char *as = mark_for(marks, *text);
		uint32_t code;
		size_t n = utf8_character(text, &code);

		if (as)
			fputs(as, out);
		else if (*text == '\n' || *text == '\t')
			fputc(' ', out);
		else if (n == 0 || utf8_is_bad(code))
			fputs(UTF8_REPLACEMENT, out);
		else
			fwrite(text, 1, n, out);
		text += n ? n : 1;
	}
}

void marks_print_field(FILE *out, const char *text, const struct mark *marks)
{
	fputc('"', out);
	if (*text && strchr("=+-@\t\r", *text))
		fputc('\'', out);
	marks_print_letters(out, text, marks);
	fputc('"', out);
}

char *finding_line(const struct finding *f, char *buf, size_t size)
{
	if (finding_is_judged(f))
		snprintf(buf, size, "%s", f->observed);
	else
		snprintf(buf, size, "%s: %s%s%s", f->subject, f->observed,
			 f->expected[0] ? "; expected: " : "", f->expected);
	return buf;
}

/* The worst of the warnings, or NULL. */
static const struct finding *worst_warning(const struct result *res)
{
	size_t *order = calloc(res->nfindings + 1, sizeof *order), n;
	const struct finding *worst = NULL;

	n = order ? findings_order(res, order) : 0;
	for (size_t i = 0; i < n && !worst; i++)
		if (strcmp(res->findings[order[i]].status, "warn") == 0)
			worst = &res->findings[order[i]];
	free(order);
	return worst;
}

char *verdict_line(const struct result *res, char *buf, size_t size)
{
	const struct verdict *v = &res->verdict;
	const struct finding *worst = worst_warning(res);
	bool is_sentence = worst && finding_is_judged(worst);
	char told[VERDICT_TEXT], more[40] = "";

	text_verdict(res, told, sizeof told);
	if (v->nreasons > 1)
		snprintf(more, sizeof more, " (and %zu more)", v->nreasons - 1);
	if (v->status != VERDICT_PASS)
		snprintf(buf, size, "%s: %s%s", told,
			 v->nreasons ? v->reasons[0] : "no reason is given", more);
	else if (worst)
		snprintf(buf, size, "%s: %s%s%s", told, is_sentence ? "" : worst->subject,
			 is_sentence ? "" : ": ", worst->observed);
	else
		snprintf(buf, size, "%s", told);
	return buf;
}
