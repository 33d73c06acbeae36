#include <errno.h>
#include <string.h>

#include "util/options.h"

static int answer(const struct command *c, int asked, FILE *out)
{
	errno = 0;
	if (asked == OPT_HELP)
		options_help(c, out);
	else if (asked == OPT_MAN)
		options_man(c, out);
	else if (asked == OPT_TABLE)
		options_table(c, out);
	else
		fprintf(out, "%s %s (%s)\n", c->name, NB_VERSION, NB_BUILD);
	/* The disk may turn out to be full only now. */
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

int options_start(const struct command *c, void *const *contexts, int argc, char **argv,
		  struct operands *rest, FILE *out, struct err *e)
{
	int asked = options_parse(c, contexts, argc, argv, rest, e), rc;

	if (asked > OPT_OK) {
		rc = answer(c, asked, out);
		return rc < 0 ? err_set(e, rc, "standard output: %s", strerror(-rc)) : asked;
	}
	if (asked == OPT_OK && rest->n > 0 && !c->takes_operands && !c->stop_at_operand)
		return err_set(e, -EINVAL, "unexpected operand '%s'; see --help", rest->v[0]);
	return asked;
}
