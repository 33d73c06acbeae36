#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "machine/sysroot.h"

/* The folder that the running program lies in. */
static int own_folder(char *self, size_t size, struct err *e)
{
	struct sysroot root;
	char *slash;
	int rc = sysroot_open_live(&root, e);

	if (rc < 0)
		return rc;
	rc = sysroot_link(&root, self, size, "proc/self/exe");
	sysroot_close(&root);
	if (rc < 0)
		return err_set(e, rc, "this program cannot find itself: %s", strerror(-rc));
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	return 0;
}

/* The first of the folders beside our own that has it. */
static bool find_beside(char *path, size_t size, const char *self, const char *const *folders,
			const char *name, int mode)
{
	for (size_t i = 0; folders[i]; i++) {
		int n = snprintf(path, size, "%s%s%s", self, folders[i], name);

		if (n > 0 && (size_t)n < size && access(path, mode) == 0)
			return true;
	}
	return false;
}

/* bin/numabench -> libexec/numabench/NAME; libexec/numabench/x -> its neighbour. */
int program_path(char *path, size_t size, const char *name, struct err *e)
{
	static const char *const from_here[] = { "/../libexec/numabench/", "/", NULL };
	char self[4096];
	int rc = own_folder(self, sizeof self, e);

	if (rc < 0 || find_beside(path, size, self, from_here, name, X_OK))
		return rc;
	return err_set(e, -ENOENT, "there is no '%s' beside %s; see --help", name, self);
}

/* From bin/, from libexec/numabench/, and from where the simulator's lies in a build folder. */
int data_path(char *path, size_t size, const char *name, struct err *e)
{
	static const char *const from_here[] = { "/../share/numabench/", "/../../share/numabench/",
						 "/../../../share/numabench/", NULL };
	char self[4096];
	int rc = own_folder(self, sizeof self, e);

	if (rc < 0 || find_beside(path, size, self, from_here, name, R_OK))
		return rc;
	return err_set(e, -ENOENT, "there is no share/numabench/%s beside %s", name, self);
}
