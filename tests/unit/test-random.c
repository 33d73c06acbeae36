/* test-random.c - splitmix64 against known numbers. */
#include "unit.h"
#include "util/random.h"

/* What Vigna's splitmix64.c gives for these seeds. */
static void known_numbers(void **state)
{
	static const uint64_t of_1234567[] = { 6457827717110365317u, 3203168211198807973u,
					       9817491932198370423u, 4593380528125082431u,
					       16408922859458223821u };
	uint64_t seed = 1234567, zero = 0;

	(void)state;
	for (size_t i = 0; i < sizeof of_1234567 / sizeof *of_1234567; i++)
		assert_true(random_next(&seed) == of_1234567[i]);
	assert_true(random_next(&zero) == 0xe220a8397b1dcdafu);
	assert_true(zero == RANDOM_STEP);
	assert_true(mix64(0) == 0);
	assert_true(mix64(RANDOM_STEP) == 0xe220a8397b1dcdafu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_numbers),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
