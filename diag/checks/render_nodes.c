/* render_nodes.c - which /dev/dri/renderD* is which GPU, on which node. */
#include <errno.h>
#include <string.h>

#include "machine/pcie.h"
#include "print.h"
#include "render/table.h"
#include "util/json.h"

enum { WIDTH_LEAST = 40, USUAL_WIDTH = 80, MOST_RENDER_NODES = 256 };

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
