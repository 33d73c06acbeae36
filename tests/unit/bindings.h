/* bindings.h - machines put together by hand, the bindings that come of them, and what notations
 * make of these. */
#ifndef NB_TESTS_BINDINGS_H
#define NB_TESTS_BINDINGS_H

#include <string.h>

#include "planted.h"
#include "render/launch.h"
#include "result/binding.h"

/* A machine with what is declared for its GPUs, and the bindings that came of it. */
struct scene {
	struct machine m;
	struct recommendation *rec;
	size_t nrec, n;
	struct result *res;
	const char *from; /* its file */
	struct binding_want want;
	struct binding *all;
	struct err e;
};

static inline void is_list(struct idset s, const char *wanted)
{
	char text[8192];

	idset_format(&s, text, sizeof text);
	assert_string_equal(text, wanted);
}

static inline struct idset up_to(size_t n)
{
	struct idset s = { { 0 } };

	for (size_t i = 0; i < n; i++)
		idset_add(&s, (int)i);
	return s;
}

static inline void declare(struct scene *s)
{
	assert_int_equal(recommend_declared(&s->m, &s->rec, &s->nrec), 0);
	s->want.gpus = up_to(s->m.ngpus);
}

static inline void planted(struct scene *s, size_t nodes, int cores, size_t gpus)
{
	*s = (struct scene){ .nrec = 0 };
	plant_machine(&s->m, nodes, cores, gpus);
	s->m.memory_left = (struct known)UNKNOWN("no limit");
	declare(s);
}

static inline int make(struct scene *s)
{
	free(s->all);
	s->all = NULL;
	s->n = 0;
	return bindings_make(&s->all, &s->n, &s->m, s->rec, s->nrec, s->res, &s->want, &s->e);
}

static inline void made(struct scene *s)
{
	if (make(s) != 0)
		fail_msg("not made: %s", s->e.text);
}

static inline void end(struct scene *s)
{
	free(s->all);
	recommendations_free(s->rec, s->nrec);
	machine_release(&s->m);
}

/* What a notation makes of the bindings. */
static inline char *written(const struct scene *s, const char *name)
{
	static char *const command[] = { "job", NULL };
	struct launch l = { .machine = &s->m,
			    .bindings = s->all,
			    .n = s->n,
			    .command = command,
			    .recommended = s->rec,
			    .nrecommended = s->nrec,
			    .measured = s->res,
			    .from = s->from,
			    .want = s->want };
	struct err e = { "" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(notation_find(name));
	if (notation_write(notation_find(name), out, &l, &e) != 0)
		fail_msg("%s: %s", name, e.text);
	fclose(out);
	return text;
}

static inline void writes(const struct scene *s, const char *name, const char *wanted)
{
	char *text = written(s, name);

	if (!strstr(text, wanted))
		fail_msg("%s: no '%s' in:\n%s", name, wanted, text);
	free(text);
}

/* Every process has cores that no other has, all cores are given away, and no core is torn. */
static inline void disjoint(const struct scene *s, size_t cpus_each)
{
	struct idset taken = { { 0 } };

	for (size_t i = 0; i < s->n; i++) {
		struct idset meet = idset_and(&taken, &s->all[i].cpus);
		const struct node *home = machine_node(&s->m, s->all[i].node);
		struct idset outside = idset_minus(&s->all[i].cpus, &home->cpus);

		assert_true(idset_empty(&meet));
		assert_true(idset_empty(&outside));
		assert_false(s->all[i].cpus_shared);
		assert_int_equal(idset_count(&s->all[i].cpus), cpus_each);
		taken = idset_or(&taken, &s->all[i].cpus);
		for (size_t k = 0; k < home->ncores; k++) {
			struct idset of = idset_and(&home->cores[k].cpus, &s->all[i].cpus);

			assert_true(idset_empty(&of) || idset_equal(&of, &home->cores[k].cpus));
		}
	}
	assert_true(idset_equal(&taken, &s->m.allowed_cpus));
}

#endif
