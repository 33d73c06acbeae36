/* process_maps.c - where a process's memory lies, out of /proc/PID/numa_maps:
 *
 *     7f1200000000 bind:1 file=/dev/shm/x huge anon=512 dirty=512 N0=2 N1=510
 * kernelpagesize_kB=2048
 *
 * Pages of hugetlb areas are counted in pages of their own size, all others (transparent huge
 * pages among them) in base pages; kernelpagesize_kB says which (fs/proc/task_mmu.c). An area
 * without a policy of its own is shown with that of the thread whose file is read.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/process_parts.h"

/* Ordered so that no name is the beginning of one after it. */
static const struct {
	const char *name;
	enum policy_mode mode;
} policies[] = {
	{ "default", POLICY_DEFAULT },
	{ "local", POLICY_LOCAL },
	{ "prefer (many)", POLICY_PREFER_MANY },
	{ "prefer", POLICY_PREFER },
	{ "bind", POLICY_BIND },
	{ "interleave", POLICY_INTERLEAVE },
	{ "weighted interleave", POLICY_WEIGHTED_INTERLEAVE },
};
enum { NPOLICIES = sizeof(policies) / sizeof(policies[0]) };

/* "bind:0-1", "prefer=static|balancing:1". The kernel cuts at 63 characters: of a longer list
 * what is whole counts. */
struct memory_policy memory_policy_parse(const char *text)
{
	struct memory_policy p = { .mode = POLICY_UNREAD };
	size_t i, length;
	char nodes[80];

	for (i = 0; i < NPOLICIES; i++)
		if (strncmp(text, policies[i].name, strlen(policies[i].name)) == 0)
			break;
	if (i == NPOLICIES)
		return p;
	text += strlen(policies[i].name);
	text += *text == '=' ? strcspn(text, ": \n") : 0;
	if (*text && !isspace((unsigned char)*text) && *text != ':')
		return p;
	p.mode = policies[i].mode;
	if (*text != ':')
		return p;
	length = strcspn(++text, " \n");
	snprintf(nodes, sizeof(nodes), "%.*s", (int)length, text);
	while (nodes[0] && idset_parse(&p.nodes, nodes, NULL) < 0) {
		char *comma = strrchr(nodes, ',');

		*(comma ? comma : nodes) = '\0';
	}
	return p;
}

char *memory_policy_text(const struct memory_policy *p, char *buf, size_t size)
{
	char nodes[256];

	snprintf(buf, size, "not known");
	idset_format(&p->nodes, nodes, sizeof(nodes));
	for (size_t i = 0; i < NPOLICIES; i++)
		if (policies[i].mode == p->mode)
			snprintf(buf, size, "%s%s%s", policies[i].name, nodes[0] ? ":" : "", nodes);
	return buf;
}

struct process_node *process_node(struct process *p, int node)
{
	struct process_node *more;
	size_t at = 0;

	while (at < p->nnodes && p->nodes[at].node < node)
		at++;
	if (at < p->nnodes && p->nodes[at].node == node)
		return &p->nodes[at];
	more = reallocarray(p->nodes, p->nnodes + 1, sizeof(*more));
	if (!more)
		return NULL;
	p->nodes = more;
	memmove(more + at + 1, more + at, (p->nnodes - at) * sizeof(*more));
	p->nnodes++;
	more[at] = (struct process_node){ .node = node };
	return &more[at];
}

static struct process_areas *areas_of(struct process *p, const struct memory_policy *policy)
{
	struct process_areas *more;

	for (size_t i = 0; i < p->nareas; i++)
		if (p->areas[i].policy.mode == policy->mode &&
		    idset_equal(&p->areas[i].policy.nodes, &policy->nodes))
			return &p->areas[i];
	more = reallocarray(p->areas, p->nareas + 1, sizeof(*more));
	if (!more)
		return NULL;
	p->areas = more;
	more[p->nareas] = (struct process_areas){ .policy = *policy };
	return &more[p->nareas++];
}

/* The number behind " key=", or 0. Blanks and "=" in file names are escaped. */
static uint64_t number_of(const char *line, const char *key)
{
	const char *p = strstr(line, key);

	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = line; (p = strstr(p, word)); p += n)
		if (p[n] == ' ' || p[n] == '\n' || p[n] == '\0')
			return true;
	return false;
}

/* All pages of the line, on whatever node. */
static uint64_t pages_of(const char *line)
{
	uint64_t sum = 0;

	for (const char *p = line; (p = strstr(p, " N"));) {
		char *end;

		p += 2;
		strtol(p, &end, 10);
		if (end > p && *end == '=')
			sum += strtoull(end + 1, NULL, 10);
	}
	return sum;
}

static enum process_memory kind_of(const char *line)
{
	static const char *const shared[] = { "/dev/shm/", "/run/shm/", "/memfd:", "/SYSV",
					      "/dev/zero" };
	const char *file = strstr(line, " file=");

	if (has_word(line, " huge"))
		return PROCESS_HUGE;
	if (has_word(line, " heap"))
		return PROCESS_HEAP;
	if (has_word(line, " stack"))
		return PROCESS_STACK;
	if (!file)
		return PROCESS_PRIVATE;
	file += strlen(" file=");
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strncmp(file, shared[i], strlen(shared[i])) == 0)
			return PROCESS_SHARED;
	/* Pages that it wrote to are its own; the line does not tell on which nodes they are. */
	return 2 * number_of(line, " anon=") > pages_of(line) ? PROCESS_PRIVATE : PROCESS_FILES;
}

static int count_line(struct process *p, const char *line)
{
	const char *policy_at = strchr(line, ' ');
	struct memory_policy policy;
	struct process_areas *areas;
	enum process_memory kind = kind_of(line);
	uint64_t page = number_of(line, " kernelpagesize_kB=") * 1024;

	page = page ? page : (uint64_t)sysconf(_SC_PAGESIZE);
	if (!policy_at)
		return 0;
	policy = memory_policy_parse(policy_at + 1);
	areas = areas_of(p, &policy);
	if (!areas)
		return -ENOMEM;
	areas->areas++;
	p->driver_areas += strstr(line, " file=/dev/nvidia") != NULL;
	for (const char *at = policy_at; (at = strstr(at, " N"));) {
		struct process_node *node;
		uint64_t pages;
		char *end;
		long id;

		at += 2;
		id = strtol(at, &end, 10);
		if (end == at || *end != '=' || id < 0 || id >= IDSET_MAX)
			continue;
		pages = strtoull(end + 1, NULL, 10);
		node = process_node(p, (int)id);
		if (!node)
			return -ENOMEM;
		node->bytes[kind] += pages * page;
		areas->own_bytes += kind == PROCESS_FILES ? 0 : pages * page;
	}
	return 0;
}

/* A file of a process to be read line by line, however long it is; NULL with errno. */
static FILE *open_lines(const struct sysroot *r, const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, fd = -1;
	FILE *in;

	if (r->overlay >= 0)
		fd = openat(r->overlay, path, flags);
	if (fd < 0)
		fd = openat(r->fd, path, flags);
	if (fd < 0)
		return NULL;
	in = fdopen(fd, "r");
	if (!in)
		close(fd);
	return in;
}

static const char *refusal(const struct process_source *s, int pid, int rc)
{
	if (rc == -EACCES || rc == -EPERM)
		return "the kernel shows the memory of another user's process, or of one with more "
		       "privileges, to root only (ptrace access)";
	if (rc == -ENOENT && sysroot_exists(s->root, "proc/%d/stat", pid))
		return "this kernel has no numa_maps (built without NUMA)";
	return "its numa_maps cannot be read";
}

int process_read_memory(struct process *p, const struct process_source *s)
{
	char path[64], *line = NULL;
	size_t room = 0;
	int rc = 0;
	FILE *in;

	snprintf(path, sizeof(path), "proc/%d/numa_maps", p->pid);
	in = open_lines(s->root, path);
	if (!in && errno != ENOMEM) {
		p->memory_why = refusal(s, p->pid, -errno);
		return 0;
	}
	if (!in)
		return -ENOMEM;
	errno = 0;
	while (rc == 0 && getline(&line, &room, in) >= 0)
		rc = count_line(p, line);
	if (rc == 0 && ferror(in) && errno != ESRCH)
		p->memory_why = refusal(s, p->pid, -errno);
	free(line);
	fclose(in);
	return rc;
}

struct memory_policy process_thread_policy(const struct process_source *s, int pid, int tid)
{
	struct memory_policy p = { .mode = POLICY_UNREAD };
	char path[64], *line = NULL, *policy;
	size_t room = 0;
	FILE *in;

	snprintf(path, sizeof(path), "proc/%d/task/%d/numa_maps", pid, tid);
	in = open_lines(s->root, path);
	if (!in)
		return p;
	if (getline(&line, &room, in) > 0 && (policy = strchr(line, ' ')))
		p = memory_policy_parse(policy + 1);
	free(line);
	fclose(in);
	return p;
}
