/* mem-bandwidth - what each node's cores read from and write to each node's memory: all of them,
 * few of them, all nodes at once; under each memory policy, in each kind of pages, out of each
 * cache. */
#include "bench.h"
#include "kernels/regime.h"
#include "kernels/stream_plan.h"
#include "kernels/stream_site.h"

static struct own {
	const char *kernel;
	const struct stream_kernel *row; /* of that name; NULL: all operations, the best form */
	struct fingerprint before;       /* the first round */
} own;
static const struct opt own_table[] = {
	{ .kind = OPT_TEXT,
	  .name = "kernel",
	  .arg = "NAME",
	  .offset = offsetof(struct own, kernel),
	  .help = "measure by this form of an operation only, one of --list" },
	{ .kind = OPT_END },
};

static int plan(struct session *s, struct err *e)
{
	int rc = own.kernel ? stream_ask(own.kernel, &own.row, e) : 0;

	return rc < 0 ? rc : stream_plan(s, own.row, e);
}

static int begin(struct session *s, struct err *e)
{
	return regime_begin(s, &own.before, e);
}

static int sample(struct worker *w, void *buffers, struct cell *c, double *value, struct err *e)
{
	return stream_site_sample(w, own.row, buffers, c, value, e);
}

static int together(struct worker *w, struct member *members, size_t n, size_t *at, struct err *e)
{
	return stream_site_together(w, own.row, members, n, at, e);
}

static void end(struct session *s)
{
	regime_end(s, &own.before);
}

const struct bench bench = {
	.name = "mem-bandwidth",
	.summary = "memory bandwidth of every CPU node on every memory node",
	.about = "Read, fill, copy, scale, add, triad and update over arrays of doubles, one "
		 "thread on each physical core of a CPU node, the arrays on a memory node.\n\n"
		 "Bytes are counted as STREAM does: 8 an element for read and fill (a = s), 16 for "
		 "copy (a = b), scale (a = s b) and update (a = s a), 24 for add (a = b + c) and "
		 "triad (a = b + s c). An array has four times the node's last-level caches, and "
		 "256 MiB, or --size, which may mark the record as undersized. An operation's "
		 "figure is that of its fastest form, found by trial and named in the record. No "
		 "contents are zero; sums are always compared, what an operation writes once an "
		 "opening of the buffers, in full.\n\n"
		 "More than --quick adds: the same with 1, 2, 4 .. threads, spread over the node's "
		 "caches; all CPU nodes at the same time, each on its own memory and all on one "
		 "node's; and, with two memory nodes or more, each CPU node under the policies "
		 "default (first touch), bind, preferred, interleave and weighted interleave. "
		 "--thorough adds 4 KiB and hugetlb pages, and working sets from the first-level "
		 "cache on.",
	.options = own_table,
	.own = &own,
	.plan = plan,
	.begin = begin,
	.open = stream_site_open,
	.sample = sample,
	.together = together,
	.prove = stream_site_prove,
	.close = stream_site_close,
	.stop = stream_site_stop,
	.end = end,
	.list = stream_list,
};
