/* test-expect.c - expectation files read, refused, judged and made. */
#include <errno.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "planted.h"
#include "result/expect.h"
#include "util/units.h"

/* By way of a file, as everybody's. */
static int parse(struct expect *x, const char *text, struct err *e)
{
	int fd = memfd_create("expectation", 0), rc;
	char path[32];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	*e = (struct err){ "" };
	rc = expect_read(x, path, e);
	assert_true(rc == 0 || strncmp(e->text, path, strlen(path)) == 0);
	close(fd);
	return rc;
}

#define HEAD "{\"schema\":\"numabench-expect/1\","

static void test_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", ": empty, not an expectation of numabench" },
		{ "{\"schema\":", ": line 1, column 10: the file is cut off" },
		{ "[]", "an object" },
		{ "{}", "schema" },
		{ "{\"schema\": 1}", "schema" },
		{ "{\"schema\":\"numabench/1\"}", "numabench-expect/1" },
		{ HEAD "\"about\":\"x\"}", "nothing is expected" },
		{ HEAD "\"wants\":1}", "wants: no such key; there are about, made_from, machine" },
		{ HEAD "\"machine\":{\"gpus\":8,\"gpus\":9}}", "duplicate object key" },
		{ HEAD "\"machine\":{\"gpus\":NaN}}", "line 1" },
		{ HEAD "\"machine\":{\"gpus\":1e999}}", "real number overflow" },
		{ HEAD "\"machine\":{\"gpus\":-1}}",
		  "machine: gpus: a whole number from 0 to 1048576 is needed" },
		{ HEAD "\"machine\":{\"gpus\":8.0}}", "machine: gpus: a whole number" },
		{ HEAD "\"machine\":{\"gpus\":\"8\"}}", "machine: gpus: a whole number" },
		{ HEAD "\"machine\":[]}", "machine: an object is needed" },
		{ HEAD "\"machine\":{\"cpu\":\"a\\u0000b\"}}", "line 1" },
		{ HEAD "\"machine\":{\"cpu\":\"\"}}",
		  "machine: cpu: a name is needed, this is empty" },
		{ HEAD "\"nodes\":{}}", "nodes: a list is needed" },
		{ HEAD "\"nodes\":[{\"memory\":\"12 parsecs\"}]}", "nodes[0]: memory: not a size" },
		{ HEAD "\"nodes\":[{\"memory\":64}]}",
		  "nodes[0]: memory: a size such as \"512 GiB\" is needed as text" },
		{ HEAD "\"nodes\":[{},{\"nodes\":\"3-1\"}]}", "nodes[1]: nodes: " },
		{ HEAD "\"gpus\":[{\"link\":\"Gen5x16\"}]}", "gpus[0]: link: a link such as" },
		{ HEAD "\"gpus\":[{\"link\":\"Gen9 x16\"}]}", "gpus[0]: link: a link such as" },
		{ HEAD "\"gpus\":[{\"link\":\"Gen5 x16 \"}]}", "gpus[0]: link: a link such as" },
		{ HEAD "\"figures\":[1]}", "figures[0]: an object is needed, this is" },
		{ HEAD "\"figures\":[{\"metric\":\"triad\",\"at_least\":\"5 GB/s\"}]}",
		  "figures[0]: test: missing" },
		{ HEAD "\"figures\":[{\"test\":\"mem-bandwidth\",\"metric\":\"triad\"}]}",
		  "figures[0]: at_least or at_most is needed" },
#define ROW(limit) HEAD "\"figures\":[{\"test\":\"t\",\"metric\":\"bandwidth\"," limit "}]}"
		{ ROW("\"at_least\":50"), "figures[0]: at_least: a figure above 0 with its unit" },
		{ ROW("\"at_least\":\"50\""),
		  "figures[0]: at_least: a figure above 0 with its unit" },
		{ ROW("\"at_least\":\"-5 GB/s\""),
		  "figures[0]: at_least: a figure above 0 with its unit" },
		{ ROW("\"at_least\":\"0 GB/s\""), "figures[0]: at_least: not more than 0" },
		{ ROW("\"at_least\":\"1e9 GB/s\""),
		  "figures[0]: at_least: a figure above 0 with its unit" },
		{ ROW("\"at_least\":\"NaN GB/s\""),
		  "figures[0]: at_least: a figure above 0 with its unit" },
		{ ROW("\"at_least\":\"inf GB/s\""),
		  "figures[0]: at_least: a figure above 0 with its unit" },
		{ ROW("\"at_least\":\"5 Gb/s\""),
		  "figures[0]: at_least: a figure above 0 with its unit" },
		{ ROW("\"at_least\":\"99999999999999999999 GB/s\""), "below 1e18 bytes a second" },
		{ ROW("\"at_least\":\"99999999999999999999999999999999999999 GB/s\""),
		  "too long for a figure" },
		{ ROW("\"at_least\":\"140 ns\""),
		  "figures[0]: at_least: bandwidth is in GB/s, not in seconds" },
		{ ROW("\"at_least\":\"50 GB/s\",\"at_most\":\"40 GB/s\""),
		  "figures[0]: at_least is more than at_most" },
		{ ROW("\"at_least\":\"50 GB/s\",\"direction\":\"up\""),
		  "figures[0]: direction: one of h2d, d2h, bidirectional is needed" },
		{ ROW("\"at_least\":\"50 GB/s\",\"sum\":1"),
		  "figures[0]: sum: true or false is needed" },
		{ ROW("\"at_least\":\"50 GB/s\",\"floor\":\"x\""),
		  "figures[0]: floor: no such key; there are id, test, metric" },
		{ ROW("\"at_least\":\"50 GB/s\",\"id\":\"a b\""),
		  "figures[0]: id: letters, digits, dots and dashes are needed" },
		{ HEAD "\"figures\":[{\"test\":\"t\",\"metric\":\"host-latency\",\"at_most\":\"5 "
		       "GB/s\"}]}",
		  "figures[0]: at_most: host-latency is in seconds (ns, us, ms), not in GB/s" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expect x;
		struct err e;
		int rc = parse(&x, rows[i].text, &e);

		if (rc != -EINVAL || !strstr(e.text, rows[i].error))
			print_message("row %zu: %d: %s\n", i, rc, e.text);
		assert_int_equal(rc, -EINVAL);
		assert_non_null(strstr(e.text, rows[i].error));
		expect_release(&x);
	}
}

/* Deeper than jansson goes, and more rows than there may be. */
static void test_too_much(void **state)
{
	const size_t deep = 1 << 16;
	char *text = malloc(deep + 64);
	struct expect x;
	struct err e;
	size_t n;

	(void)state;
	memset(text, '[', deep);
	text[deep] = '\0';
	assert_int_equal(parse(&x, text, &e), -EINVAL);
	assert_non_null(strstr(e.text, "maximum parsing depth"));
	expect_release(&x);
	n = (size_t)sprintf(text, HEAD "\"nodes\":[{}");
	for (int i = 0; i < EXPECT_ROWS; i++)
		n += (size_t)sprintf(text + n, ",{}");
	sprintf(text + n, "]}");
	assert_int_equal(parse(&x, text, &e), -EINVAL);
	assert_non_null(strstr(e.text, "nodes: at most 1024 rows"));
	expect_release(&x);
	free(text);
}

static void test_units(void **state)
{
	static const struct {
		const char *text;
		double value; /* 0: refused */
	} rows[] = {
		{ "50GB/s", 50e9 }, { "1.5TB/s", 1.5e12 }, { "900MiB/s", 900 * 1048576.0 },
		{ "7B/s", 7 },      { "50", 0 },           { "50GB", 0 },
		{ "GB/s", 0 },      { "50GB/s/s", 0 },     { "/s", 0 },
		{ "50 GB/s", 0 },   { "0GB/s", 0 },        { "", 0 },
		{ "50QB/s", 0 },    { "5000000TB/s", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = { "" };
		double v = 0;
		int rc = parse_rate(&v, rows[i].text, &e);

		assert_int_equal(rc < 0, rows[i].value <= 0);
		assert_true(rc < 0 ? e.text[0] != '\0' : fabs(v / rows[i].value - 1) < 1e-12);
	}
}

/* ---- judging ---- */

static const struct finding *first(const struct result *res, const char *status)
{
	for (size_t i = 0; i < res->nfindings; i++)
		if (strcmp(res->findings[i].status, status) == 0)
			return &res->findings[i];
	return NULL;
}

/* Two nodes, two GPUs, each with a copy of 50 GB/s from its own node and of 40 from the other. */
static void plant(struct result *res)
{
	plant_result(res, 2, 4, 2);
	json_object_set_new(json_object_get(res->host, "identity"), "cpu",
			    json_string("AMD EPYC 9654 96-Core Processor"));
	for (int g = 0; g < 2; g++) {
		res->machine.gpus[g].max_gen = KNOWN(5);
		res->machine.gpus[g].max_width = KNOWN(16);
		res->machine.gpus[g].memory_bytes = KNOWN(80LL << 30);
		for (int n = 0; n < 2; n++) {
			struct record *r =
				plant_record(res, (struct planted){ .test = "gpu-bandwidth",
								    .node = n,
								    .gpu = g,
								    .rounds = 6,
								    .openings = 3,
								    .figure = n == g ? 50e9 : 40e9,
								    .noise = 0.001 });

			r->more = json_pack("{s:{s:i, s:i}}", "link_during", "gen", 5, "width", 16);
		}
	}
}

static void expect_of(struct result *res, const char *text)
{
	struct expect x;
	struct err e;

	if (parse(&x, text, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(judge(res), 0);
	assert_int_equal(expect_judge(&x, res), 0);
	assert_int_equal(judge(res), 0);
	expect_release(&x);
}

#define COPY "\"test\":\"gpu-bandwidth\",\"metric\":\"bandwidth\",\"direction\":\"h2d\","

static void test_judged(void **state)
{
	static const struct {
		const char *text, *status, *id, *says;
	} rows[] = {
		{ "\"machine\":{\"nodes\":2,\"gpus\":2,\"cpu\":\"AMD EPYC 9654*\"}", NULL, "", "" },
		{ "\"machine\":{\"nodes\":4}", "fail", "expect.nodes",
		  "the machine has 2 NUMA nodes, 4 are expected" },
		{ "\"machine\":{\"gpus\":3}", "fail", "expect.gpus",
		  "the machine has 2 usable GPUs, 3 are expected; there are 0000:17:00.0, "
		  "0000:18:00.0" },
		{ "\"machine\":{\"cpu\":\"Intel*\"}", "fail", "expect.cpu",
		  "the CPU is AMD EPYC 9654 96-Core Processor, Intel* is expected" },
		{ "\"nodes\":[{\"cores\":4,\"memory\":\"64 GiB\"}]", NULL, "", "" },
		{ "\"nodes\":[{\"memory\":\"67 GiB\"}]", NULL, "", "" },
		{ "\"nodes\":[{\"nodes\":\"1\",\"memory\":\"96 GiB\"}]", "fail",
		  "expect.node-memory", "node 1 has 64 GiB of memory, 96 GiB are expected" },
		{ "\"nodes\":[{\"nodes\":\"0,2\",\"cores\":4}]", "fail", "expect.nodes",
		  "node 2 is expected, and there is none" },
		{ "\"nodes\":[{\"nodes\":\"0\",\"cores\":8}]", "fail", "expect.node-cores",
		  "node 0 has 4 cores, 8 are expected" },
		{ "\"gpus\":[{\"name\":\"NVIDIA H200*\",\"memory\":\"80 GiB\",\"link\":\"Gen5 "
		  "x16\"},"
		  "{\"gpus\":\"1\",\"node\":1}]",
		  NULL, "", "" },
		{ "\"gpus\":[{\"gpus\":\"1\",\"node\":0}]", "fail", "expect.gpu-node",
		  "GPU 1 hangs on node 1, node 0 is expected" },
		{ "\"gpus\":[{\"gpus\":\"0\",\"name\":\"NVIDIA B200\"}]", "fail", "expect.gpu-name",
		  "GPU 0 is NVIDIA H200, NVIDIA B200 is expected" },
		{ "\"gpus\":[{\"gpus\":\"0\",\"memory\":\"96 GiB\"}]", "fail", "expect.gpu-memory",
		  "GPU 0 has 80 GiB of memory, 96 GiB are expected" },
		{ "\"gpus\":[{\"gpus\":\"0\",\"link\":\"Gen6 x16\"}]", "fail", "expect.gpu-link",
		  "GPU 0: its link ran as Gen5 x16 under load and can be Gen5 x16, Gen6 x16 is" },
		{ "\"figures\":[{" COPY "\"at_least\":\"48 GB/s\"}]", NULL, "", "" },
		{ "\"figures\":[{" COPY "\"where\":\"any\",\"at_least\":\"48 GB/s\"}]", "fail",
		  "expect.gpu-bandwidth.h2d",
		  "GPU 0 is not as expected: pinned h2d, node 1, GPU 0: 40.0 GB/s, 16." },
		{ "\"figures\":[{" COPY "\"where\":\"remote\",\"at_least\":\"39 GB/s\"}]", NULL, "",
		  "" },
		{ "\"figures\":[{\"id\":\"mine\"," COPY "\"gpus\":\"1\",\"at_least\":\"51 GB/s\"}]",
		  "fail", "expect.mine", "GPU 1 is not as expected: " },
		{ "\"figures\":[{" COPY "\"at_most\":\"45 GB/s\",\"gpus\":\"0\"}]", "fail",
		  "expect.gpu-bandwidth.h2d", "above 45.0 GB/s" },
		{ "\"figures\":[{" COPY "\"size\":\"1 KiB\",\"at_least\":\"1 GB/s\"}]", "unknown",
		  "expect.gpu-bandwidth.h2d", "nothing of it was measured" },
		{ "\"figures\":[{\"test\":\"mem-latency\",\"metric\":\"latency\",\"at_most\":\"140 "
		  "ns\"}]",
		  "unknown", "expect.mem-latency.latency",
		  "the run: mem-latency.latency is expected, but nothing of it was measured" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[600];
		const struct finding *f;
		struct result res;

		snprintf(text, sizeof text, HEAD "%s}", rows[i].text);
		plant(&res);
		expect_of(&res, text);
		f = first(&res, rows[i].status ? rows[i].status : "fail");
		if (!rows[i].status != !f)
			print_message("row %zu: %s\n", i, f ? f->observed : "nothing found");
		assert_int_equal(!f, !rows[i].status);
		assert_int_equal(res.verdict.status, !f ? VERDICT_PASS
						     : strcmp(rows[i].status, "fail")
							     ? VERDICT_UNKNOWN
							     : VERDICT_FAIL);
		if (f) {
			assert_string_equal(f->id, rows[i].id);
			if (!strstr(f->observed, rows[i].says))
				print_message("row %zu: %s\n", i, f->observed);
			assert_non_null(strstr(f->observed, rows[i].says));
			assert_string_equal(res.verdict.reasons[0], f->observed);
		}
		result_release(&res);
	}
}

/* A GPU on the bus that the driver lost is missing, and named; one without a figure is unknown. */
static void test_lost_and_unmeasured(void **state)
{
	const struct finding *f;
	struct result res;

	(void)state;
	plant(&res);
	res.machine.gpus[1].state = GPU_LOST;
	expect_of(&res, HEAD "\"machine\":{\"gpus\":2}}");
	f = first(&res, "fail");
	assert_string_equal(f->id, "expect.gpus");
	assert_non_null(strstr(f->observed, "GPU 1 (0000:18:00.0) is lost"));
	result_release(&res);

	plant(&res);
	for (size_t i = 2; i < 4; i++)
		record_status(&res.records[i], STATUS_SKIPPED, "nothing to do");
	expect_of(&res, HEAD "\"figures\":[{" COPY "\"at_least\":\"48 GB/s\"}]}");
	f = first(&res, "unknown");
	assert_string_equal(f->subject, "GPU 1");
	result_release(&res);
}

/* A guest's port states what it likes, and a link that ran better than it states is not held to
 * that: what it ran as counts, in what is judged and in what is made. */
static void test_misstated_link(void **state)
{
	static const struct {
		const char *guest, *wanted, *status, *says, *made;
		bool read;
		int able;
	} rows[] = {
		{ "qemu", "Gen5 x16", NULL, "", "Gen5 x16", true, 1 },
		{ "qemu", "Gen6 x16", "fail", "ran as Gen5 x16 under load, Gen6 x16 is expected;",
		  "Gen5 x16", true, 6 },
		{ "qemu", "Gen1 x1", "unknown", "the link is a virtual one, and what it is under",
		  NULL, false, 1 },
		{ "none", "Gen5 x16", NULL, "", "Gen5 x16", true, 4 },
		{ "none", "Gen6 x16", "fail", "the link ran better than it states that it can",
		  "Gen5 x16", true, 4 },
		{ "none", "Gen6 x16", "fail", "and can be Gen5 x16, Gen6", "Gen5 x16", true, 5 },
		{ "none", "Gen5 x16", "unknown", "under load was not read", NULL, false, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct finding *f;
		struct expect_link link;
		struct result res;
		const char *made, *why;
		char text[200];
		json_t *doc;

		plant(&res);
		json_object_set_new(json_object_get(res.host, "conditions"), "virtualisation",
				    json_string(rows[i].guest));
		for (size_t g = 0; g < 2; g++)
			res.machine.gpus[g].max_gen = KNOWN(rows[i].able);
		for (size_t k = 0; k < res.nrecords && !rows[i].read; k++)
			json_object_del(res.records[k].more, "link_during");
		snprintf(text, sizeof text, HEAD "\"gpus\":[{\"gpus\":\"0\",\"link\":\"%s\"}]}",
			 rows[i].wanted);
		expect_of(&res, text);
		f = first(&res, rows[i].status ? rows[i].status : "fail");
		assert_int_equal(!f, !rows[i].status);
		if (f && !strstr(f->observed, rows[i].says))
			fail_msg("row %zu: %s", i, f->observed);
		why = expect_link_of(&link, &res, &res.machine.gpus[0]);
		assert_int_equal(!why, rows[i].made != NULL);
		assert_int_equal(link.is, rows[i].made != NULL);
		doc = expect_make(&res, 0.05);
		made = json_string_value(
			json_object_get(json_array_get(json_object_get(doc, "gpus"), 0), "link"));
		assert_int_equal(!made, !rows[i].made);
		if (made)
			assert_string_equal(made, rows[i].made);
		json_decref(doc);
		result_release(&res);
	}
}

/* ---- making ---- */

static void test_made(void **state)
{
	struct result res;
	char *text;
	json_t *doc;

	(void)state;
	plant(&res);
	assert_int_equal(judge(&res), 0);
	doc = expect_make(&res, 0.05);
	assert_non_null(doc);
	text = json_dumps(doc, JSON_COMPACT);
	assert_non_null(strstr(text, "\"at_least\":\"47.4 GB/s\"") ?: strstr(text, "47.5 GB/s"));
	assert_non_null(strstr(text, "\"where\":\"remote\""));
	assert_non_null(strstr(text, "\"gpus\":\"0\""));
	/* Itself meets it; a machine 6 % slower does not, nor one with a GPU less. */
	expect_of(&res, text);
	assert_int_equal(res.verdict.status, VERDICT_PASS);
	assert_null(first(&res, "unknown"));
	res.records[0].median *= 0.94;
	expect_of(&res, text);
	assert_int_equal(res.verdict.status, VERDICT_FAIL);
	assert_string_equal(first(&res, "fail")->subject, "GPU 0");
	res.records[0].median /= 0.94;
	res.machine.ngpus = 1;
	expect_of(&res, text);
	assert_string_equal(first(&res, "fail")->id, "expect.gpus");
	res.machine.ngpus = 2;
	free(text);
	json_decref(doc);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_judged),
		cmocka_unit_test(test_lost_and_unmeasured),
		cmocka_unit_test(test_misstated_link),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
