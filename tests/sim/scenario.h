/* scenario.h - the machine that the simulator plays; README.md tells the format.
 *
 * Read once in each process from the JSON file that NUMABENCH_SIM names. Without
 * it there is no GPU and no fault. A scenario that cannot be read ends the
 * process with status 2 and one line: a test must not go on with half of it.
 */
#ifndef NB_SIM_SCENARIO_H
#define NB_SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SIM_GPUS = 64,
	SIM_PLANTS = 2048,
	SIM_SHARED = 64,
	SIM_FAULTS = 64,
	SIM_PROCESSES = 8,
	SIM_NODES = 8,
};
enum { SIM_ANY = -1 }; /* in a rule: whatever it is */
enum { SIM_NO_NODE = -1 };

enum sim_direction { SIM_H2D, SIM_D2H };
/* What a GPU copies from and to; SIM_PEER: another GPU's memory. */
enum sim_memory {
	SIM_PINNED,
	SIM_PAGEABLE,
	SIM_REGISTERED,
	SIM_WRITE_COMBINED,
	SIM_MANAGED,
	SIM_MAPPED,
	SIM_PEER,
};

struct sim_link {
	int gen, width, idle_gen, max_gen, max_width;
};

/* What NVML tells of a GPU's health and settings; -1: nothing. */
struct sim_health {
	long long bar1, ecc_errors; /* bytes; uncorrectable ones */
	int repair_pending, repair_failed;
	int power_limit, power_default;                  /* watts */
	int clock, clock_default, clock_most, clock_now; /* MHz */
	int links_down;                                  /* of the NVLinks */
};

enum { SIM_INSTANCES = 7 };

struct sim_gpu {
	char pci[16], uuid[48], name[96], vbios[40];
	struct sim_gpu *instances; /* with uuid alone, "" is a gap; SIM_INSTANCES, or NULL */
	uint64_t memory;
	int node_cuda, node_nvml, own_node; /* SIM_NO_NODE: not declared */
	bool cuda, nvml;                    /* these see it */
	struct sim_link link;
	struct sim_processes {
		pid_t pid[SIM_PROCESSES];
		size_t n;
	} computing, drawing;
	int ecc, mig, persistence; /* 1, 0, or -1: not supported */
	int c2c_links;             /* NVLink-C2C links; -1: not supported */
	int switch_links;          /* NVLinks to a switch that all GPUs hang on */
	unsigned replays[2];       /* of the link: what a process hears first, and later */
	uint64_t clock_reasons;    /* nvmlClocksEventReasons */
	struct sim_health health;
	uint64_t memory_used; /* beside what the driver reserves */
	int utilisation;      /* percent */
	int compute_mode;     /* nvmlComputeMode_t, cudaComputeMode */
	/* For CUDA only: */
	uint64_t memory_free; /* bytes that can be had */
	uint64_t l2_bytes;
	double sm_hz;   /* of its clock */
	bool managed;   /* can be moved by prefetching */
	uint64_t peers; /* a bit for each GPU whose memory it can reach itself */
};

/* What is transferred, from where to where; in a rule, to what it applies. peer_access
 * is 1 or 0; pages is 0 to 2 as in sim_pages. */
struct sim_way {
	int cpu_node, mem_node, gpu, peer, peer_access, direction, memory, pages;
};
enum sim_pages { SIM_4K, SIM_THP, SIM_HUGETLB };

/* One rule. A figure of 0 is not said by it. */
struct sim_plant {
	struct sim_way way;
	uint64_t bytes_from, bytes_below;
	double bandwidth, latency, start, launch, load, load_tail;
	unsigned load_tail_every;
};

/* Something that transfers share which are made at the same time. */
struct sim_shared {
	struct sim_way way; /* way.gpu is SIM_ANY: */
	uint64_t gpus;      /* a bit for each; a transfer between two of them counts once */
	double bandwidth;
};

enum sim_fault_kind {
	SIM_FLIP,
	SIM_HANG,
	SIM_CRASH,
	SIM_OFF_BUS,
	SIM_OOM,
	SIM_LATE_GATE,
	SIM_STUCK_GATE,
};

struct sim_fault {
	enum sim_fault_kind kind;
	int gpu, direction; /* direction: SIM_ANY */
	unsigned long
		after; /* copies (late-gate: gates) of this GPU in this process that go well */
	unsigned long times; /* how many then do not */
	unsigned at_once;    /* only while so many streams began at one gate; 0: always */
	uint64_t offset;     /* flip: byte in the copy */
	unsigned bit;
	double seconds; /* late-gate */
	int mem_node;   /* out-of-memory: of host memory bound to this node alone; or SIM_ANY */
};

struct scenario {
	uint64_t seed;
	double noise;              /* standard deviation, as a share */
	double cold_s;             /* a GPU is cold until it copied for so long */
	double cold_factor;        /* and then this much slower */
	double launch_s;           /* what the host needs to start a copy */
	bool realtime;             /* all of it really takes so long */
	double context_s;          /* to use a GPU for the first time in a process */
	double pin_s_per_gib;      /* to allocate or register page-locked memory */
	bool stream_wait;          /* the driver has cuStreamWaitValue32 */
	bool pinned_unseen;        /* the kernel does not tell where the driver's pages are */
	double lazy_load_s;        /* a kernel's first launch on a GPU */
	double late_party_s;       /* who gives its processor away gets it back so late */
	bool numa_attributes;      /* CUDA tells nodes (12.2) */
	int driver_version;        /* CUDA's; 0: no driver */
	bool nvml;                 /* the library starts */
	char driver[32];           /* NVML's words */
	char overlay[4096];        /* folder, or empty */
	uint64_t nodes[SIM_NODES]; /* a bit for each CPU; instead of the kernel's (nodes.c) */
	size_t nnodes;
	struct sim_gpu gpus[SIM_GPUS]; /* in PCI order */
	size_t ngpus;
	struct sim_plant plants[SIM_PLANTS];
	size_t nplants;
	struct sim_shared shared[SIM_SHARED];
	size_t nshared;
	struct sim_fault faults[SIM_FAULTS];
	size_t nfaults;
};

const struct scenario *scenario(void);

#endif
