/* bmf.c - Bencher Metric Format: { benchmark: { measure: { value, lower_value, upper_value } } }
 * (https://bencher.dev/docs/reference/bencher-metric-format). A measure is of one direction and one
 * unit: bandwidth is the better the higher, latency, which Bencher itself has in nanoseconds, the
 * lower. See formats.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "render/formats.h"
#include "render/tracked.h"
#include "util/json.h"

static const struct measure {
	const char *unit;
	enum better better;
	const char *name;
	double factor;
} measures[] = {
	{ "B/s", BETTER_HIGHER, "bandwidth", 1 }, /* bytes per second */
	{ "s", BETTER_LOWER, "latency", 1e9 },
	{ "1", BETTER_HIGHER, "figure", 1 }, /* of a command of the user's (numabench try) */
	{ "1", BETTER_LOWER, "cost", 1 },
};

static const struct measure *measure_of(const struct record *r)
{
	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
		if (strcmp(measures[i].unit, r->unit) == 0 && measures[i].better == r->better)
			return &measures[i];
	return NULL;
}

static json_t *metric_of(const struct record *r, const struct measure *m)
{
	json_t *values = json_object(), *o = json_object();
	int bad = json_put(values, "value", json_real(r->median * m->factor));

	if (record_has(r, "low") && record_has(r, "high") && isfinite(r->low * m->factor) &&
	    isfinite(r->high * m->factor)) {
		bad |= json_put(values, "lower_value", json_real(r->low * m->factor));
		bad |= json_put(values, "upper_value", json_real(r->high * m->factor));
	}
	bad |= json_put(o, m->name, values);
	return json_or_null(o, bad);
}

/* Simulated figures have names of their own: no tracker takes them for real ones. */
static int put_cell(json_t *doc, const struct result *res, const struct tracked *cell)
{
	const struct measure *m = measure_of(cell->r);
	char name[1024]; /* Bencher takes no more */
	json_t *text;
	int bad;

	if (!m || !tracked_value(cell->r) || !isfinite(cell->r->median * m->factor))
		return 0;
	snprintf(name, sizeof name, "%s%s", res->run.simulated ? "simulated " : "", cell->name);
	text = json_text(name);
	bad = !text || json_put(doc, json_string_value(text), metric_of(cell->r, m));
	json_decref(text);
	return bad ? -ENOMEM : 0;
}

int format_bmf(const struct result *r, const struct render_options *o, FILE *out)
{
	json_t *doc = json_object();
	struct tracked *cells;
	size_t n;
	int rc = tracked_find(r, &cells, &n);

	(void)o;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_cell(doc, r, &cells[i]);
	tracked_release(cells, n);
	if (rc == 0)
		rc = json_dumpf(doc, out, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) < 0 ? -EIO : 0;
	json_decref(doc);
	if (rc == 0)
		fputc('\n', out);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
