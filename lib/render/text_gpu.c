/* text_gpu.c - what the report says of GPUs. See text.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/recommend.h"
#include "util/quote.h"

/* What is measured most often, of one GPU at a time; the rarer kinds have tables of their own. */
static bool is_main_rate(const struct record *r)
{
	return record_has(r, "gpu") && strcmp(r->unit, "B/s") == 0 && record_has(r, "memory") &&
	       (r->memory == MEM_PINNED || r->memory == MEM_PAGEABLE) && !record_has(r, "peer") &&
	       !record_has(r, "pages_asked") &&
	       (!record_has(r, "together") || r->together == TOGETHER_BOTH_WAYS);
}

int text_gpu_matrices(struct text *t)
{
	return matrices_print(t, is_main_rate);
}

/* "Bind GPU 0-3 to node 0, GPU 4-7 to node 1": those for which it matters, where the nodes are
 * few. */
static void add_bindings(const struct result *res, struct sentence *s)
{
	enum { NODES_LISTED = 8 };
	struct idset nodes = { 0 };
	bool first = true;

	for (size_t i = 0; i < res->nrecommendations; i++)
		if (res->recommendations[i].has_node &&
		    res->recommendations[i].matters == MATTERS_YES)
			idset_add(&nodes, res->recommendations[i].node);
	if (idset_empty(&nodes) || idset_count(&nodes) > NODES_LISTED)
		return;
	for (int node = idset_next(&nodes, -1); node >= 0; node = idset_next(&nodes, node)) {
		struct idset gpus = { 0 };
		char list[128];

		for (size_t i = 0; i < res->nrecommendations; i++) {
			const struct recommendation *r = &res->recommendations[i];

			if (r->has_node && r->matters == MATTERS_YES && r->node == node)
				idset_add(&gpus, r->gpu);
		}
		idset_format(&gpus, list, sizeof list);
		sentence_add(s, "%s GPU %s to node %d", first ? "Bind" : ",", list, node);
		first = false;
	}
}

/* The short answer: for how many GPUs binding matters, and by how much at most. */
void text_binding(struct text *t)
{
	static const struct {
		enum matters matters;
		const char *text;
	} rows[] = {
		{ MATTERS_YES, "binding matters for" },
		{ MATTERS_NO, "binding makes no measurable difference for" },
		{ MATTERS_UNDECIDED, "it is undecided whether binding matters for" },
	};
	const struct result *res = t->res;
	struct sentence s = { .used = 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = 0;
		double most = 0, least = 0;

		for (size_t j = 0; j < res->nrecommendations; j++) {
			const struct recommendation *r = &res->recommendations[j];

			n += r->matters == rows[i].matters;
			/* The largest that is certain, not the noisiest. */
			if (r->matters == rows[i].matters && r->low > least) {
				least = r->low;
				most = r->advantage;
			}
		}
		if (!n)
			continue;
		sentence_add(&s, "%s%s %zu of %zu %s", s.used ? "; " : "", rows[i].text, n,
			     res->nrecommendations, res->nrecommendations == 1 ? "GPU" : "GPUs");
		if (rows[i].matters == MATTERS_YES && most > 0)
			sentence_add(&s, ", by up to %.2fx", most);
	}
	if (!s.used)
		return;
	s.text[0] = (char)toupper((unsigned char)s.text[0]);
	text_say(t, 0, "%s.", s.text);
	s = (struct sentence){ .used = 0 };
	add_bindings(res, &s);
	if (s.used)
		text_say(t, 0, "%s.", s.text);
}

int text_commands(struct text *t)
{
	const struct result *res = t->res;
	bool any = false;

	for (size_t i = 0; i < res->nrecommendations; i++) {
		const struct recommendation *r = &res->recommendations[i];
		char line[COMMAND_TEXT], numactl[COMMAND_TEXT - 16], remark[24], source[4096];

		if (!r->has_node)
			continue;
		if (!any) {
			text_heading(t, "to paste");
			text_say(t, 2, "%s", NUMACTL_REMARK);
			snprintf(line, sizeof line, "numabench bind --gpu %d --from %s -- COMMAND",
				 r->gpu,
				 t->o->source ? shell_quote(source, sizeof source, t->o->source)
					      : "RESULT");
			text_command(t, line, "any GPU");
		}
		any = true;
		snprintf(line, sizeof line, "%s COMMAND",
			 recommendation_numactl(r, numactl, sizeof numactl));
		snprintf(remark, sizeof remark, "GPU %d", r->gpu);
		text_command(t, line, remark);
	}
	return 0;
}
