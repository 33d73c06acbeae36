/* walk.c - see walk.h. */
#include <errno.h>
#include <stdlib.h>

#include "render/walk.h"
#include "result/moves.h"

/* The answer first; what was measured, from the GPUs' matrices down; and last, where a terminal
 * stands when all is printed, what is wrong and what to do. */
const struct part parts[] = {
	{ "answer", "In short", text_answer, PART_ALL },
	{ "machine", "The machine", text_machine, PART_ALL },
	{ "copies", "Copies between nodes and GPUs", text_gpu_matrices, PART_REST },
	{ "axes", "Threads and memory on different nodes", text_axes, PART_REST },
	{ "together", "All GPUs at once", text_together, PART_REST },
	{ "kinds", "Kinds of memory", text_memory_kinds, PART_REST },
	{ "sizes", "Copies of all sizes", text_sizes, PART_REST },
	{ "memory", "Memory of the nodes", text_memory, PART_REST },
	{ "latency", "Latency of GPUs", text_latencies, PART_REST },
	{ "peers", "GPU to GPU", text_peers, PART_REST },
	{ "migration", "Migration", text_migration, PART_MOVES },
	{ "try", "A command, bound in four ways", text_try, PART_REST },
	{ "basis", "How the figures came about", text_basis, PART_ALL },
	{ "not-measured", "Not measured, or with care", text_not_measured, PART_ALL },
	{ "history", "Against the baseline", text_history, PART_REST },
	{ "findings", "Findings", text_findings, PART_REST },
	{ "nodes", "Which node for which GPU", text_recommendations, PART_REST },
	{ "commands", "To paste", text_commands, PART_ALL },
	{ "simulated", "", text_say_simulated, PART_ALL },
	{ .id = NULL },
};

int walk_open(struct walk *w, const struct result *res)
{
	size_t n = 0, nrest = 0;

	*w = (struct walk){ .all = *res, .rest = *res, .moves = *res };
	w->rest.nrecords = w->moves.nrecords = 0;
	w->records = calloc(res->nrecords + 1, sizeof *w->records);
	if (!w->records)
		return -ENOMEM;
	for (int moved = 0; moved < 2; moved++) {
		for (size_t i = 0; i < res->nrecords; i++)
			if (move_is(&res->records[i]) == moved)
				w->records[n++] = res->records[i];
		nrest = moved ? nrest : n;
	}
	w->rest.records = w->records;
	w->rest.nrecords = nrest;
	w->moves.records = w->records + nrest;
	w->moves.nrecords = n - nrest;
	return 0;
}

void walk_close(struct walk *w)
{
	free(w->records);
	w->records = NULL;
}

int walk_part(const struct walk *w, const struct part *p, struct text *t)
{
	const struct result *const of[] = {
		[PART_ALL] = &w->all, [PART_REST] = &w->rest, [PART_MOVES] = &w->moves
	};

	t->res = of[p->records];
	return p->say(t);
}
