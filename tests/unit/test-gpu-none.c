/* A build without CUDA, and one without nvcc: every function is there, and says why it can do
 * nothing. Both files take the place of the library's own here, whatever this build has. */
#include "unit.h"

#include <errno.h>
#include <string.h>

/* clang-format off */
#include "machine/gpu_none.c"
#include "kernels/gpu_kernels_none.c"
/* clang-format on */
#include "place/hostmem.h"

static struct err said;

/* -ENOSYS, or -ENOTSUP of a kernel, with its reason; which is then forgotten. */
static void assert_answer(int rc, int code, const char *says)
{
	assert_int_equal(rc, code);
	if (!strstr(said.text, says))
		fail_msg("'%s' does not say '%s'", said.text, says);
	said.text[0] = '\0';
}
#define ASSERT_NO_CUDA(call)    assert_answer(call, -ENOSYS, "built without CUDA")
#define ASSERT_NO_KERNELS(call) assert_answer(call, -ENOTSUP, "nvcc was not found")

static void test_devices_and_memory(void **state)
{
	void *p = &said, *q = &said;
	struct gpu_dev *d = (struct gpu_dev *)&said;
	uint64_t left = 1, all = 1;
	size_t n = 1;

	(void)state;
	assert_int_equal(gpu_runtime_version(), 0);
	assert_int_equal(gpu_driver_version(), 0);
	ASSERT_NO_CUDA(gpu_enumerate(NULL, 0, &n, &said));
	assert_int_equal(n, 0);
	ASSERT_NO_CUDA(gpu_open(&d, "0000:17:00.0", &said));
	assert_null(d);
	ASSERT_NO_CUDA(gpu_memory_left(d, &left, &all, &said));
	assert_int_equal(left + all, 0);
	assert_int_equal(gpu_cache_bytes(d), 0);
	assert_int_equal(gpu_processors(d), 1);
	ASSERT_NO_CUDA(gpu_alloc(d, &p, 1, &said));
	ASSERT_NO_CUDA(gpu_host_alloc(d, GPU_HOST_PINNED, &q, 1, &said));
	assert_true(!p && !q);
	ASSERT_NO_CUDA(gpu_host_register(d, &n, sizeof n, &said));
	ASSERT_NO_CUDA(gpu_host_address(d, &n, &p, &said));
	ASSERT_NO_CUDA(gpu_managed_alloc(d, &p, 1, &said));
	ASSERT_NO_CUDA(gpu_peer_access(d, d, true, &said));
	gpu_free(d, NULL);
	gpu_host_free(d, NULL);
	gpu_host_unregister(d, NULL);
	gpu_managed_free(d, NULL);
	gpu_close(d);
}

static void test_streams_and_gates(void **state)
{
	struct gpu_stream *s = (struct gpu_stream *)&said;
	struct gpu_gate *g = (struct gpu_gate *)&said;
	const struct gpu_transfer t = { .queue = gpu_queue_copy };
	double seconds = 1;
	bool reached = true;
	uint32_t flag = 0;

	(void)state;
	ASSERT_NO_CUDA(gpu_stream_open(&s, NULL, &said));
	assert_null(s);
	assert_null(gpu_stream_dev(s));
	assert_null(gpu_stream_native(s));
	ASSERT_NO_CUDA(gpu_stream_current(s, &said));
	ASSERT_NO_CUDA(gpu_queue_copy(s, &t, &said));
	ASSERT_NO_CUDA(gpu_queue_prefetch(s, &t, &said));
	ASSERT_NO_CUDA(gpu_queue_peer(s, &t, &said));
	ASSERT_NO_CUDA(gpu_do(s, &t, &said));
	ASSERT_NO_CUDA(gpu_queue_mark(s, 0, &said));
	ASSERT_NO_CUDA(gpu_mark_reached(s, 0, &reached, &said));
	ASSERT_NO_CUDA(gpu_mark_span(s, 0, 1, &seconds, &said));
	assert_true(!reached && seconds == 0);
	ASSERT_NO_CUDA(gpu_stream_wait(s, &said));
	ASSERT_NO_CUDA(gpu_answer(0, "nothing", &said));
	gpu_stream_close(s);
	ASSERT_NO_CUDA(gpu_gate_open(&g, NULL, &flag, &said));
	assert_null(g);
	ASSERT_NO_CUDA(gpu_gate_open_by_host(&g, NULL, &flag, &said));
	assert_string_equal(gpu_gate_how(g), "none");
	ASSERT_NO_CUDA(gpu_gate_queue(g, s, 1, &said));
	ASSERT_NO_CUDA(gpu_gate_gave_up(g, &said));
	gpu_gate_close(g);
}

static void test_kernels(void **state)
{
	const struct gpu_transfer t = { .queue = gpu_queue_kernel_copy };

	(void)state;
	assert_false(gpu_kernels_built());
	ASSERT_NO_KERNELS(gpu_queue_kernel_copy(NULL, &t, &said));
	ASSERT_NO_KERNELS(gpu_queue_nothing(NULL, &said));
	ASSERT_NO_KERNELS(gpu_queue_chase(NULL, NULL, 2, 1, NULL, NULL, &said));
}

/* Host memory that a GPU must know: the reason comes through, and nothing is left behind. */
static void test_host_memory(void **state)
{
	static const enum memory_kind kinds[] = { MEM_PINNED, MEM_REGISTERED, MEM_WRITE_COMBINED,
						  MEM_MANAGED, MEM_MAPPED };
	const struct machine machine = { .live = true };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct hostmem h = { .kind = kinds[i],
				     .bytes = 4096,
				     .want = { .machine = &machine, .node = 0 },
				     .kernel = gpu_queue_kernel_copy };

		ASSERT_NO_CUDA(hostmem_alloc(&h, &said));
		assert_true(!h.p && !h.device_p && !h.own.base);
		hostmem_free(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices_and_memory),
		cmocka_unit_test(test_streams_and_gates),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_host_memory),
	};

	return cmocka_run_group_tests_name("gpu-none", tests, NULL, NULL);
}
