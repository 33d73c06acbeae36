/* test-meeting.c - processes that meet: begin together, agree, and are let go when one is
 * missing. More of them than there may be CPUs. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/meeting.h"
#include "unit.h"

enum { PARTIES = 5, PASSES = 200 };

static pid_t party(int (*life)(struct meeting *m, unsigned number), struct meeting *m, unsigned n)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody waiting */
		_exit(life(m, n));
	}
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int arrives(struct meeting *m, unsigned number)
{
	(void)number;
	return -meeting_arrive(m);
}

static void test_gate(void **state)
{
	struct meeting *m = meeting_make();
	uint32_t ticket = meeting_ticket(m);
	pid_t others[PARTIES - 1];

	(void)state;
	assert_non_null(m);
	for (uint32_t i = 1; i <= 3; i++) {
		meeting_call(m, PARTIES);
		assert_int_equal(meeting_ticket(m), ticket + i);
		assert_int_not_equal(*meeting_flag(m), ticket + i);
	}
	for (unsigned i = 0; i < PARTIES - 1; i++)
		others[i] = party(arrives, m, i);
	usleep(20000);
	assert_int_not_equal(*meeting_flag(m), meeting_ticket(m)); /* one is missing */
	assert_int_equal(meeting_arrive(m), 0);
	assert_int_equal(*meeting_flag(m), meeting_ticket(m));
	for (unsigned i = 0; i < PARTIES - 1; i++)
		assert_int_equal(end_of(others[i]), 0);
	assert_int_equal(meeting_next_ticket(m), ticket + 4);
	assert_int_equal(*meeting_flag(m), ticket + 3);
	meeting_release(m);
	assert_int_equal(*meeting_flag(m), ticket + 4);
	meeting_free(m);
}

/* A GPU's driver registers the page of the flag: nothing else may lie there. */
static void test_page(void **state)
{
	struct meeting *m = meeting_make();
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const char *flag = (const char *)meeting_flag(m);

	(void)state;
	meeting_call(m, 1);
	meeting_at(m, 3, 7);
	assert_int_equal(meeting_arrive(m), 0);
	meeting_reached(m);
	assert_int_equal((uintptr_t)flag % page, 0);
	assert_int_not_equal(*(const uint32_t *)(const void *)flag, 0);
	for (size_t i = sizeof(uint32_t); i < page; i++)
		assert_int_equal(flag[i], 0);
	meeting_free(m);
}

static double figure(unsigned number, int pass)
{
	return (double)((number * 7 + (unsigned)pass * 3) % 11) - pass;
}

static double least_of_all(int pass)
{
	double least = figure(0, pass);

	for (unsigned i = 1; i < PARTIES; i++)
		least = figure(i, pass) < least ? figure(i, pass) : least;
	return least;
}

static int agrees(struct meeting *m, unsigned number)
{
	double least;

	if (meeting_arrive(m) < 0)
		return 100;
	for (int i = 0; i < PASSES; i++) {
		if (meeting_least(m, figure(number, i), &least) < 0)
			return 101;
		if (least != least_of_all(i))
			return 102;
	}
	return 0;
}

static void test_least(void **state)
{
	struct meeting *m = meeting_make();
	pid_t all[PARTIES];

	(void)state;
	for (int again = 0; again < 2; again++) {
		meeting_call(m, PARTIES);
		for (unsigned i = 0; i < PARTIES; i++)
			all[i] = party(agrees, m, i);
		for (unsigned i = 0; i < PARTIES; i++)
			assert_int_equal(end_of(all[i]), 0);
	}
	meeting_free(m);
}

static void test_reached(void **state)
{
	struct meeting *m = meeting_make();

	(void)state;
	meeting_call(m, 2);
	assert_false(meeting_all_reached(m));
	meeting_reached(m);
	assert_false(meeting_all_reached(m));
	meeting_reached(m);
	assert_true(meeting_all_reached(m));
	meeting_call(m, 2);
	assert_false(meeting_all_reached(m));
	meeting_break(m); /* who goes on until all have reached it must end */
	assert_true(meeting_all_reached(m));
	meeting_free(m);
}

static int waits_for_least(struct meeting *m, unsigned number)
{
	double least;

	(void)number;
	return -meeting_least(m, 1, &least);
}

static void test_break(void **state)
{
	struct meeting *m = meeting_make();
	pid_t others[PARTIES - 1];
	double least = 5;

	(void)state;
	for (int which = 0; which < 2; which++) {
		meeting_call(m, PARTIES);
		for (unsigned i = 0; i < PARTIES - 1; i++)
			others[i] = party(which ? waits_for_least : arrives, m, i);
		usleep(10000);
		assert_false(meeting_broken(m));
		meeting_break(m);
		assert_true(meeting_broken(m));
		for (unsigned i = 0; i < PARTIES - 1; i++)
			assert_int_equal(end_of(others[i]), ECANCELED);
		assert_int_equal(*meeting_flag(m), meeting_ticket(m));
		assert_int_equal(meeting_arrive(m), -ECANCELED); /* too late */
		assert_int_equal(meeting_least(m, 1, &least), -ECANCELED);
		assert_true(least == 5);
	}
	meeting_call(m, 1); /* the next one is whole again */
	assert_false(meeting_broken(m));
	assert_int_equal(meeting_arrive(m), 0);
	meeting_free(m);
}

static int is_at(struct meeting *m, unsigned number)
{
	meeting_at(m, number, (int)number + 10);
	return 0;
}

static void test_at(void **state)
{
	struct meeting *m = meeting_make();

	(void)state;
	meeting_call(m, 2);
	assert_int_equal(meeting_was_at(m, 0), -1);
	assert_int_equal(end_of(party(is_at, m, 0)), 0);
	assert_int_equal(end_of(party(is_at, m, MEETING_PARTIES - 1)), 0);
	assert_int_equal(end_of(party(is_at, m, MEETING_PARTIES)), 0); /* one too many: unheard */
	assert_int_equal(meeting_was_at(m, 0), 10);
	assert_int_equal(meeting_was_at(m, 1), -1);
	assert_int_equal(meeting_was_at(m, MEETING_PARTIES - 1), MEETING_PARTIES + 9);
	assert_int_equal(meeting_was_at(m, MEETING_PARTIES), -1);
	meeting_call(m, 2);
	assert_int_equal(meeting_was_at(m, 0), -1);
	meeting_free(m);
	meeting_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate),  cmocka_unit_test(test_page),
		cmocka_unit_test(test_least), cmocka_unit_test(test_reached),
		cmocka_unit_test(test_break), cmocka_unit_test(test_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
