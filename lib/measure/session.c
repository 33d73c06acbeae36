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
	  .help = "time for the whole of it (30 s; --quick 15 s, --thorough 300 s); at least "
		  "six rounds are always made" },
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
	  .help = "bytes of one array or one copy, e.g. 64MiB" },
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
	  .name = "quick",
	  .offset = OPTION(quick),
	  .help = "only the cells that are worth most" },
	{ .kind = OPT_FLAG,
	  .name = "thorough",
	  .offset = OPTION(thorough),
	  .help = "all cells there are" },
	{ .kind = OPT_TEXT,
	  .name = "cell",
	  .arg = "JSON",
	  .offset = OPTION(cell),
	  .help = "only the planned cell with these fields of a record, all that identify it "
		  "(results/README.md); a list names several" },
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
	return (struct session_options){ .pages = -1 };
}

const struct machine *session_machine(const struct session *s)
{
	return s->machine;
}

const struct session_options *session_options(const struct session *s)
{
	return s->options;
}

enum depth session_depth(const struct session *s)
{
	return s->options->quick      ? DEPTH_QUICK
	       : s->options->thorough ? DEPTH_THOROUGH
				      : DEPTH_NORMAL;
}

double session_budget(const struct session *s)
{
	return s->budget_s;
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

/* How much a status takes from a record, the gravest last: an unstable one still has a
 * figure. */
static const enum status gravity[] = {
	STATUS_OK,     STATUS_UNSTABLE, STATUS_SKIPPED, STATUS_UNPROVEN, STATUS_MISPLACED,
	STATUS_FAILED, STATUS_TIMEOUT,  STATUS_CRASHED, STATUS_CORRUPT,
};

static size_t gravity_of(enum status status)
{
	size_t i = 0;

	while (gravity[i] != status)
		i++;
	return i;
}

/* The key of member_no_figure. */
static const char no_figure[] = "no_figure";

int member_no_figure(struct member *m, const char *fmt, ...)
{
	struct record *r = &m->cell->rec;
	char why[sizeof r->reason];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	m->value = NAN;
	if (!r->more)
		r->more = json_object();
	return json_object_set_new(r->more, no_figure, json_string(why)) < 0 ? -ENOMEM : 0;
}

static const char *why_no_sample(const struct session *s, const struct cell_state *c)
{
	const char *told = json_string_value(json_object_get(c->cell.rec.more, no_figure));

	if (s->options->dry_run)
		return "dry run: planned, not measured";
	if (told)
		return told;
	if (s->cells[c->unit].visited)
		return LEFT_OUT "no experiment came to this figure";
	return session_stopped(s) ? LEFT_OUT "the run was stopped before its first sample"
				  : LEFT_OUT "no sample was taken";
}

static bool is_sum(const struct cell_state *c)
{
	return c->nmembers > 0 && session_first(c) == 1;
}

/* A sum is no better than the worst of its members; where these have no samples it has none for
 * their reason. (Of a group each has a status of its own.) */
static void judge_sum(const struct session *s, struct cell_state *sum)
{
	struct record *r = &sum->cell.rec;
	const struct record *worst = r;

	for (size_t i = 1; i <= sum->nmembers; i++)
		if (gravity_of(sum[i].cell.rec.status) > gravity_of(worst->status))
			worst = &sum[i].cell.rec;
	if (worst != r)
		record_status(r, worst->status, "%s", worst->reason);
	if (r->status == STATUS_OK && r->samples.n == 0)
		record_status(r, STATUS_SKIPPED, "%s", why_no_sample(s, sum));
}

static void finish_cell(struct session *s, struct cell_state *c)
{
	struct record *r = &c->cell.rec;

	record_summarise(r);
	if (r->status == STATUS_OK && r->samples.n == 0 && s->cells[c->unit].voids)
		record_status(r, STATUS_UNSTABLE, "every sample was void: %s",
			      s->cells[c->unit].void_why);
	if (r->status == STATUS_OK && r->samples.n == 0 && !is_sum(c))
		record_status(r, STATUS_SKIPPED, "%s", why_no_sample(s, c));
	json_object_del(r->more, no_figure);
	if (r->samples.n > 0)
		judge_quota(s, r);
	if (s->exclusive >= 0 && !r->more)
		r->more = json_object();
	if (s->exclusive >= 0)
		json_object_set_new(r->more, "one_after_another", json_true());
}

static void hand_out(struct session *s)
{
	for (size_t i = 0; i < s->ncells; i++)
		finish_cell(s, &s->cells[i]);
	for (size_t i = 0; i < s->ncells; i++) {
		if (is_sum(&s->cells[i]))
			judge_sum(s, &s->cells[i]);
		if (s->sink->record)
			s->sink->record(&s->cells[i].cell.rec, s->sink->to);
	}
}

static void release(struct session *s)
{
	for (size_t i = 0; i < s->ncells; i++)
		record_release(&s->cells[i].cell.rec);
	free(s->cells);
	free(s->sites);
	free(s->workers);
	meeting_free(s->meeting);
}

/* Of one bench that is run by itself. */
static const double usual_budgets_s[] = {
	[DEPTH_QUICK] = 15, [DEPTH_NORMAL] = 30, [DEPTH_THOROUGH] = 300
};

/* A step that takes longer than this hangs. A driver may well take seconds to
 * start, a large and slow node to be filled. The front door counts on half a
 * minute at most for each GPU (lib/front/run.c). */
static double step_deadline(const struct bench *b, double budget_s)
{
	double d = 2 * budget_s, most = b->needs_gpu ? 30 : 60;

	return d < 10 ? 10 : d > most ? most : d;
}

static int measure(struct session *s, struct err *e)
{
	int rc = s->bench->begin ? s->bench->begin(s, e) : 0;

	if (rc < 0)
		return rc;
	rc = rounds_run(s);
	crew_end(s);
	if (s->bench->end)
		s->bench->end(s);
	return rc;
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
	};
	int rc;

	s.budget_s = o->budget_s > 0              ? o->budget_s
		     : o->quick && b->quick_s > 0 ? b->quick_s
						  : usual_budgets_s[session_depth(&s)];
	s.step_deadline_s = step_deadline(b, s.budget_s);
	s.seed = o->seed ? (uint64_t)o->seed : s.began.ns;
	s.random = s.seed;
	rc = plan_make(&s, e);
	if (rc == 0 && !(s.meeting = meeting_make()))
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0) {
		plan_fit(&s);
		plan_say(&s);
		rc = o->dry_run ? 0 : measure(&s, e);
		hand_out(&s);
	}
	release(&s);
	return rc;
}
