/* What `check --pid` says of a process, and with which code it ends. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../diag/checks/process.h"
#include "process_tree.h"

struct told {
	char *text;
	int rc;
	struct err e;
};

static struct told tell(struct setting *s, struct process_check c)
{
	struct told t = { .rc = 0 };
	size_t size;
	FILE *out = open_memstream(&t.text, &size);

	c.width = c.width ? c.width : 80;
	t.rc = check_process(&c, &s->m, &s->root, out, &t.e);
	fclose(out);
	return t;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strcspn(p, "\n") > longest)
			longest = strcspn(p, "\n");
	return longest;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

/* One process on the given CPUs and policy. */
static void plant_one(struct setting *s, const char *cpus, const char *policy, const char *maps,
		      const char *device)
{
	struct thread th = { 500, "python", cpus, "0-1", policy, 5 };

	begin(s);
	plant_process(&s->files, 500, 1, "python", maps);
	plant_thread(&s->files, 500, &th);
	plant_descriptor(&s->files, 500, 3, device);
}

static void ends(void **state)
{
	static const struct {
		const char *cpus, *policy, *maps;
		int rc, strict;
		const char *says, *mend;
	} rows[] = {
		{ "4-7", "bind:1", HEAP("bind:1", "N1=16384"), 0, 0, ": bound well\n", NULL },
		{ "4-7", "default", HEAP("default", "N1=16384"), 0, 1, ": CPU only\n",
		  "start it by:  numabench bind --gpu 1 -- COMMAND\n" },
		{ "0-7", "bind:1", HEAP("bind:1", "N1=16384"), 0, 1, ": memory only\n",
		  "taskset -a -c -p 4-7 500\n" },
		{ "0-7", "default", HEAP("default", "N0=16384"), 0, 1, ": not bound\n",
		  "migratepages 500 0 1\n" },
		{ "0-3", "bind:0", HEAP("bind:0", "N0=16384"), 1, 1, ": bound to the wrong node\n",
		  "as it runs:   taskset -a -c -p 4-7 500\n" },
		{ "4-7", NULL, NULL, 3, 3, ": not known\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct setting s;
		struct told t, strict, json;
		json_t *doc;

		plant_one(&s, rows[i].cpus, rows[i].policy, rows[i].maps, "/dev/nvidia1");
		t = tell(&s, (struct process_check){ .pid = 500 });
		strict = tell(&s, (struct process_check){ .pid = 500, .strict = true });
		json = tell(&s, (struct process_check){ .pid = 500, .json = true });
		assert_int_equal(t.rc, rows[i].rc);
		assert_int_equal(strict.rc, rows[i].strict);
		assert_int_equal(json.rc, rows[i].rc);
		has(t.text, rows[i].says);
		if (rows[i].mend)
			has(t.text, rows[i].mend);
		else
			assert_null(strstr(t.text, "Fix:"));
		assert_true(longest_line(t.text) <= 80);
		doc = json_loads(json.text, 0, NULL);
		assert_non_null(doc);
		assert_int_equal(json_array_size(json_object_get(doc, "checks")), 2);
		json_decref(doc);
		free(t.text);
		free(strict.text);
		free(json.text);
		end(&s);
	}
}

static void errors(void **state)
{
	struct setting s;
	struct told t;

	(void)state;
	plant_one(&s, "4-7", "bind:1", "", "/dev/null");
	t = tell(&s, (struct process_check){ .pid = 4711 });
	assert_int_equal(t.rc, -ESRCH);
	assert_string_equal(t.e.text, "no process 4711");
	assert_string_equal(t.text, "");
	free(t.text);
	t = tell(&s, (struct process_check){ .pid = 0 });
	assert_int_equal(t.rc, -EINVAL);
	free(t.text);
	end(&s);
}

/* Cores that are shared, GPUs of which only one is meant, memory that is locked. */
static void notes(void **state)
{
	static const struct thread threads[] = {
		{ 500, "python", "4", "0-1", "bind:1", 4 },
		{ 501, "worker", "5", "0-1", "default", 5 },
		{ 502, "worker", "4-7", "0-1", NULL, 5 },
	};
	struct idset one = { 0 };
	struct setting s;
	struct told t;

	(void)state;
	plant_one(&s, "4", "bind:1", HEAP("bind:1", "N1=16384") "7f00 default file=/dev/nvidia0\n",
		  "/dev/nvidia1");
	plant_descriptor(&s.files, 500, 4, "/dev/nvidia3");
	for (size_t i = 0; i < 3; i++)
		plant_thread(&s.files, 500, &threads[i]);
	t = tell(&s, (struct process_check){ .pid = 500, .strict = true });
	has(t.text, "CPUs 4-5, SMT siblings of one core: 2 threads are pinned there, while other");
	has(t.text, "Pinned threads share 1 core");
	has(t.text, "has GPUs 0-1 open, which hang on nodes 0-1");
	has(t.text, "64 KiB of memory is locked");
	has(t.text, "1 area is mapped from the NVIDIA driver");
	has(t.text, "1 thread (501) has the policy default, not the main one's");
	has(t.text, "The policy of 1 thread is not told by the kernel");
	assert_true(longest_line(t.text) <= 80);
	assert_int_equal(t.rc, 1);
	free(t.text);
	/* As the caller says. */
	idset_add(&one, 1);
	t = tell(&s, (struct process_check){ .pid = 500, .gpus = one, .width = 60 });
	has(t.text, "fed from node 1");
	assert_true(longest_line(t.text) <= 60);
	free(t.text);
	end(&s);
}

/* A QEMU guest is judged like any process; its memory and CPUs are mended in libvirt. */
static void a_guest(void **state)
{
	static const struct thread threads[] = {
		{ 500, "qemu-system-x86", "0-7", "0-1", "default", 0 },
		{ 501, "CPU 0/KVM", "0", "0-1", "default", 0 },
	};
	struct setting s;
	struct told t;

	(void)state;
	begin(&s);
	plant_process(&s.files, 500, 1, "qemu-system-x86",
		      "7f00 bind:0 file=/memfd:ram huge dirty=512 N0=512 kernelpagesize_kB=2048\n");
	for (size_t i = 0; i < 2; i++)
		plant_thread(&s.files, 500, &threads[i]);
	plant_descriptor(&s.files, 500, 30, "/dev/vfio/27");
	t = tell(&s, (struct process_check){ .pid = 500 });
	assert_int_equal(t.rc, 1);
	has(t.text, "its vCPUs may run on node 0;");
	has(t.text, "<vcpupin .. cpuset='4-7'/>");
	has(t.text, "0000:41:00.0  node 1  /dev/vfio/27");
	has(t.text, "1024.00");
	free(t.text);
	end(&s);
}

/* A measured node, where it is not the declared one. */
static void a_result(void **state)
{
	struct recommendation r = { .gpu = 1, .has_node = true, .node = 0 };
	struct result res = { .recommendations = &r, .nrecommendations = 1 };
	struct setting s;
	struct told t;

	(void)state;
	plant_one(&s, "0-3", "bind:0", HEAP("bind:0", "N0=16384"), "/dev/nvidia1");
	t = tell(&s, (struct process_check){ .pid = 500, .measured = &res });
	assert_int_equal(t.rc, 0);
	has(t.text, "node 0 as measured (node 1 declared)");
	free(t.text);
	end(&s);
}

/* Hundreds of processes that are alike take a row. */
static void many(void **state)
{
	static const struct thread th = { 0, "x", "4-7", "0-1", "bind:1", 4 };
	struct setting s;
	struct told t;

	(void)state;
	plant_one(&s, "4-7", "bind:1", HEAP("bind:1", "N1=16384"), "/dev/nvidia1");
	for (int pid = 600; pid < 800; pid++) {
		struct thread own = th;

		own.tid = pid;
		plant_process(&s.files, pid, 500, "loader", HEAP("bind:1", "N1=16384"));
		plant_thread(&s.files, pid, &own);
	}
	t = tell(&s, (struct process_check){ .pid = 500 });
	assert_int_equal(t.rc, 0);
	has(t.text, "Process 500 (python) and 200 below it, 201 threads: bound well\n");
	has(t.text, " +199");
	assert_true(strlen(t.text) < 4000);
	free(t.text);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),    cmocka_unit_test(errors),   cmocka_unit_test(notes),
		cmocka_unit_test(a_guest), cmocka_unit_test(a_result), cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
