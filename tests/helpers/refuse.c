/* refuse.c - runs a command in which the memory policy calls are refused, as in a
 * container under a default seccomp profile:
 *     refuse EPERM|ENOSYS|EACCES COMMAND [ARGUMENT]...
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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

static int refuse(unsigned number)
{
#define REFUSED(call)                                                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                     \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number)
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		REFUSED(mbind),
		REFUSED(set_mempolicy),
		REFUSED(get_mempolicy),
		REFUSED(move_pages),
		REFUSED(migrate_pages),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
#undef REFUSED
	const struct sock_fprog program = { .len = sizeof rules / sizeof *rules, .filter = rules };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	int rc = -EINVAL;

	for (size_t i = 0; argc > 2 && i < sizeof errors / sizeof *errors; i++)
		if (strcmp(argv[1], errors[i].name) == 0)
			rc = refuse(errors[i].number);
	if (rc < 0) {
		fprintf(stderr, "usage: refuse EPERM|ENOSYS|EACCES COMMAND (%s)\n", strerror(-rc));
		return 125;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "refuse: %s: %s\n", argv[2], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
