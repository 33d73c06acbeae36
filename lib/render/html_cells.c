/* html_cells.c - all that the page is made of, folded away: every record, the run, the host. See
 * html.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/html.h"
#include "util/units.h"

/* ---- records ---- */

int html_cells(struct html *h)
{
	const struct result *res = h->res;
	FILE *out = h->text.out;
	char name[160], what[160], figure[600];

	if (!res->nrecords)
		return 0;
	snprintf(what, sizeof what, "All %zu cell%s", res->nrecords, plural(res->nrecords));
	html_fold(out, what);
	html_scroll(out, what);
	fputs("<table class=\"words\"><thead><tr><th scope=\"col\">test</th><th "
	      "scope=\"col\">metric</th><th scope=\"col\">cell</th><th "
	      "scope=\"col\">figure</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		html_put(out,
			 "<tr><td>%s</td><td>%s</td><th scope=\"row\" class=\"long\">%s</th><td "
			 "class=\"long\">%s</td></tr>\n",
			 r->test, r->metric, record_name(r, name, sizeof name),
			 html_figure(r, figure, sizeof figure));
	}
	fputs("</tbody></table></div></div></details>\n", out);
	return 0;
}

/* ---- provenance ---- */

static void put_scalar(FILE *out, const json_t *v)
{
	if (json_is_string(v))
		html_put(out, "%s", json_string_value(v));
	else if (json_is_integer(v))
		fprintf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		html_put(out, "%.6g", json_real_value(v));
	else
		fputs(json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "not known", out);
}

static bool is_scalar(const json_t *v)
{
	return !json_is_object(v) && !json_is_array(v);
}

static bool are_scalars(const json_t *list)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		if (!is_scalar(v))
			return false;
	}
	return true;
}

/* "governor_why" goes with governor, which is null. */
static bool is_why(const char *key, const json_t *object)
{
	const size_t n = strlen(key), tail = strlen("_why");
	char base[64];

	if (n <= tail || n - tail >= sizeof base || strcmp(key + n - tail, "_why") != 0)
		return false;
	memcpy(base, key, n - tail);
	base[n - tail] = '\0';
	return json_object_get(object, base) != NULL;
}

static const char *why(const json_t *object, const char *key)
{
	const char *text;
	char name[96];

	snprintf(name, sizeof name, "%s_why", key);
	text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static void put_members(FILE *out, const char *path, const json_t *object);

/* One member, or each of its own: "gpus[0].name". `reason` is told where it is null. */
static void put_value(FILE *out, const char *path, const json_t *v, const char *reason)
{
	char inner[320];
	size_t i;
	json_t *element;

	if (json_is_object(v)) {
		put_members(out, path, v);
	} else if (json_is_array(v) && !are_scalars(v)) {
		json_array_foreach(v, i, element)
		{
			snprintf(inner, sizeof inner, "%.280s[%zu]", path, i);
			put_value(out, inner, element, "");
		}
	} else {
		html_put(out, "<div><dt>%s</dt><dd>", path);
		json_array_foreach(v, i, element)
		{
			fputs(i ? " " : "", out);
			put_scalar(out, element);
		}
		if (!json_is_array(v))
			put_scalar(out, v);
		html_put(out, "%s%s</dd></div>\n", reason[0] ? ": " : "", reason);
	}
}

static void put_members(FILE *out, const char *path, const json_t *object)
{
	char inner[320];
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)object, key, v)
	{
		if (is_why(key, object))
			continue;
		snprintf(inner, sizeof inner, "%.200s%s%.100s", path, path[0] ? "." : "", key);
		put_value(out, inner, v, json_is_null(v) ? why(object, key) : "");
	}
}

static void put_group(FILE *out, const char *title, const json_t *object)
{
	if (!json_object_size(object))
		return;
	html_put(out, "<h3>%s</h3>\n<dl class=\"facts\">\n", title);
	put_members(out, "", object);
	fputs("</dl>\n", out);
}

int html_provenance(struct html *h)
{
	static const struct {
		const char *key, *title;
	} groups[] = {
		{ "identity", "Identity: results that differ in it are not comparable" },
		{ "conditions", "Conditions: they may differ, and are named beside any verdict" },
		{ "rest", "The rest, which decides nothing" },
	};
	const struct run_info *run = &h->res->run;
	json_t *facts =
		json_pack("{s:s, s:s, s:f, s:s, s:I, s:b, s:b, s:O*, s:O*}", "id", run->id,
			  "started", run->started, "seconds", run->seconds, "version", run->version,
			  "seed", (json_int_t)run->seed, "simulated", run->simulated, "complete",
			  run->complete, "command", run->command, "options", run->options);
	const json_t *host = h->res->host ? h->res->host : h->res->machine.host;

	if (!facts)
		return -ENOMEM;
	html_fold(h->text.out, "Provenance");
	put_group(h->text.out, "The run", facts);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		put_group(h->text.out, groups[i].title, json_object_get(host, groups[i].key));
	fputs("</div></details>\n", h->text.out);
	json_decref(facts);
	return 0;
}
