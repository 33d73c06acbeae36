#include "place/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "place/policy.h"
#include "place/threads.h"

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

int launch_exec(char *const *argv, char *const *env, struct err *e)
{
	int error;

	execvpe(argv[0], argv, env);
	error = errno;
	err_set(e, -error, "%.400s: %s", argv[0], strerror(error));
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

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What keeps it from becoming the command goes through the pipe. */
static void be_child(char *const *argv, char *const *env, const sigset_t *mask, pid_t parent,
		     int failed)
{
	struct err e;
	int code = LAUNCH_OWN;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(LAUNCH_OWN);
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
