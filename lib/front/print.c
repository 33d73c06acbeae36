#include "front/print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int print_notation(const struct notation **t, const char *name, struct err *e)
{
	char all[400] = "";
	size_t used = 0;

	*t = notation_find(name);
	if (*t)
		return 0;
	for (size_t i = 0; i < nnotations && used < sizeof all; i++)
		used += (size_t)snprintf(all + used, sizeof all - used, ", %s", notations[i].name);
	return err_set(e, -EINVAL, "option '--print %.40s': it is one of list%s", name, all);
}

static int make(struct binding **all, size_t *n, const struct print_order *o,
		struct binding_want *want, struct err *e)
{
	bool every = strcmp(o->gpus, "all") == 0;
	int rc = machine_parse_gpus(o->m, every ? NULL : o->gpus, &want->gpus, e);

	want->among = choice_among(o->choice, o->m);
	if (rc == 0)
		rc = bindings_make(all, n, o->m, o->choice->recommended, o->choice->n,
				   o->choice->measured, want, e);
	if (rc == 0 && *n == 0) {
		free(*all);
		rc = err_set(e, -ENODEV, "this machine has no GPU");
	}
	return rc;
}

int print_bindings(const struct print_order *o, FILE *out, FILE *remarks, const char *by,
		   struct err *e)
{
	struct launch l = { .machine = o->m,
			    .bindings = o->one,
			    .n = 1,
			    .command = o->command,
			    .recommended = o->choice->recommended,
			    .nrecommended = o->choice->n,
			    .measured = o->choice->measured,
			    .from = o->from,
			    .want = o->want,
			    .visible = o->one ? o->visible : NULL };
	struct binding *made = NULL;
	char prefix[64];
	int rc = 0;

	snprintf(prefix, sizeof prefix, "%s: ", by);
	if (!o->one)
		rc = make(&made, &l.n, o, &l.want, e);
	if (rc < 0)
		return rc;
	if (made)
		l.bindings = made;
	rc = notation_write(o->notation, out, &l, e);
	if (rc == 0)
		launch_remarks(remarks, o->notation, &l, prefix);
	free(made);
	return rc;
}
