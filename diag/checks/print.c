#include "print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/pcie.h"
#include "render/machine_notes.h"
#include "render/table.h"
#include "util/json.h"
#include "util/wrap.h"

enum { WIDTH_LEAST = 40, USUAL_WIDTH = 80 };

struct page {
	const struct result *res;
	const struct print_options *o;
	FILE *out;
	int width;
	bool *told; /* per finding */
};

size_t count_status(const struct result *res, enum check_status s)
{
	size_t n = 0;

	for (size_t i = 0; i < res->nfindings; i++)
		n += strcmp(res->findings[i].status, check_status_name(s)) == 0;
	return n;
}

static bool has(const struct finding *f, enum check_status s)
{
	return strcmp(f->status, check_status_name(s)) == 0;
}

static void say(const struct page *p, int indent, const char *text)
{
	fprintf(p->out, "%*s", indent, "");
	wrap_print(p->out, text, p->width, indent, indent);
}

static const char *title_of(const char *id)
{
	const struct check *row = check_find(id, NULL);

	return row ? row->title : NULL;
}

/* ---- what was skipped ---- */

/* The ids of all that was skipped for the same reason, which are then told; their number alone
 * where they are many. */
static void gather_skipped(const struct page *p, size_t first, char *text, size_t size)
{
	enum { NAMED = 8 };
	const struct finding *f = p->res->findings;
	const char *last = "";
	size_t used = 0, n = 0;

	for (size_t i = first; i < p->res->nfindings; i++) {
		if (!has(&f[i], CHECK_SKIP) || strcmp(f[i].observed, f[first].observed) != 0)
			continue;
		p->told[i] = true;
		if (strcmp(last, f[i].id) != 0 && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 f[i].id);
		n += strcmp(last, f[i].id) != 0;
		last = f[i].id;
	}
	if (n > NAMED && !p->o->verbose)
		snprintf(text, size, "%zu checks (--verbose names them)", n);
}

static void say_skipped(const struct page *p)
{
	char ids[2000], text[2400], root[600] = "";
	const char *last = "";
	size_t used = 0;

	if (count_status(p->res, CHECK_SKIP))
		fprintf(p->out, "\nSkipped\n");
	for (size_t i = 0; i < p->res->nfindings; i++) {
		const struct finding *f = &p->res->findings[i];

		if (json_is_true(json_object_get(f->more, "needs_root")) &&
		    strcmp(last, f->id) != 0 && used < sizeof root) {
			used += (size_t)snprintf(root + used, sizeof root - used, "%s%s",
						 used ? ", " : "", f->id);
			last = f->id;
		}
		if (p->told[i] || !has(f, CHECK_SKIP))
			continue;
		gather_skipped(p, i, ids, sizeof ids);
		snprintf(text, sizeof text, "%s: %s", f->observed, ids);
		say(p, 2, text);
	}
	if (root[0]) {
		snprintf(text, sizeof text, "root would see more (sudo numabench check): %s", root);
		say(p, 2, text);
	}
}

/* ---- what passed ---- */

static int say_passed(const struct page *p)
{
	struct table *t;
	int rc;

	if (!p->o->verbose) {
		fprintf(p->out, "\nPassed: %zu (--verbose lists them)\n",
			count_status(p->res, CHECK_PASS));
		return 0;
	}
	t = table_new();
	if (!t)
		return -ENOMEM;
	for (int i = 0; i < 3; i++)
		table_column(t, "", 'l');
	for (size_t i = 0; i < p->res->nfindings; i++) {
		const struct finding *f = &p->res->findings[i];

		if (!has(f, CHECK_PASS))
			continue;
		table_cell(t, "%s", f->id);
		table_cell(t, "%s", f->subject);
		table_cell(t, "%s", f->observed);
	}
	fprintf(p->out, "\nPassed: %zu\n", count_status(p->res, CHECK_PASS));
	rc = table_print(t, p->out, p->width, 2);
	table_free(t);
	return rc;
}

static void say_first_line(const struct page *p)
{
	size_t fails = count_status(p->res, CHECK_FAIL), warns = count_status(p->res, CHECK_WARN);
	bool bad = fails || (p->o->strict && warns);
	char text[160];
	size_t used;

	used = (size_t)snprintf(text, sizeof text, "%s: ", bad ? "FAIL" : "PASS");
	if (!fails && !warns)
		used += (size_t)snprintf(text + used, sizeof text - used, "nothing is wrong");
	if (fails)
		used += (size_t)snprintf(text + used, sizeof text - used, "%zu failure%s%s", fails,
					 plural(fails), warns ? ", " : "");
	if (warns)
		used += (size_t)snprintf(text + used, sizeof text - used, "%zu warning%s", warns,
					 plural(warns));
	used += (size_t)snprintf(text + used, sizeof text - used, "; %zu passed, %zu skipped",
				 count_status(p->res, CHECK_PASS),
				 count_status(p->res, CHECK_SKIP));
	if (p->o->silenced)
		snprintf(text + used, sizeof text - used, ", %zu silenced by rules",
			 p->o->silenced);
	say(p, 0, text);
}

int checks_print(const struct result *res, const struct print_options *o, FILE *out)
{
	struct page p = { .res = res,
			  .o = o,
			  .out = out,
			  .width = o->look.width >= WIDTH_LEAST ? o->look.width : USUAL_WIDTH,
			  .told = calloc(res->nfindings + 1, sizeof(bool)) };
	int rc;

	if (!p.told)
		return -ENOMEM;
	say_first_line(&p);
	rc = render_findings(res, title_of, &o->look, out);
	say_skipped(&p);
	rc = rc == 0 ? say_passed(&p) : rc;
	if (count_status(res, CHECK_FAIL) || count_status(res, CHECK_WARN))
		fprintf(out,
			"\nWhy it matters, and how to see it by hand: numabench check --explain "
			"ID\n");
	free(p.told);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}

int checks_print_json(const struct result *res, FILE *out)
{
	json_t *whole = result_to_json(res);
	json_t *doc = json_pack("{s:O?}", "checks", json_object_get(whole, "checks"));
	int rc = doc ? json_dumpf(doc, out, JSON_INDENT(2)) : -1;

	json_decref(doc);
	json_decref(whole);
	if (rc < 0)
		return ferror(out) ? -EIO : -ENOMEM;
	fputc('\n', out);
	return 0;
}

/* ---- render nodes ---- */

enum { MOST_RENDER_NODES = 256 };

static const struct gpu *gpu_at(const struct machine *m, const char *pci)
{
	for (size_t i = 0; i < m->ngpus; i++)
		if (strcmp(m->gpus[i].pci, pci) == 0)
			return &m->gpus[i];
	return NULL;
}

static int render_nodes_json(const struct render_node *v, size_t n, const struct machine *m,
			     FILE *out)
{
	json_t *list = json_array(), *doc;
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		const struct gpu *g = gpu_at(m, v[i].pci);
		json_t *o = json_pack("{s:o, s:o, s:o, s:o}", "render_node",
				      json_sprintf("renderD%d", v[i].number), "pci",
				      v[i].pci[0] ? json_string(v[i].pci) : json_null(), "driver",
				      v[i].driver[0] ? json_text(v[i].driver) : json_null(), "gpu",
				      g ? json_integer(g->index) : json_null());

		bad |= json_put_known(o, "node", &v[i].node);
		bad |= json_array_append_new(list, o);
	}
	doc = json_pack("{s:o}", "render_nodes", list);
	bad |= !doc || json_dumpf(doc, out, JSON_INDENT(2)) < 0;
	json_decref(doc);
	fputc('\n', out);
	return bad ? (ferror(out) ? -EIO : -ENOMEM) : 0;
}

int render_nodes_print(const struct sysroot *r, const struct machine *m, bool json,
		       const struct render_options *o, FILE *out)
{
	static const char *const heads[] = { "render node", "PCI address", "node", "driver",
					     "GPU" };
	struct render_node v[MOST_RENDER_NODES];
	size_t n = r ? render_nodes(r, v, MOST_RENDER_NODES) : 0;
	struct table *t;
	int rc;

	n = n < MOST_RENDER_NODES ? n : MOST_RENDER_NODES;
	if (json)
		return render_nodes_json(v, n, m, out);
	if (!n) {
		fprintf(out, "There is no render node here (/dev/dri/renderD*).\n");
		return 0;
	}
	t = table_new();
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_column(t, heads[i], 'l');
	for (size_t i = 0; i < n; i++) {
		const struct gpu *g = gpu_at(m, v[i].pci);

		table_cell(t, "/dev/dri/renderD%d", v[i].number);
		table_cell(t, "%s", v[i].pci[0] ? v[i].pci : "-");
		if (v[i].node.is)
			table_cell(t, "%lld", v[i].node.value);
		else
			table_cell(t, "%s", v[i].node.why);
		table_cell(t, "%s", v[i].driver[0] ? v[i].driver : "-");
		if (g)
			table_cell(t, "GPU %d%s%s", g->index, g->name[0] ? ", " : "", g->name);
		else
			table_cell(t, "not NVIDIA's");
	}
	rc = table_print(t, out, o->width >= WIDTH_LEAST ? o->width : USUAL_WIDTH, 0);
	table_free(t);
	return rc;
}
