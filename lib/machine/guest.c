#include <stdio.h>
#include <string.h>

#include "machine/parts.h"

/* What firmware calls itself in virtual machines (sys/class/dmi/id). Bare-metal
 * instances of the same clouds carry the vendor's name too, so those rows count
 * only where the processor says that it is a guest. */
static const struct {
	const char *needle, *name;
	bool sure; /* no bare metal has it */
} makers[] = {
	{ "QEMU", "QEMU", true },
	{ "KVM", "KVM", true },
	{ "VMware", "VMware", true },
	{ "innotek", "VirtualBox", true },
	{ "Xen", "Xen", true },
	{ "Bochs", "Bochs", true },
	{ "Virtual Machine", "Hyper-V", true },
	{ "Cloud Hypervisor", "Cloud Hypervisor", true },
	{ "Amazon EC2", "Amazon EC2", false },
	{ "Google", "Google Compute Engine", false },
	{ "Alibaba", "Alibaba Cloud", false },
};

bool guest_of(const struct sysroot *r, char *which, size_t size)
{
	static const char *const files[] = { "sys_vendor", "product_name", "board_vendor" };
	char text[16384], flags[8192];
	bool flagged = false;

	which[0] = '\0';
	if (sysroot_text(r, text, sizeof(text), "proc/cpuinfo") > 0 &&
	    text_field(text, "flags", flags, sizeof(flags)))
		flagged = strstr(flags, " hypervisor") != NULL;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (sysroot_text(r, text, 256, "sys/class/dmi/id/%s", files[i]) <= 0)
			continue;
		for (size_t j = 0; j < sizeof(makers) / sizeof(makers[0]); j++)
			if (strstr(text, makers[j].needle) && (flagged || makers[j].sure)) {
				snprintf(which, size, "%s", makers[j].name);
				return true;
			}
	}
	if (sysroot_text(r, text, 256, "sys/hypervisor/type") > 0) {
		snprintf(which, size, "%.60s", text);
		return true;
	}
	if (flagged)
		snprintf(which, size, "an unnamed hypervisor");
	return flagged;
}
