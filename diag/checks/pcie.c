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

static const struct step port_width = { "current_link_width is {able}",
					"grep . /sys/bus/pci/devices/{down}/*_link_width" };

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
		value(c, "lanes", "%lld", now.value);
		value(c, "able", "%lld", able.value);
		value(c, "up", "%s", up->pci);
		value(c, "down", "%s", down->pci);
		mend(c, "power off; reseat the riser or switch board that {down} stands on", NULL);
		mend(c, "look for a lane setting (bifurcation) of port {up} in the BIOS", NULL);
		verify(c, &port_width);
		found(c, CHECK_FAIL, gpu_name(c, g), "the link %s - %s above it runs at x%lld",
		      up->pci, down->pci, now.value);
	}
	return any;
}

/* "x8 of x16", "x8": what one end of a link says. */
static void end_text(char *text, size_t size, struct known now, struct known able)
{
	size_t used = 0;

	if (now.is)
		used = (size_t)snprintf(text, size, "x%lld", now.value);
	if (able.is)
		snprintf(text + used, size - used, "%sx%lld", used ? " of " : "at most ",
			 able.value);
	else if (!now.is)
		snprintf(text, size, "nothing");
}

/* What each end of the GPU's own link reports, and what was asked: one line for whoever is to
 * believe it. Empty where there are no files to tell. */
static void both_ends(const struct checking *c, const struct gpu *g, char *text, size_t size)
{
	struct pcie_hop hop[PCIE_HOPS];
	size_t n = c->l->root ? pcie_path(c->l->root, g->pci, hop) : 0;
	char gpu[48], port[48];

	text[0] = '\0';
	if (!n)
		return;
	end_text(gpu, sizeof gpu, hop[n - 1].width, hop[n - 1].max_width);
	if (n < 2) {
		snprintf(text, size, "; sysfs: the GPU's end reports %s", gpu);
		return;
	}
	end_text(port, sizeof port, hop[n - 2].width, hop[n - 2].max_width);
	snprintf(text, size, "; sysfs: the GPU's end reports %s, port %s above it %s%s", gpu,
		 hop[n - 2].pci, port,
		 c->l->guest ? " (a virtual machine's port, no end of the real link)" : "");
}

static void look_width(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		struct known now = lanes_in_use(c->l, g);
		bool told = now.is && g->max_width.is, narrow;
		char ends[200] = "";

		if (narrow_above(c, g) && !told)
			continue;
		if (!told) {
			found(c, CHECK_SKIP, gpu_name(c, g), "%s",
			      now.is ? g->max_width.why : now.why);
			continue;
		}
		narrow = now.value < g->max_width.value;
		if (narrow)
			both_ends(c, g, ends, sizeof ends);
		value(c, "lanes", "%lld", now.value);
		value(c, "able", "%lld", g->max_width.value);
		expect(c, "x%lld, which %s can do", g->max_width.value,
		       c->l->guest ? "the GPU" : "both ends of its link");
		found(c, narrow ? CHECK_FAIL : CHECK_PASS, gpu_name(c, g),
		      "its link runs at x%lld%s%s", now.value,
		      narrow && c->l->res ? " (the fewest of the run's readings)" : "", ends);
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
		value(c, "gen", "%lld", most);
		value(c, "able", "%lld", g->max_gen.value);
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
		value(c, "port", "%s", port->pci);
		expect(c, "x%lld, the GPU's own width", own->max_width.value);
		found(c, CHECK_WARN, gpu_name(c, g), "port %s, its slot, has x%lld", port->pci,
		      port->max_width.value);
	} else if (weak && least < strength(known_lesser(own->max_gen, port->max_gen),
					    known_lesser(own->max_width, port->max_width))) {
		value(c, "port", "%s", weak->pci);
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
	  .fault = "A PCIe link has {lanes} of its {able} lanes",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .physical = true,
	  .needs = NEEDS_GPU,
	  .good = "as many lanes as both ends of the link can do, at every hop",
	  .about = "A link that trained with half its lanes carries half the bytes, in "
		   "every copy, whatever the binding. It works otherwise, so nothing "
		   "reports it.",
	  .harm = HARM_FACTOR,
	  .cost = "bandwidth in proportion: x8 of x16 is half of all large pinned "
		  "copies",
	  .measured = COST_LINK,
	  .see = { { "of the GPU's end: now, and at the most",
		     "grep . /sys/bus/pci/devices/{address}/*_link_width" },
		   { "likewise (LnkCap: able, LnkSta: now), with what trained badly",
		     "sudo lspci -vvs {address} | grep -E 'LnkCap:|LnkSta:'" } },
	  .mend = { { "power off; reseat the GPU, its riser and cables, clean the "
		      "contacts; links train at start",
		      NULL },
		    { "look for a lane setting (bifurcation) of that slot in the BIOS", NULL },
		    { "if it stays: try another slot, then another riser; what moves with "
		      "the fault is its cause",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "current_link_width is {able} (under load: some GPUs give up lanes when "
		      "idle)",
		      "grep . /sys/bus/pci/devices/{address}/*_link_width" },
	  .source = "sys/bus/pci/devices/*/{current,max}_link_width of both ends, NVML",
	  .authority = "PCIe Base Specification 5.0, 7.5.3.6 Link Capabilities, 7.5.3.8 "
		       "Link Status",
	  .look = look_width },
	{ .id = "pcie.link-speed",
	  .title = "The GPU's link runs at full speed under load",
	  .fault = "The GPU's link runs at Gen{gen} under load, not Gen{able}",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .guest_warns = true,
	  .physical = true,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "the generation that both ends of the link can do, while copies run",
	  .about = "An idle GPU drops its link to Gen1 to save power, so that only a "
		   "reading under load means something. A link that stays low then has "
		   "trained badly.",
	  .harm = HARM_FACTOR,
	  .cost = "each generation below is half of all large pinned copies",
	  .measured = COST_LINK,
	  .see = { { "while a copy runs; ends with Ctrl-C",
		     "nvidia-smi -i {gpu} "
		     "--query-gpu=index,pcie.link.gen.current,pcie.link.gen.max "
		     "--format=csv -l 1" } },
	  .mend = { { "power off; reseat the GPU, its riser and cables; links train at "
		      "start",
		      NULL },
		    { "set the slot's link speed to Auto, or its highest, in the BIOS", NULL },
		    { "a riser or retimer made for an older generation must be replaced", NULL } },
	  .lasts = "for good",
	  .verify = { "a new run does not find it any more", "numabench --all" },
	  .source = "link_during of the result's records (sysfs current_link_speed, "
		    "NVML)",
	  .authority = "PCIe Base Specification 5.0, 7.5.3.8 Link Status",
	  .look = look_speed },
	{ .id = "pcie.slot",
	  .title = "The slot and the switches above give the GPU all its lanes",
	  .fault = "The slot, or a switch above it, gives the GPU less than it can do",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "the GPU's own width, and links above a switch that carry as much",
	  .about = "A GPU in a slot with fewer lanes, or below a switch with a narrow "
		   "uplink, is slow though every link runs as well as it can.",
	  .harm = HARM_FACTOR,
	  .cost = "bandwidth in proportion to the lanes",
	  .measured = COST_LINK,
	  .see = { { NULL, "lspci -tv" },
		   { "what each port can do",
		     "sudo lspci -vv | grep -E '^[0-9a-f]|LnkCap:' | grep -B1 LnkCap:" } },
	  .mend = { { "move the GPU to a slot with all its lanes: the server's manual "
		      "lists them",
		      NULL },
		    { "or look for a lane setting (bifurcation) of port {port} in the "
		      "BIOS",
		      NULL },
		    { "if the server is made so, it is no fault: silence this with "
		      "--rules",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "the port can do as much as the GPU",
		      "sudo lspci -vvs {port} | grep LnkCap:" },
	  .source = "sys/bus/pci/devices/*/max_link_{speed,width} of every port above",
	  .authority = "PCIe Base Specification 5.0, 7.5.3.6 Link Capabilities",
	  .look = look_slot },
	{ .id = "pcie.replays",
	  .title = "No packets are sent again",
	  .fault = "Packets of the GPU's link are sent again",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .physical = true,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "no growth during the run",
	  .about = "Every packet that arrives broken is sent again: a link with a bad "
		   "contact loses bandwidth and steadiness before it fails.",
	  .harm = HARM_PERCENT,
	  .cost = "little while they are few; then retraining to a lower speed",
	  .see = { { "PCIe replays, before and after a copy",
		     "nvidia-smi -i {gpu} -q -d PCIE | grep -i replay" } },
	  .mend = { { "reseat the GPU, its riser or cables, clean the contacts", NULL },
		    { "if it stays: replace riser or retimer, then try the GPU in another "
		      "slot",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "a new run does not find it any more", "numabench --all" },
	  .source = "link_errors.replays of the result's records "
		    "(nvmlDeviceGetPcieReplayCounter)",
	  .authority = "PCIe Base Specification 5.0, 3.6.2 (replay); NVML API Reference",
	  .look = look_replays },
	{ .id = "pcie.errors",
	  .title = "No PCIe errors are reported",
	  .fault = "The GPU's link has errors",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .physical = true,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "no growth during the run",
	  .about = "Corrected errors cost bandwidth; uncorrected ones lose a transfer "
		   "or take the GPU off the bus (Xid 79).",
	  .harm = HARM_FAILURE,
	  .cost = "from a little bandwidth, where they are corrected, to the GPU",
	  .see = { { NULL, "grep . /sys/bus/pci/devices/{address}/aer_dev_*" },
		   { NULL, "sudo dmesg | grep -i aer | tail -n 20" } },
	  .mend = { { "reseat the GPU, its riser or cables, clean the contacts", NULL },
		    { "if it stays: replace riser or retimer; a BIOS update may bring "
		      "better equalisation settings",
		      NULL } },
	  .lasts = "for good",
	  .verify = { "a new run does not find it any more", "numabench --all" },
	  .source = "link_errors.aer_* of the result's records (sysfs aer_dev_*)",
	  .authority = "kernel Documentation/PCI/pcieaer-howto.rst; PCIe Base "
		       "Specification 5.0, 6.2",
	  .look = look_errors },
	{ .id = NULL },
};
