/* pingpong.h - the time to pass a cache line from one core to another.
 *
 * Two threads, each pinned to a CPU, take turns to write to one line and wait for
 * the other's writing. What is given is the time of one pass: half of a round
 * trip, so that both ways are in it; the median over many short trains of round
 * trips, so that a time slice lost to somebody else does not count.
 */
#ifndef NB_KERNELS_PINGPONG_H
#define NB_KERNELS_PINGPONG_H

#include <stddef.h>

#include "util/err.h"

/* Seconds of one pass between two CPUs. A pair takes a millisecond or two. -EINVAL where they are
 * one, or may not be used; -EAGAIN where they hardly ever ran at the same time; -ENOMEM. */
int pingpong(int a, int b, double *seconds, struct err *e);

/* Between all of n CPUs: seconds[i * n + j] = seconds[j * n + i]; NaN from a CPU to itself, and
 * where a pair hardly ever ran at the same time. As pingpong, but without -EAGAIN. */
int pingpong_all(const int *cpus, size_t n, double *seconds, struct err *e);

#endif
