/* held.h - memory held where it is, in each of the ways that programs do it.
 *
 * mlock keeps pages in memory, and the kernel may still move them to another node. Who pins them
 * for as long as he likes (FOLL_LONGTERM in the kernel) forbids that too: io_uring's registered
 * buffers, and a GPU's driver. Such pages stay on their node until they are let go.
 */
#ifndef NB_PLACE_HELD_H
#define NB_PLACE_HELD_H

#include <stddef.h>

#include "machine/gpu.h"
#include "result/record.h"
#include "util/err.h"

struct held {
	/* What is asked for, filled by the caller. */
	enum page_lock how;
	void *p; /* whole pages, touched: what is not there yet is brought in, wherever it falls */
	size_t bytes;
	const char *gpu; /* PCI address of the GPU that registers it; of LOCK_REGISTERED */
	/* What came of it. */
	int ring;            /* io_uring's descriptor; -1 */
	struct gpu_dev *dev; /* NULL */
	bool locked, registered;
};

/* Holds it. -ENOTSUP where this machine does not let us, with the reason in e (no io_uring, a limit
 * on locked memory, no GPU); of a GPU, as gpu.h. LOCK_REGISTERED starts CUDA in this process. */
int held_take(struct held *h, struct err *e);
/* Lets it go; nothing for what was not held. */
void held_release(struct held *h);

#endif
