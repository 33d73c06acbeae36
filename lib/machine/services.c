#include "machine/services.h"

#include <string.h>

#include "machine/parts.h"

enum { COMM_LENGTH = 15 };

/* A pid may be above what an idset holds, hence no numbered_entries. */
struct known services_running(const struct sysroot *r, const char *name)
{
	DIR *d = sysroot_dir(r, "proc");
	struct dirent *de;
	long long found = 0;
	bool kernel = false;
	char comm[64];

	while (d && (de = readdir(d))) {
		if (de->d_name[strspn(de->d_name, "0123456789")] ||
		    sysroot_text(r, comm, sizeof(comm), "proc/%.20s/comm", de->d_name) <= 0)
			continue;
		kernel |= strcmp(comm, "kthreadd") == 0;
		found += strncmp(comm, name, COMM_LENGTH) == 0;
	}
	if (d)
		closedir(d);
	if (!found && !kernel)
		return UNKNOWN("the machine's processes cannot be seen from here");
	return KNOWN(found);
}
