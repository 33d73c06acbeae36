/* main.c - the main() of every bench: reads options, finds the machine, runs the
 * session, prints. What is measured stands in the bench's own file. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "machine/probe.h"
#include "main/output.h"
#include "main/page.h"
#include "render/render.h"
#include "result/derive.h"
#include "result/judge.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

struct program {
	struct session_options session;
	struct output out;
};

static int complain(const char *name, const struct err *e, int code)
{
	fprintf(stderr, "numabench %s: %s\n", name, e->text);
	return code;
}

static int measure(struct program *p, struct err *e)
{
	const struct session_sink sink = output_sink(&p->out, &stop_signal);
	struct probe_spec spec = probe_spec_default();
	int rc;

	spec.gpus = bench.needs_gpu || bench.takes_gpus;
	spec.provenance = bench.needs_gpu; /* a guest's links have no ceiling */
	rc = machine_probe(&p->out.result.machine, &spec, e);
	if (rc == 0)
		rc = session_run(&bench, &p->session, &p->out.result.machine, &sink, e);
	progress_clear(&p->out.progress);
	return rc;
}

/* `code`, where stdout took everything. */
static int finish_stdout(int code)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "numabench %s: stdout: %s\n", bench.name, strerror(errno ? errno : EIO));
	return 2;
}

/* The code of numabench(1); of one that is unknown, why. */
static int judged(struct program *p)
{
	const struct verdict *v = &p->out.result.verdict;
	struct err e = { "" };

	if (judge(&p->out.result) < 0)
		return 2;
	if (!p->out.result.nrecords)
		return complain(bench.name, (err_set(&e, 0, "nothing was measured"), &e), 3);
	if (v->status == VERDICT_UNKNOWN && v->nreasons && !p->out.options.json)
		complain(bench.name, (err_set(&e, 0, "%s", v->reasons[0]), &e), 3);
	return verdict_exit_code(v, false);
}

/* Prints the table and says how it ended. */
static int conclude(struct program *p)
{
	const struct render_options look =
		render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));

	if (derive(&p->out.result) < 0)
		return 2;
	if (!p->out.options.json &&
	    (render_records(p->out.result.records, p->out.result.nrecords, &look, stdout) < 0 ||
	     fflush(stdout) != 0))
		p->out.broken = true;
	if (stop_signal)
		return 128 + stop_signal;
	if (p->out.broken) {
		fprintf(stderr, "numabench %s: stdout: %s\n", bench.name, strerror(errno));
		return 2;
	}
	p->out.result.run.complete = true;
	if (p->session.dry_run)
		return 0;
	return judged(p);
}

int main(int argc, char **argv)
{
	const struct opt none[] = { { .kind = OPT_END } };
	const struct opt *const tables[] = { bench.options ? bench.options : none,
					     session_option_table, output_option_table, NULL };
	struct program p = { .session = session_options_default() };
	void *const contexts[] = { bench.own, &p.session, &p.out.options };
	char name[64];
	const struct command command = {
		.name = name,
		.summary = bench.summary,
		.usage = "[OPTION]...",
		.about = bench.about,
		.options = tables,
		.ends = bench_ends,
		.examples = bench_examples,
		.environment = environment_of_tables,
		.see = "numabench-report(1), numactl(8), nvidia-smi(1)",
	};
	struct operands rest;
	struct err e = { "" };
	int rc;

	snprintf(name, sizeof name, "numabench %s", bench.name);
	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc < 0)
		return complain(bench.name, &e, 2);
	if (rc > 0)
		return 0;
	if (p.out.options.list) {
		bench.list(output_line, stdout);
		return finish_stdout(0);
	}
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	result_init(&p.out.result);
	p.out.progress = progress_to(stderr, p.out.options.quiet || p.out.options.json);
	rc = measure(&p, &e);
	if (rc == 0 || rc == -ECANCELED)
		rc = conclude(&p);
	else /* a GPU could be there and is not: unknown, not wrong */
		rc = complain(bench.name, &e, rc == -ENODEV ? 3 : 2);
	result_release(&p.out.result);
	return rc;
}
