/* pcie.c - the way from the CPUs to the GPU, hop by hop. */
#include "machine/pcie.h"

#include <stdio.h>
#include <string.h>

#include "families.h"

/* ---- width ---- */

/* The lanes in use: of the result's readings under load the fewest, else as sysfs has it now. */
static struct known lanes_in_use(const struct look *l, const struct gpu *g)
{
	struct known least = UNKNOWN("not in the result");

	for (const struct record *r = NULL; l->res && (r = next_record(l, g->index, r));) {
		const json_t *link = json_object_get(r->more, "link_during");
		const json_t *width = json_object_get(link, "width");

		if (json_is_integer(width))
			least = known_lesser(least, KNOWN(json_integer_value(width)));
	}
	return least.is ? least : g->link_width;
}

/* Links above the GPU's own that are narrower than both their ends can be. */
static bool narrow_above(struct checking *c, const struct gpu *g)
{
	struct pcie_hop hop[PCIE_HOPS];
	size_t n = c->l->root && !c->l->guest ? pcie_path(c->l->root, g->pci, hop) : 0;
	bool any = false;

	/* The last pair is the GPU's own link. */
	for (size_t end = n; end >= 4; end -= 2) {
		const struct pcie_hop *up = &hop[end - 4], *down = up + 1;
		struct known now = known_lesser(up->width, down->width);
		struct known able = known_lesser(up->max_width, down->max_width);

		if (!now.is || !able.is || now.value >= able.value)
			continue;
		any = true;
		expect(c, "x%lld, which both ends of that link can do", able.value);
		mend(c,
		     "reseat the riser or switch board that %s stands on; look for a lane setting "
		     "(bifurcation) of port %s in the BIOS",
		     down->pci, up->pci);
		found(c, CHECK_FAIL, gpu_name(c, g), "the link %s - %s above it runs at x%lld",
		      up->pci, down->pci, now.value);
	}
	return any;
}

static void look_width(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		struct known now = lanes_in_use(c->l, g);
		bool told = now.is && g->max_width.is;

		if (narrow_above(c, g) && !told)
			continue;
		if (!told) {
			found(c, CHECK_SKIP, gpu_name(c, g), "%s",
			      now.is ? g->max_width.why : now.why);
			continue;
		}
		expect(c, "x%lld, which both ends of its link can do", g->max_width.value);
		found(c, now.value < g->max_width.value ? CHECK_FAIL : CHECK_PASS, gpu_name(c, g),
		      "its link runs at x%lld", now.value);
	}
}

/* ---- speed ---- */

static void look_speed(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		long long most = 0;

		for (const struct record *r = NULL; (r = next_record(c->l, g->index, r));) {
			const json_t *link = json_object_get(r->more, "link_during");
			long long gen = json_integer_value(json_object_get(link, "gen"));

			most = gen > most ? gen : most;
		}
		if (!most || !g->max_gen.is) {
			found(c, CHECK_SKIP, gpu_name(c, g),
			      most ? "nobody tells what its link can do"
				   : "the result has no reading of its link under load");
			continue;
		}
		expect(c, "Gen%lld, which both ends of its link can do", g->max_gen.value);
		found(c, most < g->max_gen.value ? CHECK_FAIL : CHECK_PASS, gpu_name(c, g),
		      "under load its link ran at Gen%lld", most);
	}
}

/* ---- slot ---- */

/* What a link carries, in units of one lane of Gen1: the rate doubles with each generation
 * (Gen3 from 5 to 8 GT/s, with a coding that makes up for the rest). */
static long long strength(struct known gen, struct known width)
{
	return width.value << (gen.value - 1);
}

/* The weakest link above the GPU's own, and what it can do. */
static const struct pcie_hop *bottleneck(const struct pcie_hop *hop, size_t n, long long *least)
{
	const struct pcie_hop *at = NULL;

	for (size_t end = n; end >= 4; end -= 2) {
		const struct pcie_hop *up = &hop[end - 4], *down = up + 1;
		struct known gen = known_lesser(up->max_gen, down->max_gen);
		struct known width = known_lesser(up->max_width, down->max_width);

		if (!gen.is || !width.is || (at && strength(gen, width) >= *least))
			continue;
		*least = strength(gen, width);
		at = up;
	}
	return at;
}

static void judge_slot(struct checking *c, const struct gpu *g, const struct pcie_hop *hop,
		       size_t n)
{
	const struct pcie_hop *own = &hop[n - 1], *port = &hop[n - 2], *weak;
	long long least = 0;

	if (!own->max_width.is || !own->max_gen.is || !port->max_width.is || !port->max_gen.is) {
		found(c, CHECK_SKIP, gpu_name(c, g), "sysfs does not tell what both ends can do");
		return;
	}
	weak = bottleneck(hop, n, &least);
	if (port->max_width.value < own->max_width.value) {
		expect(c, "x%lld, the GPU's own width", own->max_width.value);
		found(c, CHECK_WARN, gpu_name(c, g), "port %s, its slot, has x%lld", port->pci,
		      port->max_width.value);
	} else if (weak && least < strength(known_lesser(own->max_gen, port->max_gen),
					    known_lesser(own->max_width, port->max_width))) {
		expect(c, "links above a switch that carry what the GPU's own link does");
		found(c, CHECK_WARN, gpu_name(c, g),
		      "port %s above it can do Gen%lld x%lld, less than its own link", weak->pci,
		      weak->max_gen.value, weak->max_width.value);
	} else {
		found(c, CHECK_PASS, gpu_name(c, g), "Gen%lld x%lld, the GPU itself Gen%lld x%lld",
		      known_lesser(own->max_gen, port->max_gen).value, port->max_width.value,
		      own->max_gen.value, own->max_width.value);
	}
}

static void look_slot(struct checking *c)
{
	struct pcie_hop hop[PCIE_HOPS];

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		size_t n = pcie_path(c->l->root, g->pci, hop);

		if (c->l->guest)
			found(c, CHECK_SKIP, gpu_name(c, g),
			      "a virtual machine's ports are not real");
		else if (n < 2)
			found(c, CHECK_SKIP, gpu_name(c, g), "sysfs shows no port above it");
		else
			judge_slot(c, g, hop, n);
	}
}

/* ---- errors ---- */

/* By how much a count of link_errors grew, the most over a GPU's records; unknown where no
 * record tells. */
static struct known growth(const struct look *l, const struct gpu *g, const char *key)
{
	struct known most = UNKNOWN("the result does not tell for this GPU");

	for (const struct record *r = NULL; (r = next_record(l, g->index, r));) {
		const json_t *errors = json_object_get(r->more, "link_errors");
		const json_t *v = json_object_get(errors, key);

		if (json_is_integer(v) && (!most.is || json_integer_value(v) > most.value))
			most = KNOWN(json_integer_value(v));
	}
	return most;
}

static void look_replays(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		struct known k = growth(c->l, g, "replays");

		if (!k.is)
			found(c, CHECK_SKIP, gpu_name(c, g), "%s", k.why);
		else
			found(c, k.value > 0 ? CHECK_WARN : CHECK_PASS, gpu_name(c, g),
			      "%lld packets were sent again", k.value);
	}
}

static void look_errors(struct checking *c)
{
	static const struct {
		const char *key, *name;
	} kinds[] = {
		{ "aer_fatal", "fatal" },
		{ "aer_nonfatal", "uncorrectable" },
		{ "aer_correctable", "corrected" },
	};

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		struct known sum = UNKNOWN("the result has no AER counters of this GPU");
		char text[80] = "";
		size_t used = 0;

		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
			struct known k = growth(c->l, g, kinds[i].key);

			if (!k.is)
				continue;
			sum = KNOWN((sum.is ? sum.value : 0) + (k.value > 0));
			if (k.value > 0)
				used += (size_t)snprintf(text + used, sizeof text - used,
							 "%s%lld %s", used ? ", " : "", k.value,
							 kinds[i].name);
		}
		if (!sum.is)
			found(c, CHECK_SKIP, gpu_name(c, g), "%s", sum.why);
		else
			found(c, sum.value ? CHECK_WARN : CHECK_PASS, gpu_name(c, g),
			      sum.value ? "errors of its link during the run: %s" : "none%s", text);
	}
}

const struct check pcie_checks[] = {
	{ .id = "pcie.link-width",
	  .title = "PCIe links are as wide as both their ends can be",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .needs = NEEDS_GPU,
	  .good = "as many lanes as both ends of the link can do, at every hop",
	  .about = "A link that trained with half its lanes carries half the bytes, in every copy, "
		   "whatever the binding. It works otherwise, so nothing reports it.",
	  .see = "cd /sys/bus/pci/devices/ADDRESS; grep . {current,max}_link_width; sudo lspci "
		 "-vvs "
		 "ADDRESS | grep -E 'LnkCap|LnkSta'",
	  .mend = "reseat the GPU, its riser and cables, clean the contacts, look for a lane "
		  "setting "
		  "(bifurcation) of that slot in the BIOS; reboot, for links train at start",
	  .cost = "In proportion to the lanes: x8 of x16 is half of all large pinned copies.",
	  .measured = COST_LINK,
	  .source = "sys/bus/pci/devices/*/{current,max}_link_width of both ends, NVML",
	  .authority =
		  "PCIe Base Specification 5.0, 7.5.3.6 Link Capabilities, 7.5.3.8 Link Status",
	  .look = look_width },
	{ .id = "pcie.link-speed",
	  .title = "The GPU's link runs at full speed under load",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "the generation that both ends of the link can do, while copies run",
	  .about = "An idle GPU drops its link to Gen1 to save power, so that only a reading under "
		   "load "
		   "means something. A link that stays low then has trained badly.",
	  .see = "nvidia-smi --query-gpu=index,pcie.link.gen.current,pcie.link.gen.max "
		 "--format=csv -l 1 "
		 "while a copy runs",
	  .mend = "reseat the GPU, its riser and cables; set the slot's link speed to Auto or its "
		  "highest "
		  "in the BIOS; a riser made for an older generation must be replaced",
	  .cost = "Each generation below is half of all large pinned copies.",
	  .measured = COST_LINK,
	  .source = "link_during of the result's records (sysfs current_link_speed, NVML)",
	  .authority = "PCIe Base Specification 5.0, 7.5.3.8 Link Status",
	  .look = look_speed },
	{ .id = "pcie.slot",
	  .title = "The slot and the switches above give the GPU all its lanes",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "the GPU's own width, and links above a switch that carry as much",
	  .about = "A GPU in a slot with fewer lanes, or below a switch with a narrow uplink, is "
		   "slow "
		   "though every link runs as well as it can.",
	  .see = "lspci -tv; sudo lspci -vvs PORT | grep LnkCap",
	  .mend = "move the GPU to a slot with all its lanes (the server's manual lists them), or "
		  "look "
		  "for a lane setting (bifurcation) of that slot in the BIOS",
	  .cost = "In proportion to the lanes.",
	  .measured = COST_LINK,
	  .source = "sys/bus/pci/devices/*/max_link_{speed,width} of every port above",
	  .authority = "PCIe Base Specification 5.0, 7.5.3.6 Link Capabilities",
	  .look = look_slot },
	{ .id = "pcie.replays",
	  .title = "No packets are sent again",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "no growth during the run",
	  .about =
		  "Every packet that arrives broken is sent again: a link with a bad contact loses "
		  "bandwidth and steadiness before it fails.",
	  .see = "nvidia-smi --query-gpu=index,pcie.replay.counter --format=csv (PCIe replays), "
		 "before "
		 "and after a copy",
	  .mend = "reseat the GPU, its riser or cables, clean the contacts; if it stays replace "
		  "riser or "
		  "retimer, then try the GPU in another slot",
	  .cost = "Little while they are few; then retraining to a lower speed.",
	  .source = "link_errors.replays of the result's records (nvmlDeviceGetPcieReplayCounter)",
	  .authority = "PCIe Base Specification 5.0, 3.6.2 (replay); NVML API Reference",
	  .look = look_replays },
	{ .id = "pcie.errors",
	  .title = "No PCIe errors are reported",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "no growth during the run",
	  .about = "Corrected errors cost bandwidth; uncorrected ones lose a transfer or take the "
		   "GPU off "
		   "the bus (Xid 79).",
	  .see = "grep . /sys/bus/pci/devices/ADDRESS/aer_dev_*; sudo dmesg | grep -i aer",
	  .mend = "reseat the GPU, its riser or cables; if it stays replace riser or retimer; a "
		  "BIOS "
		  "update may bring better equalisation settings",
	  .cost = "From a little bandwidth to the GPU.",
	  .source = "link_errors.aer_* of the result's records (sysfs aer_dev_*)",
	  .authority =
		  "kernel Documentation/PCI/pcieaer-howto.rst; PCIe Base Specification 5.0, 6.2",
	  .look = look_errors },
	{ .id = NULL },
};
