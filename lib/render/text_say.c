/* text_say.c - the parts of a report speak through here, in whatever voice. See walk.h. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "render/walk.h"

static const struct voice *voice_of(const struct text *t)
{
	return t->voice ? t->voice : &voice_text;
}

void sentence_add(struct sentence *s, const char *fmt, ...)
{
	va_list args;
	int n;

	if (s->used >= sizeof s->text)
		return;
	va_start(args, fmt);
	n = vsnprintf(s->text + s->used, sizeof s->text - s->used, fmt, args);
	va_end(args);
	s->used += n > 0 ? (size_t)n : 0;
}

void text_heading(struct text *t, const char *fmt, ...)
{
	char title[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(title, sizeof title, fmt, args);
	va_end(args);
	title[0] = (char)toupper((unsigned char)title[0]);
	voice_of(t)->heading(t, title);
}

void text_say_verdict(struct text *t, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (voice_of(t)->verdict)
		voice_of(t)->verdict(t, text);
	else
		voice_of(t)->sentence(t, 0, text);
}

void text_say(struct text *t, int indent, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	voice_of(t)->sentence(t, indent, text);
}

void text_labelled(struct text *t, const char *label, const char *sentence)
{
	voice_of(t)->labelled(t, label, sentence);
}

int text_table(struct text *t, const struct table *table)
{
	return voice_of(t)->table(t, table);
}

int sheet_print(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	return voice_of(t)->sheet(t, s, style);
}

void text_command(struct text *t, const char *line, const char *remark)
{
	voice_of(t)->command(t, line, remark);
}

void text_gap(struct text *t)
{
	if (voice_of(t)->gap)
		voice_of(t)->gap(t);
}

static void tell_finding(const struct told_finding *f, void *to)
{
	struct text *t = to;

	voice_of(t)->finding(t, f);
}

int text_findings(struct text *t)
{
	for (size_t i = 0; i < t->res->nfindings; i++) {
		const char *status = t->res->findings[i].status;

		if (strcmp(status, "fail") != 0 && strcmp(status, "warn") != 0 &&
		    strcmp(status, "unknown") != 0)
			continue;
		text_heading(t, "findings");
		return findings_tell(t->res, tell_finding, t);
	}
	return 0;
}
