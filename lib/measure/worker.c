/* worker.c - inside a worker process: one request, one JSON object a line back. */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/session_parts.h"
#include "place/memory.h"
#include "util/json.h"

struct work {
	struct worker w;
	struct session *s;
	void **buffers;           /* by site */
	struct placement *placed; /* by site: the last proof */
	int out;
};

static bool has_memory(const struct work *k, size_t site)
{
	return site_has_memory(&k->s->sites[site].site);
}

/* Without memory of its own there is nothing to prove: no page is counted then, and what
 * the driver takes for itself should lie with the threads. */
static int prove(struct work *k, size_t site)
{
	const struct site *t = &k->s->sites[site].site;
	struct placement *p = &k->placed[site];

	placement_release(p);
	p->requested = t->mem_node >= 0 ? t->mem_node : k->w.node->id;
	p->spread = t->spread;
	return has_memory(k, site) ? k->s->bench->prove(&k->w, k->buffers[site], p) : 0;
}

static int do_open(struct work *k, size_t site, int fresh, struct err *e)
{
	int rc;

	k->w.fresh = fresh;
	rc = k->s->bench->open(&k->w, &k->s->sites[site].site, &k->buffers[site], e);
	if (rc < 0)
		return rc;
	rc = prove(k, site);
	if (rc < 0) {
		k->s->bench->close(&k->w, k->buffers[site]);
		k->buffers[site] = NULL;
		return err_set(e, rc, "proving the placement: %s", strerror(-rc));
	}
	return 0;
}

/* Copies the site's proof and the CPU nodes now seen into a record. */
static int place_record(struct work *k, struct record *r, size_t site, const struct idset *ran)
{
	const struct placement *from = &k->placed[site];
	struct placement *to = &r->placement;
	struct placement pages = { 0 };

	if (placement_copy(&pages, from) < 0)
		return -ENOMEM;
	free(pages.ran_on); /* the proof knows pages only */
	pages.ran_on = to->ran_on;
	pages.nran_on = to->nran_on;
	to->ran_on = NULL;
	placement_release(to);
	*to = pages;
	record_set(r, "placement", NULL);
	return placement_add_cpus(to, k->w.machine, ran);
}

/* Puts into the record where pages and threads were, and what is to be said of it. */
static int place_cell(struct work *k, struct cell *c, const struct idset *ran)
{
	enum status before = c->rec.status;
	char why[sizeof c->rec.reason];
	int rc = place_record(k, &c->rec, c->site, ran);

	memcpy(why, c->rec.reason, sizeof why);
	if (rc < 0)
		return rc;
	placement_judge(&c->rec, k->w.node->id);
	/* Where there are no pages only the threads count. */
	if (!has_memory(k, c->site) && c->rec.status == STATUS_UNPROVEN)
		record_status(&c->rec, before, "%s", why);
	return 0;
}

/* What the bench said of threads it moved stands; pages that it said nothing of are the site's. */
static int place_moved(struct work *k, struct cell *c)
{
	const struct placement *p = &c->rec.placement;
	const struct idset none = { 0 };
	int rc;

	if (p->nresident > 0 || !has_memory(k, c->site))
		return 0;
	rc = place_record(k, &c->rec, c->site, &none);
	if (rc == 0)
		placement_judge(&c->rec, p->nran_on == 1 ? p->ran_on[0] : k->w.node->id);
	return rc;
}

/* The CPUs that this thread and the team are seen on, from now and until now. */
static void look_first(struct idset *ran)
{
	*ran = (struct idset){ 0 };
	idset_add(ran, sched_getcpu());
}

static void look_last(struct work *k, struct idset *ran)
{
	idset_add(ran, sched_getcpu());
	if (k->w.team) {
		struct idset team = team_ran_on(k->w.team);

		*ran = idset_or(ran, &team);
	}
}

static int do_sample(struct work *k, size_t index, double *value, struct err *e)
{
	struct cell *c = &k->s->cells[index].cell;
	struct idset ran;
	int rc;

	record_status(&c->rec, STATUS_OK, "%s", "");
	k->w.fresh = k->s->sites[c->site].fresh;
	look_first(&ran);
	rc = k->s->bench->sample(&k->w, k->buffers[c->site], c, value, e);
	look_last(k, &ran);
	return rc < 0 ? rc : place_cell(k, c, &ran);
}

/* Where pages were at the last sample says nothing of the next. */
static void forget_pages(struct placement *p)
{
	free(p->resident);
	p->resident = NULL;
	p->nresident = 0;
}

/* Those of a unit's members that are this worker's, ready to be sampled. */
static size_t own_members(struct work *k, size_t sum, struct member *m)
{
	struct cell_state *c = &k->s->cells[sum];
	size_t n = 0;

	for (size_t i = session_first(c); i <= c->nmembers; i++) {
		size_t site = c[i].cell.site;

		if (k->s->sites[site].site.cpu_node != k->w.node->id)
			continue;
		record_status(&c[i].cell.rec, STATUS_OK, "%s", "");
		forget_pages(&c[i].cell.rec.placement);
		k->w.fresh = k->s->sites[site].fresh;
		m[n++] = (struct member){ .buffers = k->buffers[site],
					  .cell = &c[i].cell,
					  .value = NAN };
	}
	return n;
}

/* *n own members are sampled; *at is the one that failed. */
static int do_together(struct work *k, size_t sum, struct member *m, size_t *n, size_t *at,
		       struct err *e)
{
	struct idset ran;
	int rc;

	*n = *at = own_members(k, sum, m);
	look_first(&ran);
	rc = k->s->bench->together(&k->w, m, *n, at, e);
	look_last(k, &ran);
	for (size_t i = 0; rc == 0 && i < *n; i++)
		rc = m[i].placed ? place_moved(k, m[i].cell) : place_cell(k, m[i].cell, &ran);
	return rc;
}

/* Proves once more what was proven at opening, asks for the last, then lets go. */
static int do_close(struct work *k, size_t site, struct record *r)
{
	const struct idset none = { 0 };
	int rc = prove(k, site);

	if (k->s->bench->last)
		k->s->bench->last(&k->w, k->buffers[site], r);
	k->s->bench->close(&k->w, k->buffers[site]);
	k->buffers[site] = NULL;
	return rc < 0 ? rc : place_record(k, r, site, &none);
}

/* ---- answers ---- */

static json_t *answer_begin(struct work *k, int rc, const struct err *e)
{
	json_t *o = json_pack("{s:i, s:f}", "code", rc, "aside", k->w.aside_s);

	if (o && rc < 0)
		json_object_set_new(o, "why", json_text(e->text));
	return o;
}

static void put_figure(json_t *o, double value, const struct record *rec)
{
	if (o && isfinite(value))
		json_object_set_new(o, "value", json_real(value));
	if (o && rec)
		json_object_set_new(o, "record", record_to_json(rec));
}

static int answer_send(struct work *k, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
	int written = -1;

	json_decref(o);
	if (text)
		written = dprintf(k->out, "%s\n", text);
	free(text);
	return written > 0 ? 0 : -EIO;
}

static int answer(struct work *k, int rc, double value, const struct record *rec,
		  const struct err *e)
{
	json_t *o = answer_begin(k, rc, e);

	put_figure(o, value, rec);
	return answer_send(k, o);
}

static json_int_t cell_index(const struct work *k, const struct cell *c)
{
	const struct cell_state *all = k->s->cells;
	size_t offset = (size_t)((const char *)c - (const char *)all);

	return (json_int_t)(offset / sizeof *all);
}

static int obey_together(struct work *k, size_t sum)
{
	struct member *m = calloc(k->s->cells[sum].nmembers + 1, sizeof *m);
	json_t *list = json_array(), *o;
	struct err e = { "" };
	size_t n = 0, at = 0;
	int rc = m ? do_together(k, sum, m, &n, &at, &e) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		json_t *one = json_pack("{s:I}", "cell", cell_index(k, m[i].cell));

		if (one && m[i].placed)
			json_object_set_new(one, "placed", json_true());
		put_figure(one, m[i].value, &m[i].cell->rec);
		json_array_append_new(list, one);
	}
	o = answer_begin(k, rc, &e);
	json_object_set_new(o, "members", list);
	if (rc < 0 && at < n)
		json_object_set_new(o, "at", json_integer(cell_index(k, m[at].cell)));
	free(m);
	return answer_send(k, o);
}

static int obey(struct work *k, const struct request *q)
{
	struct record site_record;
	struct err e = { "" };
	double value = NAN;
	int rc;

	k->w.aside_s = 0;
	switch (q->verb) {
	case VERB_START:
		meeting_at(k->w.meeting, k->w.party, (int)q->index);
		k->s->bench->start(&k->w, (int)q->index);
		return answer(k, 0, NAN, NULL, &e);
	case VERB_OPEN:
		k->s->sites[q->index].fresh = q->fresh;
		rc = do_open(k, q->index, q->fresh, &e);
		return answer(k, rc, NAN, NULL, &e);
	case VERB_SAMPLE:
		rc = do_sample(k, q->index, &value, &e);
		return answer(k, rc, value, &k->s->cells[q->index].cell.rec, &e);
	case VERB_TOGETHER:
		return obey_together(k, q->index);
	case VERB_CLOSE:
		record_init(&site_record);
		rc = do_close(k, q->index, &site_record);
		rc = answer(k, rc, NAN, &site_record, &e);
		record_release(&site_record);
		return rc;
	}
	return -EINVAL;
}

static int start_team(struct work *k, struct err *e)
{
	size_t n = session_threads(k->s, k->w.node->id);
	size_t order[k->w.node->ncores + 1];
	int *cpus = calloc(n + 1, sizeof *cpus);
	int rc;

	if (!cpus)
		return -ENOMEM;
	machine_spread_cores(k->w.node, order);
	if (k->s->bench->needs_gpu && n > HANDS)
		n = HANDS;
	for (size_t i = 0; i < n; i++) {
		struct idset usable = k->w.node->allowed_cpus;

		if (i < k->w.node->ncores)
			usable = idset_and(&usable, &k->w.node->cores[order[i]].cpus);
		cpus[i] = idset_next(&usable, -1);
	}
	rc = team_start(&k->w.team, cpus, n, e);
	free(cpus);
	return rc;
}

int worker_run(struct session *s, const struct worker_process *p, int in, int out)
{
	const struct node *node = machine_node(s->machine, p->cpu_node);
	struct work k = {
		.w = { .machine = s->machine,
		       .options = s->options,
		       .node = node,
		       .meeting = s->meeting,
		       .party = (unsigned)(p - s->workers),
		       .seed = s->seed },
		.s = s,
		.out = out,
		.buffers = calloc(s->nsites + 1, sizeof *k.buffers),
		.placed = calloc(s->nsites + 1, sizeof *k.placed),
	};
	struct err e = { "" };
	struct request q;
	int rc = k.buffers && k.placed ? 0 : -ENOMEM;

	process_offer_to_oom();
	if (rc == 0)
		rc = thread_bind(&node->allowed_cpus, &e);
	if (rc == 0)
		rc = start_team(&k, &e);
	if (rc < 0) /* the first request is answered with what went wrong */
		return read(in, &q, sizeof q) == sizeof q ? answer(&k, rc, NAN, NULL, &e) : 1;
	while (rc == 0 && read(in, &q, sizeof q) == sizeof q)
		rc = obey(&k, &q);
	for (size_t i = 0; i < s->nsites; i++)
		if (k.buffers[i])
			s->bench->close(&k.w, k.buffers[i]);
	for (size_t i = 0; i < s->nsites; i++)
		placement_release(&k.placed[i]);
	if (s->bench->stop)
		s->bench->stop(&k.w);
	team_stop(k.w.team);
	free(k.buffers);
	free(k.placed);
	return rc < 0;
}
