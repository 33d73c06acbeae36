/* simclock.h - the simulator's clock as cudart.c sets it.
 *
 * It runs with the real one, so that whatever is no simulated work is measured
 * as it is; a simulated operation takes the time that was planted and not what
 * the simulation of it took. So figures are exact on a busy machine, too.
 */
#ifndef NB_SIM_SIMCLOCK_H
#define NB_SIM_SIMCLOCK_H

#include <stdint.h>

uint64_t simclock_read(void);       /* ns */
void simclock_set(uint64_t now_ns); /* from here on it runs on */

#endif
