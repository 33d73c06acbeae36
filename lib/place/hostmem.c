/* hostmem.c - the kinds of host memory, one row each. */
#include "place/hostmem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "place/threads.h"

/* ---- memory that the driver allocates ---- */

/* Without a policy the driver's pages fall where the caller runs: on a CPU of their node, then,
 * where it has one. */
static int make_from_node(struct hostmem *h, int (*make)(struct hostmem *h, struct err *e),
			  struct err *e)
{
	const struct node *node = machine_node(h->want.machine, h->want.node);
	struct idset home;
	int rc, back;

	if (!node || idset_empty(&node->allowed_cpus))
		return make(h, e);
	rc = thread_cpus(&home, e);
	if (rc == 0)
		rc = thread_bind(&node->allowed_cpus, e);
	if (rc < 0)
		return rc;
	rc = make(h, e);
	h->own.touched = rc == 0;
	back = thread_bind(&home, rc < 0 ? NULL : e);
	return rc < 0 ? rc : back;
}

/* Runs make, which allocates and touches, so that its pages fall on the wanted node; where a policy
 * is wanted, as the thread's own has it. */
static int make_on_node(struct hostmem *h, int (*make)(struct hostmem *h, struct err *e),
			struct err *e)
{
	int rc;

	h->own = (struct memory){ .node = h->want.node, .bound = h->want.policy };
	if (h->want.policy)
		return make(h, e);
	h->own.bound = policy_bind_thread(h->want.node) == 0;
	if (!h->own.bound)
		return make_from_node(h, make, e);
	rc = make(h, e);
	policy_reset_thread();
	return rc;
}

static int lock_and_touch(struct hostmem *h, struct err *e)
{
	static const enum gpu_host as[] = { [MEM_PINNED] = GPU_HOST_PINNED,
					    [MEM_WRITE_COMBINED] = GPU_HOST_WRITE_COMBINED,
					    [MEM_MAPPED] = GPU_HOST_MAPPED };
	int rc = gpu_host_alloc(h->dev, as[h->kind], &h->p, h->bytes, e);

	if (rc == 0)
		memset(h->p, MEMORY_TOUCH, h->bytes);
	return rc;
}

static int locked_alloc(struct hostmem *h, struct err *e)
{
	return make_on_node(h, lock_and_touch, e);
}

static int driver_mapped(struct hostmem *h, struct err *e)
{
	int rc;

	if (!h->kernel)
		return err_set(e, -ENOTSUP,
			       "the GPU kernels were not built, which move mapped memory: nvcc was "
			       "not found when numabench was built");
	rc = locked_alloc(h, e);
	return rc < 0 ? rc : gpu_host_address(h->dev, h->p, &h->device_p, e);
}

static void locked_free(struct hostmem *h)
{
	gpu_host_free(h->dev, h->p);
}

static int registered_alloc(struct hostmem *h, struct err *e);
static void registered_free(struct hostmem *h);

/* Whether anything tells where its first page is. */
static bool is_seen(const struct hostmem *h)
{
	struct placement p = { .proof = PROOF_NONE };
	bool seen = memory_prove(h->p, 1, &p) == 0 && p.proof != PROOF_NONE;

	placement_release(&p);
	return seen;
}

/* The driver's own pages; ours, where those can be seen and the driver's cannot. */
static int seen_alloc(struct hostmem *h, int (*alloc)(struct hostmem *h, struct err *e),
		      struct err *e)
{
	struct hostmem ours = *h;
	int rc = alloc(h, e);

	if (rc < 0 || is_seen(h))
		return rc;
	ours.want.pages = PAGES_4K;
	ours.stand_in = registered_alloc(&ours, NULL) == 0 && is_seen(&ours);
	if (ours.stand_in) {
		locked_free(h);
		*h = ours;
	} else if (ours.p) {
		registered_free(&ours);
	}
	return 0;
}

static int pinned_alloc(struct hostmem *h, struct err *e)
{
	return seen_alloc(h, locked_alloc, e);
}

static int mapped_alloc(struct hostmem *h, struct err *e)
{
	return seen_alloc(h, driver_mapped, e);
}

static void seen_free(struct hostmem *h)
{
	if (h->stand_in)
		registered_free(h);
	else
		locked_free(h);
}

/* ---- memory that the driver moves ---- */

/* Prefetches it to its node. */
static int bring_home(struct hostmem *h, struct err *e)
{
	const struct gpu_transfer home = hostmem_transfer(h, NULL, GPU_D2H, h->bytes);
	struct gpu_stream *s;
	int rc = gpu_stream_open(&s, h->dev, e);

	if (rc < 0)
		return rc;
	rc = gpu_do(s, &home, e);
	gpu_stream_close(s);
	return rc < 0 ? err_within(e, rc, "moving managed memory to node %d", h->want.node) : 0;
}

static int manage_and_touch(struct hostmem *h, struct err *e)
{
	int rc = gpu_managed_alloc(h->dev, &h->p, h->bytes, e);

	if (rc == 0)
		rc = bring_home(h, e);
	if (rc == 0)
		memset(h->p, MEMORY_TOUCH, h->bytes);
	return rc;
}

static int managed_alloc(struct hostmem *h, struct err *e)
{
	return make_on_node(h, manage_and_touch, e);
}

static void managed_free(struct hostmem *h)
{
	gpu_managed_free(h->dev, h->p);
}

/* ---- memory of our own ---- */

/* Placed, touched, and in pages of the wanted kind; p stays NULL. */
static int place_own(struct hostmem *h, struct err *e)
{
	int rc = memory_place(&h->own, h->bytes, &h->want, e);

	if (rc == -ENOMEM && h->want.pages == PAGES_HUGETLB)
		return -ENOTSUP; /* e tells how many there are */
	if (rc < 0)
		return rc;
	memset(h->own.p, MEMORY_TOUCH, h->own.mapped);
	h->pages = memory_obtained(&h->own);
	if (h->pages != h->want.pages && h->want.pages != PAGES_4K) {
		memory_unmap(&h->own);
		return memory_no_such_pages(h->want.pages, e);
	}
	return 0;
}

static int pageable_alloc(struct hostmem *h, struct err *e)
{
	int rc = place_own(h, e);

	h->p = h->own.p;
	return rc;
}

static void pageable_free(struct hostmem *h)
{
	memory_unmap(&h->own);
}

static int registered_alloc(struct hostmem *h, struct err *e)
{
	int rc = place_own(h, e);

	if (rc < 0)
		return rc;
	rc = gpu_host_register(h->dev, h->own.p, h->own.mapped, e);
	if (rc < 0) {
		memory_unmap(&h->own);
		return rc;
	}
	h->p = h->own.p;
	return gpu_host_address(h->dev, h->p, &h->device_p, e);
}

static void registered_free(struct hostmem *h)
{
	gpu_host_unregister(h->dev, h->p);
	memory_unmap(&h->own);
}

/* ---- the table ---- */

static const struct hostmem_kind kinds[] = {
	{ .kind = MEM_PINNED,
	  .device_timed = true,
	  .host_readable = true,
	  .alloc = pinned_alloc,
	  .free = seen_free,
	  .queue = gpu_queue_copy },
	{ .kind = MEM_REGISTERED,
	  .device_timed = true,
	  .own_pages = true,
	  .host_readable = true,
	  .alloc = registered_alloc,
	  .free = registered_free,
	  .queue = gpu_queue_copy },
	{ .kind = MEM_PAGEABLE,
	  .own_pages = true,
	  .host_readable = true,
	  .alloc = pageable_alloc,
	  .free = pageable_free,
	  .queue = gpu_queue_copy },
	{ .kind = MEM_WRITE_COMBINED,
	  .device_timed = true,
	  .alloc = locked_alloc,
	  .free = locked_free,
	  .queue = gpu_queue_copy },
	{ .kind = MEM_MANAGED,
	  .host_readable = true,
	  .alloc = managed_alloc,
	  .free = managed_free,
	  .queue = gpu_queue_prefetch },
	{ .kind = MEM_MAPPED,
	  .device_timed = true,
	  .host_readable = true,
	  .alloc = mapped_alloc,
	  .free = seen_free },
};

const struct hostmem_kind *hostmem_kind(enum memory_kind kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

int hostmem_alloc(struct hostmem *h, struct err *e)
{
	int rc;

	h->p = h->device_p = NULL;
	h->stand_in = false;
	rc = hostmem_kind(h->kind)->alloc(h, e);
	if (rc < 0)
		hostmem_free(h);
	return rc;
}

void hostmem_free(struct hostmem *h)
{
	if (h->p)
		hostmem_kind(h->kind)->free(h);
	h->p = h->device_p = NULL;
}

struct gpu_transfer hostmem_transfer(const struct hostmem *h, void *device, enum gpu_direction dir,
				     size_t bytes)
{
	gpu_queue_fn *queue = hostmem_kind(h->kind)->queue;

	return (struct gpu_transfer){
		.queue = queue ? queue : h->kernel,
		.dir = dir,
		.device = device,
		.host = queue ? h->p : h->device_p,
		.bytes = bytes,
		.node = h->want.node,
	};
}

/* No figure is of the driver's own pages, then, and says so. */
void hostmem_tell(const struct hostmem *h, struct record *r)
{
	memory_tell(&h->own, r);
	if (!h->stand_in)
		return;
	if (!r->more)
		r->more = json_object();
	json_object_set_new(r->more, "stand_in", json_string(memory_kind_name(MEM_REGISTERED)));
	if (r->status == STATUS_OK && !r->reason[0])
		record_status(r, STATUS_OK,
			      "our own pages, page-locked in place (registered), stand in: where "
			      "pages of cudaHostAlloc lie cannot be proven here");
}

/* A page that came back from the GPU is the process's again when it is first read. */
static void read_pages(const struct hostmem *h)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t at = 0; at < h->bytes; at += page)
		(void)((const volatile char *)h->p)[at];
}

int hostmem_prove(struct hostmem *h, struct placement *p, struct err *e)
{
	int rc;

	if (h->kind == MEM_MANAGED) {
		rc = bring_home(h, e);
		if (rc < 0)
			return rc;
		read_pages(h);
	}
	rc = memory_prove(h->p, h->bytes, p);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}
