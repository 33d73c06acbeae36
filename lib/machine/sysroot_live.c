#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "machine/sysroot.h"

/* Alone in its file: the simulator links another body. */
int sysroot_open_live(struct sysroot *r, struct err *e)
{
	*r = (struct sysroot){ .fd = -1, .overlay = -1, .live = true, .path = "/" };
	r->fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0)
		return err_set(e, -errno, "/: %s", strerror(errno));
	return 0;
}
