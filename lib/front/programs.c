#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "machine/sysroot.h"

/* bin/numabench -> libexec/numabench/NAME; libexec/numabench/x -> its neighbour. */
int program_path(char *path, size_t size, const char *name, struct err *e)
{
	static const char *const from_here[] = { "/../libexec/numabench/", "/" };
	struct sysroot root;
	char self[4096];
	char *slash;
	int rc = sysroot_open_live(&root, e);

	if (rc < 0)
		return rc;
	rc = sysroot_link(&root, self, sizeof self, "proc/self/exe");
	sysroot_close(&root);
	if (rc < 0)
		return err_set(e, rc, "this program cannot find itself: %s", strerror(-rc));
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof from_here / sizeof *from_here; i++) {
		int n = snprintf(path, size, "%s%s%s", self, from_here[i], name);

		if (n > 0 && (size_t)n < size && access(path, X_OK) == 0)
			return 0;
	}
	return err_set(e, -ENOENT, "there is no '%s' beside %s; see --help", name, self);
}
