/* bound.c - see bound.h. */
#include "bound.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "place/rebind.h"
#include "process.h"
#include "util/units.h"

/* What was seen last. */
struct seen {
	const struct bound_order *o;
	char *text;
	size_t length;
	int code; /* of check_process; -1: nothing was seen */
	double at;
};

/* The report as a text. Less than 0: there is none, for it has ended. */
static int prove(const struct bound_order *o, int pid, char **text, size_t *length, struct err *e)
{
	struct process_check check = {
		.pid = pid, .measured = o->measured, .strict = o->strict, .width = o->width
	};
	FILE *out = open_memstream(text, length);
	int rc;

	if (!out)
		return err_set(e, -ENOMEM, "out of memory");
	idset_add(&check.gpus, o->gpu);
	rc = check_process(&check, o->m, o->root, out, e);
	if (fclose(out) != 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc < 0) {
		free(*text);
		*text = NULL;
	}
	return rc;
}

/* ---- a command ---- */

/* Of a child that nobody has waited for yet. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid;
}

static void look(pid_t pid, double seconds, void *arg)
{
	struct seen *seen = arg;
	char *text = NULL;
	size_t length;
	int code = prove(seen->o, pid, &text, &length, NULL);

	/* What ended meanwhile was seen in part, or not at all. */
	if (code < 0 || has_ended(pid)) {
		free(text);
		return;
	}
	free(seen->text);
	seen->text = text;
	seen->code = code;
	seen->at = seconds;
}

static int end_as(int status)
{
	const struct rlimit none = { 0, 0 };

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* Whoever started us is to see the signal; the core is the command's. */
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int bound_command(const struct bound_order *o, char *const *argv, char *const *env, struct err *e)
{
	struct seen seen = { .o = o, .code = -1 };
	const struct launch_watch watch = { .look = look, .arg = &seen };
	int status = 0, rc = launch_attend(argv, env, &watch, &status, e);

	if (rc != 0)
		return rc < 0 ? LAUNCH_OWN : rc;
	if (seen.code < 0)
		fprintf(o->out, "%s: the command ended before it could be looked at\n", o->by);
	else
		fprintf(o->out, "%s: after %.2g s, seen last:\n%s", o->by, seen.at, seen.text);
	fflush(o->out);
	free(seen.text);
	if (o->strict && seen.code != 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		err_set(e, -EIO, "--strict: the command was not seen bound well");
		return LAUNCH_OWN;
	}
	return end_as(status);
}

/* ---- a tree that runs ---- */

/* "128 MiB pinned, 16 MiB locked" */
static void say_why(FILE *out, const struct left_behind *left)
{
	const struct {
		uint64_t bytes;
		const char *what;
	} parts[] = {
		{ left->pinned, "pinned (VmPin: a driver or io_uring holds them, nothing moves)" },
		{ left->locked, "locked (VmLck)" },
		{ left->shared, "shared with others" },
	};
	const char *between = ": of it at most ";
	char size[32];

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!parts[i].bytes)
			continue;
		fprintf(out, "%s%s %s", between, format_size(size, sizeof size, parts[i].bytes),
			parts[i].what);
		between = ", ";
	}
}

/* What it has elsewhere, and what may bring more there. Whether it is where it should be. */
static bool say_left(FILE *out, const struct process *p, const struct launch_place *place)
{
	struct left_behind left = left_behind(p, &place->nodes);
	char size[32], text[200];
	uint64_t all = process_own(p);
	bool most = (double)(all - left.bytes) >= PROCESS_MOST * (double)all;

	if (p->memory_why) {
		fprintf(out, "  process %d (%s): where its memory lies cannot be seen: %s\n",
			p->pid, p->name, p->memory_why);
		return false;
	}
	if (left.bytes) {
		fprintf(out, "  process %d (%s): %s stayed on other nodes", p->pid, p->name,
			format_size(size, sizeof size, left.bytes));
		say_why(out, &left);
		fputc('\n', out);
	}
	if (left.threads)
		fprintf(out,
			"  process %d (%s): %zu %s a memory policy of %s own (%s): what %s anew "
			"goes there; nobody else can change it: restart by numabench bind\n",
			p->pid, p->name, left.threads,
			left.threads == 1 ? "thread has" : "threads have",
			left.threads == 1 ? "its" : "their",
			memory_policy_text(&left.policy, text, sizeof text),
			left.threads == 1 ? "it touches" : "they touch");
	if (left.areas)
		fprintf(out,
			"  process %d (%s): %zu areas of memory have a policy of their own that "
			"names other nodes: what is touched there anew goes to those\n",
			p->pid, p->name, left.areas);
	return most;
}

static bool tell(const struct bound_order *o, const struct rebound *r,
		 const struct process_tree *after)
{
	FILE *out = o->out;
	char cpus[1024], nodes[256], size[32];
	bool well = !r->refused && r->page == MOVE_TAKEN;

	idset_format(&o->place.cpus, cpus, sizeof cpus);
	idset_format(&o->place.nodes, nodes, sizeof nodes);
	fprintf(out, "%zu %s of %zu %s bound to CPUs %s\n", r->threads,
		r->threads == 1 ? "thread" : "threads", after->n,
		after->n == 1 ? "process" : "processes", cpus);
	if (r->refused)
		fprintf(out, "  %zu %s not: %s\n", r->refused, r->refused == 1 ? "was" : "were",
			r->thread_why);
	if (o->place.memory == MEMPOLICY_DEFAULT)
		return well;
	fprintf(out, "%s moved to node %s\n", format_size(size, sizeof size, r->moved), nodes);
	if (r->page != MOVE_TAKEN)
		fprintf(out, "  %s\n", r->page_why);
	for (size_t i = 0; i < after->n; i++)
		if (!after->v[i].ended)
			well &= say_left(out, &after->v[i], &o->place);
	return well;
}

int bound_running(const struct bound_order *o, int pid, struct err *e)
{
	struct process_tree before, after = { .n = 0 };
	struct rebound r;
	char *text = NULL;
	size_t length;
	bool well = false;
	int rc = process_tree_read(&before, o->root, o->m, pid, e);

	if (rc < 0)
		return rc;
	rc = rebind(&r, &after, &before, &o->place, o->root, o->m, e);
	if (rc == 0 && !r.threads && r.refused)
		rc = err_set(e, -EPERM, "process %d: no thread can be bound: %s", pid,
			     r.thread_why);
	if (rc == 0) {
		well = tell(o, &r, &after);
		rc = prove(o, pid, &text, &length, e);
	}
	if (rc >= 0)
		fputs(text, o->out);
	free(text);
	process_tree_release(&before);
	process_tree_release(&after);
	return rc < 0 ? rc : rc == 0 && well ? 0 : 1;
}
