#include "result/field.h"

#include <string.h>

#include "result/value.h"
#include "result/words.h"

static const char *const better_words[] = {
	[BETTER_HIGHER] = "higher", [BETTER_LOWER] = "lower", NULL
};
const char *const direction_words[] = {
	[DIR_H2D] = "h2d", [DIR_D2H] = "d2h", [DIR_BIDIRECTIONAL] = "bidirectional", NULL
};
const char *const memory_words[] = { [MEM_PINNED] = "pinned",
				     [MEM_REGISTERED] = "registered",
				     [MEM_PAGEABLE] = "pageable",
				     [MEM_WRITE_COMBINED] = "write-combined",
				     [MEM_MANAGED] = "managed",
				     [MEM_MAPPED] = "mapped",
				     NULL };
const char *const page_kind_words[] = {
	[PAGES_4K] = "4k", [PAGES_THP] = "thp", [PAGES_HUGETLB] = "hugetlb", NULL
};
const char *const together_words[] = { [TOGETHER_BOTH_WAYS] = "both-ways",
				       [TOGETHER_OWN_NODES] = "own-nodes",
				       [TOGETHER_ONE_NODE] = "one-node",
				       [TOGETHER_CROSSED] = "crossed",
				       NULL };
const char *const policy_words[] = { [MEMPOLICY_DEFAULT] = "default",
				     [MEMPOLICY_BIND] = "bind",
				     [MEMPOLICY_PREFERRED] = "preferred",
				     [MEMPOLICY_INTERLEAVE] = "interleave",
				     [MEMPOLICY_WEIGHTED] = "weighted-interleave",
				     NULL };
const char *const phase_words[] = {
	[PHASE_BEFORE] = "before",     [PHASE_AFTER] = "after",       [PHASE_SETTLED] = "settled",
	[PHASE_FOLLOWED] = "followed", [PHASE_RETURNED] = "returned", NULL
};
const char *const bound_words[] = { [BOUND_NOT] = "unbound",
				    [BOUND_CPU] = "cpu",
				    [BOUND_MEMORY] = "memory",
				    [BOUND_BOTH] = "both",
				    NULL };
const char *const mover_words[] = { [MOVER_MOVE_PAGES] = "move-pages",
				    [MOVER_MIGRATE_PAGES] = "migrate-pages",
				    [MOVER_BALANCING] = "balancing",
				    NULL };
const char *const page_lock_words[] = {
	[LOCK_MLOCK] = "mlock", [LOCK_IO_URING] = "io-uring", [LOCK_REGISTERED] = "registered", NULL
};
static const char *const status_words[] = { [STATUS_OK] = "ok",
					    [STATUS_SKIPPED] = "skipped",
					    [STATUS_MISPLACED] = "misplaced",
					    [STATUS_UNPROVEN] = "unproven",
					    [STATUS_UNSTABLE] = "unstable",
					    [STATUS_FAILED] = "failed",
					    [STATUS_TIMEOUT] = "timeout",
					    [STATUS_CRASHED] = "crashed",
					    [STATUS_CORRUPT] = "corrupt",
					    NULL };

#define MEMBER(m)                                                                                  \
	.key = #m, .offset = offsetof(struct record, m), .size = sizeof(((struct record *)0)->m)

/* The order is that of the JSON. The last row must stay the last: what could not
 * be written is told in it (record_json.c). */
const struct field fields[] = {
	{ MEMBER(test), .type = FIELD_TEXT, .identifies = true,
	  .help = "The test that measured it, by the name of its executable." },
	{ MEMBER(metric), .type = FIELD_TEXT, .identifies = true,
	  .help = "What was measured: bandwidth, a latency by its name, or the name of a memory "
		  "kernel." },
	{ MEMBER(unit), .type = FIELD_TEXT,
	  .help = "Unit of samples, median, low, high and best: B/s (bytes per second), s, or 1 "
		  "for a command's own figure." },
	{ MEMBER(better), .type = FIELD_WORD, .words = better_words,
	  .help = "Whether a higher or a lower figure is the better one." },
	{ MEMBER(cpu_node), .type = FIELD_INT, .identifies = true,
	  .help = "NUMA node whose cores ran the measuring threads." },
	{ MEMBER(mem_node), .type = FIELD_INT, .identifies = true,
	  .help = "NUMA node that was to hold the host buffers' pages." },
	{ MEMBER(gpu), .type = FIELD_INT, .identifies = true,
	  .help = "Number of the GPU, as nvidia-smi counts (PCI order)." },
	{ MEMBER(direction), .type = FIELD_WORD, .words = direction_words, .identifies = true,
	  .help = "Direction of a copy: h2d is host to device, d2h is device to host." },
	{ MEMBER(memory), .type = FIELD_WORD, .words = memory_words, .identifies = true,
	  .help = "Kind of host memory that a GPU copied to or from." },
	{ MEMBER(together), .type = FIELD_WORD, .words = together_words, .identifies = true,
	  .help = "Measured at one and the same time as others: both directions, or all GPUs each "
		  "from its own node, all from one node, or each from another than its own; "
		  "without a "
		  "GPU, all CPU nodes on their own memory, or all on that of one node." },
	{ MEMBER(gpus), .type = FIELD_INTEGERS, .identifies = true, .unit = "1",
	  .help = "Numbers of the GPUs whose figures are summed up here." },
	{ MEMBER(peer), .type = FIELD_INT, .identifies = true,
	  .help = "Number of the other GPU of a pair; d2h is from gpu to peer, h2d from peer to "
		  "gpu." },
	{ MEMBER(peer_access), .type = FIELD_BOOL, .identifies = true,
	  .help = "Whether the GPU was let reach its peer's memory by itself." },
	{ MEMBER(path), .type = FIELD_TEXT,
	  .help = "Declared path between gpu and peer: NV#, PIX, PXB, PHB, NODE or SYS." },
	{ MEMBER(pages_asked), .type = FIELD_WORD, .words = page_kind_words, .identifies = true,
	  .help = "Kind of pages that was asked for, where it is not the usual one." },
	{ MEMBER(pages), .type = FIELD_WORD, .words = page_kind_words,
	  .help = "Kind of pages that the buffers had in the end, whatever was asked for." },
	{ MEMBER(bytes), .type = FIELD_U64, .identifies = true, .unit = "B",
	  .help = "Size of one array or of one copy." },
	{ MEMBER(threads), .type = FIELD_INT, .unit = "1", .identifies = true,
	  .help = "Number of measuring threads, one for each physical core unless limited." },
	{ MEMBER(policy), .type = FIELD_WORD, .words = policy_words, .identifies = true,
	  .help = "Memory policy of the buffers, where policies are compared; else they are "
		  "bound." },
	{ MEMBER(cpu_pair), .type = FIELD_INTEGERS, .identifies = true,
	  .help = "The two CPUs that pass a cache line to each other, or from and to which a "
		  "thread was moved." },
	{ MEMBER(to_node), .type = FIELD_INT, .identifies = true,
	  .help = "NUMA node that threads or pages were moved to; cpu_node and mem_node say "
		  "where they were before." },
	{ MEMBER(phase), .type = FIELD_WORD, .words = phase_words, .identifies = true,
	  .help = "Of a process that is moved: before it, the first windows after it, "
		  "settled, when its pages have followed, or returned to where it was." },
	{ MEMBER(binding), .type = FIELD_WORD, .words = bound_words, .identifies = true,
	  .help = "What the process was bound to, where bindings are compared." },
	{ MEMBER(competing), .type = FIELD_BOOL, .identifies = true,
	  .help = "Whether other processes loaded the other cores meanwhile." },
	{ MEMBER(mover), .type = FIELD_WORD, .words = mover_words, .identifies = true,
	  .help = "What moved the pages: a system call, or the kernel's automatic balancing; "
		  "absent where threads alone were moved." },
	{ MEMBER(locked), .type = FIELD_WORD, .words = page_lock_words, .identifies = true,
	  .help = "How the pages were held while they were to be moved." },
	{ MEMBER(moved), .type = FIELD_NUMBER, .unit = "1",
	  .help = "Share of the pages that were found on to_node afterwards, each asked for." },
	{ MEMBER(pays_after), .type = FIELD_NUMBER, .unit = "s",
	  .help = "How long a process must run on until it has paid to move its pages after "
		  "it, against leaving them; absent where it never pays." },
	{ MEMBER(pays_bytes), .type = FIELD_NUMBER, .unit = "B",
	  .help = "Likewise: how many bytes of its memory it must have gone through by then." },
	{ MEMBER(load_step), .type = FIELD_INT, .identifies = true, .unit = "1",
	  .help = "How hard the other cores load the memory meanwhile: 0 not at all, then ever "
		  "harder." },
	{ MEMBER(injected), .type = FIELD_NUMBER, .unit = "B/s",
	  .help = "What those other cores moved meanwhile, as STREAM counts: median." },
	{ MEMBER(bus_factor), .type = FIELD_NUMBER, .unit = "1",
	  .help = "Bytes estimated on the memory bus for each byte counted: above 1 where a line "
		  "is read before it is written." },
	{ MEMBER(kernel), .type = FIELD_TEXT,
	  .help = "The inner loop that ran, such as triad-avx512-nt." },
	{ MEMBER(samples), .type = FIELD_SERIES,
	  .help = "Every figure taken, in the order taken; nothing is left out." },
	{ MEMBER(at), .type = FIELD_SERIES, .unit = "s",
	  .help = "For each sample: when it was taken, since the test began." },
	{ MEMBER(round), .type = FIELD_INTEGERS, .unit = "1",
	  .help = "For each sample: its round; samples of one round may be compared in pairs." },
	{ MEMBER(fresh), .type = FIELD_INTEGERS, .unit = "1",
	  .help = "For each sample: which allocation of the buffers it used, counted from 0." },
	{ MEMBER(median), .type = FIELD_NUMBER, .help = "Median of the samples." },
	{ MEMBER(low), .type = FIELD_NUMBER,
	  .help = "Lower end of the median's 95 % interval; absent below six samples." },
	{ MEMBER(high), .type = FIELD_NUMBER,
	  .help = "Upper end of the median's 95 % interval; absent below six samples." },
	{ MEMBER(best), .type = FIELD_NUMBER, .help = "The best of the samples." },
	{ MEMBER(spread), .type = FIELD_NUMBER, .unit = "1",
	  .help = "1.4826 times the median absolute deviation, over the median." },
	{ MEMBER(ceiling_negotiated), .type = FIELD_NUMBER, .unit = "B/s",
	  .help = "What the PCIe link could carry as it was negotiated under load (payload)." },
	{ MEMBER(ceiling_capable), .type = FIELD_NUMBER, .unit = "B/s",
	  .help = "What it could carry at the smaller ability of its two ends, or of a slower link "
		  "above a switch (payload); of memory without a GPU, what all channels of the "
		  "node could." },
	{ MEMBER(ceiling_why), .type = FIELD_TEXT,
	  .help = "Why there is no such reference, or what it rests on." },
	{ MEMBER(of_alone), .type = FIELD_NUMBER, .unit = "1",
	  .help = "Of cells measured together: the median over that of the same cells alone." },
	{ MEMBER(fit_start), .type = FIELD_NUMBER, .unit = "s",
	  .help = "Of the largest size of a series: start-up time fitted over all of its sizes." },
	{ MEMBER(fit_rate), .type = FIELD_NUMBER, .unit = "B/s",
	  .help = "Likewise: the rate that ever larger sizes come to." },
	{ MEMBER(fit_half), .type = FIELD_NUMBER, .unit = "B",
	  .help = "Likewise: the size at which half that rate is reached." },
	{ MEMBER(placement), .type = FIELD_PLACEMENT,
	  .help = "Where pages and threads were found, and what proves it." },
	{ MEMBER(verified), .type = FIELD_BOOL,
	  .help = "Whether the data were found right. Copies are compared after every sample, in "
		  "full at the first one of an opening of the buffers, sums always, arrays in full "
		  "once an opening of the buffers; a chase is "
		  "proven whole at every opening." },
	{ MEMBER(undersized), .type = FIELD_BOOL,
	  .help = "Whether the working set is under four times the caches: shown, never judged." },
	{ MEMBER(status), .type = FIELD_WORD, .words = status_words,
	  .help = "What came of it; only ok is a result." },
	{ MEMBER(reason), .type = FIELD_TEXT,
	  .help = "Why the status is not ok, or why a figure is null, in one line." },
};

#undef MEMBER

const size_t nfields = sizeof fields / sizeof *fields;
_Static_assert(sizeof fields / sizeof *fields <= 64, "record.has holds one bit a row");

int field_index(const char *key)
{
	/* Reports ask this millions of times: two letters rule most rows out. */
	for (size_t i = 0; i < nfields; i++)
		if (fields[i].key[0] == key[0] && fields[i].key[1] == key[1] &&
		    strcmp(fields[i].key, key) == 0)
			return (int)i;
	return -1;
}

json_t *field_get(const struct field *f, const struct record *r)
{
	return r->has >> (f - fields) & 1 ? value_to_json(f, r) : NULL;
}

const char *status_name(enum status s)
{
	return status_words[s];
}

const char *direction_name(enum direction d)
{
	return direction_words[d];
}

const char *memory_kind_name(enum memory_kind m)
{
	return memory_words[m];
}

const char *page_kind_name(enum page_kind p)
{
	return page_kind_words[p];
}

const char *together_name(enum together t)
{
	return together_words[t];
}

const char *policy_name(enum mempolicy p)
{
	return policy_words[p];
}

const char *phase_name(enum phase p)
{
	return phase_words[p];
}

const char *bound_name(enum bound b)
{
	return bound_words[b];
}

const char *mover_name(enum mover m)
{
	return mover_words[m];
}

const char *page_lock_name(enum page_lock l)
{
	return page_lock_words[l];
}
