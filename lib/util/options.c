/* options.c - parsing. See options.h; options_help.c and options_man.c print the tables. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "util/options.h"
#include "util/units.h"

/* Known to every command, on top of its tables. */
static const struct {
	const char *name;
	enum opt_result result;
} common[] = {
	{ "help", OPT_HELP },
	{ "version", OPT_VERSION },
	{ "man", OPT_MAN },
	{ "completion", OPT_TABLE },
};
enum { NCOMMON = sizeof common / sizeof common[0] };

/* How many letters must be put in, taken out or changed to make b of a; more than 2 is 3. */
static int letters_apart(const char *a, size_t na, const char *b)
{
	int row[64], before, left;
	size_t nb = strlen(b);

	if (nb >= 63 || na > nb + 2 || nb > na + 2)
		return 3;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= na; i++) {
		before = row[0];
		row[0] = (int)i;
		for (size_t j = 1; j <= nb; j++) {
			int best = before + (a[i - 1] != b[j - 1]);

			left = row[j - 1] + 1;
			before = row[j];
			if (left < best)
				best = left;
			if (before + 1 < best)
				best = before + 1;
			row[j] = best;
		}
	}
	return row[nb] > 2 ? 3 : row[nb];
}

struct hint {
	const char *name;
	int apart;
	bool tie;
};

static void hint_consider(struct hint *h, const char *given, size_t length, const char *name)
{
	bool beginning = length >= 2 && strncmp(given, name, length) == 0;
	int apart = beginning ? 0 : letters_apart(given, length, name);

	/* Two changed letters in a word of three is another word. */
	if (apart > 2 || (size_t)apart * 3 > length)
		return;
	if (h->name && apart == h->apart)
		h->tie = true;
	if (h->name && apart >= h->apart)
		return;
	*h = (struct hint){ .name = name, .apart = apart };
}

static int unknown_option(const struct command *c, const char *arg, struct err *e)
{
	size_t length = strcspn(arg, "=");
	struct hint h = { 0 };

	if (arg[1] == '-') {
		for (const struct opt *const *table = c->options; *table; table++)
			for (const struct opt *o = *table; o->kind != OPT_END; o++)
				hint_consider(&h, arg + 2, length - 2, o->name);
		hint_consider(&h, arg + 2, length - 2, "help");
		hint_consider(&h, arg + 2, length - 2, "version");
	}
	if (h.name && !h.tie)
		return err_set(e, -EINVAL, "unknown option '%.*s'; did you mean '--%s'?",
			       length < 60 ? (int)length : 60, arg, h.name);
	return err_set(e, -EINVAL, "unknown option '%.*s'; see --help",
		       length < 60 ? (int)length : 60, arg);
}

/* The row for a name of `length` characters, and which table it is in. */
static const struct opt *find_option(const struct command *c, const char *name, size_t length,
				     size_t *table)
{
	for (*table = 0; c->options[*table]; (*table)++)
		for (const struct opt *o = c->options[*table]; o->kind != OPT_END; o++)
			if (strlen(o->name) == length && strncmp(o->name, name, length) == 0)
				return o;
	return NULL;
}

/* The long name of "-o"; NULL: there is no such letter. */
static const char *name_of_letter(const struct command *c, const char *arg)
{
	for (const struct opt *const *table = c->options; *table; table++)
		for (const struct opt *o = *table; o->kind != OPT_END; o++)
			if (o->letter && o->letter == arg[1] && !arg[2])
				return o->name;
	return NULL;
}

static int set_choice(const struct opt *o, const char *value, int *target, struct err *e)
{
	char known[256] = "";
	size_t used = 0;

	for (int i = 0; o->choices[i]; i++) {
		const char *join = i == 0 ? "" : o->choices[i + 1] ? ", " : " or ";

		if (strcmp(o->choices[i], value) == 0) {
			*target = i;
			return 0;
		}
		if (used < sizeof known)
			used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", join,
						 o->choices[i]);
	}
	return err_set(e, -EINVAL, "%s %s", o->choices[1] ? "not one of" : "write", known);
}

static int set_value(const struct opt *o, void *target, const char *value, struct err *e)
{
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)target = true;
		return 0;
	case OPT_TEXT:
		*(const char **)target = value;
		return 0;
	case OPT_INT:
		return parse_int(target, value, o->low, o->high, e);
	case OPT_SIZE:
		return parse_size(target, value, e);
	case OPT_SECONDS:
		return parse_seconds(target, value, e);
	case OPT_CHOICE:
		return set_choice(o, value, target, e);
	case OPT_END:
		break;
	}
	return err_set(e, -EINVAL, "an option without a kind");
}

/* One option at argv[0], with *used arguments of argv. */
static int take_option(const struct command *c, void *const *contexts, int argc, char **argv,
		       int *used, struct err *e)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '='), *value = NULL;
	size_t length = equals ? (size_t)(equals - name) : strlen(name), table;
	const struct opt *o;
	int rc;

	*used = 1;
	if (strcmp(argv[0], "-h") == 0)
		return OPT_HELP;
	if (argv[0][1] != '-') {
		name = name_of_letter(c, argv[0]);
		if (!name)
			return unknown_option(c, argv[0], e);
		equals = NULL;
		length = strlen(name);
	}
	for (size_t i = 0; i < NCOMMON; i++)
		if (strlen(common[i].name) == length && strncmp(common[i].name, name, length) == 0)
			return equals ? err_set(e, -EINVAL, "option '--%s' takes no value",
						common[i].name)
				      : (int)common[i].result;
	o = find_option(c, name, length, &table);
	if (!o)
		return unknown_option(c, argv[0], e);
	if (o->kind == OPT_FLAG) {
		if (equals)
			return err_set(e, -EINVAL, "option '--%s' takes no value", o->name);
	} else if (equals) {
		value = equals + 1;
	} else if (argc > 1 && strncmp(argv[1], "--", 2) != 0) {
		value = argv[1];
		*used = 2;
	}
	if (o->kind != OPT_FLAG && (!value || !*value))
		return err_set(e, -EINVAL, "option '--%s' needs a value (%s)", o->name,
			       o->arg ? o->arg : "VALUE");
	rc = set_value(o, (char *)contexts[table] + o->offset, value, e);
	return rc < 0 ? err_within(e, -EINVAL, "option '--%s %.60s'", o->name, value) : OPT_OK;
}

/* Moves `n` arguments at argv in front of the `before` operands that precede them, so that
 * operands stay side by side and nothing of argv is lost. */
static void move_before(char **argv, int before, int n)
{
	char *moved[2] = { argv[0], n > 1 ? argv[1] : NULL };

	memmove(argv - before + n, argv - before, (size_t)before * sizeof *argv);
	memcpy(argv - before, moved, (size_t)n * sizeof *argv);
}

int options_parse(const struct command *c, void *const *contexts, int argc, char **argv,
		  struct operands *rest, struct err *e)
{
	int i = 1, operands = 0;

	*rest = (struct operands){ 0 };
	while (i < argc) {
		int used = 1, rc;

		if (strcmp(argv[i], "--") == 0) {
			move_before(argv + i, operands, 1);
			operands += argc - i - 1;
			i = argc;
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			if (c->stop_at_operand) {
				operands = argc - i;
				i = argc;
				break;
			}
			operands++;
			i++;
			continue;
		}
		rc = take_option(c, contexts, argc - i, argv + i, &used, e);
		if (rc != OPT_OK)
			return rc;
		move_before(argv + i, operands, used);
		i += used;
	}
	*rest = (struct operands){ .v = argv + i - operands, .n = operands };
	return OPT_OK;
}
