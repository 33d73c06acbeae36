/* chase-peer.c - memory latency measured another way, for tests/fidelity/run.
 *
 *     chase-peer BYTES LOADS PASSES CPU
 *
 * Written apart from bench/kernels, and shares nothing with it: another generator,
 * Sattolo's algorithm (which yields one cycle by construction) on indices, an
 * index instead of a pointer in each line, and a plain loop of the compiler's
 * making. Prints nanoseconds for each load, a line for each pass.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { WORDS = 16, HUGE = 2 << 20 }; /* a line: 16 words of 4 bytes */

static uint64_t xorshift(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void *huge_pages(size_t bytes)
{
	char *p = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED) {
		perror("chase-peer: mmap");
		exit(1);
	}
	p += HUGE - (uintptr_t)p % HUGE;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static uint32_t chase(const uint32_t *lines, uint32_t at, size_t loads)
{
	while (loads--)
		at = lines[(size_t)at * WORDS];
	return at;
}

int main(int argc, char **argv)
{
	size_t bytes = argc == 5 ? strtoull(argv[1], NULL, 10) : 0, n = bytes / 64, cycle = 0;
	size_t loads = argc == 5 ? strtoull(argv[2], NULL, 10) : 0;
	unsigned long passes = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	uint64_t seed = (uint64_t)time(NULL) * 2654435761 + 1;
	struct timespec from, to;
	uint32_t at = 0;
	cpu_set_t cpu;

	if (n < 2 || n > UINT32_MAX || loads < 1) {
		fprintf(stderr, "usage: chase-peer BYTES LOADS PASSES CPU\n");
		return 2;
	}
	CPU_ZERO(&cpu);
	CPU_SET(strtoul(argv[4], NULL, 10), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu) != 0) {
		perror("chase-peer: sched_setaffinity");
		return 1;
	}
	uint32_t *next = huge_pages(n * sizeof(*next)), *lines = huge_pages(bytes);

	for (size_t i = 0; i < n; i++)
		next[i] = (uint32_t)i;
	for (size_t i = n - 1; i > 0; i--) {
		size_t j = xorshift(&seed) % i;
		uint32_t t = next[i];

		next[i] = next[j];
		next[j] = t;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t w = 0; w < WORDS; w++)
			lines[i * WORDS + w] = w ? (uint32_t)(i + w) | 1 : next[i];
	/* Over the lines themselves, so that the first pass is no different from the others. */
	do {
		at = chase(lines, at, 1);
		cycle++;
	} while (at != 0);
	if (cycle != n) {
		fprintf(stderr, "chase-peer: a cycle of %zu of %zu lines\n", cycle, n);
		return 1;
	}
	while (passes--) {
		clock_gettime(CLOCK_MONOTONIC_RAW, &from);
		at = chase(lines, at, loads);
		clock_gettime(CLOCK_MONOTONIC_RAW, &to);
		/* at is printed, so that the loads cannot be left out. */
		printf("%.3f ns, at %u\n",
		       ((double)(to.tv_sec - from.tv_sec) * 1e9 +
			(double)(to.tv_nsec - from.tv_nsec)) /
			       (double)loads,
		       (unsigned)at);
	}
	return 0;
}
