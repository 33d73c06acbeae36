/* gpu_gate.c - gpu.h over the CUDA runtime: gates.
 *
 * Streams wait for the flag by themselves where the driver has cuStreamWaitValue32.
 * It has two forms. The one since CUDA 11.7 works wherever it is; the older one
 * only where the kernel module was loaded with NVreg_EnableStreamMemOPs=1, and the
 * attribute that told so means the older one alone. So no attribute is asked, but
 * tried: a wait for the value that the flag holds already.
 *
 * Otherwise one host function for each ticket waits in a stream of the gate's own,
 * and the others wait for the event behind it: host functions of several streams
 * may be called one after the other, so one for each would start them staggered.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <cuda.h>

#include "machine/gpu_parts.h"
#include "util/now.h"

typedef CUresult wait_value_fn(CUstream stream, CUdeviceptr at, cuuint32_t value, unsigned flags);

struct gpu_gate {
	struct gpu_dev *dev;
	uint32_t *flag;
	bool registered;
	wait_value_fn *wait_value; /* NULL: by a host function */
	struct gpu_stream *stream; /* the gate's own */
	/* Of host functions. */
	pthread_mutex_t lock; /* over what follows, up to the atomics */
	cudaEvent_t event;    /* behind the last one */
	bool any;             /* one was queued, for this ticket: */
	uint32_t ticket;
	atomic_uint inside;  /* those that run now */
	atomic_bool closing; /* let all through */
	atomic_bool gave_up;
};

/* ---- by the stream itself ---- */

/* NULL where this runtime or driver has none. */
static wait_value_fn *find_wait_value(void)
{
	void *found = NULL;
#if CUDART_VERSION >= 12000
	enum cudaDriverEntryPointQueryResult how = cudaDriverEntryPointSymbolNotFound;
#endif
#if CUDART_VERSION >= 12050
	cudaError_t rc = cudaGetDriverEntryPointByVersion("cuStreamWaitValue32", &found, 11070,
							  cudaEnableDefault, &how);
#elif CUDART_VERSION >= 12000
	cudaError_t rc =
		cudaGetDriverEntryPoint("cuStreamWaitValue32", &found, cudaEnableDefault, &how);
#elif CUDART_VERSION >= 11030
	cudaError_t rc = cudaGetDriverEntryPoint("cuStreamWaitValue32", &found, cudaEnableDefault);
#else
	cudaError_t rc = cudaErrorNotSupported;
#endif

	if (rc != cudaSuccess)
		(void)cudaGetLastError();
#if CUDART_VERSION >= 12000
	if (how != cudaDriverEntryPointSuccess)
		return NULL;
#endif
	return rc == cudaSuccess ? (wait_value_fn *)found : NULL;
}

/* The flag's address is asked for each time: it is the current device's own, and a thread that
 * never called CUDA has a context from then on. */
static int queue_wait(struct gpu_gate *g, struct gpu_stream *s, uint32_t ticket, struct err *e)
{
	void *at;
	int rc = gpu_host_address(gpu_stream_dev(s), g->flag, &at, e);

	if (rc < 0)
		return rc;
	/* The driver's numbers of errors are the runtime's, too. */
	return gpu_answer((int)g->wait_value(gpu_stream_native(s), (CUdeviceptr)(uintptr_t)at,
					     ticket, CU_STREAM_WAIT_VALUE_GEQ),
			  "cuStreamWaitValue32", e);
}

static uint32_t flag_now(const struct gpu_gate *g)
{
	return __atomic_load_n(g->flag, __ATOMIC_ACQUIRE);
}

/* Leaves wait_value NULL where streams cannot wait for the flag; no error but a lost device. */
static int try_wait_value(struct gpu_gate *g, struct err *e)
{
	int rc;

	g->wait_value = find_wait_value();
	if (!g->wait_value)
		return 0;
	rc = gpu_host_register(g->dev, g->flag, (size_t)sysconf(_SC_PAGESIZE), e);
	g->registered = rc == 0;
	if (rc == 0)
		rc = queue_wait(g, g->stream, flag_now(g), e);
	if (rc == 0)
		rc = gpu_stream_wait(g->stream, e);
	if (rc < 0)
		g->wait_value = NULL;
	return rc == -ENODEV ? rc : 0;
}

/* ---- by a host function ---- */

struct wait {
	struct gpu_gate *gate;
	uint32_t ticket;
};

static bool passed(const struct gpu_gate *g, uint32_t ticket)
{
	return (int32_t)(flag_now(g) - ticket) >= 0;
}

/* Runs on a thread of the driver's, where CUDA may not be called. Spins, but leaves the CPU now
 * and then to whoever is to release it: there may be only one. */
static void wait_on_host(void *arg)
{
	struct wait *w = arg;
	struct gpu_gate *g = w->gate;
	double end = seconds_now() + GPU_GATE_GIVES_UP_S;
	enum { SPINS = 1000 }; /* some microseconds of loads */

	atomic_fetch_add(&g->inside, 1);
	while (!passed(g, w->ticket) && !atomic_load(&g->closing)) {
		for (int i = 0; i < SPINS && !passed(g, w->ticket); i++)
			;
		if (passed(g, w->ticket))
			break;
		if (seconds_now() > end) {
			atomic_store(&g->gave_up, true);
			break;
		}
		sched_yield();
	}
	free(w);
	atomic_fetch_sub(&g->inside, 1);
}

/* The host function of this ticket, and the event behind it. With the lock. */
static int queue_host_function(struct gpu_gate *g, uint32_t ticket, struct err *e)
{
	cudaStream_t own = gpu_stream_native(g->stream);
	struct wait *w = malloc(sizeof *w);
	int rc;

	if (!w)
		return err_set(e, -ENOMEM, "out of memory");
	*w = (struct wait){ .gate = g, .ticket = ticket };
	rc = gpu_check(cudaLaunchHostFunc(own, wait_on_host, w), "cudaLaunchHostFunc", e);
	if (rc < 0) {
		free(w);
		return rc;
	}
	rc = gpu_check(cudaEventRecord(g->event, own), "cudaEventRecord", e);
	g->any = rc == 0;
	g->ticket = ticket;
	return rc;
}

static int queue_behind_host(struct gpu_gate *g, struct gpu_stream *s, uint32_t ticket,
			     struct err *e)
{
	int rc = gpu_gate_gave_up(g, e);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&g->lock);
	if (!g->any || g->ticket != ticket)
		rc = queue_host_function(g, ticket, e);
	if (rc == 0)
		rc = gpu_check(cudaStreamWaitEvent(gpu_stream_native(s), g->event, 0),
			       "cudaStreamWaitEvent", e);
	pthread_mutex_unlock(&g->lock);
	return rc;
}

/* ---- either ---- */

static int open_gate(struct gpu_gate **out, struct gpu_dev *d, uint32_t *flag, bool by_host,
		     struct err *e)
{
	struct gpu_gate *g = calloc(1, sizeof *g);
	int rc;

	*out = NULL;
	if (!g)
		return err_set(e, -ENOMEM, "out of memory");
	g->dev = d;
	g->flag = flag;
	pthread_mutex_init(&g->lock, NULL);
	rc = gpu_stream_open(&g->stream, d, e);
	if (rc == 0 && !by_host)
		rc = try_wait_value(g, e);
	if (rc == 0 && !g->wait_value)
		rc = gpu_check(cudaEventCreateWithFlags(&g->event, cudaEventDisableTiming),
			       "cudaEventCreateWithFlags", e);
	if (rc < 0) {
		gpu_gate_close(g);
		return err_within(e, rc, "a gate for GPU %s", d->pci);
	}
	*out = g;
	return 0;
}

int gpu_gate_open(struct gpu_gate **g, struct gpu_dev *d, uint32_t *flag, struct err *e)
{
	return open_gate(g, d, flag, false, e);
}

int gpu_gate_open_by_host(struct gpu_gate **g, struct gpu_dev *d, uint32_t *flag, struct err *e)
{
	return open_gate(g, d, flag, true, e);
}

void gpu_gate_close(struct gpu_gate *g)
{
	if (!g)
		return;
	atomic_store(&g->closing, true);
	/* After an error no more functions are called, but one may be running. */
	if (g->stream)
		(void)gpu_stream_wait(g->stream, NULL);
	while (atomic_load(&g->inside) > 0)
		sched_yield();
	gpu_stream_close(g->stream);
	if (g->event)
		(void)gpu_check(cudaEventDestroy(g->event), "cudaEventDestroy", NULL);
	if (g->registered)
		gpu_host_unregister(g->dev, g->flag);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

const char *gpu_gate_how(const struct gpu_gate *g)
{
	return g->wait_value ? "stream-wait" : "host-function";
}

int gpu_gate_gave_up(struct gpu_gate *g, struct err *e)
{
	if (!atomic_exchange(&g->gave_up, false))
		return 0;
	return err_set(e, -EIO, "the gate was not released within %d seconds", GPU_GATE_GIVES_UP_S);
}

int gpu_gate_queue(struct gpu_gate *g, struct gpu_stream *s, uint32_t ticket, struct err *e)
{
	return g->wait_value ? queue_wait(g, s, ticket, e) : queue_behind_host(g, s, ticket, e);
}
