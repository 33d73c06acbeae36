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

static int prove(struct work *k, size_t site)
{
	struct placement *p = &k->placed[site];

	placement_release(p);
	p->requested = k->s->sites[site].site.mem_node;
	return k->s->bench->prove(&k->w, k->buffers[site], p);
}

static int do_open(struct work *k, size_t site, int fresh, struct err *e)
{
	int rc;

	k->w.fresh = fresh;
	rc = k->s->bench->open(&k->w, &k->s->sites[site].site, &k->buffers[site], e);
	if (rc < 0)
		return rc;
	rc = prove(k, site);
	return rc < 0 ? err_set(e, rc, "proving the placement: %s", strerror(-rc)) : 0;
}

/* Copies the site's proof and the CPU nodes now seen into a record. */
static int place_record(struct work *k, struct record *r, size_t site, const struct idset *ran)
{
	const struct placement *from = &k->placed[site];
	struct placement *to = &r->placement;
	struct idset nodes = { 0 };

	for (int c = -1; (c = idset_next(ran, c)) >= 0;) {
		const struct node *n = machine_node_of_cpu(k->w.machine, c);

		if (n)
			idset_add(&nodes, n->id);
	}
	for (size_t i = 0; i < to->nran_on; i++)
		idset_add(&nodes, to->ran_on[i]);
	placement_release(to);
	if (placement_copy(to, from) < 0)
		return -ENOMEM;
	free(to->ran_on); /* the proof knows pages only */
	to->nran_on = 0;
	to->ran_on = calloc(idset_count(&nodes) + 1, sizeof *to->ran_on);
	if (!to->ran_on)
		return -ENOMEM;
	for (int n = -1; (n = idset_next(&nodes, n)) >= 0;)
		to->ran_on[to->nran_on++] = n;
	record_set(r, "placement", NULL);
	return 0;
}

static int do_sample(struct work *k, size_t index, double *value, struct err *e)
{
	struct cell *c = &k->s->cells[index].cell;
	struct idset ran = { 0 };
	int rc;

	record_status(&c->rec, STATUS_OK, "%s", "");
	k->w.fresh = k->s->sites[c->site].fresh;
	idset_add(&ran, sched_getcpu());
	rc = k->s->bench->sample(&k->w, k->buffers[c->site], c, value, e);
	idset_add(&ran, sched_getcpu());
	if (k->w.team) {
		struct idset team = team_ran_on(k->w.team);

		ran = idset_or(&ran, &team);
	}
	if (rc == 0)
		rc = place_record(k, &c->rec, c->site, &ran);
	if (rc == 0)
		placement_judge(&c->rec, k->w.node->id);
	return rc;
}

/* Proves once more what was proven at opening, then lets go. */
static int do_close(struct work *k, size_t site, struct record *r)
{
	const struct idset none = { 0 };
	int rc = prove(k, site);

	k->s->bench->close(&k->w, k->buffers[site]);
	k->buffers[site] = NULL;
	return rc < 0 ? rc : place_record(k, r, site, &none);
}

static int answer(struct work *k, int rc, double value, const struct record *rec,
		  const struct err *e)
{
	json_t *o = json_pack("{s:i, s:f}", "code", rc, "aside", k->w.aside_s);
	int written = -1;
	char *text;

	if (o && isfinite(value))
		json_object_set_new(o, "value", json_real(value));
	if (o && rec)
		json_object_set_new(o, "record", record_to_json(rec));
	if (o && rc < 0)
		json_object_set_new(o, "why", json_text(e->text));
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
	json_decref(o);
	if (text)
		written = dprintf(k->out, "%s\n", text);
	free(text);
	return written > 0 ? 0 : -EIO;
}

static int obey(struct work *k, const struct request *q)
{
	struct record site_record;
	struct err e = { "" };
	double value = NAN;
	int rc;

	k->w.aside_s = 0;
	switch (q->verb) {
	case VERB_OPEN:
		k->s->sites[q->index].fresh = q->fresh;
		rc = do_open(k, q->index, q->fresh, &e);
		return answer(k, rc, NAN, NULL, &e);
	case VERB_SAMPLE:
		rc = do_sample(k, q->index, &value, &e);
		return answer(k, rc, value, &k->s->cells[q->index].cell.rec, &e);
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
	int *cpus = calloc(n + 1, sizeof *cpus);
	int rc;

	if (!cpus)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct idset usable =
			idset_and(&k->w.node->cores[i].cpus, &k->w.node->allowed_cpus);

		cpus[i] = idset_next(&usable, -1);
	}
	rc = team_start(&k->w.team, cpus, n, e);
	free(cpus);
	return rc;
}

int worker_run(struct session *s, const struct node *node, int in, int out)
{
	struct work k = {
		.w = { .machine = s->machine,
		       .options = s->options,
		       .node = node,
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
	if (rc == 0 && !s->bench->needs_gpu)
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
