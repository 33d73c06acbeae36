#include "measure/pattern.h"

#include <string.h>

#include "util/random.h"

struct pattern pattern_start(uint64_t seed, int fresh, int lane)
{
	return (struct pattern){ .seed = seed,
				 .pass = (uint64_t)fresh << 40 | (uint64_t)lane << 32 };
}

/* The word at place `from`. The following ones are RANDOM_STEP apart, hence all different. */
static uint64_t first_word(const struct pattern *what, size_t from)
{
	return mix64(mix64(what->seed + RANDOM_STEP) + what->pass) +
	       RANDOM_STEP * (from / sizeof(uint64_t));
}

void pattern_fill(void *p, size_t bytes, size_t from, const struct pattern *what)
{
	uint64_t word = first_word(what, from), *v = p;
	size_t n = bytes / sizeof word;

	for (size_t i = 0; i < n; i++, word += RANDOM_STEP)
		v[i] = word;
	memcpy(v + n, &word, bytes % sizeof word);
}

void pattern_poison(void *p, size_t bytes)
{
	memset(p, 0xa5, bytes);
}

static void note(struct mismatch *m, size_t offset, uint64_t expected, uint64_t found)
{
	unsigned char a[8], b[8];
	size_t i = 0;

	memcpy(a, &expected, sizeof a);
	memcpy(b, &found, sizeof b);
	while (a[i] == b[i])
		i++;
	if (m->words++ == 0)
		*m = (struct mismatch){
			.offset = offset + i, .expected = a[i], .found = b[i], .words = 1
		};
}

bool pattern_check(const void *p, size_t bytes, size_t from, const struct pattern *what,
		   struct mismatch *m)
{
	uint64_t word = first_word(what, from), last = 0;
	const uint64_t *v = p;
	size_t n = bytes / sizeof word, rest = bytes % sizeof word;

	*m = (struct mismatch){ 0 };
	for (size_t i = 0; i < n; i++, word += RANDOM_STEP)
		if (v[i] != word)
			note(m, from + i * sizeof word, word, v[i]);
	memcpy(&last, &word, sizeof last);
	memcpy(&last, v + n, rest);
	if (last != word)
		note(m, from + n * sizeof word, word, last);
	return m->words == 0;
}

void pattern_report(struct record *r, enum direction d, const struct mismatch *m)
{
	char name[160];

	record_status(
		r, STATUS_CORRUPT,
		"%s%s%s: data arrived wrong at offset %zu: expected 0x%02x, found 0x%02x, bits "
		"0x%02x differ; wrong words of 8 bytes: %zu",
		record_name(r, name, sizeof name), r->direction == d ? "" : ", ",
		r->direction == d ? "" : direction_name(d), m->offset, m->expected, m->found,
		m->expected ^ m->found, m->words);
}

/* ---- by a team ---- */

/* Not worth waking anybody for less. */
enum { PART_LEAST = 256 << 10, PARTS_MOST = 64 };

struct parts {
	char *p;
	size_t bytes, from;
	const struct pattern *what;
	bool check;
	struct mismatch found[PARTS_MOST];
};

/* Every part but the last is whole words. */
static void do_part(void *arg, size_t rank, size_t size)
{
	struct parts *all = arg;
	size_t n = size < PARTS_MOST ? size : PARTS_MOST;
	size_t word = sizeof(uint64_t), part = (all->bytes / n + word) / word * word;
	size_t at = rank * part, length;

	if (rank >= n || at >= all->bytes)
		return;
	length = all->bytes - at < part ? all->bytes - at : part;
	if (all->check)
		pattern_check(all->p + at, length, all->from + at, all->what, &all->found[rank]);
	else
		pattern_fill(all->p + at, length, all->from + at, all->what);
}

static bool alone(const struct team *t, size_t bytes)
{
	return !t || bytes < PART_LEAST * team_size(t);
}

void pattern_fill_by(struct team *t, void *p, size_t bytes, size_t from, const struct pattern *what)
{
	struct parts all = { .p = p, .bytes = bytes, .from = from, .what = what };

	if (alone(t, bytes))
		pattern_fill(p, bytes, from, what);
	else
		team_run(t, do_part, &all);
}

bool pattern_check_by(struct team *t, const void *p, size_t bytes, size_t from,
		      const struct pattern *what, struct mismatch *m)
{
	struct parts all = {
		.p = (char *)p, .bytes = bytes, .from = from, .what = what, .check = true
	};

	if (alone(t, bytes))
		return pattern_check(p, bytes, from, what, m);
	team_run(t, do_part, &all);
	*m = (struct mismatch){ 0 };
	for (size_t i = 0; i < PARTS_MOST; i++) {
		size_t words = m->words + all.found[i].words;

		if (m->words == 0)
			*m = all.found[i];
		m->words = words;
	}
	return m->words == 0;
}
