/* services.h - which programs run, by name. */
#ifndef NB_MACHINE_SERVICES_H
#define NB_MACHINE_SERVICES_H

#include <stddef.h>

#include "machine/sysroot.h"
#include "util/known.h"

/* How many processes have this name (/proc/PID/comm, which the kernel cuts to 15 letters);
 * unknown where no other process is to be seen: a recorded machine, a container. */
struct known services_running(const struct sysroot *r, const char *name);

#endif
