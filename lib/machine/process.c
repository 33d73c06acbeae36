/* process.c - see process.h: the tree of processes, and the threads of each. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/process_parts.h"

enum { STATUS_ROOM = 65536, STAT_ROOM = 1024 };

/* Fields of /proc/PID/stat, counted from 1 as proc(5) does. */
enum { STAT_PARENT = 4, STAT_CPU = 39 };

/* A number of stat. The second field, a name in parentheses, may hold anything; what follows
 * its last parenthesis is the third. */
static bool stat_field(const char *stat, int field, int *value)
{
	const char *p = strrchr(stat, ')');

	for (int i = 3; p && i <= field; i++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p && sscanf(p, "%d", value) == 1;
}

/* "VmLck:      64 kB" */
static struct known kilobytes(const char *status, const char *key)
{
	const unsigned long long most = 1ULL << 50; /* an exbibyte */
	char value[64], *end;
	unsigned long long kb;

	if (!text_field(status, key, value, sizeof(value)))
		return UNKNOWN("the kernel does not tell");
	kb = strtoull(value, &end, 10);
	if (end == value || strcmp(end, " kB") != 0 || kb > most)
		return UNKNOWN("the kernel's file holds no number");
	return KNOWN((long long)kb * 1024);
}

static void take_list(const char *status, const char *key, char *buf, struct idset *s)
{
	*s = (struct idset){ 0 };
	if (text_field(status, key, buf, STATUS_ROOM))
		idset_parse_kernel(s, buf);
}

/* ---- threads ---- */

static bool alike(const struct process_threads *a, const struct process_threads *b)
{
	return a->vcpu == b->vcpu && a->policy.mode == b->policy.mode &&
	       idset_equal(&a->cpus, &b->cpus) && idset_equal(&a->mems, &b->mems) &&
	       idset_equal(&a->policy.nodes, &b->policy.nodes);
}

/* Adds one thread to those like it. */
static int add_thread(struct process *p, const struct process_threads *one)
{
	struct process_threads *more;

	p->nthreads++;
	for (size_t i = 0; i < p->nkinds; i++) {
		struct process_threads *t = &p->threads[i];

		if (!alike(t, one))
			continue;
		t->n++;
		t->ran_on = idset_or(&t->ran_on, &one->ran_on);
		return 0;
	}
	more = reallocarray(p->threads, p->nkinds + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->threads = more;
	more[p->nkinds++] = *one;
	return 0;
}

/* One that is gone by now is left out. `text` and `value` have STATUS_ROOM. */
static int read_thread(struct process *p, const struct process_source *s, int tid, char *text,
		       char *value)
{
	struct process_threads one = { .n = 1, .first = tid };
	const struct node *on;
	struct process_node *node;
	char stat[STAT_ROOM];
	int number;

	if (sysroot_text(s->root, text, STATUS_ROOM, "proc/%d/task/%d/status", p->pid, tid) <= 0 ||
	    sysroot_text(s->root, stat, sizeof(stat), "proc/%d/task/%d/stat", p->pid, tid) <= 0)
		return 0;
	take_list(text, "Cpus_allowed_list", value, &one.cpus);
	take_list(text, "Mems_allowed_list", value, &one.mems);
	one.vcpu = text_field(text, "Name", value, STATUS_ROOM) &&
		   sscanf(value, "CPU %d/", &number) == 1;
	one.policy = process_thread_policy(s, p->pid, tid);
	if (stat_field(stat, STAT_CPU, &number)) {
		idset_add(&one.ran_on, number);
		on = machine_node_of_cpu(s->m, number);
		node = on ? process_node(p, on->id) : NULL;
		if (on && !node)
			return -ENOMEM;
		if (node)
			node->ran++;
	}
	return add_thread(p, &one);
}

static int by_first(const void *a, const void *b)
{
	const struct process_threads *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int read_threads(struct process *p, const struct process_source *s, char *text, char *value)
{
	DIR *d = sysroot_dir(s->root, "proc/%d/task", p->pid);
	struct dirent *de;
	int rc = 0;

	while (rc == 0 && d && (de = readdir(d)))
		if (isdigit((unsigned char)de->d_name[0]))
			rc = read_thread(p, s, atoi(de->d_name), text, value);
	if (d)
		closedir(d);
	if (p->nkinds)
		qsort(p->threads, p->nkinds, sizeof(*p->threads), by_first);
	return rc;
}

/* ---- one process ---- */

static void process_release(struct process *p)
{
	free(p->threads);
	free(p->nodes);
	free(p->areas);
	free(p->gpus);
	*p = (struct process){ 0 };
}

/* A process names itself as it likes: what would move a terminal's cursor, or is no ASCII, is
 * "?". */
static void take_name(struct process *p, const char *status)
{
	text_field(status, "Name", p->name, sizeof(p->name));
	for (char *c = p->name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* -ESRCH where it has ended. `text` and `value` have STATUS_ROOM. */
static int read_process(struct process *p, const struct process_source *s, char *text, char *value)
{
	int rc = sysroot_text(s->root, text, STATUS_ROOM, "proc/%d/status", p->pid);

	if (rc == -EACCES || rc == -EPERM)
		return -EACCES;
	if (rc <= 0)
		return -ESRCH;
	take_name(p, text);
	p->ended = text_field(text, "State", value, STATUS_ROOM) && strchr("ZX", value[0]);
	p->resident_bytes = kilobytes(text, "VmRSS");
	p->locked_bytes = kilobytes(text, "VmLck");
	p->pinned_bytes = kilobytes(text, "VmPin");
	p->swapped_bytes = kilobytes(text, "VmSwap");
	if (p->ended)
		return 0;
	rc = read_threads(p, s, text, value);
	if (rc == 0)
		rc = process_read_memory(p, s);
	if (rc == 0)
		rc = process_read_gpus(p, s);
	return rc < 0 ? rc : p->nthreads ? 0 : -ESRCH;
}

/* ---- the tree ---- */

/* All processes of the machine. */
struct pid_list {
	struct pid {
		int pid, parent;
	} * v;
	size_t n, room;
};

static int list_add(struct pid_list *l, int pid, int parent)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 256;
		struct pid *more = reallocarray(l->v, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->v = more;
		l->room = room;
	}
	l->v[l->n++] = (struct pid){ pid, parent };
	return 0;
}

static int list_all(struct pid_list *l, const struct sysroot *r)
{
	DIR *d = sysroot_dir(r, "proc");
	char stat[STAT_ROOM];
	struct dirent *de;
	int parent, rc = 0;

	while (rc == 0 && d && (de = readdir(d)))
		if (isdigit((unsigned char)de->d_name[0]) &&
		    sysroot_text(r, stat, sizeof(stat), "proc/%s/stat", de->d_name) > 0 &&
		    stat_field(stat, STAT_PARENT, &parent))
			rc = list_add(l, atoi(de->d_name), parent);
	if (d)
		closedir(d);
	return rc;
}

/* The process and its descendants, but for us who ask: parents first. */
static int list_tree(struct pid_list *tree, const struct sysroot *r, int pid)
{
	struct pid_list all = { .v = NULL };
	int self = r->live ? (int)getpid() : 0, rc = list_all(&all, r);

	if (rc == 0)
		rc = list_add(tree, pid, 0);
	for (size_t i = 0; rc == 0 && i < tree->n; i++)
		for (size_t j = 0; rc == 0 && j < all.n; j++)
			if (all.v[j].parent == tree->v[i].pid && all.v[j].pid != pid &&
			    all.v[j].pid != self)
				rc = list_add(tree, all.v[j].pid, all.v[j].parent);
	free(all.v);
	return rc;
}

/* The index of a process that was read; where its parent has ended meanwhile, the first. */
static int index_of(const struct process_tree *t, int pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].pid == pid)
			return (int)i;
	return t->n ? 0 : -1;
}

static int read_all(struct process_tree *t, const struct process_source *s,
		    const struct pid_list *pids)
{
	char *text = malloc(STATUS_ROOM), *value = malloc(STATUS_ROOM);
	int rc = text && value ? 0 : -ENOMEM;

	t->v = calloc(pids->n, sizeof(*t->v));
	if (!t->v)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < pids->n; i++) {
		struct process *p = &t->v[t->n];

		*p = (struct process){ .pid = pids->v[i].pid,
				       .parent = index_of(t, pids->v[i].parent) };
		rc = read_process(p, s, text, value);
		if (rc == 0) {
			t->n++;
			continue;
		}
		process_release(p);
		if (rc != -ENOMEM && i > 0)
			rc = 0;
	}
	free(text);
	free(value);
	return rc;
}

/* The process that a thread belongs to; itself for a process. -ESRCH, -EACCES. */
static int process_of(const struct sysroot *r, int pid)
{
	char text[4096], value[32];
	int rc = sysroot_text(r, text, sizeof(text), "proc/%d/status", pid);

	if (rc <= 0)
		return rc == -EACCES || rc == -EPERM ? -EACCES : -ESRCH;
	return text_field(text, "Tgid", value, sizeof(value)) && atoi(value) > 0 ? atoi(value)
										 : pid;
}

int process_tree_read(struct process_tree *t, const struct sysroot *r, const struct machine *m,
		      int pid, struct err *e)
{
	struct process_source s = { .root = r, .m = m };
	struct pid_list pids = { .v = NULL };
	int rc;

	*t = (struct process_tree){ .v = NULL };
	if (pid <= 0)
		return err_set(e, -EINVAL, "%d is no number of a process", pid);
	rc = process_of(r, pid);
	if (rc > 0)
		rc = list_tree(&pids, r, rc);
	if (rc == 0)
		rc = read_all(t, &s, &pids);
	free(pids.v);
	if (rc == 0)
		return 0;
	process_tree_release(t);
	if (rc == -ESRCH)
		return err_set(e, rc, "no process %d", pid);
	if (rc == -EACCES)
		return err_set(e, rc,
			       "process %d: the kernel hides it (/proc is mounted with hidepid)",
			       pid);
	return err_set(e, rc, "process %d: %s", pid, strerror(-rc));
}

void process_tree_release(struct process_tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		process_release(&t->v[i]);
	free(t->v);
	*t = (struct process_tree){ .v = NULL };
}

uint64_t process_node_own(const struct process_node *n)
{
	uint64_t sum = 0;

	for (int k = 0; k < PROCESS_MEMORY_KINDS; k++)
		sum += k == PROCESS_FILES ? 0 : n->bytes[k];
	return sum;
}

uint64_t process_own(const struct process *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->nnodes; i++)
		sum += process_node_own(&p->nodes[i]);
	return sum;
}
