/* text_history.c - what came of a comparison with a baseline: a section of the report, and what
 * `numabench compare` prints. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/walk.h"
#include "result/judge.h"

static bool is_history(const struct finding *f)
{
	return strcmp(f->family, reference_name(REFERENCE_HISTORY)) == 0;
}

/* What passed; improvements end with an offer, which is told once. What fails, warns or could not
 * be told stands among the findings. */
static void say_passed(struct text *t)
{
	const char *offer = "";

	for (size_t i = 0; i < t->res->nfindings; i++) {
		const struct finding *f = &t->res->findings[i];

		if (!is_history(f) || strcmp(f->status, "pass") != 0)
			continue;
		text_say(t, 2, "%s%s", f->fix[0] ? "better: " : "", f->observed);
		offer = f->fix[0] ? f->fix : offer;
	}
	if (offer[0])
		text_say(t, 4, "%c%s", toupper((unsigned char)offer[0]), offer + 1);
}

int text_history(struct text *t)
{
	for (size_t i = 0; i < t->res->nfindings; i++) {
		const struct finding *f = &t->res->findings[i];

		if (!is_history(f) || strcmp(f->status, "pass") != 0)
			continue;
		if (f->source[0])
			text_heading(t, "against the baseline %s", f->source);
		else
			text_heading(t, "against the baseline");
		say_passed(t);
		return 0;
	}
	return 0;
}

/* ---- what `numabench compare` says first ---- */

/* Why a comparison fails, the worst first. */
enum kind { CORRUPT, WORSE, OTHER, KINDS };

static const struct {
	const char *one, *many;
} kinds[KINDS] = {
	[CORRUPT] = { "data arrived corrupt in %zu cell", "data arrived corrupt in %zu cells" },
	[WORSE] = { "%zu cell is worse than in the baseline",
		    "%zu cells are worse than in the baseline" },
	[OTHER] = { "%zu other finding fails", "%zu other findings fail" },
};

/* A cell that fails without a figure to set against the baseline's is one of corrupt data. */
static enum kind kind_of(const struct finding *f)
{
	return !is_history(f)                      ? OTHER
	       : json_object_get(f->more, "value") ? WORSE
	       : finding_text(f, "cell")[0]        ? CORRUPT
						   : OTHER;
}

static void put_failures(const struct result *res, char *text, size_t size)
{
	size_t n[KINDS] = { 0 }, used = (size_t)snprintf(text, size, "FAIL");

	for (size_t i = 0; i < res->nfindings; i++)
		if (strcmp(res->findings[i].status, "fail") == 0)
			n[kind_of(&res->findings[i])]++;
	for (size_t k = 0, told = 0; k < KINDS; k++) {
		char part[80];

		if (!n[k])
			continue;
		snprintf(part, sizeof part, n[k] == 1 ? kinds[k].one : kinds[k].many, n[k]);
		used += (size_t)snprintf(text + used, size - used, "%s%s", told++ ? "; " : ": ",
					 part);
	}
}

static bool is_another_machine(const struct result *res)
{
	for (size_t i = 0; i < res->nfindings; i++)
		if (strcmp(res->findings[i].id, "history.identity") == 0)
			return true;
	return false;
}

static void put_headline(const struct result *res, char *text, size_t size)
{
	char warnings[64];
	size_t n = res->verdict.nwarnings;

	switch (res->verdict.status) {
	case VERDICT_FAIL:
		put_failures(res, text, size);
		break;
	case VERDICT_UNKNOWN:
		snprintf(text, size, "UNKNOWN: %s",
			 is_another_machine(res)
				 ? "not comparable with the baseline, which is of another machine "
				   "or another test"
				 : "it cannot be told whether anything got worse");
		break;
	case VERDICT_PASS:
		snprintf(text, size, "PASS%s%s: nothing is worse than in the baseline",
			 n ? " with " : "",
			 n ? warnings_text(n, 0, warnings, sizeof warnings) : "");
		break;
	}
}

int render_comparison(const struct result *res, const struct render_options *o, FILE *out)
{
	struct text t = {
		.res = res, .o = o, .out = out, .width = o->width >= 40 ? o->width : TEXT_WIDTH
	};
	char headline[300];
	int rc;

	put_headline(res, headline, sizeof headline);
	text_say(&t, 0, "%s", headline);
	rc = text_history(&t);
	if (rc == 0)
		rc = render_findings(res, o, out);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
