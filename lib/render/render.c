/* render.c - the formats there are. */
#include <string.h>

#include "render/formats.h"
#include "render/render.h"

const struct format formats[] = {
	{ .name = "text", .help = "a report for a person", .write = format_text },
	{ .name = "json", .help = "the result document itself", .write = format_json },
	{ .name = NULL },
};

const struct format *format_find(const char *name)
{
	for (const struct format *f = formats; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}
