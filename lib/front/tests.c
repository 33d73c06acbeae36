#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "front/front.h"

const struct test tests[] = {
	{ .name = "mem-bandwidth",
	  .weight = 4,
	  .summary = "STREAM-style kernels, every CPU node x memory node" },
	{ .name = "mem-latency",
	  .weight = 3,
	  .summary = "a pointer chase, every CPU node x memory node" },
	{ .name = "gpu-bandwidth",
	  .weight = 5,
	  .needs_gpu = true,
	  .summary = "pinned and pageable copies, both ways, every node x GPU" },
	{ .name = "gpu-latency",
	  .weight = 2,
	  .needs_gpu = true,
	  .summary = "small copies as the host sees them, every node x GPU" },
};
const size_t ntests = sizeof tests / sizeof *tests;

static int find(const char *name, size_t length)
{
	for (size_t i = 0; i < ntests; i++)
		if (strlen(tests[i].name) == length && memcmp(tests[i].name, name, length) == 0)
			return (int)i;
	return -1;
}

int tests_parse(const char *list, struct idset *rows, struct err *e)
{
	*rows = (struct idset){ 0 };
	for (size_t i = 0; !list && i < ntests; i++)
		idset_add(rows, (int)i);
	for (const char *p = list; p;) {
		size_t length = strcspn(p, ",");
		int row = find(p, length);

		if (row < 0) {
			char known[200] = "";

			for (size_t i = 0, n = 0; i < ntests; i++)
				n += (size_t)snprintf(known + n, sizeof known - n, "%s%s",
						      i ? ", " : "", tests[i].name);
			return err_set(e, -EINVAL, "no test '%.*s'; there are %s", (int)length, p,
				       known);
		}
		idset_add(rows, row);
		p = p[length] ? p + length + 1 : NULL;
	}
	return 0;
}
