/* test-text-gpu.c - what the report says of GPUs, of results put together by hand. */
#include <math.h>

#include "planted.h"
#include "render/render.h"

enum { NODES = 2, ROUNDS = 12 };

/* A record out of its JSON (' for "), with samples around `value` that vary in another way from
 * one to the next. */
__attribute__((format(printf, 3, 4))) static struct record *add(struct result *res, double value,
								const char *fmt, ...)
{
	char text[1024];
	struct err e = { "" };
	struct record r;
	json_t *o;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	o = json_loads(text, 0, NULL);
	if (!o)
		fail_msg("%s", text);
	record_init(&r);
	if (record_from_json(&r, o, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	json_decref(o);
	snprintf(r.unit, sizeof r.unit, "%s", value > 1 ? "B/s" : "s");
	r.better = value > 1 ? BETTER_HIGHER : BETTER_LOWER;
	record_set(&r, "unit", "better", NULL);
	for (int i = 0; i < ROUNDS; i++) {
		double swing = (double)((i * 7 + (int)res->nrecords * 3) % 5 - 2) / 2;

		assert_int_equal(record_sample(&r, value * (1 + 0.002 * swing), i, i, i / 4), 0);
	}
	record_summarise(&r);
	assert_int_equal(result_add(res, &r), 0);
	return &res->records[res->nrecords - 1];
}

/* One transfer between host and GPU; `more` is JSON that ends in a comma, or empty. */
static struct record *copy(struct result *res, double value, const char *memory,
			   const char *direction, int cpu, int mem, int gpu, const char *more)
{
	return add(res, value,
		   "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'bytes': 67108864, %s"
		   " 'memory': '%s', 'direction': '%s', 'cpu_node': %d, 'mem_node': %d, 'gpu': %d,"
		   " 'link_during': {'gen': 5, 'width': %d}}",
		   more, memory, direction, cpu, mem, gpu, gpu == 3 ? 8 : 16);
}

static int home(int gpu)
{
	return gpu % NODES; /* as planted */
}

static void begin(struct result *res, size_t gpus)
{
	plant_result(res, NODES, 24, gpus);
	json_object_set_new(json_object_get(res->host, "conditions"), "virtualisation",
			    json_string("none"));
	for (size_t g = 0; g < gpus; g++) {
		res->machine.gpus[g].max_gen = KNOWN(5);
		res->machine.gpus[g].max_width = KNOWN(16);
		res->machine.gpus[g].mps = KNOWN(256);
	}
}

/* The report as judged, no line of which is too long. */
static char *report(struct result *res)
{
	const struct render_options o = { .width = 80 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(recommend(res), 0);
	assert_int_equal(judge(res), 0);
	assert_non_null(out);
	assert_int_equal(format_find("text")->write(res, &o, out), 0);
	assert_int_equal(fclose(out), 0);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t n = strcspn(line, "\n");

		if (n > 80 || (n && line[n - 1] == ' '))
			fail_msg("%zu columns: '%.*s'", n, (int)n, line);
	}
	return text;
}

static void expect(const char *text, const char *part)
{
	if (strstr(text, part))
		return;
	fputs(text, stderr); /* cmocka cuts what is long */
	fail_msg("missing: %s", part);
}

static void expect_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is not to be in:\n%s", part, text);
}

static void finish(struct result *res, char *text)
{
	free(text);
	result_release(res);
}

/* The matrix is that of near cells of one GPU alone, whatever else there is; below it stands
 * what the link could carry. */
static void matrices_and_links(void **state)
{
	struct result res;
	char *text;

	(void)state;
	begin(&res, 4);
	for (int g = 0; g < 4; g++)
		for (int n = 0; n < NODES; n++) {
			double f = (n == home(g) ? 1 : 0.9) * (g == 3 ? 0.5 : 1);

			copy(&res, 55e9 * f, "pinned", "h2d", n, n, g, "");
			copy(&res, 90e9 * f, "pinned", "bidirectional", n, n, g,
			     "'together': 'both-ways',");
			copy(&res, 44e9 * f, "pinned", "h2d", n, n, g, "'together': 'both-ways',");
			copy(&res, 46e9 * f, "pinned", "d2h", n, n, g, "'together': 'both-ways',");
			copy(&res, 9e9, "pinned", "h2d", n, n, g, "'together': 'own-nodes',");
			copy(&res, 8e9, "pinned", "h2d", n, n, g, "'pages_asked': 'thp',");
			copy(&res, 7e9, "pinned", "h2d", 1 - n, n, g, "");
			copy(&res, 6e9, "pinned", "h2d", n, n, g, "")->bytes = 1 << 20;
		}
	text = report(&res);
	expect(text, "\nPinned h2d, GB/s\n"
		     "               GPU 0  GPU 1  GPU 2  GPU 3\n"
		     "  declared        0      1      0      1\n"
		     "  node 0       55.0+  49.5-  55.0+  24.8-\n"
		     "  node 1       49.5-  55.0+  49.5-  27.5+\n"
		     "  of its link  94 %   94 %   94 %   94 %!\n"
		     "  of ability   94 %   94 %   94 %   47 %!\n"
		     "  link under load: GPU 0-2 Gen5 x16; GPU 3 Gen5 x8, below its ability of "
		     "Gen5\n  x16\n");
	expect(text, "\nPinned both ways, GB/s\n");
	expect(text, "  node 1  81.0-  90.0+  81.0-  45.0+\n");
	expect(text, "\nPinned h2d while d2h runs too, GB/s\n");
	expect(text, "\nPinned d2h while h2d runs too, GB/s\n");
	finish(&res, text);
}

static void links_without_reference(void **state)
{
	static const struct {
		const char *guest, *says;
		bool mps;
	} rows[] = {
		{ "none", "  of Gen5 x16  94 %   94 %\n  link under load: GPU 0-1 Gen5 x16\n",
		  true },
		{ "none",
		  "  of Gen5 x16  87 %   87 %\n  link under load: GPU 0-1 Gen5 x16; payload size "
		  "not readable: raw link rate\n",
		  false },
		{ "KVM",
		  "  node 1    55.0   55.0\n  link under load: GPU 0-1 Gen5 x16; virtual link: "
		  "no physics reference\n",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct result res;
		char *text;

		begin(&res, 2);
		json_object_set_new(json_object_get(res.host, "conditions"), "virtualisation",
				    json_string(rows[i].guest));
		for (int g = 0; g < 2; g++) {
			for (int n = 0; n < NODES; n++)
				copy(&res, 55e9, "pinned", "h2d", n, n, g, "");
			if (!rows[i].mps)
				res.machine.gpus[g].mps = UNKNOWN("root only");
		}
		text = report(&res);
		expect(text, rows[i].says);
		finish(&res, text);
	}
}

static void all_at_once(void **state)
{
	struct result res;
	char *text;

	(void)state;
	begin(&res, 2);
	for (int g = 0; g < 2; g++)
		for (int n = 0; n < NODES; n++)
			copy(&res, 50e9, "pinned", "h2d", n, n, g, "");
	for (int g = 0; g < 2; g++) {
		copy(&res, g ? 45e9 : 35e9, "pinned", "h2d", home(g), home(g), g,
		     "'together': 'own-nodes',");
		copy(&res, 20e9, "pinned", "h2d", 0, 0, g, "'together': 'one-node',");
		copy(&res, 40e9, "pinned", "h2d", 1 - home(g), 1 - home(g), g,
		     "'together': 'crossed',");
	}
	for (int i = 0; i < 3; i++) {
		static const char *const how[] = { "'own-nodes'",
						   ("'one-node', 'cpu_node': 0, 'mem_node': 0"),
						   "'crossed'" };
		static const double sums[] = { 80e9, 40e9, 80e9 };

		add(&res, sums[i],
		    "{'test': 'gpu-bandwidth', 'metric': 'bandwidth', 'bytes': 67108864, 'memory': "
		    "'pinned', 'direction': 'h2d', 'gpus': [0, 1], 'together': %s}",
		    how[i]);
	}
	text = report(&res);
	expect(text,
	       "\nAll GPUs at once, GB/s\n"
	       "              from          sum     per GPU  of alone  own nodes\n"
	       "  pinned h2d  own nodes    80.0   35.0-45.0    80.0 %\n"
	       "  pinned h2d  node 0       40.0   20.0-20.0    40.0 %      2.00x\n"
	       "  pinned h2d  other nodes  80.0   40.0-40.0    80.0 %      alike\n"
	       "  of alone: % of the sum of each alone; own nodes: they come to so many times "
	       "as\n  much\n");
	expect_not(text, "Memory bandwidth"); /* a sum has nodes and no GPU, and is no memory's */
	finish(&res, text);
}

/* A pass is not green while a warning is serious, which stands beneath it. */
static void serious_warnings(void **state)
{
	const struct render_options o = { .width = 80, .colour = true };
	struct finding f = { .id = "a.b", .status = "warn", .subject = "GPU 1", .observed = "o" };
	struct result res;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	begin(&res, 2);
	f.more = json_pack("{ss}", "harm", "factor");
	assert_int_equal(result_find(&res, &f), 0);
	json_decref(f.more);
	res.verdict.status = VERDICT_PASS;
	res.verdict.nwarnings = 1;
	assert_int_equal(format_find("text")->write(&res, &o, out), 0);
	assert_int_equal(fclose(out), 0);
	expect(text, "\033[1;33mPASS with 1 serious warning, ");
	expect(text, "\n! GPU 1: o\n");
	finish(&res, text);
}

/* The same kinds for every GPU; what speaks against the node, and what else is declared, is said.
 */
static void nodes_in_a_table(void **state)
{
	struct result res;
	char *text;

	(void)state;
	begin(&res, 2);
	for (int g = 0; g < 2; g++)
		for (int n = 0; n < NODES; n++) { /* both are fed best from node 0 */
			copy(&res, n == 0 ? 50e9 : 40e9, "pinned", "h2d", n, n, g, "");
			copy(&res, 50e9, "pinned", "d2h", n, n, g, "");
			copy(&res, g == 0 && n == 1 ? 50e9 : 40e9, "registered", "h2d", n, n, g,
			     "");
		}
	text = report(&res);
	expect(text,
	       "\nWhich node for which GPU\n"
	       "  GPU  node  declared  pinned h2d  pinned d2h  cores\n"
	       "    0     0  0              1.25x       alike  0-23\n"
	       "    1     0  1 !            1.25x       alike  24-47\n"
	       "  1.25x: times as good as from the worst other node; !: another is declared;\n"
	       "  JSON and HTML have the intervals\n"
	       "  GPU 0:    against it: registered h2d 1.25x on node 1\n");
	expect(text, " by up to 1.25x.\nBind GPU 0-1 to node 0.\n");
	finish(&res, text);
}

/* Where the threads' node makes no difference a sentence says so, else a matrix shows it. */
static void three_axes(void **state)
{
	struct result res;
	char *text;

	(void)state;
	begin(&res, 2);
	for (int g = 0; g < 2; g++)
		for (int c = 0; c < NODES; c++)
			for (int m = 0; m < NODES; m++) {
				copy(&res, m == home(g) ? 55e9 : 50e9, "pinned", "h2d", c, m, g,
				     "");
				copy(&res, c == m ? 12e9 : 9e9, "pageable", "d2h", c, m, g, "");
			}
	text = report(&res);
	expect(text, "\nThreads on another node than the memory\n"
		     "  the node of the threads makes no difference: pinned h2d (<= ");
	expect(text, "\nPageable d2h, GB/s\n"
		     "          GPU 0  GPU 1\n"
		     "  node 0  12.0   12.0\n"
		     "  node 1  12.0   12.0\n");
	expect(text, "\nPageable d2h, by node of the memory and of the threads, GB/s\n"
		     "                     GPU 0  GPU 1\n"
		     "  node 0             12.0+  12.0+\n");
	expect(text, "  node 1, CPUs of 0   9.0");
	finish(&res, text);
}

static void kinds_and_sizes(void **state)
{
	struct result res;
	char *text;

	(void)state;
	begin(&res, 2);
	for (int g = 0; g < 2; g++)
		for (int n = 0; n < NODES; n++) {
			double f = n == home(g) ? 1 : 0.5;

			copy(&res, 55e9 * f, "pinned", "h2d", n, n, g, "");
			copy(&res, 54e9 * f, "registered", "h2d", n, n, g, "");
			copy(&res, 53e9 * f, "registered", "h2d", n, n, g,
			     "'pages_asked': 'hugetlb',");
			copy(&res, 20e9 * f, "write-combined", "h2d", n, n, g, "");
		}
	for (int g = 0; g < 2; g++)
		for (uint64_t bytes = 256; bytes <= 1 << 30; bytes *= 4)
			copy(&res, (double)bytes / (2e-6 + (double)bytes / 50e9), "pageable", "h2d",
			     home(g), home(g), g, "")
				->bytes = bytes;
	text = report(&res);
	expect(text, "\nKinds of memory, h2d, GB/s; each GPU from its best node\n"
		     "                       GPU 0  GPU 1\n"
		     "  pinned               55.0   55.0\n"
		     "  registered           54.0   54.0\n"
		     "  registered, hugetlb  53.0   53.0\n"
		     "  write-combined       20.0   20.0\n");
	expect(text, "\nPageable copies of all sizes: start-up time, the rate that large ones come "
		     "to,\nand the size at which half of it is reached\n"
		     "  GPU  h2d start  GB/s  half at  d2h start  GB/s  half at\n"
		     "    0       2 us  50.0   98 KiB\n");
	finish(&res, text);
}

static void latencies(void **state)
{
	static const char quantiles[] =
		"'quantiles': {'p50': %g, 'p90': %g, 'p99': %g, 'max': %g, 'operations': 12000}";
	struct result res;
	char *text;

	(void)state;
	begin(&res, 2);
	for (int g = 0; g < 2; g++)
		for (int n = 0; n < NODES; n++)
			for (int i = 0; i < 6; i++) {
				static const char *const metrics[] = {
					"'host-latency', 'memory': 'pinned', 'direction': 'h2d', "
					"'bytes': 8, 'mem_node'",
					"'host-latency', 'memory': 'pinned', 'direction': 'd2h', "
					"'bytes': 8, 'mem_node'",
					"'host-latency', 'memory': 'pinned', 'direction': 'h2d', "
					"'bytes': 4096, 'mem_node'",
					"'device-latency', 'memory': 'pinned', 'direction': 'h2d', "
					"'bytes': 8, 'mem_node'",
					"'launch-latency', 'ignored'",
					"'load-latency', 'memory': 'mapped', 'mem_node'",
				};
				static const double seconds[] = { 8e-6,   9e-6, 8.5e-6,
								  1.9e-6, 6e-6, 0.9e-6 };
				double s = seconds[i] * (n == home(g) ? 1 : 1.5);
				char q[160];

				snprintf(q, sizeof q, quantiles, s, 1.1 * s, 1.5 * s, 10 * s);
				add(&res, s,
				    "{'test': 'gpu-latency', 'metric': %s: %d, 'cpu_node': %d, "
				    "'gpu': %d, %s}",
				    metrics[i], n, n, g, q);
			}
	text = report(&res);
	expect(text, "\nPinned h2d host-latency of 8 B, us\n"
		     "            GPU 0  GPU 1\n"
		     "  declared     0      1\n"
		     "  node 0     8.0+  12.0-\n"
		     "  node 1    12.0-   8.0+\n");
	expect(text, "\nPinned host-latency by size, us; each GPU from its best node\n"
		     "             GPU 0  GPU 1\n"
		     "  h2d 8 B    8.00   8.00\n"
		     "  d2h 8 B    9.00   9.00\n"
		     "  h2d 4 KiB  8.50   8.50\n");
	expect(text, "\nPinned host-latency of 8 B, quantiles of all operations, us\n"
		     "  GPU  node  h2d p50   p90   p99   max  d2h p50   p90   p99   max\n"
		     "    0     0     8.00  8.80  12.0  80.0     9.00  9.90  13.5  90.0\n"
		     "    1     1     8.00  8.80  12.0  80.0     9.00  9.90  13.5  90.0\n");
	expect(text, "\nLaunch-latency, quantiles of all operations, us\n"
		     "  GPU  node   p50   p90   p99   max\n"
		     "    0     0  6.00  6.60  9.00  60.0\n"
		     "    0     1  9.00  9.90  13.5  90.0\n");
	expect(text, "\nMapped load-latency, quantiles of all operations, ns\n");
	finish(&res, text);
}

static void peers(void **state)
{
	struct result res;
	char *text;

	(void)state;
	begin(&res, 4);
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < 4; b++) {
			const char *path = a / 2 == b / 2 ? "PIX" : "SYS";

			if (a == b)
				continue;
			add(&res, a / 2 == b / 2 ? 26e9 : 19e9,
			    "{'test': 'gpu-peer', 'metric': 'bandwidth', 'bytes': 67108864, "
			    "'direction': 'd2h', 'gpu': %d, 'peer': %d, 'peer_access': true, "
			    "'path': '%s', 'cpu_node': 0}",
			    a, b, path);
			add(&res, 9e-6,
			    "{'test': 'gpu-peer', 'metric': 'host-latency', 'bytes': 8, "
			    "'direction': 'd2h', 'gpu': %d, 'peer': %d, 'peer_access': false, "
			    "'path': '%s', 'cpu_node': 0}",
			    a, b, path);
			if (a > b)
				continue;
			add(&res, 30e9 + 1e9 * (a + b),
			    "{'test': 'gpu-peer', 'metric': 'bandwidth', 'bytes': 67108864, "
			    "'direction': 'bidirectional', 'together': 'both-ways', 'gpu': %d, "
			    "'peer': %d, 'peer_access': true, 'path': '%s', 'cpu_node': 0}",
			    a, b, path);
		}
	text = report(&res);
	expect(text, "\nGPU to GPU, the declared paths\n"
		     "         GPU 0  GPU 1  GPU 2  GPU 3\n"
		     "  GPU 0           PIX    SYS    SYS\n");
	expect(text, "\nGPU to GPU, bandwidth, peer access on, GB/s\n"
		     "  from   GPU 0  GPU 1  GPU 2  GPU 3\n"
		     "  GPU 0         26.0   19.0   19.0\n"
		     "  GPU 1  26.0          19.0   19.0\n");
	expect(text, "\nGPU to GPU, host-latency of 8 B, peer access off, us\n"
		     "  9.00 for every pair\n");
	expect(text, "\nGPU to GPU, bandwidth both ways, peer access on, GB/s\n"
		     "         GPU 0  GPU 1  GPU 2  GPU 3\n"
		     "  GPU 0         31.0   32.0   33.0\n"
		     "  GPU 1  31.0          33.0   34.0\n");
	finish(&res, text);
}

/* All of it on eight GPUs and on sixteen stays within its columns; report() looks. */
static void it_fits(void **state)
{
	static const char *const more[] = { "", "'together': 'both-ways',", "'pages_asked': 'thp',",
					    "'pages_asked': 'hugetlb'," };

	(void)state;
	for (size_t gpus = 8; gpus <= 16; gpus += 8) {
		struct result res;

		begin(&res, gpus);
		for (size_t i = 0; i < sizeof more / sizeof *more; i++)
			for (int g = 0; g < (int)gpus; g++)
				for (int n = 0; n < NODES; n++)
					copy(&res, g == 5 ? 112e9 : 55e9, "write-combined", "d2h",
					     n, g % 3 ? n : 1 - n, g, more[i])
						->memory = i ? MEM_REGISTERED : MEM_PAGEABLE;
		free(report(&res));
		result_release(&res);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matrices_and_links),
		cmocka_unit_test(links_without_reference),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(nodes_in_a_table),
		cmocka_unit_test(serious_warnings),
		cmocka_unit_test(three_axes),
		cmocka_unit_test(kinds_and_sizes),
		cmocka_unit_test(latencies),
		cmocka_unit_test(peers),
		cmocka_unit_test(it_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
