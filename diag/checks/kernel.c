/* kernel.c - the kernel's settings that move or merge memory. */
#include <stdio.h>
#include <string.h>

#include "families.h"

/* ---- balancing ---- */

static void look_balancing(struct checking *c)
{
	struct known k = sysroot_number(c->l->root, "proc/sys/kernel/numa_balancing");

	if (!k.is)
		found(c, CHECK_SKIP, "numa_balancing", "%s", k.why);
	else if (!k.value)
		found(c, CHECK_PASS, "numa_balancing", "0, off");
	else if (judged_gpus(c->l) && c->l->m->nnodes > 1)
		found(c, CHECK_WARN, "numa_balancing", "%lld", k.value);
	else
		found(c, CHECK_PASS, "numa_balancing", "%lld, on; %s", k.value,
		      c->l->m->nnodes > 1 ? "no GPU is fed here" : "with one node it does nothing");
}

/* ---- reclaim and swapping ---- */

static void look_zone_reclaim(struct checking *c)
{
	struct known k = sysroot_number(c->l->root, "proc/sys/vm/zone_reclaim_mode");

	if (!k.is)
		found(c, CHECK_SKIP, "zone_reclaim_mode", "%s", k.why);
	else
		found(c, k.value ? CHECK_WARN : CHECK_PASS, "zone_reclaim_mode", "%lld", k.value);
}

/* The kernel's default is 60, where it swaps programs out to keep files in memory. */
enum { SWAPPINESS_LOW = 10 };

static void look_swappiness(struct checking *c)
{
	struct known k = sysroot_number(c->l->root, "proc/sys/vm/swappiness");
	char text[4096];
	bool swap =
		sysroot_text(c->l->root, text, sizeof text, "proc/swaps") > 0 && strchr(text, '\n');

	value(c, "swappiness", "%lld", k.is ? k.value : 0);
	if (!k.is)
		found(c, CHECK_SKIP, "swappiness", "%s", k.why);
	else if (!swap)
		found(c, CHECK_PASS, "swappiness", "%lld, and there is no swap", k.value);
	else
		found(c, k.value > SWAPPINESS_LOW ? CHECK_WARN : CHECK_PASS, "swappiness",
		      "%lld, with swap on", k.value);
}

/* ---- transparent huge pages ---- */

static bool with_pages(const struct record *r, enum page_kind pages)
{
	return record_has(r, "pages_asked") && r->pages_asked == pages && record_has_figure(r) &&
	       record_has(r, "median") && r->median > 0;
}

/* How much better a cell was with transparent huge pages than with small ones, where the result
 * has one measured with both: the first such. */
static void measured_gain(char *text, size_t size, const struct look *l)
{
	const struct result *res = l->res;
	char what[80];

	text[0] = '\0';
	for (size_t i = 0; res && !text[0] && i < res->nrecords; i++)
		for (size_t j = 0; !text[0] && j < res->nrecords; j++) {
			const struct record *a = &res->records[i], *b = &res->records[j];
			double ratio;

			if (!with_pages(a, PAGES_THP) || !with_pages(b, PAGES_4K) ||
			    !record_same_but(a, b, record_fields("pages_asked", NULL)))
				continue;
			ratio = a->better == BETTER_HIGHER ? a->median / b->median
							   : b->median / a->median;
			snprintf(text, size, "; measured here: %.2fx 4k pages (%s)", ratio,
				 record_what(a, what, sizeof what));
		}
}

static void look_thp(struct checking *c)
{
	const char *enabled = condition(c->l, "thp"), *defrag = condition(c->l, "thp_defrag");
	char gain[120];

	measured_gain(gain, sizeof gain, c->l);
	if (!enabled)
		found(c, CHECK_SKIP, "THP", "the kernel has none, or it is not recorded");
	else
		found(c, CHECK_PASS, "THP", "%.20s, defrag %.20s%.100s", enabled,
		      defrag ? defrag : "not told", gain);
}

const struct check kernel_checks[] = {
	{ .id = "kernel.numa-balancing",
	  .title = "Automatic NUMA balancing is off for bound GPU work",
	  .fault = "Automatic NUMA balancing is on",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "0 where jobs are bound to nodes; where nobody binds them, 1 helps",
	  .about = "Balancing unmaps pages to see who uses them, and moves them after "
		   "the threads. Bound work gains nothing and pays with faults in the "
		   "middle of copies. Authorities differ: NVIDIA's and Red Hat's "
		   "guides turn it off for bound work, others leave it on for training "
		   "jobs that nobody binds.",
	  .harm = HARM_PERCENT,
	  .cost = "page faults and moved pages in the middle of bound work; pinned "
		  "pages cannot follow",
	  .measured = COST_BALANCING,
	  .see = { { NULL, "cat /proc/sys/kernel/numa_balancing" },
		   { "what it does: it counts up",
		     "grep -E 'numa_(hint_faults|pages_migrated)' /proc/vmstat" } },
	  .mend = { { "if jobs here are not bound to nodes, leave it on (and silence this "
		      "with --rules); if they are, now",
		      "sudo sysctl -w kernel.numa_balancing=0" },
		    { "and for good", "echo kernel.numa_balancing=0 | sudo tee "
				      "/etc/sysctl.d/90-numa-balancing.conf" } },
	  .lasts = "sysctl alone: until the next boot",
	  .verify = { "it prints 0", "cat /proc/sys/kernel/numa_balancing" },
	  .source = "proc/sys/kernel/numa_balancing",
	  .authority = "kernel Documentation/admin-guide/sysctl/kernel.rst; NVIDIA Grace "
		       "Performance Tuning Guide",
	  .look = look_balancing },
	{ .id = "kernel.zone-reclaim",
	  .title = "Full nodes take memory of their neighbours before dropping caches",
	  .fault = "Full nodes drop their caches before they take memory of neighbours",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "0",
	  .about = "With zone_reclaim_mode on, a node that is full drops its page "
		   "cache, and writes pages out, before memory of another node is "
		   "used: data loaders read files again and again, and stall.",
	  .harm = HARM_STALL,
	  .cost = "allocation stalls, and files are read again, while half of the "
		  "memory is free",
	  .see = { { NULL, "cat /proc/sys/vm/zone_reclaim_mode" } },
	  .mend = { { "now", "sudo sysctl -w vm.zone_reclaim_mode=0" },
		    { "and for good", "echo vm.zone_reclaim_mode=0 | sudo tee "
				      "/etc/sysctl.d/90-zone-reclaim.conf" } },
	  .lasts = "sysctl alone: until the next boot",
	  .verify = { "it prints 0", "cat /proc/sys/vm/zone_reclaim_mode" },
	  .source = "proc/sys/vm/zone_reclaim_mode",
	  .authority = "kernel Documentation/admin-guide/sysctl/vm.rst, zone_reclaim_mode",
	  .look = look_zone_reclaim },
	{ .id = "kernel.swappiness",
	  .title = "The kernel does not swap readily",
	  .fault = "The kernel swaps readily: swappiness is {swappiness}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "10 or less where there is swap",
	  .about = "Reading a large data set fills the page cache; with the default of "
		   "60 the kernel then swaps out memory of the programs that feed the "
		   "GPUs.",
	  .harm = HARM_STALL,
	  .cost = "pauses of milliseconds to seconds after large files were read",
	  .see = { { NULL, "cat /proc/sys/vm/swappiness" }, { NULL, "swapon --show" } },
	  .mend = { { "now", "sudo sysctl -w vm.swappiness=1" },
		    { "and for good",
		      "echo vm.swappiness=1 | sudo tee /etc/sysctl.d/90-swappiness.conf" },
		    { "or no swap at all, where memory suffices", "sudo swapoff -a" } },
	  .lasts = "sysctl and swapoff alone: until the next boot",
	  .verify = { "it prints 1", "cat /proc/sys/vm/swappiness" },
	  .source = "proc/sys/vm/swappiness, proc/swaps",
	  .authority = "kernel Documentation/admin-guide/sysctl/vm.rst, swappiness",
	  .look = look_swappiness },
	{ .id = "kernel.thp",
	  .title = "Transparent huge pages",
	  .tells = MAY_PASS | MAY_SKIP,
	  .good = "recorded: madvise or always for throughput, madvise or never for "
		  "steady latency",
	  .about = "Huge pages make copies from pageable memory and random access "
		   "faster (fewer TLB misses, faster pinning); making them may stall "
		   "an allocation for milliseconds (defrag). Authorities differ: "
		   "databases ask for never, HPC guides for always.",
	  .cost = "some per cent of pageable copies, either way; numabench --all "
		  "--thorough measures it",
	  .see = { { NULL, "grep . /sys/kernel/mm/transparent_hugepage/enabled "
			   "/sys/kernel/mm/transparent_hugepage/defrag" } },
	  .mend = { { "for throughput, until the next boot",
		      "echo always | sudo tee /sys/kernel/mm/transparent_hugepage/enabled" },
		    { "for steady latency, until the next boot",
		      "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled "
		      "/sys/kernel/mm/transparent_hugepage/defrag" } },
	  .source = "sys/kernel/mm/transparent_hugepage/{enabled,defrag}",
	  .authority = "kernel Documentation/admin-guide/mm/transhuge.rst",
	  .look = look_thp },
	{ .id = NULL },
};
