/* cputime: what the kernel counts of CPUs, out of /proc/stat. */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "machine/cputime.h"
#include "tree.h"

static const char stat_text[] = "cpu  999 999 999 999 999 999 999 999 0 0\n"
				"cpu0 100 20 30 5000 400 5 6 70 90 0\n"
				"cpu1 1 2 3 4 5 6 7 8 0 0\n"
				"cpu12 200 0 0 0\n" /* an old kernel's line */
				"intr 12345 1 2 3\n"
				"cpu3 9 9 9 9 9 9 9 9 9 9\n"; /* none of the CPUs' lines */

static int set_up(void **state)
{
	static struct tree t;

	tree_new(&t);
	tree_file(&t, "sys/here", "");
	tree_file(&t, "proc/stat", stat_text);
	*state = &t;
	return 0;
}

static int tear_down(void **state)
{
	tree_remove(*state);
	return 0;
}

static void those_asked_for_are_added(void **state)
{
	static const struct {
		const char *cpus;
		int rc;
		double busy, stolen; /* in ticks */
	} rows[] = {
		{ "0", 0, 161, 70 },      { "1", 0, 19, 8 },      { "0-1", 0, 180, 78 },
		{ "12", 0, 200, 0 },      { "3", -ENOENT, 0, 0 }, { "0-2", -ENOENT, 0, 0 },
		{ "0,2", -ENOENT, 0, 0 },
	};
	const struct tree *t = *state;
	const double second = (double)sysconf(_SC_CLK_TCK);
	struct sysroot r;

	assert_int_equal(sysroot_open_recorded(&r, t->path, NULL), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cputime got;
		struct idset cpus;

		assert_int_equal(idset_parse(&cpus, rows[i].cpus, NULL), 0);
		assert_int_equal(cputime_read(&got, &r, &cpus), rows[i].rc);
		if (rows[i].rc < 0)
			continue;
		assert_true(fabs(got.busy - rows[i].busy / second) < 1e-9);
		assert_true(fabs(got.stolen - rows[i].stolen / second) < 1e-9);
	}
	assert_int_equal(cputime_read(&(struct cputime){ 0 }, &r, &(struct idset){ { 0 } }),
			 -ENOENT);
	sysroot_close(&r);
}

/* A machine recorded without the file. */
static void what_is_not_there_is_not_known(void **state)
{
	struct idset cpus = { { 1 } };
	struct sysroot r;
	struct tree t;

	(void)state;
	tree_new(&t);
	tree_file(&t, "sys/here", "");
	assert_int_equal(sysroot_open_recorded(&r, t.path, NULL), 0);
	assert_int_equal(cputime_read(&(struct cputime){ 0 }, &r, &cpus), -ENOENT);
	sysroot_close(&r);
	tree_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(those_asked_for_are_added, set_up, tear_down),
		cmocka_unit_test(what_is_not_there_is_not_known),
	};

	return cmocka_run_group_tests_name("cputime", tests, NULL, NULL);
}
