/* hostmem.c - the kinds of host memory, one row each. */
#include "place/hostmem.h"

#include <string.h>

/* Any value but zero: nothing may be left to the kernel's shared zero page. */
enum { FIRST_TOUCH = 0x5a };

static int pinned_alloc(struct hostmem *h, struct gpu_dev *d, size_t bytes, int node, struct err *e)
{
	/* Where the policy is refused the pages fall where the caller runs; the
	 * proof tells whether that is the node that was asked for. */
	int policy = policy_bind_thread(node);
	int rc = gpu_host_alloc(d, &h->p, bytes, e);

	if (rc == 0)
		memset(h->p, FIRST_TOUCH, bytes);
	if (policy == 0)
		policy_reset_thread();
	h->dev = d;
	return rc;
}

static void pinned_free(struct hostmem *h)
{
	gpu_host_free(h->dev, h->p);
}

static int pageable_alloc(struct hostmem *h, struct gpu_dev *d, size_t bytes, int node,
			  struct err *e)
{
	int rc = memory_map(&h->own, bytes, node, h->pages, e);

	(void)d;
	if (rc < 0)
		return rc;
	h->p = h->own.p;
	memset(h->p, FIRST_TOUCH, h->own.mapped);
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

int hostmem_alloc(struct hostmem *h, enum memory_kind kind, struct gpu_dev *d, size_t bytes,
		  int node, enum page_kind pages, struct err *e)
{
	const struct hostmem_kind *k = hostmem_kind(kind);
	int rc;

	*h = (struct hostmem){ .kind = kind, .bytes = bytes, .node = node, .pages = pages };
	rc = k->alloc(h, d, bytes, node, e);
	if (rc < 0)
		h->p = NULL;
	return rc;
}

void hostmem_free(struct hostmem *h)
{
	if (h->p)
		hostmem_kind(h->kind)->free(h);
	h->p = NULL;
}
