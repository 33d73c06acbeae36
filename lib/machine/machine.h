/* machine.h - what is there, as plain data.
 *
 * Filled by probe.h from the running system or a recorded one, or read back
 * from a result file. Nothing here touches hardware, so that whatever stands
 * to the right of this stage can look at a machine without being on it.
 *
 * Units: bytes, numbers as the kernel counts them. Node, CPU and GPU numbers
 * may have gaps: never use one as an index.
 */
#ifndef NB_MACHINE_MACHINE_H
#define NB_MACHINE_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/idset.h"
#include "util/known.h"

enum node_kind { NODE_ORDINARY, NODE_CPULESS, NODE_MEMORYLESS };

/* One physical core: all its SMT siblings that this process may use. */
struct core {
	struct idset cpus;
};

struct cache {
	int level;
	uint64_t bytes;
	struct idset cpus; /* that share it */
};

struct node {
	int id;
	enum node_kind kind;
	struct known package;      /* physical package number */
	struct idset cpus;         /* online CPUs of the node */
	struct idset allowed_cpus; /* those this process may use */
	struct core *cores;        /* with at least one allowed CPU, in order of their first CPU */
	size_t ncores;
	struct cache *caches; /* data and unified ones that hold a CPU of this node */
	size_t ncaches;
	struct known memory_bytes;
	struct known free_bytes;
	/* What buffers may take without harm: MemFree + inactive
	 * file pages + reclaimable slab - low watermark, capped by what the cgroup
	 * still allows. Not halved yet. */
	struct known giveable_bytes;
	bool allowed; /* its memory may be used (cpuset.mems) */
};

enum gpu_state {
	GPU_USABLE,    /* CUDA runs on it */
	GPU_HIDDEN,    /* CUDA_VISIBLE_DEVICES, a container, a device cgroup or a compute mode of
			* "prohibited" keeps it from this process */
	GPU_LOST,      /* bound to the nvidia driver, not hidden, and CUDA cannot use it: a fault */
	GPU_NO_DRIVER, /* no driver, or another than nvidia */
	GPU_VFIO,      /* handed to a virtual machine */
	GPU_UNPROBED,  /* nobody asked CUDA: a recorded machine, or as the user wished */
	GPU_NO_CUDA,   /* bound to the nvidia driver, but this program was built without CUDA */
};

enum { GPU_INSTANCES_ROOM = 384 }; /* seven names of 40 characters at the most */

struct gpu {
	int index;     /* nvidia-smi's: PCI order over all GPUs of the machine */
	char pci[16];  /* "0000:17:00.0", lower case, four-digit domain at least */
	char uuid[48]; /* "GPU-...", empty when unknown */
	char name[96]; /* empty when unknown */
	enum gpu_state state;
	char state_why[200]; /* empty for GPU_USABLE */
	/* Its MIG instances' names, "MIG-..,MIG-.."; empty where there are none, or nobody tells. */
	char instances[GPU_INSTANCES_ROOM];
	/* The NUMA node as each of them declares it; apart, for they disagree. */
	struct known node_sysfs, node_nvml, node_cuda;
	struct known own_memory_node;      /* the GPU's own memory as a NUMA node (Grace, POWER9) */
	struct known link_gen, link_width; /* now: an idle link may report Gen1 */
	struct known max_gen, max_width;   /* the smaller ability of device and upstream port */
	/* The same of the slowest link above it, where a switch hangs on less than the GPU does. */
	struct known way_gen, way_width;
	struct known mps; /* PCIe max payload size, bytes */
	struct known memory_bytes;
	/* 1: at most one process at a time may use it (compute mode exclusive-process, or the
	 * older exclusive-thread; prohibited, where none may); 0: any number. */
	struct known exclusive;
	struct known c2c_links; /* NVLink-C2C links to its CPU: then its path is no PCIe */
	char render_node[16];   /* "renderD128"; empty when there is none */
	struct known minor;     /* of its device file, /dev/nvidiaN */
	bool busy;              /* others use it */
	char busy_why[160];
	char desktop[100]; /* who only shows a picture on it, where nobody uses it otherwise */
};

enum device_kind { DEVICE_NIC, DEVICE_NVME };

struct device {
	enum device_kind kind;
	char name[32]; /* "eth0", "mlx5_0", "nvme0" */
	char pci[16];
	struct known node;
};

struct machine {
	bool live;          /* false: recorded, or read from a result */
	bool simulated;     /* only the test simulator sets it */
	struct node *nodes; /* in order of id; a GPU's own memory is not among them */
	size_t nnodes;
	int *distances;   /* nnodes x nnodes, row = from; NULL when the kernel gives none */
	struct gpu *gpus; /* in order of index */
	size_t ngpus;
	/* ngpus x ngpus of nvidia-smi's words: X NV# PIX PXB PHB NODE SYS, "" unknown */
	char (*gpu_paths)[8];
	struct device *devices;
	size_t ndevices;
	struct idset allowed_cpus;    /* of this process, all nodes together */
	struct known cpu_quota_milli; /* the cgroup's CPU quota in thousandths of a CPU */
	struct known memory_left;     /* bytes that the cgroup's memory limit still allows */
	bool cuda_build;              /* this program was built with a CUDA toolkit */
	bool cuda_asked;              /* and CUDA was asked */
	char cuda_why[240]; /* when no GPU is usable through CUDA: the reason in one line */
	json_t *host;    /* provenance: { "identity", "conditions", "rest" }; owned, may be NULL */
	json_t *reasons; /* of a machine read back: the texts that known.why points to; owned */
};

/* Lookups by number; NULL when there is none. */
const struct node *machine_node(const struct machine *m, int id);
const struct gpu *machine_gpu(const struct machine *m, int index);

/* The distance from node a to node b, if known. */
struct known machine_distance(const struct machine *m, int a, int b);

/* The node whose cores drive memory node `id`: itself where it has allowed
 * CPUs, else the nearest node that has some (the lower number among equals).
 * NULL when no node has allowed CPUs. */
const struct node *machine_driver(const struct machine *m, int id);

/* The memory node that serves CPU node `id`: itself where it has allowed
 * memory, else the nearest that has. NULL when there is none. */
const struct node *machine_memory_for(const struct machine *m, int id);

/* Nodes with allowed CPUs; nodes with allowed memory. */
struct idset machine_cpu_nodes(const struct machine *m);
struct idset machine_memory_nodes(const struct machine *m);
/* The node that a CPU belongs to, or NULL. */
const struct node *machine_node_of_cpu(const struct machine *m, int cpu);

/* The node that a GPU is declared to hang on: sysfs, else NVML, else CUDA; on a
 * machine with one node that node. `why` of the answer tells who said it when
 * it is known ("sysfs", ..), or why nobody did. */
struct known gpu_declared_node(const struct machine *m, const struct gpu *g);

/* The declared path between two GPUs in nvidia-smi's words, by their numbers; "" when unknown. */
const char *machine_gpu_path(const struct machine *m, int a, int b);

/* A GPU hangs on a node of which this process may use no CPU or no memory, though
 * the node has some. */
bool gpu_out_of_reach(const struct machine *m, const struct gpu *g);

/* The cache of the highest level that a CPU of the node shares in, or NULL. */
const struct cache *machine_last_cache(const struct node *n, int cpu);

/* The bytes of all distinct last-level caches that the given CPUs share in;
 * 0 when no cache is known. */
uint64_t machine_llc_bytes(const struct machine *m, const struct idset *cpus);

/* How one of several GPUs is named on the command line: number, UUID (or its
 * unambiguous beginning) or PCI address, in a comma list; number ranges too.
 * -EINVAL for what is malformed and for a GPU that is hidden (e lists those left),
 * -ENODEV for what does not exist (e lists what does). NULL or an empty list text
 * means all but hidden ones. */
int machine_parse_gpus(const struct machine *m, const char *list, struct idset *gpus,
		       struct err *e);
/* The same for nodes: -ENODEV where a node does not exist, or neither its CPUs nor
 * its memory may be used; all are those that may. */
int machine_parse_nodes(const struct machine *m, const char *list, struct idset *nodes,
			struct err *e);

/* The cores of a node, as indices, in the order in which few threads get most: going round its
 * last-level caches, the first core of each, then the second of each .. (caches in the order of
 * their first cores). Where no cache is known, as they come. `order` has room for ncores. */
void machine_spread_cores(const struct node *n, size_t *order);

/* Disjoint shares of a node's cores: the cores of node `id` for the share-th of
 * `shares` users, siblings kept together. Where there are more users than
 * cores, cores are shared and *shared is set. */
struct idset machine_share_cores(const struct node *n, size_t share, size_t shares, bool *shared);

/* The "topology" object of the result file, and back. to_json returns a new
 * reference or NULL (out of memory); from_json -EINVAL with e. host is not part
 * of it. */
json_t *machine_to_json(const struct machine *m);
int machine_from_json(struct machine *m, const json_t *topology, struct err *e);

void machine_release(struct machine *m); /* leaves an empty machine */

const char *node_kind_name(enum node_kind k); /* "ordinary", "cpuless", "memoryless" */
/* "usable", "hidden", "lost", "no-driver", "vfio", "unprobed", "no-cuda" */
const char *gpu_state_name(enum gpu_state s);
const char *device_kind_name(enum device_kind k);

#endif
