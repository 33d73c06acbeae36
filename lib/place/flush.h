/* flush.h - data out of the CPU's caches, so that who reads them next reads memory. */
#ifndef NB_PLACE_FLUSH_H
#define NB_PLACE_FLUSH_H

#include <stddef.h>

/* Writes back and drops every line of a range from all caches of the machine, and waits for that
 * (clflushopt or clflush on x86, dc civac on AArch64; nothing elsewhere). */
void cache_flush(const void *p, size_t bytes);

#endif
