/* Why CUDA does not offer a GPU: hidden, handed away, without a driver, or lost. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "machine/parts.h"

enum { ENVIRONMENT_ROOM = 1 << 20, VALUE_ROOM = 1024 };

bool start_environment(const struct sysroot *r, const char *name, char *buf, size_t size)
{
	char *all = malloc(ENVIRONMENT_ROOM);
	size_t n = strlen(name);
	bool found = false;
	int used;

	buf[0] = '\0';
	used = all ? sysroot_text(r, all, ENVIRONMENT_ROOM, "proc/self/environ") : -ENOMEM;
	for (int at = 0; !found && at < used; at += (int)strlen(all + at) + 1) {
		found = strncmp(all + at, name, n) == 0 && all[at + (int)n] == '=';
		if (found)
			snprintf(buf, size, "%s", all + at + (int)n + 1);
	}
	free(all);
	return found;
}

static bool of_driver(const struct gpu_entry *g)
{
	return g->cuda || g->nvml || g->in_driver || strcmp(g->driver, "nvidia") == 0;
}

/* CUDA's number of a GPU before CUDA_VISIBLE_DEVICES takes some away: PCI order over
 * those that the driver shows to this process. */
static int ordinal_of(const struct gpu_entry *g, const struct gpu_list *l,
		      const struct gpu_answers *a)
{
	bool by_nvml = a->nvml_answered && a->nvml_rc == 0 && g->nvml;
	int ordinal = 0;

	for (size_t i = 0; i < l->n; i++)
		if (pci_compare(l->v[i].gpu.pci, g->gpu.pci) < 0)
			ordinal += by_nvml ? l->v[i].nvml : of_driver(&l->v[i]);
	return ordinal;
}

/* Whether the variable's text names the GPU. CUDA reads up to the first thing that
 * it does not understand. A MIG instance's UUID does not tell whose it is. */
static bool names_gpu(const char *list, const struct gpu_entry *g, int ordinal)
{
	char copy[VALUE_ROOM], *rest = copy, *item, *end;

	snprintf(copy, sizeof(copy), "%s", list);
	while ((item = strsep(&rest, ","))) {
		item += strspn(item, " ");
		if (strncasecmp(item, "GPU-", 4) == 0) {
			if (strncasecmp(g->gpu.uuid, item, strcspn(item, " ")) == 0)
				return true;
			continue;
		}
		if (strncmp(item, "MIG-", 4) == 0)
			continue;
		long n = strtol(item, &end, 10);

		if (end == item || n < 0)
			return false;
		if (n == ordinal)
			return true;
	}
	return false;
}

/* Another GPU is listed in the driver's folder and this one is not: a container
 * runtime mounts only what it gives. */
static bool left_out_of_folder(const struct gpu_entry *g, const struct gpu_list *l)
{
	if (g->in_driver)
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].in_driver)
			return true;
	return false;
}

/* Fills state_why and returns true when something hides the GPU. */
static bool is_hidden(struct gpu_entry *g, const struct gpu_list *l, const struct gpu_answers *a,
		      const struct sysroot *r)
{
	char value[VALUE_ROOM], *why = g->gpu.state_why;
	const size_t room = sizeof(g->gpu.state_why);

	if (start_environment(r, "CUDA_VISIBLE_DEVICES", value, sizeof(value)) &&
	    !names_gpu(value, g, ordinal_of(g, l, a))) {
		snprintf(why, room, "CUDA_VISIBLE_DEVICES=%.150s leaves it out", value);
		return true;
	}
	if (g->gpu.minor.is && !sysroot_exists(r, "dev/nvidia%lld", g->gpu.minor.value)) {
		snprintf(why, room, "its device file /dev/nvidia%lld is not here (a container?)",
			 g->gpu.minor.value);
		return true;
	}
	if (g->gpu.minor.is && idset_has(&a->refused, (int)g->gpu.minor.value)) {
		snprintf(why, room, "the kernel refuses to open /dev/nvidia%lld (device cgroup)",
			 g->gpu.minor.value);
		return true;
	}
	if (left_out_of_folder(g, l)) {
		snprintf(why, room, "the container does not show it (/proc/driver/nvidia/gpus)");
		return true;
	}
	if (start_environment(r, "NVIDIA_VISIBLE_DEVICES", value, sizeof(value)) &&
	    strcmp(value, "all") != 0 && a->nvml_answered && !g->nvml) {
		snprintf(why, room, "NVIDIA_VISIBLE_DEVICES=%.150s leaves it out", value);
		return true;
	}
	return false;
}

static void say_lost(struct gpu_entry *g, const struct gpu_answers *a)
{
	char *why = g->gpu.state_why;
	const size_t room = sizeof(g->gpu.state_why);

	g->gpu.state = GPU_LOST;
	if (!a->cuda_answered && a->ended[0])
		snprintf(why, room, "%s", a->ended);
	else if (a->cuda_rc < 0)
		snprintf(why, room, "%.199s", a->cuda_text);
	else if (a->nvml_answered && a->nvml_rc == 0 && !g->nvml)
		snprintf(why, room,
			 "neither NVML nor CUDA sees it, though it is bound to the "
			 "nvidia driver: it may have fallen off the bus");
	else
		snprintf(why, room,
			 "CUDA does not offer it, though it is bound to the nvidia driver");
}

void gpu_judge_state(struct gpu_entry *g, const struct gpu_list *l, const struct gpu_answers *a,
		     const struct machine *m, const struct source *s)
{
	struct gpu *gpu = &g->gpu;
	const size_t room = sizeof(gpu->state_why);

	gpu->state_why[0] = '\0';
	if (g->prohibited && m->live) {
		gpu->state = GPU_HIDDEN;
		snprintf(gpu->state_why, room,
			 "its compute mode is prohibited: no process may use it "
			 "(nvidia-smi -i %s -c DEFAULT lets them)",
			 gpu->pci);
	} else if (g->cuda) {
		gpu->state = GPU_USABLE;
	} else if (!m->live) {
		gpu->state = GPU_UNPROBED;
		snprintf(gpu->state_why, room, "a recorded machine");
	} else if (strstr(g->driver, "vfio")) {
		gpu->state = GPU_VFIO;
		snprintf(gpu->state_why, room, "bound to %s, for a virtual machine", g->driver);
	} else if (!of_driver(g)) {
		gpu->state = GPU_NO_DRIVER;
		snprintf(gpu->state_why, room, "%s%s%s", g->driver[0] ? "bound to " : "no driver",
			 g->driver, g->driver[0] ? ", not to nvidia" : " is bound to it");
	} else if (!m->cuda_build || a->cuda_rc == -ENOSYS) {
		gpu->state = GPU_NO_CUDA;
		snprintf(gpu->state_why, room, "this build has no CUDA");
	} else if (!a->asked) {
		gpu->state = GPU_UNPROBED;
		snprintf(gpu->state_why, room, "CUDA was not asked");
	} else if (is_hidden(g, l, a, &s->root)) {
		gpu->state = GPU_HIDDEN;
	} else {
		say_lost(g, a);
	}
}
