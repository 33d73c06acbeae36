/* hostmem.c - the kinds of host memory, one row each. */
#include "place/hostmem.h"

#include <string.h>

#include "place/threads.h"

static int pin(struct hostmem *h, struct err *e)
{
	int rc = gpu_host_alloc(h->dev, &h->p, h->bytes, e);

	if (rc == 0)
		memset(h->p, MEMORY_TOUCH, h->bytes);
	return rc;
}

/* Without a policy the driver's pages fall where the caller runs: on a CPU of their node, then,
 * where it has one. */
static int pin_from_node(struct hostmem *h, struct err *e)
{
	const struct node *node = machine_node(h->want.machine, h->want.node);
	struct idset home;
	int rc, back;

	if (!node || idset_empty(&node->allowed_cpus))
		return pin(h, e);
	rc = thread_cpus(&home, e);
	if (rc == 0)
		rc = thread_bind(&node->allowed_cpus, e);
	if (rc < 0)
		return rc;
	rc = pin(h, e);
	h->own.touched = rc == 0;
	back = thread_bind(&home, rc < 0 ? NULL : e);
	return rc < 0 ? rc : back;
}

static int pinned_alloc(struct hostmem *h, struct err *e)
{
	int rc;

	h->own = (struct memory){ .node = h->want.node };
	h->own.bound = policy_bind_thread(h->want.node) == 0;
	if (!h->own.bound)
		return pin_from_node(h, e);
	rc = pin(h, e);
	policy_reset_thread();
	return rc;
}

static void pinned_free(struct hostmem *h)
{
	gpu_host_free(h->dev, h->p);
}

static int pageable_alloc(struct hostmem *h, struct err *e)
{
	int rc = memory_place(&h->own, h->bytes, &h->want, e);

	if (rc < 0)
		return rc;
	h->p = h->own.p;
	memset(h->p, MEMORY_TOUCH, h->own.mapped);
	return 0;
}

static void pageable_free(struct hostmem *h)
{
	memory_unmap(&h->own);
}

static const struct hostmem_kind kinds[] = {
	{ .kind = MEM_PINNED, .device_timed = true, .alloc = pinned_alloc, .free = pinned_free },
	{ .kind = MEM_PAGEABLE, .alloc = pageable_alloc, .free = pageable_free },
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

	h->p = NULL;
	rc = hostmem_kind(h->kind)->alloc(h, e);
	if (rc < 0)
		hostmem_free(h);
	return rc;
}

void hostmem_free(struct hostmem *h)
{
	if (h->p)
		hostmem_kind(h->kind)->free(h);
	h->p = NULL;
}
