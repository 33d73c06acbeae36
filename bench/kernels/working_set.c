/* working_set.c - four times the caches, and no more than the node can give. */
#include "kernels/working_set.h"

#include <stdio.h>

#include "util/units.h"

/* At least this much, whatever the caches say: those of a guest may be told wrong. */
enum { LEAST = 256 << 20, HUGE = 2 << 20 };

/* Buffers are rounded up to huge pages, and may begin a little into their mapping. */
static void fit(struct working_set *w, const struct node *memory, double buffers)
{
	uint64_t most = (uint64_t)((double)memory->giveable_bytes.value / 2 / buffers);
	char wanted[32], cut[32];

	if (w->bytes + HUGE <= most)
		return;
	format_size(wanted, sizeof(wanted), w->bytes);
	w->bytes = most > 2 * HUGE ? (most - HUGE) / HUGE * HUGE : HUGE;
	format_size(cut, sizeof(cut), w->bytes);
	snprintf(w->cut, sizeof(w->cut),
		 "cut from %s to %s: all buffers take at most half of what node %d can give",
		 wanted, cut, memory->id);
}

struct working_set working_set(const struct machine *m, const struct session_options *o,
			       const struct site *site, double buffers)
{
	const struct node *cpus = machine_node(m, site->cpu_node);
	const struct node *memory = machine_node(m, site->mem_node);
	uint64_t caches = cpus ? machine_llc_bytes(m, &cpus->allowed_cpus) : 0;
	uint64_t enough = WORKING_CACHES * caches > LEAST ? WORKING_CACHES * caches : LEAST;
	struct working_set w = { .bytes = o->size ? o->size : enough, .caches = caches };

	if (!o->size && memory && memory->giveable_bytes.is)
		fit(&w, memory, buffers);
	w.undersized = w.bytes < (caches ? WORKING_CACHES * caches : LEAST);
	return w;
}

void working_set_tell(const struct working_set *w, size_t element, struct record *r)
{
	r->bytes = w->bytes / element * element;
	r->undersized = w->undersized;
	record_set(r, "bytes", "undersized", NULL);
	if (w->cut[0])
		record_status(r, STATUS_OK, "%s", w->cut);
}

struct memory_want working_place(const struct worker *w, const struct site *site)
{
	int pages = w->options->pages;

	return (struct memory_want){
		.machine = w->machine,
		.node = site->mem_node,
		.pages = pages < 0 ? PAGES_THP : (enum page_kind)pages,
	};
}

void working_quota(const struct machine *m, const struct node *n, size_t threads, struct record *r)
{
	if (r->status == STATUS_OK && m->cpu_quota_milli.is && threads < n->ncores)
		record_status(r, STATUS_UNSTABLE,
			      "the cgroup's CPU quota allows %zu of the node's %zu cores", threads,
			      n->ncores);
}
