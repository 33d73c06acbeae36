/* What pattern.h promises: contents differ, every wrong byte is found and named. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "measure/pattern.h"

enum { BYTES = 4099, PAGE = 512 }; /* 3 bytes past a whole word */

static void a_copy_is_right(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, BYTES };
	const struct pattern what = { .seed = 5, .pass = 9 };
	struct mismatch m;
	uint64_t v[BYTES / 8 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		pattern_poison(v, sizeof v);
		pattern_fill(v, sizes[i], 0, &what);
		assert_true(pattern_check(v, sizes[i], 0, &what, &m));
		assert_int_equal(m.words, 0);
	}
}

static void nothing_is_written_past_the_end(void **state)
{
	const struct pattern what = { .seed = 1, .pass = 1 };
	unsigned char v[16], poison[16];

	(void)state;
	pattern_poison(v, sizeof v);
	pattern_poison(poison, sizeof poison);
	pattern_fill(v, 9, 0, &what);
	assert_memory_equal(v + 9, poison + 9, 7);
}

static void every_byte_counts(void **state)
{
	const struct pattern what = { .seed = 5, .pass = 9 };
	unsigned char *v = malloc(BYTES);
	struct mismatch m;

	(void)state;
	assert_non_null(v);
	pattern_fill(v, BYTES, 0, &what);
	for (size_t i = 0; i < BYTES; i++) {
		unsigned char was = v[i];

		v[i] ^= 0x10;
		assert_false(pattern_check(v, BYTES, 0, &what, &m));
		assert_int_equal(m.offset, i);
		assert_int_equal(m.expected, was);
		assert_int_equal(m.found, was ^ 0x10);
		assert_int_equal(m.words, 1);
		v[i] = was;
	}
	free(v);
}

static void the_first_of_several_is_named(void **state)
{
	const struct pattern what = { .seed = 5, .pass = 9 };
	uint64_t v[8];
	struct mismatch m;

	(void)state;
	pattern_fill(v, sizeof v, 0, &what);
	v[3] = ~v[3];
	v[6] = ~v[6];
	assert_false(pattern_check(v, sizeof v, 0, &what, &m));
	assert_int_equal(m.offset, 24);
	assert_int_equal(m.words, 2);
}

static void pieces_make_the_whole(void **state)
{
	const struct pattern what = { .seed = 77, .pass = 3 };
	uint64_t whole[BYTES / 8], pieces[BYTES / 8];
	struct mismatch m;

	(void)state;
	pattern_fill(whole, sizeof whole, 0, &what);
	for (size_t at = 0; at < sizeof pieces; at += PAGE)
		pattern_fill((char *)pieces + at, PAGE, at, &what);
	assert_memory_equal(whole, pieces, sizeof whole);
	whole[PAGE / 8 + 1] ^= 1;
	assert_false(pattern_check(whole + PAGE / 8, PAGE, PAGE, &what, &m));
	assert_int_equal(m.offset, PAGE + 8);
}

static void contents_differ(void **state)
{
	static const struct pattern others[] = { { 1, 2 }, { 2, 1 }, { 1, 0 }, { 0, 1 } };
	const struct pattern what = { 1, 1 };
	uint64_t v[64];
	struct mismatch m;

	(void)state;
	pattern_fill(v, sizeof v, 0, &what);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_false(pattern_check(v, sizeof v, 0, &others[i], &m));
		assert_int_equal(m.words, 64);
	}
	for (size_t i = 1; i < 64; i++)
		assert_true(v[i] != v[i - 1]);
	pattern_poison(v, sizeof v);
	assert_false(pattern_check(v, sizeof v, 0, &what, &m));
	assert_int_equal(m.words, 64);
}

static void the_record_says_where(void **state)
{
	const struct mismatch m = { .offset = 4099, .expected = 0x5c, .found = 0x58, .words = 1 };
	struct record r;

	(void)state;
	record_init(&r);
	r.gpu = 3;
	r.mem_node = 1;
	r.memory = MEM_PINNED;
	r.direction = DIR_D2H;
	record_set(&r, "gpu", "mem_node", "memory", "direction", NULL);
	pattern_report(&r, DIR_H2D, &m);
	assert_int_equal(r.status, STATUS_CORRUPT);
	for (size_t i = 0; i < 5; i++) {
		static const char *const words[] = {
			"GPU 3", "node 1", "d2h", "offset 4099",
			"expected 0x5c, found 0x58, bits 0x04 differ"
		};

		assert_non_null(strstr(r.reason, words[i]));
	}
	record_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_right),
		cmocka_unit_test(nothing_is_written_past_the_end),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(the_first_of_several_is_named),
		cmocka_unit_test(pieces_make_the_whole),
		cmocka_unit_test(contents_differ),
		cmocka_unit_test(the_record_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
