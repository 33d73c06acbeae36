/* test-launch.c - bindings in every notation. */
#include <errno.h>
#include <hwloc.h>
#include <unistd.h>

#include "bindings.h"
#include "machine/probe.h"

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
	writes(&s, "numactl",
	       "# GPU 15\nenv CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=15 numactl "
	       "--physcpubind=90-95 --membind=1 job\n");
	writes(&s, "hwloc-bind",
	       "hwloc-bind --physical --strict --cpubind pu:90-95 --membind numanode:1 -- job\n");
	writes(&s, "taskset", "taskset -c 90-95 job\n");
	writes(&s, "openmp",
	       "OMP_NUM_THREADS=3 OMP_PROC_BIND=close OMP_PLACES='{90,91},{92,93},{94,95}' "
	       "GOMP_CPU_AFFINITY=90,92,94 job\n");
	writes(&s, "systemd", "\nCPUAffinity=\nCPUAffinity=90-95\nNUMAPolicy=bind\n");
	writes(&s, "systemd", "\nNUMAMask=\nNUMAMask=1\n");
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
	writes(&s, "lines", " numactl --physcpubind=0-7 --membind=0 job\n");
	writes(&s, "lines",
	       "# GPU 0, lowest latency: node 1, where pinned h2d latency of 4 KiB is 1.50x as "
	       "good "
	       "as on node 0\nenv CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0 numactl "
	       "--physcpubind=8-15 --membind=1 job\n");
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

/* The word behind the n-th `before`, up to one of `ends`, as its tool reads it: hexadecimal digits,
 * or numbers and ranges whatever stands between them. */
static struct idset read_set(const char *text, const char *before, size_t n, const char *ends,
			     bool hexadecimal)
{
	struct idset s = { { 0 } };
	size_t length;

	for (size_t i = 0; i <= n; i++) {
		text = strstr(text, before);
		assert_non_null(text);
		text += strlen(before);
	}
	length = strcspn(text, ends);
	for (size_t i = 0; hexadecimal && i < length; i++) {
		int digit = text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10;

		for (int bit = 0; bit < 4; bit++)
			if (digit >> bit & 1)
				idset_add(&s, 4 * (int)(length - 1 - i) + bit);
	}
	for (const char *at = text, *end = text + length; !hexadecimal && at < end;) {
		char *behind;
		long from = strtol(at, &behind, 10), to = from;

		if (behind == at) {
			at++;
			continue;
		}
		if (*behind == '-')
			to = strtol(behind + 1, &behind, 10);
		for (; from <= to; from++)
			idset_add(&s, (int)from);
		at = behind;
	}
	return s;
}

/* 2,048 CPUs on two nodes, sixteen GPUs: what is written is read back as what was bound, in ranges
 * and, of first siblings alone, in the longest lists that there are. */
static void test_many_cpus(void **state)
{
	static const struct {
		const char *notation, *before, *ends;
		bool hexadecimal;
	} rows[] = {
		{ "numactl", "--physcpubind=", " ", false },
		{ "hwloc-bind", "--cpubind ", "m", false },
		{ "taskset", "taskset -c ", " ", false },
		{ "openmp", "OMP_PLACES='", "'", false },
		{ "systemd", "CPUAffinity=\nCPUAffinity=", "\n", false },
		{ "slurm", "0x", ", ", true },
		{ "python", "    (", "b", false }, /* the GPU's number is in it */
		{ "docker", "--cpuset-cpus=", " ", false },
		{ "podman", "--cpuset-cpus=", " ", false },
		{ "openmpi", "--physcpubind=", " ", false },
		{ "mpich", "--physcpubind=", " ", false },
	};

	(void)state;
	for (enum binding_smt smt = SMT_ALL; smt <= SMT_ONE; smt++) {
		struct scene s;

		planted(&s, 2, 512, 16);
		s.want.smt = smt;
		made(&s);
		if (smt == SMT_ALL)
			disjoint(&s, 128);
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			char *text = written(&s, rows[i].notation);

			for (size_t k = 0; k < s.n; k++) {
				struct idset wanted = s.all[k].cpus;
				struct idset got = read_set(text, rows[i].before, k, rows[i].ends,
							    rows[i].hexadecimal);

				if (strcmp(rows[i].notation, "python") == 0)
					idset_add(&wanted, (int)k);
				if (!idset_equal(&got, &wanted))
					fail_msg("%s: the CPUs of GPU %zu", rows[i].notation, k);
			}
			free(text);
		}
		end(&s);
	}
}

/* Our own line makes the same binding again: by the same result, with the same wishes. */
static void test_ours(void **state)
{
	struct scene s;

	(void)state;
	planted(&s, 2, 4, 4);
	s.from = "my results/r.json";
	s.want.memory = BINDING_PREFERRED;
	s.want.smt = SMT_ONE;
	s.want.need = 1 << 20;
	made(&s);
	writes(&s, "lines",
	       "\nnumabench bind --gpu 3 --from 'my results/r.json' --memory preferred --smt one "
	       "--need 1048576 -- job\n");
	writes(&s, "torchrun",
	       "--no-python numabench bind --rank auto --from 'my results/r.json' --memory "
	       "preferred --smt one --need 1048576 -- job\n");
	/* Other hosts have other results. */
	writes(&s, "openmpi",
	       "# on several hosts: mpirun --bind-to none numabench bind --rank auto --memory "
	       "preferred --smt one --need 1048576 -- COMMAND\n");
	s.want = (struct binding_want){ .gpus = { { 0xa } } };
	made(&s);
	writes(&s, "openmpi",
	       "env CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=1,3 mpirun --bind-to none "
	       "-np 1 numactl ");
	end(&s);
}

/* QEMU's machine is its architecture's: POWER has host bridges and no expander. */
static void test_architecture(void **state)
{
	static const struct {
		const char *told, *machine, *bridge, *gpu;
	} rows[] = {
		{ "x86_64", "machine='q35'", "model='pcie-expander-bus'",
		  "bus='0x02' slot='0x00'" },
		{ "aarch64", "machine='virt'", "model='pcie-expander-bus'",
		  "bus='0x02' slot='0x00'" },
		{ "ppc64le", "machine='pseries'", "<target index='1'>", "bus='0x01' slot='0x01'" },
	};
	struct scene s;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		planted(&s, 2, 2, 1);
		s.m.host = json_pack("{s:{s:s}}", "identity", "architecture", rows[i].told);
		made(&s);
		writes(&s, "libvirt", rows[i].told);
		writes(&s, "libvirt", rows[i].machine);
		writes(&s, "libvirt", rows[i].bridge);
		writes(&s, "libvirt", rows[i].gpu);
		end(&s);
	}
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
		{ "openstack", BINDING_INTERLEAVE, SMT_ALL, "to one node of the host" },
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
		cmocka_unit_test(test_sixteen),      cmocka_unit_test(test_smt_one),
		cmocka_unit_test(test_latency),      cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sparse),       cmocka_unit_test(test_many_cpus),
		cmocka_unit_test(test_unspeakable),  cmocka_unit_test(test_ours),
		cmocka_unit_test(test_architecture),
	};

	return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
