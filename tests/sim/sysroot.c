/* sysroot.c - the simulator's body of sysroot_open_live: the running system, with
 * the scenario's files over it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "machine/sysroot.h"
#include "scenario.h"

int sysroot_open_live(struct sysroot *r, struct err *e)
{
	const char *overlay = scenario()->overlay;

	*r = (struct sysroot){
		.fd = -1, .overlay = -1, .live = true, .simulated = true, .path = "/"
	};
	if (overlay[0]) {
		r->overlay = open(overlay, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (r->overlay < 0)
			return err_set(e, -errno, "overlay %s: %s", overlay, strerror(errno));
	}
	r->fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0) {
		int rc = -errno;

		sysroot_close(r);
		return err_set(e, rc, "/: %s", strerror(-rc));
	}
	return 0;
}
