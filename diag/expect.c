/* expect.c - `numabench expect`: what a machine known to be good gives to be expected of its like.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/document.h"
#include "result/expect.h"
#include "result/judge.h"
#include "util/options.h"

enum { EXIT_NO_VERDICT = 2, MARGIN_MOST = 50 };

struct own {
	const char *output;
	int margin;
};

static const struct opt expect_options[] = {
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .arg = "FILE",
	  .help = "write there instead of to standard output; - is standard output",
	  .offset = offsetof(struct own, output) },
	{ .kind = OPT_INT,
	  .name = "margin",
	  .arg = "PERCENT",
	  .help = "how far below what was measured floors lie (5); ceilings of latencies lie twice "
		  "as far above",
	  .offset = offsetof(struct own, margin),
	  .high = MARGIN_MOST },
	{ .kind = OPT_END },
};

static const struct note examples[] = {
	{ "--output ordered.json result.json", "from a machine known to be good" },
	{ "--margin 10 result.json", "with floors 10 % below what was measured" },
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "it was written" },
	{ "2", "wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench expect",
	.summary = "write what a good machine's like is to be: counts, parts, links, floors and "
		   "ceilings",
	.usage = "[OPTION]... RESULT",
	.about = "RESULT is the folder of a run, or its result.json, on a machine known to be "
		 "good, or - for "
		 "standard input. What is printed is a file for --expect of numabench --all and of "
		 "numabench report, in units for people: edit it. results/README.md tells what may "
		 "stand in it, results/expect/ has examples.",
	.options = (const struct opt *const[]){ expect_options, NULL },
	.takes_operands = true,
	.ends = ends,
	.examples = examples,
	.see = "numabench-report(1)",
};

static int write_document(const json_t *doc, const struct own *own, struct err *e)
{
	bool standard = !own->output || strcmp(own->output, "-") == 0;
	int rc;

	if (own->output && !standard)
		return document_write(doc, EXPECT_LINES, own->output, e);
	errno = 0;
	rc = document_print(doc, EXPECT_LINES, stdout);
	if (rc == 0 && fflush(stdout) != 0)
		rc = -EIO;
	if (rc < 0)
		err_set(e, rc, "standard output: %s", strerror(errno ? errno : -rc));
	return rc;
}

/* What the file cannot say of the GPUs' links, a line for each reason. */
static void tell_links(const struct result *res)
{
	const struct machine *m = &res->machine;
	struct idset told = { { 0 } }, alike;
	struct expect_link link;
	char list[128];

	for (size_t i = 0; i < m->ngpus; i++) {
		const char *why = expect_link_of(&link, res, &m->gpus[i]);

		if (!why || m->gpus[i].state != GPU_USABLE || idset_has(&told, m->gpus[i].index))
			continue;
		alike = (struct idset){ { 0 } };
		for (size_t k = i; k < m->ngpus; k++)
			if (m->gpus[k].state == GPU_USABLE &&
			    expect_link_of(&link, res, &m->gpus[k]) == why)
				idset_add(&alike, m->gpus[k].index);
		told = idset_or(&told, &alike);
		idset_format(&alike, list, sizeof list);
		fprintf(stderr, "%s: note: GPU %s: no \"link\": %s\n", command.name, list, why);
	}
}

static int expect(const struct own *own, const struct operands *rest, struct err *e)
{
	struct result res;
	json_t *doc = NULL;
	int rc;

	if (rest->n != 1)
		return err_set(e, -EINVAL, "%s; see --help",
			       rest->n ? "one RESULT at a time" : "no RESULT given");
	result_init(&res);
	rc = result_read(&res, rest->v[0], e);
	if (rc == 0 && (rc = judge(&res)) < 0)
		err_set(e, rc, "out of memory");
	if (rc == 0 && res.verdict.status != VERDICT_PASS)
		fprintf(stderr, "%s: note: this machine's own verdict is %s: %s\n", command.name,
			verdict_name(res.verdict.status),
			res.verdict.nreasons ? res.verdict.reasons[0] : "no reason is given");
	if (rc == 0)
		tell_links(&res);
	if (rc == 0) {
		doc = expect_make(&res, own->margin / 100.0);
		rc = doc ? write_document(doc, own, e) : err_set(e, -ENOMEM, "out of memory");
	}
	json_decref(doc);
	result_release(&res);
	return rc;
}

int main(int argc, char **argv)
{
	struct own own = { .margin = 5 };
	void *const contexts[] = { &own };
	struct operands rest;
	struct err e = { "" };
	int rc;

	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc == 0)
		rc = expect(&own, &rest, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	return rc < 0 ? EXIT_NO_VERDICT : 0;
}
