/* The checks of family pcie: every status of each, from made-up machines. */
#include "scene.h"

#include <fcntl.h>

#define CHANGE(name, what)                                                                         \
	static void name(struct scene *s)                                                          \
	{                                                                                          \
		what;                                                                              \
	}

CHANGE(half_width, s->gpus[1].link_width = KNOWN(8))
CHANGE(half_width_guest, (half_width(s), in_guest(s)))
CHANGE(width_unknown, s->gpus[0].link_width = UNKNOWN("sysfs does not give the link's width"))
CHANGE(half_under_load, with_record(s, 0, "{\"link_during\": {\"gen\": 5, \"width\": 8}}"))
CHANGE(full_speed, with_record(s, 0, "{\"link_during\": {\"gen\": 5, \"width\": 16}}"))
CHANGE(slow, with_record(s, 1, "{\"link_during\": {\"gen\": 3, \"width\": 16}}"))
CHANGE(slow_guest, (slow(s), in_guest(s)))
CHANGE(ability_unknown, (full_speed(s), s->gpus[0].max_gen = UNKNOWN("not told")))
CHANGE(no_replays, with_record(s, 0, "{\"link_errors\": {\"replays\": 0, \"aer_fatal\": 0}}"))
CHANGE(replays, with_record(s, 1, "{\"link_errors\": {\"replays\": 12}}"))
CHANGE(errors, with_record(s, 1, "{\"link_errors\": {\"aer_correctable\": 4, \"aer_fatal\": 1}}"))
CHANGE(small_payload, (scene_config(s, GPU0, 0, 2, 0), scene_config(s, PORT0, 0, 2, 0)))
CHANGE(odd_payload, scene_config(s, PORT1, 0, 2, 0))
CHANGE(root_only, (tree_bytes(&s->t, DEVICE GPU0 "/config", (char[64]){ [0x34] = 0x40 }, 64)))
CHANGE(small_request, scene_config(s, GPU0, 1, 1, 0))
CHANGE(redirects, scene_config(s, PORT1, 1, 2, 0x1d))
CHANGE(validates, scene_config(s, PORT1, 1, 2, 1))

/* GPU 0 below a switch whose uplink has so many lanes and can have so many. */
static void below_switch(struct scene *s, const char *lanes, const char *most)
{
	static const char *const above[] = { "0000:15:01.0", "0000:16:00.0" };
	const char *const up = "pci0000:15/0000:15:01.0";
	char path[160];

	assert_int_equal(unlinkat(s->root.fd, DEVICE GPU0, 0), 0);
	scene_function(s, up, above[0]);
	snprintf(path, sizeof(path), "%s/%s", up, above[1]);
	scene_function(s, path, above[1]);
	snprintf(path, sizeof(path), "%s/%s/0000:16:04.0", up, above[1]);
	scene_function(s, path, "0000:16:04.0");
	snprintf(path, sizeof(path), "%s/%s/0000:16:04.0/%s", up, above[1], GPU0);
	scene_function(s, path, GPU0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), DEVICE "%s/current_link_width", above[i]);
		tree_file(&s->t, path, lanes);
		snprintf(path, sizeof(path), DEVICE "%s/max_link_width", above[i]);
		tree_file(&s->t, path, most);
	}
}
CHANGE(narrow_uplink, below_switch(s, "4", "16"))
CHANGE(weak_uplink, below_switch(s, "8", "8"))
CHANGE(good_switch, below_switch(s, "16", "16"))

static void narrow_slot(struct scene *s)
{
	tree_file(&s->t, DEVICE PORT1 "/max_link_width", "8");
}

static void on_root_bus(struct scene *s)
{
	assert_int_equal(unlinkat(s->root.fd, DEVICE GPU0, 0), 0);
	scene_function(s, "pci0000:00/" GPU0, GPU0);
}

static void iommu(struct scene *s, const char *type)
{
	tree_link(&s->t, DEVICE GPU0 "/iommu_group", "../../../../../kernel/iommu_groups/1");
	tree_file(&s->t, "sys/kernel/iommu_groups/1/type", type);
}
CHANGE(passthrough, iommu(s, "identity"))
CHANGE(translating, iommu(s, "DMA-FQ"))

static void translating_on_arm(struct scene *s)
{
	translating(s);
	json_object_set_new(json_object_get(s->m.host, "identity"), "architecture",
			    json_string("aarch64"));
}

static void no_iommu_files(struct scene *s)
{
	assert_int_equal(unlinkat(s->root.fd, "sys/kernel/iommu_groups/1/type", 0), 0);
	assert_int_equal(unlinkat(s->root.fd, "sys/kernel/iommu_groups/1", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(s->root.fd, "sys/kernel/iommu_groups", AT_REMOVEDIR), 0);
}

#define PASS .status = CHECK_PASS
#define WARN .status = CHECK_WARN
#define FAIL .status = CHECK_FAIL
#define SKIP .status = CHECK_SKIP

static const struct scene_row rows[] = {
	{ "pcie.link-width", PASS, "x16" },
	{ "pcie.link-width", PASS, "x16", NULL, no_files },
	{ "pcie.link-width", PASS, "x16", NULL, good_switch },
	{ "pcie.link-width", FAIL,
	  "its link runs at x8; sysfs: the GPU's end reports x16 of x16, port " PORT1
	  " above it x16 of x16",
	  "reseat the GPU", half_width },
	{ "pcie.link-width", FAIL, "its link runs at x8 (the fewest of the run's readings)",
	  "reseat the GPU", half_under_load },
	{ "pcie.link-width",
	  FAIL,
	  "the GPU's end reports x8 of x16, port",
	  "slot",
	  half_width,
	  { { DEVICE GPU1 "/current_link_width", "8" } } },
	{ "pcie.link-width", FAIL, "0000:15:01.0 - 0000:16:00.0 above it runs at x4",
	  "0000:15:01.0", narrow_uplink },
	{ "pcie.link-width", WARN, "(a virtual machine's port, no end of the real link)",
	  "this is a virtual machine: what follows is for its host", half_width_guest },
	{ "pcie.link-width", SKIP, "does not give", NULL, width_unknown },
	{ "pcie.link-speed", PASS, "Gen5", NULL, full_speed },
	{ "pcie.link-speed", FAIL, "under load its link ran at Gen3", "riser", slow },
	{ "pcie.link-speed", WARN, "Gen3", NULL, slow_guest },
	{ "pcie.link-speed", SKIP, "needs a run" },
	{ "pcie.link-speed", SKIP, "no reading", NULL, full_speed },
	{ "pcie.link-speed", SKIP, "nobody tells", NULL, ability_unknown },
	{ "pcie.slot", PASS, "Gen5 x16, the GPU itself Gen5 x16" },
	{ "pcie.slot", PASS, "Gen5 x16", NULL, good_switch },
	{ "pcie.slot", WARN, "has x8", "slot", narrow_slot },
	{ "pcie.slot", WARN, "0000:15:01.0 above it can do Gen5 x8", "slot", weak_uplink },
	{ "pcie.slot", SKIP, "virtual machine", NULL, in_guest },
	{ "pcie.slot", SKIP, "no port above", NULL, on_root_bus },
	{ "pcie.slot", SKIP, "does not tell",
	  .files = { { DEVICE PORT0 "/max_link_width", NULL } } },
	{ "pcie.replays", PASS, "0 packets", NULL, no_replays },
	{ "pcie.replays", WARN, "12 packets", "reseat", replays },
	{ "pcie.replays", SKIP, "needs a run" },
	{ "pcie.replays", SKIP, "does not tell", NULL, replays },
	{ "pcie.errors", PASS, "none", NULL, no_replays },
	{ "pcie.errors", WARN, "1 fatal, 4 corrected", "reseat", errors },
	{ "pcie.errors", SKIP, "no AER", NULL, replays },
	{ "pcie.errors", SKIP, "needs a run" },
};

static const struct scene_row settings[] = {
	{ "pcie.payload", PASS, "256 bytes at every hop" },
	{ "pcie.payload", WARN, "128 bytes at every hop", "pci=pcie_bus_safe", small_payload },
	{ "pcie.payload", WARN, "256 bytes at " GPU1 ", 128 bytes at " PORT1, "BIOS", odd_payload },
	{ "pcie.payload", SKIP, "root only", NULL, root_only },
	{ "pcie.payload", SKIP, "virtual machine", NULL, in_guest },
	{ "pcie.payload", SKIP, "not in sysfs", .files = { { DEVICE GPU0, NULL } } },
	{ "pcie.payload", SKIP, "no PCI configuration",
	  .files = { { DEVICE GPU0 "/config", NULL } } },
	{ "pcie.read-request", PASS, "512 bytes" },
	{ "pcie.read-request", WARN, "256 bytes", "Max Read Request", small_request },
	{ "pcie.read-request", SKIP, "root only", NULL, root_only },
	{ "pcie.acs", PASS, "off at every port" },
	{ "pcie.acs", PASS, "off at every port", NULL, validates },
	{ "pcie.acs", WARN, "port " PORT1, "setpci -s " PORT1, redirects },
	{ "pcie.acs", SKIP, "one GPU", NULL, one_gpu },
	{ "pcie.acs", SKIP, "virtual machine", NULL, in_guest },
	{ "pcie.iommu", PASS, "off" },
	{ "pcie.iommu", PASS, "passthrough (identity)", NULL, passthrough },
	{ "pcie.iommu", WARN, "DMA-FQ", "iommu=pt", translating },
	{ "pcie.iommu", SKIP, "SMMU", NULL, translating_on_arm },
	{ "pcie.iommu", SKIP, "does not tell", NULL, no_iommu_files },
};

static void every_status(void **state)
{
	(void)state;
	scenes_run(rows, sizeof(rows) / sizeof(rows[0]));
	scenes_cover(rows, sizeof(rows) / sizeof(rows[0]), pcie_checks);
}

static void every_status_of_settings(void **state)
{
	(void)state;
	scenes_run(settings, sizeof(settings) / sizeof(settings[0]));
	scenes_cover(settings, sizeof(settings) / sizeof(settings[0]), pcie_setting_checks);
}

/* What root would see is marked, so that the report can say so. */
static void what_root_would_see(void **state)
{
	const char *family;
	const struct check *row = check_find("pcie.payload", &family);
	struct result out;
	struct scene s;

	(void)state;
	scene_open(&s);
	root_only(&s);
	result_init(&out);
	assert_int_equal(check_run(&s.look, row, family, &out), 0);
	assert_int_equal(out.nfindings, 2);
	assert_true(json_is_true(json_object_get(out.findings[0].more, "needs_root")));
	assert_null(out.findings[1].more);
	result_release(&out);
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status),
		cmocka_unit_test(every_status_of_settings),
		cmocka_unit_test(what_root_would_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
