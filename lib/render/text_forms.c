/* text_forms.c - by which form of an operation its memory bandwidth was measured. See text.h. */
#include <stdio.h>
#include <string.h>

#include "render/text.h"
#include "util/idset.h"

/* Of whole arrays: what fits into caches has other forms, each size its own. */
static bool has_form(const struct record *r, size_t n, size_t i)
{
	if (!text_is_memory_rate(&r[i]) || !record_has_figure(&r[i]) ||
	    !record_has(&r[i], "kernel") || !record_has(&r[i], "cpu_node"))
		return false;
	for (size_t k = 0; k < n; k++)
		if (text_is_memory_rate(&r[k]) && strcmp(r[k].metric, r[i].metric) == 0 &&
		    r[k].cpu_node == r[i].cpu_node && r[k].bytes > r[i].bytes)
			return false;
	return true;
}

/* The nodes whose CPUs use the form of r[i]; *several: others of them use another. Empty where an
 * earlier record told of it. */
static struct idset users(const struct record *r, size_t n, size_t i, bool *several)
{
	struct idset nodes = { 0 };

	*several = false;
	for (size_t k = 0; k < n; k++) {
		if (strcmp(r[k].metric, r[i].metric) != 0 || !has_form(r, n, k))
			continue;
		if (strcmp(r[k].kernel, r[i].kernel) != 0)
			*several = true;
		else if (k < i)
			return (struct idset){ 0 };
		else
			idset_add(&nodes, r[k].cpu_node);
	}
	return nodes;
}

void text_forms(struct text *t, const char *by, const struct record *r, size_t n)
{
	char list[1200] = "", nodes[128];

	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(list);
		struct idset of;
		bool several;

		if (!has_form(r, n, i))
			continue;
		of = users(r, n, i, &several);
		if (idset_empty(&of))
			continue;
		idset_format(&of, nodes, sizeof nodes);
		snprintf(list + used, sizeof list - used, "%s%s%s%s%s", used ? ", " : "",
			 r[i].kernel, several ? " (CPUs of node " : "", several ? nodes : "",
			 several ? ")" : "");
	}
	if (list[0])
		text_say(t, 2, "%s: %s", by, list);
}
