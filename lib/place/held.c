#include "place/held.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* io_uring takes at most 1 GiB a buffer, and kernels before 5.13 at most 1024 of them. */
enum { BUFFERS_MOST = 1024 };
#define BUFFER_BYTES ((size_t)1 << 30)

static int over_limit(size_t bytes, struct err *e)
{
	struct rlimit limit = { 0 };

	(void)getrlimit(RLIMIT_MEMLOCK, &limit);
	return err_set(e, -ENOTSUP,
		       "%zu bytes cannot be locked in memory: the limit here is %llu (ulimit -l)",
		       bytes, (unsigned long long)limit.rlim_cur);
}

/* ---- mlock ----
 *
 * By the system call: under AddressSanitizer the library's function does nothing. */

static int lock(struct held *h, struct err *e)
{
	if (syscall(SYS_mlock, h->p, h->bytes) < 0) {
		if (errno == ENOMEM || errno == EPERM || errno == EAGAIN)
			return over_limit(h->bytes, e);
		return err_set(e, -ENOTSUP, "memory cannot be locked (mlock): %s", strerror(errno));
	}
	h->locked = true;
	return 0;
}

static void unlock(struct held *h)
{
	if (h->locked)
		(void)syscall(SYS_munlock, h->p, h->bytes);
	h->locked = false;
}

/* ---- io_uring ---- */

static int ring_refused(int error, size_t bytes, struct err *e)
{
	if (error == ENOMEM)
		return over_limit(bytes, e);
	if (error == ENOSYS)
		return err_set(e, -ENOTSUP, "this kernel has no io_uring, or a filter hides it");
	if (error == EPERM || error == EACCES)
		return err_set(e, -ENOTSUP,
			       "io_uring is refused here, by a filter (seccomp) or by "
			       "kernel.io_uring_disabled");
	return err_set(e, -ENOTSUP, "memory cannot be registered with io_uring: %s",
		       strerror(error));
}

static int ring_register(struct held *h, struct err *e)
{
	struct io_uring_params params = { 0 };
	struct iovec piece[BUFFERS_MOST];
	unsigned n = 0;

	for (size_t done = 0; done < h->bytes && n < BUFFERS_MOST; done += piece[n++].iov_len) {
		size_t left = h->bytes - done;

		piece[n].iov_base = (char *)h->p + done;
		piece[n].iov_len = left < BUFFER_BYTES ? left : BUFFER_BYTES;
	}
	h->ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (h->ring < 0)
		return ring_refused(errno, h->bytes, e);
	if (syscall(SYS_io_uring_register, h->ring, IORING_REGISTER_BUFFERS, piece, n) < 0)
		return ring_refused(errno, h->bytes, e);
	return 0;
}

/* A ring that is only closed lets its buffers go at some later time. */
static void ring_unregister(struct held *h)
{
	if (h->ring < 0)
		return;
	(void)syscall(SYS_io_uring_register, h->ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
	close(h->ring);
	h->ring = -1;
}

/* ---- a GPU's driver ---- */

static int gpu_register(struct held *h, struct err *e)
{
	int rc;

	if (!h->gpu)
		return err_set(e, -ENOTSUP, "there is no GPU that CUDA can use");
	rc = gpu_open(&h->dev, h->gpu, e);
	if (rc == 0)
		rc = gpu_host_register(h->dev, h->p, h->bytes, e);
	h->registered = rc == 0;
	return rc;
}

static void gpu_unregister(struct held *h)
{
	if (h->registered)
		gpu_host_unregister(h->dev, h->p);
	gpu_close(h->dev);
	h->registered = false;
	h->dev = NULL;
}

/* ---- the table ---- */

static const struct way {
	int (*take)(struct held *h, struct err *e);
	void (*release)(struct held *h);
} ways[] = {
	[LOCK_MLOCK] = { lock, unlock },
	[LOCK_IO_URING] = { ring_register, ring_unregister },
	[LOCK_REGISTERED] = { gpu_register, gpu_unregister },
};

int held_take(struct held *h, struct err *e)
{
	int rc;

	h->ring = -1;
	h->dev = NULL;
	h->locked = h->registered = false;
	rc = ways[h->how].take(h, e);
	if (rc < 0)
		held_release(h);
	return rc;
}

void held_release(struct held *h)
{
	ways[h->how].release(h);
}
