/* streams.h - streams, and what is queued in them.
 *
 * Time is that of discrete events: a stream has an instant at which all that it has
 * begun will have ended. Queued work is looked at when somebody queues, asks or
 * waits: what stands at a gate that is closed is not begun, and what stands
 * behind it has no time yet.
 *
 * Transfers move their data when they are queued (copies.c) and take their time when
 * the stream comes to them. Under the lock of cudart.h.
 */
#ifndef NB_SIM_STREAMS_H
#define NB_SIM_STREAMS_H

#include <pthread.h>
#include <stdatomic.h>

#include "cudart.h"

/* A launch queue holds about a thousand; behind a closed gate more of them never come to run. */
enum { QUEUE_MOST = 1000 };

/* The runtime's cudaStream_t and cudaEvent_t point to these. */
typedef struct CUstream_st stream;
typedef struct CUevent_st event;

/* One transfer, and what is planted for it. */
struct transfer {
	struct sim_way way;
	void *dst;
	const void *src;
	size_t bytes;
	bool prefetch;    /* nothing moves, and nothing is to be done where it was just done */
	double bandwidth; /* alone */
	double start, latency;
	bool again; /* a prefetch to where it is */
};

struct gate {
	const uint32_t *flag; /* NULL: the event's */
	uint32_t ticket;
	event *event;
	unsigned turn;  /* of the event's recording */
	bool open;      /* seen */
	unsigned clock; /* of the thread that saw it: */
	uint64_t open_ns;
};

struct host_call {
	cudaHostFn_t fn;
	void *data;
	pthread_t thread;
	bool started;
	atomic_bool ended;
};

struct entry;
/* The stream has come to it. False: it stands there until it is asked again. */
typedef bool entry_fn(stream *st, struct entry *en);

struct entry {
	entry_fn *run;
	void (*drop)(struct entry *en); /* where the stream is destroyed first; may be NULL */
	uint64_t queued_ns;             /* it begins no sooner */
	union {
		struct transfer transfer;
		struct gate gate;
		struct host_call *call;
		struct {
			double seconds, latency;
		} kernel;
		struct {
			event *event;
			unsigned turn;
		} mark;
	};
};

struct CUstream_st {
	int gpu;
	unsigned clock;      /* whose times these are (simclock_number) */
	uint64_t end_ns;     /* when all that has begun has ended */
	uint64_t latency_ns; /* of the last piece of work, for whoever waits for the stream */
	uint64_t random;     /* the state of the noise */
	double share;        /* bytes per second that others leave it; INFINITY alone */
	unsigned at_once;    /* streams of the process that began with it */
	struct flow *flow;   /* its row where transfers meet, or NULL (shared.h) */
	bool hung;
	struct transfer last; /* the newest transfer, until somebody waits */
	stream *next;         /* of all */
	size_t first, n;
	struct entry queue[QUEUE_MOST];
};

struct CUevent_st {
	int gpu;        /* current when it was made */
	bool timed;     /* has an instant */
	stream *in;     /* where it was recorded last and is not come to; NULL: it is */
	unsigned turn;  /* counts its recordings, */
	unsigned done;  /* of which so many were come to */
	unsigned users; /* whoever made it, and entries of streams */
	unsigned clock; /* whose time this is: */
	uint64_t at_ns;
};

/* All streams of the process. */
stream *sim_streams(void);

/* Puts an entry at the end, and lets the stream go on. Needs run and what is run's own. */
void sim_queue(stream *st, struct entry en);
/* Lets the stream go on as far as it can. True: it has come to its end. */
bool sim_go_on(stream *st);
/* Begins `seconds` of work, no sooner than the entry was queued. */
void sim_work(stream *st, const struct entry *en, double seconds, double latency);
/* 1, give or take the scenario's noise. */
double sim_factor(stream *st);
/* One user of an event more, or less; the last one frees it. */
void sim_keep_event(event *ev);
void sim_drop_event(event *ev);

/* Finds out what a transfer takes and moves the data; then queues it. t has way.gpu, peer,
 * peer_access, direction and memory, the addresses and bytes. Takes the lock itself; returns when
 * the runtime's call would, having set the clock. */
cudaError_t sim_transfer(stream *st, struct transfer t);

/* What the scenario plants for a way: of several rules that fit the last one counts for each
 * figure. */
struct sim_plant sim_planted(const struct sim_way *way, size_t bytes);
bool sim_fits(const struct sim_way *rule, const struct sim_way *way);

#endif
