/* shared.h - where the streams of all processes of a bench meet: what they share, and who
 * holds a GPU for itself. In memory that the bench's process maps before it forks.
 *
 * Of what the scenario lists under "shared", transfers made at the same time share the
 * bandwidth, max-min fair. At the same time are: streams that stood at one gate when it
 * opened; and host-timed copies of threads that were started for it, from a
 * thread's first copy to its end.
 */
#ifndef NB_SIM_SHARED_H
#define NB_SIM_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"

struct flow;

/* A stream's row; NULL: the scenario shares nothing. The others take NULL, too. */
struct flow *flow_open(void);
void flow_close(struct flow *f);
/* It stands at a gate: one of all processes that share the key, or of this one. */
void flow_gate(struct flow *f, const void *key, uint32_t ticket, bool of_all);
/* What it will transfer there: the first that is told counts. */
void flow_tell(struct flow *f, const struct sim_way *way, double alone);
/* Bytes per second, now that the gate is open. INFINITY: as alone. */
double flow_rate(struct flow *f);

/* The same for a host-timed copy. The first of a thread that is not the process's first waits for
 * those of others to come; without the lock. */
double flow_of_thread(const struct sim_way *way, double alone);
/* The calling thread makes such copies. */
bool flow_is_of_thread(void);

/* Takes a GPU for this process until it ends. False: another process has it. */
bool flow_hold(int gpu);

#endif
