/* topology.c - `numabench topology`: what is there, as a table or as JSON. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/probe.h"
#include "render/render.h"
#include "util/options.h"

enum { EXIT_NO_VERDICT = 2 };

struct topology {
	bool json, no_gpus, no_colour;
	const char *machine;
};

static const struct opt topology_options[] = {
	{ .kind = OPT_FLAG,
	  .name = "json",
	  .help = "print { \"topology\", \"host\" } as in a result file",
	  .offset = offsetof(struct topology, json) },
	{ .kind = OPT_TEXT,
	  .name = "machine",
	  .arg = "PATH",
	  .help = "a recorded machine instead of this one: an hwloc XML file, or a folder "
		  "gathered by hwloc-gather-topology or scripts/record-machine",
	  .offset = offsetof(struct topology, machine) },
	{ .kind = OPT_FLAG,
	  .name = "no-gpus",
	  .help = "do not ask CUDA and NVML: only what the kernel knows of the GPUs",
	  .offset = offsetof(struct topology, no_gpus) },
	{ .kind = OPT_FLAG,
	  .name = "no-colour",
	  .help = "no colour on a terminal either (as NO_COLOR=1)",
	  .offset = offsetof(struct topology, no_colour) },
	{ .kind = OPT_END },
};

static const struct note examples[] = {
	{ "", "the machine" },
	{ "--json", "the same for a program, as in a result" },
	{ "--machine node17.xml --no-gpus", "of an hwloc XML file that lstopo wrote elsewhere" },
	{ NULL, NULL },
};

static const struct note ends[] = {
	{ "0", "it was shown" },
	{ "2", "wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ NULL, NULL },
};

static const struct command command = {
	.name = "numabench topology",
	.summary = "show the machine: nodes, cores, memory, and which GPU hangs where",
	.usage = "[OPTION]...",
	.about = "A GPU's node is what sysfs, NVML and CUDA declare; where they disagree it is "
		 "said. The driver is asked in a child with a deadline of 30 s. Nothing is "
		 "measured.",
	.options = (const struct opt *const[]){ topology_options, NULL },
	.ends = ends,
	.examples = examples,
	.environment = environment_of_tables,
	.see = "numabench-check(1), lstopo(1), hwloc-gather-topology(1), nvidia-smi(1)",
};

static int print_json(const struct machine *m, struct err *e)
{
	json_t *doc = json_pack("{s:o, s:O?}", "topology", machine_to_json(m), "host", m->host);
	int rc = doc ? json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : -1;

	json_decref(doc);
	if (rc < 0 && !ferror(stdout))
		return err_set(e, -ENOMEM, "out of memory");
	putchar('\n');
	return 0;
}

static int print_text(const struct machine *m, const struct topology *o, struct err *e)
{
	struct render_options look =
		render_options_for(STDOUT_FILENO, getenv("COLUMNS"), getenv("NO_COLOR"));
	int rc;

	look.colour = look.colour && !o->no_colour;
	rc = render_machine(m, &look, stdout);
	return rc == -ENOMEM ? err_set(e, rc, "out of memory") : 0;
}

static int run(const struct topology *o, struct err *e)
{
	struct probe_spec spec = probe_spec_default();
	struct machine m;
	int rc;

	spec.recorded = o->machine;
	spec.gpus = !o->no_gpus;
	rc = machine_probe(&m, &spec, e);
	if (rc < 0)
		return rc;
	errno = 0;
	rc = o->json ? print_json(&m, e) : print_text(&m, o, e);
	machine_release(&m);
	/* The disk may turn out to be full, or the reader gone, only now. */
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = err_set(e, -EIO, "standard output: %s", strerror(errno ? errno : EIO));
	return rc;
}

int main(int argc, char **argv)
{
	struct topology o = { 0 };
	void *const contexts[] = { &o };
	struct operands rest;
	struct err e = { "" };
	int rc;

	rc = options_start(&command, contexts, argc, argv, &rest, stdout, &e);
	if (rc == 0)
		rc = run(&o, &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", command.name, e.text);
	return rc < 0 ? EXIT_NO_VERDICT : 0;
}
