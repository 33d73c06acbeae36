/* crew.c - the worker processes as the parent sees them: one for each CPU node,
 * started when first needed, asked one thing at a time, each with a deadline. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/session_parts.h"

/* Seconds that a worker has to end when told to, and then to be gone. */
#define GRACE_END  2.0
#define GRACE_KILL 2.0

static struct worker_process *process_of(struct session *s, int cpu_node)
{
	for (size_t i = 0; i < s->nworkers; i++)
		if (s->workers[i].cpu_node == cpu_node)
			return &s->workers[i];
	return NULL;
}

static void be_worker(struct session *s, struct worker_process *p, int in, int out, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_IGN); /* the parent decides, also when a whole group is told to end */
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < s->nworkers; i++) {
		if (s->workers[i].pid > 0) {
			close(s->workers[i].to);
			close(s->workers[i].from);
		}
	}
	_exit(worker_run(s, machine_node(s->machine, p->cpu_node), in, out));
}

static int start(struct session *s, struct worker_process *p)
{
	int to[2], from[2];
	pid_t parent = getpid();

	if (pipe(to) < 0)
		return -errno;
	if (pipe(from) < 0) {
		int rc = -errno;

		close(to[0]);
		close(to[1]);
		return rc;
	}
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		close(to[1]);
		close(from[0]);
		be_worker(s, p, to[0], from[1], parent);
	}
	close(to[0]);
	close(from[1]);
	if (pid < 0) {
		close(to[1]);
		close(from[0]);
		return -EAGAIN;
	}
	*p = (struct worker_process){
		.cpu_node = p->cpu_node, .pid = pid, .to = to[1], .from = from[0]
	};
	return 0;
}

/* Waits for a process to be gone; true when it was reaped. */
static bool gone_within(pid_t pid, double seconds, int *status)
{
	struct instant began = clock_now();

	do {
		if (waitpid(pid, status, WNOHANG) != 0)
			return true;
		usleep(2000);
	} while (clock_span(began, clock_now()) < seconds);
	return false;
}

static void forget(struct session *s, struct worker_process *p)
{
	close(p->to);
	close(p->from);
	p->pid = 0;
	for (size_t i = 0; i < s->nsites; i++)
		if (s->sites[i].site.cpu_node == p->cpu_node)
			s->sites[i].open = false;
}

static bool kill_worker(struct session *s, struct worker_process *p, int *status)
{
	bool gone;

	kill(p->pid, SIGKILL);
	gone = gone_within(p->pid, GRACE_KILL, status);
	forget(s, p);
	return gone;
}

/* Reads one line; ANSWER_OK with *line (to free), else what happened. */
static enum answer listen(struct session *s, struct worker_process *p, char **line)
{
	struct instant began = clock_now();
	size_t used = 0, room = 0;
	char *buf = NULL;

	for (;;) {
		struct pollfd f = { .fd = p->from, .events = POLLIN };
		double waited = clock_span(began, clock_now());

		if (used + 4096 > room) {
			char *more = realloc(buf, room + 65536);

			if (!more)
				break;
			buf = more;
			room += 65536;
		}
		if (poll(&f, 1, 50) > 0) {
			ssize_t n = read(p->from, buf + used, room - used - 1);

			if (n <= 0)
				break;
			used += (size_t)n;
			if (buf[used - 1] == '\n') {
				buf[used - 1] = '\0';
				*line = buf;
				return ANSWER_OK;
			}
		} else if (waited > s->step_deadline_s ||
			   (session_stopped(s) && waited > GRACE_END)) {
			free(buf);
			return session_stopped(s) ? ANSWER_STOPPED : ANSWER_TIMEOUT;
		}
	}
	free(buf);
	return ANSWER_DIED;
}

static void describe_death(struct reply *r, bool gone, int status)
{
	if (!gone)
		snprintf(r->why, sizeof r->why, "the worker process ended its answers");
	else if (WIFSIGNALED(status))
		snprintf(r->why, sizeof r->why, "the worker process ended by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(r->why, sizeof r->why, "the worker process ended with status %d",
			 WEXITSTATUS(status));
}

static enum answer understand(char *line, struct reply *r)
{
	json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	json_t *value = json_object_get(o, "value");
	const char *why = json_string_value(json_object_get(o, "why"));

	r->code = (int)json_integer_value(json_object_get(o, "code"));
	r->value = json_is_number(value) ? json_number_value(value) : NAN;
	r->aside_s = json_number_value(json_object_get(o, "aside"));
	r->record = json_incref(json_object_get(o, "record"));
	snprintf(r->why, sizeof r->why, "%s", why ? why : r->code < 0 ? strerror(-r->code) : "");
	if (!o) {
		r->code = -EPROTO;
		snprintf(r->why, sizeof r->why, "the worker process answered with rubbish");
	}
	json_decref(o);
	return r->code < 0 ? ANSWER_FAILED : ANSWER_OK;
}

static enum answer ask(struct session *s, int cpu_node, const struct request *q, struct reply *r)
{
	struct worker_process *p = process_of(s, cpu_node);
	char *line = NULL;
	enum answer a;
	int status = 0, rc;

	*r = (struct reply){ .value = NAN };
	if (p->pid == 0 && (rc = start(s, p)) < 0) {
		r->code = rc;
		snprintf(r->why, sizeof r->why, "a worker process cannot be started: %s",
			 strerror(-rc));
		return ANSWER_FAILED;
	}
	a = write(p->to, q, sizeof *q) == sizeof *q ? listen(s, p, &line) : ANSWER_DIED;
	if (a == ANSWER_OK) {
		a = understand(line, r);
		free(line);
		return a;
	}
	if (a == ANSWER_DIED && session_stopped(s))
		a = ANSWER_STOPPED;
	bool gone = a == ANSWER_DIED && gone_within(p->pid, GRACE_END, &status);

	if (gone)
		forget(s, p);
	else if (!kill_worker(s, p, &status))
		snprintf(r->why, sizeof r->why, "no answer within %.0f s, and it cannot be killed",
			 s->step_deadline_s);
	if (a == ANSWER_TIMEOUT)
		s->hung_s += s->step_deadline_s;
	if (a == ANSWER_TIMEOUT && !r->why[0])
		snprintf(r->why, sizeof r->why, "no answer within %.0f s", s->step_deadline_s);
	else if (a == ANSWER_DIED)
		describe_death(r, gone, status);
	return a;
}

enum answer crew_open(struct session *s, size_t site, struct reply *r)
{
	struct site_state *t = &s->sites[site];
	struct request q = { .verb = VERB_OPEN, .index = site, .fresh = t->fresh };
	enum answer a = ask(s, t->site.cpu_node, &q, r);

	t->open = a == ANSWER_OK;
	return a;
}

enum answer crew_sample(struct session *s, size_t cell, struct reply *r)
{
	struct request q = { .verb = VERB_SAMPLE, .index = cell };

	return ask(s, s->sites[s->cells[cell].cell.site].site.cpu_node, &q, r);
}

enum answer crew_close(struct session *s, size_t site, struct reply *r)
{
	struct site_state *t = &s->sites[site];
	struct request q = { .verb = VERB_CLOSE, .index = site };
	enum answer a = ask(s, t->site.cpu_node, &q, r);

	t->open = false;
	return a;
}

void crew_end_worker(struct session *s, int cpu_node)
{
	struct worker_process *p = process_of(s, cpu_node);
	int status;

	if (!p || p->pid == 0)
		return;
	close(p->to); /* the worker reads the end, lets go of what it has, and ends */
	p->to = -1;
	if (gone_within(p->pid, GRACE_END, &status))
		forget(s, p);
	else
		kill_worker(s, p, &status);
}

void crew_end(struct session *s)
{
	for (size_t i = 0; i < s->nworkers; i++)
		crew_end_worker(s, s->workers[i].cpu_node);
}
