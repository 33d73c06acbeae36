/* refuse.c - runs a command in which the memory policy calls are refused, as in a
 * container under a default seccomp profile:
 *     refuse EPERM|ENOSYS|EACCES [binding|asking] COMMAND [ARGUMENT]...
 * binding: only those that place memory; asking: only those that tell where it is.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned number;
} errors[] = { { "EPERM", EPERM }, { "ENOSYS", ENOSYS }, { "EACCES", EACCES } };

enum { BINDING = 1, ASKING = 2 };

static const struct {
	unsigned number, group;
} calls[] = {
	{ SYS_mbind, BINDING },         { SYS_set_mempolicy, BINDING },
	{ SYS_migrate_pages, BINDING }, { SYS_get_mempolicy, ASKING },
	{ SYS_move_pages, ASKING },
};

enum { CALLS = sizeof calls / sizeof *calls };

/* Refuses the calls of the groups, with an error number. */
static int refuse(unsigned groups, unsigned number)
{
	struct sock_filter rules[2 + 2 * CALLS];
	struct sock_fprog program = { .filter = rules };

	rules[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < CALLS; i++) {
		if (!(calls[i].group & groups))
			continue;
		rules[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								    calls[i].number, 0, 1);
		rules[program.len++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number);
	}
	rules[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	bool binding = argc > 3 && strcmp(argv[2], "binding") == 0,
	     asking = argc > 3 && strcmp(argv[2], "asking") == 0;
	char **command = argv + (binding || asking ? 3 : 2);
	int rc = -EINVAL;

	for (size_t i = 0; argc > 2 && i < sizeof errors / sizeof *errors; i++)
		if (strcmp(argv[1], errors[i].name) == 0)
			rc = refuse(binding  ? BINDING
				    : asking ? ASKING
					     : BINDING | ASKING,
				    errors[i].number);
	if (rc < 0) {
		fprintf(stderr, "usage: refuse EPERM|ENOSYS|EACCES [binding|asking] COMMAND (%s)\n",
			strerror(-rc));
		return 125;
	}
	execvp(command[0], command);
	fprintf(stderr, "refuse: %s: %s\n", command[0], strerror(errno));
	return 127;
}
