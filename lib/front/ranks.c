#include "front/ranks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/units.h"

/* No launcher starts more processes on one host. */
enum { RANK_MOST = 65535, ITEM_ROOM = 96 };

/* ---- the environment ---- */

static bool sets(const char *variable, const char *name, size_t length)
{
	return strncmp(variable, name, length) == 0 && variable[length] == '=';
}

const char *environment_value(char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (; *env; env++)
		if (sets(*env, name, length))
			return *env + length + 1;
	return NULL;
}

char **environment_copy(char *const *env)
{
	char **copy;
	size_t n = 0;

	while (env[n])
		n++;
	copy = calloc(n + 1, sizeof *copy);
	if (copy)
		memcpy(copy, env, n * sizeof *copy);
	return copy;
}

/* Variables that stand in front of those of an environment. */
struct own {
	char text[4][ITEM_ROOM + 32];
	size_t n;
};

static void set(struct own *o, const char *name, const char *value)
{
	snprintf(o->text[o->n++], sizeof *o->text, "%s=%s", name, value);
}

static bool is_replaced(const struct own *o, const char *variable)
{
	for (size_t i = 0; i < o->n; i++)
		if (sets(variable, o->text[i], strcspn(o->text[i], "=")))
			return true;
	return false;
}

/* A list with room behind it for what is ours, so that one free() takes all. */
static char **environment_with(char *const *env, const struct own *o)
{
	size_t n = 0, room = o->n + 1;
	char **with, *text;

	for (char *const *v = env; *v; v++)
		room++;
	with = calloc(1, room * sizeof *with + sizeof o->text);
	if (!with)
		return NULL;
	text = (char *)(with + room);
	memcpy(text, o->text, sizeof o->text);
	for (char *const *v = env; *v; v++)
		if (!is_replaced(o, *v))
			with[n++] = *v;
	for (size_t i = 0; i < o->n; i++)
		with[n++] = text + i * sizeof *o->text;
	return with;
}

char **launch_environment(char *const *env, const char *visible, size_t threads)
{
	struct own own = { .n = 0 };
	char number[24];

	set(&own, "CUDA_DEVICE_ORDER", "PCI_BUS_ID");
	if (visible[0])
		set(&own, "CUDA_VISIBLE_DEVICES", visible);
	snprintf(number, sizeof number, "%zu", threads);
	if (threads && !environment_value(env, "OMP_NUM_THREADS"))
		set(&own, "OMP_NUM_THREADS", number);
	return environment_with(env, &own);
}

/* ---- the rank ---- */

int rank_find(struct rank *r, const char *said, char *const *env, struct err *e)
{
	int rc;

	*r = (struct rank){ .from = NULL };
	if (strcmp(said, "auto") != 0) {
		rc = parse_int(&r->number, said, 0, RANK_MOST, e);
		return rc < 0 ? err_within(e, rc, "option '--rank %.40s'", said) : 0;
	}
	for (const char *const *name = rank_variables; *name; name++) {
		const char *value = environment_value(env, *name);

		if (!value)
			continue;
		r->from = *name;
		rc = parse_int(&r->number, value, 0, RANK_MOST, e);
		return rc < 0 ? err_within(e, rc, "option '--rank auto': %s=%.40s", r->from, value)
			      : 0;
	}
	return err_set(e, -EINVAL,
		       "option '--rank auto': no launcher says which rank this is (%s, %s, %s and "
		       "%s are not set); start it by torchrun, mpirun, mpiexec or srun, or give "
		       "--rank N",
		       rank_variables[0], rank_variables[1], rank_variables[2], rank_variables[3]);
}

/* ---- what CUDA offers ---- */

static bool cuda_answered(const struct machine *m)
{
	for (size_t i = 0; i < m->ngpus; i++)
		if (m->gpus[i].state == GPU_USABLE)
			return true;
	return false;
}

/* Whether CUDA counts it; where CUDA could not be asked, whether it would. */
static bool counts(const struct gpu *g, bool answered)
{
	if (answered)
		return g->state == GPU_USABLE;
	return g->state != GPU_HIDDEN && g->state != GPU_NO_DRIVER && g->state != GPU_VFIO;
}

struct offer {
	const struct machine *m;
	struct offered *v;
	size_t n;
	/* The variable holds numbers alone, so many, and CUDA offers as many GPUs: in order of
	 * number they are these GPUs in order of address, whatever a container hides. */
	bool by_order;
	int *numbers;
	size_t nnumbers;
};

static int add(struct offer *o, const struct gpu *g, const char *name, struct err *e)
{
	struct offered *to = &o->v[o->n];
	char number[16];

	snprintf(number, sizeof number, "%d", g->index);
	snprintf(to->name, sizeof to->name, "%s", name ? name : g->uuid[0] ? g->uuid : number);
	to->gpu = g;
	for (size_t i = 0; i < o->n; i++)
		if (strcasecmp(o->v[i].name, to->name) == 0)
			return err_set(e, -EINVAL,
				       "CUDA_VISIBLE_DEVICES names GPU %d twice: CUDA offers none "
				       "then",
				       g->index);
	o->n++;
	return 0;
}

static const struct gpu *by_number(const struct offer *o, int number)
{
	size_t before = 0;

	if (!o->by_order) {
		const struct gpu *g = machine_gpu(o->m, number);

		return g && g->state != GPU_HIDDEN ? g : NULL;
	}
	for (size_t i = 0; i < o->nnumbers; i++)
		before += o->numbers[i] < number;
	for (size_t i = 0; i < o->m->ngpus; i++)
		if (counts(&o->m->gpus[i], true) && before-- == 0)
			return &o->m->gpus[i];
	return NULL;
}

/* "MIG-GPU-<uuid of the GPU>/3/0" (drivers before 470), "MIG-<its own uuid>". */
static bool has_instance(const struct gpu *g, const char *name)
{
	size_t length = strcspn(name + 4, "/");
	const char *at;

	if (strncasecmp(name + 4, "GPU-", 4) == 0)
		return strncasecmp(g->uuid, name + 4, length) == 0;
	for (at = g->instances; *at; at += strcspn(at, ",") + (strchr(at, ',') != NULL))
		if (strncasecmp(at, name, strlen(name)) == 0)
			return true;
	return false;
}

static const struct gpu *by_name(const struct machine *m, const char *name)
{
	const struct gpu *only = NULL;
	size_t usable = 0;
	bool mig = strncasecmp(name, "MIG-", 4) == 0;

	if (!mig && strncasecmp(name, "GPU-", 4) != 0)
		return NULL;
	for (size_t i = 0; i < m->ngpus; i++) {
		const struct gpu *g = &m->gpus[i];

		if (g->state == GPU_USABLE) {
			usable++;
			only = g;
		}
		if (mig ? has_instance(g, name) : strncasecmp(g->uuid, name, strlen(name)) == 0)
			return g;
	}
	/* CUDA offers one instance and no more: the first that is named is on the GPU it has. */
	return mig && usable == 1 ? only : NULL;
}

/* The items of the variable, blanks around them gone. Returns how many; -ENOMEM. */
static int split(const char *visible, char (**items)[ITEM_ROOM])
{
	size_t n = 0, room = 1;

	for (const char *p = visible; *p; p++)
		room += *p == ',';
	*items = calloc(room, sizeof **items);
	if (!*items)
		return -ENOMEM;
	for (const char *p = visible; n < room; p += strcspn(p, ",") + 1) {
		const char *word = p + strspn(p, " ");

		snprintf((*items)[n++], ITEM_ROOM, "%.*s", (int)strcspn(word, ", "), word);
	}
	return (int)n;
}

/* A whole number without a sign. */
static bool is_number(const char *item, int *number)
{
	return item[0] && strspn(item, "0123456789") == strlen(item) &&
	       parse_int(number, item, 0, IDSET_MAX, NULL) == 0;
}

static void count_numbers(struct offer *o, char (*items)[ITEM_ROOM], size_t n)
{
	size_t usable = 0;

	while (o->nnumbers < n && is_number(items[o->nnumbers], &o->numbers[o->nnumbers]))
		o->nnumbers++;
	for (size_t i = 0; i < o->m->ngpus; i++)
		usable += o->m->gpus[i].state == GPU_USABLE;
	o->by_order = o->nnumbers == n && usable == n;
}

static int take_named(struct offer *o, const char *visible, struct err *e)
{
	char(*items)[ITEM_ROOM] = NULL;
	int n = split(visible, &items), rc = 0;

	if (n < 0)
		return err_set(e, n, "out of memory");
	o->v = calloc((size_t)n, sizeof *o->v);
	o->numbers = calloc((size_t)n, sizeof *o->numbers);
	if (o->v && o->numbers)
		count_numbers(o, items, (size_t)n);
	else
		rc = err_set(e, -ENOMEM, "out of memory");
	for (int i = 0; i < n && rc == 0; i++) {
		const struct gpu *g;
		int number;

		g = is_number(items[i], &number) ? by_number(o, number) : by_name(o->m, items[i]);
		if (!g)
			break;
		rc = add(o, g, strncasecmp(items[i], "MIG-", 4) == 0 ? items[i] : NULL, e);
	}
	free(items);
	free(o->numbers);
	return rc;
}

static int take_all(struct offer *o, struct err *e)
{
	bool answered = cuda_answered(o->m);
	int rc = 0;

	o->v = calloc(o->m->ngpus + 1, sizeof *o->v);
	if (!o->v)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < o->m->ngpus && rc == 0; i++)
		if (counts(&o->m->gpus[i], answered))
			rc = add(o, &o->m->gpus[i], NULL, e);
	return rc;
}

int gpus_offered(struct offered **list, size_t *n, const struct machine *m, const char *visible,
		 struct err *e)
{
	struct offer o = { .m = m };
	int rc = visible ? take_named(&o, visible, e) : take_all(&o, e);

	if (rc == 0 && !o.n && visible)
		rc = err_set(e, -EINVAL,
			     "CUDA_VISIBLE_DEVICES=%.100s leaves no GPU of this machine", visible);
	else if (rc == 0 && !o.n)
		rc = err_set(e, -EINVAL, "no GPU here can be used through CUDA%s%s",
			     m->cuda_why[0] ? ": " : "", m->cuda_why);
	if (rc < 0) {
		free(o.v);
		return rc;
	}
	*list = o.v;
	*n = o.n;
	return 0;
}

int rank_offered(const struct rank *r, size_t n, struct err *e)
{
	if (n == 1 && r->from)
		return 0;
	if ((size_t)r->number < n)
		return r->number;
	return err_set(e, -EINVAL, "rank %d (%s) has no GPU: %zu %s visible, for ranks 0 to %zu",
		       r->number, r->from ? r->from : "--rank", n, n == 1 ? "is" : "are", n - 1);
}

/* ---- cores ---- */

static bool takes_part(const struct core *core, const struct idset *cpus)
{
	struct idset of = idset_and(&core->cpus, cpus);

	return !idset_empty(&of);
}

size_t cores_of(const struct machine *m, const struct idset *cpus)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t k = 0; k < m->nodes[i].ncores; k++)
			n += takes_part(&m->nodes[i].cores[k], cpus);
	return n;
}

struct idset cores_part(const struct machine *m, const struct idset *cpus, size_t part,
			size_t parts)
{
	size_t n = cores_of(m, cpus), at = 0, first, last;
	struct idset mine = { { 0 } };

	if (!n || parts < 2)
		return *cpus;
	first = parts > n ? part % n : part * n / parts;
	last = parts > n ? first + 1 : (part + 1) * n / parts;
	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t k = 0; k < m->nodes[i].ncores; k++) {
			struct idset of = idset_and(&m->nodes[i].cores[k].cpus, cpus);

			if (idset_empty(&of))
				continue;
			if (at >= first && at < last)
				mine = idset_or(&mine, &of);
			at++;
		}
	return mine;
}
