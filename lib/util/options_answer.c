#include <errno.h>

#include "util/options.h"

int options_answer(const struct command *c, int asked, FILE *out)
{
	if (asked == OPT_HELP)
		options_help(c, out);
	else if (asked == OPT_MAN)
		options_man(c, out);
	else
		fprintf(out, "%s %s (%s)\n", c->name, NB_VERSION, NB_BUILD);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
