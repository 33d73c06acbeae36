/* judged.c - what was set against a reference, as findings of the result. See judge.h. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result/judge.h"
#include "util/json.h"

static const char *const references[] = {
	[REFERENCE_PHYSICS] = "physics",         [REFERENCE_PEERS] = "peers",
	[REFERENCE_HISTORY] = "history",         [REFERENCE_RUN] = "run",
	[REFERENCE_EXPECTATION] = "expectation",
};

static const char *const statuses[] = { [JUDGED_PASS] = "pass",
					[JUDGED_WARN] = "warn",
					[JUDGED_FAIL] = "fail",
					[JUDGED_UNKNOWN] = "unknown" };

const char *reference_name(enum reference r)
{
	return references[r];
}

void judged_say(struct judged *j, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(j->text, sizeof j->text, fmt, args);
	va_end(args);
}

static int put_figure(json_t *o, const char *key, double v)
{
	return json_put(o, key, isfinite(v) ? json_real(v) : json_null());
}

/* The figures, in a new object; NULL where there are none, or out of memory (*rc). */
static json_t *figures_of(const struct judged *j, int *rc)
{
	char name[240];
	json_t *o;
	int bad = 0;

	if (!j->unit[0] && !j->record)
		return NULL;
	o = json_object();
	if (j->unit[0]) {
		bad |= put_figure(o, "value", j->observed);
		bad |= put_figure(o, "limit", j->expected);
		bad |= json_put(o, "unit", json_string(j->unit));
	}
	if (j->record)
		bad |= json_put(o, "cell", json_text(record_name(j->record, name, sizeof name)));
	o = json_or_null(o, bad);
	*rc = o ? 0 : -ENOMEM;
	return o;
}

int judged_add(struct result *res, const struct judged *j)
{
	struct finding f = { .id = "" };
	int rc = 0;

	snprintf(f.id, sizeof f.id, "%s", j->id);
	snprintf(f.family, sizeof f.family, "%s", references[j->reference]);
	snprintf(f.status, sizeof f.status, "%s", statuses[j->status]);
	snprintf(f.subject, sizeof f.subject, "%s", j->subject);
	snprintf(f.observed, sizeof f.observed, "%s", j->text);
	snprintf(f.fix, sizeof f.fix, "%s", j->fix);
	snprintf(f.source, sizeof f.source, "%s", j->source);
	f.more = figures_of(j, &rc);
	if (rc == 0)
		rc = result_find(res, &f);
	json_decref(f.more);
	return rc;
}

void judged_forget(struct result *res, enum reference r)
{
	size_t kept = 0;

	for (size_t i = 0; i < res->nfindings; i++) {
		if (strcmp(res->findings[i].family, references[r]) == 0)
			json_decref(res->findings[i].more);
		else
			res->findings[kept++] = res->findings[i];
	}
	res->nfindings = kept;
}

bool finding_is_judged(const struct finding *f)
{
	for (size_t i = 0; i < sizeof references / sizeof *references; i++)
		if (i != REFERENCE_RUN && strcmp(f->family, references[i]) == 0)
			return true;
	return false;
}

double finding_number(const struct finding *f, const char *key)
{
	const json_t *v = json_object_get(f->more, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *finding_text(const struct finding *f, const char *key)
{
	const char *text = json_string_value(json_object_get(f->more, key));

	return text ? text : "";
}
