/* balancing.c - the guardian: it switches on, waits, and switches back. */
#include "place/balancing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SWITCH "proc/sys/kernel/numa_balancing"

/* Bits of the mode. */
enum { BALANCE_THREADS = 1 };

/* A child of ours may hold our end of the line when we are gone: so the guardian also looks at who
 * its parent is, so often. */
enum { LOOK_MS = 100 };
/* Another run's guardian needs a moment after that run was killed. */
enum { TRIES = 20, TRY_MS = 100 };

struct known balancing_mode(const struct sysroot *r)
{
	struct known mode = sysroot_number(r, SWITCH);

	return mode.is ? mode : UNKNOWN("this kernel has no automatic NUMA balancing");
}

bool balancing_is_on(const struct known *mode)
{
	return mode->is && (mode->value & BALANCE_THREADS);
}

/* ---- the guardian ---- */

/* What it says: 0 or -errno, once when it has switched on and once when it has switched back. */
struct word {
	int rc;
};

static int read_mode(int fd, long *mode)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	*mode = strtol(text, NULL, 10);
	return 0;
}

static int write_mode(int fd, long mode)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", mode);

	return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -errno;
}

/* One guardian at a time: a second one would take what the first has set for what is to be. */
static int lock(int fd)
{
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i >= TRIES)
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
		(void)poll(NULL, 0, TRY_MS);
	}
	return 0;
}

/* Until the other end is closed, or nobody is left who could close it. */
static void wait_for_end(int line, pid_t parent)
{
	struct pollfd f = { .fd = line, .events = POLLIN };
	char any;

	while (getppid() == parent)
		if (poll(&f, 1, LOOK_MS) > 0 && recv(line, &any, 1, MSG_DONTWAIT) <= 0)
			return;
}

/* 0 to 2 lead nowhere and 3 and 4 are the two that it needs: whoever reads what its parent writes
 * shall see the end of it. */
static void keep_only(int *line, int *file)
{
	int null = open("/dev/null", O_RDWR), from[] = { *line, *file };

	for (int i = 0; i < 2; i++)
		from[i] = fcntl(from[i], F_DUPFD, 64);
	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	for (int i = 0; i < 2; i++)
		(void)dup2(from[i], 3 + i);
	*line = 3;
	*file = 4;
	if (syscall(SYS_close_range, 5U, ~0U, 0U) < 0) /* Linux 5.9 and later */
		for (int fd = 5; fd < 4096; fd++)
			close(fd);
}

/* It shall be the last to go. Best effort. */
static void be_hardy(const struct sysroot *r)
{
	static const int deaf[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP };
	int fd = openat(r->fd, "proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	setsid();
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_NAME, "numabench-guard");
	for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
		signal(deaf[i], SIG_IGN);
	if (fd >= 0 && write(fd, "-1000", 5) < 0)
		errno = 0;
}

static int guard(const struct sysroot *r, int line, int file, pid_t parent)
{
	struct word said = { 0 };
	long before = 0, now = 0, ours;

	be_hardy(r);
	keep_only(&line, &file);
	said.rc = lock(file);
	if (said.rc == 0)
		said.rc = read_mode(file, &before);
	ours = before | BALANCE_THREADS;
	if (said.rc == 0)
		said.rc = write_mode(file, ours);
	(void)send(line, &said, sizeof said, MSG_NOSIGNAL);
	if (said.rc < 0)
		return 1;
	wait_for_end(line, parent);
	said.rc = read_mode(file, &now);
	if (said.rc == 0 && now == ours)
		said.rc = write_mode(file, before);
	(void)send(line, &said, sizeof said, MSG_NOSIGNAL);
	return said.rc < 0;
}

/* ---- who wants it ---- */

static int start_guardian(struct balancing *b, const struct sysroot *r, struct err *e)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "no line to a guardian process: %s", strerror(errno));
	fflush(NULL);
	b->guardian = fork();
	if (b->guardian == 0) {
		close(pair[0]);
		_exit(guard(r, pair[1], b->file, parent));
	}
	close(pair[1]);
	if (b->guardian < 0) {
		close(pair[0]);
		b->guardian = 0;
		return err_set(e, -EAGAIN, "no guardian process can be started");
	}
	b->line = pair[0];
	return 0;
}

/* What the guardian says next; -EIO when it is gone without a word. */
static int hear(const struct balancing *b)
{
	struct word said;

	return recv(b->line, &said, sizeof said, 0) == sizeof said ? said.rc : -EIO;
}

static void dismiss(struct balancing *b)
{
	close(b->line);
	close(b->file);
	while (waitpid(b->guardian, NULL, 0) < 0 && errno == EINTR)
		;
	*b = (struct balancing){ 0 };
}

static int cannot(int rc, struct err *e)
{
	if (rc == -EBUSY)
		return err_set(e, rc,
			       "another run has switched automatic balancing on "
			       "(kernel.numa_balancing): wait for its end");
	return err_set(e, rc == -EROFS || rc == -EPERM ? -EACCES : rc,
		       "automatic balancing cannot be switched on (kernel.numa_balancing): %s",
		       strerror(-rc));
}

int balancing_switch_on(struct balancing *b, const struct sysroot *r, struct err *e)
{
	struct known mode = balancing_mode(r);
	int rc;

	*b = (struct balancing){ 0 };
	if (!mode.is)
		return err_set(e, -ENOTSUP, "%s", mode.why);
	if (balancing_is_on(&mode))
		return 0;
	b->before = (long)mode.value;
	b->file = openat(r->fd, SWITCH, O_RDWR | O_CLOEXEC);
	if (b->file < 0)
		return cannot(-errno, e);
	rc = start_guardian(b, r, e);
	if (rc < 0) {
		close(b->file);
		return rc;
	}
	rc = hear(b);
	if (rc == 0)
		return 0;
	dismiss(b);
	return cannot(rc, e);
}

int balancing_switch_back(struct balancing *b, struct err *e)
{
	long before = b->before;
	int rc;

	if (!b->guardian)
		return 0;
	shutdown(b->line, SHUT_WR);
	rc = hear(b);
	if (rc == -EIO) /* the guardian was killed */
		rc = write_mode(b->file, before);
	dismiss(b);
	if (rc == 0)
		return 0;
	return err_set(e, -EIO,
		       "automatic balancing could not be switched back (%s): sysctl "
		       "kernel.numa_balancing=%ld does it",
		       strerror(-rc), before);
}
