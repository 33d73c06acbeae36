/* test-binding.c - what the processes of a launch are bound to, and how that is written. */
#include <errno.h>
#include <hwloc.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "machine/probe.h"
#include "planted.h"
#include "render/launch.h"
#include "result/binding.h"

/* A machine with what is declared for its GPUs, and the bindings that came of it. */
struct scene {
	struct machine m;
	struct recommendation *rec;
	size_t nrec, n;
	struct result *res;
	struct binding_want want;
	struct binding *all;
	struct err e;
};

static void is_list(struct idset s, const char *wanted)
{
	char text[8192];

	idset_format(&s, text, sizeof text);
	assert_string_equal(text, wanted);
}

static struct idset up_to(size_t n)
{
	struct idset s = { { 0 } };

	for (size_t i = 0; i < n; i++)
		idset_add(&s, (int)i);
	return s;
}

static void declare(struct scene *s)
{
	assert_int_equal(recommend_declared(&s->m, &s->rec, &s->nrec), 0);
	s->want.gpus = up_to(s->m.ngpus);
}

static void planted(struct scene *s, size_t nodes, int cores, size_t gpus)
{
	*s = (struct scene){ .nrec = 0 };
	plant_machine(&s->m, nodes, cores, gpus);
	s->m.memory_left = (struct known)UNKNOWN("no limit");
	declare(s);
}

static int make(struct scene *s)
{
	free(s->all);
	s->all = NULL;
	s->n = 0;
	return bindings_make(&s->all, &s->n, &s->m, s->rec, s->nrec, s->res, &s->want, &s->e);
}

static void made(struct scene *s)
{
	if (make(s) != 0)
		fail_msg("not made: %s", s->e.text);
}

static void end(struct scene *s)
{
	free(s->all);
	recommendations_free(s->rec, s->nrec);
	machine_release(&s->m);
}

/* What a notation makes of the bindings. */
static char *written(const struct scene *s, const char *name)
{
	static char *const command[] = { "job", NULL };
	struct launch l = { .machine = &s->m,
			    .bindings = s->all,
			    .n = s->n,
			    .command = command,
			    .recommended = s->rec,
			    .nrecommended = s->nrec,
			    .measured = s->res,
			    .want = s->want };
	struct err e = { "" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(notation_find(name));
	if (notation_write(notation_find(name), out, &l, &e) != 0)
		fail_msg("%s: %s", name, e.text);
	fclose(out);
	return text;
}

static void writes(const struct scene *s, const char *name, const char *wanted)
{
	char *text = written(s, name);

	if (!strstr(text, wanted))
		fail_msg("%s: no '%s' in:\n%s", name, wanted, text);
	free(text);
}

/* Every process has cores that no other has, all cores are given away, and no core is torn. */
static void disjoint(const struct scene *s, size_t cpus_each)
{
	struct idset taken = { { 0 } };

	for (size_t i = 0; i < s->n; i++) {
		struct idset meet = idset_and(&taken, &s->all[i].cpus);
		const struct node *home = machine_node(&s->m, s->all[i].node);
		struct idset outside = idset_minus(&s->all[i].cpus, &home->cpus);

		assert_true(idset_empty(&meet));
		assert_true(idset_empty(&outside));
		assert_false(s->all[i].cpus_shared);
		assert_int_equal(idset_count(&s->all[i].cpus), cpus_each);
		taken = idset_or(&taken, &s->all[i].cpus);
		for (size_t k = 0; k < home->ncores; k++) {
			struct idset of = idset_and(&home->cores[k].cpus, &s->all[i].cpus);

			assert_true(idset_empty(&of) || idset_equal(&of, &home->cores[k].cpus));
		}
	}
	assert_true(idset_equal(&taken, &s->m.allowed_cpus));
}

/* ---- sixteen GPUs on two nodes of 24 cores, as hwloc makes them ---- */

static void from_hwloc(struct scene *s, const char *description)
{
	char path[] = "/tmp/numabench-binding.XXXXXX";
	int fd = mkstemp(path);
	struct probe_spec spec = probe_spec_default();
	hwloc_topology_t t;

	*s = (struct scene){ .nrec = 0 };
	assert_true(fd >= 0);
	close(fd);
	hwloc_topology_init(&t);
	assert_int_equal(hwloc_topology_set_synthetic(t, description), 0);
	assert_int_equal(hwloc_topology_load(t), 0);
	assert_int_equal(hwloc_topology_export_xml(t, path, 0), 0);
	hwloc_topology_destroy(t);
	spec.recorded = path;
	spec.gpus = false;
	if (machine_probe(&s->m, &spec, &s->e) != 0)
		fail_msg("%s", s->e.text);
	unlink(path);
}

static void give_gpus(struct scene *s, size_t n)
{
	const struct known none = UNKNOWN("not asked");

	s->m.gpus = calloc(n, sizeof *s->m.gpus);
	s->m.ngpus = n;
	for (size_t i = 0; i < n; i++) {
		struct gpu *g = &s->m.gpus[i];

		*g = (struct gpu){ .index = (int)i,
				   .node_sysfs = KNOWN(s->m.nodes[i * s->m.nnodes / n].id),
				   .node_nvml = none,
				   .node_cuda = none,
				   .minor = none };
		snprintf(g->pci, sizeof g->pci, "0000:%02x:00.0", (unsigned)i + 16);
	}
	declare(s);
}

static void test_sixteen(void **state)
{
	struct scene s;

	(void)state;
	from_hwloc(&s, "pack:2 [numa(memory=64GB)] core:24 pu:2");
	give_gpus(&s, 16);
	made(&s);
	assert_int_equal(s.n, 16);
	disjoint(&s, 6);
	is_list(s.all[0].cpus, "0-5");
	is_list(s.all[15].cpus, "90-95");
	is_list(s.all[15].memory_nodes, "1");
	writes(&s, "numactl", "# GPU 15\nnumactl --physcpubind=90-95 --membind=1 job\n");
	writes(&s, "hwloc-bind",
	       "hwloc-bind --physical --strict --cpubind pu:90-95 --membind numanode:1 -- job\n");
	writes(&s, "taskset", "taskset -c 90-95 job\n");
	writes(&s, "openmp",
	       "OMP_NUM_THREADS=3 OMP_PROC_BIND=close OMP_PLACES='{90,91},{92,93},{94,95}' "
	       "GOMP_CPU_AFFINITY=90,92,94 job\n");
	writes(&s, "systemd", "\nCPUAffinity=90-95\nNUMAPolicy=bind\nNUMAMask=1\n");
	writes(&s, "slurm", "Name=gpu File=/dev/nvidia15 Cores=24-47\n");
	writes(&s, "slurm", "--cpu-bind=mask_cpu:0x3f,0xfc0,");
	writes(&s, "slurm",
	       ",0xfc0000000000000000000000 "
	       "--mem-bind=map_mem:0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1 job\n");
	writes(&s, "python", "    (15, \"90-95\", \"bind\", \"1\"),\n]\n");
	writes(&s, "docker", "--cpuset-cpus=90-95 --cpuset-mems=1 --gpus device=15 IMAGE job\n");
	writes(&s, "kubernetes", "        cpu: \"4\"\n"); /* the kubelet keeps a core of node 0's */
	writes(&s, "libvirt", "<vcpupin vcpu='95' cpuset='95'/>");
	writes(&s, "libvirt", "<cell id='1' cpus='48-95' memory='");
	writes(&s, "openmpi", " : -np 1 numactl --physcpubind=90-95 --membind=1 job\n");
	writes(&s, "torchrun",
	       "torchrun --nproc-per-node=16 --no-python numabench bind --rank "
	       "auto -- job\n");
	writes(&s, "openstack", "cpu_dedicated_set = 0-95\n");
	end(&s);
}

static void test_smt_one(void **state)
{
	struct scene s;

	(void)state;
	from_hwloc(&s, "pack:2 [numa(memory=64GB)] core:24 pu:2");
	give_gpus(&s, 16);
	s.want.smt = SMT_ONE;
	made(&s);
	is_list(s.all[0].cpus, "0,2,4");
	is_list(s.all[15].cpus, "90,92,94");
	writes(&s, "hwloc-bind", "--cpubind pu:90 pu:92 pu:94 --membind");
	writes(&s, "openmp", "OMP_PLACES='{90},{92},{94}'");
	writes(&s, "slurm", "mask_cpu:0x15,0x540,");
	writes(&s, "libvirt", "<topology sockets='2' cores='24' threads='1'/>");
	end(&s);
}

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

/* ---- memory ---- */

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
	       "at 50 % of the rate\nnumactl --physcpubind=0-7 --interleave=0-1 job\n");
	s.want.need = 8ULL << 30;
	made(&s);
	assert_true(fabs(s.all[0].rate - 0.5) < 1e-9);
	s.res = NULL;
	made(&s);
	assert_true(isnan(s.all[0].rate));
	free(s.all);
	result_release(&res);
}

/* Copies are faster from node 0, small ones answer sooner from node 1. */
static void test_latency(void **state)
{
	struct result res;
	struct scene s = { .nrec = 0 };

	(void)state;
	plant_result(&res, 2, 4, 1);
	for (int n = 0; n < 2; n++) {
		plant_record(&res, (struct planted){ .test = "gpu-bandwidth",
						     .node = n,
						     .rounds = 12,
						     .openings = 3,
						     .figure = n ? 10e9 : 30e9 });
		plant_record(&res, (struct planted){ .test = "gpu-latency",
						     .node = n,
						     .rounds = 12,
						     .openings = 3,
						     .figure = n ? 2e-6 : 3e-6 });
	}
	assert_int_equal(recommend(&res), 0);
	assert_int_equal(res.recommendations[0].node, 0);
	s.m = res.machine;
	s.rec = res.recommendations;
	s.nrec = res.nrecommendations;
	s.res = &res;
	s.want.gpus = up_to(1);
	s.m.memory_left = (struct known)UNKNOWN("no limit");
	made(&s);
	writes(&s, "lines", "\nnumactl --physcpubind=0-7 --membind=0 job\n");
	writes(&s, "lines",
	       "# GPU 0, lowest latency: node 1, where pinned h2d latency of 4 KiB is 1.50x as "
	       "good "
	       "as on node 0\nnumactl --physcpubind=8-15 --membind=1 job\n");
	free(s.all);
	result_release(&res);
}

/* NICs of the GPU's node are named, others are not; where binding does not matter, that is said. */
static void test_lines(void **state)
{
	static struct device devices[] = {
		{ .kind = DEVICE_NIC, .name = "mlx5_0", .node = KNOWN(0) },
		{ .kind = DEVICE_NVME, .name = "nvme0", .node = KNOWN(0) },
		{ .kind = DEVICE_NIC, .name = "mlx5_1", .node = KNOWN(1) },
		{ .kind = DEVICE_NIC, .name = "eth0", .node = KNOWN(0) },
	};
	struct scene s;

	(void)state;
	planted(&s, 2, 4, 1);
	s.m.devices = devices;
	s.m.ndevices = sizeof devices / sizeof devices[0];
	made(&s);
	writes(&s, "lines", "# NICs near it: mlx5_0, eth0\n");
	snprintf(s.rec[0].why, sizeof s.rec[0].why, "binding makes no measurable difference here");
	writes(&s, "lines", "): binding makes no measurable difference here\n");
	s.m.devices = NULL;
	end(&s);
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
	assert_non_null(strstr(s.all[0].note, "node 0 has no memory to bind to"));
	assert_non_null(strstr(s.all[0].note, "the nearest memory is node 1's"));
	writes(&s, "numactl", "numactl --physcpubind=0-3 job\n");
	writes(&s, "docker", "--cpuset-cpus=0-3 --gpus");
	end(&s);
}

/* Nodes 0 and 8, CPUs with a gap, as POWER9 and machines with cores switched off have them. */
static void test_sparse(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 2, 2, 2);
	s.m.nodes[1].id = 8;
	s.m.nodes[1].cores[0].cpus = (struct idset){ .word[1] = 3ULL << 24 }; /* 88-89 */
	s.m.nodes[1].cores[1].cpus = (struct idset){ .word[1] = 3ULL << 32 }; /* 96-97 */
	s.m.nodes[1].cpus = idset_or(&s.m.nodes[1].cores[0].cpus, &s.m.nodes[1].cores[1].cpus);
	s.m.nodes[1].allowed_cpus = s.m.nodes[1].cpus;
	s.m.allowed_cpus = idset_or(&s.m.nodes[0].cpus, &s.m.nodes[1].cpus);
	s.m.gpus[1].node_sysfs = KNOWN(8);
	recommendations_free(s.rec, s.nrec);
	declare(&s);
	made(&s);
	writes(&s, "numactl", "numactl --physcpubind=88-89,96-97 --membind=8 job");
	writes(&s, "hwloc-bind", "--cpubind pu:88-89 pu:96-97 --membind numanode:8 --");
	writes(&s, "openmp", "OMP_PLACES='{88,89},{96,97}' GOMP_CPU_AFFINITY=88,96");
	writes(&s, "slurm", "File=/dev/nvidia1 Cores=2-3\n"); /* its own numbers have no gaps */
	writes(&s, "slurm",
	       "mask_cpu:0xf,0x3030000000000000000000000 --mem-bind=map_mem:0,8 job\n");
	writes(&s, "libvirt", "<vcpupin vcpu='4' cpuset='88'/>");
	writes(&s, "libvirt", "<memnode cellid='1' mode='strict' nodeset='8'/>");
	writes(&s, "kubernetes", "- numaNode: 8\n");
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

/* 1,024 CPUs on one node; one GPU of two has half of them. */
static void test_many_cpus(void **state)
{
	struct scene s;
	char *text, zeros[260];

	(void)state;
	planted(&s, 1, 512, 2);
	made(&s);
	disjoint(&s, 512);
	is_list(s.all[1].cpus, "512-1023");
	text = written(&s, "slurm");
	memset(zeros, '0', 128);
	zeros[128] = '\0';
	assert_non_null(strstr(text, zeros)); /* 512 bits of nothing behind 512 of all */
	memset(zeros, 'f', 128);
	assert_non_null(strstr(text, zeros));
	free(text);
	s.want.smt = SMT_ONE; /* the longest list that there is: no two are neighbours */
	made(&s);
	text = written(&s, "taskset");
	assert_non_null(strstr(text, ",1020,1022 job\n"));
	free(text);
	text = written(&s, "openmp");
	assert_non_null(strstr(text, "OMP_NUM_THREADS=256 "));
	assert_non_null(strstr(text, "{1020},{1022}'"));
	free(text);
	end(&s);
}

/* What cannot be said is refused, not said wrongly. */
static void test_unspeakable(void **state)
{
	static const struct {
		const char *name;
		enum binding_memory memory;
		enum binding_smt smt;
		const char *says;
	} rows[] = {
		{ "docker", BINDING_PREFERRED, SMT_ALL, "confined to a node, not kept near it" },
		{ "podman", BINDING_PREFERRED, SMT_ALL, "confined to a node, not kept near it" },
		{ "kubernetes", BINDING_INTERLEAVE, SMT_ALL, "confines memory to one node" },
		{ "kubernetes", BINDING_BIND, SMT_ONE, "--smt all" },
		{ "openstack", BINDING_PREFERRED, SMT_ALL, "--memory bind or none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scene s;
		struct launch l = { .n = 2 };
		FILE *out = fopen("/dev/null", "w");

		planted(&s, 2, 2, 2);
		s.want.memory = rows[i].memory;
		s.want.smt = rows[i].smt;
		made(&s);
		l.machine = &s.m;
		l.bindings = s.all;
		l.want = s.want;
		assert_int_equal(notation_write(notation_find(rows[i].name), out, &l, &s.e),
				 -ENOTSUP);
		if (!strstr(s.e.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].name, s.e.text);
		fclose(out);
		end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sixteen),       cmocka_unit_test(test_smt_one),
		cmocka_unit_test(test_among),         cmocka_unit_test(test_more_gpus_than_cores),
		cmocka_unit_test(test_confined),      cmocka_unit_test(test_need),
		cmocka_unit_test(test_need_together), cmocka_unit_test(test_rate),
		cmocka_unit_test(test_latency),       cmocka_unit_test(test_lines),
		cmocka_unit_test(test_memoryless),    cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_undeclared),    cmocka_unit_test(test_many_cpus),
		cmocka_unit_test(test_unspeakable),
	};

	return cmocka_run_group_tests_name("binding", tests, NULL, NULL);
}
