/* container_limits.c - the calls, the descriptors and the shared memory that this process has.
 * Family container, too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"

/* ---- calls ---- */

static void look_policy(struct checking *c)
{
	const struct {
		bool may;
		const char *name;
	} calls[] = {
		{ c->l->policy.set, "set_mempolicy" },
		{ c->l->policy.bind, "mbind" },
		{ c->l->policy.move, "move_pages" },
	};
	struct idset nodes = machine_memory_nodes(c->l->m);
	char refused[80] = "";
	size_t used = 0;

	if (!c->l->policy.tried) {
		found(c, CHECK_SKIP, "this process", "tried on a running machine only");
		return;
	}
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (!calls[i].may)
			used += (size_t)snprintf(refused + used, sizeof refused - used, "%s%s",
						 used ? ", " : "", calls[i].name);
	value(c, "node", "%d", idset_next(&nodes, -1));
	found(c, used ? CHECK_WARN : CHECK_PASS, "this process",
	      used ? "the kernel refuses %s" : "all are permitted%s", refused);
}

/* ---- descriptors and shared memory ---- */

/* What programs get may be raised by them to what they may have. */
enum { FILES_LEAST = 1024, FILES_ENOUGH = 4096 };

static void look_files(struct checking *c)
{
	char text[8192], *line;
	long long files, most;
	int n;

	sysroot_text(c->l->root, text, sizeof text, "proc/self/limits");
	line = strstr(text, "Max open files");
	if (!line) {
		found(c, CHECK_SKIP, "this process", "its limits cannot be read");
		return;
	}
	n = sscanf(line, "Max open files %lld %lld", &files, &most);
	if (n >= 1)
		value(c, "files", "%lld", n == 2 ? most : files);
	if (n < 1)
		found(c, CHECK_PASS, "this process", "unlimited");
	else if (n == 2 && most > files)
		found(c, files < FILES_LEAST || most < FILES_ENOUGH ? CHECK_WARN : CHECK_PASS,
		      "this process", "%lld, which it may raise to %lld", files, most);
	else
		found(c, files < FILES_ENOUGH ? CHECK_WARN : CHECK_PASS, "this process", "%lld",
		      files);
}

/* A number with k, m or g, in KiB as the kernel prints it. -1: none. */
static long long size_option(const char *options)
{
	const char *at = options ? strstr(options, "size=") : NULL;
	char *end;
	long long v;

	if (!at)
		return -1;
	v = strtoll(at + strlen("size="), &end, 10);
	return *end == 'k' ? v : *end == 'm' ? v << 10 : *end == 'g' ? v << 20 : v >> 10;
}

/* Docker gives 64 MiB; workers of data loaders share batches there. */
enum { SHM_ENOUGH_KIB = 1 << 20 };

static void look_shm(struct checking *c)
{
	char *text = malloc(1 << 20), *line, *dash;
	long long kib;

	if (!text) {
		c->rc = -ENOMEM;
		return;
	}
	sysroot_text(c->l->root, text, 1 << 20, "proc/self/mountinfo");
	line = strstr(text, " /dev/shm ");
	if (line)
		line[strcspn(line, "\n")] = '\0';
	dash = line ? strstr(line, " - ") : NULL;
	kib = size_option(dash);
	value(c, "shm", "%lld MiB", kib >> 10);
	if (!dash)
		found(c, CHECK_SKIP, "/dev/shm", "it is not mounted by itself");
	else if (kib < 0)
		found(c, CHECK_PASS, "/dev/shm", "half of the memory, the kernel's default");
	else
		found(c, kib < SHM_ENOUGH_KIB ? CHECK_WARN : CHECK_PASS, "/dev/shm", "%lld MiB",
		      kib >> 10);
	free(text);
}

const struct check container_limit_checks[] = {
	{ .id = "container.mempolicy",
	  .title = "Memory policy calls are permitted",
	  .fault = "Calls that bind memory are refused",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_LIMITS,
	  .good = "set_mempolicy, mbind and move_pages permitted",
	  .about = "Docker's default seccomp profile refuses them without "
		   "CAP_SYS_NICE: numactl and NCCL then cannot bind memory, some of "
		   "them without a word.",
	  .harm = HARM_FACTOR,
	  .cost = "memory that is not bound, though programs ask for it",
	  .measured = COST_MEMORY,
	  .see = { { "it fails where they are refused", "numactl --membind={node} true" },
		   { NULL, "grep -E 'Seccomp|CapEff' /proc/self/status" } },
	  .mend = { { "docker or podman run: --cap-add SYS_NICE", NULL },
		    { "Kubernetes: securityContext.capabilities.add: [SYS_NICE]", NULL },
		    { "where that may not be: bind CPUs alone and let first touch place "
		      "memory, as numabench bind does",
		      NULL } },
	  .lasts = "as long as the container: it has to be started anew",
	  .verify = { "in the new container it prints nothing", "numactl --membind={node} true" },
	  .source = "the calls themselves, tried on one page",
	  .authority = "Docker manual, Seccomp security profiles; set_mempolicy(2)",
	  .look = look_policy },
	{ .id = "container.open-files",
	  .title = "Enough file descriptors for data loaders",
	  .fault = "This process may open no more than {files} files",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_LIMITS,
	  .needs = NEEDS_FILES,
	  .good = "1024 or more, and leave to raise it to 4096 or more",
	  .about = "Every worker of a data loader keeps files, and every batch that it "
		   "shares a descriptor.",
	  .harm = HARM_FAILURE,
	  .cost = "jobs that end with \"Too many open files\" after hours",
	  .see = { { "as it is, and as far as it may be raised", "ulimit -Sn; ulimit -Hn" } },
	  .mend = { { "in the shell that starts the job, as far as the hard limit goes",
		      "ulimit -n $(ulimit -Hn)" },
		    { "docker or podman run: --ulimit nofile=65536:65536", NULL },
		    { "a systemd service: LimitNOFILE=65536 in [Service]", NULL },
		    { "users who log in (root too: * leaves it out)",
		      "printf '%s - nofile 65536\\n' '*' root | sudo tee "
		      "/etc/security/limits.d/90-nofile.conf" } },
	  .lasts = "ulimit: that shell and what it starts; the file: from the next "
		   "login, and not for systemd's services or Slurm's jobs",
	  .verify = { "in the job it prints 4096 or more", "ulimit -Hn" },
	  .source = "proc/self/limits: Max open files",
	  .authority = "getrlimit(2), RLIMIT_NOFILE; PyTorch, torch.multiprocessing",
	  .look = look_files },
	{ .id = "container.shm",
	  .title = "Enough shared memory for data loaders",
	  .fault = "/dev/shm holds no more than {shm}",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .scope = OF_LIMITS,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "1 GiB or more",
	  .about = "Workers of data loaders hand batches over in /dev/shm, NCCL its "
		   "buffers; Docker gives 64 MiB.",
	  .harm = HARM_FAILURE,
	  .cost = "workers that end with \"Bus error\", or NCCL that does not start",
	  .see = { { NULL, "df -h /dev/shm" } },
	  .mend = { { "at once, where root may", "sudo mount -o remount,size=16g /dev/shm" },
		    { "docker or podman run: --shm-size=16g (or --ipc=host)", NULL },
		    { "Kubernetes: an emptyDir with medium: Memory at /dev/shm", NULL } },
	  .lasts = "remounting: until the container, or the machine, starts anew",
	  .verify = { "in the job it shows the new size", "df -h /dev/shm" },
	  .source = "proc/self/mountinfo: /dev/shm",
	  .authority = "NCCL User Guide, Troubleshooting, Shared memory; PyTorch README, "
		       "Docker Image",
	  .look = look_shm },
	{ .id = NULL },
};
