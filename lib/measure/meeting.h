/* meeting.h - processes that begin together and end together.
 *
 * A page or two of memory that the session shares with all its workers. Of each
 * joint sample (session.h) every worker is one party: they arrive, the last one
 * releases the gate, each says when it has its quota, and at the end they agree
 * on the interval in which all of them ran.
 *
 * Nothing waits for ever: when the parent breaks a meeting off (a party died or
 * hangs), all that wait in it return -ECANCELED; a party that fails breaks it
 * off itself.
 */
#ifndef NB_MEASURE_MEETING_H
#define NB_MEASURE_MEETING_H

#include <stdbool.h>
#include <stdint.h>

struct meeting;

/* Parent, before the first fork. NULL: out of memory. */
struct meeting *meeting_make(void);
void meeting_free(struct meeting *m);

/* Parent: the next meeting has so many parties. A new ticket, nobody is there. */
void meeting_call(struct meeting *m, unsigned parties);
/* Anyone. Opens the gate, too, by a new ticket: what stands behind it would never be done. */
void meeting_break(struct meeting *m);
bool meeting_broken(const struct meeting *m);

/* The gate's flag (gpu.h), at the start of a page, and the ticket that opens it now. */
uint32_t *meeting_flag(struct meeting *m);
uint32_t meeting_ticket(const struct meeting *m);

/* A worker by itself, between meetings: a new ticket, which it releases itself. */
uint32_t meeting_next_ticket(struct meeting *m);
void meeting_release(struct meeting *m);

/* Seconds since the gate was last released, by whichever process. */
double meeting_since_release(const struct meeting *m);

/* Arrives, and waits until all have. The last to come releases the gate. -ECANCELED. Waiting
 * is looking again and again, and letting other processes run in between. */
int meeting_arrive(struct meeting *m);
/* This party has all it wanted (said once). Whether all parties have; true, too, when it
 * is broken. */
void meeting_reached(struct meeting *m);
bool meeting_all_reached(const struct meeting *m);
/* Gives this party's figure, waits for all, returns the least of them. -ECANCELED. Any
 * number of times in a meeting, by every party as often. */
int meeting_least(struct meeting *m, double own, double *least);

/* What a party is at work with (a GPU's number), for the parent to name when it hangs.
 * party: any small number that parent and worker agree on. */
enum { MEETING_PARTIES = 64 };
void meeting_at(struct meeting *m, unsigned party, int gpu);
int meeting_was_at(const struct meeting *m, unsigned party); /* -1: nothing */

#endif
