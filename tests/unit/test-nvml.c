/* NVML's answers through lib/machine/nvml.c, over the simulator's double of the library. The loader
 * finds that where LD_LIBRARY_PATH said so when the process started: so this starts itself again.
 */
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/nvml.h"

#define FIRST  "0000:17:00.0"
#define SECOND "0000:18:00.0"
#define UNSEEN "0000:19:00.0"

static const char scenario[] =
	"{ 'gpus': ["
	" { 'pci': '" FIRST "', 'uuid': 'GPU-1', 'memory': 85899345920, 'memory_used': 3221225472,"
	"   'utilisation': 40, 'compute_mode': 'exclusive-process', 'replays': [5, 9],"
	"   'clock_reasons': 72, 'link': { 'gen': 5, 'width': 16, 'idle_gen': 1 } },"
	" { 'pci': '" SECOND "', 'uuid': 'GPU-2' },"
	" { 'pci': '" UNSEEN "', 'uuid': 'GPU-3', 'nvml': false } ] }";

static int open_library(void **state)
{
	struct nvml *n;

	assert_int_equal(nvml_open(&n, NULL), 0);
	*state = n;
	return 0;
}

static int close_library(void **state)
{
	nvml_close(*state);
	return 0;
}

static void facts_of_its_use(void **state)
{
	struct nvml_facts f[4];
	size_t n;

	assert_int_equal(nvml_enumerate(*state, f, 4, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(f[0].pci, FIRST);
	assert_int_equal(f[0].link_gen.value, 1); /* idle */
	assert_int_equal(f[0].memory_bytes.value, 80LL << 30);
	/* Without what the driver reserves. */
	assert_int_equal(f[0].memory_used.value, 3LL << 30);
	assert_int_equal(f[0].utilisation.value, 40);
	assert_int_equal(f[0].compute_mode.value, NVML_EXCLUSIVE_PROCESS);
	assert_true(f[1].memory_used.is);
	assert_int_equal(f[1].memory_used.value, 0);
	assert_int_equal(f[1].compute_mode.value, NVML_SHARED);
}

static void replays_grow(void **state)
{
	static const struct {
		const char *pci;
		int rc;
		uint64_t count;
	} rows[] = {
		{ FIRST, 0, 5 },  { FIRST, 0, 9 },  { FIRST, 0, 9 },
		{ SECOND, 0, 0 }, { SECOND, 0, 0 }, { UNSEEN, -ENODEV, 77 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t count = 77;

		assert_int_equal(nvml_replays(*state, rows[i].pci, &count), rows[i].rc);
		assert_int_equal(count, rows[i].count);
	}
}

static void clocks_held_back(void **state)
{
	char words[64] = "";
	uint64_t mask = 0;

	assert_int_equal(nvml_clock_reasons(*state, FIRST, &mask), 0);
	for (size_t i = 0; i < nvml_nreasons; i++)
		if (mask & nvml_reasons[i].bit) {
			strcat(words, nvml_reasons[i].word);
			strcat(words, " ");
		}
	assert_string_equal(words, "hw-slowdown hw-thermal ");
	assert_int_equal(nvml_clock_reasons(*state, SECOND, &mask), 0);
	assert_int_equal(mask, 0);
	assert_int_equal(nvml_clock_reasons(*state, UNSEEN, &mask), -ENODEV);
}

static void words_for_reasons(void **state)
{
	uint64_t all = 0, faults = 0;

	(void)state;
	for (size_t i = 0; i < nvml_nreasons; i++) {
		assert_int_equal(all & nvml_reasons[i].bit, 0);
		all |= nvml_reasons[i].bit;
		if (nvml_reasons[i].fault)
			faults |= nvml_reasons[i].bit;
	}
	assert_int_equal(all, 0x1ff);
	/* hw-slowdown, sw-thermal, hw-thermal, power-brake: no idle GPU, no power cap */
	assert_int_equal(faults, 0x0e8);
}

static void a_link_wakes_up(void **state)
{
	struct nvml_facts f[4];
	int gen, width;
	size_t n;

	/* Enumerating is the first question, of an idle link, and the second. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(nvml_enumerate(*state, f, 4, &n, NULL), 0);
	assert_int_equal(f[0].link_gen.value, 5);
	assert_int_equal(nvml_link(*state, FIRST, &gen, &width), 0);
	assert_int_equal(gen, 5);
	assert_int_equal(width, 16);
	assert_int_equal(nvml_link(*state, UNSEEN, &gen, &width), -ENODEV);
}

/* Its own folder is build/tests/unit, the double's build/sim/lib. */
static int start_again(void)
{
	char exe[4096] = "", library[4200], path[] = "/tmp/test-nvml-XXXXXX", text[1024];
	int fd;

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return 1;
	snprintf(library, sizeof(library), "%s/../../sim/lib", dirname(exe));
	setenv("LD_LIBRARY_PATH", library, 1);
	strcat(library, "/libnvidia-ml.so.1");
	if (access(library, R_OK) < 0) {
		printf("1..0 # SKIP no double of NVML in this build\n");
		return 0;
	}
	snprintf(text, sizeof(text), "%s", scenario);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	fd = mkstemp(path);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return 1;
	close(fd);
	setenv("NUMABENCH_SIM", path, 1);
	setenv("TEST_NVML_AGAIN", "1", 1);
	execl("/proc/self/exe", "test-nvml", (char *)NULL);
	return 1;
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, open_library, close_library)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(facts_of_its_use),  EACH(replays_grow),    EACH(clocks_held_back),
		EACH(words_for_reasons), EACH(a_link_wakes_up),
	};
	int failed;

	if (!getenv("TEST_NVML_AGAIN"))
		return start_again();
	/* Held open, so that what the double keeps from question to question stays. */
	if (!dlopen("libnvidia-ml.so.1", RTLD_NOW))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(getenv("NUMABENCH_SIM"));
	return failed;
}
