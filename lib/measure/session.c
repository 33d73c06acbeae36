/* session.c - the story of a session: plan, rounds, records. */
#include "measure/session.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"
#include "util/random.h"

#define OPTION(field) offsetof(struct session_options, field)
const struct opt session_option_table[] = {
	{ .kind = OPT_SECONDS,
	  .name = "budget",
	  .arg = "SECONDS",
	  .offset = OPTION(budget_s),
	  .help = "time for the whole of it; at least six rounds are always made" },
	{ .kind = OPT_TEXT,
	  .name = "nodes",
	  .arg = "LIST",
	  .offset = OPTION(nodes),
	  .help = "only these NUMA nodes, as CPU and as memory nodes: 0,2-3" },
	{ .kind = OPT_TEXT,
	  .name = "gpus",
	  .arg = "LIST",
	  .offset = OPTION(gpus),
	  .help = "only these GPUs: numbers as nvidia-smi's, UUIDs or PCI addresses" },
	{ .kind = OPT_SIZE,
	  .name = "size",
	  .arg = "SIZE",
	  .offset = OPTION(size),
	  .help = "bytes of one array or one copy: 64MiB" },
	{ .kind = OPT_CHOICE,
	  .name = "pages",
	  .arg = "KIND",
	  .offset = OPTION(pages),
	  .choices = page_kind_words,
	  .help = "pages of host buffers: 4k, thp or hugetlb" },
	{ .kind = OPT_INT,
	  .name = "rounds",
	  .arg = "N",
	  .offset = OPTION(rounds),
	  .low = 1,
	  .high = 10000,
	  .help = "at most N rounds over all cells, six or more for intervals" },
	{ .kind = OPT_INT,
	  .name = "seed",
	  .arg = "N",
	  .offset = OPTION(seed),
	  .low = 1,
	  .high = 2147483647,
	  .help = "of the random order and the contents of buffers" },
	{ .kind = OPT_FLAG,
	  .name = "busy",
	  .offset = OPTION(busy),
	  .help = "measure GPUs that others are using, too" },
	{ .kind = OPT_FLAG,
	  .name = "dry-run",
	  .offset = OPTION(dry_run),
	  .help = "say what would be measured, and measure nothing" },
	{ .kind = OPT_END },
};
#undef OPTION

struct session_options session_options_default(void)
{
	return (struct session_options){ .budget_s = 30, .pages = -1 };
}

const struct machine *session_machine(const struct session *s)
{
	return s->machine;
}

const struct session_options *session_options(const struct session *s)
{
	return s->options;
}

const struct idset *session_nodes(const struct session *s)
{
	return &s->nodes;
}

const struct idset *session_gpus(const struct session *s)
{
	return &s->gpus;
}

size_t session_threads(const struct session *s, int cpu_node)
{
	const struct node *n = machine_node(s->machine, cpu_node);
	size_t threads = n ? n->ncores : 0;

	if (s->machine->cpu_quota_milli.is) {
		size_t quota = (size_t)(s->machine->cpu_quota_milli.value / 1000);

		if (quota < threads)
			threads = quota;
	}
	return threads ? threads : 1;
}

bool session_stopped(const struct session *s)
{
	return s->sink->stop && *s->sink->stop;
}

double session_elapsed(const struct session *s)
{
	return clock_span(s->began, clock_now());
}

double session_spent(const struct session *s)
{
	return session_elapsed(s) - s->hung_s;
}

bool session_active(const struct session *s, size_t cell)
{
	return !s->cells[cell].done && !s->sites[s->cells[cell].cell.site].lost;
}

void session_end_cell(struct cell_state *c, enum status status, const char *why)
{
	if (!c->done)
		record_status(&c->cell.rec, status, "%s", why);
	c->done = true;
}

void session_note(struct session *s, const char *fmt, ...)
{
	char line[400];
	va_list ap;

	if (!s->sink->note)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	s->sink->note(line, s->sink->to);
}

uint64_t session_random(struct session *s)
{
	return random_next(&s->random);
}

/* A CPU quota below the threads that run stops them again and again. */
static void judge_quota(const struct session *s, struct record *r)
{
	const struct known *quota = &s->machine->cpu_quota_milli;

	if (r->status == STATUS_OK && quota->is && quota->value < 1000)
		record_status(
			r, STATUS_UNSTABLE,
			"the cgroup gives only %.2f of a CPU: the threads are stopped in between",
			(double)quota->value / 1000);
}

static void finish_cell(struct session *s, struct cell_state *c)
{
	struct record *r = &c->cell.rec;

	record_summarise(r);
	if (r->status == STATUS_OK && r->samples.n == 0)
		record_status(r, STATUS_SKIPPED, "%s",
			      s->options->dry_run  ? "dry run: planned, not measured"
			      : session_stopped(s) ? "the run was stopped before its first sample"
						   : "no sample was taken");
	judge_quota(s, r);
	if (s->sink->record)
		s->sink->record(r, s->sink->to);
}

static void release(struct session *s)
{
	for (size_t i = 0; i < s->ncells; i++)
		record_release(&s->cells[i].cell.rec);
	free(s->cells);
	free(s->sites);
	free(s->workers);
}

/* A step that takes longer than this hangs. A driver may well take seconds to
 * start, a large and slow node to be filled. The front door counts on half a
 * minute at most for each GPU (numabench.c). */
static double step_deadline(const struct bench *b, double budget_s)
{
	double d = 2 * budget_s, most = b->needs_gpu ? 30 : 60;

	return d < 10 ? 10 : d > most ? most : d;
}

int session_run(const struct bench *b, const struct session_options *o, const struct machine *m,
		const struct session_sink *sink, struct err *e)
{
	struct session s = {
		.bench = b,
		.options = o,
		.machine = m,
		.sink = sink,
		.began = clock_now(),
		.step_deadline_s = step_deadline(b, o->budget_s),
	};
	int rc;

	s.seed = o->seed ? (uint64_t)o->seed : s.began.ns;
	s.random = s.seed;
	rc = plan_make(&s, e);
	if (rc == 0) {
		plan_fit_memory(&s);
		plan_say(&s);
		if (!o->dry_run)
			rc = rounds_run(&s);
		crew_end(&s);
		for (size_t i = 0; i < s.ncells; i++)
			finish_cell(&s, &s.cells[i]);
	}
	release(&s);
	return rc;
}
