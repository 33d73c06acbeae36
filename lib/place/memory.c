/* memory.c - maps buffers and asks the kernel for a node. */
#include "place/memory.h"

#include <errno.h>
#include <numaif.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/sysroot.h"
#include "place/threads.h"
#include "util/idset.h"

/* linux/mman.h has these; glibc 2.36 does not pass them on. */
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

enum { HUGE_LOG2 = 21, HUGE_KB = 2048 };
#define HUGE_BYTES ((size_t)1 << HUGE_LOG2)

/* What each kind of page needs; in order of enum page_kind. */
static const struct page_way {
	bool huge; /* aligned to, and rounded up to, huge pages */
	int map_flags;
	int advice; /* 0: none */
} ways[] = {
	[PAGES_4K] = { .advice = MADV_NOHUGEPAGE },
	[PAGES_THP] = { .huge = true, .advice = MADV_HUGEPAGE },
	[PAGES_HUGETLB] = { .huge = true,
			    .map_flags = MAP_HUGETLB | (HUGE_LOG2 << MAP_HUGE_SHIFT) },
};

static size_t base_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static uintptr_t round_up(uintptr_t value, size_t to)
{
	return (value + to - 1) / to * to;
}

static struct idset only(int node)
{
	struct idset s = { { 0 } };

	idset_add(&s, node);
	return s;
}

/* A strictly bound hugetlb mapping on a node that has too few of them maps well
 * and kills by SIGBUS when touched: so they are counted first. */
static int hugetlb_there(size_t bytes, int node, struct err *e)
{
	struct sysroot root;
	struct known free_pages;
	int rc = sysroot_open_live(&root, e);

	if (rc < 0)
		return rc;
	free_pages = sysroot_number(&root,
				    "sys/devices/system/node/node%d/hugepages/"
				    "hugepages-%dkB/free_hugepages",
				    node, HUGE_KB);
	sysroot_close(&root);
	if (free_pages.is && (size_t)free_pages.value < bytes / HUGE_BYTES)
		return err_set(e, -ENOMEM,
			       "node %d has %lld free huge pages of 2 MiB, %zu are needed: raise "
			       "its nr_hugepages",
			       node, free_pages.value, bytes / HUGE_BYTES);
	return 0;
}

/* On every node that is to hold some of it. */
static int hugetlb_enough(const struct memory *m, const struct policy *policy, struct err *e)
{
	const struct spread *s = policy ? &policy->spread : NULL;
	int rc = 0;

	if (!s || s->n == 0)
		return hugetlb_there(m->mapped, m->node, e);
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		double share = spread_share(s, s->of[i].node);

		rc = hugetlb_there((size_t)((double)m->mapped * share), s->of[i].node, e);
	}
	return rc;
}

static int bind(struct memory *m, struct err *e)
{
	struct idset mask = only(m->node);

	m->bound = mbind(m->p, m->mapped, MPOL_BIND, policy_mask(&mask), POLICY_MASK_BITS, 0) == 0;
	if (!m->bound && !policy_refused(errno))
		return err_set(e, -errno, "memory cannot be bound to node %d: %s", m->node,
			       errno == EINVAL ? "it does not exist or is not allowed here"
					       : strerror(errno));
	return 0;
}

/* Asks for the node, or the policy, and the kind of page of a fresh mapping. */
static int ask(struct memory *m, const struct policy *policy, struct err *e)
{
	int rc = policy ? policy_apply(policy, m->p, m->mapped, e) : bind(m, e);

	if (rc < 0)
		return rc;
	if (policy)
		m->bound = true;
	/* A kernel without huge pages refuses the advice; memory_obtained tells. */
	if (ways[m->pages].advice)
		(void)madvise(m->p, m->mapped, ways[m->pages].advice);
	return 0;
}

/*   base                p                          p + mapped
 *    | guard, alignment | the buffer               | guard |
 * One reservation without access, the buffer mapped over its middle. */
static int map(struct memory *m, size_t bytes, const struct memory_want *want, struct err *e)
{
	const struct page_way *way = &ways[want->pages];
	size_t page = base_page(), align = way->huge ? HUGE_BYTES : page;
	int rc;

	*m = (struct memory){ .bytes = bytes, .node = want->node, .pages = want->pages };
	if (bytes < 1 || bytes > PTRDIFF_MAX / 2)
		return err_set(e, -ENOMEM, "no address space for a buffer of %zu bytes", bytes);
	m->mapped = round_up(bytes, align);
	if (m->pages == PAGES_HUGETLB && (rc = hugetlb_enough(m, want->policy, e)) < 0)
		goto out;
	m->base_bytes = m->mapped + align + 2 * page;
	m->base = mmap(NULL, m->base_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);
	if (m->base == MAP_FAILED) {
		m->base = NULL;
		rc = err_set(e, -ENOMEM, "no address space for a buffer of %zu bytes", bytes);
		goto out;
	}
	m->p = (void *)round_up((uintptr_t)m->base + page, align);
	if (mmap(m->p, m->mapped, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | way->map_flags, -1, 0) == MAP_FAILED) {
		rc = err_set(e, -ENOMEM, "no memory for a buffer of %zu bytes in %s pages: %s",
			     bytes, page_kind_name(m->pages), strerror(errno));
		goto out;
	}
	/* A child would share the pages until either writes: a write here would first have to be
	 * told that the child is gone, and what moves the child's pages would move ours. */
	(void)madvise(m->p, m->mapped, MADV_DONTFORK);
	rc = ask(m, want->policy, e);
	if (rc == 0)
		return 0;
out:
	memory_unmap(m);
	return rc;
}

int memory_map(struct memory *m, size_t bytes, int node, enum page_kind pages, struct err *e)
{
	const struct memory_want want = { .node = node, .pages = pages };

	return map(m, bytes, &want, e);
}

void memory_unmap(struct memory *m)
{
	if (m->base)
		munmap(m->base, m->base_bytes);
	*m = (struct memory){ 0 };
}

/* The threads that touch first: one for so many bytes, since starting one takes about as long as
 * clearing a megabyte; more than these hardly clear pages any faster. */
enum { TOUCH_SHARE = 16 << 20, TOUCH_THREADS = 16 };

static size_t touch_threads(const struct machine *machine, size_t bytes)
{
	const struct known *quota = &machine->cpu_quota_milli;
	size_t n = bytes / TOUCH_SHARE;

	n = n < TOUCH_THREADS ? n : TOUCH_THREADS;
	if (quota->is && (size_t)quota->value / 1000 < n)
		n = (size_t)quota->value / 1000;
	return n ? n : 1;
}

static void touch_share(void *arg, size_t rank, size_t size)
{
	const struct memory *m = arg;
	size_t page = base_page(), pages = m->mapped / page;

	for (size_t i = pages * rank / size; i < pages * (rank + 1) / size; i++)
		((volatile char *)m->p)[i * page] = MEMORY_TOUCH;
}

/* Where m is not bound: threads pinned to allowed CPUs of its node write to every page. */
static int first_touch(struct memory *m, const struct machine *machine, struct err *e)
{
	const struct node *node;
	struct team *team;
	int cpus[TOUCH_THREADS], rc;
	size_t most, n = 0;

	if (m->bound)
		return 0;
	node = machine_node(machine, m->node);
	if (!node)
		return 0;
	most = touch_threads(machine, m->mapped);
	for (int c = -1; n < most && (c = idset_next(&node->allowed_cpus, c)) >= 0;)
		cpus[n++] = c;
	if (n == 0)
		return 0;
	rc = team_start(&team, cpus, n, e);
	if (rc < 0)
		return err_within(e, rc, "touching memory of node %d from its own CPUs", m->node);
	team_run(team, touch_share, m);
	team_stop(team);
	m->touched = true;
	return 0;
}

int memory_place(struct memory *m, size_t bytes, const struct memory_want *want, struct err *e)
{
	int rc = map(m, bytes, want, e);

	if (rc == 0)
		rc = first_touch(m, want->machine, e);
	if (rc < 0)
		memory_unmap(m);
	return rc;
}

/* Does the kernel move pages to the threads that use them? Bound ones it leaves alone. */
static bool balancing(void)
{
	struct sysroot root;
	struct known on = { 0 };

	if (sysroot_open_live(&root, NULL) == 0) {
		on = sysroot_number(&root, "proc/sys/kernel/numa_balancing");
		sysroot_close(&root);
	}
	return on.is && on.value > 0;
}

void memory_tell(const struct memory *m, struct record *r)
{
	if (r->status != STATUS_OK || m->bound)
		return;
	if (!m->touched)
		record_status(r, STATUS_OK,
			      "the kernel refuses to bind memory, and node %d has no CPU allowed "
			      "that could touch it first",
			      m->node);
	else if (balancing())
		record_status(r, STATUS_OK,
			      "the kernel refuses to bind memory: it was touched first on node %d, "
			      "and automatic balancing (kernel.numa_balancing) may move it",
			      m->node);
}

uint64_t memory_turn(const struct memory *m, const struct spread *s)
{
	unsigned most = 0;

	for (size_t i = 0; i < s->n; i++)
		most = s->of[i].weight > most ? s->of[i].weight : most;
	return (uint64_t)most * (ways[m->pages].huge ? HUGE_BYTES / base_page() : 1);
}

int memory_no_such_pages(enum page_kind wanted, struct err *e)
{
	struct sysroot root;
	char mode[80] = "";

	if (wanted == PAGES_THP && sysroot_open_live(&root, NULL) == 0) {
		if (sysroot_text(&root, mode, sizeof mode,
				 "sys/kernel/mm/transparent_hugepage/enabled") < 0)
			snprintf(mode, sizeof mode, "[absent]");
		sysroot_close(&root);
	}
	if (strstr(mode, "[never]"))
		return err_set(e, -ENOTSUP,
			       "transparent huge pages are switched off (kernel/mm/"
			       "transparent_hugepage/enabled of sysfs says \"never\")");
	if (strstr(mode, "[absent]"))
		return err_set(e, -ENOTSUP, "this kernel has no transparent huge pages");
	return err_set(e, -ENOTSUP, "the kernel gave ordinary pages where %s pages were asked for",
		       page_kind_name(wanted));
}

int policy_bind_thread(int node)
{
	struct idset mask = only(node);

	return set_mempolicy(MPOL_BIND, policy_mask(&mask), POLICY_MASK_BITS) ? -errno : 0;
}

void policy_reset_thread(void)
{
	(void)set_mempolicy(MPOL_DEFAULT, NULL, 0);
}
