/* pcie_settings.c - how the ports between CPU and GPU are set up. Family pcie, too. */
#include <stdio.h>
#include <string.h>

#include "families.h"
#include "machine/pcie.h"

/* ---- payload and requests ---- */

static void judge_payload(struct checking *c, const struct gpu *g, const struct pcie_hop *hop,
			  size_t n)
{
	struct known least = hop[n - 1].set.payload, able = hop[n - 1].set.payload_able;
	const struct pcie_hop *odd = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct pcie_settings *s = &hop[i].set;

		if (s->payload.is && s->payload.value != hop[n - 1].set.payload.value)
			odd = &hop[i];
		least = known_lesser(least, s->payload);
		able = known_lesser(able, s->payload_able);
	}
	value(c, "able", "%lld", able.value);
	value(c, "wrong", odd ? "not the same at every hop" : "smaller than every hop can do");
	if (odd) {
		expect(c, "the same at every hop, %lld bytes here", able.value);
		found(c, CHECK_WARN, gpu_name(c, g), "%lld bytes at %s, %lld bytes at %s",
		      hop[n - 1].set.payload.value, hop[n - 1].pci, odd->set.payload.value,
		      odd->pci);
	} else if (least.value < able.value) {
		expect(c, "%lld bytes, which every hop can do", able.value);
		found(c, CHECK_WARN, gpu_name(c, g), "%lld bytes at every hop", least.value);
	} else {
		found(c, CHECK_PASS, gpu_name(c, g), "%lld bytes at every hop", least.value);
	}
}

/* Root alone reads these; a virtual machine's are the emulator's. False: a skip was told. */
static bool readable(struct checking *c, const struct gpu *g, struct pcie_hop hop[PCIE_HOPS],
		     size_t *n)
{
	*n = pcie_path(c->l->root, g->pci, hop);
	if (c->l->guest) {
		found(c, CHECK_SKIP, gpu_name(c, g), "a virtual machine's ports are not real");
		return false;
	}
	if (!*n) {
		found(c, CHECK_SKIP, gpu_name(c, g), "it is not in sysfs");
		return false;
	}
	if (hop[*n - 1].set.payload.is)
		return true;
	if (strstr(hop[*n - 1].set.payload.why, "root"))
		needs_root(c);
	found(c, CHECK_SKIP, gpu_name(c, g), "%s", hop[*n - 1].set.payload.why);
	return false;
}

static void look_payload(struct checking *c)
{
	struct pcie_hop hop[PCIE_HOPS];
	size_t n;

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));)
		if (readable(c, g, hop, &n))
			judge_payload(c, g, hop, n);
}

/* Requests of 512 bytes and more keep the link full; below that it waits for answers. */
enum { READ_REQUEST_LEAST = 512 };

static void look_read_request(struct checking *c)
{
	struct pcie_hop hop[PCIE_HOPS];
	size_t n;

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		struct known k;

		if (!readable(c, g, hop, &n))
			continue;
		k = hop[n - 1].set.read_request;
		found(c, k.value < READ_REQUEST_LEAST ? CHECK_WARN : CHECK_PASS, gpu_name(c, g),
		      "%lld bytes", k.value);
	}
}

static void look_acs(struct checking *c)
{
	struct pcie_hop hop[PCIE_HOPS];
	size_t n;

	if (judged_gpus(c->l) < 2) {
		found(c, CHECK_SKIP, "GPUs", "one GPU has no peer to talk to");
		return;
	}
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		const struct pcie_hop *on = NULL;

		if (!readable(c, g, hop, &n))
			continue;
		for (size_t i = 0; i + 1 < n; i++)
			if (hop[i].set.redirect.is && hop[i].set.redirect.value)
				on = &hop[i];
		if (on) {
			value(c, "port", "%s", on->pci);
			found(c, CHECK_WARN, gpu_name(c, g),
			      "port %s sends peer traffic up to the root", on->pci);
		} else
			found(c, CHECK_PASS, gpu_name(c, g), "off at every port above it");
	}
}

/* ---- IOMMU ---- */

static bool is_arm(const struct machine *m)
{
	const json_t *identity = json_object_get(m->host, "identity");
	const char *architecture = json_string_value(json_object_get(identity, "architecture"));

	return architecture &&
	       (strncmp(architecture, "aarch64", 7) == 0 || strncmp(architecture, "arm", 3) == 0);
}

static void look_iommu(struct checking *c)
{
	char type[32];

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		int rc = pcie_iommu_type(c->l->root, g->pci, type, sizeof type);

		if (rc == 0 && strncmp(type, "DMA", 3) == 0 && is_arm(c->l->m))
			found(c, CHECK_SKIP, gpu_name(c, g),
			      "Arm's SMMU translates (%s), and is meant to", type);
		else if (rc == 0 && strncmp(type, "DMA", 3) == 0)
			found(c, CHECK_WARN, gpu_name(c, g), "it translates every access (%s)",
			      type);
		else if (rc == 0)
			found(c, CHECK_PASS, gpu_name(c, g), "passthrough (%s)", type);
		else if (!sysroot_exists(c->l->root, "sys/kernel/iommu_groups"))
			found(c, CHECK_SKIP, gpu_name(c, g), "sysfs does not tell");
		else
			found(c, CHECK_PASS, gpu_name(c, g), "off");
	}
}

const struct check pcie_setting_checks[] = {
	{ .id = "pcie.payload",
	  .title = "Max payload size is the same all the way, and as large as it can "
		   "be",
	  .fault = "Max payload size is {wrong}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "equal at every hop, and the largest that all of them can do",
	  .about = "Every packet has about 24 bytes of headers: with 128 bytes of "
		   "payload 84 % of the link carries data, with 256 bytes 91 %. "
		   "Unequal sizes may lose packets.",
	  .harm = HARM_PERCENT,
	  .cost = "up to 8 % of large copies; where they are unequal, packets may be "
		  "lost",
	  .measured = COST_LINK,
	  .see = { { "MaxPayload: able (DevCap) and in use (DevCtl)",
		     "sudo lspci -vvs {address} | grep -A2 -E 'DevCap:|DevCtl:'" } },
	  .mend = { { "set Max Payload Size to Auto, or its largest, in the BIOS; or add "
		      "pci=pcie_bus_safe to GRUB_CMDLINE_LINUX in /etc/default/grub, then "
		      "(Debian, Ubuntu; RHEL has grubby)",
		      "sudo update-grub && sudo reboot" } },
	  .lasts = "for good, from that reboot on",
	  .verify = { "MaxPayload of DevCtl is {able} bytes",
		      "sudo lspci -vvs {address} | grep -A2 -E 'DevCap:|DevCtl:'" },
	  .source = "sys/bus/pci/devices/*/config: Device Control, Device Capabilities",
	  .authority = "PCIe Base Specification 5.0, 7.5.3.4 Device Control; kernel "
		       "Documentation/admin-guide/kernel-parameters.txt, pci=",
	  .look = look_payload },
	{ .id = "pcie.read-request",
	  .title = "Max read request size is large enough",
	  .fault = "Max read request size is small",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "512 bytes or more",
	  .about = "The GPU reads host memory (h2d) in requests of this size; with "
		   "small ones it waits for answers instead of keeping the link full.",
	  .harm = HARM_PERCENT,
	  .cost = "h2d copies below d2h",
	  .see = { { NULL, "sudo lspci -vvs {address} | grep MaxReadReq" } },
	  .mend = { { "set PCIe Max Read Request Size to Auto, or its largest, in the "
		      "BIOS, and reboot",
		      NULL } },
	  .lasts = "for good, from that reboot on",
	  .verify = { "512 bytes or more", "sudo lspci -vvs {address} | grep MaxReadReq" },
	  .source = "sys/bus/pci/devices/*/config: Device Control",
	  .authority = "PCIe Base Specification 5.0, 7.5.3.4 Device Control",
	  .look = look_read_request },
	{ .id = "pcie.acs",
	  .title = "ACS does not send peer traffic through the CPU",
	  .fault = "ACS sends peer traffic through the CPU",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "redirection off on bare metal, where GPUs below one switch talk to "
		  "one another",
	  .about = "With ACS on, what two GPUs (or a GPU and a NIC) below one switch "
		   "send to one another goes up to the CPU and back, and takes the "
		   "bandwidth that feeds them.",
	  .harm = HARM_FACTOR,
	  .cost = "peer copies at half their rate or less, and the uplink filled",
	  .see = { { "SrcValid+ and ReqRedir+ are on",
		     "sudo lspci -vvv | grep -E '^[0-9a-f]|ACSCtl' | grep -B1 ACSCtl" } },
	  .mend = { { "if GPUs here go to virtual machines, leave it on: it keeps them "
		      "apart; if not, now",
		      "sudo setpci -s {port} ECAP_ACS+6.w=0000" },
		    { "for good: turn ACS off in the BIOS, and the IOMMU too", NULL } },
	  .lasts = "setpci: until the next boot",
	  .verify = { "ReqRedir- in ACSCtl", "sudo lspci -vvvs {port} | grep ACSCtl" },
	  .source = "sys/bus/pci/devices/*/config: Access Control Services",
	  .authority = "NCCL User Guide, PCI Access Control Services (ACS); PCIe Base "
		       "Specification 5.0, 7.7.11",
	  .look = look_acs },
	{ .id = "pcie.iommu",
	  .title = "The IOMMU does not translate the GPU's accesses",
	  .fault = "The IOMMU translates the GPU's accesses",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "off, or passthrough (iommu=pt), on x86 bare metal",
	  .about = "With translation on every buffer is mapped into the IOMMU, and "
		   "every access looked up there: pinning is slower, and random access "
		   "misses its cache.",
	  .harm = HARM_PERCENT,
	  .cost = "pinning takes longer; up to some ten per cent of scattered access",
	  .see = { { NULL, "cat /sys/bus/pci/devices/{address}/iommu_group/type" },
		   { NULL, "grep -oE '[a-z_]*iommu[a-z._]*=[^ ]*' /proc/cmdline" } },
	  .mend = { { "add iommu=pt to GRUB_CMDLINE_LINUX in /etc/default/grub, then "
		      "(Debian, Ubuntu; RHEL has grubby)",
		      "sudo update-grub && sudo reboot" } },
	  .lasts = "for good, from that reboot on",
	  .verify = { "it prints identity", "cat /sys/bus/pci/devices/{address}/iommu_group/type" },
	  .source = "sys/kernel/iommu_groups/*/type of the GPU's group",
	  .authority = "kernel Documentation/admin-guide/kernel-parameters.txt, iommu=pt; "
		       "Documentation/ABI/testing/sysfs-kernel-iommu_groups",
	  .look = look_iommu },
	{ .id = NULL },
};
