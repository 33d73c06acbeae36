#include "front/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/cgroup.h"
#include "machine/sysroot.h"
#include "result/recommend.h"

/* A result of another machine must not place a command on this one. */
static int same_machine(const struct machine *here, const struct machine *there, const char *path,
			struct err *e)
{
	if (here->nnodes != there->nnodes || here->ngpus != there->ngpus)
		return err_set(
			e, -EINVAL,
			"%s is of another machine: %zu nodes and %zu GPUs there, %zu and %zu here",
			path, there->nnodes, there->ngpus, here->nnodes, here->ngpus);
	for (size_t i = 0; i < here->nnodes; i++)
		if (here->nodes[i].id != there->nodes[i].id ||
		    !idset_equal(&here->nodes[i].cpus, &there->nodes[i].cpus))
			return err_set(e, -EINVAL,
				       "%s is of another machine: node %d has other CPUs there",
				       path, there->nodes[i].id);
	for (size_t i = 0; i < here->ngpus; i++) {
		const struct gpu *a = &here->gpus[i], *b = &there->gpus[i];
		bool other_part = a->uuid[0] && b->uuid[0] && strcmp(a->uuid, b->uuid) != 0;

		if (a->index != b->index || strcmp(a->pci, b->pci) != 0 || other_part)
			return err_set(
				e, -EINVAL,
				"%s is of another machine: GPU %d is %s %s there, %s %s here", path,
				b->index, b->pci, b->uuid, a->pci, a->uuid);
	}
	return 0;
}

static int open_result(struct choice *c, const struct machine *m, const char *from, struct err *e)
{
	int rc = result_read(&c->res, from, e);

	if (rc == 0)
		rc = same_machine(m, &c->res.machine, from, e);
	if (rc == 0 && !c->res.nrecommendations && recommend(&c->res) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	c->recommended = c->res.recommendations;
	c->n = c->res.nrecommendations;
	c->measured = &c->res;
	return rc;
}

int choice_open(struct choice *c, const struct machine *m, const char *from, struct err *e)
{
	*c = (struct choice){ .measured = NULL };
	result_init(&c->res);
	if (from)
		return open_result(c, m, from, e);
	if (recommend_declared(m, &c->declared, &c->ndeclared) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	c->recommended = c->declared;
	c->n = c->ndeclared;
	return 0;
}

void choice_close(struct choice *c)
{
	recommendations_free(c->declared, c->ndeclared);
	result_release(&c->res);
	*c = (struct choice){ .measured = NULL };
}

/* The binding of one of those GPUs that want names. */
static int pick(struct binding *b, const struct choice *c, const struct machine *m,
		const struct gpu *gpu, const struct binding_want *want, struct err *e)
{
	struct binding *v;
	size_t n;
	int rc = bindings_make(&v, &n, m, c->recommended, c->n, c->measured, want, e);

	if (rc < 0)
		return rc;
	rc = -ENODEV;
	for (size_t i = 0; i < n; i++)
		if (v[i].gpu->index == gpu->index) {
			*b = v[i];
			rc = 0;
		}
	free(v);
	return rc == 0 ? 0 : err_set(e, rc, "GPU %d: nothing is recommended for it", gpu->index);
}

struct idset choice_among(const struct choice *c, const struct machine *m)
{
	struct idset among = { { 0 } };

	for (size_t i = 0; i < c->n; i++) {
		const struct recommendation *r = &c->recommended[i];
		const struct gpu *g = machine_gpu(m, r->gpu);
		const struct node *driver = r->has_node ? machine_driver(m, r->node) : NULL;
		bool confined = driver && !idset_equal(&driver->cpus, &driver->allowed_cpus);

		if (g && !(g->state == GPU_HIDDEN && confined))
			idset_add(&among, r->gpu);
	}
	return among;
}

int choice_one(struct binding *b, const struct choice *c, const struct machine *m, int gpu,
	       const struct binding_want *want, struct err *e)
{
	struct binding_want one = *want;

	one.gpus = (struct idset){ { 0 } };
	one.among = choice_among(c, m);
	idset_add(&one.gpus, gpu);
	return pick(b, c, m, machine_gpu(m, gpu), &one, e);
}

/* ---- ranks ---- */

enum { ANCESTORS_MOST = 64, ENVIRONMENT_ROOM = 1 << 18, STATUS_ROOM = 16384 };

/* Whether a process was started with the variable; false where we may not see. */
static bool has_variable(const struct sysroot *root, int pid, const char *name)
{
	char *text = malloc(ENVIRONMENT_ROOM);
	int used = text ? sysroot_text(root, text, ENVIRONMENT_ROOM, "proc/%d/environ", pid) : 0;
	size_t length = strlen(name);
	bool has = false;

	for (int at = 0; at < used; at += (int)strlen(text + at) + 1)
		has = has ||
		      (strncmp(text + at, name, length) == 0 && text[at + (int)length] == '=');
	free(text);
	return has;
}

/* What whoever gave us our rank may run on: the nearest ancestor without the variable, for a rank's
 * own scripts have it too. */
static bool launcher_cpus(const struct sysroot *root, const struct rank *r, struct idset *cpus)
{
	char status[STATUS_ROOM], text[4096];
	int pid = getppid();

	for (int i = 0; i < ANCESTORS_MOST && pid > 0; i++) {
		if (sysroot_text(root, status, sizeof status, "proc/%d/status", pid) < 0)
			return false;
		if (!r->from || !has_variable(root, pid, r->from))
			return text_field(status, "Cpus_allowed_list", text, sizeof text) &&
			       idset_parse_kernel(cpus, text) == 0;
		pid = text_field(status, "PPid", text, sizeof text) ? atoi(text) : 0;
	}
	return false;
}

bool choice_launcher(struct idset *cpus, const struct rank *r)
{
	struct idset cpuset, launcher;
	struct sysroot root;
	bool known;

	if (sysroot_open_live(&root, NULL) < 0)
		return false;
	known = cgroup_cpus(&root, &cpuset) && launcher_cpus(&root, r, &launcher);
	sysroot_close(&root);
	if (known)
		*cpus = idset_and(&cpuset, &launcher);
	return known;
}

/* A launcher that has bound the rank to some cores of the node has shared them out already. */
static void keep(struct binding *b, const struct machine *m, const struct idset *had,
		 enum binding_smt smt)
{
	const struct node *driver = machine_driver(m, b->node);
	struct idset mine = idset_and(had, &driver->allowed_cpus);
	struct idset lost = idset_minus(&m->allowed_cpus, had);
	char *note = b->note + strlen(b->note), text[64];
	size_t room = sizeof b->note - strlen(b->note);

	if (idset_empty(&lost) || idset_equal(&mine, &driver->allowed_cpus))
		return;
	idset_format(had, text, sizeof text);
	if (idset_empty(&mine)) {
		snprintf(note, room, "%sits launcher had bound it to CPUs %s, of another node",
			 b->note[0] ? "; " : "", text);
		return;
	}
	b->cpus = smt == SMT_ONE ? binding_first_siblings(m, &mine) : mine;
	b->cpus_shared = false;
	snprintf(note, room, "%sof CPUs %s, to which its launcher has bound it",
		 b->note[0] ? "; " : "", text);
}

static int bind_rank(struct binding *b, const struct choice *c, const struct machine *m,
		     const struct offered *list, size_t n, size_t own,
		     const struct binding_want *wanted, struct err *e)
{
	const struct gpu *gpu = list[own].gpu;
	struct binding_want want = *wanted;
	size_t parts = 0, part = 0;
	int rc;

	if (n == 1)
		return choice_one(b, c, m, gpu->index, &want, e);
	want.gpus = (struct idset){ { 0 } };
	for (size_t i = 0; i < n; i++) {
		idset_add(&want.gpus, list[i].gpu->index);
		part += list[i].gpu == gpu && i < own;
		parts += list[i].gpu == gpu;
	}
	rc = pick(b, c, m, gpu, &want, e);
	if (rc == 0 && parts > 1) {
		b->cpus_shared = b->cpus_shared || cores_of(m, &b->cpus) < parts;
		b->cpus = cores_part(m, &b->cpus, part, parts);
	}
	return rc;
}

int choice_rank(struct binding *b, struct offered *own, const struct choice *c,
		const struct machine *m, const struct rank *r, const char *visible,
		const struct idset *had, const struct binding_want *want, struct err *e)
{
	struct offered *list;
	size_t n;
	int rc = gpus_offered(&list, &n, m, visible, e), at;

	if (rc < 0)
		return rc;
	at = rank_offered(r, n, e);
	if (at >= 0) {
		*own = list[at];
		rc = bind_rank(b, c, m, list, n, (size_t)at, want, e);
		if (rc == 0 && had)
			keep(b, m, had, want->smt);
	}
	free(list);
	return at < 0 ? at : rc;
}
