#include "place/move.h"

#include <errno.h>
#include <linux/capability.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/sysroot.h"
#include "place/policy.h"
#include "util/idset.h"

struct page_list {
	size_t n;
	void **at;
	int *node;   /* all the same, as the call wants it */
	int *status; /* where it answers; nobody reads it: what is not written is the most of it */
};

const char *move_refusal_name(enum move_refusal r)
{
	static const char *const names[] = {
		[MOVE_TAKEN] = "taken",           [MOVE_NO_SUCH_NODE] = "no-such-node",
		[MOVE_CPUSET] = "cpuset",         [MOVE_FILTERED] = "filtered",
		[MOVE_NO_RIGHT] = "no-right",     [MOVE_NO_CALL] = "no-call",
		[MOVE_NO_PROCESS] = "no-process", [MOVE_FAILED] = "failed",
	};

	return names[r];
}

size_t page_step(enum page_kind kind)
{
	return kind == PAGES_4K ? (size_t)sysconf(_SC_PAGESIZE) : (size_t)2 << 20;
}

int page_list_make(struct page_list **out, const void *start, size_t bytes, size_t step)
{
	struct page_list *l = calloc(1, sizeof *l);

	*out = l;
	if (!l)
		return -ENOMEM;
	l->n = (bytes + step - 1) / step;
	l->at = calloc(l->n + 1, sizeof *l->at);
	l->node = calloc(l->n + 1, sizeof *l->node);
	l->status = malloc((l->n + 1) * sizeof *l->status);
	if (!l->at || !l->node || !l->status) {
		page_list_free(l);
		*out = NULL;
		return -ENOMEM;
	}
	memset(l->status, 0, l->n * sizeof *l->status); /* touched before the call is timed */
	for (size_t i = 0; i < l->n; i++)
		l->at[i] = (char *)(uintptr_t)start + i * step;
	return 0;
}

void page_list_free(struct page_list *l)
{
	if (!l)
		return;
	free(l->at);
	free(l->node);
	free(l->status);
	free(l);
}

enum move_refusal move_refusal(int error, bool there, bool allowed, bool filtered)
{
	bool right = error == EPERM || error == EACCES;

	if (error == ESRCH)
		return MOVE_NO_PROCESS;
	if (error == ENODEV || (!there && (right || error == EINVAL)))
		return MOVE_NO_SUCH_NODE;
	if (!allowed && (right || error == EINVAL))
		return MOVE_CPUSET;
	if (right || error == ENOSYS)
		return filtered ? MOVE_FILTERED : error == ENOSYS ? MOVE_NO_CALL : MOVE_NO_RIGHT;
	return MOVE_FAILED;
}

/* What is known of a node, and of this process. */
struct circumstance {
	bool there, allowed, filtered;
	char mems[200]; /* allowed ones */
};

static void look(struct circumstance *c, int node)
{
	struct sysroot root;
	struct idset nodes;
	char text[8192], seccomp[16] = "";

	*c = (struct circumstance){ .there = true, .allowed = true };
	if (sysroot_open_live(&root, NULL) < 0)
		return;
	if (sysroot_list(&root, &nodes, "sys/devices/system/node/has_memory") == 0)
		c->there = idset_has(&nodes, node);
	if (sysroot_text(&root, text, sizeof text, "proc/self/status") > 0) {
		if (text_field(text, "Mems_allowed_list", c->mems, sizeof c->mems) &&
		    idset_parse_kernel(&nodes, c->mems) == 0)
			c->allowed = idset_has(&nodes, node);
		c->filtered = text_field(text, "Seccomp", seccomp, sizeof seccomp) &&
			      strcmp(seccomp, "2") == 0;
	}
	sysroot_close(&root);
}

/* What follows "pages cannot be moved to node 1 by move_pages: ". */
static void describe(enum move_refusal why, const struct circumstance *c, int error, char *buf,
		     size_t size)
{
	static const char *const words[] = {
		[MOVE_NO_SUCH_NODE] = "there is no such node with memory",
		[MOVE_FILTERED] =
			"a filter of system calls (seccomp) refuses it, as in a container "
			"without CAP_SYS_NICE",
		[MOVE_NO_RIGHT] = "the pages of another user's process want CAP_SYS_NICE",
		[MOVE_NO_CALL] = "this kernel does not have that call",
		[MOVE_NO_PROCESS] = "the process has ended",
		[MOVE_FAILED] = "the kernel refuses it",
	};

	if (why == MOVE_CPUSET)
		snprintf(buf, size,
			 "the cpuset of this process allows memory of nodes %s only "
			 "(Mems_allowed_list, cpuset.mems)",
			 c->mems);
	else
		snprintf(buf, size, "%s (%s)", words[why], strerror(error));
}

static int refuse(const char *call, int node, int error, enum move_refusal *why, struct err *e)
{
	struct circumstance c;
	char words[300];

	look(&c, node);
	*why = move_refusal(error, c.there, c.allowed, c.filtered);
	describe(*why, &c, error, words, sizeof words);
	return err_set(e, -error, "pages cannot be moved to node %d by %s: %s", node, call, words);
}

int page_list_move(struct page_list *l, int node, enum move_refusal *why, struct err *e)
{
	for (size_t i = 0; i < l->n; i++)
		l->node[i] = node;
	*why = MOVE_TAKEN;
	if (move_pages(0, l->n, l->at, l->node, l->status, MPOL_MF_MOVE) >= 0)
		return 0;
	return refuse("move_pages", node, errno, why, e);
}

/* The calling thread's right to move what others share, taken or given back. Whether it had it. */
static bool set_right(bool on)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	const uint32_t nice = 1u << CAP_SYS_NICE;
	bool had;

	if (syscall(SYS_capget, &head, caps) < 0)
		return false;
	had = caps[0].effective & nice;
	caps[0].effective = on ? caps[0].effective | nice : caps[0].effective & ~nice;
	return had != on && syscall(SYS_capset, &head, caps) == 0 && had;
}

int process_move(int pid, int from, int to, enum move_refusal *why, struct err *e)
{
	struct idset source = { { 0 } }, target = { { 0 } };
	bool put_aside;
	long left;
	int error;

	idset_add(&source, from);
	idset_add(&target, to);
	put_aside = pid == 0 && set_right(false);
	*why = MOVE_TAKEN;
	left = migrate_pages(pid, POLICY_MASK_BITS, policy_mask(&source), policy_mask(&target));
	error = errno;
	if (put_aside)
		(void)set_right(true);
	return left >= 0 ? 0 : refuse("migrate_pages", to, error, why, e);
}

struct page_moves page_moves_between(const struct pages_found *before,
				     const struct pages_found *after, int to)
{
	struct page_moves m = { 0 };
	uint64_t all, then, now;

	then = pages_found_on(before, to, &all);
	m.asked = all - then;
	now = pages_found_on(after, to, &all);
	m.moved = now > then ? now - then : 0;
	m.moved = m.moved < m.asked ? m.moved : m.asked;
	m.stayed = m.asked - m.moved;
	m.share = all > 0 ? (double)now / (double)all : 0;
	return m;
}

json_t *page_moves_json(const struct page_moves *m)
{
	return json_pack("{s:I, s:I, s:I}", "asked", (json_int_t)m->asked, "moved",
			 (json_int_t)m->moved, "stayed", (json_int_t)m->stayed);
}
