/* test-gpu-chase.c - the lines that a GPU's loads follow are one cycle through all of them. */
#include <stdlib.h>
#include <string.h>

#include "kernels/gpu_chase.h"
#include "unit.h"

/* Follows n loads in what was written for addresses that begin at base. */
static uint64_t walk(const char *memory, const char *base, uint64_t from, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		const char *next;

		memcpy(&next, memory + from * GPU_CHASE_LINE, sizeof next);
		from = (uint64_t)(next - base) / GPU_CHASE_LINE;
	}
	return from;
}

static void every_line_once(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 4, 64, 1 << 14 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		/* the GPU may see the memory elsewhere */
		struct gpu_chase c = { .base = (char *)0x700000000000, .lines = sizes[i] };
		char *memory = calloc(sizes[i], GPU_CHASE_LINE), *seen = calloc(sizes[i], 1);
		uint64_t at = 0;

		gpu_chase_write(&c, memory, 0, c.lines);
		for (uint64_t n = 0; n < c.lines; n++) {
			assert_false(seen[at]);
			seen[at] = 1;
			at = walk(memory, c.base, at, 1);
			assert_true(at < c.lines);
		}
		assert_int_equal(at, 0);
		free(memory);
		free(seen);
	}
}

static void pieces_make_the_whole(void **state)
{
	struct gpu_chase c = { .base = (char *)0x10000, .lines = 1024 };
	char *whole = calloc(c.lines, GPU_CHASE_LINE), *pieces = calloc(c.lines, GPU_CHASE_LINE);

	(void)state;
	gpu_chase_write(&c, whole, 0, c.lines);
	for (uint64_t at = 0; at < c.lines; at += 256)
		gpu_chase_write(&c, pieces + at * GPU_CHASE_LINE, at, 256);
	assert_memory_equal(whole, pieces, c.lines * GPU_CHASE_LINE);
	free(whole);
	free(pieces);
}

/* A cache must not be helped by lines that follow each other in memory. */
static void steps_are_long(void **state)
{
	struct gpu_chase c = { .base = (char *)0x10000, .lines = 1 << 14 };
	char *memory = calloc(c.lines, GPU_CHASE_LINE);
	uint64_t at = 0, short_ones = 0;

	(void)state;
	gpu_chase_write(&c, memory, 0, c.lines);
	for (uint64_t n = 0; n < c.lines; n++) {
		uint64_t next = walk(memory, c.base, at, 1);

		short_ones += next > at ? next - at <= 64 : at - next <= 64;
		at = next;
	}
	assert_true(short_ones < c.lines / 50); /* 128 of 16384 places are that near: 0.8 % */
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_once),
		cmocka_unit_test(pieces_make_the_whole),
		cmocka_unit_test(steps_are_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
