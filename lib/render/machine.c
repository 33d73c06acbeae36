/* machine.c - the machine for a person: node by node, with what hangs on it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "render/machine_notes.h"
#include "render/render.h"
#include "render/table.h"
#include "util/units.h"
#include "util/wrap.h"

enum { LIST_ROOM = 4096, INDENT = 2 };

struct page {
	const struct machine *m;
	FILE *out;
	int width;
	bool colour;
};

/* A list of numbers; a long one gets blanks, where it may be wrapped. */
static const char *list(const struct idset *s, char buf[LIST_ROOM])
{
	char plain[LIST_ROOM];
	size_t used = 0;

	idset_format(s, plain, sizeof(plain));
	for (const char *p = plain; *p && used + 3 < LIST_ROOM; p++) {
		buf[used++] = *p;
		if (*p == ',' && strlen(plain) > 48)
			buf[used++] = ' ';
	}
	buf[used] = '\0';
	return buf;
}

/* ---- the first line ---- */

static void print_title(const struct page *p)
{
	const struct machine *m = p->m;
	const json_t *identity = json_object_get(m->host, "identity");
	const char *cpu = json_string_value(json_object_get(identity, "cpu"));
	size_t cores = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		cores += m->nodes[i].ncores;
	if (m->simulated)
		fprintf(p->out, "SIMULATED: this machine's GPUs are the test simulator's.\n");
	if (cpu)
		wrap_print(p->out, cpu, p->width, 0, 0);
	fprintf(p->out, "%zu node%s, %zu core%s (%zu CPU%s), ", m->nnodes, plural(m->nnodes), cores,
		plural(cores), idset_count(&m->allowed_cpus),
		plural(idset_count(&m->allowed_cpus)));
	if (m->ngpus)
		fprintf(p->out, "%zu NVIDIA GPU%s\n", m->ngpus, plural(m->ngpus));
	else
		fprintf(p->out, "no NVIDIA GPU\n");
}

/* ---- one node ---- */

static const char *const kind_words[] = {
	[NODE_ORDINARY] = "",
	[NODE_CPULESS] = ", memory only (no CPUs)",
	[NODE_MEMORYLESS] = ", CPUs only (no memory)",
};

/* "L3 32 MiB, 12 x L2 1 MiB, .." from the last level down. */
static void caches_text(const struct node *n, char *buf, size_t size)
{
	size_t used = 0;
	char bytes[32];

	buf[0] = '\0';
	for (int level = 5; level >= 1; level--)
		for (size_t i = 0; i < n->ncaches; i++) {
			size_t alike = 0;
			bool first = true;

			for (size_t j = 0; j < n->ncaches; j++) {
				if (n->caches[j].level != level || n->caches[i].level != level ||
				    n->caches[j].bytes != n->caches[i].bytes)
					continue;
				first &= j >= i;
				alike++;
			}
			if (!alike || !first || used + 64 > size)
				continue;
			format_size(bytes, sizeof(bytes), n->caches[i].bytes);
			used += (size_t)snprintf(buf + used, size - used, "%s", used ? ", " : "");
			if (alike > 1)
				used += (size_t)snprintf(buf + used, size - used, "%zu x ", alike);
			used += (size_t)snprintf(buf + used, size - used, "L%d %s", level, bytes);
		}
}

static void memory_text(const struct node *n, char *buf, size_t size)
{
	char all[32], free_bytes[32];

	if (!n->memory_bytes.is) {
		snprintf(buf, size, "unknown: %s", n->memory_bytes.why);
		return;
	}
	format_size(all, sizeof(all), (uint64_t)n->memory_bytes.value);
	if (n->free_bytes.is)
		snprintf(buf, size, "%s, %s free%s", all,
			 format_size(free_bytes, sizeof(free_bytes), (uint64_t)n->free_bytes.value),
			 n->allowed ? "" : "; not allowed for this process");
	else
		snprintf(buf, size, "%s%s", all,
			 n->allowed ? "" : "; not allowed for this process");
}

static int print_facts(const struct page *p, const struct node *n)
{
	char cpus[LIST_ROOM], text[512];
	struct table *t = table_new();
	int rc;

	if (!t)
		return -ENOMEM;
	table_column(t, "", 'l');
	table_column(t, "", 'l');
	if (n->kind != NODE_CPULESS) {
		struct idset not_allowed = idset_minus(&n->cpus, &n->allowed_cpus);

		table_cell(t, "cores");
		if (n->ncores)
			table_cell(t, "%zu: CPUs %s%s", n->ncores, list(&n->allowed_cpus, cpus),
				   idset_empty(&not_allowed) ? "" : " (others are not allowed)");
		else
			table_cell(t, "none that this process may use");
	}
	if (n->kind != NODE_MEMORYLESS) {
		memory_text(n, text, sizeof(text));
		table_cell(t, "memory");
		table_cell(t, "%s", text);
	}
	caches_text(n, text, sizeof(text));
	if (text[0]) {
		table_cell(t, "caches");
		table_cell(t, "%s", text);
	}
	rc = table_print(t, p->out, p->width, INDENT);
	table_free(t);
	return rc;
}

/* ---- what hangs on a node ---- */

static bool is_on(const struct machine *m, const struct gpu *g, const struct node *n)
{
	struct known k = gpu_declared_node(m, g);

	return n ? k.is && k.value == n->id : !k.is;
}

/* What the link can do. Its speed now says nothing: an idle one reports Gen1. But
 * a link that is narrower than it could be stays so. */
static void link_text(const struct gpu *g, char *buf, size_t size)
{
	buf[0] = '\0';
	if (!g->max_gen.is || !g->max_width.is)
		return;
	if (g->link_width.is && g->link_width.value != g->max_width.value)
		snprintf(buf, size, "Gen%lld x%lld, now x%lld", g->max_gen.value,
			 g->max_width.value, g->link_width.value);
	else
		snprintf(buf, size, "Gen%lld x%lld", g->max_gen.value, g->max_width.value);
}

/* The cores that feed a GPU: its share of those of its node, or of the node that
 * drives a node without CPUs. */
static struct idset share_of(const struct machine *m, const struct gpu *g, const struct node *n)
{
	const struct node *driver = n ? machine_driver(m, n->id) : NULL;
	size_t rank = 0, users = 0;
	bool shared;

	for (size_t i = 0; i < m->ngpus && driver; i++) {
		struct known k = gpu_declared_node(m, &m->gpus[i]);

		if (!k.is || machine_driver(m, (int)k.value) != driver)
			continue;
		rank += m->gpus[i].index < g->index;
		users++;
	}
	return driver ? machine_share_cores(driver, rank, users, &shared) : (struct idset){ 0 };
}

static void add_gpu(const struct page *p, struct table *t, const struct gpu *g,
		    const struct node *n)
{
	char link[64], cpus[LIST_ROOM];
	struct idset share = share_of(p->m, g, n);

	link_text(g, link, sizeof(link));
	table_cell(t, "GPU %d", g->index);
	table_cell(t, "%s", g->name[0] ? g->name : "(name unknown)");
	table_cell(t, "%s", g->pci);
	table_cell(t, "%s", g->render_node);
	table_cell(t, "%s", link);
	table_cell(t, "%s", idset_empty(&share) ? "" : list(&share, cpus));
	if (g->state == GPU_LOST)
		table_paint(t, p->colour ? "31" : NULL);
}

/* GPUs, NICs and drives of a node; n NULL: those whose node nobody declares. */
static int print_devices(const struct page *p, const struct node *n)
{
	static const char *const heads[] = { "", "", "PCI", "render", "link", "CPUs for it" };
	const struct machine *m = p->m;
	struct table *t = table_new();
	bool gpus = false, any = false;
	int rc = 0;

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < m->ngpus; i++)
		gpus |= is_on(m, &m->gpus[i], n);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		table_column(t, gpus ? heads[i] : "", 'l');
	for (size_t i = 0; i < m->ngpus; i++)
		if (is_on(m, &m->gpus[i], n))
			add_gpu(p, t, &m->gpus[i], n);
	for (size_t i = 0; i < m->ndevices; i++) {
		const struct device *d = &m->devices[i];
		struct known at = d->node.is || m->nnodes > 1 ? d->node : KNOWN(m->nodes[0].id);
		bool here = at.is && machine_node(m, (int)at.value);

		if (n ? !here || at.value != n->id : here)
			continue;
		table_cell(t, "%s", device_kind_name(d->kind));
		table_cell(t, "%s", d->name);
		table_cell(t, "%s", d->pci);
		for (int column = 3; column < 6; column++)
			table_cell(t, "%s", "");
		any = true;
	}
	if ((gpus || any) && !n)
		fprintf(p->out, "\nOn no declared node\n");
	if (gpus || any)
		rc = table_print(t, p->out, p->width, INDENT);
	table_free(t);
	return rc;
}

static int print_node(const struct page *p, const struct node *n)
{
	char package[48] = "";
	int rc;

	if (n->package.is)
		snprintf(package, sizeof(package), ", package %lld", n->package.value);
	fprintf(p->out, "\n%sNode %d%s%s%s\n", p->colour ? "\033[1m" : "", n->id,
		p->colour ? "\033[0m" : "", package, kind_words[n->kind]);
	rc = print_facts(p, n);
	return rc < 0 ? rc : print_devices(p, n);
}

/* ---- matrices ---- */

/* Prints a square of words, in as many pieces as the width needs. */
static int print_square(const struct page *p, const char *title, size_t n,
			int (*number)(const struct machine *m, size_t i),
			const char *(*word)(const struct machine *m, size_t i, size_t j, char *buf))
{
	size_t widest = 3, each, from = 0;
	char buf[24];
	int rc = 0;

	for (size_t i = 0; i < n * n; i++) {
		size_t length = strlen(word(p->m, i / n, i % n, buf));

		widest = length > widest ? length : widest;
	}
	each = (size_t)(p->width > 30 ? p->width - INDENT - 6 : 24) / (widest + 2);
	fprintf(p->out, "\n%s\n", title);
	for (; rc == 0 && from < n; from += each) {
		struct table *t = table_new();
		size_t to = from + each < n ? from + each : n;

		if (!t)
			return -ENOMEM;
		table_column(t, "", 'r');
		for (size_t j = from; j < to; j++) {
			snprintf(buf, sizeof(buf), "%d", number(p->m, j));
			table_column(t, buf, 'r');
		}
		for (size_t i = 0; i < n; i++) {
			table_cell(t, "%d", number(p->m, i));
			for (size_t j = from; j < to; j++)
				table_cell(t, "%s", word(p->m, i, j, buf));
		}
		rc = table_print(t, p->out, p->width, INDENT);
		table_free(t);
	}
	return rc;
}

static int node_number(const struct machine *m, size_t i)
{
	return m->nodes[i].id;
}

static const char *distance_word(const struct machine *m, size_t i, size_t j, char *buf)
{
	snprintf(buf, 24, "%d", m->distances[i * m->nnodes + j]);
	return buf;
}

static int gpu_number(const struct machine *m, size_t i)
{
	return m->gpus[i].index;
}

static const char *path_word(const struct machine *m, size_t i, size_t j, char *buf)
{
	const char *word = m->gpu_paths[i * m->ngpus + j];

	snprintf(buf, 24, "%s", word[0] ? word : "?");
	return buf;
}

int render_machine(const struct machine *m, const struct render_options *o, FILE *out)
{
	const struct page p = {
		.m = m, .out = out, .width = o->width > 0 ? o->width : 80, .colour = o->colour
	};
	int rc = 0;

	print_title(&p);
	for (size_t i = 0; rc == 0 && i < m->nnodes; i++)
		rc = print_node(&p, &m->nodes[i]);
	if (rc == 0)
		rc = print_devices(&p, NULL);
	if (rc == 0 && m->distances && m->nnodes > 1)
		rc = print_square(&p, "Distances (row: from node, column: to node)", m->nnodes,
				  node_number, distance_word);
	if (rc == 0 && m->gpu_paths && m->ngpus > 1)
		rc = print_square(&p, "Paths between GPUs (as nvidia-smi topo -m names them)",
				  m->ngpus, gpu_number, path_word);
	if (rc == 0)
		rc = machine_notes(m, p.width, out);
	if (rc == 0 && ferror(out))
		rc = -EIO;
	return rc;
}
