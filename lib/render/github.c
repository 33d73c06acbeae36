/* github.c - for GitHub Actions: workflow commands that annotate a run. Its step's summary is
 * markdown.c. */
#include <errno.h>
#include <string.h>

#include "render/formats.h"
#include "render/marks.h"
#include "result/judge.h"

/* docs.github.com, "Workflow commands for GitHub Actions": ten of a kind are shown for a step, and
 * what a command must not hold is written with its hexadecimal number. */

enum { MOST_OF_A_KIND = 10 };

static const struct mark in_data[] = { { '%', "%25" }, { 0, NULL } };
static const struct mark in_property[] = {
	{ '%', "%25" }, { ':', "%3A" }, { ',', "%2C" }, { 0, NULL }
};

static void annotate(FILE *out, const char *kind, const char *title, const char *text)
{
	fprintf(out, "::%s title=", kind);
	marks_print(out, title, in_property);
	fputs("::", out);
	marks_print(out, text, in_data);
	fputc('\n', out);
}

/* All findings of a status; the last one that is shown tells how many are not. */
static void annotate_findings(const struct result *r, const char *status, const char *kind,
			      size_t *room, FILE *out)
{
	size_t left = count_findings(r, status);
	char title[160], text[560];

	for (size_t i = 0; i < r->nfindings; i++) {
		const struct finding *f = &r->findings[i];

		if (strcmp(f->status, status) != 0)
			continue;
		if (*room == 0 || (*room == 1 && left > 1)) {
			snprintf(text, sizeof text, "%zu more, see the summary or the report",
				 left);
			if (*room)
				annotate(out, kind, "numabench", text);
			*room = 0;
			return;
		}
		snprintf(title, sizeof title, "%s: %s", f->id, f->subject);
		annotate(out, kind, title, finding_line(f, text, sizeof text));
		--*room;
		left--;
	}
}

int format_github(const struct result *r, const struct render_options *o, FILE *out)
{
	static const char *const verdicts[] = {
		[VERDICT_PASS] = "notice", [VERDICT_FAIL] = "error", [VERDICT_UNKNOWN] = "warning"
	};
	size_t errors = MOST_OF_A_KIND - (r->verdict.status == VERDICT_FAIL),
	       warnings = MOST_OF_A_KIND - (r->verdict.status == VERDICT_UNKNOWN);
	char line[VERDICT_LINE];

	(void)o;
	annotate(out, verdicts[r->verdict.status], "numabench", verdict_line(r, line, sizeof line));
	annotate_findings(r, "fail", "error", &errors, out);
	annotate_findings(r, "unknown", "warning", &warnings, out);
	annotate_findings(r, "warn", "warning", &warnings, out);
	return ferror(out) ? -EIO : 0;
}
