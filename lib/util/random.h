/* random.h - splitmix64: random numbers that a seed repeats on every machine.
 *
 * Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators":
 * a counter in steps of RANDOM_STEP, and a finaliser that spreads every bit of it
 * over all 64, with the constants of Stafford's variant 13 as in Vigna's
 * splitmix64.c. Good for orders and contents, not for secrets.
 */
#ifndef NB_UTIL_RANDOM_H
#define NB_UTIL_RANDOM_H

#include <stdint.h>

/* 2^64 divided by the golden ratio; odd, so that its multiples all differ. */
#define RANDOM_STEP 0x9e3779b97f4a7c15u

/* The finaliser: a bijection on 64 bits. */
static inline uint64_t mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* The next number; *state begins as the seed. */
static inline uint64_t random_next(uint64_t *state)
{
	return mix64(*state += RANDOM_STEP);
}

#endif
