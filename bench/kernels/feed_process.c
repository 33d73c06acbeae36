#include "kernels/feed_process.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/sysroot.h"
#include "place/move.h"
#include "place/threads.h"
#include "util/child.h"
#include "util/random.h"

/* Milliseconds that it has to end by itself when its orders end, and then to be gone. */
enum { GRACE_END_MS = 500, GRACE_KILL_MS = 1000 };

enum { KINDS = MEM_MAPPED + 1 };

/* What both processes see. */
struct shared {
	atomic_bool reached, enough;
};

struct feed_process {
	pid_t pid;
	int socket; /* one message an order, one an answer */
	int gpu;
	struct shared *shared;
};

/* The process itself. */
struct feeder {
	struct feed_birth birth;
	struct shared *shared;
	struct gpu_dev *dev;
	struct feed *kinds[KINDS];
	struct feed_run wrong; /* the first that was */
};

/* ---- inside ---- */

/* All threads of this process: the driver has some of its own. */
static int bind_all(const struct idset *cpus, struct err *e)
{
	struct sysroot root;
	const struct dirent *d;
	DIR *tasks;
	int rc = sysroot_open_live(&root, e);

	if (rc < 0)
		return rc;
	tasks = sysroot_dir(&root, "proc/self/task");
	while (tasks && (d = readdir(tasks))) {
		int thread = atoi(d->d_name);

		/* What cannot be moved was started by others, or has just ended. */
		if (thread > 0)
			(void)sched_setaffinity(thread, sizeof(*cpus),
						(const cpu_set_t *)(const void *)cpus);
	}
	if (tasks)
		closedir(tasks);
	sysroot_close(&root);
	return thread_bind(cpus, e); /* reads back */
}

static int take(struct feeder *f, const struct feed_order *o, struct err *e)
{
	const struct feed_birth *b = &f->birth;
	const struct gpu *g = machine_gpu(b->machine, b->gpu);
	const struct feed_spec spec = { .machine = b->machine,
					.memory = o->memory,
					.bytes = b->bytes,
					.pages = b->pages,
					.node = o->node,
					.seed = b->seed };
	struct feed_spec with = spec;
	int rc = 0;

	if (f->kinds[o->memory])
		return 0;
	if (!g)
		return err_set(e, -ENODEV, "there is no GPU %d", b->gpu);
	if (!f->dev)
		rc = gpu_open(&f->dev, g->pci, e);
	with.dev = f->dev;
	if (rc == 0)
		rc = feed_open(&f->kinds[o->memory], &with, e);
	return rc < 0 ? err_within(e, rc, "GPU %d", b->gpu) : 0;
}

static int look(struct feed *f, struct pages_found *pages)
{
	struct placement p = { 0 };
	int rc = feed_prove(f, &p);

	*pages = pages_found_of(&p);
	placement_release(&p);
	return rc;
}

/* A refused move is an answer, no failure: what follows is then measured where the pages are. */
static void move(const struct feed_order *o, struct feed_answer *a)
{
	enum move_refusal why;
	struct err e = { "" };

	if (process_move(0, o->from, o->to, &why, &e) < 0)
		snprintf(a->refused, sizeof(a->refused), "%s", e.text);
}

static bool others_run(void *arg)
{
	struct shared *s = arg;

	atomic_store(&s->reached, true);
	return !atomic_load(&s->enough);
}

static int run(struct feeder *f, struct feed *feed, const struct feed_order *o,
	       struct feed_answer *a, struct err *e)
{
	int rc = 0;

	if (o->warm_s > 0)
		rc = feed_run(feed, o->warm_s, 1, NULL, NULL, &a->run, e);
	if (rc == 0 && !f->wrong.wrong && !a->run.wrong && o->seconds > 0)
		rc = feed_run(feed, o->seconds, o->least, o->together ? others_run : NULL,
			      f->shared, &a->run, e);
	if (a->run.wrong && !f->wrong.wrong)
		f->wrong = a->run;
	/* Also where nobody asked, while it warmed up. */
	a->run.wrong = f->wrong.wrong;
	a->run.way = f->wrong.way;
	a->run.where = f->wrong.where;
	return rc < 0 ? err_within(e, rc, "GPU %d", f->birth.gpu) : 0;
}

static int obey(struct feeder *f, const struct feed_order *o, struct feed_answer *a, struct err *e)
{
	struct feed *feed;
	int rc = 0;

	if (o->bind)
		rc = bind_all(&o->cpus, e);
	if (rc == 0)
		rc = take(f, o, e);
	if (rc < 0)
		return rc;
	feed = f->kinds[o->memory];
	a->stand_in = feed_stand_in(feed);
	rc = o->move ? look(feed, &a->before) : 0;
	if (rc == 0 && o->move)
		move(o, a);
	if (rc == 0)
		rc = run(f, feed, o, a, e);
	if (rc == 0)
		rc = look(feed, &a->after);
	if (o->drop) {
		feed_close(feed);
		f->kinds[o->memory] = NULL;
	}
	return rc;
}

static void close_others(int keep)
{
#ifdef SYS_close_range
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, keep - 1, 0);
	(void)syscall(SYS_close_range, keep + 1, ~0u, 0);
#else
	(void)keep;
#endif
}

/* On a CPU by chance, and from there wherever it may: it was forked where its worker is bound, and
 * whoever starts a program may be anywhere. */
static int begin_anywhere(const struct feed_birth *b, struct err *e)
{
	size_t n = idset_count(b->cpus), chance = n ? (size_t)(mix64(b->seed) % n) : 0;
	struct idset one = { { 0 } };
	int cpu = idset_next(b->cpus, -1);

	while (chance-- > 0)
		cpu = idset_next(b->cpus, cpu);
	idset_add(&one, cpu);
	(void)thread_bind(&one, NULL);
	return thread_bind(b->cpus, e);
}

static void be_feeder(struct feeder *f, int socket)
{
	struct feed_order o;
	struct err e = { "" };
	int rc = begin_anywhere(&f->birth, &e);

	close_others(socket);
	if (rc == 0 && f->birth.policy)
		rc = policy_apply_thread(f->birth.policy, &e);
	while (recv(socket, &o, sizeof(o), 0) == sizeof(o)) {
		struct feed_answer a = { .code = rc };
		struct err why = e; /* what went wrong at the beginning stays so */

		if (rc == 0)
			a.code = obey(f, &o, &a, &why);
		snprintf(a.why, sizeof(a.why), "%s", a.code < 0 ? why.text : "");
		atomic_store(&f->shared->reached, true);
		if (send(socket, &a, sizeof(a), MSG_NOSIGNAL) != sizeof(a))
			break;
	}
	_exit(0); /* the driver lets go of all that is left */
}

/* ---- outside ---- */

static void forget(struct feed_process *p)
{
	if (p->shared != MAP_FAILED)
		munmap(p->shared, sizeof(*p->shared));
	if (p->socket >= 0)
		close(p->socket);
	free(p);
}

int feed_process_start(struct feed_process **out, const struct feed_birth *b, struct err *e)
{
	struct feed_process *p = calloc(1, sizeof(*p));
	int pair[2] = { -1, -1 };
	pid_t parent = getpid();

	*out = NULL;
	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->gpu = b->gpu;
	p->socket = -1;
	p->shared = mmap(NULL, sizeof(*p->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->shared == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		forget(p);
		return err_set(e, -ENOMEM, "a process that feeds GPU %d: %s", b->gpu,
			       strerror(errno));
	}
	p->socket = pair[0];
	p->pid = fork();
	if (p->pid == 0) {
		struct feeder f = { .birth = *b, .shared = p->shared };

		child_tie(parent, 1);
		be_feeder(&f, pair[1]);
	}
	close(pair[1]);
	if (p->pid < 0) {
		forget(p);
		return err_set(e, -EAGAIN, "a process that feeds GPU %d cannot be started: %s",
			       b->gpu, strerror(errno));
	}
	*out = p;
	return 0;
}

static bool gone_within(pid_t pid, int ms, int *status)
{
	for (int waited = 0; waited <= ms; waited++) {
		if (waitpid(pid, status, WNOHANG) != 0)
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

void feed_process_end(struct feed_process *p)
{
	int status;

	if (!p)
		return;
	feed_process_enough(p);
	shutdown(p->socket, SHUT_RDWR);
	if (!gone_within(p->pid, GRACE_END_MS, &status)) {
		kill(p->pid, SIGKILL);
		(void)gone_within(p->pid, GRACE_KILL_MS, &status);
	}
	forget(p);
}

int feed_process_send(struct feed_process *p, const struct feed_order *o, struct err *e)
{
	atomic_store(&p->shared->reached, false);
	atomic_store(&p->shared->enough, false);
	/* Where it is dead the answer will tell. */
	if (send(p->socket, o, sizeof(*o), MSG_NOSIGNAL) == sizeof(*o) || errno == EPIPE ||
	    errno == ECONNRESET)
		return 0;
	return err_set(e, -EIO, "the process that feeds GPU %d cannot be told anything: %s", p->gpu,
		       strerror(errno));
}

static int tell_end(struct feed_process *p, struct err *e)
{
	const struct rlimit none = { 0 };
	int status = 0;

	if (!gone_within(p->pid, GRACE_KILL_MS, &status))
		return err_set(e, -EIO, "the process that feeds GPU %d answers no more", p->gpu);
	if (WIFSIGNALED(status)) {
		setrlimit(RLIMIT_CORE, &none); /* it has left its own, where one is wanted */
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return err_set(e, -EIO, "the process that feeds GPU %d ended with status %d", p->gpu,
		       WEXITSTATUS(status));
}

int feed_process_wait(struct feed_process *p, struct feed_answer *a, struct err *e)
{
	ssize_t n;

	do
		n = recv(p->socket, a, sizeof(*a), 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*a))
		return tell_end(p, e);
	return a->code < 0 ? err_set(e, a->code, "%s", a->why) : 0;
}

int feed_process_do(struct feed_process *p, const struct feed_order *o, struct feed_answer *a,
		    struct err *e)
{
	int rc = feed_process_send(p, o, e);

	return rc < 0 ? rc : feed_process_wait(p, a, e);
}

bool feed_process_reached(const struct feed_process *p)
{
	struct pollfd f = { .fd = p->socket, .events = POLLIN };

	return atomic_load(&p->shared->reached) || poll(&f, 1, 0) > 0;
}

void feed_process_enough(struct feed_process *p)
{
	atomic_store(&p->shared->enough, true);
}
