/* nagios.c - one line with performance data, as Nagios, NHC and their like read it.
 *
 * Nagios Plugins' Development Guidelines: "STATUS - text | 'label'=value[unit];warn;crit"; a range
 * "10:" alarms below 10, "10" above. Rates have no unit of their own there. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "render/formats.h"
#include "render/marks.h"
#include "result/judge.h"

/* NRPE passes on 1 KiB in its older form: what matters stands first, and only so much of it. */
enum { FIGURES_MOST = 12 };

static const struct mark in_text[] = { { '|', "/" }, { 0, NULL } };
static const struct mark in_label[] = {
	{ '|', "/" }, { '\'', "." }, { '=', "." }, { ' ', "_" }, { 0, NULL }
};

static void put_figure(const struct finding *f, FILE *out)
{
	double value = finding_number(f, "value"), limit = finding_number(f, "limit");
	bool delay = strcmp(finding_text(f, "unit"), "s") == 0;
	char label[160];

	snprintf(label, sizeof label, "%s %s", f->id, f->subject);
	fputs(" '", out);
	marks_print(out, label, in_label);
	fprintf(out, "'=%.*f%s", delay ? 9 : 0, value, delay ? "s" : "");
	if (isfinite(limit))
		fprintf(out, ";;%.*f%s", delay ? 9 : 0, limit, delay ? "" : ":");
}

int format_nagios(const struct result *r, const struct render_options *o, FILE *out)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	static const char *const order[] = { "fail", "unknown", "warn", "pass" };
	char line[VERDICT_LINE];
	size_t n = 0;

	(void)o;
	fprintf(out, "NUMABENCH %s - ", words[verdict_nagios_code(&r->verdict)]);
	marks_print(out, verdict_line(r, line, sizeof line), in_text);
	fputs(" |", out);
	if (r->nrecords)
		fprintf(out, " 'gpus_measured'=%zu", result_gpus_measured(r));
	fprintf(out, " 'failures'=%zu;;0 'warnings'=%zu;0", count_findings(r, "fail"),
		count_findings(r, "warn"));
	for (size_t s = 0; s < sizeof order / sizeof *order; s++)
		for (size_t i = 0; i < r->nfindings; i++) {
			const struct finding *f = &r->findings[i];

			if (strcmp(f->status, order[s]) == 0 &&
			    isfinite(finding_number(f, "value")) && n++ < FIGURES_MOST)
				put_figure(f, out);
		}
	fputc('\n', out);
	return ferror(out) ? -EIO : 0;
}
