/* plants.c - what the scenario plants for a transfer, and the noise on it. */
#include "streams.h"

static bool is_or_any(int said, int is)
{
	return said == SIM_ANY || said == is;
}

bool sim_fits(const struct sim_way *rule, const struct sim_way *way)
{
	return is_or_any(rule->cpu_node, way->cpu_node) &&
	       is_or_any(rule->mem_node, way->mem_node) && is_or_any(rule->gpu, way->gpu) &&
	       is_or_any(rule->peer, way->peer) && is_or_any(rule->peer_access, way->peer_access) &&
	       is_or_any(rule->direction, way->direction) && is_or_any(rule->memory, way->memory) &&
	       is_or_any(rule->pages, way->pages);
}

static void say(double *figure, double said)
{
	if (said > 0)
		*figure = said;
}

struct sim_plant sim_planted(const struct sim_way *way, size_t bytes)
{
	const struct scenario *s = scenario();
	struct sim_plant p = { .bandwidth = 20e9, .load = 1e-6, .load_tail_every = 100 };

	for (size_t i = 0; i < s->nplants; i++) {
		const struct sim_plant *r = &s->plants[i];

		if (bytes < r->bytes_from || bytes >= r->bytes_below || !sim_fits(&r->way, way))
			continue;
		say(&p.bandwidth, r->bandwidth);
		say(&p.latency, r->latency);
		say(&p.start, r->start);
		say(&p.launch, r->launch);
		say(&p.load, r->load);
		say(&p.load_tail, r->load_tail);
		if (r->load_tail_every)
			p.load_tail_every = r->load_tail_every;
	}
	return p;
}

double sim_factor(stream *st)
{
	double sum = -6; /* about normal, deviation 1: twelve uniform numbers less six */

	for (int i = 0; i < 12; i++) {
		st->random = st->random * 6364136223846793005u + 1442695040888963407u; /* MMIX */
		sum += (double)(st->random >> 11) * 0x1p-53;
	}
	return 1 + scenario()->noise * sum;
}
