/* test-binding.c - the processes of a launch: cores shared out, memory that fits. */
#include <errno.h>
#include <math.h>

#include "bindings.h"

/* Shares stay the same whichever GPUs are asked for, where it is told among whom. */
static void test_among(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 2, 4, 4); /* GPUs 0 and 2 on node 0 */
	s.want.gpus = (struct idset){ { 4 } };
	made(&s);
	assert_int_equal(s.n, 1);
	is_list(s.all[0].cpus, "0-7"); /* the only process */
	s.want.among = up_to(4);
	made(&s);
	is_list(s.all[0].cpus, "4-7");
	end(&s);
}

static void test_more_gpus_than_cores(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 1, 2, 4);
	made(&s);
	assert_true(s.all[0].cpus_shared && s.all[3].cpus_shared);
	is_list(s.all[0].cpus, "0-1");
	is_list(s.all[3].cpus, "2-3");
	end(&s);
}

static void test_confined(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 2, 2, 2);
	s.m.allowed_cpus =
		(struct idset){ { 0x3f } }; /* CPUs 6-7, a core of node 1, are not ours */
	made(&s);
	is_list(s.all[0].cpus, "0-3");
	is_list(s.all[1].cpus, "4-5");
	s.m.allowed_cpus = (struct idset){ { 0x0f } };
	assert_int_equal(make(&s), -EINVAL);
	assert_non_null(strstr(s.e.text, "GPU 1: none of the CPUs of node 1 may be used"));
	end(&s);
}

static void give_room(struct scene *s, const long long gib[])
{
	for (size_t i = 0; i < s->m.nnodes; i++)
		s->m.nodes[i].giveable_bytes = KNOWN(gib[i] << 30);
}

static void test_need(void **state)
{
	static const struct {
		const char *name;
		long long room[4], need, limit;
		size_t gpus;
		enum binding_memory memory;
		const char *nodes[4]; /* of each GPU; NULL at the first: -ENOSPC */
		const char *says;
	} rows[] = {
		{ "it fits", { 9, 9, 9, 9 }, 8, 0, 1, BINDING_BIND, { "0" }, "" },
		{ "to the byte", { 8, 9, 9, 9 }, 8, 0, 1, BINDING_BIND, { "0" }, "" },
		{ "over two",
		  { 7, 5, 9, 9 },
		  10,
		  0,
		  1,
		  BINDING_BIND,
		  { "0-1" },
		  "10 GiB do not fit on node 0: interleaved over nodes 0-1" },
		{ "a small one is left out",
		  { 7, 1, 7, 7 },
		  12,
		  0,
		  1,
		  BINDING_BIND,
		  { "0,2" },
		  "over nodes 0,2" },
		{ "three", { 4, 4, 4, 4 }, 12, 0, 1, BINDING_BIND, { "0-2" }, "over nodes 0-2" },
		{ "a full node at home", { 1, 9, 9, 9 }, 16, 0, 1, BINDING_BIND, { "1-2" }, "" },
		{ "too much", { 4, 4, 4, 4 }, 17, 0, 1, BINDING_BIND, { NULL }, "17 GiB needed" },
		{ "two of a node",
		  { 9, 9, 9, 9 },
		  4,
		  0,
		  4,
		  BINDING_BIND,
		  { "0", "1", "2", "3" },
		  "" },
		{ "all nodes' own",
		  { 9, 9, 9, 9 },
		  9,
		  0,
		  4,
		  BINDING_BIND,
		  { "0", "1", "2", "3" },
		  "" },
		{ "what others have is not given twice",
		  { 9, 9, 9, 9 },
		  10,
		  0,
		  4,
		  BINDING_BIND,
		  { NULL },
		  "10 GiB needed" },
		{ "others first", { 2, 9, 9, 2 }, 6, 0, 3, BINDING_BIND, { "1-2", "1", "2" }, "" },
		{ "nothing left", { 2, 9, 9, 2 }, 8, 0, 3, BINDING_BIND, { NULL }, "8 GiB needed" },
		{ "the cgroup's limit",
		  { 9, 9, 9, 9 },
		  8,
		  15,
		  2,
		  BINDING_BIND,
		  { NULL },
		  "2 times 8 GiB needed, and the cgroup's memory limit leaves 15 GiB" },
		{ "spills",
		  { 7, 9, 9, 9 },
		  8,
		  0,
		  1,
		  BINDING_PREFERRED,
		  { "0" },
		  "8 GiB do not fit on node 0, which gives 7 GiB: the rest goes to other" },
		{ "everywhere", { 2, 9, 9, 9 }, 8, 0, 1, BINDING_INTERLEAVE, { "0-3" }, "" },
		{ "not everywhere",
		  { 2, 9, 9, 9 },
		  9,
		  0,
		  1,
		  BINDING_INTERLEAVE,
		  { NULL },
		  "9 GiB needed, and all nodes in turn give 8 GiB" },
		{ "no policy", { 1, 1, 1, 1 }, 9, 0, 1, BINDING_NONE, { "" }, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scene s;
		int rc;

		print_message("# %s\n", rows[i].name);
		planted(&s, 4, 4, rows[i].gpus);
		give_room(&s, rows[i].room);
		if (rows[i].limit)
			s.m.memory_left = KNOWN(rows[i].limit << 30);
		s.want.need = (uint64_t)rows[i].need << 30;
		s.want.memory = rows[i].memory;
		rc = make(&s);
		assert_int_equal(rc, rows[i].nodes[0] ? 0 : -ENOSPC);
		for (size_t k = 0; rc == 0 && k < rows[i].gpus; k++)
			is_list(s.all[k].memory_nodes, rows[i].nodes[k]);
		if (!strstr(rc ? s.e.text : s.all[0].note, rows[i].says))
			fail_msg("'%s' does not say '%s'", rc ? s.e.text : s.all[0].note,
				 rows[i].says);
		end(&s);
	}
}

static void test_need_together(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 2, 4, 4); /* two GPUs a node */
	give_room(&s, (const long long[]){ 10, 40 });
	s.want.need = 6ULL << 30;
	made(&s); /* twelve do not fit on node 0 of ten, and six of them on each do */
	is_list(s.all[0].memory_nodes, "0-1");
	is_list(s.all[2].memory_nodes, "0-1");
	is_list(s.all[1].memory_nodes, "1");
	assert_int_equal(s.all[0].memory, BINDING_INTERLEAVE);
	assert_int_equal(s.all[1].memory, BINDING_BIND);
	assert_non_null(strstr(s.all[0].note, "2 times 6 GiB do not fit on node 0"));
	writes(&s, "numactl", "numactl --physcpubind=0-3 --interleave=0-1 job\n");
	writes(&s, "slurm", "--mem-bind=mask_mem:0x3,0x2,0x3,0x2 job\n");
	writes(&s, "python", "(0, \"0-3\", \"interleave\", \"0-1\"),");
	writes(&s, "libvirt", "<memnode cellid='0' mode='interleave' nodeset='0-1'/>");
	s.want.need = 1ULL << 62;
	assert_int_equal(make(&s), -ENOSPC);
	end(&s);
}

/* 30 GB/s out of node 0, 10 out of node 1: in turn it takes (1/30 + 1/10)/2 a byte. */
static void test_rate(void **state)
{
	struct result res;
	struct scene s = { .nrec = 0 };

	(void)state;
	plant_result(&res, 2, 4, 1);
	for (int n = 0; n < 2; n++)
		plant_record(&res, (struct planted){ .test = "gpu-bandwidth",
						     .node = n,
						     .rounds = 12,
						     .openings = 3,
						     .figure = n ? 10e9 : 30e9 });
	assert_int_equal(recommend(&res), 0);
	s.m = res.machine;
	s.rec = res.recommendations;
	s.nrec = res.nrecommendations;
	s.res = &res;
	s.want.gpus = up_to(1);
	give_room(&s, (const long long[]){ 4, 4 });
	s.m.memory_left = (struct known)UNKNOWN("no limit");
	made(&s);
	assert_true(isnan(s.all[0].rate));
	writes(&s, "lines",
	       "# GPU 0, more memory than node 0 gives (4 GiB): copies to the GPU run "
	       "at 50 % of the rate\nenv CUDA_DEVICE_ORDER=PCI_BUS_ID "
	       "CUDA_VISIBLE_DEVICES=0 numactl --physcpubind=0-7 --interleave=0-1 job\n");
	s.want.need = 8ULL << 30;
	made(&s);
	assert_true(fabs(s.all[0].rate - 0.5) < 1e-9);
	assert_string_equal(s.all[0].note, "8 GiB do not fit on node 0: interleaved over nodes "
					   "0-1; copies to the GPU run at 50 % of the rate");
	s.want.need = 0;
	s.want.memory = BINDING_INTERLEAVE;
	made(&s);
	assert_string_equal(s.all[0].note, "copies to the GPU run at 50 % of the rate");
	s.res = NULL;
	made(&s);
	assert_true(isnan(s.all[0].rate));
	free(s.all);
	result_release(&res);
}

static void test_memoryless(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 3, 2, 1);
	s.m.nodes[0].kind = NODE_MEMORYLESS;
	s.m.nodes[0].allowed = false;
	made(&s);
	is_list(s.all[0].cpus, "0-3");
	is_list(s.all[0].memory_nodes, "");
	assert_int_equal(s.all[0].memory, BINDING_NONE);
	assert_string_equal(s.all[0].note, "node 0 has no memory to bind to: its CPUs alone are "
					   "bound (the nearest memory is node 1's)");
	writes(&s, "numactl", "numactl --physcpubind=0-3 job\n");
	writes(&s, "docker", "--cpuset-cpus=0-3 --gpus");
	/* A cpuset may leave the node's CPUs and not its memory. */
	s.m.nodes[0].kind = NODE_ORDINARY;
	made(&s);
	assert_int_equal(s.all[0].memory, BINDING_NONE);
	assert_non_null(
		strstr(s.all[0].note, "node 0 has no memory that may be used here (cpuset)"));
	end(&s);
}

/* Where binding makes no difference, that is known of the binding. */
static void test_needless(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 1, 2, 1);
	made(&s);
	assert_true(binding_needless(&s.all[0]));
	assert_non_null(strstr(s.all[0].from->why, "nothing to choose"));
	end(&s);
	planted(&s, 2, 2, 1);
	made(&s);
	assert_false(binding_needless(&s.all[0])); /* not measured */
	s.rec[0].matters = MATTERS_NO;
	assert_true(binding_needless(&s.all[0]));
	s.rec[0].matters = MATTERS_UNDECIDED;
	assert_false(binding_needless(&s.all[0]));
	end(&s);
}

static void test_undeclared(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 2, 2, 1);
	recommendations_free(s.rec, s.nrec);
	s.m.gpus[0].node_sysfs = UNKNOWN("not declared (numa_node is -1)");
	declare(&s);
	assert_int_equal(make(&s), -ENODEV);
	assert_non_null(strstr(s.e.text, "GPU 0: no node is declared for it (not declared"));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_among),         cmocka_unit_test(test_more_gpus_than_cores),
		cmocka_unit_test(test_confined),      cmocka_unit_test(test_need),
		cmocka_unit_test(test_need_together), cmocka_unit_test(test_rate),
		cmocka_unit_test(test_memoryless),    cmocka_unit_test(test_undeclared),
		cmocka_unit_test(test_needless),
	};

	return cmocka_run_group_tests_name("binding", tests, NULL, NULL);
}
