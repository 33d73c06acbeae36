#include "place/rebind.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A thread that is not bound yet may start others: once more until none is new. */
enum { PASSES_MOST = 8 };

/* ---- threads ---- */

/* Bound in this pass, and where it was so already. */
struct pass {
	size_t bound, already, refused;
	int error; /* of the first refusal */
};

static void bind_thread(struct pass *pass, int tid, const struct idset *cpus)
{
	struct idset now = { { 0 } };

	if (sched_getaffinity(tid, sizeof now, (cpu_set_t *)(void *)&now) < 0)
		return; /* it has ended */
	if (idset_equal(&now, cpus)) {
		pass->already++;
		return;
	}
	if (sched_setaffinity(tid, sizeof *cpus, (const cpu_set_t *)(const void *)cpus) == 0) {
		pass->bound++;
	} else if (errno != ESRCH) {
		pass->error = pass->refused++ ? pass->error : errno;
	}
}

static void bind_process(struct pass *pass, const struct sysroot *root, int pid,
			 const struct idset *cpus)
{
	DIR *d = sysroot_dir(root, "proc/%d/task", pid);
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (isdigit((unsigned char)de->d_name[0]))
			bind_thread(pass, atoi(de->d_name), cpus);
	if (d)
		closedir(d);
}

/* What starts processes starts threads: the tree is read anew for each pass. */
static int bind_threads(struct rebound *r, const struct process_tree *t,
			const struct launch_place *p, const struct sysroot *root,
			const struct machine *m, struct err *e)
{
	struct process_tree now = { .n = 0 };
	int root_pid = t->v[0].pid, rc = 0;

	for (int i = 0; i < PASSES_MOST && rc == 0; i++) {
		const struct process_tree *of = i ? &now : t;
		struct pass pass = { 0 };

		for (size_t k = 0; k < of->n; k++)
			bind_process(&pass, root, of->v[k].pid, &p->cpus);
		process_tree_release(&now);
		r->refused = pass.refused;
		if (pass.refused)
			snprintf(r->thread_why, sizeof r->thread_why, "%s%s", strerror(pass.error),
				 pass.error == EPERM ? ": they are another user's; root may"
				 : pass.error == EINVAL
					 ? ": their cpuset does not allow these CPUs, or the "
					   "kernel keeps them where they are"
					 : "");
		r->threads = pass.bound + pass.already;
		if (i && !pass.bound)
			return 0;
		rc = process_tree_read(&now, root, m, root_pid, e);
	}
	process_tree_release(&now);
	return rc;
}

/* ---- pages ---- */

static uint64_t own_on(const struct process *p, const struct idset *nodes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->nnodes; i++)
		if (idset_has(nodes, p->nodes[i].node))
			sum += process_node_own(&p->nodes[i]);
	return sum;
}

static void move_process(struct rebound *r, const struct process *p, const struct idset *nodes)
{
	int to = idset_next(nodes, -1);
	enum move_refusal why;
	struct err e;

	for (size_t i = 0; i < p->nnodes; i++) {
		int from = p->nodes[i].node;

		if (idset_has(nodes, from) || !process_node_own(&p->nodes[i]))
			continue;
		if (process_move(p->pid, from, to, &why, &e) < 0 && why != MOVE_NO_PROCESS &&
		    r->page == MOVE_TAKEN) {
			r->page = why;
			snprintf(r->page_why, sizeof r->page_why, "%s", e.text);
		}
	}
}

static const struct process *same(const struct process_tree *t, int pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].pid == pid)
			return &t->v[i];
	return NULL;
}

int rebind(struct rebound *r, struct process_tree *after, const struct process_tree *before,
	   const struct launch_place *p, const struct sysroot *root, const struct machine *m,
	   struct err *e)
{
	struct process_tree now = { .n = 0 };
	int rc;

	*r = (struct rebound){ .page = MOVE_TAKEN };
	*after = now;
	rc = bind_threads(r, before, p, root, m, e);
	if (rc == 0) /* they have allocated, and started others, meanwhile */
		rc = process_tree_read(&now, root, m, before->v[0].pid, e);
	for (size_t i = 0; rc == 0 && p->memory != MEMPOLICY_DEFAULT && i < now.n; i++)
		move_process(r, &now.v[i], &p->nodes);
	if (rc == 0)
		rc = process_tree_read(after, root, m, before->v[0].pid, e);
	for (size_t i = 0; rc == 0 && i < after->n; i++) {
		const struct process *then = same(&now, after->v[i].pid);
		uint64_t is = own_on(&after->v[i], &p->nodes);
		uint64_t was = then ? own_on(then, &p->nodes) : is;

		r->moved += is > was ? is - was : 0;
	}
	process_tree_release(&now);
	return rc;
}

/* ---- what stayed ---- */

/* Whether memory that is touched under it may fall elsewhere, though its thread runs beside the
 * nodes. */
static bool leads_away(const struct memory_policy *p, const struct idset *nodes)
{
	struct idset away = idset_minus(&p->nodes, nodes);

	return p->mode > POLICY_LOCAL && !idset_empty(&away);
}

static bool same_policy(const struct memory_policy *a, const struct memory_policy *b)
{
	return a->mode == b->mode && idset_equal(&a->nodes, &b->nodes);
}

static uint64_t known_bytes(const struct known *k, uint64_t most)
{
	uint64_t bytes = k->is && k->value > 0 ? (uint64_t)k->value : 0;

	return bytes < most ? bytes : most;
}

struct left_behind left_behind(const struct process *p, const struct idset *nodes)
{
	struct left_behind left = { .bytes = process_own(p) - own_on(p, nodes) };

	for (size_t i = 0; i < p->nnodes; i++)
		if (!idset_has(nodes, p->nodes[i].node))
			left.shared += p->nodes[i].bytes[PROCESS_SHARED];
	left.pinned = known_bytes(&p->pinned_bytes, left.bytes);
	left.locked = known_bytes(&p->locked_bytes, left.bytes);
	for (size_t i = 0; i < p->nkinds; i++)
		if (leads_away(&p->threads[i].policy, nodes)) {
			left.threads += p->threads[i].n;
			left.policy = p->threads[i].policy;
		}
	/* Areas without a policy of their own are shown with the first thread's. */
	for (size_t i = 0; i < p->nareas; i++)
		if (leads_away(&p->areas[i].policy, nodes) &&
		    !(p->nkinds && same_policy(&p->areas[i].policy, &p->threads[0].policy)))
			left.areas += p->areas[i].areas;
	return left;
}
