#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "front/front.h"

/* The shares are seconds of --quick on a server with two nodes and eight GPUs, where a process
 * takes a third of a second to start on each GPU; they only matter against each other. */
const struct test tests[] = {
	{ .name = "mem-bandwidth",
	  .per_pair = 1.7,
	  .summary = "STREAM-style kernels, every CPU node x memory node" },
	{ .name = "mem-latency",
	  .per_pair = 0.9,
	  .summary = "a pointer chase, every CPU node x memory node" },
	{ .name = "gpu-bandwidth",
	  .per_gpu = 1.7,
	  .needs_gpu = true,
	  .summary = "copies both ways, every node x GPU, and all GPUs at once" },
	{ .name = "gpu-latency",
	  .per_gpu = 0.8,
	  .needs_gpu = true,
	  .summary = "small copies, launches and loads, every node x GPU" },
	{ .name = "gpu-peer",
	  .per_peer = 0.2,
	  .needs_gpu = true,
	  .not_quick = true,
	  .summary = "copies and loads between each two GPUs" },
	{ .name = "migration",
	  .once = 2.0,
	  .per_move = 2.0,
	  .per_gpu = 0.15,
	  /* Watches of the kernel, and a hundred processes that are born on a GPU, which without it
	   * find no time, or hardly any. */
	  .thorough = 6,
	  .takes_gpus = true,
	  .quick_elsewhere = true,
	  .summary = "processes that are moved: what it costs, and when moving pages pays" },
};
const size_t ntests = sizeof tests / sizeof *tests;

const char *test_word(size_t i)
{
	return i < ntests ? tests[i].name : NULL;
}

/* See struct test, per_move. */
enum { MOVES_COUNTED = 2 };

static int find(const char *name, size_t length)
{
	for (size_t i = 0; i < ntests; i++)
		if (strlen(tests[i].name) == length && memcmp(tests[i].name, name, length) == 0)
			return (int)i;
	return -1;
}

bool test_has_work(const struct test *t, const struct machine *m, bool quick)
{
	return (!t->needs_gpu || m->ngpus > 0) &&
	       !(t->quick_elsewhere && quick && m->nnodes < 2 && m->ngpus == 0);
}

double test_weight(const struct test *t, const struct machine *m, size_t ngpus, bool thorough)
{
	struct idset cpu = machine_cpu_nodes(m), mem = machine_memory_nodes(m);
	double cpus = (double)idset_count(&cpu), mems = (double)idset_count(&mem);
	double gpus = (double)ngpus, peers = ngpus ? gpus * (gpus - 1) : 0;
	double moves = fmin(cpus * (cpus - 1), MOVES_COUNTED);

	return (thorough && t->thorough > 0 ? t->thorough : 1) *
	       (t->once + t->per_pair * cpus * mems + t->per_gpu * mems * gpus +
		t->per_peer * peers + t->per_move * moves);
}

int tests_parse(const char *list, bool quick, struct idset *rows, struct err *e)
{
	*rows = (struct idset){ 0 };
	for (size_t i = 0; !list && i < ntests; i++)
		if (!quick || !tests[i].not_quick)
			idset_add(rows, (int)i);
	for (const char *p = list; p;) {
		size_t length = strcspn(p, ",");
		int row = find(p, length);

		if (row < 0) {
			char known[200] = "";

			for (size_t i = 0, n = 0; i < ntests; i++)
				n += (size_t)snprintf(known + n, sizeof known - n, "%s%s",
						      i ? ", " : "", tests[i].name);
			return err_set(e, -EINVAL, "no test '%.*s'; there are %s", (int)length, p,
				       known);
		}
		idset_add(rows, row);
		p = p[length] ? p + length + 1 : NULL;
	}
	return 0;
}
