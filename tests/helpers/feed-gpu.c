/* feed-gpu.c - a program that feeds the first GPU that it sees, as users' programs do: nobody tells
 * it where to run or to allocate. For tests of `numabench bind` and `try`.
 *
 *     feed-gpu [COPIES]
 *
 * Its thread stays on the first CPU that it may use (so that unbound it is no matter of chance
 * where it runs), its buffer is pageable and lies where first touch or policy puts it. Prints the
 * rate of its copies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/gpu.h"
#include "measure/clock.h"
#include "place/threads.h"

enum { BYTES = 4 << 20, COPIES = 8 };

static int feed(const char *pci, int copies, struct err *e)
{
	struct gpu_transfer copy = { .queue = gpu_queue_copy, .dir = GPU_H2D, .bytes = BYTES };
	struct gpu_stream *stream = NULL;
	struct gpu_dev *gpu = NULL;
	struct instant began;
	int rc = gpu_open(&gpu, pci, e);

	copy.host = aligned_alloc(4096, BYTES);
	if (rc == 0 && !copy.host)
		rc = err_set(e, -1, "out of memory");
	if (rc == 0)
		rc = gpu_stream_open(&stream, gpu, e);
	if (rc == 0)
		rc = gpu_alloc(gpu, &copy.device, BYTES, e);
	if (rc == 0)
		memset(copy.host, 0x5a, BYTES);
	began = clock_now();
	for (int i = 0; i < copies && rc == 0; i++)
		rc = gpu_do(stream, &copy, e);
	if (rc == 0)
		printf("rate: %.3f GB/s\n",
		       (double)copies * BYTES / clock_span(began, clock_now()) / 1e9);
	gpu_stream_close(stream);
	gpu_close(gpu);
	free(copy.host);
	return rc;
}

int main(int argc, char **argv)
{
	int copies = argc > 1 ? atoi(argv[1]) : COPIES;
	struct idset cpus, first = { { 0 } };
	struct gpu_facts gpu;
	struct err e = { "" };
	size_t n = 0;
	int rc = thread_cpus(&cpus, &e);

	idset_add(&first, idset_next(&cpus, -1));
	if (rc == 0)
		rc = thread_bind(&first, &e);
	if (rc == 0)
		rc = gpu_enumerate(&gpu, 1, &n, &e);
	if (rc == 0 && !n)
		rc = err_set(&e, -1, "no GPU is visible");
	if (rc == 0)
		rc = feed(gpu.pci, copies, &e);
	if (rc < 0)
		fprintf(stderr, "feed-gpu: %s\n", e.text);
	return rc < 0;
}
