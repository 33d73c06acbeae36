/* report.c - `numabench report`: a result file as a person or a program reads it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/pictures.h"
#include "render/render.h"
#include "result/expect.h"
#include "result/judge.h"
#include "result/recommend.h"
#include "util/options.h"

enum { EXIT_NO_VERDICT = 2, EXIT_NAGIOS_UNKNOWN = 3 };

struct report {
	const char *format, *output, *expect, *plots;
	bool share, no_colour, nagios, strict, hwloc_standard;
};

static const struct opt report_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "format",
	  .arg = "NAME",
	  .word = format_word,
	  .word_help = format_help,
	  .help = "how it is shown:",
	  .offset = offsetof(struct report, format) },
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .arg = "FILE",
	  .help = "write there instead of to standard output; - is standard output",
	  .offset = offsetof(struct report, output) },
	{ .kind = OPT_TEXT,
	  .name = "plots",
	  .arg = "FOLDER",
	  .help = "also draw heat maps, curves, distributions and time lines there, each as SVG "
		  "and PNG, beside the tables that they are drawn from; needs gnuplot",
	  .offset = offsetof(struct report, plots) },
	{ .kind = OPT_TEXT,
	  .name = "expect",
	  .arg = "FILE",
	  .help = "judge it anew, against what was ordered, too (see numabench expect), and end as "
		  "numabench --all would",
	  .offset = offsetof(struct report, expect) },
	{ .kind = OPT_FLAG,
	  .name = "strict",
	  .help = "with --expect: warnings end with exit code 1",
	  .offset = offsetof(struct report, strict) },
	{ .kind = OPT_FLAG,
	  .name = "share",
	  .help = "at most 15 lines of Markdown to paste into a chat or an issue, without host "
		  "name, UUID, serial number, address, path or command line",
	  .offset = offsetof(struct report, share) },
	{ .kind = OPT_FLAG,
	  .name = "nagios",
	  .help = "as --format nagios, and end with Nagios's own codes: 0 ok, 1 warnings, 2 FAIL, "
		  "3 all else",
	  .offset = offsetof(struct report, nagios) },
	{ .kind = OPT_FLAG,
	  .name = "as-hwloc-standard",
	  .help = "with --format hwloc: fill hwloc's own Bandwidth and Latency, too, which "
		  "programs use that do not know ours, and which firmware fills where there "
		  "is an HMAT",
	  .offset = offsetof(struct report, hwloc_standard) },
	{ .kind = OPT_FLAG,
	  .name = "no-colour",
	  .help = "no colour on a terminal either (as NO_COLOR=1)",
	  .offset = offsetof(struct report, no_colour) },
	{ .kind = OPT_END },
};

static const struct note examples[] = {
	{ "result.json", "for a person" },
	{ "--format html --output report.html before.json after.json",
	  "one page, two runs side by side" },
	{ "--plots plots result.json", "and pictures of it, by gnuplot" },
	{ "--format hwloc --output node17.xml result.json",
	  "for programs that read hwloc: `lstopo -i node17.xml --memattrs`, or "
	  "HWLOC_XMLFILE=node17.xml HWLOC_THISSYSTEM=1 in their environment" },
	{ NULL, NULL },
};

static const struct note environment[] = {
	NOTE_NO_COLOR,
	NOTE_COLUMNS,
	{ "PATH", "with --plots: where gnuplot is looked for" },
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "it was written, whatever its verdict; with --expect: all is as expected" },
	{ "1", "with --expect: a verdict of FAIL (with --strict: or warnings)" },
	{ "2", "wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ "3", "with --expect: it could not be judged" },
	{ "with --nagios", "0 ok, 1 warnings, 2 FAIL, 3 all else" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench report",
	.summary = "show a result: which node for which GPU, and the figures behind it",
	.usage = "[OPTION]... RESULT...",
	.about = "RESULT is the folder of a run, or its result.json, or - for standard input; more "
		 "than one are "
		 "shown side by side, with what changed, as html, or stand in one table, as csv. "
		 "Nothing is measured and, without --expect, nothing judged anew: the report says "
		 "what the file says, and its exit status is 0 whatever the verdict in the file "
		 "is, but with --nagios.",
	.options = (const struct opt *const[]){ report_options, NULL },
	.takes_operands = true,
	.ends = ends,
	.examples = examples,
	.environment = environment,
	.see = "numabench-compare(1), numabench-expect(1), lstopo(1), hwloc-calc(1)",
};

static int find_format(const struct format **f, const char *name, struct err *e)
{
	char known[256] = "";
	size_t used = 0;

	*f = format_find(name);
	if (*f)
		return 0;
	for (const struct format *i = formats; i->name && used < sizeof known; i++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
					 used ? ", " : "", i->name);
	return err_set(e, -EINVAL, "no format '%s'; there are: %s", name, known);
}

/* What an interrupted run could not add to its file any more. A verdict of unknown always comes
 * with a reason: one without is none. */
static int complete(struct result *res, struct err *e)
{
	int rc = 0;

	if (!res->nrecommendations && res->machine.ngpus)
		rc = recommend(res);
	if (rc == 0 && res->verdict.status == VERDICT_UNKNOWN && !res->verdict.nreasons)
		rc = judge(res);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

/* Against what was ordered; the verdict is then a new one. */
static int judge_expected(struct result *res, const char *path, struct err *e)
{
	struct expect x;
	int rc = expect_read(&x, path, e);

	if (rc == 0) {
		rc = judge(res);
		if (rc == 0)
			rc = expect_judge(&x, res);
		if (rc == 0)
			rc = judge(res);
		if (rc < 0)
			err_set(e, rc, "out of memory");
	}
	expect_release(&x);
	return rc < 0 ? err_within(e, rc, "--expect") : 0;
}

/* What the report ends with. */
static int exit_code(const struct report *own, const struct verdict *v)
{
	if (own->nagios)
		return verdict_nagios_code(v);
	return own->expect ? verdict_exit_code(v, own->strict) : 0;
}

/* What is to be written, and how: n is 1 but for a format that shows several. */
struct writing {
	const struct format *format;
	const struct result *const *of;
	size_t n;
	const char *source, *remark;
};

static int write_to(const struct writing *w, const struct render_options *look, FILE *out)
{
	return w->n == 1 ? w->format->write(w->of[0], look, out)
			 : w->format->write_several(w->of, w->n, look, out);
}

static int cannot_write(int rc, const char *where, struct err *e)
{
	if (rc == -ENODATA)
		return err_set(e, rc,
			       "the result knows of no CPU of a NUMA node, and hwloc of no "
			       "machine without");
	return err_set(e, rc, "%s: %s", where, strerror(-rc));
}

static int write_stdout(const struct writing *w, const struct report *own, struct err *e)
{
	struct render_options look =
		render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));
	int rc;

	look.colour = look.colour && !own->no_colour;
	look.source = w->source;
	look.remark = w->remark;
	look.hwloc_standard = own->hwloc_standard;
	errno = 0;
	rc = write_to(w, &look, stdout);
	/* The disk may turn out to be full, or the reader gone, only now. */
	if ((fclose(stdout) != 0 && rc == 0) || (rc == -EIO && errno))
		rc = -errno;
	return rc < 0 ? cannot_write(rc, "standard output", e) : 0;
}

/* Whole, or not at all. */
static int write_path(const struct writing *w, const struct report *own, struct err *e)
{
	const struct render_options plain = { .width = 80,
					      .source = w->source,
					      .remark = w->remark,
					      .hwloc_standard = own->hwloc_standard };
	const char *path = own->output;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int rc = out ? write_to(w, &plain, out) : -ENOMEM;

	if (out && fclose(out) != 0 && rc == 0)
		rc = -ENOMEM;
	rc = rc < 0 ? cannot_write(rc, path, e) : write_file_atomically(path, text, length, e);
	free(text);
	return rc;
}

static int read_all(struct result *all, const struct operands *rest, const struct report *own,
		    struct err *e)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < rest->n; i++) {
		rc = result_read(&all[i], rest->v[i], e);
		if (rc == 0)
			rc = complete(&all[i], e);
		if (rc == 0 && own->expect)
			rc = judge_expected(&all[i], own->expect, e);
	}
	return rc;
}

/* The report follows all the same, and says why there are none, or not all. */
static int make_plots(struct writing *w, const struct report *own, char *remark, size_t size,
		      struct err *e)
{
	struct pictures p = { .folder = own->plots, .path = getenv("PATH") };
	int rc = pictures_draw(w->of[0], &p, e);

	if (rc == 0 || p.drawn)
		fprintf(stderr, "%s: %zu %s in %s\n", command.name, p.drawn,
			p.drawn == 1 ? "plot" : "plots", own->plots);
	if (rc == 0)
		return 0;
	err_within(e, rc, "--plots %s", own->plots);
	snprintf(remark, size, "%s: %s.",
		 p.drawn ? "Not all plots were drawn" : "No plots were drawn", e->text);
	w->remark = remark;
	return rc;
}

static int write_all(struct writing *w, const struct report *own, struct err *e)
{
	struct err plots = { "" };
	char remark[640];
	int drawn = own->plots ? make_plots(w, own, remark, sizeof remark, &plots) : 0;
	int rc = own->output && strcmp(own->output, "-") != 0 ? write_path(w, own, e)
							      : write_stdout(w, own, e);

	return rc == 0 && drawn < 0 ? err_set(e, drawn, "%s", plots.text) : rc;
}

/* The worst of all. */
static int exit_code_of_all(const struct report *own, const struct writing *w)
{
	static const int worst_first[] = { 2, 1, 3 };
	int codes[4] = { 0 };

	for (size_t i = 0; i < w->n; i++)
		codes[exit_code(own, &w->of[i]->verdict) & 3]++;
	for (size_t i = 0; i < sizeof worst_first / sizeof *worst_first; i++)
		if (codes[worst_first[i]])
			return worst_first[i];
	return 0;
}

static int check_operands(const struct format *f, const struct operands *rest, struct err *e)
{
	enum { RESULTS_MOST = 8 };

	if (!rest->n)
		return err_set(e, -EINVAL, "no RESULT given; see --help");
	if (rest->n > 1 && !f->write_several)
		return err_set(e, -EINVAL,
			       "--format %s takes one RESULT; html and csv take several", f->name);
	if (rest->n > RESULTS_MOST)
		return err_set(e, -EINVAL, "%d RESULTs, and at most %d fit side by side", rest->n,
			       RESULTS_MOST);
	return 0;
}

static int report(const struct report *own, const struct operands *rest, struct err *e)
{
	size_t n = (size_t)rest->n;
	struct result *all = calloc(n + 1, sizeof *all);
	const struct result **of = calloc(n + 1, sizeof *of);
	struct writing w = { .of = of, .n = n };
	int rc = all && of ? 0 : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = find_format(&w.format,
				 own->nagios  ? "nagios"
				 : own->share ? "share"
					      : own->format,
				 e);
	if (rc == 0 && own->hwloc_standard && strcmp(w.format->name, "hwloc") != 0)
		rc = err_set(e, -EINVAL, "--as-hwloc-standard goes with --format hwloc");
	if (rc == 0)
		rc = check_operands(w.format, rest, e);
	if (rc == 0 && own->plots && (rest->n > 1 || own->nagios))
		rc = err_set(e, -EINVAL, "--plots takes one RESULT, and does not go with --nagios");
	for (int i = 0; all && of && i < rest->n; i++) {
		result_init(&all[i]);
		of[i] = &all[i];
	}
	if (rc == 0 && rest->n == 1 && strcmp(rest->v[0], "-") != 0)
		w.source = rest->v[0];
	if (rc == 0)
		rc = read_all(all, rest, own, e);
	if (rc == 0)
		rc = write_all(&w, own, e);
	if (rc == 0)
		rc = exit_code_of_all(own, &w);
	for (int i = 0; all && of && i < rest->n; i++)
		result_release(&all[i]);
	free(all);
	free(of);
	return rc;
}

int main(int argc, char **argv)
{
	struct report own = { .format = "text" };
	void *const contexts[] = { &own };
	struct operands rest;
	struct err e = { "" };
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc > 0)
		return 0;
	if (rc == 0)
		rc = report(&own, &rest, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	if (rc < 0 && own.nagios) /* what watches reads standard output alone */
		printf("NUMABENCH UNKNOWN - %s\n", e.text);
	return rc >= 0 ? rc : own.nagios ? EXIT_NAGIOS_UNKNOWN : EXIT_NO_VERDICT;
}
