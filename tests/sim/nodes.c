/* nodes.c - doubles of libnuma's calls on policies and pages: nodes that the scenario makes of
 * this machine's CPUs (its "nodes").
 *
 * Threads really run where they are bound. Pages really lie where the kernel puts
 * them; here is kept where they would lie: what was bound is on its node, anything
 * else on that of the thread that asks. Without "nodes" the kernel is asked.
 */
#include <errno.h>
#include <numaif.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cudart.h"
#include "where.h"

enum { AREAS = 8192, PAGE = 4096 };

/* Pages from its beginning lie on the nodes of the mask in turn. */
struct area {
	uintptr_t from, to;
	uint64_t nodes;
};

/* The kernel's functions have no handle. Of the process; no two overlap. */
static struct area areas[AREAS];
static size_t nareas;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local uint64_t policy;         /* of the thread; 0: where it runs */
static _Thread_local int bound = SIM_NO_NODE; /* the first node that it is bound to */

static uint64_t nodes_of(int mode, const unsigned long *mask, unsigned long most)
{
	uint64_t nodes = mask && most ? mask[0] : 0;

	switch (mode) {
	case MPOL_DEFAULT:
	case MPOL_LOCAL:
		return (uint64_t)1 << where_caller();
	case MPOL_PREFERRED:
		return nodes & -nodes;
	default:
		return nodes;
	}
}

static bool are_there(uint64_t nodes)
{
	return nodes && nodes >> scenario()->nnodes == 0;
}

static void keep(uintptr_t from, uintptr_t to, uint64_t nodes)
{
	size_t kept = 0;

	for (size_t i = 0; i < nareas; i++) /* what overlaps was unmapped since */
		if (areas[i].to <= from || areas[i].from >= to)
			areas[kept++] = areas[i];
	nareas = kept;
	if (nareas == AREAS) {
		fprintf(stderr, "simulator: more than %d areas are bound to nodes\n", AREAS);
		abort();
	}
	areas[nareas++] = (struct area){ from, to, nodes };
}

long mbind(void *start, unsigned long bytes, int mode, const unsigned long *mask,
	   unsigned long most, unsigned flags)
{
	uint64_t nodes;

	if (!scenario()->nnodes)
		return syscall(SYS_mbind, start, bytes, mode, mask, most, flags);
	nodes = nodes_of(mode, mask, most);
	if (mode > MPOL_LOCAL || !are_there(nodes)) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&lock);
	keep((uintptr_t)start, (uintptr_t)start + bytes, nodes);
	pthread_mutex_unlock(&lock);
	return 0;
}

long set_mempolicy(int mode, const unsigned long *mask, unsigned long most)
{
	uint64_t nodes = mode == MPOL_DEFAULT ? 0 : nodes_of(mode, mask, most);
	long rc = 0;

	if (!scenario()->nnodes)
		rc = syscall(SYS_set_mempolicy, mode, mask, most);
	else if (nodes && !are_there(nodes))
		rc = (errno = EINVAL, -1);
	else
		policy = nodes;
	if (rc == 0)
		bound = mode == MPOL_BIND && nodes ? __builtin_ctzll(nodes) : SIM_NO_NODE;
	return rc;
}

/* The turn-th node of a mask. */
static int in_turn(uint64_t nodes, uintptr_t turn)
{
	for (turn %= (unsigned)__builtin_popcountll(nodes); turn > 0; turn--)
		nodes &= nodes - 1;
	return __builtin_ctzll(nodes);
}

/* *near: an area to look into first. */
static int node_of(uintptr_t at, size_t *near)
{
	for (size_t i = 0; i <= nareas; i++) {
		size_t look = i ? i - 1 : *near;

		if (look >= nareas || at < areas[look].from || at >= areas[look].to)
			continue;
		*near = look;
		return in_turn(areas[look].nodes, (at - areas[look].from) / PAGE);
	}
	return policy ? in_turn(policy, at / PAGE) : where_caller();
}

/* The kernel tells which pages are there. Nothing moves to nodes that it has not. */
long where_ask(int pid, unsigned long n, void **pages, const int *to, int *status, int flags)
{
	bool made = scenario()->nnodes > 0;
	long rc = made && to ? (errno = ENOSYS, -1)
			     : syscall(SYS_move_pages, pid, n, pages, to, status, flags);
	size_t near = 0;

	pthread_mutex_lock(&lock);
	for (unsigned long i = 0; made && rc == 0 && i < n; i++)
		if (status[i] >= 0)
			status[i] = node_of((uintptr_t)pages[i], &near);
	pthread_mutex_unlock(&lock);
	return rc;
}

/* Into a driver's own mappings the kernel may not look (VM_PFNMAP). */
long move_pages(int pid, unsigned long n, void **pages, const int *to, int *status, int flags)
{
	long rc = where_ask(pid, n, pages, to, status, flags);
	const struct block *b = NULL;

	for (unsigned long i = 0; rc == 0 && scenario()->pinned_unseen && i < n; i++) {
		const char *p = pages[i];

		if (!b || p < b->p || p >= b->p + b->bytes)
			b = sim_block(p, 1);
		if (b && (b->kind == BLOCK_PINNED || b->kind == BLOCK_WRITE_COMBINED))
			status[i] = -EFAULT;
	}
	return rc;
}

int where_bound(void)
{
	return bound;
}

/* What the driver holds where it is. */
static bool is_held(const struct area *a)
{
	const struct block *b = sim_block((const void *)a->from, a->to - a->from);

	return b && b->kind != BLOCK_DEVICE && b->kind != BLOCK_MANAGED;
}

/* What was never bound is wherever the thread that asks is: it has nothing to move. */
long migrate_pages(int pid, unsigned long most, const unsigned long *from, const unsigned long *to)
{
	uint64_t target = nodes_of(MPOL_BIND, to, most);

	if (!scenario()->nnodes)
		return syscall(SYS_migrate_pages, pid, most, from, to);
	if (!are_there(target) || (pid != 0 && pid != getpid())) {
		errno = pid ? ESRCH : EINVAL;
		return -1;
	}
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nareas; i++)
		if (areas[i].nodes & from[0] && !is_held(&areas[i]))
			areas[i].nodes = (areas[i].nodes & ~from[0]) | target;
	pthread_mutex_unlock(&lock);
	return 0;
}
