/* render.c - the formats there are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/formats.h"
#include "render/render.h"

const struct format formats[] = {
	{ .name = "text", .help = "a report for a person, the default", .write = format_text },
	{ .name = "html",
	  .help = "one page with drawings, whole in itself; of several results side by side",
	  .write = format_html,
	  .write_several = format_html_several },
	{ .name = "json", .help = "the result document itself", .write = format_json },
	{ .name = "junit", .help = "JUnit XML, for CI servers", .write = format_junit },
	{ .name = "github",
	  .help = "annotations of a GitHub Actions run, for its log",
	  .write = format_github },
	{ .name = "markdown",
	  .help = "the report in Markdown, for $GITHUB_STEP_SUMMARY and wikis",
	  .write = format_markdown },
	{ .name = "share", .help = "as --share", .write = format_share },
	{ .name = "nagios", .help = "one line with performance data", .write = format_nagios },
	{ .name = "csv",
	  .help = "a table, a row a record, for spreadsheets and gnuplot; of several results, too",
	  .write = format_csv,
	  .write_several = format_csv_several },
	{ .name = "prometheus",
	  .help = "metrics for node_exporter's textfile collector",
	  .write = format_prometheus },
	{ .name = "bmf", .help = "Bencher Metric Format, for Bencher", .write = format_bmf },
	{ .name = "timeline-csv",
	  .help = "time lines of moves, a row a window (scripts/gnuplot/timeline.gp draws them)",
	  .write = format_timeline_csv },
	{ .name = "hwloc",
	  .help = "the topology for hwloc, with bandwidths and latencies as memory attributes",
	  .write = format_hwloc },
	{ .name = NULL },
};

const char *format_word(size_t i)
{
	return i < sizeof formats / sizeof *formats ? formats[i].name : NULL;
}

const char *format_help(size_t i)
{
	return formats[i].help;
}

const struct format *format_find(const char *name)
{
	for (const struct format *f = formats; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

int render_file(const struct format *f, const struct result *r, const char *source,
		const char *path, struct err *e)
{
	const struct render_options plain = { .width = 80, .source = source };
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int rc = out ? f->write(r, &plain, out) : -ENOMEM;

	if (out && fclose(out) != 0 && rc == 0)
		rc = -ENOMEM;
	rc = rc < 0 ? err_set(e, rc, "%s: %s", path, strerror(-rc))
		    : write_file_atomically(path, text, length, e);
	free(text);
	return rc;
}
