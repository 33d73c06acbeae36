#include "render/steps.h"

#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"
#include "util/wrap.h"

enum { TEXT_ROOM = 2000 };

static void put_command(FILE *out, const char *command, int indent)
{
	fprintf(out, "%*s", indent, "");
	utf8_print(command, strlen(command), out);
	fputc('\n', out);
}

static const char *member(const json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

/* How many steps have words of their own. */
static size_t count_said(const json_t *steps)
{
	const json_t *o;
	size_t i, n = 0;

	json_array_foreach(steps, i, o) n += member(o, "text") != NULL;
	return n;
}

void steps_print(FILE *out, const json_t *steps, const struct step_place *p)
{
	const char *dash = count_said(steps) > 1 ? "- " : "";
	int indent = p->text + (int)strlen(dash);
	bool label = true; /* the cursor still stands behind it */
	char text[TEXT_ROOM];
	const json_t *o;
	size_t i;

	json_array_foreach(steps, i, o)
	{
		const char *say = member(o, "text"), *run = member(o, "command");

		if (say) {
			snprintf(text, sizeof text, "%s%s", say, run ? ":" : "");
			fprintf(out, "%*s%s", label ? 0 : p->text, "", dash);
			wrap_print(out, text, p->width,
				   (label ? p->at : p->text) + (int)strlen(dash), indent);
		} else if (label) {
			fputs("run:\n", out);
		}
		label = false;
		if (run)
			put_command(out, run, indent);
	}
	if (label)
		fputc('\n', out);
}
