/* test-text.c - the report for a person, of results put together by hand. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "render/render.h"
#include "result/result.h"

enum { NODES = 2, GPUS = 8, SAMPLES = 12 };

static void add_node(struct machine *m, int id, int first_cpu, int cores)
{
	struct node n = {
		.id = id,
		.kind = cores ? NODE_ORDINARY : NODE_CPULESS,
		.package = KNOWN(id),
		.memory_bytes = KNOWN(512LL << 30),
		.allowed = true,
		.ncores = (size_t)cores,
		.cores = calloc((size_t)cores + 1, sizeof *n.cores),
	};

	for (int i = 0; i < cores; i++) {
		idset_add(&n.cpus, first_cpu + i);
		idset_add(&n.cores[i].cpus, first_cpu + i);
		idset_add(&m->allowed_cpus, first_cpu + i);
	}
	n.allowed_cpus = n.cpus;
	m->nodes = realloc(m->nodes, (m->nnodes + 1) * sizeof n);
	m->nodes[m->nnodes++] = n;
}

static void add_gpu(struct machine *m, int node)
{
	struct gpu g = {
		.index = (int)m->ngpus,
		.state = GPU_USABLE,
		.name = "NVIDIA H200",
		.node_sysfs = KNOWN(node),
		.node_nvml = UNKNOWN("not asked"),
		.node_cuda = UNKNOWN("not asked"),
	};

	snprintf(g.pci, sizeof g.pci, "0000:%02x:00.0", 0x17 + g.index);
	m->gpus = realloc(m->gpus, (m->ngpus + 1) * sizeof g);
	m->gpus[m->ngpus++] = g;
}

static void start(struct result *res)
{
	result_init(res);
	snprintf(res->run.id, sizeof res->run.id, "dgx1-20261121T012806Z");
	snprintf(res->run.started, sizeof res->run.started, "2026-11-21T01:28:06Z");
	snprintf(res->run.version, sizeof res->run.version, "0.1.0");
	res->run.seconds = 118.3;
	res->run.complete = true;
	res->verdict.status = VERDICT_PASS;
}

static struct record *add_record(struct result *res, const char *test, const char *metric,
				 double value, int cpu_node, int mem_node)
{
	bool rate = value > 1;
	struct record r;

	record_init(&r);
	snprintf(r.test, sizeof r.test, "%s", test);
	snprintf(r.metric, sizeof r.metric, "%s", metric);
	snprintf(r.unit, sizeof r.unit, "%s", rate ? "B/s" : "s");
	r.better = rate ? BETTER_HIGHER : BETTER_LOWER;
	r.cpu_node = cpu_node;
	r.mem_node = mem_node;
	for (int i = 0; i < SAMPLES; i++)
		record_sample(&r, value * (1 + 1e-4 * (i - 6)), i, i, i / 4);
	record_set(&r, "test", "metric", "unit", "better", "cpu_node", "mem_node", "placement",
		   NULL);
	record_summarise(&r);
	r.placement.proof = PROOF_MOVE_PAGES;
	assert_int_equal(result_add(res, &r), 0);
	return &res->records[res->nrecords - 1];
}

static struct record *add_copy(struct result *res, const char *test, const char *metric,
			       double value, int node, int gpu, enum memory_kind memory,
			       enum direction direction)
{
	struct record *r = add_record(res, test, metric, value, node, node);

	r->gpu = gpu;
	r->memory = memory;
	r->direction = direction;
	r->bytes = value > 1 ? 64 << 20 : 4;
	record_set(r, "gpu", "memory", "direction", "bytes", NULL);
	return r;
}

static void fail_record(struct record *r, enum status status, const char *reason)
{
	free(r->samples.v);
	r->samples = (struct series){ 0 };
	record_summarise(r);
	record_status(r, status, "%s", reason);
}

static void add_memory(struct result *res, int nodes)
{
	static const char *const metrics[] = { "read", "fill", "copy", "scale", "add", "triad" };

	for (int cpu = 0; cpu < nodes; cpu++)
		for (int mem = 0; mem < nodes; mem++) {
			for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
				add_record(res, "mem-bandwidth", metrics[i],
					   (cpu == mem ? 161.2e9 : 75.3e9) + (double)i * 1e9, cpu,
					   mem);
			add_record(res, "mem-latency", "latency", cpu == mem ? 89.3e-9 : 141.7e-9,
				   cpu, mem);
		}
}

static void recommend_node(struct result *res, int gpu, int node, enum matters matters)
{
	struct recommendation r = {
		.gpu = gpu,
		.has_node = true,
		.node = node,
		.measured = true,
		.advantage = 1.38,
		.low = 1.36,
		.high = 1.40,
		.agreement = AGREES,
		.matters = matters,
		.nevidence = 2,
		.evidence = calloc(2, sizeof *r.evidence),
	};

	for (size_t i = 0; i < 2; i++)
		r.evidence[i] = (struct evidence){
			.test = "gpu-bandwidth",
			.metric = "bandwidth",
			.has_direction = true,
			.has_memory = true,
			.direction = i ? DIR_D2H : DIR_H2D,
			.memory = MEM_PINNED,
			.best = node,
			.other = 1 - node,
			.advantage = matters == MATTERS_YES ? 1.38 : 1.001,
			.low = matters == MATTERS_YES ? 1.36 : 0.999,
			.high = matters == MATTERS_YES ? 1.40 : 1.002,
			.matters = matters,
		};
	idset_add(&r.cpus, node * 48 + gpu % 4 * 12);
	idset_add(&r.cpus, node * 48 + gpu % 4 * 12 + 1);
	if (matters == MATTERS_NO)
		snprintf(r.why, sizeof r.why, "binding makes no measurable difference here");
	else
		snprintf(r.why, sizeof r.why,
			 "node %d: pinned h2d 1.38x node %d, 95 %% interval 1.36-1.40; declared: "
			 "node %d, agrees",
			 node, 1 - node, node);
	res->recommendations =
		realloc(res->recommendations, (res->nrecommendations + 1) * sizeof r);
	res->recommendations[res->nrecommendations++] = r;
}

/* Two nodes, `gpus` GPUs, half of them on each; the last GPU finds the nodes alike. */
static void fill_server(struct result *res, int gpus)
{
	static const struct {
		enum memory_kind memory;
		enum direction direction;
		double near, far;
	} kinds[] = {
		{ MEM_PINNED, DIR_H2D, 26.24e9, 19.01e9 },
		{ MEM_PINNED, DIR_D2H, 26.31e9, 18.4e9 },
		{ MEM_PAGEABLE, DIR_H2D, 11.3e9, 7.42e9 },
		{ MEM_PAGEABLE, DIR_D2H, 12.9e9, 8.03e9 },
	};

	start(res);
	for (int i = 0; i < NODES; i++)
		add_node(&res->machine, i, i * 48, 48);
	for (int g = 0; g < gpus; g++)
		add_gpu(&res->machine, g * NODES / gpus);
	add_memory(res, NODES);
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (int n = 0; n < NODES; n++)
			for (int g = 0; g < gpus; g++)
				add_copy(res, "gpu-bandwidth", "bandwidth",
					 n == g * NODES / gpus || g == gpus - 1 ? kinds[k].near
										: kinds[k].far,
					 n, g, kinds[k].memory, kinds[k].direction);
	for (int n = 0; n < NODES; n++)
		for (int g = 0; g < gpus; g++)
			add_copy(res, "gpu-latency", "latency",
				 n == g * NODES / gpus || g == gpus - 1 ? 8.4e-6 : 9.75e-6, n, g,
				 MEM_PINNED, DIR_H2D);
	for (int g = 0; g < gpus; g++)
		recommend_node(res, g, g * NODES / gpus, g == gpus - 1 ? MATTERS_NO : MATTERS_YES);
}

/* The report, every line of which fits. */
static char *report(const struct result *res, bool colour)
{
	const struct render_options o = { .width = 80, .colour = colour };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(format_find("text")->write(res, &o, out), 0);
	assert_int_equal(fclose(out), 0);
	for (const char *line = text; !colour && *line; line += strcspn(line, "\n") + 1) {
		size_t n = strcspn(line, "\n");

		if (n > 80 || (n && line[n - 1] == ' '))
			fail_msg("%zu columns: '%.*s'", n, (int)n, line);
	}
	return text;
}

/* The same with every run of blanks and line ends as one blank, for sentences that wrap. */
static char *unwrapped(const char *text)
{
	char *flat = strdup(text), *end = flat;

	assert_non_null(flat);
	for (const char *p = flat; *p; p++) {
		bool blank = *p == ' ' || *p == '\n';

		if (!blank || (end > flat && end[-1] != ' '))
			*end++ = blank ? ' ' : *p;
	}
	*end = '\0';
	return flat;
}

static void expect_parts(const char *text, const char *const *parts)
{
	char *flat = unwrapped(text);

	for (; *parts; parts++)
		if (!strstr(text, *parts) && !strstr(flat, *parts))
			fail_msg("'%s' is missing in:\n%s", *parts, text);
	free(flat);
}

#define PARTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_server_reads_well(void **state)
{
	struct result res;
	char *text;

	(void)state;
	fill_server(&res, GPUS);
	text = report(&res, false);
	assert_int_equal(strncmp(text, "PASS, 8 of 8 GPUs measured", 26), 0);
	expect_parts(text,
		     PARTS("2 NUMA nodes, 96 cores, 1 TiB; 8 x NVIDIA H200",
			   "\n  GPU  node  declared  pinned h2d  pinned d2h  cores\n",
			   "\n    6     1  1              1.38x       1.38x  72-73\n",
			   "no measurable difference", "\nPinned h2d, GB/s\n",
			   "\nPageable d2h, GB/s\n", "\nPinned h2d latency of 4 B, us\n",
			   "node 0    26.2+", "node 1    19.0-", "\nMemory bandwidth, triad, GB/s;",
			   "\nMemory latency, ns;", "89.3+", "141.7-",
			   "\nEach node's own memory, GB/s\n",
			   "numabench bind --gpu 0 --from RESULT -- COMMAND",
			   "\n  numactl --physcpubind=84-85 --membind=1 COMMAND  # GPU 7\n",
			   "Binding matters for 7 of 8 GPUs, by up to 1.38x; binding makes no",
			   "medians of 12 samples", "(move_pages)"));
	assert_null(strstr(text, "SIMULATED"));
	assert_null(strstr(text, "incomplete"));
	assert_null(strstr(text, "Not measured"));
	assert_null(strchr(text, '\033'));
	free(text);
	text = report(&res, true);
	expect_parts(text, PARTS("\033[1;32mPASS", "\033[32m26.2+\033[0m", "\033[33m19.0-\033[0m"));
	free(text);
	result_release(&res);
}

/* Side by side where those alike share a column, and in two blocks where they are not alike. */
static void sixteen_gpus(void **state)
{
	struct result res;
	char *text;

	(void)state;
	fill_server(&res, 16);
	text = report(&res, false);
	expect_parts(text, PARTS("16 of 16 GPUs measured", "columns of several are of the first"));
	assert_null(strstr(text, "  GPU 15\n"));
	free(text);
	for (size_t i = 0; i < res.nrecords; i++)
		if (record_has(&res.records[i], "gpu"))
			res.records[i].median *= 1 + 0.05 * res.records[i].gpu;
	text = report(&res, false);
	expect_parts(text, PARTS("  GPU 7\n", "  GPU 15\n"));
	assert_null(strstr(text, "columns of several"));
	free(text);
	result_release(&res);
}

static void one_node_and_no_gpu(void **state)
{
	struct result res;
	char *text;

	(void)state;
	start(&res);
	add_node(&res.machine, 0, 0, 2);
	add_memory(&res, 1);
	fail_record(add_record(&res, "gpu-bandwidth", "bandwidth", 2, 0, 0), STATUS_SKIPPED,
		    "no NVIDIA GPU on the PCI bus");
	text = report(&res, false);
	assert_int_equal(
		strncmp(text, "PASS, CPU part only (no GPU on this machine's PCI bus)", 54), 0);
	expect_parts(text, PARTS("one NUMA node here, hence nothing to choose between",
				 "Memory of node 0, by its own cores", "triad", "166.2 GB/s",
				 "95 % interval", "89.3 ns", "gpu-bandwidth: 1 cell skipped",
				 "no NVIDIA GPU on the PCI bus"));
	assert_null(strstr(text, "COMMAND"));
	free(text);
	result_release(&res);
}

/* A cell that is not a result never shows a figure. */
static void what_failed_is_no_figure(void **state)
{
	struct result res;
	char *text;

	(void)state;
	fill_server(&res, GPUS);
	for (size_t i = 0; i < res.nrecords; i++) {
		struct record *r = &res.records[i];

		if (!record_has(r, "gpu") || r->gpu > 3)
			continue;
		/* The samples stay: a status other than ok must be enough to hide them. */
		r->median = 77.7e9;
		record_status(r,
			      r->gpu == 0   ? STATUS_MISPLACED
			      : r->gpu == 1 ? STATUS_TIMEOUT
			      : r->gpu == 2 ? STATUS_CORRUPT
					    : STATUS_UNSTABLE,
			      r->gpu == 0   ? "12 of 16384 pages on node 1"
			      : r->gpu == 1 ? "no answer within 20 s"
			      : r->gpu == 2 ? "node 0, offset 4096: bits 00000400"
					    : "the CPU quota throttled it");
	}
	res.verdict.status = VERDICT_FAIL;
	res.verdict.reasons = calloc(2, sizeof *res.verdict.reasons);
	res.verdict.nreasons = 2;
	snprintf(res.verdict.reasons[0], sizeof *res.verdict.reasons, "GPU 2: data corrupted");
	snprintf(res.verdict.reasons[1], sizeof *res.verdict.reasons, "GPU 1: no answer");
	text = report(&res, false);
	expect_parts(text,
		     PARTS("FAIL, 5 of 8 GPUs measured, ",
			   "GPU 0 not measured: 12 of 16384 pages on node 1", "CORR", "mispl",
			   "77.7?", "? unstable", "gpu-bandwidth: 8 cells misplaced: 12 of 16384",
			   "gpu-latency: 2 cells timeout (", "): no answer within 20 s",
			   "8 cells unstable: the CPU quota throttled it",
			   " cells: GPU 2: data corrupted\n  GPU 1: no answer\n"));
	assert_null(strstr(text, "77.7+"));
	assert_null(strstr(text, "77.7\n"));
	free(text);
	result_release(&res);
}

static void simulated_and_incomplete_are_said(void **state)
{
	static const char last[] =
		"SIMULATED: the GPU figures come from the test simulator, not from "
		"hardware.\n";
	struct result res;
	char *text;

	(void)state;
	fill_server(&res, GPUS);
	res.run.simulated = true;
	res.run.complete = false;
	res.verdict.status = VERDICT_UNKNOWN;
	text = report(&res, false);
	assert_int_equal(strncmp(text, "SIMULATED. UNKNOWN, 8 of 8 GPUs measured", 40), 0);
	assert_string_equal(text + strlen(text) - strlen(last), last);
	expect_parts(text, PARTS("incomplete: the run ended"));
	free(text);
	result_release(&res);
}

static void gpus_that_cannot_be_used_say_why(void **state)
{
	struct result res;
	char *text;

	(void)state;
	start(&res);
	add_node(&res.machine, 0, 0, 4);
	add_node(&res.machine, 4, 4, 4); /* numbers with a gap */
	add_node(&res.machine, 9, 8, 0); /* memory without CPUs */
	for (int i = 0; i < 3; i++)
		add_gpu(&res.machine, 0);
	for (int i = 0; i < 2; i++) {
		res.machine.gpus[i].state = GPU_LOST;
		snprintf(res.machine.gpus[i].state_why, sizeof res.machine.gpus[i].state_why,
			 "CUDA does not list it");
	}
	res.machine.gpus[2].state = GPU_VFIO;
	res.machine.gpus[2].node_sysfs = UNKNOWN("not declared (numa_node is -1)");
	add_record(&res, "mem-bandwidth", "triad", 20e9, 0, 9)->undersized = true;
	record_set(&res.records[0], "undersized", NULL);
	add_record(&res, "mem-bandwidth", "triad", 90e9, 0, 0);
	result_find(&res, &(struct finding){ .id = "gpu.present",
					     .family = "gpu",
					     .status = "fail",
					     .subject = "GPU 0",
					     .observed = "CUDA does not list it",
					     .expected = "usable",
					     .fix = "look into dmesg for Xid" });
	text = report(&res, false);
	expect_parts(text,
		     PARTS("0 of 3 GPUs measured", "GPU 0-1 not measured: CUDA does not list it",
			   "GPU 2 not measured: vfio", "\nFindings\n",
			   "\nFAIL  gpu.present\n      GPU 0: CUDA does not list it\n",
			   "To fix:   look into", "20.0u-", "u undersized", "node 9"));
	free(text);
	result_release(&res);
}

static void an_empty_result_is_said_to_be_one(void **state)
{
	struct result res;
	char *text;

	(void)state;
	result_init(&res);
	text = report(&res, false);
	assert_non_null(strstr(text, "no GPU on this machine"));
	free(text);
	result_release(&res);
}

static void records_are_a_table(void **state)
{
	const struct render_options o = { .width = 80 };
	struct result res;
	char *text = NULL;
	size_t length;
	FILE *out;

	(void)state;
	fill_server(&res, 2);
	fail_record(&res.records[0], STATUS_FAILED, "mbind: out of memory on node 0");
	out = open_memstream(&text, &length);
	assert_int_equal(render_records(res.records, res.nrecords, &o, out), 0);
	fclose(out);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 80);
	expect_parts(text,
		     PARTS("mem-bandwidth, GB/s\n", "gpu-latency, us, 12 samples each, all ok\n",
			   "mem-latency, ns, 12", "CPUs of", "95 % interval", "  samples",
			   "  89.3  ", "failed", "pinned h2d ", "mem-bandwidth: 1 cell failed (",
			   "): mbind: out of memory on node 0"));
	free(text);
	result_release(&res);
}

static void formats_are_found_by_name(void **state)
{
	(void)state;
	assert_non_null(format_find("text"));
	assert_non_null(format_find("json"));
	assert_null(format_find(""));
	assert_null(format_find("yaml"));
	for (const struct format *f = formats; f->name; f++)
		assert_ptr_equal(format_find(f->name), f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_reads_well),
		cmocka_unit_test(sixteen_gpus),
		cmocka_unit_test(one_node_and_no_gpu),
		cmocka_unit_test(what_failed_is_no_figure),
		cmocka_unit_test(simulated_and_incomplete_are_said),
		cmocka_unit_test(gpus_that_cannot_be_used_say_why),
		cmocka_unit_test(an_empty_result_is_said_to_be_one),
		cmocka_unit_test(records_are_a_table),
		cmocka_unit_test(formats_are_found_by_name),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
