/* GPU x GPU paths in nvidia-smi's words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"

static size_t parts_of(const char *chain)
{
	size_t n = chain[0] != '\0';

	for (const char *p = chain; (p = strchr(p, '/')); p++)
		n++;
	return n;
}

/* How many leading parts two chains share. */
static size_t shared_parts(const char *a, const char *b)
{
	size_t n = 0;

	while (*a && *b) {
		size_t la = strcspn(a, "/"), lb = strcspn(b, "/");

		if (la != lb || strncmp(a, b, la) != 0)
			break;
		n++;
		a += la + (a[la] == '/');
		b += lb + (b[lb] == '/');
	}
	return n;
}

/* Where the way leads over host bridges. */
static const char *across_bridges(const struct machine *m, const struct gpu *a, const struct gpu *b)
{
	struct known x = gpu_declared_node(m, a), y = gpu_declared_node(m, b);

	if (!x.is || !y.is)
		return "";
	return x.value == y.value ? "NODE" : "SYS";
}

/* nvidia-smi topo -m: PIX at most one PCIe bridge or switch, PXB several of them,
 * PHB through the host bridge, NODE between host bridges of one node, SYS between
 * nodes. A switch is two bridges in a chain: its upstream and its downstream port. */
static const char *derive(const struct machine *m, const struct gpu_entry *a,
			  const struct gpu_entry *b)
{
	size_t shared = shared_parts(a->chain, b->chain);
	size_t na = parts_of(a->chain), nb = parts_of(b->chain);

	if (!na || !nb) {
		/* Without the bridges only this is sure: other domain, other host bridge. */
		if (strtol(a->gpu.pci, NULL, 16) != strtol(b->gpu.pci, NULL, 16))
			return across_bridges(m, &a->gpu, &b->gpu);
		return strcmp(across_bridges(m, &a->gpu, &b->gpu), "SYS") == 0 ? "SYS" : "";
	}
	if (shared == 0)
		return across_bridges(m, &a->gpu, &b->gpu);
	if (shared == 1)
		return "PHB";
	/* Below the last shared bridge: the device alone, or a downstream port and it. */
	return na - shared <= 2 && nb - shared <= 2 ? "PIX" : "PXB";
}

int gpus_paths(struct machine *m, const struct gpu_list *l, const struct gpu_answers *a)
{
	size_t n = m->ngpus;

	if (n == 0)
		return 0;
	m->gpu_paths = calloc(n * n, sizeof(*m->gpu_paths));
	if (!m->gpu_paths)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			char key[40];
			const char *word;

			snprintf(key, sizeof(key), "%s %s", l->v[i].gpu.pci, l->v[j].gpu.pci);
			word = json_string_value(json_object_get(a->words, key));
			if (i == j)
				word = "X";
			if (!word)
				word = derive(m, &l->v[i], &l->v[j]);
			snprintf(m->gpu_paths[i * n + j], sizeof(m->gpu_paths[0]), "%.7s", word);
		}
	return 0;
}
