/* child.h - one child process with a deadline, its output read line by line.
 *
 * The child is the leader of its own process group and is killed with SIGKILL
 * when its parent dies. Past the deadline: SIGTERM to the group, SIGKILL after
 * three seconds, and when two more seconds do not end it, it is abandoned (a
 * process that hangs in a driver cannot be killed).
 */
#ifndef NB_UTIL_CHILD_H
#define NB_UTIL_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/err.h"

enum child_end {
	CHILD_EXITED,    /* code: its exit status */
	CHILD_SIGNALLED, /* code: the signal */
	CHILD_TIMEOUT,   /* past the deadline, and killed */
	CHILD_ABANDONED, /* past the deadline, and it would not die; pid says which */
	CHILD_STOPPED,   /* *stop became non-zero, and it was ended */
};

struct child_spec {
	/* One of the two: a program, or a function run in a fork. */
	char *const *argv;                 /* argv[0] is the path to execute */
	int (*run)(int out_fd, void *arg); /* returns the exit status */
	void *arg;
	char *const *env;  /* "NAME=value" added to the environment, NULL-terminated, or NULL */
	double deadline_s; /* from now; greater than 0 */
	const volatile sig_atomic_t *stop; /* may be NULL; then SIGTERM goes to the child, which
					    * has three seconds to write what it has */
	/* Called for every line of the child's stdout, without its newline (a
	 * NUL byte ends it; longer than 16 MiB: cut there). May be NULL. */
	void (*line)(char *text, size_t length, void *to);
	void *to;
	bool quiet_stderr; /* the child's stderr goes to /dev/null */
};

struct child_result {
	enum child_end end;
	int code;
	pid_t pid;
	double seconds;
};

/* Starts the child, reads it to its end, reaps it. 0 however it ended (see r);
 * -errno with e when it could not be started at all. */
int child_run(const struct child_spec *spec, struct child_result *r, struct err *e);

/* In a fork: this process is killed when its parent ends; where that has ended already, it exits
 * with `code` now. */
void child_tie(pid_t parent, int code);

/* "ended by signal 9 (Killed)", "exit status 3", "no answer within 20 s" .. */
char *child_describe(const struct child_result *r, char *buf, size_t size);

#endif
