/* text_history.c - what came of a comparison with a baseline: a section of the report, and what
 * `numabench compare` prints. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/judge.h"

static bool is_history(const struct finding *f)
{
	return strcmp(f->family, reference_name(REFERENCE_HISTORY)) == 0;
}

/* Lines of one status; what fails or warns stands among the findings. */
static void say_all(struct text *t, const char *status, const char *label)
{
	const char *fix = "";

	for (size_t i = 0; i < t->res->nfindings; i++) {
		const struct finding *f = &t->res->findings[i];

		if (!is_history(f) || strcmp(f->status, status) != 0)
			continue;
		text_say(t, 2, "%s%s", label, f->observed);
		fix = f->fix[0] ? f->fix : fix;
	}
	if (fix[0])
		text_say(t, 4, "To settle it: %s", fix);
}

/* Improvements end with an offer, which is told once. */
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

		if (!is_history(f))
			continue;
		if (f->source[0])
			text_heading(t, "against the baseline %s", f->source);
		else
			text_heading(t, "against the baseline");
		say_all(t, "unknown", "not told: ");
		say_passed(t);
		return 0;
	}
	return 0;
}

int render_comparison(const struct result *res, const struct render_options *o, FILE *out)
{
	static const char *const words[] = {
		[VERDICT_PASS] = "PASS: nothing is worse than in the baseline",
		[VERDICT_FAIL] = "FAIL: worse than in the baseline",
		[VERDICT_UNKNOWN] = "UNKNOWN: it cannot be told whether anything got worse",
	};
	struct text t = {
		.res = res, .o = o, .out = out, .width = o->width >= 40 ? o->width : TEXT_WIDTH
	};
	int rc;

	text_say(&t, 0, "%s", words[res->verdict.status]);
	rc = text_history(&t);
	if (rc == 0)
		rc = render_findings(res, o, out);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
