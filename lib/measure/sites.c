/* sites.c - opening and closing buffers, what was proven of them in the end, and giving up
 * on what fails. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure/session_parts.h"
#include "place/memory.h"

enum status site_status_of(enum answer a)
{
	return a == ANSWER_TIMEOUT ? STATUS_TIMEOUT
	       : a == ANSWER_DIED  ? STATUS_CRASHED
				   : STATUS_FAILED;
}

const char *site_blame(const struct session *s, size_t site, const char *why, char *buf,
		       size_t size)
{
	int gpu = s->sites[site].site.gpu;

	if (gpu >= 0 && strncmp(why, "GPU ", 4) != 0)
		snprintf(buf, size, "GPU %d: %s", gpu, why);
	else
		snprintf(buf, size, "%s", why);
	return buf;
}

static void end_gpu(struct session *s, int gpu, enum status status, const char *why)
{
	char text[400];

	idset_add(&s->closed_gpus, gpu);
	snprintf(text, sizeof text, "GPU %d is used no more: %s", gpu, why);
	for (size_t i = 0; i < s->ncells; i++) {
		if (!session_uses_gpu(s, i, gpu))
			continue;
		if (s->cells[i].cell.rec.samples.n >= ROUNDS_MIN) /* what was measured stands */
			session_end_unit(s, i);
		else
			session_end_cell(s, i, status, text);
	}
}

static void end_site(struct session *s, size_t site, enum status status, const char *why)
{
	s->sites[site].lost = true;
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].cell.site == site)
			session_end_cell(s, i, status, why);
}

void site_strike(struct session *s, size_t site, enum answer a, const struct reply *r)
{
	struct site_state *t = &s->sites[site];
	int gpu = t->site.gpu, strikes = 0;

	t->strikes += a == ANSWER_TIMEOUT ? STRIKES_MAX : 1;
	for (size_t i = 0; i < s->nsites; i++)
		if (i == site || (gpu >= 0 && s->sites[i].site.gpu == gpu))
			strikes += s->sites[i].strikes;
	if (gpu >= 0 && a == ANSWER_FAILED) /* a CUDA error may stick to the process */
		crew_end_worker(s, t->site.cpu_node);
	if (strikes < STRIKES_MAX)
		return;
	if (gpu >= 0)
		end_gpu(s, gpu, site_status_of(a), r->why);
	else
		end_site(s, site, site_status_of(a), r->why);
}

void site_strike_gpu(struct session *s, int gpu, enum answer a, const struct reply *r)
{
	for (size_t i = 0; gpu >= 0 && i < s->nsites; i++)
		if (s->sites[i].site.gpu == gpu) {
			site_strike(s, i, a, r);
			return;
		}
}

/* Where the pages were at the end: a cell that was right before its samples and wrong
 * after them is wrong. */
static void take_proof(struct record *to, struct record *last, int cpu_node)
{
	struct resident *seen = to->placement.resident;

	to->placement.resident = last->placement.resident;
	to->placement.nresident = last->placement.nresident;
	to->placement.proof = last->placement.proof;
	last->placement.resident = seen;
	placement_judge(to, cpu_node);
}

/* Threads that the bench moved were judged where it moved them to. Where it moved the pages, too,
 * what is left in the end is nothing that they could be compared with. */
static void take_proof_of(struct cell_state *c, struct record *last)
{
	struct placement *p = &c->cell.rec.placement;

	if (!c->placed)
		take_proof(&c->cell.rec, last, c->cell.rec.cpu_node);
	else if (p->nran_on == 1 && p->requested == last->placement.requested)
		take_proof(&c->cell.rec, last, p->ran_on[0]);
}

/* Adds to the counts of one opening those of the ones before: objects of numbers. */
static json_t *add_counts(const json_t *counts, const json_t *before)
{
	json_t *sum = json_deep_copy(counts), *count;
	const char *name;

	json_object_foreach(sum, name, count)
		json_integer_set(count, json_integer_value(count) +
						json_integer_value(json_object_get(before, name)));
	return sum;
}

/* The last proof, and what the bench has to add (bench.last); link errors over all openings. */
static void take_last(struct session *s, size_t site, const json_t *record)
{
	for (size_t i = 0; record && i < s->ncells; i++) {
		struct record *to = &s->cells[i].cell.rec, last;
		json_t *errors;

		if (s->cells[i].cell.site != site || to->samples.n == 0)
			continue;
		record_init(&last);
		if (record_from_json(&last, record, NULL) == 0) {
			if (site_has_memory(&s->sites[site].site))
				take_proof_of(&s->cells[i], &last);
			if (last.more && !to->more)
				to->more = json_object();
			errors = add_counts(json_object_get(last.more, "link_errors"),
					    json_object_get(to->more, "link_errors"));
			json_object_update(to->more, last.more);
			if (errors)
				json_object_set_new(to->more, "link_errors", errors);
			if (to->status == STATUS_OK && last.status != STATUS_OK)
				record_status(to, last.status, "%s", last.reason);
		}
		record_release(&last);
	}
}

void site_close(struct session *s, size_t site)
{
	struct site_state *t = &s->sites[site];
	struct instant began = clock_now();
	struct reply r;
	enum answer a;

	if (!t->open)
		return;
	a = crew_close(s, site, &r);
	if (a == ANSWER_OK) {
		take_last(s, site, r.record);
	} else if (a != ANSWER_STOPPED) { /* nobody knows where the pages were in the end */
		end_site(s, site, site_status_of(a), r.why);
		site_strike(s, site, a, &r);
	}
	crew_release(&r);
	t->open_s += clock_span(began, clock_now());
}

/* What a bench refuses it will refuse again; a worker that died may have been killed. */
static void give_up(struct session *s, size_t site, size_t wanted, enum answer a,
		    const struct reply *r)
{
	char text[320];

	if (a == ANSWER_FAILED && r->code == -ENOTSUP) { /* no fault of anybody's */
		end_site(s, site, STATUS_SKIPPED, r->why);
		return;
	}
	if (a == ANSWER_FAILED)
		end_site(s, site, STATUS_FAILED, r->why);
	session_end_cell(s, wanted, site_status_of(a),
			 s->cells[wanted].nmembers ? site_blame(s, site, r->why, text, sizeof text)
						   : r->why);
	/* That one kind of buffer on one node cannot be had says nothing of the GPU. */
	if (a == ANSWER_FAILED && r->code == -ENOMEM)
		return;
	if (a == ANSWER_FAILED && r->code != -ENODEV && s->sites[site].site.gpu >= 0)
		crew_end_worker(s, s->sites[site].site.cpu_node); /* an error may stick */
	else
		site_strike(s, site, a, r);
}

/* A GPU that stood at its gate while it warmed up is opened once more. */
static enum answer open_again(struct session *s, size_t site, struct reply *r)
{
	enum answer a = crew_open(s, site, r);

	for (int i = 1; i < TRIES_MAX && a == ANSWER_FAILED && r->code == -EAGAIN; i++) {
		crew_release(r);
		a = crew_open(s, site, r);
	}
	return a;
}

bool site_ensure_open(struct session *s, size_t site, int opening, size_t wanted)
{
	struct site_state *t = &s->sites[site];
	struct instant began = clock_now();
	struct reply r;
	enum answer a;

	if (t->open && t->fresh == opening)
		return true;
	t->open_s = 0;
	site_close(s, site);
	if (t->lost)
		return false;
	t->fresh = opening;
	a = open_again(s, site, &r);
	/* With one worker at a time, what is done once in its life is done in every round. */
	t->open_s += visit_less(clock_span(began, clock_now()), s->one_at_a_time ? 0 : r.aside_s);
	if (a != ANSWER_OK && a != ANSWER_STOPPED)
		give_up(s, site, wanted, a, &r);
	crew_release(&r);
	return a == ANSWER_OK;
}
