/* round-trip.c - how long a cache line takes from one CPU to another, for tests/fidelity/run.
 *
 *     round-trip CPU CPU
 *
 * Prints nanoseconds of one pass, half of a round trip; the middle of several tries, for on a
 * machine that others use one may meet a neighbour.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/pingpong.h"
#include "result/statistics.h"

enum { TRIES = 9 };

int main(int argc, char **argv)
{
	double pass[TRIES];
	struct err e;
	size_t n = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: round-trip CPU CPU\n");
		return 2;
	}
	for (int i = 0; i < TRIES; i++)
		if (pingpong(atoi(argv[1]), atoi(argv[2]), &pass[n], &e) == 0)
			n++;
	if (n == 0) {
		fprintf(stderr, "round-trip: %s\n", e.text);
		return 1;
	}
	printf("%.1f ns\n", median_of(pass, n) * 1e9);
	return 0;
}
