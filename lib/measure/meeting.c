/* meeting.c - counters in shared memory, and waits that end when the meeting is broken off. */
#include "measure/meeting.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure/clock.h"

/* Shared between processes, so what is in it must need no lock of one process. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_BOOL_LOCK_FREE == 2, "lock-free atomics");

/* Looks at what it waits for before it lets another process run: some microseconds.
 * Parties may be more than the CPUs there are. */
enum { LOOKS = 64 };

/* One pass of all parties through meeting_arrive or meeting_least. */
struct pass {
	atomic_uint come;
	_Atomic double least;
};

struct meeting {
	_Atomic uint32_t *flag; /* the page before this one; every fork has it at this address */
	size_t bytes;           /* of both pages */
	_Atomic uint32_t ticket;
	_Atomic uint64_t released; /* when the gate was: clock_shared */
	atomic_uint parties, reached;
	atomic_bool broken;
	/* Passes made. While some still read the least of one pass others may come to the
	 * next, never to the one after that: two in turn are enough. */
	atomic_uint passes;
	struct pass pass[2];
	_Atomic int at[MEETING_PARTIES];
};

struct meeting *meeting_make(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE),
	       rest = (sizeof(struct meeting) + page - 1) / page * page;
	char *p =
		mmap(NULL, page + rest, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct meeting *m;

	if (p == MAP_FAILED)
		return NULL;
	m = (struct meeting *)(void *)(p + page);
	m->flag = (_Atomic uint32_t *)(void *)p;
	m->bytes = page + rest;
	atomic_store_explicit(m->flag, 0, memory_order_relaxed); /* the page is there from now on */
	meeting_call(m, 1);
	return m;
}

void meeting_free(struct meeting *m)
{
	if (m)
		munmap((void *)m->flag, m->bytes);
}

static void begin_pass(struct pass *p)
{
	atomic_store_explicit(&p->come, 0, memory_order_relaxed);
	atomic_store_explicit(&p->least, INFINITY, memory_order_relaxed);
}

void meeting_call(struct meeting *m, unsigned parties)
{
	atomic_store_explicit(&m->parties, parties, memory_order_relaxed);
	atomic_store_explicit(&m->reached, 0, memory_order_relaxed);
	atomic_store_explicit(&m->passes, 0, memory_order_relaxed);
	begin_pass(&m->pass[0]);
	begin_pass(&m->pass[1]);
	for (size_t i = 0; i < MEETING_PARTIES; i++)
		atomic_store_explicit(&m->at[i], -1, memory_order_relaxed);
	meeting_next_ticket(m);
	/* The parties learn of it by their pipes; this makes it whole for them. */
	atomic_store_explicit(&m->broken, false, memory_order_release);
}

void meeting_break(struct meeting *m)
{
	atomic_store_explicit(&m->broken, true, memory_order_release);
	/* Nothing waits for ever, behind the gate neither: with a new ticket, for what did not see
	 * the last one written sees another. */
	meeting_next_ticket(m);
	meeting_release(m);
}

bool meeting_broken(const struct meeting *m)
{
	return atomic_load_explicit(&m->broken, memory_order_acquire);
}

uint32_t *meeting_flag(struct meeting *m)
{
	return (uint32_t *)m->flag;
}

uint32_t meeting_ticket(const struct meeting *m)
{
	return atomic_load_explicit(&m->ticket, memory_order_acquire);
}

uint32_t meeting_next_ticket(struct meeting *m)
{
	return atomic_fetch_add_explicit(&m->ticket, 1, memory_order_acq_rel) + 1;
}

void meeting_release(struct meeting *m)
{
	uint32_t ticket = meeting_ticket(m),
		 seen = atomic_load_explicit(m->flag, memory_order_relaxed);

	atomic_store_explicit(&m->released, clock_shared().ns, memory_order_release);
	/* Never back, when several release at once. Release: a GPU that sees the ticket sees what
	 * was written before it, too. */
	while ((int32_t)(ticket - seen) > 0 &&
	       !atomic_compare_exchange_weak_explicit(m->flag, &seen, ticket, memory_order_release,
						      memory_order_relaxed))
		;
}

double meeting_since_release(const struct meeting *m)
{
	struct instant then = { atomic_load_explicit(&m->released, memory_order_acquire) };

	return clock_span(then, clock_shared());
}

static void pause_briefly(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("yield");
#endif
}

static void lower(_Atomic double *least, double own)
{
	double seen = atomic_load_explicit(least, memory_order_relaxed);

	while (own < seen && !atomic_compare_exchange_weak_explicit(
				     least, &seen, own, memory_order_relaxed, memory_order_relaxed))
		;
}

/* Waits until all parties have come to this pass. What was completed is so for all of
 * them, also when the meeting is broken off a moment later. */
static int pass_together(struct meeting *m, double own, double *least, bool release)
{
	unsigned number = atomic_load_explicit(&m->passes, memory_order_acquire);
	struct pass *p = &m->pass[number % 2];

	if (meeting_broken(m))
		return -ECANCELED;
	lower(&p->least, own);
	/* Both ways: the last to come has seen all figures. */
	if (atomic_fetch_add_explicit(&p->come, 1, memory_order_acq_rel) + 1 ==
	    atomic_load_explicit(&m->parties, memory_order_relaxed)) {
		begin_pass(&m->pass[(number + 1) % 2]);
		if (release)
			meeting_release(m);
		atomic_store_explicit(&m->passes, number + 1, memory_order_release);
	}
	for (int looks = 0; atomic_load_explicit(&m->passes, memory_order_acquire) == number;) {
		if (meeting_broken(m))
			return -ECANCELED;
		if (++looks % LOOKS)
			pause_briefly();
		else
			sched_yield();
	}
	if (least)
		*least = atomic_load_explicit(&p->least, memory_order_relaxed);
	return 0;
}

int meeting_arrive(struct meeting *m)
{
	return pass_together(m, INFINITY, NULL, true);
}

void meeting_reached(struct meeting *m)
{
	atomic_fetch_add_explicit(&m->reached, 1, memory_order_acq_rel);
}

bool meeting_all_reached(const struct meeting *m)
{
	return meeting_broken(m) || atomic_load_explicit(&m->reached, memory_order_acquire) >=
					    atomic_load_explicit(&m->parties, memory_order_relaxed);
}

int meeting_least(struct meeting *m, double own, double *least)
{
	return pass_together(m, own, least, false);
}

void meeting_at(struct meeting *m, unsigned party, int gpu)
{
	if (party < MEETING_PARTIES)
		atomic_store_explicit(&m->at[party], gpu, memory_order_release);
}

int meeting_was_at(const struct meeting *m, unsigned party)
{
	return party < MEETING_PARTIES ? atomic_load_explicit(&m->at[party], memory_order_acquire)
				       : -1;
}
