#include "util/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/now.h"

enum {
	POLL_MS = 50,
	LINE_MAX_BYTES = 16 << 20,
};

/* Seconds given at each step of ending a child: to hand over what it has, to be
 * gone. */
#define GRACE_TERM 3.0
#define GRACE_KILL 2.0
/* A grandchild may hold the pipe open after the child has gone. */
#define GRACE_PIPE 0.2

struct reader {
	const struct child_spec *spec;
	char *buf;
	size_t used, room;
};

/* Hands out the whole lines of the buffer; `all` hands out the rest too. */
static void hand_out(struct reader *r, bool all)
{
	size_t start = 0;

	for (size_t i = 0; i < r->used; i++) {
		if (r->buf[i] != '\n')
			continue;
		r->buf[i] = '\0';
		if (r->spec->line)
			r->spec->line(r->buf + start, i - start, r->spec->to);
		start = i + 1;
	}
	if ((all && start < r->used) || r->used - start >= LINE_MAX_BYTES) {
		r->buf[r->used] = '\0';
		if (r->spec->line)
			r->spec->line(r->buf + start, r->used - start, r->spec->to);
		start = r->used;
	}
	memmove(r->buf, r->buf + start, r->used - start);
	r->used -= start;
}

/* Reads what is there. 1: go on; 0: end of file; -errno. */
static int read_some(struct reader *r, int fd)
{
	ssize_t n;

	if (r->room - r->used < 65536) {
		size_t room = r->room ? r->room * 2 : 131072;
		char *buf = realloc(r->buf, room + 1);

		if (!buf)
			return -ENOMEM;
		r->buf = buf;
		r->room = room;
	}
	n = read(fd, r->buf + r->used, r->room - r->used);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	if (n == 0)
		return 0;
	r->used += (size_t)n;
	hand_out(r, false);
	return 1;
}

void child_tie(pid_t parent, int code)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(code);
}

static void be_child(const struct child_spec *spec, int out, pid_t parent)
{
	setpgid(0, 0);
	child_tie(parent, 127);
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP && s != SIGXFSZ && s != SIGPIPE)
			signal(s, SIG_DFL);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (char *const *v = spec->env; v && *v; v++)
		putenv(*v);
	if (spec->quiet_stderr) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (null >= 0)
			dup2(null, STDERR_FILENO);
	}
	if (spec->run)
		_exit(spec->run(out, spec->arg));
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (in >= 0)
		dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execv(spec->argv[0], spec->argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* How far the ending of a child has come. */
enum step { STEP_RUNNING, STEP_TERM, STEP_KILL, STEP_GIVE_UP };

struct ending {
	enum step step;
	double until;      /* of this step */
	enum child_end as; /* what to call it */
};

static void end_with(struct ending *e, pid_t pid, int sig, enum step step, double until)
{
	kill(-pid, sig);
	kill(pid, sig);
	e->step = step;
	e->until = until;
}

/* Moves on when a deadline passed or a stop was asked for. */
static void press(struct ending *e, const struct child_spec *spec, pid_t pid)
{
	double t = seconds_now();

	if (e->step == STEP_RUNNING && spec->stop && *spec->stop) {
		e->as = CHILD_STOPPED;
		end_with(e, pid, SIGTERM, STEP_TERM, t + GRACE_TERM);
	} else if (t < e->until) {
		return;
	} else if (e->step == STEP_RUNNING) {
		e->as = CHILD_TIMEOUT;
		end_with(e, pid, SIGTERM, STEP_TERM, t + GRACE_TERM);
	} else if (e->step == STEP_TERM) {
		end_with(e, pid, SIGKILL, STEP_KILL, t + GRACE_KILL);
	} else if (e->step == STEP_KILL) {
		e->as = CHILD_ABANDONED;
		e->step = STEP_GIVE_UP;
	}
}

static void conclude(struct child_result *r, const struct ending *e, bool reaped, int status)
{
	if (!reaped) {
		r->end = CHILD_ABANDONED;
		r->code = 0;
	} else if (e->step != STEP_RUNNING) {
		r->end = e->as;
		r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	} else if (WIFEXITED(status)) {
		r->end = CHILD_EXITED;
		r->code = WEXITSTATUS(status);
	} else {
		r->end = CHILD_SIGNALLED;
		r->code = WTERMSIG(status);
	}
}

/* Reads and waits until the child has ended or was given up. */
static int attend(const struct child_spec *spec, struct child_result *r, int fd, struct err *err)
{
	struct reader reader = { .spec = spec };
	struct ending ending = { .until = seconds_now() + spec->deadline_s };
	bool open = true, reaped = false;
	double pipe_until = 0;
	int status = 0, rc = 0;
	/* Tells of its end though others hold the pipe. -1, before Linux 5.3: it is looked for. */
	int end = (int)syscall(SYS_pidfd_open, r->pid, 0);

	while ((open || !reaped) && ending.step != STEP_GIVE_UP) {
		struct pollfd p[] = { { .fd = open ? fd : -1, .events = POLLIN },
				      { .fd = reaped ? -1 : end, .events = POLLIN } };

		poll(p, 2, reaped || (!open && end < 0) ? 1 : POLL_MS);
		if (open && p[0].revents) {
			int more = read_some(&reader, fd);

			open = more > 0;
			if (more < 0)
				rc = err_set(err, more, "reading from a child process: %s",
					     strerror(-more));
		}
		if (!reaped && waitpid(r->pid, &status, WNOHANG) == r->pid) {
			reaped = true;
			r->seconds = seconds_now();
			pipe_until = r->seconds + GRACE_PIPE;
		}
		if (reaped && open && !p[0].revents && seconds_now() > pipe_until)
			open = false;
		if (!reaped)
			press(&ending, spec, r->pid);
	}
	if (reader.buf)
		hand_out(&reader, true);
	free(reader.buf);
	if (end >= 0)
		close(end);
	kill(-r->pid, SIGKILL); /* what the child may have left behind */
	conclude(r, &ending, reaped, status);
	return rc;
}

int child_run(const struct child_spec *spec, struct child_result *r, struct err *e)
{
	int fd[2];
	pid_t parent = getpid();
	double start = seconds_now();

	*r = (struct child_result){ 0 };
	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_set(e, -errno, "pipe: %s", strerror(errno));
	r->pid = fork();
	if (r->pid < 0) {
		int rc = err_set(e, -errno, "fork: %s", strerror(errno));

		close(fd[0]);
		close(fd[1]);
		return rc;
	}
	if (r->pid == 0) {
		close(fd[0]);
		be_child(spec, fd[1], parent);
	}
	setpgid(r->pid, r->pid); /* both sides set it, so that neither has to wait */
	close(fd[1]);
	int rc = attend(spec, r, fd[0], e);

	close(fd[0]);
	r->seconds = (r->seconds > 0 ? r->seconds : seconds_now()) - start;
	return rc;
}

char *child_describe(const struct child_result *r, char *buf, size_t size)
{
	switch (r->end) {
	case CHILD_EXITED:
		if (r->code == 127 || r->code == 126)
			snprintf(buf, size, "could not be started (exit status %d)", r->code);
		else
			snprintf(buf, size, "exit status %d", r->code);
		break;
	case CHILD_SIGNALLED:
		snprintf(buf, size, "ended by signal %d (%s)", r->code, strsignal(r->code));
		break;
	case CHILD_TIMEOUT:
		snprintf(buf, size, "no end within %.0f s, killed", r->seconds);
		break;
	case CHILD_ABANDONED:
		snprintf(buf, size, "hangs and cannot be killed (pid %d, left behind)",
			 (int)r->pid);
		break;
	case CHILD_STOPPED:
		snprintf(buf, size, "stopped on request");
		break;
	}
	return buf;
}
