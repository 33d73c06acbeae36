/* bench.h - what a bench's own file gives to main.c: itself. */
#ifndef NB_BENCH_H
#define NB_BENCH_H

#include "measure/session.h"

extern const struct bench bench;

#endif
