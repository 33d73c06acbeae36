/* test-physics.c - what a PCI Express link could carry. */
#include <math.h>

#include "unit.h"

#include "result/physics.h"

/* Links of 16 lanes in GB/s to one decimal, as published for each payload size. */
static void test_table(void **state)
{
	static const struct {
		int gen, mps;
		double d2h, h2d;
	} rows[] = {
		{ 3, 128, 13.3, 13.6 }, { 3, 256, 14.4, 14.6 }, { 3, 512, 15.0, 15.2 },
		{ 4, 128, 26.5, 27.2 }, { 4, 256, 28.8, 29.2 }, { 4, 512, 30.1, 30.3 },
		{ 5, 128, 53.1, 54.5 }, { 5, 256, 57.6, 58.4 }, { 5, 512, 60.2, 60.6 },
		{ 3, 0, 15.75, 15.75 }, { 4, 0, 31.51, 31.51 }, { 5, 0, 63.02, 63.02 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double d2h = pcie_ceiling(rows[i].gen, 16, rows[i].mps, DIR_D2H) / 1e9;
		double h2d = pcie_ceiling(rows[i].gen, 16, rows[i].mps, DIR_H2D) / 1e9;

		if (fabs(d2h - rows[i].d2h) > 0.1 || fabs(h2d - rows[i].h2d) > 0.1)
			fail_msg("Gen%d, payload %d: %f %f", rows[i].gen, rows[i].mps, d2h, h2d);
	}
	/* 2.5 GT/s with 8b/10b is 250 MB/s a lane, 5 GT/s twice that. */
	assert_true(fabs(pcie_ceiling(1, 1, 0, DIR_H2D) - 250e6) < 1);
	assert_true(fabs(pcie_ceiling(2, 4, 0, DIR_D2H) - 2e9) < 1);
}

/* Lanes add up; larger payloads and fewer headers carry more, and nothing exceeds the bound. */
static void test_order(void **state)
{
	(void)state;
	for (int gen = 1; gen <= 5; gen++)
		for (int width = 1; width <= 32; width *= 2)
			for (int d = DIR_H2D; d <= DIR_D2H; d++) {
				enum direction way = (enum direction)d;
				double last = 0, bound = pcie_bound(gen, width, way);

				for (int mps = 128; mps <= 4096; mps *= 2) {
					double c = pcie_ceiling(gen, width, mps, way);

					assert_true(c > last && c < bound);
					assert_true(pcie_ceiling(gen, width, mps, DIR_H2D) >=
						    pcie_ceiling(gen, width, mps, DIR_D2H));
					last = c;
				}
				assert_true(bound == pcie_ceiling(gen, width, 0, way));
				assert_true(fabs(pcie_ceiling(gen, width, 256, way) -
						 width * pcie_ceiling(gen, 1, 256, way)) < 1);
			}
}

static void test_no_formula(void **state)
{
	static const struct {
		int gen, width;
		enum direction d;
	} rows[] = {
		{ 0, 16, DIR_H2D },           { -1, 16, DIR_H2D }, { 6, 16, DIR_H2D },
		{ 7, 16, DIR_D2H },           { 5, 0, DIR_H2D },   { 5, -8, DIR_D2H },
		{ 5, 16, DIR_BIDIRECTIONAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(isnan(pcie_ceiling(rows[i].gen, rows[i].width, 256, rows[i].d)));
		assert_true(isnan(pcie_bound(rows[i].gen, rows[i].width, rows[i].d)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_no_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
