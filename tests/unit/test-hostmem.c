/* Host memory of every kind: what a caller is told of it, and why there is none. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/sysroot.h"
#include "place/hostmem.h"
#include "place/threads.h"
#include "tree.h"

enum { MIB = 1 << 20 };

/* A folder that is laid over the running system's files; "" for none. */
static char overlay[64];

/* In place of the library's own (sysroot_live.c). */
int sysroot_open_live(struct sysroot *r, struct err *e)
{
	*r = (struct sysroot){ .fd = -1, .overlay = -1, .live = true, .path = "/" };
	r->fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (overlay[0])
		r->overlay = open(overlay, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r->fd < 0 ? err_set(e, -errno, "/") : 0;
}

/* The node that this runs on, and stays on. */
static int here(void)
{
	struct idset cpu = { { 0 } };
	unsigned node = 0;

	idset_add(&cpu, sched_getcpu());
	assert_int_equal(thread_bind(&cpu, NULL), 0);
	getcpu(NULL, &node);
	return (int)node;
}

static struct hostmem wanted(enum memory_kind kind, enum page_kind pages, size_t bytes)
{
	static const struct machine nothing_known = { .live = true };

	return (struct hostmem){
		.kind = kind,
		.bytes = bytes,
		.want = { .machine = &nothing_known, .node = here(), .pages = pages },
	};
}

static int some_kernel(struct gpu_stream *s, const struct gpu_transfer *t, struct err *e)
{
	(void)s;
	(void)t;
	(void)e;
	return 0;
}

static void test_rows(void **state)
{
	static const struct {
		enum memory_kind kind;
		bool device_timed, own_pages, host_readable;
		gpu_queue_fn *queue; /* NULL: a kernel's */
	} rows[] = {
		{ MEM_PINNED, true, false, true, gpu_queue_copy },
		{ MEM_REGISTERED, true, true, true, gpu_queue_copy },
		{ MEM_PAGEABLE, false, true, true, gpu_queue_copy },
		{ MEM_WRITE_COMBINED, true, false, false, gpu_queue_copy },
		{ MEM_MANAGED, false, false, true, gpu_queue_prefetch },
		{ MEM_MAPPED, true, false, true, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct hostmem_kind *k = hostmem_kind(rows[i].kind);
		char at_host, at_device, device;
		struct hostmem h = wanted(rows[i].kind, PAGES_4K, 64);
		struct gpu_transfer t;

		assert_non_null(k);
		assert_int_equal(k->kind, rows[i].kind);
		assert_int_equal(k->device_timed, rows[i].device_timed);
		assert_int_equal(k->own_pages, rows[i].own_pages);
		assert_int_equal(k->host_readable, rows[i].host_readable);
		assert_true(k->queue == rows[i].queue);
		/* Only a kernel needs the GPU's own address of it. */
		h.p = &at_host;
		h.device_p = &at_device;
		h.kernel = some_kernel;
		t = hostmem_transfer(&h, &device, GPU_D2H, 48);
		assert_true(t.queue == (rows[i].queue ? rows[i].queue : some_kernel));
		assert_ptr_equal(t.host, rows[i].queue ? &at_host : &at_device);
		assert_ptr_equal(t.device, &device);
		assert_int_equal(t.dir, GPU_D2H);
		assert_int_equal(t.bytes, 48);
		assert_int_equal(t.node, h.want.node);
	}
	assert_null(hostmem_kind((enum memory_kind)100));
}

static void test_pageable_is_placed_and_proven(void **state)
{
	static const enum page_kind kinds[] = { PAGES_4K, PAGES_THP };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct hostmem h = wanted(MEM_PAGEABLE, kinds[i], 8 * MIB - 100);
		struct placement p = { .requested = h.want.node };
		struct err e = { "" };
		int rc = hostmem_alloc(&h, &e);

		if (rc == -ENOTSUP && kinds[i] == PAGES_THP) {
			assert_non_null(strstr(e.text, "huge pages"));
			continue; /* a kernel without them */
		}
		assert_int_equal(rc, 0);
		assert_int_equal(h.pages, kinds[i]);
		assert_null(h.device_p);
		assert_int_equal(((char *)h.p)[0], MEMORY_TOUCH);
		assert_int_equal(((char *)h.p)[h.bytes - 1], MEMORY_TOUCH);
		assert_int_equal(hostmem_prove(&h, &p, &e), 0);
		assert_true(placement_holds(&p));
		placement_release(&p);
		hostmem_free(&h);
		assert_null(h.p);
		hostmem_free(&h);
	}
}

/* Pages that were asked for and did not come: the reason, as `says`. */
static int refused(enum page_kind pages, const char *says)
{
	struct hostmem h = wanted(MEM_PAGEABLE, pages, 8 * MIB);
	struct err e = { "" };
	int rc = hostmem_alloc(&h, &e);

	if (rc == -ENOTSUP && strstr(e.text, says) && !h.p && !h.own.base)
		return 0;
	print_error("%d, '%s' does not say '%s'\n", rc, e.text, says);
	return 1;
}

static void test_pages_that_did_not_come(void **state)
{
	static const struct {
		enum page_kind pages;
		const char *file, *text, *says;
	} rows[] = {
		{ PAGES_THP, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]",
		  "switched off" },
		{ PAGES_THP, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never",
		  "ordinary pages where thp pages" },
		{ PAGES_HUGETLB,
		  "sys/devices/system/node/node%d/hugepages/hugepages-2048kB/free_hugepages", "3",
		  "3 free huge pages of 2 MiB, 4 are needed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tree t;
		char path[200];
		int status;
		pid_t pid;

		tree_new(&t);
		snprintf(path, sizeof path, rows[i].file, here());
		tree_file(&t, path, rows[i].text);
		pid = fork();
		if (pid == 0) {
			snprintf(overlay, sizeof overlay, "%s", t.path);
			/* This process gets none, whatever the kernel's mode. */
			if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0)
				_exit(2);
			_exit(refused(rows[i].pages, rows[i].says));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		tree_remove(&t);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void test_mapped_needs_kernels(void **state)
{
	struct hostmem h = wanted(MEM_MAPPED, PAGES_4K, MIB);
	struct err e;

	(void)state;
	assert_int_equal(hostmem_alloc(&h, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "nvcc"));
	assert_null(h.p);
}

static void test_no_such_node(void **state)
{
	struct hostmem h = wanted(MEM_PAGEABLE, PAGES_4K, MIB);
	struct err e;

	(void)state;
	h.want.node = IDSET_MAX - 1;
	assert_int_equal(hostmem_alloc(&h, &e), -EINVAL);
	assert_null(h.p);
	hostmem_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_pageable_is_placed_and_proven),
		cmocka_unit_test(test_pages_that_did_not_come),
		cmocka_unit_test(test_mapped_needs_kernels),
		cmocka_unit_test(test_no_such_node),
	};

	return cmocka_run_group_tests_name("hostmem", tests, NULL, NULL);
}
