/* test-html.c - the HTML report: what texts become, axes, heat maps, and that it says what the text
 * report says. The page as a browser sees it is tests/cli/html.t's. */
#include <math.h>

#include "planted.h"

#include "render/formats.h"
#include "render/html.h"

struct output {
	char *text;
	size_t length;
	FILE *out;
};

static FILE *output_open(struct output *o)
{
	*o = (struct output){ 0 };
	o->out = open_memstream(&o->text, &o->length);
	assert_non_null(o->out);
	return o->out;
}

static void expect(struct output *o, const char *text)
{
	assert_int_equal(fclose(o->out), 0);
	assert_string_equal(o->text, text);
	free(o->text);
}

static void test_texts_are_no_markup(void **state)
{
	static const struct {
		const char *text, *as;
	} rows[] = {
		{ "", "" },
		{ "node 0", "node 0" },
		{ "<script>", "&lt;script&gt;" },
		{ "a & b", "a &amp; b" },
		{ "\"x\" 'y'", "&quot;x&quot; 'y'" },
		{ "&lt;", "&amp;lt;" },
		{ "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80",
		  "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "tab\there\n", "tab\there\n" },
		{ "\x01\x1b[31m", "\xef\xbf\xbd\xef\xbf\xbd[31m" },
		{ "\xc2\x85", "\xef\xbf\xbd" },     /* a control character of two bytes */
		{ "\xe2\x80\xae", "\xef\xbf\xbd" }, /* right to left from here on */
		{ "\xe2\x81\xa6", "\xef\xbf\xbd" }, /* isolated from here on */
		{ "\xff", "\xef\xbf\xbd" },
		{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd" }, /* an overlong < */
		{ "\xe0\x80\xbc", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* half of a pair */
	};
	struct output o;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		html_put(output_open(&o), "%s", rows[i].text);
		expect(&o, rows[i].as);
	}
	html_put(output_open(&o), "<b title=\"%s\">%d %u %zu %.1f %.*f %g</b>%%", "'<", -3, 4U,
		 (size_t)5, 1.25, 2, 7.125, 0.5);
	expect(&o, "<b title=\"'&lt;\">-3 4 5 1.2 7.12 0.5</b>%");
}

static void test_ticks(void **state)
{
	static const struct {
		enum html_scale scale;
		double low, high;
		size_t n;
		double v[8];
	} rows[] = {
		{ HTML_LINEAR, 0, 57.9, 3, { 0, 20, 40 } },
		{ HTML_LINEAR, 0, 1, 6, { 0, 0.2, 0.4, 0.6, 0.8, 1 } },
		{ HTML_LINEAR, -16, 80, 5, { 0, 20, 40, 60, 80 } },
		{ HTML_LINEAR, 3, 3, 0, { 0 } },
		{ HTML_LOG2, 4096, 1 << 26, 4, { 4096, 1 << 16, 1 << 20, 1 << 24 } },
		{ HTML_LOG2, 1, 8, 4, { 1, 2, 4, 8 } },
		{ HTML_LOG2, 0, 8, 0, { 0 } },
		{ HTML_LOG10, 1.5, 120, 6, { 2, 5, 10, 20, 50, 100 } },
		{ HTML_LOG10, 1.5, 2e5, 5, { 10, 100, 1000, 1e4, 1e5 } },
		{ HTML_LOG10, 90, 140, 6, { 90, 100, 110, 120, 130, 140 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct html_axis axis = { .scale = rows[i].scale };
		double v[8];

		assert_int_equal(html_ticks(&axis, rows[i].low, rows[i].high, v, 6), rows[i].n);
		for (size_t k = 0; k < rows[i].n; k++)
			assert_true(fabs(v[k] - rows[i].v[k]) <= 1e-9 * fabs(rows[i].v[k]) + 1e-12);
	}
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

/* Lines that lie on each other are drawn once, and all are in the table. */
static void test_chart(void **state)
{
	struct html_point a[] = { { 1, 10, 9, 11 }, { 2, 20, NAN, NAN }, { 4, 40, 39, 41 } },
			  b[] = { { 1, 10.1, NAN, NAN }, { 2, 20, NAN, NAN }, { 4, 40, NAN, NAN } },
			  c[] = { { 1, 5, NAN, NAN }, { 2, 5, NAN, NAN }, { 4, NAN, NAN, NAN } };
	const struct html_series series[] = { { "GPU 0", a, 3 },
					      { "GPU 1", b, 3 },
					      { "<GPU 2>", c, 3 } };
	struct html_chart chart = { .title = "copies, GB/s",
				    .x = { .name = "threads", .factor = 1, .scale = HTML_LOG2 },
				    .y = { .factor = 1 },
				    .series = series,
				    .n = 3 };
	struct output o;

	(void)state;
	html_chart(output_open(&o), &chart);
	fclose(o.out);
	assert_int_equal(count(o.text, "<path class=\"line\" d=\"M4"), 2);
	assert_non_null(strstr(o.text, "GPU 0, and 1 within 3 %"));
	assert_non_null(strstr(o.text, "&lt;GPU 2&gt;"));
	assert_null(strstr(o.text, "<GPU 2>"));
	assert_non_null(strstr(o.text, "40.0 <small>39.0-41.0</small>"));
	assert_int_equal(count(o.text, "<th scope=\"row\">"), 3);
	assert_null(strstr(o.text, "nan"));
	free(o.text);

	chart.n = 0;
	html_chart(output_open(&o), &chart);
	expect(&o, "");
}

/* ---- the page ---- */

static void plant(struct result *res)
{
	result_init(res);
	plant_machine(&res->machine, 2, 4, 4);
	snprintf(res->run.id, sizeof res->run.id, "<i>host</i>");
	snprintf(res->machine.gpus[0].name, sizeof res->machine.gpus[0].name,
		 "<script>alert(1)</script>");
	res->run.complete = true;
	for (int node = 0; node < 2; node++)
		for (int gpu = 0; gpu < 4; gpu++)
			plant_record(res, (struct planted){ .test = "gpu-bandwidth",
							    .direction = DIR_H2D,
							    .node = node,
							    .gpu = gpu,
							    .rounds = 12,
							    .openings = 4,
							    .figure = node == gpu % 2 ? 50e9 : 30e9,
							    .noise = 0.002 });
	assert_int_equal(recommend(res), 0);
	assert_int_equal(judge(res), 0);
}

static char *page_of(const struct result *const *res, size_t n)
{
	const struct render_options o = { .width = 80, .source = "<b>result.json" };
	struct output out;

	assert_int_equal(format_html_several(res, n, &o, output_open(&out)), 0);
	assert_int_equal(fclose(out.out), 0);
	return out.text;
}

static void test_page(void **state)
{
	const struct result *one;
	struct result res;
	char *page;

	(void)state;
	plant(&res);
	one = &res;
	page = page_of(&one, 1);
	assert_int_equal(count(page, "<script>"), 1);
	assert_null(strstr(page, "<i>host"));
	assert_non_null(strstr(page, "&lt;i&gt;host&lt;/i&gt;"));
	/* The figures, which is the best and which the worst of a column, and how deep it is. */
	assert_int_equal(count(page, "<td class=\"h8\" data-is=\"pinned h2d, node"), 4);
	assert_int_equal(count(page, "<td class=\"h0\" data-is=\"pinned h2d, node"), 4);
	assert_int_equal(count(page, ", best</span>"), 4);
	assert_int_equal(count(page, ", worst</span>"), 4);
	assert_int_equal(count(page, "<b>50.0</b>"), 4);
	assert_non_null(strstr(page, "95 % interval 49."));
	/* The machine: a card for each node, all GPUs at home, fed from afar by thinner lines. */
	assert_int_equal(count(page, "<rect class=\"node\""), 2);
	assert_int_equal(count(page, "<rect class=\"gpu\""), 4);
	assert_int_equal(count(page, "<path class=\"near\" stroke-width=\"11.0\""), 4);
	assert_int_equal(count(page, "<path class=\"far\" stroke-width=\"4.0\""), 4);
	/* Lines to paste: as a shell takes them. */
	assert_non_null(strstr(page, "--from '&lt;b&gt;result.json' -- COMMAND"));
	free(page);
	result_release(&res);
}

static void test_side_by_side(void **state)
{
	const struct result *two[2];
	struct result res[2];
	char *page;

	(void)state;
	for (int i = 0; i < 2; i++) {
		plant(&res[i]);
		two[i] = &res[i];
	}
	for (size_t k = 0; k < res[1].records[0].samples.n; k++)
		res[1].records[0].samples.v[k] *= 0.8;
	record_summarise(&res[1].records[0]);
	page = page_of(two, 2);
	assert_non_null(strstr(page, "8 cells in both: 1 changed by more than 3 %"));
	assert_non_null(strstr(page, "0 for the better, 1 for the worse"));
	assert_non_null(strstr(page, "50.0 GB/s</td><td class=\"r\">40.0 GB/s</td>"));
	assert_non_null(strstr(page, "0.80x worse"));
	assert_int_equal(count(page, "<rect class=\"node\""), 4);
	free(page);
	for (int i = 0; i < 2; i++)
		result_release(&res[i]);
}

/* Nothing at all is a page, too. */
static void test_empty(void **state)
{
	const struct result *one;
	struct result res;
	char *page;

	(void)state;
	result_init(&res);
	one = &res;
	page = page_of(&one, 1);
	assert_non_null(strstr(page, "</html>"));
	assert_non_null(strstr(page, "UNKNOWN"));
	free(page);
	result_release(&res);
}

/* ---- the walk ---- */

struct heard {
	size_t headings, sentences, labelled, tables, sheets;
};

static void hear_heading(struct text *t, const char *title)
{
	((struct heard *)t->own)->headings += title[0] != '\0';
}

static void hear_sentence(struct text *t, int indent, const char *sentence)
{
	assert_in_range(indent, 0, 4);
	((struct heard *)t->own)->sentences += sentence[0] != '\0';
}

static void hear_labelled(struct text *t, const char *label, const char *sentence)
{
	(void)sentence;
	((struct heard *)t->own)->labelled += strncmp(label, "GPU ", 4) == 0;
}

static int hear_table(struct text *t, const struct table *table)
{
	((struct heard *)t->own)->tables += table_columns(table) > 0;
	return 0;
}

static int hear_sheet(struct text *t, const struct sheet *s, const struct sheet_style *style)
{
	struct sheet_cell cell;

	sheet_cell(t, s, 0, 0, style, &cell);
	assert_string_equal(cell.figure, "50.0");
	assert_int_equal(cell.sign, '+');
	((struct heard *)t->own)->sheets += s->nrows == 2 && s->ncolumns == 4;
	return 0;
}

static void hear_finding(struct text *t, const struct told_finding *f)
{
	(void)t;
	(void)f;
}

static void hear_command(struct text *t, const char *line, const char *remark)
{
	(void)t;
	assert_non_null(strstr(line, "COMMAND"));
	assert_non_null(strstr(remark, "GPU"));
}

static void test_any_voice(void **state)
{
	static const struct voice voice = { .heading = hear_heading,
					    .sentence = hear_sentence,
					    .labelled = hear_labelled,
					    .table = hear_table,
					    .sheet = hear_sheet,
					    .finding = hear_finding,
					    .command = hear_command };
	const struct render_options o = { .width = 80 };
	struct heard heard = { 0 };
	struct text t = { .o = &o, .voice = &voice, .own = &heard };
	struct result res;
	struct walk w;

	(void)state;
	plant(&res);
	assert_int_equal(walk_open(&w, &res), 0);
	for (const struct part *p = parts; p->id; p++) {
		for (const struct part *q = p + 1; q->id; q++)
			assert_string_not_equal(p->id, q->id);
		assert_int_equal(walk_part(&w, p, &t), 0);
	}
	walk_close(&w);
	assert_int_equal(heard.sheets, 1);
	assert_true(heard.headings >= 3);
	assert_true(heard.sentences >= 4);
	assert_true(heard.tables >= 1);
	assert_int_equal(heard.labelled, 0); /* the table of nodes says it all */
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_no_markup),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_chart),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_any_voice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
