/* json.c - the document as it is. */
#include "render/formats.h"

int format_json(const struct result *r, const struct render_options *o, FILE *out)
{
	(void)o;
	return result_print(r, out);
}
