/* where.h - where the caller and a buffer's pages really are, by the kernel's word.
 *
 * Found without the code under test: what it planted or asked for counts for
 * nothing here.
 */
#ifndef NB_SIM_WHERE_H
#define NB_SIM_WHERE_H

#include <stddef.h>

/* move_pages as it is, whatever the scenario hides from others. */
long where_ask(int pid, unsigned long n, void **pages, const int *to, int *status, int flags);

/* The first node that the calling thread's policy binds to; SIM_NO_NODE: none does. */
int where_bound(void);

enum { WHERE_SAMPLES = 16 };

/* The node whose CPU the caller runs on. */
int where_caller(void);

/* The nodes of WHERE_SAMPLES pages, spread evenly over the buffer; -1 for a page
 * that is not there or cannot be seen. */
void where_pages(const void *p, size_t bytes, int node[WHERE_SAMPLES]);

/* The kind of a buffer's pages, by smaps: 0 ordinary, 1 transparent huge for the most
 * part, 2 of hugetlbfs. */
int where_kind(const void *p);

/* Moves a buffer's pages to a node, and lays those that are not there yet there. Best effort. */
void where_move(void *p, size_t bytes, int node);

/* Keeps pages where they are: automatic NUMA balancing leaves areas with a policy
 * alone, as it does the pages that a driver has pinned. Best effort. */
void where_hold(void *p, size_t bytes);

#endif
