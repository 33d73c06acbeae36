/* options.h - options declared once: parsing, --help and the man page come
 * from the same table.
 *
 * Long options only ("--name VALUE" or "--name=VALUE"), besides -h and the few that
 * have a letter ("-o VALUE"). "--" ends
 * them; what is left are operands, which parsing moves behind the options (argv
 * is reordered, as getopt does; nothing of it is lost). Unknown options,
 * missing or surplus values and bad values are -EINVAL with one line in e. An
 * option given twice takes the last value.
 */
#ifndef NB_UTIL_OPTIONS_H
#define NB_UTIL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util/err.h"

enum opt_kind {
	OPT_END = 0,
	OPT_FLAG,    /* bool *: set to true */
	OPT_TEXT,    /* const char **: points into argv; empty text is refused */
	OPT_INT,     /* int *: from low to high */
	OPT_SIZE,    /* uint64_t *: units.h */
	OPT_SECONDS, /* double *: units.h */
	OPT_CHOICE,  /* int *: the index in choices */
};

struct opt {
	enum opt_kind kind;
	const char *name; /* without the dashes */
	char letter;      /* "-o" means the same; 0: none */
	/* The value's name in --help, "SIZE"; NULL for a flag. Some tell shells what to offer:
	 * options_table. */
	const char *arg;
	const char *help;           /* one line or more, without a newline at the end */
	size_t offset;              /* of the target in the context struct */
	int low, high;              /* OPT_INT */
	const char *const *choices; /* OPT_CHOICE: NULL-terminated */
	/* OPT_TEXT: what it is one of, or a comma list of; NULL behind the last. May be NULL. */
	const char *(*word)(size_t i);
	/* What each of these is, a list beneath help; NULL: help says it. */
	const char *(*word_help)(size_t i);
};

/* What a manual page tells of one thing; a list of them ends with one without `what`. */
struct note {
	const char *what, *text;
};

/* What a command is: its line in `--help` and its man page. */
struct command {
	const char *name;    /* "numabench mem-bandwidth" */
	const char *summary; /* one line */
	const char *usage;   /* what follows the name: "[OPTION]... -- COMMAND" */
	const char *about;   /* paragraphs, may be NULL */
	const struct opt *const
		*options;     /* NULL-terminated list of tables, each ended by OPT_END */
	bool stop_at_operand; /* bind, try: the first operand ends the options */
	bool takes_operands;  /* else options_start refuses them */
	/* Of the manual page; each may be NULL. */
	const struct note *examples; /* what follows the name, and what it does */
	const struct note *files, *environment;
	/* With which status it ends, and when; NULL: with any of numabench --all, or with
	 * stop_at_operand as env(1) does. */
	const struct note *ends;
	const char *see; /* "numactl(8), lstopo(1)": beside numabench's own pages */
};

struct operands {
	char **v; /* into argv */
	int n;
};

enum opt_result { OPT_OK = 0, OPT_HELP = 1, OPT_VERSION = 2, OPT_MAN = 3, OPT_TABLE = 4 };

/* Parses argv[1..] into *contexts[i] for table i (offsets are within it).
 * Returns an enum opt_result, or -EINVAL with e. --help, --version and the
 * undocumented --man and --completion are known to every command. */
int options_parse(const struct command *c, void *const *contexts, int argc, char **argv,
		  struct operands *rest, struct err *e);

/* How every main begins: options_parse, then what --help, --version or --man ask for
 * on `out`, then no operand where the command takes none. 0 to go on; greater than 0
 * when it has answered and all is done; else -errno with e: -EINVAL for wrong usage,
 * -ENOSPC and the like where `out` did not take the answer. */
int options_start(const struct command *c, void *const *contexts, int argc, char **argv,
		  struct operands *rest, FILE *out, struct err *e);

void options_help(const struct command *c, FILE *out); /* 80 columns */
void options_man(const struct command *c, FILE *out);  /* roff man(7) page, section 1 */

/* What shells complete by (scripts/completion), for --completion: a line for what the command takes
 * behind its options and one for each option, of fields with tabs between them; "-" is an empty
 * one.
 *
 *	COMMAND  --OPTION  -LETTER  KIND  WORD WORD..  what it does
 *
 * KIND is flag, words (one of them), list (of them, with commas), file, folder, gpu, gpus, nodes,
 * process, command (and its arguments), commands (of numabench), or value: anything else.
 * It follows from choices and word, from arg (FILE, RESULT, PATH, DIR, GPU, PID, "X,.." for a list)
 * and from the option's name (gpus, nodes). */
void options_table(const struct command *c, FILE *out);

/* What most commands that print look at; for `environment`. */
#define NOTE_NO_COLOR                                                                              \
	{                                                                                          \
		"NO_COLOR", "no colour on a terminal either"                                       \
	}
#define NOTE_COLUMNS                                                                               \
	{                                                                                          \
		"COLUMNS", "how wide the terminal is, where it does not tell itself"               \
	}
#define NOTE_VISIBLE                                                                               \
	{                                                                                          \
		"CUDA_VISIBLE_DEVICES",                                                            \
			"only these GPUs are used; their numbers stay those of nvidia-smi"         \
	}
/* The three, of a command that looks at nothing else. */
extern const struct note environment_of_tables[];

#endif
