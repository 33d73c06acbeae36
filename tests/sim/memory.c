/* memory.c - doubles of the CUDA runtime: memory. A GPU's is host memory here. */
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cudart.h"
#include "simclock.h"
#include "where.h"

enum { BLOCKS = 4096 };

static struct block blocks[BLOCKS]; /* CUDA's functions have no handle */

/* Between guard pages: the driver's mappings, too, are areas of their own in numa_maps. */
static size_t guarded_bytes(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page + 2 * page;
}

static void *map_guarded(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), all = guarded_bytes(bytes);
	char *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	if (mprotect(base + page, all - 2 * page, PROT_READ | PROT_WRITE) == 0)
		return base + page;
	munmap(base, all);
	return NULL;
}

static void unmap_guarded(char *p, size_t bytes)
{
	munmap(p - sysconf(_SC_PAGESIZE), guarded_bytes(bytes));
}

static bool overlaps(const struct block *b, const void *p, size_t bytes)
{
	return b->p && (const char *)p < b->p + b->bytes && b->p < (const char *)p + bytes;
}

const struct block *sim_block(const void *p, size_t bytes)
{
	for (const struct block *b = blocks; b < blocks + BLOCKS; b++)
		if (b->p && (const char *)p >= b->p && (const char *)p + bytes <= b->p + b->bytes)
			return b;
	return NULL;
}

static struct block *room(void)
{
	struct block *b = blocks;

	while (b < blocks + BLOCKS && b->p)
		b++;
	return b < blocks + BLOCKS ? b : NULL;
}

static uint64_t left_of(int gpu)
{
	uint64_t all = scenario()->gpus[gpu].memory_free, used = sim_used(gpu)->bytes;

	return used < all ? all - used : 0;
}

/* Of host memory that is bound to a node that has none left; or whatever it is. */
static bool is_refused(int gpu, enum block_kind kind)
{
	const struct sim_fault *f = sim_fault(SIM_OOM, gpu, SIM_ANY);
	bool host = kind == BLOCK_PINNED || kind == BLOCK_WRITE_COMBINED;

	return f && (f->mem_node == SIM_ANY || (host && where_bound() == f->mem_node));
}

static cudaError_t make_block(void **p, size_t bytes, enum block_kind kind)
{
	int gpu = sim_current();
	struct block *b = room();

	if (!b || bytes == 0 || is_refused(gpu, kind) ||
	    (kind == BLOCK_DEVICE && bytes > left_of(gpu)))
		return cudaErrorMemoryAllocation;
	*p = map_guarded(bytes);
	if (!*p)
		return cudaErrorMemoryAllocation;
	if (kind == BLOCK_DEVICE)
		sim_used(gpu)->bytes += bytes;
	*b = (struct block){ .p = *p, .bytes = bytes, .gpu = gpu, .kind = kind };
	return cudaSuccess;
}

/* What it takes to pin so much. */
static uint64_t pinning_ns(size_t bytes)
{
	return (uint64_t)llround(scenario()->pin_s_per_gib * (double)bytes * 0x1p-30 * 1e9);
}

static cudaError_t allocate(void **p, size_t bytes, enum block_kind kind)
{
	uint64_t now = sim_enter();
	cudaError_t rc = sim_current() < 0 ? cudaErrorInvalidDevice : sim_reach(sim_current());

	if (rc == cudaSuccess)
		rc = make_block(p, bytes, kind);
	if (rc == cudaSuccess && (kind == BLOCK_PINNED || kind == BLOCK_WRITE_COMBINED)) {
		memset(*p, 0, bytes); /* by the caller, on its policy: as the driver does */
		where_hold(*p, bytes);
		now += pinning_ns(bytes);
	}
	sim_leave(now);
	return sim_give(rc);
}

static cudaError_t release(void *p, unsigned kinds)
{
	uint64_t now = sim_enter();
	struct block *b = blocks;
	cudaError_t rc = cudaErrorInvalidValue;

	while (b < blocks + BLOCKS && b->p != p)
		b++;
	if (p && b < blocks + BLOCKS && kinds >> b->kind & 1) {
		if (b->kind == BLOCK_DEVICE)
			sim_used(b->gpu)->bytes -= b->bytes;
		if (b->pinned)
			held_release(&b->held);
		if (b->kind != BLOCK_REGISTERED)
			unmap_guarded(b->p, b->bytes);
		b->p = NULL;
		rc = sim_reach(b->gpu);
	}
	sim_leave(now);
	return p ? sim_give(rc) : cudaSuccess;
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
	return allocate(p, bytes, BLOCK_DEVICE);
}

cudaError_t cudaMallocManaged(void **p, size_t bytes, unsigned flags)
{
	return flags == cudaMemAttachGlobal ? allocate(p, bytes, BLOCK_MANAGED)
					    : sim_give(cudaErrorInvalidValue);
}

cudaError_t cudaFree(void *p)
{
	return release(p, 1u << BLOCK_DEVICE | 1u << BLOCK_MANAGED);
}

cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned flags)
{
	const unsigned known =
		cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;

	if (flags & ~known)
		return sim_give(cudaErrorInvalidValue);
	return allocate(p, bytes,
			flags & cudaHostAllocWriteCombined ? BLOCK_WRITE_COMBINED : BLOCK_PINNED);
}

cudaError_t cudaFreeHost(void *p)
{
	return release(p, 1u << BLOCK_PINNED | 1u << BLOCK_WRITE_COMBINED);
}

/* As a driver does, so that nobody can move them while they are registered. What the kernel refuses
 * (io_uring in some containers, a limit on locked memory) is left: then they can be moved. */
static void pin(struct block *b)
{
	b->held = (struct held){ .how = LOCK_IO_URING, .p = b->p, .bytes = b->bytes };
	b->pinned = held_take(&b->held, NULL) == 0;
}

/* Locks pages where they are, and lets those come that are not there yet, as the caller's own
 * touch would. */
static cudaError_t lock_pages(char *p, size_t bytes)
{
	struct block *b = room();

	for (const struct block *other = blocks; other < blocks + BLOCKS; other++)
		if (overlaps(other, p, bytes))
			return cudaErrorHostMemoryAlreadyRegistered;
	if (!b)
		return cudaErrorMemoryAllocation;
	for (size_t i = 0; i < bytes; i += (size_t)sysconf(_SC_PAGESIZE))
		__atomic_fetch_or(p + i, 0, __ATOMIC_RELAXED);
	*b = (struct block){
		.p = p, .bytes = bytes, .gpu = sim_current(), .kind = BLOCK_REGISTERED
	};
	pin(b);
	return cudaSuccess;
}

cudaError_t cudaHostRegister(void *p, size_t bytes, unsigned flags)
{
	uint64_t now = sim_enter();
	cudaError_t rc = sim_current() < 0 ? cudaErrorInvalidDevice : sim_reach(sim_current());

	if (!p || bytes == 0 ||
	    flags & ~(unsigned)(cudaHostRegisterPortable | cudaHostRegisterMapped))
		rc = cudaErrorInvalidValue;
	if (rc == cudaSuccess)
		rc = lock_pages(p, bytes);
	if (rc == cudaSuccess)
		now += pinning_ns(bytes);
	sim_leave(now);
	return sim_give(rc);
}

cudaError_t cudaHostUnregister(void *p)
{
	cudaError_t rc = release(p, 1u << BLOCK_REGISTERED);

	return rc == cudaErrorInvalidValue ? sim_give(cudaErrorHostMemoryNotRegistered) : rc;
}

/* With unified addresses, the host's own. */
cudaError_t cudaHostGetDevicePointer(void **device, void *host, unsigned flags)
{
	uint64_t now = sim_enter();
	const struct block *b = sim_block(host, 1);
	cudaError_t rc = sim_current() < 0 ? cudaErrorInvalidDevice : sim_reach(sim_current());

	if (flags || !b || b->kind == BLOCK_DEVICE || b->kind == BLOCK_MANAGED)
		rc = cudaErrorInvalidValue;
	*device = rc == cudaSuccess ? host : NULL;
	sim_leave(now);
	return sim_give(rc);
}

cudaError_t cudaMemGetInfo(size_t *left, size_t *all)
{
	uint64_t now = sim_enter();
	cudaError_t rc = sim_current() < 0 ? cudaErrorInvalidDevice : sim_reach(sim_current());

	if (rc == cudaSuccess) {
		*left = left_of(sim_current());
		*all = scenario()->gpus[sim_current()].memory;
	}
	sim_leave(now);
	return sim_give(rc);
}
