/* gpu_bus.h - a PCI bus of files, and what CUDA and NVML say of the GPUs on it. */
#ifndef NB_TEST_GPU_BUS_H
#define NB_TEST_GPU_BUS_H

#include "machine/parts.h"
#include "tree.h"

#define DEVICE "sys/bus/pci/devices/"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct bench {
	struct tree t;
	struct source s;
	struct machine m;
	struct gpu_answers a;
};

/* One NVIDIA function below a root port, bound to a driver ("": none). */
static void put_gpu(const struct tree *t, const char *pci, const char *port, const char *driver,
		    const char *node)
{
	static const struct {
		const char *file, *text;
	} files[] = {
		{ "vendor", "0x10de\n" },
		{ "class", "0x030200\n" },
		{ "max_link_speed", "32.0 GT/s PCIe\n" },
		{ "max_link_width", "16\n" },
		{ "current_link_speed", "2.5 GT/s PCIe\n" },
		{ "current_link_width", "16\n" },
	};
	char path[256], target[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/%s/%s", port, pci,
			 files[i].file);
		tree_file(t, path, files[i].text);
	}
	snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/%s/numa_node", port, pci);
	tree_file(t, path, node);
	if (driver[0]) {
		snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/%s/driver", port, pci);
		snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
		tree_link(t, path, target);
	}
	snprintf(path, sizeof(path), DEVICE "%s", pci);
	snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s/%s", port, pci);
	tree_link(t, path, target);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	*state = b;
	tree_new(&b->t);
	tree_file(&b->t, "sys/devices/system/cpu/online", "0-3\n");
	/* A port of Gen4 x8 above the first two, and nothing known above the others. */
	tree_file(&b->t, "sys/devices/pci0000:00/0000:00:01.0/max_link_speed", "16.0 GT/s PCIe\n");
	tree_file(&b->t, "sys/devices/pci0000:00/0000:00:01.0/max_link_width", "8\n");
	tree_link(&b->t, DEVICE "0000:00:01.0", "../../../devices/pci0000:00/0000:00:01.0");
	put_gpu(&b->t, "0000:b1:00.0", "0000:00:02.0", "nvidia", "1\n");
	put_gpu(&b->t, "0000:17:00.0", "0000:00:01.0", "nvidia", "0\n");
	put_gpu(&b->t, "0000:18:00.0", "0000:00:01.0", "vfio-pci", "-1\n");
	put_gpu(&b->t, "0000:c1:00.0", "0000:00:03.0", "nouveau", "0\n");
	put_gpu(&b->t, "0000:d1:00.0", "0000:00:04.0", "", "0\n");
	tree_link(&b->t, "sys/class/drm/renderD129",
		  "../../devices/pci0000:00/0000:00:01.0/0000:17:00.0/drm/renderD129");
	assert_int_equal(sysroot_open_recorded(&b->s.root, b->t.path, NULL), 0);
	b->s.root.live = true;
	b->m.live = b->m.cuda_build = true;
	b->m.nnodes = 2;
	b->m.nodes = calloc(2, sizeof(*b->m.nodes));
	b->m.nodes[1].id = 1;
	b->a.asked = b->a.cuda_answered = b->a.nvml_answered = true;
	b->a.driver_version = b->a.runtime_version = 13000;
	b->a.cuda = calloc(8, sizeof(*b->a.cuda));
	b->a.nvml = calloc(8, sizeof(*b->a.nvml));
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	machine_release(&b->m);
	gpu_answers_release(&b->a);
	sysroot_close(&b->s.root);
	tree_remove(&b->t);
	free(b);
	return 0;
}

static void cuda_sees(struct bench *b, const char *pci, int node)
{
	struct gpu_facts *f = &b->a.cuda[b->a.ncuda++];

	*f = (struct gpu_facts){ .uuid = "GPU-cuda",
				 .name = "by CUDA",
				 .host_node = KNOWN(node),
				 .own_node = UNKNOWN("x"),
				 .memory_bytes = KNOWN(1) };
	snprintf(f->pci, sizeof(f->pci), "%s", pci);
}

static struct nvml_facts *nvml_sees(struct bench *b, const char *pci, int node)
{
	struct nvml_facts *f = &b->a.nvml[b->a.nnvml++];

	*f = (struct nvml_facts){ .name = "by NVML", .node = KNOWN(node) };
	snprintf(f->pci, sizeof(f->pci), "%s", pci);
	snprintf(f->uuid, sizeof(f->uuid), "GPU-%s", pci);
	return f;
}

static void environment(struct bench *b, const char *text)
{
	char all[256] = "PATH=/bin";
	size_t n = strlen(all) + 1;

	snprintf(all + n, sizeof(all) - n, "%s", text);
	tree_bytes(&b->t, "proc/self/environ", all, n + strlen(text) + 1);
}

static void merge(struct bench *b)
{
	struct gpu_list l = { 0 };

	assert_int_equal(pci_find(&l, &b->m, &b->s), 0);
	assert_int_equal(gpus_merge(&b->m, &l, &b->a, &b->s), 0);
	free(l.v);
}

#endif
