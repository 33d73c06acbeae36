/* check.c - `numabench check`: what is wrong with this machine, how we know, and how to
 * fix it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks/look.h"
#include "checks/print.h"
#include "checks/process.h"
#include "checks/rules.h"
#include "result/judge.h"
#include "util/options.h"

enum { EXIT_FAIL = 1, EXIT_NO_VERDICT = 2, EXIT_UNKNOWN = 3, NO_PID = 0, MOST_PID = 1 << 22 };

struct check_command {
	bool json, nagios, strict, verbose, list, markdown, render_nodes, no_gpus, no_colour;
	const char *machine, *rules, *explain, *gpus;
	int pid;
};

#define FLAG(member, option, text)                                                                 \
	{                                                                                          \
		.kind = OPT_FLAG, .name = option, .help = text,                                    \
		.offset = offsetof(struct check_command, member)                                   \
	}
#define TEXT(member, option, word, text)                                                           \
	{                                                                                          \
		.kind = OPT_TEXT, .name = option, .arg = word, .help = text,                       \
		.offset = offsetof(struct check_command, member)                                   \
	}

static const struct opt check_options[] = {
	FLAG(json, "json", "print { \"checks\" } as in a result file"),
	FLAG(nagios, "nagios",
	     "print one line in Nagios's form, and end with its codes: 0 ok, 1 warnings, 2 FAIL, 3 "
	     "all else"),
	FLAG(strict, "strict", "warnings fail, too: exit status 1"),
	TEXT(rules, "rules", "FILE",
	     "raise, lower or silence findings by id and subject: { \"rules\": [ { \"id\": "
	     "\"gpu.ecc\", \"subject\": \"GPU 3*\", \"severity\": \"silent\" } ] }; id and subject "
	     "are patterns, severity is fail, warn, pass or silent, the last that matches counts"),
	FLAG(verbose, "verbose",
	     "list what passed and what was not judged, too, with what was found there"),
	FLAG(list, "list", "list all checks"),
	FLAG(markdown, "markdown", "with --list: the table of results/checks.md"),
	{ .kind = OPT_TEXT,
	  .name = "explain",
	  .arg = "ID",
	  .word = check_word,
	  .help = "what a check is, what it finds here, why it matters for feeding a GPU, how to "
		  "see it "
		  "by hand, how to fix it, and what it costs if left (measured, where a RESULT is "
		  "given)",
	  .offset = offsetof(struct check_command, explain) },
	FLAG(render_nodes, "render-nodes",
	     "which /dev/dri/renderD* is which GPU, on which node, and nothing else"),
	{ .kind = OPT_INT,
	  .name = "pid",
	  .arg = "PID",
	  .help = "judge a running process and all that it started: where its threads run and its "
		  "memory lies, against the GPUs that it has open",
	  .offset = offsetof(struct check_command, pid),
	  .low = 1,
	  .high = MOST_PID },
	TEXT(gpus, "gpus", "LIST",
	     "judge only these GPUs; with --pid: those that it is to feed, not those that it has "
	     "open"),
	TEXT(machine, "machine", "PATH",
	     "a recorded machine instead of this one: an hwloc XML file, or a folder gathered by "
	     "hwloc-gather-topology or scripts/record-machine"),
	FLAG(no_gpus, "no-gpus",
	     "do not ask CUDA and NVML: only what the kernel knows of the GPUs"),
	FLAG(no_colour, "no-colour", "no colour on a terminal either (as NO_COLOR=1)"),
	{ .kind = OPT_END },
};
#undef FLAG
#undef TEXT

static const struct note examples[] = {
	{ "", "what is wrong, the worst first, and how to fix it" },
	{ "--explain kernel.numa-balancing", "one check, and what it finds here" },
	{ "--pid 4711", "whether a running process is where its GPUs are" },
	{ "results/node17-20261121T081221Z", "what shows under load only, too" },
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "no check fails; warnings allowed, and checks that cannot be judged here" },
	{ "1", "a check fails (with --strict: or warns)" },
	{ "2", "no verdict: wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ "3", "what was to be judged is not here, or hidden: a GPU, the process of --pid" },
	{ "with --nagios", "0 ok, 1 warnings, 2 FAIL, 3 all else" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench check",
	.summary = "what is wrong with this machine, how we know, and how to fix it",
	.usage = "[OPTION]... [RESULT]",
	.about = "Looks at everything between a core, its memory and a GPU that makes the path "
		 "slow or "
		 "unreliable. It changes nothing, measures nothing and needs no root (it says what "
		 "root would see). With RESULT, the folder of a run or its result.json, what shows "
		 "under load "
		 "only "
		 "is judged too.\n\n"
		 "Exit status: 1 where a check fails (with --strict: or warns), else 0.",
	.options = (const struct opt *const[]){ check_options, NULL },
	.takes_operands = true,
	.ends = ends,
	.examples = examples,
	.environment = environment_of_tables,
	.see = "numabench-report(1), numabench-bind(1), lspci(8), nvidia-smi(1)",
};

static struct render_options appearance(const struct check_command *o)
{
	struct render_options look =
		render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));

	look.colour = look.colour && !o->no_colour;
	return look;
}

static int refuse(const struct check_command *o, const struct operands *rest, struct err *e)
{
	int own = !!o->explain + o->list + o->render_nodes + (o->pid != NO_PID);

	if (own > 1)
		return err_set(e, -EINVAL,
			       "--explain, --list, --render-nodes and --pid exclude one another");
	if (o->explain && !check_find(o->explain, NULL))
		return err_set(e, -EINVAL, "--explain %s: no such check; see --list", o->explain);
	if (rest->n > 1)
		return err_set(e, -EINVAL, "one RESULT at a time; see --help");
	if (o->nagios && (own || o->json))
		return err_set(e, -EINVAL, "--nagios goes with no other form");
	if (o->markdown && !o->list)
		return err_set(e, -EINVAL, "--markdown goes with --list");
	if (o->pid != NO_PID && o->machine)
		return err_set(e, -EINVAL,
			       "--pid: a recorded machine (--machine) has no processes");
	return 0;
}

/* ---- what it does ---- */

static int judge_process(const struct check_command *o, struct sight *s, struct err *e)
{
	struct process_check p = { .pid = o->pid,
				   .measured = s->look.res,
				   .gpus = s->look.gpus,
				   .json = o->json,
				   .strict = o->strict,
				   .width = appearance(o).width };
	int rc = 0;

	if (!s->look.root)
		rc = err_set(e, -EINVAL, "--pid: the result is of another machine");
	if (rc == 0)
		rc = check_process(&p, &s->m, &s->root, stdout, e);
	return rc;
}

/* The line, and Nagios's own code. */
static int print_nagios(struct result *out, struct err *e)
{
	const struct render_options plain = { .width = 80 };
	int rc;

	out->run.complete = true; /* nothing was to be measured */
	rc = judge(out);
	if (rc == 0)
		rc = format_find("nagios")->write(out, &plain, stdout);
	return rc < 0 ? err_set(e, rc, "standard output: %s", strerror(-rc))
		      : verdict_nagios_code(&out->verdict);
}

static int judge_machine(const struct check_command *o, const struct sight *s, struct err *e)
{
	struct print_options print = {
		.look = appearance(o), .at = &s->look, .verbose = o->verbose, .strict = o->strict
	};
	struct result out;
	size_t fails, warns;
	int rc;

	result_init(&out);
	rc = checks_run(&s->look, &out);
	if (rc < 0)
		err_set(e, rc, "out of memory");
	if (rc == 0 && o->rules)
		rc = check_rules(o->rules, &out, &print.silenced, e);
	fails = count_findings(&out, "fail");
	warns = count_findings(&out, "warn");
	if (rc == 0 && o->nagios) {
		rc = print_nagios(&out, e);
		result_release(&out);
		return rc;
	}
	if (rc == 0) {
		errno = 0;
		rc = o->json ? checks_print_json(&out, stdout) : checks_print(&out, &print, stdout);
		if (rc < 0)
			err_set(e, rc, "standard output: %s", strerror(errno ? errno : -rc));
	}
	result_release(&out);
	return rc < 0 ? rc : fails || (o->strict && warns) ? EXIT_FAIL : 0;
}

static int look(const struct check_command *o, const char *result, struct err *e)
{
	const struct sight_spec spec = { .recorded = o->machine,
					 .result = result,
					 .gpus = !o->no_gpus };
	struct render_options appear = appearance(o);
	struct sight s;
	int rc = sight_open(&s, &spec, e);

	if (rc < 0)
		return rc;
	s.look.chosen = o->gpus;
	if (o->gpus)
		rc = machine_parse_gpus(&s.m, o->gpus, &s.look.gpus, e);
	if (rc < 0)
		;
	else if (o->explain)
		rc = check_explain(check_find(o->explain, NULL), &s.look, &appear, stdout);
	else if (o->render_nodes)
		rc = render_nodes_print(s.look.root, &s.m, o->json, &appear, stdout);
	else if (o->pid != NO_PID)
		rc = judge_process(o, &s, e);
	else
		rc = judge_machine(o, &s, e);
	if (rc < 0 && !e->text[0])
		err_set(e, rc, "standard output: %s", strerror(-rc));
	sight_close(&s);
	return rc;
}

static int run(const struct check_command *o, const struct operands *rest, struct err *e)
{
	const char *result = rest->n ? rest->v[0] : NULL;
	int rc = refuse(o, rest, e);

	if (rc < 0)
		return rc;
	if (o->list) {
		struct render_options appear = appearance(o);

		checks_list(o->markdown, &appear, stdout);
	} else {
		rc = look(o, result, e);
	}
	errno = 0;
	/* The disk may turn out to be full, or the reader gone, only now. */
	if (rc >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = err_set(e, -EIO, "standard output: %s", strerror(errno ? errno : EIO));
	return rc;
}

int main(int argc, char **argv)
{
	struct check_command o = { .pid = NO_PID };
	void *const contexts[] = { &o };
	struct operands rest;
	struct err e = { "" };
	int rc;

	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc != 0) {
		if (rc < 0)
			fprintf(stderr, "%s: %s\n", command.name, e.text);
		return rc < 0 ? EXIT_NO_VERDICT : 0;
	}
	rc = run(&o, &rest, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	if (rc < 0 && o.nagios) { /* what watches reads standard output alone */
		printf("NUMABENCH UNKNOWN - %s\n", e.text);
		return EXIT_UNKNOWN;
	}
	/* What could be there and is not, or is hidden from us. */
	if (rc == -ENODEV || (o.pid != NO_PID && (rc == -ESRCH || rc == -EACCES)))
		return EXIT_UNKNOWN;
	return rc < 0 ? EXIT_NO_VERDICT : rc;
}
