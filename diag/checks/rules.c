#include "rules.h"

#include <fnmatch.h>

#include "check.h"
#include "result/rules.h"

/* Findings that are none of the table's: of a run's records. */
static const char *const other_ids[] = { "gpu.count", "run.cells", "run.load" };

static bool is_known(const char *pattern)
{
	for (size_t i = 0; i < sizeof other_ids / sizeof *other_ids; i++)
		if (fnmatch(pattern, other_ids[i], 0) == 0)
			return true;
	for (size_t f = 0; f < nfamilies; f++)
		for (const struct check *row = families[f].rows; row->id; row++)
			if (fnmatch(pattern, row->id, 0) == 0)
				return true;
	return false;
}

int check_rules(const char *path, struct result *res, size_t *silenced, struct err *e)
{
	json_t *list;
	int rc = rules_read(&list, path, is_known, e);

	*silenced = rc == 0 ? rules_apply(list, res, false) : 0;
	json_decref(list);
	return rc;
}
