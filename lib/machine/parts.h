/* parts.h - the stages of machine_probe (probe.c), as they see one another.
 *
 *   sysroot -> hwtopo -> limits -> topology -> pci | xml_devices -> ask -> gpus -> provenance
 *
 * Private to lib/machine.
 */
#ifndef NB_MACHINE_PARTS_H
#define NB_MACHINE_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "machine/driver.h"
#include "machine/gpu.h"
#include "machine/machine.h"
#include "machine/nvml.h"
#include "machine/sysroot.h"
#include "util/err.h"

struct hwloc_topology;
struct hwloc_bitmap_s;
struct hwloc_obj;

/* Where everything is read from. */
struct source {
	struct sysroot root; /* of a live machine or a recorded folder; fd -1 for an XML file */
	bool xml;
	struct hwloc_topology *topo;
};

/* hwtopo.c. Loads what hwloc knows: of the running system, below root->path, or
 * from an XML file. Neither asks a GPU library nor obeys the user's HWLOC_
 * variables. -EINVAL or -EIO with e, where hwloc itself breaks down, too. */
int hwtopo_load(struct source *s, const char *xml, struct err *e);
struct idset hwtopo_ids(const struct hwloc_bitmap_s *b);  /* NULL: empty */
void hwtopo_pci(char pci[16], const struct hwloc_obj *o); /* of a PCI device or bridge */

/* limits.c. What this process may use. */
struct limits {
	struct idset cpus, mems;  /* allowed; from the kernel, else from hwloc */
	struct known quota_milli; /* CPU quota, the tightest of all cgroups above us */
	struct known memory_left; /* bytes; likewise */
	char *zoneinfo;           /* for node_giveable; may be NULL */
};
/* -ENOMEM. */
int limits_read(struct limits *l, const struct source *s);
void limits_release(struct limits *l);
/* node.giveable_bytes (machine.h); meminfo is the text of a node's file, whose keys have a prefix
 * ("Node 0 "), or of the machine's, where they have none. */
struct known node_giveable(const struct limits *l, int node, const char *meminfo,
			   const char *prefix);
/* A "<prefix>Key: n kB" line in bytes. */
struct known meminfo_bytes(const char *meminfo, const char *prefix, const char *key);

/* nodes.c. Which nodes there are, with kind, CPUs and memory; in order. -ENOMEM. */
int nodes_read(struct machine *m, const struct source *s, const struct limits *l,
	       const struct idset *ids, const struct idset *online);
struct idset online_cpus(const struct source *s);
/* A kernel's CPU mask, "00000000,0000ffff"; empty when it is none. */
struct idset cpumap_parse(const char *text);
/* The numbers of a folder's "cpu3", "node8" entries. */
struct idset numbered_entries(const struct sysroot *r, const char *folder, const char *prefix);

/* topology.c. Nodes, cores, caches, packages, distances. Nodes in `not_host`
 * are left out: the memory of GPUs. -EINVAL where there is no CPU; -ENOMEM. */
int topology_read(struct machine *m, const struct source *s, const struct limits *l,
		  const struct idset *not_host, struct err *e);
/* Takes nodes out again, when CUDA says that they are a GPU's memory. */
void topology_drop_nodes(struct machine *m, const struct idset *gone);

enum { CHAIN_ROOM = 512 };

/* A GPU on its way into the machine: what the bus says of it. */
struct gpu_entry {
	struct gpu gpu;
	char driver[32];        /* the bound kernel driver; empty: none */
	char chain[CHAIN_ROOM]; /* of pci_chain */
	bool on_bus;            /* sysfs or the XML file has it */
	bool in_driver;         /* listed in /proc/driver/nvidia/gpus */
	bool cuda, nvml;        /* these see it */
	bool prohibited;        /* compute mode: no process may use it */
};
struct gpu_list {
	struct gpu_entry *v;
	size_t n;
};
struct gpu_entry *gpu_list_find(const struct gpu_list *l, const char *pci); /* or NULL */
/* Appends an empty entry with everything unknown. NULL: out of memory. */
struct gpu_entry *gpu_list_add(struct gpu_list *l, const char *pci);

/* "17:00.0", "0000:17:00.0", "00000000:17:00.0" in either case -> "0000:17:00.0". */
bool pci_normalise(char pci[16], const char *text);
int pci_compare(const char *a, const char *b); /* of normalised ones, as numbers */

/* A VGA (0300) or 3D (0302) controller of NVIDIA; its audio and NVSwitches are others. */
static inline bool pci_is_nvidia_gpu(long long vendor, long long class)
{
	return vendor == 0x10de && (class == 0x0300 || class == 0x0302);
}
/* pci.c (live and folders) and xml_devices.c. Both fill GPUs and m->devices. -ENOMEM. */
int pci_find(struct gpu_list *l, struct machine *m, const struct source *s);
int xml_find(struct gpu_list *l, struct machine *m, const struct source *s);
/* xml_links.c. { "pci pci": "NV6" } of an hwloc XML file, as in gpu_answers. -ENOMEM. */
int xml_nvlinks(json_t **words, const struct source *s);
/* The nodes that the driver names as GPU memory (/proc/driver/nvidia/gpus/X/numa_status). */
struct idset pci_gpu_memory_nodes(const struct source *s);
/* pci.c. The bridges above a device and itself, out of where sysfs links it:
 * "pci0000:00/0000:00:01.0/0000:01:00.0"; or empty. */
void pci_chain(const struct sysroot *r, const char *pci, char chain[CHAIN_ROOM]);
/* pci.c. The PCI device of a class entry ("drm", "renderD128"), out of its link or that of its
 * "device"; false where it has none. */
bool pci_of_class(const struct sysroot *r, const char *class, const char *name, char pci[16]);
/* link.c, which implements link.h too. Generation, width, their maxima over both ends, MPS. */
void link_read(struct gpu_entry *g, const struct sysroot *r, bool guest);
/* Room for one more in m->devices, or NULL. */
struct device *device_add(struct machine *m, enum device_kind kind, const char *name);

/* ask.c. What CUDA and NVML answered in a child. */
struct gpu_answers {
	bool asked;
	char ended[160]; /* how the child ended, when not well; else empty */
	struct gpu_facts *cuda;
	size_t ncuda;
	struct nvml_facts *nvml;
	size_t nnvml;
	bool cuda_answered, nvml_answered;
	int cuda_rc, nvml_rc;
	char cuda_text[240], nvml_text[240]; /* when rc < 0 */
	int driver_version, runtime_version; /* CUDA's; 0: none */
	json_t *words;                       /* { "pci pci": "NV12" } */
	json_t *lines;        /* all that was said: the reasons of what is unknown point into it */
	struct idset refused; /* minors whose device file the kernel refuses to open */
};
/* Always 0 but -ENOMEM; what went wrong is in the answers. `minors`: device
 * files to try. */
int gpus_ask(struct gpu_answers *a, const struct sysroot *r, const struct idset *minors,
	     double deadline_s, struct err *e);
void gpu_answers_release(struct gpu_answers *a);
/* driver.c. Takes over what is left to be told when all else has been read out of a. */
void driver_facts_take(struct driver_facts *d, struct gpu_answers *a);

/* gpus.c. Merges list and answers into m->gpus, states, busy, m->cuda_why. -ENOMEM. */
int gpus_merge(struct machine *m, struct gpu_list *l, const struct gpu_answers *a,
	       const struct source *s);
/* gpu_paths.c. m->gpu_paths from NVML's words, else from the bridges. -ENOMEM. */
int gpus_paths(struct machine *m, const struct gpu_list *l, const struct gpu_answers *a);
/* gpu_state.c. Why CUDA does not offer this GPU; sets state and state_why. */
void gpu_judge_state(struct gpu_entry *g, const struct gpu_list *l, const struct gpu_answers *a,
		     const struct machine *m, const struct source *s);
/* A variable of this process's environment as it was started, through sysroot. */
bool start_environment(const struct sysroot *r, const char *name, char *buf, size_t size);

/* provenance.c. A new object, or NULL: out of memory. */
json_t *provenance_read(const struct machine *m, const struct source *s, const struct limits *l,
			const struct gpu_answers *a);
/* guest.c. Whether this is a virtual machine, and which: "KVM", "VMware" .. */
bool guest_of(const struct sysroot *r, char *which, size_t size);

#endif
