/* crew.c - the worker processes as the parent sees them: one for each CPU node,
 * started when first needed, asked one thing at a time, each with a deadline; for a
 * joint sample several of them at once. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/session_parts.h"
#include "util/child.h"

/* Seconds that a worker has to end when told to, and then to be gone. */
#define GRACE_END  2.0
#define GRACE_KILL 2.0
/* With GPUs, a step that takes so long, and a third of its deadline, may stand at a gate. */
#define RESCUE_LEAST_S 5.0

static struct worker_process *process_of(struct session *s, int cpu_node)
{
	for (size_t i = 0; i < s->nworkers; i++)
		if (s->workers[i].cpu_node == cpu_node)
			return &s->workers[i];
	return NULL;
}

static void be_worker(struct session *s, struct worker_process *p, int in, int out, pid_t parent)
{
	child_tie(parent, 1);
	signal(SIGINT, SIG_IGN); /* the parent decides, also when a whole group is told to end */
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < s->nworkers; i++) {
		if (s->workers[i].pid > 0) {
			close(s->workers[i].to);
			close(s->workers[i].from);
		}
	}
	_exit(worker_run(s, p, in, out));
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

/* One question to one worker, and what came back so far. */
struct talk {
	struct worker_process *p;
	struct reply *r;
	enum answer a;
	bool over;
	char *buf;
	size_t used, room;
	struct request q;
};

static enum answer understand(char *line, struct reply *r)
{
	json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	json_t *value = json_object_get(o, "value"), *at = json_object_get(o, "at");
	const char *why = json_string_value(json_object_get(o, "why"));

	r->code = (int)json_integer_value(json_object_get(o, "code"));
	r->value = json_is_number(value) ? json_number_value(value) : NAN;
	r->aside_s = json_number_value(json_object_get(o, "aside"));
	r->record = json_incref(json_object_get(o, "record"));
	r->members = json_incref(json_object_get(o, "members"));
	if (json_is_integer(at))
		r->at = (size_t)json_integer_value(at);
	snprintf(r->why, sizeof r->why, "%s", why ? why : r->code < 0 ? strerror(-r->code) : "");
	if (!o) {
		r->code = -EPROTO;
		snprintf(r->why, sizeof r->why, "the worker process answered with rubbish");
	}
	json_decref(o);
	return r->code < 0 ? ANSWER_FAILED : ANSWER_OK;
}

/* Reads what is there; the talk is over with a whole line or the end of them. */
static void hear(struct talk *t)
{
	ssize_t n;

	if (t->used + 4096 > t->room) {
		char *more = realloc(t->buf, t->room + 65536);

		if (more) {
			t->buf = more;
			t->room += 65536;
		}
	}
	n = t->used + 1 < t->room ? read(t->p->from, t->buf + t->used, t->room - t->used - 1) : 0;
	if (n <= 0) {
		t->a = ANSWER_DIED;
		t->over = true;
		return;
	}
	t->used += (size_t)n;
	if (t->buf[t->used - 1] == '\n') {
		t->buf[t->used - 1] = '\0';
		t->a = understand(t->buf, t->r);
		t->over = true;
	}
}

/* Hears all that have something to say, for a moment; how many are still to be heard,
 * and whether one of those that are over was not well. */
static size_t hear_some(struct talk *t, size_t n, bool *bad)
{
	struct pollfd f[n];
	size_t open = 0;

	for (size_t i = 0; i < n; i++)
		f[i] = (struct pollfd){ .fd = t[i].over ? -1 : t[i].p->from, .events = POLLIN };
	if (poll(f, n, 50) < 0)
		return n; /* a signal: the caller looks at its clock and comes again */
	for (size_t i = 0; i < n; i++) {
		if (!t[i].over && f[i].revents)
			hear(&t[i]);
		open += !t[i].over;
		*bad |= t[i].over && t[i].a != ANSWER_OK;
	}
	return open;
}

/* Several GPUs' buffers may take longer to be filled and compared than those of one. */
static double rescue_after(const struct session *s, enum verb verb)
{
	double third = s->step_deadline_s / 3;

	if (!s->bench->needs_gpu)
		return s->step_deadline_s;
	return fmax(verb == VERB_TOGETHER ? 2 * third : third, RESCUE_LEAST_S);
}

/* Until all talks are over, or have taken too long. When one of several goes wrong, or all take
 * longer than a step should, the meeting is broken off, so that those that wait for others or at a
 * gate come back; who is silent still at the deadline is the one that hangs. True when it was
 * broken off for being late. */
static bool listen(struct session *s, struct talk *t, size_t n)
{
	double until = s->step_deadline_s, rescue = rescue_after(s, t[0].q.verb);
	struct instant began = clock_now();
	bool bad = false, broken = false, late = false;

	while (hear_some(t, n, &bad) > 0) {
		double waited = clock_span(began, clock_now());

		if (waited > (session_stopped(s) ? GRACE_END : until))
			break;
		if (!broken && (bad || waited > rescue)) {
			meeting_break(s->meeting);
			broken = true;
			late = !bad;
			until = fmax(until, waited + GRACE_END);
		}
	}
	for (size_t i = 0; i < n; i++)
		if (!t[i].over)
			t[i].a = session_stopped(s) ? ANSWER_STOPPED : ANSWER_TIMEOUT;
	return late;
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

/* Ends what did not answer, and says so in the reply. */
static void conclude(struct session *s, struct talk *t)
{
	struct reply *r = t->r;
	int status = 0;

	free(t->buf);
	if (t->a == ANSWER_OK || t->a == ANSWER_FAILED)
		return;
	if (t->a == ANSWER_DIED && session_stopped(s))
		t->a = ANSWER_STOPPED;
	bool gone = t->a == ANSWER_DIED && gone_within(t->p->pid, GRACE_END, &status);

	if (gone)
		forget(s, t->p);
	else if (!kill_worker(s, t->p, &status))
		snprintf(r->why, sizeof r->why, "no answer within %.0f s, and it cannot be killed",
			 s->step_deadline_s);
	if (t->a == ANSWER_TIMEOUT && !r->why[0])
		snprintf(r->why, sizeof r->why, "no answer within %.0f s", s->step_deadline_s);
	else if (t->a == ANSWER_DIED)
		describe_death(r, gone, status);
}

/* Puts a question to each of n workers that run, and waits for all answers. */
static void ask_all(struct session *s, struct talk *t, size_t n)
{
	struct instant began = clock_now();
	bool hung;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		*t[i].r = (struct reply){ .value = NAN, .at = s->ncells };
		t[i].over = write(t[i].p->to, &t[i].q, sizeof t[i].q) != sizeof t[i].q;
		t[i].a = ANSWER_DIED;
	}
	hung = listen(s, t, n);
	for (size_t i = 0; i < n; i++)
		hung |= t[i].a == ANSWER_TIMEOUT;
	if (hung)
		s->hung_s += clock_span(began, clock_now());
	for (size_t i = 0; i < n; i++)
		conclude(s, &t[i]);
}

static enum answer ask(struct session *s, int cpu_node, const struct request *q, struct reply *r)
{
	struct worker_process *p = process_of(s, cpu_node);
	struct talk t = { .p = p, .r = r, .q = *q };
	int rc;

	for (size_t i = 0; s->one_at_a_time && i < s->nworkers; i++)
		if (&s->workers[i] != p)
			crew_end_worker(s, s->workers[i].cpu_node);
	if (p->pid == 0 && (rc = start(s, p)) < 0) {
		*r = (struct reply){ .value = NAN, .at = s->ncells, .code = rc };
		snprintf(r->why, sizeof r->why, "a worker process cannot be started: %s",
			 strerror(-rc));
		return ANSWER_FAILED;
	}
	meeting_call(s->meeting, 1); /* one that was broken off is over */
	ask_all(s, &t, 1);
	return t.a;
}

size_t crew_start(struct session *s, const int *gpus, struct party *v)
{
	struct talk t[s->nworkers + 1];
	size_t n = 0;

	meeting_call(s->meeting, 1); /* nobody is at anything yet */
	for (size_t i = 0; i < s->nworkers; i++) {
		const struct request q = { .verb = VERB_START, .index = (size_t)gpus[i] };

		if (gpus[i] < 0 || (s->workers[i].pid == 0 && start(s, &s->workers[i]) < 0))
			continue;
		v[n].worker = i;
		t[n] = (struct talk){ .p = &s->workers[i], .r = &v[n].r, .q = q };
		n++;
	}
	ask_all(s, t, n);
	for (size_t i = 0; i < n; i++)
		v[i].a = t[i].a;
	return n;
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

size_t crew_together(struct session *s, size_t sum, struct party *v)
{
	struct request q = { .verb = VERB_TOGETHER, .index = sum };
	const struct cell_state *c = &s->cells[sum];
	struct talk t[s->nworkers];
	size_t n = 0;

	for (size_t w = 0; w < s->nworkers; w++) {
		bool needed = false;

		for (size_t i = session_first(c); i <= c->nmembers; i++)
			needed |= s->sites[c[i].cell.site].site.cpu_node == s->workers[w].cpu_node;
		if (!needed)
			continue;
		v[n].worker = w;
		t[n] = (struct talk){ .p = &s->workers[w], .r = &v[n].r, .q = q };
		n++;
	}
	meeting_call(s->meeting, (unsigned)n);
	ask_all(s, t, n);
	for (size_t i = 0; i < n; i++)
		v[i].a = t[i].a;
	return n;
}

enum answer crew_close(struct session *s, size_t site, struct reply *r)
{
	struct site_state *t = &s->sites[site];
	struct request q = { .verb = VERB_CLOSE, .index = site };
	enum answer a = ask(s, t->site.cpu_node, &q, r);

	t->open = false;
	return a;
}

void crew_release(struct reply *r)
{
	json_decref(r->record);
	json_decref(r->members);
	r->record = r->members = NULL;
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
