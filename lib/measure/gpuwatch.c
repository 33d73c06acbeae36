#include "measure/gpuwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/sysroot.h"

/* What a clock that was set down runs below, of what it usually has: clocks have steps. */
#define CLOCKED_DOWN 0.9

struct gpuwatch {
	struct nvml *nvml; /* NULL: none here */
	struct sysroot sys;
	bool has_sys;
};

struct gpuwatch *gpuwatch_open(void)
{
	struct gpuwatch *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	if (nvml_open(&w->nvml, NULL) < 0)
		w->nvml = NULL;
	w->has_sys = sysroot_open_live(&w->sys, NULL) == 0;
	return w;
}

void gpuwatch_close(struct gpuwatch *w)
{
	if (!w)
		return;
	nvml_close(w->nvml);
	if (w->has_sys)
		sysroot_close(&w->sys);
	free(w);
}

/* NVML's word, for it asks the GPU; sysfs where there is no NVML. */
static struct link_seen link_of(const struct gpuwatch *w, const struct gpu *g)
{
	struct link_seen l = { 0 };

	l.known = (w->nvml && nvml_link(w->nvml, g->pci, &l.gen, &l.width) == 0) ||
		  (w->has_sys && link_now(&w->sys, g->pci, &l.gen, &l.width) == 0);
	return l;
}

static struct known replays_of(const struct gpuwatch *w, const struct gpu *g)
{
	uint64_t n;

	return w->nvml && nvml_replays(w->nvml, g->pci, &n) == 0 ? KNOWN((long long)n)
								 : UNKNOWN("NVML does not tell");
}

void gpuwatch_before(struct gpuwatch *w, const struct gpu *g, struct gpuseen *seen)
{
	*seen = (struct gpuseen){ .before = link_of(w, g) };
	if (w->nvml)
		nvml_clocks(w->nvml, g->pci, &seen->clocks);
}

void gpuwatch_errors(const struct gpuwatch *w, const struct gpu *g, struct gpuerrors *now)
{
	*now = (struct gpuerrors){ .replays = replays_of(w, g) };
	if (w->has_sys)
		link_errors(&w->sys, g->pci, &now->aer);
}

bool gpuwatch_awake(const struct gpuwatch *w, const struct gpu *g)
{
	struct link_seen now = link_of(w, g);

	return now.known && g->max_gen.is && now.gen >= g->max_gen.value;
}

static void put(struct record *r, const char *key, json_t *value)
{
	if (!r->more)
		r->more = json_object();
	if (value)
		json_object_set_new(r->more, key, value);
}

static void put_link(struct record *r, const char *key, const struct link_seen *l)
{
	if (l->known)
		put(r, key, json_pack("{s:i, s:i}", "gen", l->gen, "width", l->width));
}

static bool has_word(const json_t *words, const char *word)
{
	const json_t *v;
	size_t i;

	json_array_foreach(words, i, v) if (strcmp(json_string_value(v), word) == 0) return true;
	return false;
}

/* Adds the words of what is seen now; `again`: seen the last time, too. */
static void put_reasons(struct record *r, const struct gpu *g, uint64_t now, uint64_t again)
{
	json_t *words = json_incref(json_object_get(r->more, "clock_reasons"));
	char faults[120] = "";

	if (!words)
		words = json_array();
	for (size_t i = 0; i < nvml_nreasons; i++) {
		const struct nvml_reason *n = &nvml_reasons[i];
		size_t used = strlen(faults);

		if (now & n->bit && !has_word(words, n->word))
			json_array_append_new(words, json_string(n->word));
		if (n->fault && again & n->bit)
			snprintf(faults + used, sizeof faults - used, "%s%s", used ? ", " : "",
				 n->word);
	}
	put(r, "clock_reasons", words);
	if (faults[0] && r->status == STATUS_OK)
		record_status(r, STATUS_UNSTABLE, "GPU %d was slowed down while it copied: %s",
			      g->index, faults);
}

/* Somebody set its clocks down, and so it is no measure of the machine. */
static void judge_clocks(struct record *r, const struct gpu *g, const struct nvml_clocks *before,
			 const struct nvml_clocks *now, uint64_t reasons)
{
	const struct known *usual = before->usual.is ? &before->usual : &before->most;

	if (r->status != STATUS_OK || !usual->is)
		return;
	if (before->set.is && before->set.value < usual->value)
		record_status(r, STATUS_UNSTABLE,
			      "GPU %d is clocked down: its applications clock is set to %lld MHz, "
			      "%s is %lld MHz",
			      g->index, before->set.value,
			      before->usual.is ? "the default" : "the highest", usual->value);
	else if (reasons & NVML_REASON_SET && now->now.is &&
		 (double)now->now.value < CLOCKED_DOWN * (double)usual->value)
		record_status(r, STATUS_UNSTABLE,
			      "GPU %d is clocked down: it was set to run at %lld of %lld MHz "
			      "while it copied",
			      g->index, now->now.value, usual->value);
}

void gpuwatch_during(struct gpuwatch *w, const struct gpu *g, struct gpuseen *seen,
		     struct record *r)
{
	struct nvml_clocks clocks = { .now = UNKNOWN("not asked") };
	struct link_seen now = link_of(w, g);
	uint64_t reasons;

	put_link(r, "link_before", &seen->before);
	put_link(r, "link_during", &now);
	if (!w->nvml || nvml_clock_reasons(w->nvml, g->pci, &reasons) < 0)
		return;
	put_reasons(r, g, reasons, seen->reasons & reasons);
	seen->reasons = reasons;
	if (reasons & NVML_REASON_SET)
		nvml_clocks(w->nvml, g->pci, &clocks);
	judge_clocks(r, g, &seen->clocks, &clocks, reasons);
}

static void put_growth(json_t *o, const char *key, struct known from, struct known to)
{
	if (from.is && to.is)
		json_object_set_new(o, key, json_integer(to.value - from.value));
}

void gpuwatch_after(struct gpuwatch *w, const struct gpu *g, const struct gpuerrors *since,
		    struct record *r)
{
	struct link_seen now = link_of(w, g);
	json_t *grown = json_object();
	struct gpuerrors errors;

	gpuwatch_errors(w, g, &errors);
	put_link(r, "link_after", &now);
	put_growth(grown, "replays", since->replays, errors.replays);
	put_growth(grown, "aer_correctable", since->aer.correctable, errors.aer.correctable);
	put_growth(grown, "aer_nonfatal", since->aer.nonfatal, errors.aer.nonfatal);
	put_growth(grown, "aer_fatal", since->aer.fatal, errors.aer.fatal);
	put(r, "link_errors", grown);
}
