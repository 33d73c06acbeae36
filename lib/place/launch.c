#include "place/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "place/policy.h"
#include "place/threads.h"
#include "util/child.h"
#include "util/now.h"

int launch_bind(const struct launch_place *p, struct err *e)
{
	struct policy policy = { .which = p->memory, .node = idset_next(&p->nodes, -1) };
	int rc = idset_empty(&p->cpus) ? 0 : thread_bind(&p->cpus, e);

	if (rc < 0 || p->memory == MEMPOLICY_DEFAULT)
		return rc;
	if (policy_spreads(p->memory))
		rc = policy_spread(&policy.spread, p->memory, &p->nodes, NULL, e);
	return rc < 0 ? rc : policy_apply_thread(&policy, e);
}

/* A folder of PATH that may not be searched makes execvpe refuse permission for what is nowhere. A
 * shell says "not found" then, and so do we. */
static bool found_nowhere(const char *name, char *const *env)
{
	char path[PATH_MAX];
	const char *p = NULL;

	for (size_t i = 0; env[i] && !p; i++)
		if (strncmp(env[i], "PATH=", 5) == 0)
			p = env[i] + 5;
	if (!p || strchr(name, '/'))
		return false;
	for (size_t n; n = strcspn(p, ":"), true; p += n + 1) {
		snprintf(path, sizeof path, "%.*s/%s", n ? (int)n : 1, n ? p : ".", name);
		if (access(path, F_OK) == 0)
			return false;
		if (!p[n])
			return true;
	}
}

int launch_exec(char *const *argv, char *const *env, struct err *e)
{
	int error;

	execvpe(argv[0], argv, env);
	error = errno;
	if (error == EACCES && found_nowhere(argv[0], env))
		error = ENOENT;
	err_set(e, -error, "'%.400s': %s", argv[0], strerror(error));
	return error == ENOENT ? LAUNCH_NOT_FOUND : LAUNCH_NOT_EXECUTABLE;
}

/* ---- a child that is attended ---- */

/* What is passed on: signals that programs are told things by. What a terminal sends goes to the
 * child without us, which has the same terminal. */
static const int passed_on[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
				 SIGUSR1, SIGUSR2, SIGALRM, SIGCONT };
enum { PASSED_ON = sizeof passed_on / sizeof *passed_on };

#define FIRST_LOOK_S   0.02
#define BETWEEN_MOST_S 60.0

/* What keeps it from becoming the command goes through the pipe. */
static void be_child(char *const *argv, char *const *env, const sigset_t *mask, pid_t parent,
		     int failed)
{
	struct err e;
	int code = LAUNCH_OWN;

	child_tie(parent, LAUNCH_OWN);
	sigprocmask(SIG_SETMASK, mask, NULL);
	code = launch_exec(argv, env, &e);
	if (write(failed, &e, sizeof e) < 0) /* its end says so, too */
		_exit(code);
	_exit(code);
}

/* Sleeps until a signal, at most so long. Passes it on; whether it is the end of a child. */
static void sleep_for(double seconds, const sigset_t *signals, pid_t pid)
{
	struct timespec most = { .tv_sec = (time_t)seconds,
				 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };
	siginfo_t info;
	int sig = sigtimedwait(signals, &info, &most);

	if (sig > 0 && sig != SIGCHLD && info.si_code != SI_KERNEL)
		kill(pid, sig);
}

static void attend(pid_t pid, const sigset_t *signals, const struct launch_watch *watch,
		   int *status)
{
	double began = seconds_now(), next = FIRST_LOOK_S;

	while (waitpid(pid, status, WNOHANG) == 0) {
		double passed = seconds_now() - began;

		if (passed < next) {
			sleep_for(next - passed, signals, pid);
			continue;
		}
		watch->look(pid, passed, watch->arg);
		next = passed < BETWEEN_MOST_S ? 2 * passed : passed + BETWEEN_MOST_S;
	}
}

/* Waits until the child has become the command: 0; or what launch_exec said. */
static int became(int fd, pid_t pid, struct err *e)
{
	struct err said;
	ssize_t n;
	int status = 0;

	do
		n = read(fd, &said, sizeof said);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof said)
		return 0;
	*e = said;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : LAUNCH_OWN;
}

int launch_attend(char *const *argv, char *const *env, const struct launch_watch *watch,
		  int *status, struct err *e)
{
	sigset_t signals, before;
	pid_t parent = getpid(), pid;
	int fd[2], rc;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_set(e, -errno, "pipe: %s", strerror(errno));
	signal(SIGCHLD, SIG_DFL); /* who ignores it is not told how children end */
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (size_t i = 0; i < PASSED_ON; i++)
		sigaddset(&signals, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	*status = 0;
	pid = fork();
	rc = pid < 0 ? err_set(e, -errno, "fork: %s", strerror(errno)) : 0;
	if (pid == 0)
		be_child(argv, env, &before, parent, fd[1]);
	close(fd[1]);
	if (rc == 0)
		rc = became(fd[0], pid, e);
	close(fd[0]);
	if (rc == 0)
		attend(pid, &signals, watch, status);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
