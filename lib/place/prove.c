/* prove.c - where pages really are.
 *
 * move_pages without a list of nodes only asks. Where it is refused,
 * /proc/self/numa_maps gives the counts of whole areas; a buffer between guard
 * pages is an area of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/sysroot.h"
#include "place/memory.h"

/* Pages asked for in one call: 4096 addresses and answers, 48 KiB of stack. */
enum { BATCH = 4096 };

/* A node number that no answer has: the kernel left the status as it was. */
#define UNWRITTEN   INT_MIN
#define NOT_THERE   (-1)
#define CANNOT_TELL 1

struct area {
	uintptr_t start, end;
};

static uintptr_t base_page(void)
{
	return (uintptr_t)sysconf(_SC_PAGESIZE);
}

/* Adds pages to a node's count, keeping the list in order. */
static int count_pages(struct placement *p, int node, uint64_t pages)
{
	size_t at = 0;
	struct resident *more;

	if (pages == 0)
		return 0;
	while (at < p->nresident && p->resident[at].node < node)
		at++;
	if (at < p->nresident && p->resident[at].node == node) {
		p->resident[at].pages += pages;
		return 0;
	}
	more = realloc(p->resident, (p->nresident + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memmove(&more[at + 1], &more[at], (p->nresident - at) * sizeof(*more));
	more[at] = (struct resident){ .node = node, .pages = pages };
	p->resident = more;
	p->nresident++;
	return 0;
}

/* Automatic NUMA balancing takes pages without a bind policy away for a moment, to see who
 * comes for them, and up to Linux 6.4 move_pages then calls them absent. Reading brings them
 * back; what was never written stays absent (it gets the shared zero page). True when
 * there was one. */
static bool wake_hidden(void *const *where, const int *status, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (status[i] != -ENOENT)
			continue;
		any = true;
		(void)*(const volatile char *)where[i];
	}
	return any;
}

/* One batch into *found. Neighbours are alike nearly always: runs are counted, not pages. */
static int ask_batch(uintptr_t start, uintptr_t page, size_t n, struct placement *found,
		     bool *answered)
{
	void *where[BATCH];
	int status[BATCH];
	size_t from = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		where[i] = (void *)(start + i * page);
		status[i] = UNWRITTEN;
	}
	if (move_pages(0, n, where, NULL, status, 0) < 0)
		return -errno;
	if (wake_hidden(where, status, n) && move_pages(0, n, where, NULL, status, 0) < 0)
		return -errno;
	for (size_t i = 1; i <= n && rc == 0; i++) {
		if (i < n && status[i] == status[from])
			continue;
		/* -EFAULT: an area that the kernel does not look into, such as a driver's, or
		 * the shared zero page. All other answers are about a page of ours. */
		*answered |= status[from] != -EFAULT && status[from] != UNWRITTEN;
		rc = count_pages(found, status[from] < 0 ? NOT_THERE : status[from], i - from);
		from = i;
	}
	return rc;
}

/* 0; CANNOT_TELL; -errno of a refusal. */
static int ask_every_page(uintptr_t start, size_t pages, struct placement *found)
{
	uintptr_t page = base_page();
	bool answered = false;

	for (size_t done = 0; done < pages;) {
		size_t n = pages - done < BATCH ? pages - done : BATCH;
		int rc = ask_batch(start + done * page, page, n, found, &answered);

		if (rc < 0)
			return rc;
		done += n;
	}
	return answered ? 0 : CANNOT_TELL;
}

/* A file of this very process under /proc; NULL with errno. */
static FILE *open_self(const char *path)
{
	struct sysroot root;
	FILE *in = NULL;
	int fd = -1;

	if (sysroot_open_live(&root, NULL) < 0)
		return NULL;
	if (root.overlay >= 0)
		fd = openat(root.overlay, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = openat(root.fd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !(in = fdopen(fd, "r")))
		close(fd);
	sysroot_close(&root);
	return in;
}

/* "7f1200000000-7f1240000000 rw-p ..", the first words of a line of maps and smaps. */
static bool parse_area(const char *line, struct area *a)
{
	return sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &a->start, &a->end) == 2;
}

static bool overlap(const struct area *a, const struct area *b)
{
	return a->start < b->end && b->start < a->end;
}

/* The areas that a range touches: their number, or -errno. More than max are
 * too many to be a buffer. */
static int find_areas(const struct area *range, struct area *found, int max)
{
	FILE *in = open_self("proc/self/maps");
	char *line = NULL;
	size_t room = 0;
	struct area a;
	int n = 0;

	if (!in)
		return -EACCES;
	while (n >= 0 && getline(&line, &room, in) >= 0) {
		if (!parse_area(line, &a) || !overlap(&a, range))
			continue;
		if (n < max)
			found[n++] = a;
		else
			n = -E2BIG;
	}
	free(line);
	fclose(in);
	return n;
}

/* Counts one line of numa_maps, "7f1200000000 bind:1 anon=512 .. N1=512 kernelpagesize_kB=4",
 * into `found`, in base pages (hugetlb areas are counted in pages of their own size). */
static int count_line(char *line, struct placement *found, bool *device)
{
	uint64_t scale = 1, pages;
	char *rest = NULL;
	size_t page_kb = base_page() / 1024;
	int node, rc = 0;

	for (char *w = strtok_r(line, " \n", &rest); w && rc == 0;
	     w = strtok_r(NULL, " \n", &rest)) {
		if (sscanf(w, "N%d=%" SCNu64, &node, &pages) == 2)
			rc = count_pages(found, node, pages);
		else if (sscanf(w, "kernelpagesize_kB=%" SCNu64, &pages) == 1 && pages > page_kb)
			scale = pages / page_kb;
		else if (strncmp(w, "file=/dev/", 10) == 0)
			*device = true;
	}
	for (size_t i = 0; i < found->nresident; i++)
		found->resident[i].pages *= scale;
	return rc;
}

static uint64_t all_pages(const struct placement *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->nresident; i++)
		sum += p->resident[i].pages;
	return sum;
}

/* What an area's line says about the part of it that lies in the range. Exact for an area that
 * lies wholly in it; of a larger one only when all its pages are there and on one node. */
static int count_area(char *line, const struct area *a, const struct area *range,
		      struct placement *found)
{
	struct placement own = { 0 };
	uintptr_t page = base_page();
	uintptr_t from = a->start > range->start ? a->start : range->start;
	uintptr_t to = a->end < range->end ? a->end : range->end;
	uint64_t whole = (a->end - a->start) / page, part = (to - from) / page, there;
	bool device = false;
	int rc = count_line(line, &own, &device);

	there = all_pages(&own);
	if (rc == 0 && ((there == 0 && device) || there > whole))
		rc = CANNOT_TELL;
	else if (rc == 0 && part < whole && (there < whole || own.nresident != 1))
		rc = CANNOT_TELL;
	else if (rc == 0 && part < whole)
		rc = count_pages(found, own.resident[0].node, part);
	else if (rc == 0)
		rc = count_pages(found, NOT_THERE, whole - there);
	for (size_t i = 0; i < own.nresident && rc == 0 && part == whole; i++)
		rc = count_pages(found, own.resident[i].node, own.resident[i].pages);
	free(own.resident);
	return rc;
}

/* 0; CANNOT_TELL; -errno. */
static int read_numa_maps(const struct area *range, struct placement *found)
{
	struct area areas[64], a;
	int n = find_areas(range, areas, 64), left = n, rc = 0;
	FILE *in = n > 0 ? open_self("proc/self/numa_maps") : NULL;
	char *line = NULL;
	size_t room = 0;

	if (!in)
		return CANNOT_TELL;
	while (rc == 0 && left > 0 && getline(&line, &room, in) >= 0) {
		if (sscanf(line, "%" SCNxPTR " ", &a.start) != 1)
			continue;
		for (int i = 0; i < n; i++) {
			if (areas[i].start != a.start)
				continue;
			rc = count_area(line, &areas[i], range, found);
			left--;
			break;
		}
	}
	free(line);
	fclose(in);
	return rc == 0 && left > 0 ? CANNOT_TELL : rc;
}

/* Of two proofs the one that says less. */
static enum proof weaker(enum proof a, enum proof b)
{
	static const int strength[] = {
		[PROOF_NONE] = 0, [PROOF_NUMA_MAPS] = 1, [PROOF_MOVE_PAGES] = 2
	};

	return strength[a] < strength[b] ? a : b;
}

int memory_prove(const void *start, size_t bytes, struct placement *p)
{
	uintptr_t page = base_page(), first = (uintptr_t)start / page * page;
	struct area range = { first, ((uintptr_t)start + bytes + page - 1) / page * page };
	size_t pages = (range.end - first) / page;
	struct placement found = { .proof = PROOF_MOVE_PAGES };
	int rc;

	if (bytes == 0)
		return 0;
	rc = ask_every_page(first, pages, &found);
	if (rc != 0 && rc != -ENOMEM) {
		placement_release(&found);
		found.proof = PROOF_NUMA_MAPS;
		rc = read_numa_maps(&range, &found);
	}
	if (rc != 0 && rc != -ENOMEM) {
		placement_release(&found);
		rc = count_pages(&found, NOT_THERE, pages);
	}
	p->proof = p->nresident ? weaker(p->proof, found.proof) : found.proof;
	for (size_t i = 0; i < found.nresident && rc == 0; i++)
		rc = count_pages(p, found.resident[i].node, found.resident[i].pages);
	placement_release(&found);
	return rc;
}

int memory_glance(const struct memory *m, struct placement *p)
{
	const struct area range = { (uintptr_t)m->p, (uintptr_t)m->p + m->mapped };
	struct placement found = { .proof = PROOF_NUMA_MAPS };
	int rc = read_numa_maps(&range, &found);

	for (size_t i = 0; i < found.nresident && rc == 0; i++)
		rc = count_pages(p, found.resident[i].node, found.resident[i].pages);
	if (rc == 0)
		p->proof = found.proof;
	placement_release(&found);
	return rc == 0 || rc == -ENOMEM ? rc : -ENOENT;
}

static uint64_t pages_on(const struct placement *p, int node)
{
	for (size_t i = 0; i < p->nresident; i++)
		if (p->resident[i].node == node)
			return p->resident[i].pages;
	return 0;
}

/* Each node has its share, within one page in a hundred, or the last turn. */
static bool spread_holds(const struct placement *p)
{
	const uint64_t all = all_pages(p);

	for (size_t i = 0; i < p->nresident; i++)
		if (p->resident[i].pages && spread_share(&p->spread, p->resident[i].node) <= 0)
			return false;
	for (size_t i = 0; i < p->spread.n; i++) {
		double share = (double)all * spread_share(&p->spread, p->spread.of[i].node);
		double off = fabs((double)pages_on(p, p->spread.of[i].node) - share);

		if (off > fmax(share * PLACEMENT_UNEVEN, (double)p->slack))
			return false;
	}
	return all > 0;
}

bool placement_holds(const struct placement *p)
{
	if (p->proof == PROOF_NONE)
		return false;
	if (p->spread.n)
		return spread_holds(p);
	return p->nresident == 1 && p->resident[0].node == p->requested;
}

/* "node 0", "parts of equal size on nodes 0, 1", "parts of 3 on node 0, 1 on node 1" */
static void describe_wish(const struct placement *p, char *buf, size_t size)
{
	const struct spread *s = &p->spread;
	bool equal = true;
	size_t used;

	if (s->n == 0) {
		snprintf(buf, size, "node %d", p->requested);
		return;
	}
	for (size_t i = 1; i < s->n; i++)
		equal = equal && s->of[i].weight == s->of[0].weight;
	used = (size_t)snprintf(buf, size, "parts of %s", equal ? "equal size on nodes " : "");
	for (size_t i = 0; i < s->n && used < size; i++)
		used += (size_t)(equal ? snprintf(buf + used, size - used, "%s%d", i ? ", " : "",
						  s->of[i].node)
				       : snprintf(buf + used, size - used, "%s%u on node %d",
						  i ? ", " : "", s->of[i].weight, s->of[i].node));
}

/* "512 pages on node 0, 3 not there" */
static void describe_pages(const struct placement *p, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < p->nresident && used < size; i++) {
		const struct resident *r = &p->resident[i];
		const char *comma = i > 0 ? ", " : "";

		if (r->node == NOT_THERE)
			used += (size_t)snprintf(buf + used, size - used,
						 "%s%" PRIu64 " pages not there", comma, r->pages);
		else
			used += (size_t)snprintf(buf + used, size - used,
						 "%s%" PRIu64 " pages on node %d", comma, r->pages,
						 r->node);
	}
}

/* Before the reason that stands there, which may say why. */
static void judge_pages(struct record *r, enum status status, const char *text)
{
	if (r->status == status && strncmp(r->reason, text, strlen(text)) == 0)
		return; /* said at an earlier opening */
	record_status(r, status, "%s%s%s", text, r->reason[0] ? "; " : "", r->reason);
}

int placement_add_cpus(struct placement *p, const struct machine *m, const struct idset *cpus)
{
	struct idset nodes = { { 0 } };
	int *all;

	for (size_t i = 0; i < p->nran_on; i++)
		idset_add(&nodes, p->ran_on[i]);
	for (int c = -1; (c = idset_next(cpus, c)) >= 0;) {
		const struct node *n = machine_node_of_cpu(m, c);

		if (n)
			idset_add(&nodes, n->id);
	}
	all = reallocarray(p->ran_on, idset_count(&nodes) + 1, sizeof *all);
	if (!all)
		return -ENOMEM;
	p->ran_on = all;
	p->nran_on = 0;
	for (int n = -1; (n = idset_next(&nodes, n)) >= 0;)
		all[p->nran_on++] = n;
	return 0;
}

void placement_judge(struct record *r, int cpu_node)
{
	const struct placement *p = &r->placement;
	char found[200], wish[100], text[320];

	/* What went wrong otherwise says more than where it happened. */
	if (r->status != STATUS_OK && r->status != STATUS_UNPROVEN && r->status != STATUS_UNSTABLE)
		return;
	for (size_t i = 0; i < p->nran_on; i++) {
		if (p->ran_on[i] != cpu_node) {
			record_status(r, STATUS_MISPLACED,
				      "a thread was seen on node %d, it belongs on node %d",
				      p->ran_on[i], cpu_node);
			return;
		}
	}
	if (p->proof == PROOF_NONE) {
		judge_pages(r, STATUS_UNPROVEN,
			    "neither move_pages nor numa_maps tells where the pages are");
	} else if (!placement_holds(p)) {
		describe_wish(p, wish, sizeof(wish));
		describe_pages(p, found, sizeof(found));
		snprintf(text, sizeof(text), "asked for %s, found %s", wish,
			 p->nresident ? found : "no page at all");
		judge_pages(r, STATUS_MISPLACED, text);
	}
}

enum page_kind memory_obtained(const struct memory *m)
{
	const struct area range = { (uintptr_t)m->p, (uintptr_t)m->p + m->mapped };
	FILE *in = open_self("proc/self/smaps");
	uint64_t thp_kb = 0, hugetlb_kb = 0, size_kb = 0, kb;
	char *line = NULL;
	size_t room = 0;
	bool inside = false;
	struct area a;

	if (!in)
		return PAGES_4K;
	while (getline(&line, &room, in) >= 0) {
		if (parse_area(line, &a))
			inside = overlap(&a, &range);
		else if (inside && sscanf(line, "Size: %" SCNu64, &kb) == 1)
			size_kb = kb;
		else if (inside && sscanf(line, "KernelPageSize: %" SCNu64, &kb) == 1)
			hugetlb_kb += kb > base_page() / 1024 ? size_kb : 0;
		else if (inside && sscanf(line, "AnonHugePages: %" SCNu64, &kb) == 1)
			thp_kb += kb;
	}
	free(line);
	fclose(in);
	if (hugetlb_kb * 1024 >= m->mapped / 10 * 9)
		return PAGES_HUGETLB;
	return thp_kb * 1024 >= m->mapped / 10 * 9 ? PAGES_THP : PAGES_4K;
}
