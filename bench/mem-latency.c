/* mem-latency - how long a core waits: for a line of each node's memory, in which pages, out of
 * which cache, while others load it, and for a line that another core has. */
#include "bench.h"
#include "kernels/latency_plan.h"
#include "kernels/latency_site.h"
#include "kernels/regime.h"

static struct own {
	struct fingerprint before; /* the first round */
} own;

static int begin(struct session *s, struct err *e)
{
	return regime_begin(s, &own.before, e);
}

static void end(struct session *s)
{
	regime_end(s, &own.before);
}

const struct bench bench = {
	.name = "mem-latency",
	.summary = "latency from every CPU node to every memory node, and between cores",
	.about = "One thread, on the first core of a CPU node, follows pointers along one random "
		 "cycle through all lines of 64 bytes of a buffer on a memory node; a load can "
		 "only begin when the one before has ended. The buffer has at least four times "
		 "the node's last-level caches, and 256 MiB (--size sets another size), on "
		 "transparent huge pages (--pages). The same in 4 KiB pages tells what the TLB "
		 "costs; in smaller buffers (--thorough), what each cache takes.\n\n"
		 "At every opening of the buffer the cycle is walked and proven whole, through "
		 "every line; a sample goes on where the last one stopped, and is not compared "
		 "again.\n\n"
		 "Loaded latency is taken while the node's other cores read its memory, with "
		 "pauses that let them reach from none to all of what they can; what they did "
		 "reach is told beside it. Core to core is the time to pass a cache line from one "
		 "core to another: half of a round trip between two threads that take turns to "
		 "write to it.",
	.own = &own,
	.plan = latency_plan,
	.begin = begin,
	.open = latency_open,
	.sample = latency_sample,
	.prove = latency_prove,
	.close = latency_close,
	.stop = latency_stop,
	.end = end,
	.list = latency_list,
};
