/* groups.h - which control group carries a limit, and who made it: so that the report can say
 * what to type, and where.
 */
#ifndef NB_DIAG_CHECKS_GROUPS_H
#define NB_DIAG_CHECKS_GROUPS_H

#include "check.h"
#include "machine/cgroup.h"

enum group_maker {
	MADE_BY_HAND,
	MADE_BY_CONTAINER, /* docker, podman */
	MADE_BY_KUBERNETES,
	MADE_BY_SLURM,
	MADE_BY_SYSTEMD,
};

struct limit_group {
	bool v2;
	char path[CGROUP_PATH + 8]; /* "/sys/fs/cgroup/half" */
	enum group_maker maker;
	char engine[8];  /* of a container: "docker", "podman" */
	char id[16];     /* its short id; empty: not known */
	char unit[64];   /* systemd's: "job.service" */
	bool user_units; /* that unit is a user's own */
};

/* The group among ours and those above whose CPU quota is the smallest; the innermost with a
 * memory limit. False: none has one, or none can be seen. */
bool group_of_quota(const struct sysroot *r, struct limit_group *g);
bool group_of_memory_limit(const struct sysroot *r, struct limit_group *g);

/* Those whose cpuset leaves out any of these CPUs or memory nodes, from the top down: how many;
 * groups[i] is filled for i < min(that, most). */
size_t groups_of_cpuset(const struct sysroot *r, const struct idset *cpus,
			const struct idset *nodes, struct limit_group *groups, size_t most);

/* Sets the values {group}, {engine}, {id}, {unit} and {systemctl} for the next finding. */
void group_values(struct checking *c, const struct limit_group *g);

#endif
