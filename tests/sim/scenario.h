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

enum { SIM_GPUS = 64, SIM_PLANTS = 512, SIM_FAULTS = 64, SIM_PROCESSES = 8 };
enum { SIM_ANY = -1 }; /* in a plant: whatever it is */
enum { SIM_NO_NODE = -1 };

enum sim_direction { SIM_H2D, SIM_D2H };
enum sim_memory { SIM_PINNED, SIM_PAGEABLE };

struct sim_link {
	int gen, width, idle_gen, max_gen, max_width;
};

struct sim_gpu {
	char pci[16], uuid[48], name[96], vbios[40];
	uint64_t memory;
	int node_cuda, node_nvml, own_node; /* SIM_NO_NODE: not declared */
	bool cuda, nvml;                    /* these see it */
	struct sim_link link;
	pid_t processes[SIM_PROCESSES];
	size_t nprocesses;
	int ecc, mig, persistence; /* 1, 0, or -1: not supported */
	int switch_links;          /* NVLinks to a switch that all GPUs hang on */
};

/* One rule. A figure of 0 is not said by it. */
struct sim_plant {
	int cpu_node, mem_node, gpu, direction, memory;
	double bandwidth, latency;
};

enum sim_fault_kind { SIM_FLIP, SIM_HANG, SIM_CRASH, SIM_OFF_BUS, SIM_OOM };

struct sim_fault {
	enum sim_fault_kind kind;
	int gpu, direction;  /* direction: SIM_ANY */
	unsigned long after; /* copies of this GPU in this process that go well */
	uint64_t offset;     /* flip: byte in the copy */
	unsigned bit;
};

struct scenario {
	uint64_t seed;
	double noise;                  /* standard deviation, as a share */
	double cold_s;                 /* a GPU is cold until it copied for so long */
	double cold_factor;            /* and then this much slower */
	double launch_s;               /* what the host needs to start a copy */
	int driver_version;            /* CUDA's; 0: no driver */
	bool nvml;                     /* the library starts */
	char driver[32];               /* NVML's words */
	char overlay[4096];            /* folder, or empty */
	struct sim_gpu gpus[SIM_GPUS]; /* in PCI order */
	size_t ngpus;
	struct sim_plant plants[SIM_PLANTS];
	size_t nplants;
	struct sim_fault faults[SIM_FAULTS];
	size_t nfaults;
};

const struct scenario *scenario(void);

#endif
