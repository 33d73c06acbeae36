/* process_cores.c - threads pinned to CPUs that are the same core's: SMT siblings, or one CPU
 * for several processes, as a launcher's OMP_PROC_BIND leaves its children (PyTorch issues 49971
 * and 91989). */
#include <errno.h>
#include <stdlib.h>

#include "result/process_verdict.h"

/* Threads of the tree that may run on one CPU alone. */
struct pins {
	size_t threads[IDSET_MAX], processes[IDSET_MAX];
	struct idset cpus;
};

static void pin_all(struct pins *pins, const struct process_tree *t, const struct machine *m)
{
	struct idset online = { 0 };

	for (size_t i = 0; i < m->nnodes; i++)
		online = idset_or(&online, &m->nodes[i].cpus);
	for (size_t i = 0; i < t->n; i++) {
		struct idset of_this = { 0 };

		for (size_t k = 0; k < t->v[i].nkinds; k++) {
			struct idset cpus = idset_and(&t->v[i].threads[k].cpus, &online);
			int cpu = idset_next(&cpus, -1);

			if (idset_count(&cpus) != 1)
				continue;
			pins->threads[cpu] += t->v[i].threads[k].n;
			pins->processes[cpu] += !idset_has(&of_this, cpu);
			idset_add(&of_this, cpu);
		}
		pins->cpus = idset_or(&pins->cpus, &of_this);
	}
}

/* Two CPUs of the core are taken, or one by several processes. */
static bool is_shared(const struct core_sharing *s)
{
	return idset_count(&s->cpus) > 1 || (idset_count(&s->cpus) == 1 && s->processes > 1);
}

static struct core_sharing sharing_of(const struct pins *pins, const struct core *c)
{
	struct core_sharing s = { .cpus = idset_and(&c->cpus, &pins->cpus) };

	for (int cpu = -1; (cpu = idset_next(&s.cpus, cpu)) >= 0;) {
		s.threads += pins->threads[cpu];
		s.processes += pins->processes[cpu];
	}
	return s;
}

/* Cores of one node that are shared. */
static int cores_of_node(struct core_sharing **sharing, size_t *nsharing, const struct pins *pins,
			 const struct node *n)
{
	size_t idle = 0;

	for (size_t c = 0; c < n->ncores; c++) {
		struct core_sharing s = sharing_of(pins, &n->cores[c]);

		idle += idset_empty(&s.cpus);
	}
	for (size_t c = 0; c < n->ncores; c++) {
		struct core_sharing s = sharing_of(pins, &n->cores[c]), *more;

		s.idle_cores = idle;
		if (!is_shared(&s))
			continue;
		more = reallocarray(*sharing, *nsharing + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		*sharing = more;
		more[(*nsharing)++] = s;
	}
	return 0;
}

int process_cores(struct core_sharing **sharing, size_t *nsharing, const struct process_tree *t,
		  const struct machine *m)
{
	struct pins *pins = calloc(1, sizeof(*pins));
	int rc = pins ? 0 : -ENOMEM;

	*sharing = NULL;
	*nsharing = 0;
	if (pins)
		pin_all(pins, t, m);
	for (size_t i = 0; rc == 0 && i < m->nnodes; i++)
		rc = cores_of_node(sharing, nsharing, pins, &m->nodes[i]);
	free(pins);
	return rc;
}
