/* page.h - what the manual page of every bench says besides its options. Each ended by a row of
 * NULL. */
#ifndef NB_BENCH_PAGE_H
#define NB_BENCH_PAGE_H

#include "util/options.h"

extern const struct note bench_examples[];
extern const struct note bench_ends[];

#endif
