#include "place/flush.h"

#include <stdint.h>

#if defined __x86_64__
#include <cpuid.h>

enum { LINE = 64, HAS_CLFLUSHOPT = 1 << 23 }; /* CPUID leaf 7, EBX */

void cache_flush(const void *p, size_t bytes)
{
	const char *end = (const char *)p + bytes;
	unsigned a, b = 0, c, d;
	int fast = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & HAS_CLFLUSHOPT);

	for (const char *line = p; line < end; line += LINE) {
		if (fast)
			__asm__ volatile("clflushopt %0" : "+m"(*(volatile char *)(uintptr_t)line));
		else
			__asm__ volatile("clflush %0" : "+m"(*(volatile char *)(uintptr_t)line));
	}
	__asm__ volatile("sfence" ::: "memory");
}
#elif defined __aarch64__
void cache_flush(const void *p, size_t bytes)
{
	const char *end = (const char *)p + bytes;
	uint64_t type;
	size_t line;

	__asm__("mrs %0, ctr_el0" : "=r"(type));
	line = (size_t)4 << (type >> 16 & 15); /* DminLine: log2 of the smallest line's words */
	for (uintptr_t at = (uintptr_t)p / line * line; at < (uintptr_t)end; at += line)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
}
#else
void cache_flush(const void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
}
#endif
