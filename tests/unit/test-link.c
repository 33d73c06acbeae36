/* A PCIe link while it is in use: speed, width and errors of both its ends. */
#include "unit.h"

#include <errno.h>

#include "machine/link.h"
#include "tree.h"

#define GPU  "0000:17:00.0"
#define PORT "0000:16:01.0"

struct bench {
	struct tree t;
	struct sysroot r;
};

static void put(const struct bench *b, const char *pci, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/devices/pci0000:00/0000:00:01.0/" PORT "%s%s/%s",
		 strcmp(pci, PORT) == 0 ? "" : "/", strcmp(pci, PORT) == 0 ? "" : pci, file);
	tree_file(&b->t, path, text);
}

/* A GPU below a switch's port; a device of the root bus, with no port above. */
static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	const char *const devices = "sys/bus/pci/devices/";
	char path[64];

	*state = b;
	tree_new(&b->t);
	put(b, GPU, "current_link_speed", "16.0 GT/s PCIe\n");
	put(b, GPU, "current_link_width", "8\n");
	put(b, PORT, "current_link_width", "8\n");
	snprintf(path, sizeof(path), "%s" GPU, devices);
	tree_link(&b->t, path, "../../../devices/pci0000:00/0000:00:01.0/" PORT "/" GPU);
	snprintf(path, sizeof(path), "%s" PORT, devices);
	tree_link(&b->t, path, "../../../devices/pci0000:00/0000:00:01.0/" PORT);
	tree_file(&b->t, "sys/devices/pci0000:00/0000:00:05.0/aer_dev_fatal",
		  "TOTAL_ERR_FATAL 4\n");
	snprintf(path, sizeof(path), "%s0000:00:05.0", devices);
	tree_link(&b->t, path, "../../../devices/pci0000:00/0000:00:05.0");
	return sysroot_open_recorded(&b->r, b->t.path, NULL);
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	sysroot_close(&b->r);
	tree_remove(&b->t);
	free(b);
	return 0;
}

static void the_link_now(void **state)
{
	struct bench *b = *state;
	int gen = 0, width = 0;

	assert_int_equal(link_now(&b->r, GPU, &gen, &width), 0);
	assert_int_equal(gen, 4);
	assert_int_equal(width, 8);
	/* Read afresh each time. */
	put(b, GPU, "current_link_speed", "2.5 GT/s PCIe\n");
	assert_int_equal(link_now(&b->r, GPU, &gen, &width), 0);
	assert_int_equal(gen, 1);
	put(b, GPU, "current_link_width", "0\n");
	assert_int_equal(link_now(&b->r, GPU, &gen, &width), -EIO);
	put(b, GPU, "current_link_width", "8\n");
	put(b, GPU, "current_link_speed", "Unknown\n");
	assert_int_equal(link_now(&b->r, GPU, &gen, &width), -EIO);
	assert_int_equal(link_now(&b->r, "0000:99:00.0", &gen, &width), -EIO);
	assert_int_equal(gen, 1);
	assert_int_equal(width, 8);
}

/* What one file of the GPU and one of its port come to; NULL: there is no such file. */
static void errors_of_both_ends(void **state)
{
	static const struct {
		const char *gpu, *port;
		long long count; /* -1: unknown */
		const char *why;
	} rows[] = {
		{ "Receiver Error 2\nBad TLP 1\nTOTAL_ERR_COR 3\n", "RxErr 0\nTOTAL_ERR_COR 4\n", 7,
		  NULL },
		/* a total counts messages, each of which may tell of several errors */
		{ "RxErr 2\nBadTLP 2\nTOTAL_ERR_COR 3\n", "TOTAL_ERR_COR 0\n", 3, NULL },
		/* no total: all kinds together */
		{ "RELAY_NUM Rollover 5\nReplay Timer Timeout 6\n", "Rollover 10\n", 21, NULL },
		{ "RxErr 0\nBadTLP 0\n", "RxErr 0\n", 0, NULL },
		/* one end alone */
		{ "TOTAL_ERR_COR 3\n", NULL, 3, NULL },
		{ NULL, "TOTAL_ERR_COR 4\n", 4, NULL },
		{ "garbage\n", "TOTAL_ERR_COR 4\n", 4, NULL },
		{ "TOTAL_ERR_COR 18446744073709\n", "TOTAL_ERR_COR 1\n", 18446744073710, NULL },
		/* neither */
		{ NULL, NULL, -1, "no AER" },
		{ "", "", -1, "cannot be read" },
		{ "RxErr 2\nBadTLP\n", NULL, -1, "unknown form" },
		{ "RxErr -2\n", NULL, -1, "unknown form" },
		{ "RxErr 2x\n", NULL, -1, "unknown form" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct link_errors errors;
		struct bench *b;
		void *fresh;

		assert_int_equal(set_up(&fresh), 0);
		b = fresh;
		if (rows[i].gpu)
			put(b, GPU, "aer_dev_correctable", rows[i].gpu);
		if (rows[i].port)
			put(b, PORT, "aer_dev_correctable", rows[i].port);
		link_errors(&b->r, GPU, &errors);
		if (errors.correctable.is != (rows[i].count >= 0) ||
		    (errors.correctable.is && errors.correctable.value != rows[i].count) ||
		    (!errors.correctable.is && !strstr(errors.correctable.why, rows[i].why)))
			fail_msg("row %zu: %d %lld %s", i, errors.correctable.is,
				 errors.correctable.value, errors.correctable.why);
		/* The others have no file here. */
		assert_false(errors.nonfatal.is);
		assert_false(errors.fatal.is);
		tear_down(&fresh);
	}
}

static void each_kind_has_its_file(void **state)
{
	struct bench *b = *state;
	struct link_errors errors;

	put(b, GPU, "aer_dev_correctable", "TOTAL_ERR_COR 1\n");
	put(b, GPU, "aer_dev_nonfatal", "Undefined 0\nTOTAL_ERR_NONFATAL 20\n");
	put(b, PORT, "aer_dev_fatal", "Undefined 0\nTOTAL_ERR_FATAL 300\n");
	link_errors(&b->r, GPU, &errors);
	assert_int_equal(errors.correctable.value, 1);
	assert_int_equal(errors.nonfatal.value, 20);
	assert_int_equal(errors.fatal.value, 300);
}

static void a_device_with_no_port_above(void **state)
{
	struct bench *b = *state;
	struct link_errors errors;

	link_errors(&b->r, "0000:00:05.0", &errors);
	assert_int_equal(errors.fatal.value, 4);
	assert_false(errors.nonfatal.is);
	/* Nor one that is not there at all. */
	link_errors(&b->r, "0000:99:00.0", &errors);
	assert_false(errors.fatal.is);
	assert_non_null(errors.fatal.why);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(the_link_now),
		cmocka_unit_test(errors_of_both_ends),
		EACH(each_kind_has_its_file),
		EACH(a_device_with_no_port_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
