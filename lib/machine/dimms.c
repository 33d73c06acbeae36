#include "machine/dimms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine/parts.h"

#define EDAC "sys/devices/system/edac/mc"

/* The package that a controller's name tells: "Skylake Socket#1 IMC#0". */
static void name_group(char *name, size_t size, const struct sysroot *r, int mc)
{
	char text[128], *socket;
	int package;

	snprintf(name, size, "controller %d", mc);
	if (sysroot_text(r, text, sizeof(text), EDAC "/mc%d/mc_name", mc) <= 0)
		return;
	socket = strstr(text, "ocket#");
	if (socket && sscanf(socket, "ocket#%d", &package) == 1)
		snprintf(name, size, "package %d", package);
}

static struct dimm_group *group_of(struct dimms *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->group[i].name, name) == 0)
			return &d->group[i];
	if (d->n == DIMM_GROUPS)
		return NULL;
	d->group[d->n] = (struct dimm_group){ 0 };
	snprintf(d->group[d->n].name, sizeof(d->group[d->n].name), "%.31s", name);
	return &d->group[d->n++];
}

/* "channel 3 slot 0 " -> 3; modules whose place is not told have a channel each. */
static int channel_of(const struct sysroot *r, const char *folder, int module)
{
	char text[128], *at;
	int channel;

	if (sysroot_text(r, text, sizeof(text), "%s/dimm_location", folder) > 0 &&
	    (at = strstr(text, "channel ")) && sscanf(at, "channel %d", &channel) == 1)
		return channel;
	return module;
}

static void read_controller(struct dimms *d, const struct sysroot *r, int mc)
{
	static const char *const kinds[] = { "dimm", "rank" };
	struct idset channels = { 0 }, numbers;
	struct dimm_group *g;
	char name[32], folder[96];

	name_group(name, sizeof(name), r, mc);
	g = group_of(d, name);
	for (size_t k = 0; g && k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		snprintf(folder, sizeof(folder), EDAC "/mc%d", mc);
		numbers = numbered_entries(r, folder, kinds[k]);
		for (int i = -1; (i = idset_next(&numbers, i)) >= 0;) {
			struct known mib;

			snprintf(folder, sizeof(folder), EDAC "/mc%d/%s%d", mc, kinds[k], i);
			mib = sysroot_number(r, "%s/size", folder);
			if (!mib.is || mib.value <= 0)
				continue;
			g->modules++;
			g->mib += (uint64_t)mib.value;
			idset_add(&channels, channel_of(r, folder, i));
		}
	}
	if (g)
		g->channels += idset_count(&channels);
}

/* Configured speed of a module: the word at 0x20 of a type 17 structure; its size, the word at
 * 0x0c, is 0 where the slot is empty (DSP0134, 7.18). */
static void read_speeds(struct dimms *d, const struct sysroot *r)
{
	enum { SIZE = 0x0c, SPEED = 0x20, LEAST = 0x22 };
	struct idset numbers = numbered_entries(r, "sys/firmware/dmi/entries", "17-");
	unsigned char v[512];
	int rc = -ENOENT;

	d->slowest = d->fastest = UNKNOWN("the firmware's table has no memory modules");
	for (int i = -1; (i = idset_next(&numbers, i)) >= 0;) {
		long long speed;

		memset(v, 0, sizeof(v));
		rc = sysroot_text(r, (char *)v, sizeof(v), "sys/firmware/dmi/entries/17-%d/raw", i);
		speed = v[SPEED] | v[SPEED + 1] << 8;
		if (rc < LEAST || !(v[SIZE] | v[SIZE + 1]) || !speed || speed == 0xffff)
			continue;
		if (!d->slowest.is || speed < d->slowest.value)
			d->slowest = KNOWN(speed);
		if (!d->fastest.is || speed > d->fastest.value)
			d->fastest = KNOWN(speed);
	}
	if (!d->slowest.is && rc == -EACCES)
		d->slowest.why = d->fastest.why = "the kernel shows it to root only";
}

void dimms_read(struct dimms *d, const struct sysroot *r)
{
	struct idset controllers = numbered_entries(r, EDAC, "mc");

	*d = (struct dimms){ .why = "the kernel has no EDAC driver for this memory loaded" };
	for (int i = -1; (i = idset_next(&controllers, i)) >= 0;)
		read_controller(d, r, i);
	read_speeds(d, r);
}
