/* GPUs and nodes as a person names them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "machine/machine.h"
#include "machine/parts.h"

enum { LIST_TEXT = 256 };

bool pci_normalise(char pci[16], const char *text)
{
	unsigned domain = 0, bus, device, function;
	int end = 0;
	bool ok = sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) == 4;

	if (!ok) {
		domain = 0;
		ok = sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) == 3;
	}
	if (!ok || text[end] || !isxdigit((unsigned char)text[0]) || device > 31 || function > 7 ||
	    domain > 0xfffffff)
		return false;
	snprintf(pci, 16, "%04x:%02x:%02x.%x", domain, bus, device, function);
	return true;
}

int pci_compare(const char *a, const char *b)
{
	unsigned x[4] = { 0 }, y[4] = { 0 };

	sscanf(a, "%x:%x:%x.%x", &x[0], &x[1], &x[2], &x[3]);
	sscanf(b, "%x:%x:%x.%x", &y[0], &y[1], &y[2], &y[3]);
	for (size_t i = 0; i < 4; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* "0-3", or "none", of the GPUs that may be named. */
static const char *those(const struct machine *m, bool hidden_too, char buf[LIST_TEXT])
{
	struct idset s = { 0 };

	for (size_t i = 0; i < m->ngpus; i++)
		if (hidden_too || m->gpus[i].state != GPU_HIDDEN)
			idset_add(&s, m->gpus[i].index);
	idset_format(&s, buf, LIST_TEXT);
	return idset_empty(&s) ? "none" : buf;
}

static int pick(const struct machine *m, const struct gpu *g, struct idset *gpus, struct err *e)
{
	char left[LIST_TEXT];

	if (g->state == GPU_HIDDEN)
		return err_set(e, -EINVAL, "GPU %d is hidden (%s); GPUs left: %s", g->index,
			       g->state_why, those(m, false, left));
	idset_add(gpus, g->index);
	return 0;
}

static int no_gpu(const struct machine *m, const char *item, struct err *e)
{
	char all[LIST_TEXT];

	return err_set(e, -ENODEV, "there is no GPU '%s' here; GPUs: %s", item,
		       those(m, true, all));
}

static int pick_numbers(const struct machine *m, const char *item, struct idset *gpus,
			struct err *e)
{
	struct idset ids;
	int rc = idset_parse(&ids, item, e);

	if (rc < 0)
		return err_within(e, rc, "GPU list");
	for (int id = -1; rc == 0 && (id = idset_next(&ids, id)) >= 0;) {
		const struct gpu *g = machine_gpu(m, id);
		char number[16];

		snprintf(number, sizeof(number), "%d", id);
		rc = g ? pick(m, g, gpus, e) : no_gpu(m, number, e);
	}
	return rc;
}

static int pick_uuid(const struct machine *m, const char *item, struct idset *gpus, struct err *e)
{
	const struct gpu *found = NULL;

	for (size_t i = 0; i < m->ngpus; i++) {
		if (strncasecmp(m->gpus[i].uuid, item, strlen(item)) != 0)
			continue;
		if (found)
			return err_set(
				e, -EINVAL,
				"'%s' is the beginning of several GPUs' UUIDs: GPU %d and %d", item,
				found->index, m->gpus[i].index);
		found = &m->gpus[i];
	}
	return found ? pick(m, found, gpus, e) : no_gpu(m, item, e);
}

static int pick_item(const struct machine *m, const char *item, struct idset *gpus, struct err *e)
{
	char pci[16];

	if (strncasecmp(item, "GPU-", 4) == 0)
		return pick_uuid(m, item, gpus, e);
	if (!strchr(item, ':'))
		return pick_numbers(m, item, gpus, e);
	if (!pci_normalise(pci, item))
		return err_set(e, -EINVAL, "'%s' is no PCI address; one looks like 0000:17:00.0",
			       item);
	for (size_t i = 0; i < m->ngpus; i++)
		if (strcmp(m->gpus[i].pci, pci) == 0)
			return pick(m, &m->gpus[i], gpus, e);
	return no_gpu(m, item, e);
}

int machine_parse_gpus(const struct machine *m, const char *list, struct idset *gpus, struct err *e)
{
	char *copy, *rest, *item;
	int rc = 0;

	*gpus = (struct idset){ 0 };
	if (!list || !*list) {
		for (size_t i = 0; i < m->ngpus; i++)
			if (m->gpus[i].state != GPU_HIDDEN)
				idset_add(gpus, m->gpus[i].index);
		return 0;
	}
	rest = copy = strdup(list);
	if (!copy)
		return err_set(e, -ENOMEM, "out of memory");
	while (rc == 0 && (item = strsep(&rest, ",")))
		rc = pick_item(m, item, gpus, e);
	free(copy);
	if (rc < 0)
		*gpus = (struct idset){ 0 };
	return rc;
}

int machine_parse_nodes(const struct machine *m, const char *list, struct idset *nodes,
			struct err *e)
{
	struct idset cpu = machine_cpu_nodes(m), memory = machine_memory_nodes(m), usable, wrong;
	char text[LIST_TEXT];
	int rc, first;

	usable = idset_or(&cpu, &memory);
	*nodes = usable;
	if (!list || !*list)
		return 0;
	rc = idset_parse(nodes, list, e);
	if (rc < 0)
		return err_within(e, rc, "node list");
	wrong = idset_minus(nodes, &usable);
	first = idset_next(&wrong, -1);
	if (first < 0)
		return 0;
	*nodes = (struct idset){ 0 };
	idset_format(&usable, text, sizeof(text));
	if (machine_node(m, first))
		return err_set(
			e, -ENODEV,
			"node %d may not be used by this process (cpuset); nodes that may: %s",
			first, text);
	return err_set(e, -ENODEV, "there is no node %d on this machine; nodes: %s", first, text);
}
