/* marks.c - see marks.h. */
#include <ctype.h>
#include <string.h>

#include "render/machine_notes.h"
#include "render/marks.h"
#include "result/judge.h"
#include "util/utf8.h"

const struct mark marks_xml[] = { { '&', "&amp;" },  { '<', "&lt;" },    { '>', "&gt;" },
				  { '"', "&quot;" }, { '\'', "&apos;" }, { 0, NULL } };

void marks_print(FILE *out, const char *text, const struct mark *marks)
{
	for (; *text; text++) {
		const struct mark *m = marks;

		while (m->c && m->c != *text)
			m++;
		if (m->c)
			fputs(m->as, out);
		else if (*text == '\n' || *text == '\t')
			fputc(' ', out);
		else
			fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
	}
}

void marks_print_letters(FILE *out, const char *text, const struct mark *marks)
{
	while (*text) {
		const struct mark *m = marks;
		uint32_t code;
		size_t n = utf8_character(text, &code);

		while (m->c && m->c != *text)
			m++;
		if (m->c)
			fputs(m->as, out);
		else if (*text == '\n' || *text == '\t')
			fputc(' ', out);
		else if (n == 0 || utf8_is_bad(code))
			fputs(UTF8_REPLACEMENT, out);
		else
			fwrite(text, 1, n, out);
		text += n ? n : 1;
	}
}

char *verdict_line(const struct result *res, char *buf, size_t size)
{
	const char *simulated = res->run.simulated ? " (simulated)" : "";
	const struct verdict *v = &res->verdict;
	size_t warnings = count_findings(res, "warn");
	char word[16];

	snprintf(word, sizeof word, "%s", verdict_name(v->status));
	for (char *p = word; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	if (v->status != VERDICT_PASS && v->nreasons > 1)
		snprintf(buf, size, "%s: %s (and %zu more)%s", word, v->reasons[0], v->nreasons - 1,
			 simulated);
	else if (v->status != VERDICT_PASS)
		snprintf(buf, size, "%s: %s%s", word,
			 v->nreasons ? v->reasons[0] : "no reason is given", simulated);
	else if (!res->nrecords) /* checks alone */
		snprintf(buf, size, "%s: %zu checks passed, %zu warning%s%s", word,
			 count_findings(res, "pass"), warnings, plural(warnings), simulated);
	else
		snprintf(buf, size, "%s: %zu of %zu GPU%s measured, %zu cells, %zu warning%s%s",
			 word, result_gpus_measured(res), res->machine.ngpus,
			 plural(res->machine.ngpus), res->nrecords, warnings, plural(warnings),
			 simulated);
	return buf;
}

size_t count_findings(const struct result *res, const char *status)
{
	size_t n = 0;

	for (size_t i = 0; i < res->nfindings; i++)
		n += strcmp(res->findings[i].status, status) == 0;
	return n;
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
