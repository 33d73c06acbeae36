/* The "topology" object of a result: reading. Reasons for what is unknown point
 * into a copy of the object that the machine keeps (m->reasons). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"
#include "util/json.h"

/* One object being read: where it is, and the first thing found wrong. */
struct reading {
	const json_t *o;
	const char *where;
	size_t index;
	int rc;
	struct err *e;
};

static void wrong(struct reading *r, const char *key, const char *want)
{
	if (r->rc == 0)
		r->rc = err_set(r->e, -EINVAL, "topology.%s[%zu].%s: not %s", r->where, r->index,
				key, want);
}

/* NULL for absent and for null alike. */
static const json_t *get(const struct reading *r, const char *key)
{
	const json_t *v = json_object_get(r->o, key);

	return json_is_null(v) ? NULL : v;
}

static struct known get_known(struct reading *r, const char *key)
{
	const json_t *v = get(r, key);
	char why_key[48];
	const char *why;

	if (v && !json_is_integer(v))
		wrong(r, key, "a whole number or null");
	if (json_is_integer(v))
		return KNOWN(json_integer_value(v));
	snprintf(why_key, sizeof(why_key), "%s_why", key);
	why = json_string_value(json_object_get(r->o, why_key));
	return UNKNOWN(why ? why : "the result does not say");
}

static int get_int(struct reading *r, const char *key, int low, int high)
{
	const json_t *v = get(r, key);
	json_int_t i = json_integer_value(v);

	if (!json_is_integer(v) || i < low || i > high) {
		wrong(r, key, "a number in its range");
		return low;
	}
	return (int)i;
}

static bool get_bool(struct reading *r, const char *key)
{
	const json_t *v = get(r, key);

	if (v && !json_is_boolean(v))
		wrong(r, key, "true or false");
	return json_is_true(v);
}

static void get_text(struct reading *r, const char *key, char *buf, size_t size)
{
	const json_t *v = get(r, key);

	if (v && (!json_is_string(v) || strlen(json_string_value(v)) >= size))
		wrong(r, key, "a text of its length");
	snprintf(buf, size, "%s", json_is_string(v) ? json_string_value(v) : "");
}

static struct idset get_idset(struct reading *r, const char *key, const json_t *v)
{
	struct idset s = { 0 };

	if (!json_is_string(v) || idset_parse_kernel(&s, json_string_value(v)) < 0)
		wrong(r, key, "a list such as \"0-3,8\"");
	return s;
}

static const char *node_kind_word(int i)
{
	return node_kind_name((enum node_kind)i);
}

static const char *gpu_state_word(int i)
{
	return gpu_state_name((enum gpu_state)i);
}

static const char *device_kind_word(int i)
{
	return device_kind_name((enum device_kind)i);
}

/* The index of a word among those that `name` spells for 0 .. n-1. */
static int get_word(struct reading *r, const char *key, int n, const char *(*name)(int))
{
	const char *text = json_string_value(get(r, key));

	for (int i = 0; text && i < n; i++)
		if (strcmp(text, name(i)) == 0)
			return i;
	wrong(r, key, "one of the words known here");
	return 0;
}

/* A new zeroed array for the elements of a JSON array; NULL with *n 0 for none. */
static void *array_for(struct reading *r, const json_t *array, const char *key, size_t size,
		       size_t *n)
{
	void *v;

	*n = 0;
	if (!json_is_array(array)) {
		wrong(r, key, "an array");
		return NULL;
	}
	if (json_array_size(array) == 0)
		return NULL;
	v = calloc(json_array_size(array), size);
	if (v)
		*n = json_array_size(array);
	else if (r->rc == 0)
		r->rc = err_set(r->e, -ENOMEM, "out of memory");
	return v;
}

static void read_caches(struct reading *r, struct node *n)
{
	const json_t *caches = get(r, "caches");

	n->caches = array_for(r, caches, "caches", sizeof(*n->caches), &n->ncaches);
	for (size_t i = 0; i < n->ncaches; i++) {
		struct reading c = *r;
		struct known bytes;

		c.o = json_array_get(caches, i);
		bytes = get_known(&c, "bytes");
		n->caches[i].level = get_int(&c, "level", 1, 9);
		n->caches[i].bytes = bytes.is && bytes.value > 0 ? (uint64_t)bytes.value : 0;
		n->caches[i].cpus = get_idset(&c, "cpus", get(&c, "cpus"));
		r->rc = c.rc;
	}
}

static void read_node(struct reading *r, void *element)
{
	struct node *n = element;
	const json_t *cores = get(r, "cores"), *allowed = get(r, "allowed_cpus");

	n->id = get_int(r, "id", 0, IDSET_MAX - 1);
	n->kind = (enum node_kind)get_word(r, "kind", NODE_MEMORYLESS + 1, node_kind_word);
	n->package = get_known(r, "package");
	n->cpus = get_idset(r, "cpus", get(r, "cpus"));
	n->allowed_cpus = allowed ? get_idset(r, "allowed_cpus", allowed) : n->cpus;
	n->memory_bytes = get_known(r, "memory_bytes");
	n->free_bytes = get_known(r, "free_bytes");
	n->giveable_bytes = get_known(r, "giveable_bytes");
	n->allowed = get_bool(r, "allowed");
	n->cores = array_for(r, cores, "cores", sizeof(*n->cores), &n->ncores);
	for (size_t i = 0; i < n->ncores; i++)
		n->cores[i].cpus = get_idset(r, "cores", json_array_get(cores, i));
	read_caches(r, n);
}

static void read_gpu(struct reading *r, void *element)
{
	struct gpu *g = element;
	struct reading declared = *r, link = *r;

	declared.o = get(r, "declared_node");
	link.o = get(r, "link");
	g->index = get_int(r, "index", 0, IDSET_MAX - 1);
	get_text(r, "pci", g->pci, sizeof(g->pci));
	get_text(r, "uuid", g->uuid, sizeof(g->uuid));
	get_text(r, "name", g->name, sizeof(g->name));
	g->state = (enum gpu_state)get_word(r, "state", GPU_NO_CUDA + 1, gpu_state_word);
	get_text(r, "state_why", g->state_why, sizeof(g->state_why));
	g->node_sysfs = get_known(&declared, "sysfs");
	g->node_nvml = get_known(&declared, "nvml");
	g->node_cuda = get_known(&declared, "cuda");
	g->own_memory_node = get_known(r, "own_memory_node");
	g->link_gen = get_known(&link, "gen");
	g->link_width = get_known(&link, "width");
	g->max_gen = get_known(&link, "max_gen");
	g->max_width = get_known(&link, "max_width");
	if (json_object_get(link.o, "way_gen")) {
		g->way_gen = get_known(&link, "way_gen");
		g->way_width = get_known(&link, "way_width");
	}
	g->mps = get_known(&link, "mps");
	g->memory_bytes = get_known(r, "memory_bytes");
	g->exclusive = get_known(r, "exclusive");
	g->c2c_links = get_known(r, "c2c_links");
	get_text(r, "render_node", g->render_node, sizeof(g->render_node));
	g->busy = get_bool(r, "busy");
	get_text(r, "busy_why", g->busy_why, sizeof(g->busy_why));
	get_text(r, "desktop", g->desktop, sizeof(g->desktop));
	if (r->rc == 0)
		r->rc = declared.rc ? declared.rc : link.rc;
}

static void read_device(struct reading *r, void *element)
{
	struct device *d = element;
	d->kind = (enum device_kind)get_word(r, "kind", DEVICE_NVME + 1, device_kind_word);
	get_text(r, "name", d->name, sizeof(d->name));
	get_text(r, "pci", d->pci, sizeof(d->pci));
	d->node = get_known(r, "node");
}

/* The rows of a square matrix of `n`; false where it is none. */
static bool is_square(const json_t *rows, size_t n)
{
	if (!json_is_array(rows) || json_array_size(rows) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (json_array_size(json_array_get(rows, i)) != n)
			return false;
	return true;
}

static int read_distances(struct machine *m, const json_t *d, struct err *e)
{
	const json_t *ids = json_object_get(d, "nodes"), *matrix = json_object_get(d, "matrix");
	size_t n = m->nnodes;

	if (!d || json_is_null(d))
		return 0;
	if (!is_square(matrix, n) || json_array_size(ids) != n)
		return err_set(e, -EINVAL, "topology.distances: not one row and column a node");
	m->distances = n ? calloc(n * n, sizeof(*m->distances)) : NULL;
	if (n && !m->distances)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		if (json_integer_value(json_array_get(ids, i)) != m->nodes[i].id)
			return err_set(e, -EINVAL, "topology.distances.nodes: not those of nodes");
		for (size_t j = 0; j < n; j++) {
			const json_t *v = json_array_get(json_array_get(matrix, i), j);

			if (!json_is_integer(v) || json_integer_value(v) < 0 ||
			    json_integer_value(v) > INT_MAX)
				return err_set(e, -EINVAL,
					       "topology.distances.matrix[%zu][%zu]: no distance",
					       i, j);
			m->distances[i * n + j] = (int)json_integer_value(v);
		}
	}
	return 0;
}

static int read_paths(struct machine *m, const json_t *rows, struct err *e)
{
	size_t n = m->ngpus;

	if (!rows || json_is_null(rows) || n == 0)
		return 0;
	if (!is_square(rows, n))
		return err_set(e, -EINVAL, "topology.gpu_paths: not one row and column a GPU");
	m->gpu_paths = calloc(n * n, sizeof(*m->gpu_paths));
	if (!m->gpu_paths)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n * n; i++) {
		const json_t *v = json_array_get(json_array_get(rows, i / n), i % n);

		if (!json_is_string(v) || json_string_length(v) >= sizeof(m->gpu_paths[i]))
			return err_set(e, -EINVAL, "topology.gpu_paths[%zu][%zu]: no path word",
				       i / n, i % n);
		strcpy(m->gpu_paths[i], json_string_value(v));
	}
	return 0;
}

static int read_rest(struct machine *m, const json_t *t, struct err *e)
{
	struct reading r = { .o = t, .where = "", .e = e }, cuda = r;
	const json_t *allowed = get(&r, "allowed_cpus");

	cuda.o = get(&r, "cuda");
	m->live = false;
	m->simulated = get_bool(&r, "simulated");
	m->cpu_quota_milli = get_known(&r, "cpu_quota_milli");
	m->cuda_build = get_bool(&cuda, "build");
	m->cuda_asked = get_bool(&cuda, "asked");
	get_text(&cuda, "why", m->cuda_why, sizeof(m->cuda_why));
	for (size_t i = 0; i < m->nnodes; i++)
		m->allowed_cpus = idset_or(&m->allowed_cpus, &m->nodes[i].allowed_cpus);
	if (allowed)
		m->allowed_cpus = get_idset(&r, "allowed_cpus", allowed);
	return r.rc ? r.rc : cuda.rc;
}

/* Reads all elements of one array of the topology. */
static int read_array(const json_t *t, const char *key, size_t size, void *array, size_t *n,
		      void (*one)(struct reading *r, void *element), struct err *e)
{
	struct reading r = { .o = t, .where = key, .e = e };
	const json_t *from = get(&r, key);
	char *v = array_for(&r, from, key, size, n);

	memcpy(array, &v, sizeof(v)); /* into a pointer of any type */
	for (size_t i = 0; r.rc == 0 && i < *n; i++) {
		r.o = json_array_get(from, i);
		r.index = i;
		one(&r, v + i * size);
	}
	return r.rc;
}

static int read_all(struct machine *m, const json_t *t, struct err *e)
{
	const struct {
		const char *key;
		size_t size;
		void *array;
		size_t *n;
		void (*one)(struct reading *r, void *element);
	} arrays[] = {
		{ "nodes", sizeof(*m->nodes), &m->nodes, &m->nnodes, read_node },
		{ "gpus", sizeof(*m->gpus), &m->gpus, &m->ngpus, read_gpu },
		{ "devices", sizeof(*m->devices), &m->devices, &m->ndevices, read_device },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(arrays) / sizeof(arrays[0]); i++)
		rc = read_array(t, arrays[i].key, arrays[i].size, arrays[i].array, arrays[i].n,
				arrays[i].one, e);
	if (rc == 0)
		rc = read_distances(m, json_object_get(t, "distances"), e);
	if (rc == 0)
		rc = read_paths(m, json_object_get(t, "gpu_paths"), e);
	return rc ? rc : read_rest(m, t, e);
}

int machine_from_json(struct machine *m, const json_t *topology, struct err *e)
{
	int rc;

	*m = (struct machine){ 0 };
	if (!json_is_object(topology))
		return err_set(e, -EINVAL, "topology: not an object");
	m->reasons = json_deep_copy(topology);
	rc = m->reasons ? read_all(m, m->reasons, e) : err_set(e, -ENOMEM, "out of memory");
	if (rc < 0)
		machine_release(m);
	return rc;
}
