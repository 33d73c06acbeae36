/* process.h - one running process and all that it has started, as the kernel tells them.
 *
 * Read through sysroot, judged in result/process_verdict.h. Reading changes nothing and stops
 * nobody: threads and children come and go meanwhile, and those that are gone are left out, as
 * is the process that asks.
 */
#ifndef NB_MACHINE_PROCESS_H
#define NB_MACHINE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"
#include "machine/sysroot.h"
#include "util/err.h"
#include "util/idset.h"
#include "util/known.h"

/* A memory policy, as set_mempolicy and mbind set it and numa_maps spells it. */
enum policy_mode {
	POLICY_UNREAD, /* nothing tells it */
	POLICY_DEFAULT,
	POLICY_LOCAL,
	POLICY_PREFER,
	POLICY_PREFER_MANY,
	POLICY_BIND,
	POLICY_INTERLEAVE,
	POLICY_WEIGHTED_INTERLEAVE,
};

struct memory_policy {
	enum policy_mode mode;
	struct idset nodes; /* empty for default and local */
};

/* Threads that may run on the same CPUs, on the same memory, by the same policy. */
struct process_threads {
	size_t n;
	int first;                   /* thread number of one of them */
	bool vcpu;                   /* CPUs of a virtual machine, by QEMU's names ("CPU 3/KVM") */
	struct idset cpus, mems;     /* Cpus_allowed_list, Mems_allowed_list */
	struct idset ran_on;         /* CPUs on which they ran last */
	struct memory_policy policy; /* their own: of areas that have none */
};

/* What memory is, as numastat -p sorts it, but for files and shared memory, which it
 * counts as private. */
enum process_memory {
	PROCESS_HUGE, /* hugetlb pages */
	PROCESS_HEAP,
	PROCESS_STACK,
	PROCESS_PRIVATE, /* transparent huge pages among it */
	PROCESS_SHARED,  /* /dev/shm, memfd, System V */
	PROCESS_FILES,   /* mapped files: the page cache's, and so not the process's to place */
	PROCESS_MEMORY_KINDS
};

struct process_node {
	int node;
	uint64_t bytes[PROCESS_MEMORY_KINDS];
	size_t ran; /* threads that ran last on a CPU of it */
};

/* Areas of memory under one policy; those without one of their own follow the main thread's. */
struct process_areas {
	struct memory_policy policy;
	size_t areas;
	uint64_t own_bytes; /* all but files */
};

/* A device file of a GPU that the process has open. */
struct process_gpu {
	char path[32]; /* "/dev/nvidia3", "/dev/dri/renderD129", "/dev/vfio/27" */
	char pci[16];
	int gpu;           /* number in the machine; -1: not one of those */
	struct known node; /* as sysfs declares it, or the machine (gpu_declared_node) */
	bool visible;      /* not left out by its CUDA_VISIBLE_DEVICES: CUDA opens all */
};

struct process {
	int pid;
	int parent;    /* index in the tree; -1: the one that was asked for */
	char name[64]; /* the kernel's name, 15 characters in most cases */
	bool ended;    /* a zombie: it has no threads and no memory */
	size_t nthreads;
	struct process_threads *threads; /* in order of their first thread */
	size_t nkinds;                   /* of threads */
	struct process_node *nodes;      /* in order of node */
	size_t nnodes;
	struct process_areas *areas;
	size_t nareas;
	size_t driver_areas;    /* mapped from the NVIDIA driver: no file tells where they lie */
	const char *memory_why; /* not NULL: nodes and areas could not be read, and why */
	struct known resident_bytes, locked_bytes, pinned_bytes, swapped_bytes;
	struct process_gpu *gpus;
	size_t ngpus;
	const char *gpus_why; /* not NULL: its open files could not be read, and why */
	char visible[160];    /* its CUDA_VISIBLE_DEVICES when it was started; empty: not set */
};

/* A process and its descendants; every parent stands before its children. */
struct process_tree {
	struct process *v;
	size_t n;
};

/* Fills t (released by process_tree_release). A number that is a thread's reads the process
 * that it belongs to. -ESRCH with e where there is no such process, or it ends while it is
 * read; -EINVAL for what is no number of a process; -EACCES where even its status is hidden
 * (hidepid); -ENOMEM. What the kernel refuses to show is typed in the process. */
int process_tree_read(struct process_tree *t, const struct sysroot *r, const struct machine *m,
		      int pid, struct err *e);
void process_tree_release(struct process_tree *t); /* leaves an empty one */

/* All but files of one node, and of all nodes. */
uint64_t process_node_own(const struct process_node *n);
uint64_t process_own(const struct process *p);

/* "default", "bind:0-1", "prefer:1"; "not known". Returns buf. */
char *memory_policy_text(const struct memory_policy *p, char *buf, size_t size);
/* Reads the words behind the address of a line of numa_maps. */
struct memory_policy memory_policy_parse(const char *text);

#endif
