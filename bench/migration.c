/* migration - what it costs when a process moves, and what it brings when its pages follow. */
#include "bench.h"
#include "kernels/migration_part.h"

static struct migration_options own;
static const struct opt own_table[] = {
	{ .kind = OPT_FLAG,
	  .name = "allow-sysctl",
	  .offset = offsetof(struct migration_options, allow_sysctl),
	  .help = "switch kernel.numa_balancing on where it is off, for as long as it is measured; "
		  "it is restored, even after kill -9" },
	{ .kind = OPT_TEXT,
	  .name = "only",
	  .arg = "PART,..",
	  .word = migration_word,
	  .offset = offsetof(struct migration_options, only),
	  .help = "only these parts: threads, pages, balancing, feed" },
	{ .kind = OPT_END },
};

static int plan(struct session *s, struct err *e)
{
	return migration_plan(s, &own, e);
}

static int begin(struct session *s, struct err *e)
{
	return migration_begin(s, &own, e);
}

static void end(struct session *s)
{
	migration_end(s, &own);
}

const struct bench bench = {
	.name = "migration",
	.summary = "what it costs when a process moves, and when moving its pages pays",
	.about =
		"Schedulers move processes; so do changes of a cgroup, restarts of a container, "
		"and taskset. The threads go, the pages stay, and what is pinned for a GPU never "
		"follows.\n\n"
		"Threads that run a triad (one on each core) or a pointer chase (one) are moved to "
		"another node at a known instant, and back in the end, while their memory is bound "
		"where they were. Their rate is told in windows of 1 to 5 ms: before, in the first "
		"three after it, and settled; with the time until then (transient-time), the time "
		"that was lost meanwhile (refill-time) and what one sched_setaffinity takes "
		"(call-time). A rate is that of threads while they had their CPUs. The same from "
		"core to core of a node, over working sets that fit into each of its caches and "
		"one that fits into none, tells what cold caches cost without any distance. --size "
		"is the whole of such a working set.\n\n"
		"Then pages follow: by move_pages and migrate_pages, and by the kernel's automatic "
		"balancing, where it is switched on. Processes that feed a GPU are moved, too, and "
		"bound in each of the ways that there are.\n\n"
		"--quick takes 8 s, for one pair of nodes. Else there are all ordered pairs, moves "
		"within a node, balancing, bindings and memory policies.",
	.options = own_table,
	.own = &own,
	.takes_gpus = true,
	.quick_s = 8,
	.plan = plan,
	.begin = begin,
	.end = end,
	.open = migration_open,
	.sample = migration_sample,
	.together = migration_together,
	.prove = migration_prove,
	.last = migration_last,
	.close = migration_close,
	.stop = migration_stop,
	.list = migration_list,
};
