#include "where.h"

#include <errno.h>
#include <inttypes.h>
#include <numaif.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scenario.h"

int where_caller(void)
{
	const struct scenario *s = scenario();
	unsigned cpu, node;

	if (syscall(SYS_getcpu, &cpu, &node, NULL) != 0)
		return -1;
	for (size_t n = 0; n < s->nnodes; n++) /* nodes.c */
		if (cpu < 64 && s->nodes[n] >> cpu & 1)
			return (int)n;
	return (int)node;
}

/* Where move_pages is refused: the area's node in numa_maps, if it lies on one. */
static int area_node(uintptr_t at)
{
	FILE *f = fopen("/proc/self/numa_maps", "r");
	char *line = NULL;
	size_t room = 0;
	int node = -1;

	while (f && getline(&line, &room, f) > 0) {
		const char *n = strstr(line, " N");

		if (strtoumax(line, NULL, 16) > at)
			break;
		node = n ? atoi(n + 2) : -1;
		if (n && strstr(n + 1, " N"))
			node = -1;
	}
	free(line);
	if (f)
		fclose(f);
	return node;
}

void where_pages(const void *p, size_t bytes, int node[WHERE_SAMPLES])
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)p / page;
	size_t pages = ((uintptr_t)p + bytes - 1) / page - first + 1;
	void *at[WHERE_SAMPLES];

	for (size_t i = 0; i < WHERE_SAMPLES; i++) {
		/* Not in even steps: pages that nodes have in turn would all seem to be on one. */
		size_t step = pages >= WHERE_SAMPLES * WHERE_SAMPLES ? i : 0;

		at[i] = (void *)((first + pages * i / WHERE_SAMPLES + step) * page);
		node[i] = -1;
	}
	if (where_ask(0, WHERE_SAMPLES, at, NULL, node, 0) == 0) {
		for (size_t i = 0; i < WHERE_SAMPLES; i++)
			node[i] = node[i] < 0 ? -1 : node[i];
		return;
	}
	node[0] = area_node((uintptr_t)p);
	for (size_t i = 1; i < WHERE_SAMPLES; i++)
		node[i] = node[0];
}

int where_kind(const void *p)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	unsigned long size = 0, huge = 0, page = 0;
	bool here = false, done = false;

	while (f && !done && fgets(line, sizeof line, f)) {
		uintptr_t from, to;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2) {
			done = here;
			here = !done && (uintptr_t)p >= from && (uintptr_t)p < to;
		} else if (here) {
			sscanf(line, "Size: %lu", &size);
			sscanf(line, "KernelPageSize: %lu", &page);
			sscanf(line, "AnonHugePages: %lu", &huge);
		}
	}
	if (f)
		fclose(f);
	return page * 1024 > (unsigned long)sysconf(_SC_PAGESIZE) ? 2 : huge * 2 > size;
}

/* MPOL_BIND to some nodes. */
static void bind_to(void *p, size_t bytes, const int *nodes, size_t n, unsigned flags)
{
	enum { BITS = 8 * sizeof(unsigned long), WORDS = 16 };
	unsigned long mask[WORDS] = { 0 };

	for (size_t i = 0; i < n; i++)
		if (nodes[i] >= 0 && (size_t)nodes[i] < BITS * WORDS)
			mask[(size_t)nodes[i] / BITS] |= 1ul << (size_t)nodes[i] % BITS;
	mbind(p, bytes, MPOL_BIND, mask, BITS * WORDS, flags);
}

void where_move(void *p, size_t bytes, int node)
{
	bind_to(p, bytes, &node, 1, MPOL_MF_MOVE);
	for (size_t i = 0; i < bytes; i += (size_t)sysconf(_SC_PAGESIZE))
		__atomic_fetch_or((char *)p + i, 0, __ATOMIC_RELAXED);
}

void where_hold(void *p, size_t bytes)
{
	int node[WHERE_SAMPLES];

	where_pages(p, bytes, node);
	bind_to(p, bytes, node, WHERE_SAMPLES, 0);
}
