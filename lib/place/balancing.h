/* balancing.h - the kernel's automatic NUMA balancing, and its switch.
 *
 * kernel.numa_balancing is a setting of the whole machine. Who switches it on here has it switched
 * back whatever becomes of him: a guardian process, in a session of its own, waits for his end, be
 * it by SIGKILL, and writes back what was there. (Who ends all processes of a control group at once
 * ends the guardian too.)
 */
#ifndef NB_PLACE_BALANCING_H
#define NB_PLACE_BALANCING_H

#include <stdbool.h>
#include <sys/types.h>

#include "machine/sysroot.h"
#include "util/err.h"
#include "util/known.h"

/* What kernel.numa_balancing holds; unknown where the kernel cannot balance. */
struct known balancing_mode(const struct sysroot *r);
/* Whether pages go to the threads that use them (of the modes 0 off, 1 on, 2 tiers of memory only,
 * 3 both: admin-guide/sysctl/kernel.rst). */
bool balancing_is_on(const struct known *mode);

/* All zero: nothing was switched. */
struct balancing {
	pid_t guardian;
	int line; /* to it; its end tells it that we are gone */
	int file; /* of the setting, and what it held: the guardian may be killed itself */
	long before;
};

/* Switches it on; nothing happens where it is. -ENOTSUP where the kernel cannot balance, -EACCES
 * where we may not switch, -EBUSY where another run has switched it, with e. */
int balancing_switch_on(struct balancing *b, const struct sysroot *r, struct err *e);
/* Back to what it was, unless somebody else has set it meanwhile. -EIO with e where that
 * failed. */
int balancing_switch_back(struct balancing *b, struct err *e);

#endif
