/* simclock.h - the simulator's clock as the doubles of the runtime set it.
 *
 * It runs with the real one, so that whatever is no simulated work is measured
 * as it is; a simulated operation takes the time that was planted and not what
 * the simulation of it took. So figures are exact on a busy machine, too: while a
 * thread has simulated work under way, and between a look at the clock and a call of
 * the runtime, it advances by little, for the thread may have been kept from running.
 *
 * Each thread has its own, which is the real one when the thread begins: only
 * spans that one thread takes mean something. In a scenario with "realtime" it
 * is the real one for all, and whoever sets it waits.
 */
#ifndef NB_SIM_SIMCLOCK_H
#define NB_SIM_SIMCLOCK_H

#include <stdbool.h>
#include <stdint.h>

uint64_t simclock_read(void); /* ns */
/* The same for a call of the runtime. A thread that was started to copy began to do so when it
 * looked at the clock before. */
uint64_t simclock_call(void);
uint64_t simclock_last(void);       /* what it read last, or was set to */
void simclock_set(uint64_t now_ns); /* from here on it runs on */

/* The calling thread's simulated work: some that cannot begin yet, the rest ends then. */
void simclock_work(bool held, uint64_t until_ns);

/* sched_yield, which is the program's alone here. */
void simclock_yield(void);

/* A number for each clock: that of the calling thread, 0 for all in real time. */
unsigned simclock_number(void);

#endif
