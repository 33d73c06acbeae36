/* record_name.c - a cell in words. See record.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result/record.h"
#include "result/words.h"
#include "util/units.h"

struct name {
	char *buf;
	size_t size, used;
};

__attribute__((format(printf, 3, 4))) static void add(struct name *n, const char *between,
						      const char *fmt, ...)
{
	char part[160];
	va_list args;
	int length;

	va_start(args, fmt);
	vsnprintf(part, sizeof part, fmt, args);
	va_end(args);
	if (n->used >= n->size)
		return;
	length =
		snprintf(n->buf + n->used, n->size - n->used, "%s%s", n->used ? between : "", part);
	n->used += length > 0 ? (size_t)length : 0;
}

static const char *const pages_words[] = { [PAGES_4K] = "4 KiB pages",
					   [PAGES_THP] = "transparent huge pages",
					   [PAGES_HUGETLB] = "hugetlb pages" };

static bool is_latency(const struct record *r)
{
	const char *end = strstr(r->metric, "latency");

	return end && strcmp(end, "latency") == 0;
}

/* A copy says its size where it is not the usual one. Loads go over memory of some size, which only
 * counts where caches hold a part of it; each is small. */
static bool says_size(const struct record *r)
{
	/* Of what is moved within a node, the working set is all that tells cells apart. */
	if (record_has(r, "to_node") && record_has(r, "cpu_pair"))
		return record_has(r, "bytes");
	if (!record_has(r, "gpu") && is_latency(r) && record_has(r, "undersized"))
		return r->undersized && record_has(r, "bytes");
	if (!record_has(r, "bytes") || !(record_has(r, "direction") || record_has(r, "peer")) ||
	    strcmp(r->metric, "load-latency") == 0)
		return false;
	return is_latency(r) || r->bytes != RECORD_USUAL_COPY;
}

static bool is_both_ways(const struct record *r)
{
	return record_has(r, "together") && r->together == TOGETHER_BOTH_WAYS;
}

/* "h2d", "both ways"; of peers the direction is in their order. */
static void add_direction(struct name *n, const struct record *r)
{
	if (!record_has(r, "direction"))
		return;
	if (r->direction == DIR_BIDIRECTIONAL)
		add(n, " ", "both ways");
	else if (!record_has(r, "peer"))
		add(n, " ", "%s", direction_name(r->direction));
	else if (is_both_ways(r))
		add(n, " ", "one way");
	else if (r->direction == DIR_H2D && strcmp(r->metric, "bandwidth") == 0)
		add(n, " ", "made by the receiver");
}

/* "while d2h runs too" */
static void add_company(struct name *n, const struct record *r)
{
	if (!is_both_ways(r) || !record_has(r, "direction") || r->direction == DIR_BIDIRECTIONAL)
		return;
	if (record_has(r, "peer"))
		add(n, " ", "while the other runs too");
	else
		add(n, " ", "while %s runs too",
		    direction_name(r->direction == DIR_H2D ? DIR_D2H : DIR_H2D));
}

/* "settled, by migrate-pages", "bound: CPUs only, others at work": what was done to a process, and
 * to its pages. */
static void add_move(struct name *n, const struct record *r)
{
	static const char *const phases[] = { [PHASE_BEFORE] = "before",
					      [PHASE_AFTER] = "just after",
					      [PHASE_SETTLED] = "settled",
					      [PHASE_FOLLOWED] = "pages followed",
					      [PHASE_RETURNED] = "back again" };
	static const char *const bound[] = { [BOUND_NOT] = "unbound",
					     [BOUND_CPU] = "bound: CPUs only",
					     [BOUND_MEMORY] = "bound: memory only",
					     [BOUND_BOTH] = "bound: CPUs and memory" };

	if (record_has(r, "phase"))
		add(n, ", ", "%s", phases[r->phase]);
	if (record_has(r, "mover"))
		add(n, ", ", "by %s", mover_words[r->mover]);
	if (record_has(r, "locked"))
		add(n, ", ", "held by %s", page_lock_words[r->locked]);
	if (record_has(r, "binding"))
		add(n, ", ", "%s", bound[r->binding]);
	if (record_has(r, "competing") && r->competing)
		add(n, ", ", "others at work");
}

/* What goes without saying is the bandwidth of a copy; a heading says it of peers. */
static void add_what(struct name *n, const struct record *r, bool of_peers)
{
	bool copy = record_has(r, "direction") && !(of_peers && record_has(r, "peer"));
	char bytes[32];

	if (record_has(r, "memory"))
		add(n, " ", "%s", memory_kind_name(r->memory));
	if (!record_has(r, "peer"))
		add_direction(n, r);
	if (record_has(r, "metric") && !(copy && strcmp(r->metric, "bandwidth") == 0))
		add(n, " ", "%s", r->metric);
	if (record_has(r, "peer"))
		add_direction(n, r);
	if (says_size(r))
		add(n, " ", "of %s", format_size(bytes, sizeof bytes, r->bytes));
	add_company(n, r);
	if (record_has(r, "policy"))
		add(n, ", ", "policy %s", policy_words[r->policy]);
	if (record_has(r, "load_step"))
		add(n, ", ", "load step %d", r->load_step);
	add_move(n, r);
	if (record_has(r, "cpu_pair") && r->cpu_pair.n == 2 && !record_has(r, "to_node"))
		add(n, ", ", "CPUs %.0f and %.0f", r->cpu_pair.v[0], r->cpu_pair.v[1]);
	if (record_has(r, "pages_asked"))
		add(n, ", ", "%s", pages_words[r->pages_asked]);
	if (record_has(r, "peer_access"))
		add(n, ", ", "peer access %s", r->peer_access ? "on" : "off");
}

/* "all nodes at once on the memory of node 0", "node 1 of all at once .."; nodes are told. */
static bool add_nodes_together(struct name *n, const struct record *r)
{
	char who[40] = "all nodes at once";

	if (record_has(r, "cpu_node"))
		snprintf(who, sizeof who, "node %d of all at once", r->cpu_node);
	if (r->together == TOGETHER_ONE_NODE)
		add(n, ", ", "%s on the memory of node %d", who, r->mem_node);
	else
		add(n, ", ", "%s on their own memory", who);
	return true;
}

/* "all GPUs at once from node 0": then the nodes are told; "GPU 2 of all at once ..". */
static bool add_together(struct name *n, const struct record *r)
{
	bool one = r->together == TOGETHER_ONE_NODE && record_has(r, "cpu_node") &&
		   record_has(r, "mem_node") && r->cpu_node == r->mem_node;
	char who[40] = "all GPUs at once";

	if (!record_has(r, "gpu") && !record_has(r, "gpus"))
		return add_nodes_together(n, r);
	if (!record_has(r, "gpus"))
		snprintf(who, sizeof who, "GPU %d of all at once", r->gpu);
	if (one)
		add(n, ", ", "%s from node %d", who, r->mem_node);
	else
		add(n, ", ", "%s from %s", who,
		    r->together == TOGETHER_OWN_NODES  ? "their own nodes"
		    : r->together == TOGETHER_ONE_NODE ? "one node"
						       : "nodes not their own");
	return one;
}

static void add_nodes(struct name *n, const struct record *r)
{
	bool cpu = record_has(r, "cpu_node"), mem = record_has(r, "mem_node");
	int from = cpu ? r->cpu_node : r->mem_node;

	if (record_has(r, "to_node") && record_has(r, "cpu_pair") && r->cpu_pair.n == 2)
		add(n, ", ", "CPU %.0f to CPU %.0f of node %d", r->cpu_pair.v[0], r->cpu_pair.v[1],
		    r->to_node);
	else if (record_has(r, "to_node") && (cpu || mem))
		add(n, ", ", "node %d to node %d", from, r->to_node);
	else if (cpu && mem && r->cpu_node != r->mem_node)
		add(n, ", ", "threads on node %d, memory of node %d", r->cpu_node, r->mem_node);
	else if (cpu || mem)
		add(n, ", ", "node %d", from);
}

/* "GPU 0 to GPU 3 (NV12)"; h2d is from the peer. */
static void add_peers(struct name *n, const struct record *r)
{
	bool way = record_has(r, "direction"), pulled = way && r->direction == DIR_H2D;

	add(n, ", ", "GPU %d %s GPU %d", pulled ? r->peer : r->gpu,
	    way && r->direction == DIR_BIDIRECTIONAL ? "and" : "to", pulled ? r->gpu : r->peer);
	if (record_has(r, "path"))
		add(n, " ", "(%s)", r->path);
}

/* A bandwidth of memory: "of 16 KiB, 2 threads"; what is as large as it should be need not say so.
 */
static void add_work(struct name *n, const struct record *r)
{
	char bytes[32];

	if (record_has(r, "undersized") && r->undersized && record_has(r, "bytes") && !says_size(r))
		add(n, " ", "of %s", format_size(bytes, sizeof bytes, r->bytes));
	if (record_has(r, "threads"))
		add(n, ", ", "%d %s", r->threads, r->threads == 1 ? "thread" : "threads");
}

char *record_what(const struct record *r, char *buf, size_t size)
{
	struct name n = { .buf = buf, .size = size };

	if (size)
		buf[0] = '\0';
	add_what(&n, r, true);
	return buf;
}

char *record_name(const struct record *r, char *buf, size_t size)
{
	struct name n = { .buf = buf, .size = size };
	bool peers = record_has(r, "peer"), all = record_has(r, "together") && !is_both_ways(r),
	     told = false;
	char text[160] = "";
	struct name what = { .buf = text, .size = sizeof text };

	if (size)
		buf[0] = '\0';
	if (peers)
		add_peers(&n, r);
	if (all)
		told = add_together(&n, r);
	add_what(&what, r, false);
	if (text[0]) /* a pair's bandwidth of a size needs no comma */
		add(&n, strncmp(text, "of ", 3) == 0 ? " " : ", ", "%s", text);
	else if (!n.used && !record_has(r, "cpu_node")) /* a record of a whole test */
		add(&n, "", "%s", r->test);
	if (!record_has(r, "gpu") && strcmp(r->unit, "B/s") == 0)
		add_work(&n, r);
	if (!told && !peers && (!record_has(r, "cpu_pair") || record_has(r, "to_node")))
		add_nodes(&n, r);
	if (record_has(r, "gpu") && !peers && !all)
		add(&n, ", ", "GPU %d", r->gpu);
	return buf;
}
