/* test-text-noise.c - what the report says of GPUs follows intervals, not medians. */
#include "planted.h"
#include "render/render.h"

enum { NODES = 2, GPUS = 2 };

static struct record *copy(struct result *res, int gpu, int node, enum direction way)
{
	struct record *r = plant_record(res, (struct planted){ .test = "gpu-bandwidth",
							       .gpu = gpu,
							       .node = node,
							       .rounds = 12,
							       .openings = 3,
							       .figure = node == 0 ? 50e9 : 40e9 });

	r->direction = way;
	return r;
}

/* Every other sample so many times as large; the median stays as it was told. */
static void disturb(struct record *r, double up, double down)
{
	for (size_t k = 0; k < r->samples.n; k++)
		r->samples.v[k] *= k % 2 ? up : down;
}

static char *report(struct result *res)
{
	const struct render_options o = { .width = 80 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(recommend(res), 0);
	assert_int_equal(judge(res), 0);
	assert_int_equal(format_find("text")->write(res, &o, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Neither the headline's figure nor a sign is chosen by what is not certain. */
static void test_headline_and_signs(void **state)
{
	static const char *const said[] = {
		" by up to 1.25x.",                 /* GPU 0's 1.35 may be 1.09 */
		"50.0+  50.0+",     "40.0-  40.0-", /* h2d: that matters for certain */
		"50.0   50.0+",     "40.0   40.0-", /* d2h: that does not */
		"for certain",
	};
	struct result res;
	char *text;

	(void)state;
	plant_result(&res, NODES, 24, GPUS);
	for (int g = 0; g < GPUS; g++)
		for (int n = 0; n < NODES; n++) {
			struct record *r = copy(&res, g, n, DIR_H2D);

			if (g == 0 && n == 1)
				disturb(r, 1.15, 0.78);
			r = copy(&res, g, n, DIR_D2H);
			if (g == 0 && n == 1)
				disturb(r, 1.6, 0.7);
		}
	text = report(&res);
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		if (!strstr(text, said[i])) {
			fputs(text, stderr);
			fail_msg("missing: %s", said[i]);
		}
	free(text);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_headline_and_signs) };

	return cmocka_run_group_tests_name("text-noise", tests, NULL, NULL);
}
