/* timeline_csv.c - every time line of a result, window by window, as a table for other programs
 * (RFC 4180): scripts/gnuplot/timeline.gp draws it. See formats.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "render/formats.h"
#include "render/marks.h"
#include "result/timeline.h"

static const char head[] = "timeline,name,simulated,unit,call,returned,start,seconds,rate,cpu_node,"
			   "share,straddles\n";

/* gnuplot cuts a text at a comma, even within quotes. */
static const struct mark quotes[] = { { '"', "\"\"" }, { ',', ";" }, { 0, NULL } };

/* Nothing where it is not known. */
static void put_number(FILE *out, double v)
{
	if (isfinite(v))
		fprintf(out, ",%.17g", v);
	else
		fputc(',', out);
}

/* The record's own unit, but of balancing, whose figure is how long it took. */
static const char *unit_of(const struct record *r)
{
	return strcmp(r->metric, "balancing-time") == 0 ? "B/s" : r->unit;
}

static void put_window(FILE *out, const struct window *w)
{
	put_number(out, w->start);
	put_number(out, w->seconds);
	put_number(out, w->rate);
	if (w->has_node)
		fprintf(out, ",%d", w->cpu_node);
	else
		fputc(',', out);
	put_number(out, w->share);
	fprintf(out, ",%d\n", w->straddles);
}

int format_timeline_csv(const struct result *res, const struct render_options *o, FILE *out)
{
	size_t number = 0;
	int rc = 0;

	(void)o;
	fputs(head, out);
	for (size_t i = 0; i < res->nrecords && rc == 0; i++) {
		const struct record *r = &res->records[i];
		struct err ignored;
		struct timeline t;
		char name[240];

		rc = timeline_load(&t, r, &ignored);
		if (rc == -ENOENT || rc == -EINVAL) { /* there is none to be drawn */
			rc = 0;
			continue;
		}
		record_name(r, name, sizeof name);
		for (size_t w = 0; w < t.n && rc == 0; w++) {
			fprintf(out, "%zu,", number);
			marks_print_field(out, name, quotes);
			fprintf(out, ",%d,", res->run.simulated);
			marks_print_field(out, unit_of(r), quotes);
			put_number(out, t.call);
			put_number(out, t.returned);
			put_window(out, &t.windows[w]);
		}
		timeline_release(&t);
		number += rc == 0;
	}
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
