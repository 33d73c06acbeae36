/* launch_parts.h - what the writers of launch.h share. Nobody else includes it. */
#ifndef NB_RENDER_LAUNCH_PARTS_H
#define NB_RENDER_LAUNCH_PARTS_H

#include "render/launch.h"

/* Room for any set as a list of numbers: IDSET_MAX numbers of at most four digits. */
enum { LIST_ROOM = 5 * IDSET_MAX + 1 };

/* The set as the kernel writes it, "0-3,8". */
void write_list(FILE *out, const struct idset *s);
/* Each range by itself: prefix "pu:" and separator " " make "pu:0-3 pu:8". */
void write_ranges(FILE *out, const struct idset *s, const char *prefix, const char *separator);
/* "4-7", or "4" of one. */
void write_span(FILE *out, size_t from, size_t to);
/* As one hexadecimal number without 0x, of as many digits as it takes. */
void write_mask(FILE *out, const struct idset *s);
/* The command quoted for a shell, with a blank before each word, or the example. */
void write_command(FILE *out, const struct launch *l, const char *example);
/* "numabench bind .. --" with all that the bindings were made by; gpu less than 0: of its own rank.
 */
void write_bind(FILE *out, const struct launch *l, int gpu);
/* The CPUs of each core of the machine that the binding has, in order: calls f for each. */
void each_core(const struct machine *m, const struct idset *cpus,
	       void (*f)(const struct idset *core, void *arg), void *arg);
size_t count_cores(const struct machine *m, const struct idset *cpus);
/* UUID, or its number where that is unknown. */
void write_gpu(FILE *out, const struct gpu *g);
/* The names of the NICs on the node, ", " between them; false and nothing where it has none. */
bool write_nics(FILE *out, const struct machine *m, int node);
/* Bytes for each process: as wanted, else half of what its share of the node can give; 0 unknown.
 */
uint64_t memory_of(const struct launch *l, const struct binding *b);
#define UNKNOWN_MEMORY                                                                             \
	"a guest must be told how much memory it has, and what node %d gives is not known: "       \
	"--need SIZE"
/* What is said beside figures of memory_of. */
const char *memory_remark(const struct launch *l);

/* launch_shell.c */
int launch_numactl(FILE *out, const struct launch *l, struct err *e);
int launch_hwloc(FILE *out, const struct launch *l, struct err *e);
int launch_taskset(FILE *out, const struct launch *l, struct err *e);
int launch_openmp(FILE *out, const struct launch *l, struct err *e);
int launch_docker(FILE *out, const struct launch *l, struct err *e);
int launch_podman(FILE *out, const struct launch *l, struct err *e);
int launch_torchrun(FILE *out, const struct launch *l, struct err *e);
int launch_openmpi(FILE *out, const struct launch *l, struct err *e);
int launch_mpich(FILE *out, const struct launch *l, struct err *e);
/* "env CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=.. " before a process, as bind sets them
 * (the GPU's name, or l->visible); false and nothing where they are left alone. */
bool write_gpu_choice(FILE *out, const struct launch *l, const struct binding *b);
/* The words of numactl before the command. */
void write_numactl(FILE *out, const struct binding *b);

/* launch_services.c, launch_slurm.c, launch_kubernetes.c, launch_libvirt.c, launch_python.c,
 * launch_lines.c */
int launch_systemd(FILE *out, const struct launch *l, struct err *e);
int launch_slurm(FILE *out, const struct launch *l, struct err *e);
int launch_kubernetes(FILE *out, const struct launch *l, struct err *e);
int launch_openstack(FILE *out, const struct launch *l, struct err *e);
int launch_libvirt(FILE *out, const struct launch *l, struct err *e);
int launch_python(FILE *out, const struct launch *l, struct err *e);
int launch_lines(FILE *out, const struct launch *l, struct err *e);

#endif
